//! `constat serve`: binds, serves, drains and stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use constat_claims::ClaimService;
use constat_connectors::{PartnerOverHttp, PreviewProcess, WebhooksOverHttp, geocoder, routing_service, virus_scanner};
use constat_core::{Core, RequestSettings, Settings};
use constat_domain::gazetteer::Gazetteer;
use constat_http::{Routers, Services};
use constat_jobs::{
    AbandonedVisits, DeadlineWatch, Deliverer, rotate_sealing_keys, run_partner_erasures, run_retention,
    scan_held_documents,
};
use constat_scheduling::Scheduler;
use constat_store::Documents;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::catalogue::catalogues;
use crate::clock_and_random::{OsRandom, SystemClock};
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::{exposure, private};

/// Connections of the operators' listener, at most.
const OPERATORS_CONNECTIONS: u32 = 64;

/// Seconds for the head of a request, and for reading an answer, on the operators' listener. A scraper that
/// comes every minute connects anew.
const OPERATORS_SECONDS: u64 = 15;

/// Runs the server until it receives SIGTERM or SIGINT.
pub async fn serve(mut config: Config) -> Result<(), Failure> {
    let folder = Folder::open_patiently(&config).await?;
    let _lock = folder.lock_for_server()?;
    let of_files = config.secrets_file.as_deref().and_then(private::config_file_warning);
    for warning in private::data_folder_warning(&config.data).into_iter().chain(of_files) {
        tracing::warn!("{warning}");
    }
    if let Some(warning) = exposure::bound_connections(&mut config.settings.requests) {
        tracing::warn!("{warning}");
    }
    let (listener, url) = bind(config.listen).await?;
    let public_url =
        if config.settings.public_url.is_empty() { url.clone() } else { config.settings.public_url.clone() };
    let documents = folder.documents(&config.documents)?;
    let services = services(&folder, documents, Settings { public_url: public_url.clone(), ..config.settings }).await?;
    let new_here = services.core.store.read(constat_store::queries::organisations::all)?.is_empty();
    // In parallel with the start, so that the first request does not wait for it.
    drop(tokio::task::spawn_blocking(|| Gazetteer::embedded().prepare()));
    let stop = stop_signal();
    eprintln!("Constat listens on {url} (data in {})", config.data.display());
    if public_url != url {
        eprintln!("  reached by others at {public_url}");
    }
    let of_metrics = config.metrics.and_then(exposure::metrics_warning);
    for warning in exposure::plaintext_warning(config.listen, &public_url).into_iter().chain(of_metrics) {
        tracing::warn!("{warning}");
    }
    if new_here {
        eprintln!("  No organisation is registered yet. Next, in another terminal:");
        eprintln!("    constat organisations add --kind platform --name \"My platform\"");
        eprintln!("    constat keys create --api claims --issuer \"My platform\" --holder \"My platform\" --mode test");
        eprintln!("  or see the whole flow on made-up data: constat demo");
    }
    let metrics = bind_metrics(config.metrics).await;
    eprintln!("  Stop with Ctrl-C.");
    run(listener, metrics, services, stop).await
}

/// Binds the address of the metrics. A server that cannot be watched still serves.
async fn bind_metrics(address: Option<SocketAddr>) -> Option<TcpListener> {
    let address = address?;
    let bound = TcpListener::bind(address).await.and_then(|listener| Ok((reached(&listener)?, listener)));
    match bound {
        Ok((url, listener)) => {
            eprintln!("  metrics on {url}/metrics (health checks there too)");
            Some(listener)
        }
        Err(error) => {
            eprintln!("  no metrics: cannot listen on {address}: {error}; choose another with metrics.listen");
            None
        }
    }
}

/// The services over a data folder, with the machine's clock and random bytes.
pub async fn services(folder: &Folder, documents: Documents, settings: Settings) -> Result<Services, Failure> {
    let catalogues = catalogues(&settings.catalogue)?;
    let partners = Arc::new(PartnerOverHttp::of(&settings));
    let routing = routing_service(&settings.routing).map_err(|error| Failure::new(error.to_string()))?;
    let geocoder = geocoder(&settings.geocoder, Arc::new(SystemClock)).map_err(Failure::new)?;
    let webhooks = Arc::new(WebhooksOverHttp::new(&settings.webhooks));
    let scanner = virus_scanner(&settings.scanner);
    let preview_renderer = Arc::new(PreviewProcess::with(std::env::current_exe()?));
    let core = Core::new(folder.store.clone(), Arc::new(SystemClock), Arc::new(OsRandom), settings).await?;
    let core = Arc::new(core.with_catalogues(catalogues));
    let scheduler = Scheduler::new(Arc::clone(&core)).with_geocoder(geocoder);
    let scheduler = match routing {
        Some(service) => scheduler.with_routing(service),
        None => scheduler,
    };
    let claims = ClaimService::new(core, documents).with_partners(partners).with_webhooks(webhooks);
    let claims = claims.with_scanner(scanner).with_preview_renderer(preview_renderer);
    Ok(Services::new(scheduler, claims))
}

/// Binds the address and tells the URL it is reached at from this machine.
pub async fn bind(listen: SocketAddr) -> Result<(TcpListener, String), Failure> {
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        let help = match error.kind() {
            std::io::ErrorKind::AddrInUse => "; the port is taken: stop what uses it, or choose another with --listen",
            std::io::ErrorKind::PermissionDenied => "; ports below 1024 need rights: choose another with --listen",
            _ => "",
        };
        Failure::new(format!("cannot listen on {listen}: {error}{help}"))
    })?;
    let url = reached(&listener)?;
    Ok((listener, url))
}

/// The URL at which this machine reaches a listener.
fn reached(listener: &TcpListener) -> std::io::Result<String> {
    let bound = listener.local_addr()?;
    // "Every address" is a place to listen, not one to go to.
    let reached = if bound.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], bound.port())) } else { bound };
    Ok(format!("http://{reached}"))
}

/// The bounds of the operators' listener: its connections are counted apart from the contracts'.
fn operators_limits(limits: &RequestSettings) -> RequestSettings {
    RequestSettings {
        connections: OPERATORS_CONNECTIONS,
        connections_per_address: 0,
        head_seconds: OPERATORS_SECONDS,
        write_seconds: OPERATORS_SECONDS,
        ..limits.clone()
    }
}

/// Serves until `stop` resolves. Then readiness fails while requests are still served, long enough for a load
/// balancer to notice; then the server accepts no new connections and finishes the requests in progress.
/// Metrics and health checks are served until the end, on a separate listener.
pub async fn run(
    listener: TcpListener,
    metrics: Option<TcpListener>,
    services: Services,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Failure> {
    let limits = services.core.settings.requests.clone();
    let _rotation = AbortOnDrop(Some(tokio::spawn(rotate_sealing_keys(Arc::clone(&services.core)))));
    // What it has in hand when the server stops is sent again by the next one: it is leased, not lost.
    let deliverer = Deliverer::new(Arc::clone(&services.claims), constat_http::webhook_body);
    let _deliverer = AbortOnDrop(Some(tokio::spawn(deliverer.run())));
    let _deadlines = AbortOnDrop(Some(tokio::spawn(DeadlineWatch::new(Arc::clone(&services.claims)).run())));
    let _visits = AbortOnDrop(Some(tokio::spawn(AbandonedVisits::new(Arc::clone(&services.claims)).run())));
    let _erasures = AbortOnDrop(Some(tokio::spawn(run_partner_erasures(Arc::clone(&services.claims)))));
    let _retention = AbortOnDrop(Some(tokio::spawn(run_retention(Arc::clone(&services.claims)))));
    let _scans = AbortOnDrop(Some(tokio::spawn(scan_held_documents(Arc::clone(&services.claims)))));
    let Routers { public, metrics: watched, shutdown } = constat_http::routers(&services);
    let of_operators = operators_limits(&limits);
    let watched = metrics.map(|listener| {
        tokio::spawn(async move { constat_http::serve(listener, watched, &of_operators, std::future::pending()).await })
    });
    let _watched = AbortOnDrop(watched);
    let (tell, mut told) = watch::channel(false);
    let bounds = limits.clone();
    let mut serving = tokio::spawn(async move {
        let told = async move {
            let _stopped = told.wait_for(|stop| *stop).await;
        };
        constat_http::serve(listener, public, &bounds, told).await;
    });
    tokio::select! {
        ended = &mut serving => return ended.map_err(|error| Failure::new(error.to_string())),
        () = stop => {}
    }
    shutdown.end();
    if shutdown.is_watched() {
        tracing::info!(seconds = limits.notice_seconds, "stopping: readiness says no, requests are still taken");
        tokio::time::sleep(Duration::from_secs(limits.notice_seconds)).await;
    }
    tracing::info!("stopping: requests under way may finish");
    tell.send_replace(true);
    if tokio::time::timeout(Duration::from_secs(limits.finish_seconds), serving).await.is_err() {
        tracing::warn!(seconds = limits.finish_seconds, "some requests did not finish in time and were cut off");
    }
    Ok(())
}

/// A task that ends with its owner.
struct AbortOnDrop<T>(Option<JoinHandle<T>>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Resolves on SIGTERM or SIGINT. Listens from the call on, not from the first poll: a server that has printed
/// its address must stop cleanly.
pub fn stop_signal() -> impl Future<Output = ()> + Send {
    #[cfg(unix)]
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    async move {
        #[cfg(unix)]
        if let Some(mut terminate) = terminate {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
        let _interrupted = tokio::signal::ctrl_c().await;
    }
}
