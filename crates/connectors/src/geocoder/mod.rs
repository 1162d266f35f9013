//! A geocoder over HTTP that speaks as the Base Adresse Nationale's does (Addok, `GeoCodeJSON`).

mod answer;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use constat_core::GeocoderSettings;
use constat_core::{CircuitBreaker, Clock};
use constat_domain::gazetteer::Gazetteer;
use constat_domain::geo::{Position, PostalAddress};
use constat_scheduling::{Geocoder, GeocoderCounters, NoGeocoder};
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use quick_cache::sync::Cache;
use reqwest::{StatusCode, Url};

use answer::Answer;

use crate::http;

/// Maximum size of an answer, in bytes. One with one place is about one kilobyte.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// For how long a service that is out of order is left alone.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// The geocoder that the settings ask for: none when they name no URL.
///
/// # Errors
/// When the URL is none, or the machine's certificates cannot be read.
pub fn geocoder(settings: &GeocoderSettings, clock: Arc<dyn Clock>) -> Result<Arc<dyn Geocoder>, String> {
    if settings.url.is_empty() {
        return Ok(Arc::new(NoGeocoder));
    }
    Ok(Arc::new(BanGeocoder::new(settings, clock)?))
}

/// Asks one service for the positions of street addresses.
struct BanGeocoder {
    search: Url,
    http: reqwest::Client,
    minimum_score: f64,
    counters: GeocoderCounters,
    /// Perhaps the answer is that the service does not know.
    /// Answers of the service by the spelling of the address, as many as the settings say; those used least go first.
    answers: Cache<String, Option<Position>>,
    pause: Mutex<CircuitBreaker>,
    clock: Arc<dyn Clock>,
}

/// Why an answer is of no use. Says nothing of the address.
enum Failed {
    TooSlow,
    Unreachable,
    Status(StatusCode),
    Unreadable,
}

impl BanGeocoder {
    /// A connection to the service that the settings name. Nothing is sent yet.
    fn new(settings: &GeocoderSettings, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let mut search = Url::parse(&settings.url).map_err(|error| format!("geocoder.url: {error}"))?;
        let segments = search.path_segments_mut().map(|mut path| {
            path.pop_if_empty().extend(["search", ""]);
        });
        segments.map_err(|()| "geocoder.url: has no path".to_owned())?;
        let http = http::client(&search, Duration::from_millis(settings.timeout_ms))
            .build()
            .map_err(|error| format!("geocoder: {}", error.without_url()))?;
        Ok(Self {
            search,
            http,
            minimum_score: settings.minimum_score,
            counters: GeocoderCounters::default(),
            answers: Cache::new(settings.remembered),
            pause: Mutex::new(CircuitBreaker::of(PAUSE)),
            clock,
        })
    }

    async fn known(&self, address: &PostalAddress) -> Option<Position> {
        let key = address.spelling_key();
        let remembered = self.answers.get(&key);
        if let Some(remembered) = remembered {
            self.counters.remembered.increment();
            return remembered;
        }
        if !lock(&self.pause).may_ask(self.clock.now()) {
            self.counters.skipped.increment();
            return None;
        }
        match self.ask(address).await {
            Ok(position) => {
                lock(&self.pause).worked();
                let counters = &self.counters;
                let counter = if position.is_some() { &counters.found } else { &counters.unsure };
                counter.increment();
                self.answers.insert(key, position);
                position
            }
            Err(failed) => {
                let pausing = lock(&self.pause).failed(self.clock.now());
                self.counters.failed.increment();
                tracing::warn!(%failed, pausing, "the geocoder failed: the position is the commune's");
                None
            }
        }
    }

    /// Asks the service. Street, postcode and town are all that is sent.
    async fn ask(&self, address: &PostalAddress) -> Result<Option<Position>, Failed> {
        let zip = address.zip_code.trim();
        let text = format!("{} {zip} {}", address.street1.trim(), address.city.trim());
        // A postcode that no commune has (CEDEX) is in no address table either: not a filter then.
        let is_ordinary = Gazetteer::embedded().by_postcode(zip).next().is_some();
        let mut url = self.search.clone();
        url.query_pairs_mut().append_pair("q", &text);
        if is_ordinary {
            url.query_pairs_mut().append_pair("postcode", zip);
        }
        url.query_pairs_mut().append_pair("limit", "1").append_pair("autocomplete", "0");
        let answer = self.http.get(url).send().await.map_err(|error| Failed::of(&error))?;
        match answer.status() {
            StatusCode::OK => {}
            // It finds the question wrong: the next one may be right.
            StatusCode::BAD_REQUEST => return Ok(None),
            status => return Err(Failed::Status(status)),
        }
        let body = http::body(answer, MAX_ANSWER_BYTES).await.map_err(|error| Failed::of(&error))?;
        let body = body.ok_or(Failed::Unreadable)?;
        let answer: Answer = serde_json::from_slice(&body).map_err(|_not_geojson| Failed::Unreadable)?;
        Ok(answer.position(zip, is_ordinary, self.minimum_score))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooSlow => f.write_str("it did not answer in time"),
            Self::Unreachable => f.write_str("it cannot be reached"),
            Self::Status(status) => write!(f, "it answered with status {}", status.as_u16()),
            Self::Unreadable => f.write_str("its answer is not GeoCodeJSON"),
        }
    }
}

impl Failed {
    fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() { Self::TooSlow } else { Self::Unreachable }
    }
}

impl Geocoder for BanGeocoder {
    fn locate<'a>(&'a self, address: &'a PostalAddress) -> BoxFuture<'a, Option<Position>> {
        Box::pin(self.known(address))
    }

    fn counters(&self) -> Option<&GeocoderCounters> {
        Some(&self.counters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_may_turn_the_cache_of_answers_off() {
        let answers: Cache<String, Option<Position>> = Cache::new(0);
        answers.insert("48 boulevard des Batignolles".to_owned(), None);
        assert_eq!(answers.get("48 boulevard des Batignolles"), None);
    }
}
