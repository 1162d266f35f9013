//! Routing servers over HTTP: OSRM and Valhalla, each by its table of many drives in one call.

use std::sync::Arc;
use std::time::Duration;

use constat_core::{RoutingKind, RoutingSettings};
use constat_domain::geo::Position;
use constat_scheduling::travel::{DriveTimes, RoutingError, RoutingService};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::{Client, RequestBuilder, Url};
use serde::Deserialize;
use serde_json::json;

use crate::http;

/// Largest answer that is read: some hundred bytes for each of a million drives.
const MAX_BYTES: usize = 64 << 20;

/// Connections that rest as long are closed: OSRM closes them itself after 5 s, and a request sent at
/// that very moment would be lost.
const IDLE: Duration = Duration::from_secs(4);

/// The routing server of the settings; `None` when there is none.
///
/// # Errors
/// When its URL is none, or no HTTP client can be made.
pub fn routing_service(settings: &RoutingSettings) -> Result<Option<Arc<dyn RoutingService>>, RoutingError> {
    let profile = |usual: &str| if settings.profile.is_empty() { usual.to_owned() } else { settings.profile.clone() };
    Ok(match settings.kind {
        RoutingKind::None => None,
        RoutingKind::Osrm => {
            let server = Server::new(settings)?;
            Some(Arc::new(Osrm { server, profile: profile("driving") }))
        }
        RoutingKind::Valhalla => {
            let server = Server::new(settings)?;
            Some(Arc::new(Valhalla { server, costing: profile("auto") }))
        }
    })
}

/// Where a server is, and the way there.
struct Server {
    base: Url,
    http: Client,
}

impl Server {
    fn new(settings: &RoutingSettings) -> Result<Self, RoutingError> {
        let setup = |error: &dyn std::fmt::Display| RoutingError::Unreachable(format!("routing.url: {error}"));
        let base = Url::parse(&settings.url).map_err(|error| setup(&error))?;
        let builder = http::client(&base, Duration::from_millis(settings.timeout_ms)).pool_idle_timeout(IDLE);
        let http = builder.build().map_err(|error| setup(&error.without_url()))?;
        Ok(Self { base, http })
    }

    /// The URL of a path below the base.
    fn url(&self, segments: &[&str]) -> Result<Url, RoutingError> {
        let mut url = self.base.clone();
        let mut path = url.path_segments_mut().map_err(|()| RoutingError::Unreachable("no base URL".to_owned()))?;
        path.pop_if_empty().extend(segments);
        drop(path);
        Ok(url)
    }
}

/// Sends a request and reads its answer. No error names the URL: it holds positions.
async fn answer<T: for<'de> Deserialize<'de>>(request: RequestBuilder) -> Result<T, RoutingError> {
    let unreachable = |error: reqwest::Error| {
        let what = if error.is_timeout() { "timed out".to_owned() } else { error.without_url().to_string() };
        RoutingError::Unreachable(what)
    };
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let body = http::body(response, MAX_BYTES).await.map_err(unreachable)?;
    let body = body.ok_or_else(|| RoutingError::NotATable("too large".to_owned()))?;
    if !status.is_success() {
        let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
        return Err(if refusal.is_off_the_map() {
            RoutingError::OffTheMap
        } else {
            RoutingError::NotATable(format!("status {}", status.as_u16()))
        });
    }
    // The parser's message may quote the answer: only the position of the error is reported.
    serde_json::from_slice(&body)
        .map_err(|error| RoutingError::NotATable(format!("not as expected at byte {} of its JSON", error.column())))
}

/// How the two servers refuse a whole table.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    /// OSRM's.
    code: String,
    /// Valhalla's.
    error_code: u32,
}

impl Refusal {
    /// OSRM: no street near a place. Valhalla: too far apart (154), unconnected regions (170), no
    /// street near a place (171).
    fn is_off_the_map(&self) -> bool {
        self.code == "NoSegment" || matches!(self.error_code, 154 | 170 | 171)
    }
}

/// How far from a place its nearest street may be, in metres. Both servers take the nearest street
/// that they know, however far: without this limit every place beyond the edge of the map would lie
/// on that edge, and the drives between such places would take no time.
const FARTHEST_STREET_M: f64 = 2_000.0;

/// Takes the drives out of a table whose source or target lies off the map.
fn keep_on_the_map(mut rows: DriveTimes, from: &[bool], to: &[bool]) -> DriveTimes {
    for (row, from) in rows.iter_mut().zip(from) {
        for (drive, to) in row.iter_mut().zip(to) {
            if !(*from && *to) {
                *drive = None;
            }
        }
    }
    rows
}

/// A duration as whole seconds, a part counted as one.
fn whole(seconds: f64) -> Result<u32, RoutingError> {
    if !(0.0..f64::from(u32::MAX)).contains(&seconds) {
        return Err(RoutingError::NotATable("a duration out of range".to_owned()));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range, checked above")]
    Ok(seconds.ceil() as u32)
}

fn whole_rows(rows: impl Iterator<Item = Vec<Option<f64>>>) -> Result<DriveTimes, RoutingError> {
    rows.map(|row| row.into_iter().map(|seconds| seconds.map(whole).transpose()).collect()).collect()
}

/// OSRM: `GET /table/v1/{profile}/{lon,lat;...}`. Source: its HTTP API, "Table service".
struct Osrm {
    server: Server,
    profile: String,
}

#[derive(Deserialize)]
struct OsrmTable {
    code: String,
    durations: Option<Vec<Vec<Option<f64>>>>,
    #[serde(default)]
    sources: Vec<OsrmStreet>,
    #[serde(default)]
    destinations: Vec<OsrmStreet>,
}

/// Where a place was put onto a street.
#[derive(Deserialize)]
struct OsrmStreet {
    /// Metres from the place.
    distance: f64,
}

impl RoutingService for Osrm {
    fn table<'a>(
        &'a self,
        from: &'a [Position],
        to: &'a [Position],
    ) -> BoxFuture<'a, Result<DriveTimes, RoutingError>> {
        async move {
            let mut points: Vec<Position> = Vec::with_capacity(from.len() + to.len());
            let mut index = |at: &Position| {
                let known = points.iter().position(|point| point == at);
                known.unwrap_or_else(|| {
                    points.push(*at);
                    points.len() - 1
                })
            };
            let joined = |list: Vec<String>| list.join(";");
            let sources = joined(from.iter().map(|at| index(at).to_string()).collect());
            let destinations = joined(to.iter().map(|at| index(at).to_string()).collect());
            let coordinates = joined(points.iter().map(|at| format!("{:.6},{:.6}", at.lon, at.lat)).collect());
            let mut url = self.server.url(&["table", "v1", &self.profile, &coordinates])?;
            // Written by hand: its lists are parted by semicolons, which a form would escape.
            url.set_query(Some(&format!("sources={sources}&destinations={destinations}&annotations=duration")));
            let told: OsrmTable = answer(self.server.http.get(url)).await?;
            match told.durations {
                Some(rows) if told.code == "Ok" => {
                    let near = |streets: &[OsrmStreet]| -> Vec<bool> {
                        streets.iter().map(|street| street.distance <= FARTHEST_STREET_M).collect()
                    };
                    let rows = whole_rows(rows.into_iter())?;
                    Ok(keep_on_the_map(rows, &near(&told.sources), &near(&told.destinations)))
                }
                _ => Err(RoutingError::NotATable("its code is not Ok".to_owned())),
            }
        }
        .boxed()
    }
}

/// Valhalla: `POST /sources_to_targets`. Source: its API, "Time-Distance Matrix service".
struct Valhalla {
    server: Server,
    costing: String,
}

#[derive(Deserialize)]
struct ValhallaTable {
    sources_to_targets: Vec<Vec<ValhallaDrive>>,
    #[serde(default)]
    sources: Vec<Position>,
    #[serde(default)]
    targets: Vec<Position>,
}

#[derive(Deserialize)]
struct ValhallaDrive {
    /// Seconds; `null` where there is no way.
    time: Option<f64>,
}

impl RoutingService for Valhalla {
    fn table<'a>(
        &'a self,
        from: &'a [Position],
        to: &'a [Position],
    ) -> BoxFuture<'a, Result<DriveTimes, RoutingError>> {
        async move {
            let places = |list: &[Position]| -> Vec<_> {
                list.iter().map(|at| json!({ "lat": at.lat, "lon": at.lon })).collect()
            };
            let body = json!({
                "sources": places(from),
                "targets": places(to),
                "costing": self.costing,
                "verbose": true,
            });
            let request = self.server.http.post(self.server.url(&["sources_to_targets"])?).json(&body);
            let told: ValhallaTable = answer(request).await?;
            let rows = told.sources_to_targets.into_iter();
            let rows = whole_rows(rows.map(|row| row.into_iter().map(|drive| drive.time).collect()))?;
            // Where the streets are onto which the places were put.
            let near = |places: &[Position], streets: &[Position]| -> Vec<bool> {
                let pairs = places.iter().zip(streets);
                pairs.map(|(place, street)| place.distance_m(*street) <= FARTHEST_STREET_M).collect()
            };
            Ok(keep_on_the_map(rows, &near(from, &told.sources), &near(to, &told.targets)))
        }
        .boxed()
    }
}
