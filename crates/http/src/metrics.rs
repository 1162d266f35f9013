//! `GET /metrics`: counters for operators, in the `OpenMetrics` text format of Prometheus.
//!
//! Served on a separate listener, not with the API (`routers`), because the load of a server is not for API
//! clients to see. No label contains an id: a route is its template.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::Services;
use axum::Router;
use axum::extract::{MatchedPath, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::admission::AdmissionControl;
use crate::key_failures::KeyFailures;

/// Upper bounds, in seconds, of the classes that durations are counted in: an answer from memory
/// takes well under a millisecond, a durable booking some, a search that waits for a routing server
/// up to a second and a half, an upload longer.
const SECONDS: [f64; 13] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// What the text is.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The route of a request that matched none.
const NO_ROUTE: &str = "none";

/// Requests answered, by route, and the application's own counters.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Histogram>,
    /// The histograms of `requests` again, found without a copy of the route's name.
    routes: RwLock<HashMap<String, Vec<Answers>>>,
}

/// One method's answers with one status.
struct Answers {
    method: Method,
    status: StatusCode,
    seconds: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    route: String,
    method: String,
    status: u16,
}

impl Metrics {
    /// `admissions` with what passes them, as labels have it.
    pub(crate) fn of(
        services: &Services,
        admissions: [(&'static str, &Arc<AdmissionControl>); 2],
        key_failures: &Arc<KeyFailures>,
    ) -> Self {
        let requests = Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let mut registry = Registry::with_prefix("constat");
        let help = "Requests of the contracts, by route, and how long their answers took";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, requests.clone());
        registry.register_collector(Box::new(Own(services.clone())));
        registry.register_collector(Box::new(AdmissionMetrics(
            admissions.map(|(of, admission)| (of, Arc::clone(admission))),
        )));
        registry.register_collector(Box::new(RefusedKeys(Arc::clone(key_failures))));
        Self { registry, requests, routes: RwLock::default() }
    }

    /// Counts an answer.
    pub(crate) fn count(&self, path: Option<&MatchedPath>, method: &Method, status: StatusCode, took: Duration) {
        let route = path.map_or(NO_ROUTE, MatchedPath::as_str);
        let seconds = took.as_secs_f64();
        {
            let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
            let mut known = routes.get(route).into_iter().flatten();
            if let Some(known) = known.find(|known| known.method == *method && known.status == status) {
                known.seconds.observe(seconds);
                return;
            }
        }
        // Methods are the caller's words: those that are none are one.
        let standard =
            [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS];
        let name = if standard.contains(method) { method.as_str() } else { "other" };
        let labels = Labels { route: route.to_owned(), method: name.to_owned(), status: status.as_u16() };
        let histogram = self.requests.get_or_create_owned(&labels);
        histogram.observe(seconds);
        if name != "other" {
            let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
            routes.entry(labels.route).or_default().push(Answers {
                method: method.clone(),
                status,
                seconds: histogram,
            });
        }
    }
}

/// Shows the application's counters at each look.
struct Own(Services);

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Own")
    }
}

impl Collector for Own {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let counts = &self.0.core.counts;
        let mut counters = vec![
            ("searches", "Slot searches answered", &counts.searches),
            ("searches_without_offers", "Slot searches without a free expert", &counts.searches_without_offers),
            ("bookings", "Appointments booked or moved", &counts.booked),
            ("booking_conflicts", "Bookings and moves refused: slot taken or session used", &counts.conflicts),
            ("calendar_loads", "Times that a firm's calendars were read from the database", &counts.calendar_loads),
        ];
        let roads = &counts.roads;
        let routed = self.0.scheduler.travel.routed();
        if routed.is_some() {
            counters.extend([
                ("routing_calls", "Tables asked of the routing server", &roads.calls),
                ("routing_failures", "Of these, those that brought nothing", &roads.failures),
                ("routing_skipped", "Tables not asked for: the server failed a moment ago", &roads.skipped),
                ("routing_out_of_time", "Answers that stopped waiting for the routing server", &roads.out_of_time),
                ("routing_drives_learned", "Drives that the routing server told", &roads.learned),
                ("routing_drives_estimated", "Drives of an answer that had to be estimated", &roads.estimated),
            ]);
        }
        if let Some(addresses) = self.0.scheduler.geocoder.counters() {
            counters.extend([
                ("geocoder_found", "Addresses that the geocoder placed", &addresses.found),
                ("geocoder_unsure", "Addresses that it did not know well enough", &addresses.unsure),
                (
                    "geocoder_failed",
                    "Addresses for which it gave no answer, or none that can be used",
                    &addresses.failed,
                ),
                ("geocoder_skipped", "Addresses not asked for: it failed a moment ago", &addresses.skipped),
                ("geocoder_remembered", "Addresses that it had been asked for before", &addresses.remembered),
            ]);
        }
        for (name, help, counter) in counters {
            let counter = ConstCounter::new(counter.get());
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        if let Some(routed) = routed {
            let known = ConstGauge::new(i64::try_from(routed.known().len()).unwrap_or(i64::MAX));
            let help = "Drives known from the routing server";
            known.encode(encoder.encode_descriptor("routing_drives_known", help, None, known.metric_type())?)?;
        }
        Ok(())
    }
}

/// Shows how many keys were refused, and why.
struct RefusedKeys(Arc<KeyFailures>);

impl std::fmt::Debug for RefusedKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefusedKeys")
    }
}

impl Collector for RefusedKeys {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let counts = &self.0.counts;
        let help = "Requests refused for their API key, by reason: none was given, it is no key, it is not known, it \
                    was revoked, it is of another contract";
        let mut family = encoder.encode_descriptor("refused_keys", help, None, MetricType::Counter)?;
        let reasons = [
            ("missing", &counts.missing),
            ("malformed", &counts.malformed),
            ("unknown", &counts.unknown),
            ("revoked", &counts.revoked),
            ("other_contract", &counts.other_contract),
        ];
        for (reason, count) in reasons {
            let count = ConstCounter::new(count.get());
            count.encode(family.encode_family(&[("reason", reason)])?)?;
        }
        let help = "Of these, answers that were held back a second: their client had many";
        let slowed = ConstCounter::new(counts.slowed.get());
        slowed.encode(encoder.encode_descriptor("slowed_key_refusals", help, None, slowed.metric_type())?)
    }
}

/// Requests in progress, waiting and refused.
struct AdmissionMetrics([(&'static str, Arc<AdmissionControl>); 2]);

impl std::fmt::Debug for AdmissionMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdmissionMetrics")
    }
}

impl Collector for AdmissionMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let mut show = |name: &str, help: &str, number: &dyn Fn(&AdmissionControl) -> u32| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (of, admission) in &self.0 {
                let now = ConstGauge::new(i64::from(number(admission)));
                now.encode(family.encode_family(&[("of", *of)])?)?;
            }
            Ok(())
        };
        show("at_work", "Requests in progress, and searches among them", &AdmissionControl::at_work)?;
        show("waiting", "Requests in the queue", &AdmissionControl::waiting)?;
        let help = "Requests refused as overloaded: the key had its share of the queue waiting, the queue was full, the \
                    wait was too long, or the body came slowly while others waited";
        let mut family = encoder.encode_descriptor("refused", help, None, MetricType::Counter)?;
        for (of, admission) in &self.0 {
            let refused = admission.refused();
            let reasons = [
                ("share", &refused.share),
                ("full", &refused.full),
                ("waited", &refused.waited),
                ("slow", &refused.slow),
            ];
            for (reason, count) in reasons {
                let count = ConstCounter::new(count.get());
                count.encode(family.encode_family(&[("of", *of), ("reason", reason)])?)?;
            }
        }
        Ok(())
    }
}

/// `GET /metrics`, and nothing else.
pub(crate) fn router(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(show)).with_state(metrics)
}

async fn show(State(metrics): State<Arc<Metrics>>) -> Response {
    let mut written = String::new();
    match text::encode(&mut written, &metrics.registry) {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS)], written).into_response(),
        Err(_unwritable) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
