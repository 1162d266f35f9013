//! `constat demo`: a made-up world, served, and the main job walked through it.

mod contracts;
mod people;
mod printer;
mod rng;
mod schedule;
mod walk;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use constat_core::Settings;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;

use self::printer::Printer;
use self::walk::{Cast, STOLEN_BIKE};
use self::world::World;
use constat_store::Database;

use crate::args::Demo;
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::serve;

/// Runs the demonstration. `data` is the folder that was asked for; a temporary one otherwise.
pub async fn demo(config: Config, options: Demo, data: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let printer = if options.json { Printer::quiet() } else { Printer::aloud() };
    let (path, _temporary) = place(data)?;
    let database = match config.database {
        // The demonstration's own folder, not the one of the configuration.
        Database::File(_) => Database::File(path.join("constat.db")),
        server @ Database::Server { .. } => server,
    };
    let folder = Folder::at(&path, &database)?;
    let _lock = folder.lock_for_server()?;
    let (listener, base_url) = serve::bind(SocketAddr::from(([127, 0, 0, 1], options.port))).await?;
    let world = world::seed(&folder.store, options.seed, &config.settings.availability).await?;
    let partners = world.partners(&base_url);
    let public_url = base_url.clone();
    let documents = folder.documents(&config.documents)?;
    let services = serve::services(&folder, documents, Settings { public_url, partners, ..config.settings }).await?;
    let counts = world.counts;
    printer.heading(&format!("Constat's demonstration, on {base_url}"));
    printer.say(&format!(
        "Seeded in {} ms: {} experts, {} artisans, {} appointments, {} contracts. All of it is made up, in test mode.",
        begun.elapsed().as_millis(),
        counts.experts,
        counts.artisans,
        counts.appointments,
        counts.contracts,
    ));

    let (finish, finished) = oneshot::channel::<()>();
    let stop = async move {
        tokio::select! {
            () = serve::stop_signal() => {}
            _ = finished => {}
        }
    };
    let mut server = tokio::spawn(serve::run(listener, None, services, stop));
    let cast = Cast::new(&base_url, &world, &printer)?;
    let ended = |outcome: Result<Result<(), Failure>, tokio::task::JoinError>| {
        outcome.map_err(|error| Failure::new(error.to_string()))?
    };
    let act = perform(&cast, &printer, &options, &base_url, &world);
    let outcome = tokio::select! {
        outcome = act => outcome,
        stopped = &mut server => return ended(stopped).map(|()| ExitCode::SUCCESS),
    };
    if let Err(failure) = &outcome {
        printer.failed(&failure.to_string());
    }
    if options.once || outcome.is_err() {
        // The server may have been told to stop already.
        let _stopped = finish.send(());
        ended(server.await)?;
        return outcome.map(|()| ExitCode::SUCCESS);
    }
    // Held until the server stops: dropping it would stop it.
    let stopped = ended(server.await);
    drop(finish);
    stopped.map(|()| ExitCode::SUCCESS)
}

/// The folder to use, and what removes it at the end when it is temporary.
fn place(data: Option<PathBuf>) -> Result<(PathBuf, Option<TempDir>), Failure> {
    if let Some(path) = data {
        return Ok((path, None));
    }
    let temporary = tempfile::Builder::new().prefix("constat-demo-").tempdir()?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

/// What happens while the server is up.
async fn perform(cast: &Cast, printer: &Printer, options: &Demo, base_url: &str, world: &World) -> Result<(), Failure> {
    if options.json {
        let claim_id = walk::prepare_claim(cast).await?;
        let line = json!({
            "baseUrl": base_url,
            "claimsKey": world.claims_key,
            "otherTenantClaimsKey": world.other_tenant_claims_key,
            "userId": STOLEN_BIKE.0,
            "contractId": STOLEN_BIKE.1,
            "contractProductId": STOLEN_BIKE.2,
            "claimId": claim_id,
            "partnerKey": world.partner_key,
            "renPartnerKey": world.ren_partner_key,
            "dossierKey": world.dossier_key,
            "insurerAcamCode": world.insurer_acam_code,
        });
        println!("{line}");
        return Ok(());
    }
    let begun = Instant::now();
    walk::walk(cast, printer).await?;
    printer.say("");
    printer.heading(&format!("All {} steps held, in {} ms.", printer.steps(), begun.elapsed().as_millis()));
    if !options.once {
        let claim_id = walk::prepare_claim(&Cast::new(base_url, world, &Printer::quiet())?).await?;
        leave_on_screen(printer, base_url, world, &claim_id);
    }
    Ok(())
}

/// Keys, URLs and lines to copy.
fn leave_on_screen(printer: &Printer, base_url: &str, world: &World, claim_id: &str) {
    let (user, contract, product) = STOLEN_BIKE;
    printer.say("");
    printer.heading("The server stays up. Its keys (test mode):");
    let keys = [
        ("claims API", "key", "the platform", &world.claims_key),
        ("claims API", "key", "another tenant", &world.other_tenant_claims_key),
        ("partner API", "pid", "the platform at the expert firm", &world.partner_key),
        ("partner API", "pid", "the expert firm itself", &world.firm_key),
        ("partner API", "pid", "the platform at the repair network", &world.ren_partner_key),
        ("dossier API", "ctoken", "the expert firm", &world.dossier_key),
        ("dossier API", "ctoken", "the repair network", &world.ren_dossier_key),
        ("dossier API", "ctoken", "an insurer", &world.insurer_dossier_key),
    ];
    for (api, header, holder, key) in keys {
        printer.say(&format!("  {api:<11} {header:<6} {holder:<35} {key}"));
    }
    printer.say("");
    printer.heading("Try it:");
    let World { claims_key, partner_key, dossier_key, insurer_acam_code, .. } = world;
    let from = crate::clock_and_random::SystemClock::today();
    for (what, line) in [
        (
            "a user's claims",
            format!("curl -s -H 'key: {claims_key}' '{base_url}/v2/claims?userId={}'", contracts::HOME.0),
        ),
        (
            "declare the stolen bike",
            format!(
                "curl -s -H 'key: {claims_key}' -H 'content-type: application/json' {base_url}/v2/claims -d '{}'",
                json!({
                    "userId": user, "contractId": contract, "contractProductId": product,
                    "type": "theft", "subtype": "total_theft", "claimAt": "2024-01-15T14:30:00Z",
                    "description": "Vélo volé le 15 janvier 2024 vers 14h30 devant la gare de Lyon, attaché à un arceau.",
                    "questions": {
                        "tied_to_fixed_point": true, "tied_with_supplied_lock": true, "private_place_break_in": false,
                        "electric": true, "battery_on_bike": true, "final_police_report": true,
                    },
                    "insured": { "firstName": "Jean", "lastName": "Dupont", "phoneNumber": "+33612345678" },
                    "location": { "address": "Gare de Lyon", "city": "Paris", "country": "France", "zipcode": "75012" },
                })
            ),
        ),
        (
            "free slots of an expert, as a platform asks a partner",
            format!(
                "curl -s -H 'pid: {partner_key}' -H 'content-type: application/json' {base_url}/claims/api/v1/intervention -d '{}'",
                json!({
                    "type": { "name": "ESS" }, "dateFrom": format!("{from}T00:00:00Z"), "customerType": "individual",
                    "insurerClaimId": "CURL-1",
                    "appointmentLocation": { "address": {
                        "street1": "48 boulevard des Batignolles", "zipCode": "75017", "city": "Paris", "countryCode": "FR",
                    } },
                })
            ),
        ),
        (
            "the claim file, as the expert firm pulls it",
            format!("curl -s -H 'ctoken: {dossier_key}' {base_url}/v1/claims/{claim_id}"),
        ),
    ] {
        printer.say(&format!("  # {what}\n  {line}\n"));
    }
    printer.say(&format!(
        "  The first insurer's ACAM code is {insurer_acam_code}. The contracts, to browse: {base_url}/openapi"
    ));
    printer.say("  Stop with Ctrl-C; the made-up data goes with it unless --data named a folder.");
}
