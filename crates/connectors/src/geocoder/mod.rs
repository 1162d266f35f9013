//! A geocoder over HTTP that speaks as the Base Adresse Nationale's does (Addok, `GeoCodeJSON`).

mod answer;
mod memory;
mod pause;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use constat_app::{Geocoder, GeocoderCounters, GeocoderSettings, NoGeocoder};
use constat_domain::gazetteer::Gazetteer;
use constat_domain::geo::{Position, PostalAddress};
use futures_util::future::BoxFuture;
use reqwest::{StatusCode, Url};

use answer::Answer;
use memory::Memory;
use pause::Pause;

/// An answer with one place is about one kilobyte; nobody has to send more than this.
const LONGEST_ANSWER: usize = 256 * 1024;

/// The geocoder that the settings ask for: none when they name no URL.
///
/// # Errors
/// When the URL is none, or the machine's certificates cannot be read.
pub fn geocoder(settings: &GeocoderSettings) -> Result<Arc<dyn Geocoder>, String> {
    if settings.url.is_empty() {
        return Ok(Arc::new(NoGeocoder));
    }
    Ok(Arc::new(BanGeocoder::new(settings)?))
}

/// Asks one service for the positions of street addresses.
pub struct BanGeocoder {
    search: Url,
    http: reqwest::Client,
    minimum_score: f64,
    counters: GeocoderCounters,
    /// Perhaps the answer is that the service does not know.
    memory: Mutex<Memory<Option<Position>>>,
    pause: Mutex<Pause>,
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
    ///
    /// # Errors
    /// When the URL is none, or the machine's certificates cannot be read.
    pub fn new(settings: &GeocoderSettings) -> Result<Self, String> {
        let mut search = Url::parse(&settings.url).map_err(|error| format!("geocoder.url: {error}"))?;
        let segments = search.path_segments_mut().map(|mut path| {
            path.pop_if_empty().extend(["search", ""]);
        });
        segments.map_err(|()| "geocoder.url: has no path".to_owned())?;
        let builder = reqwest::Client::builder()
            .timeout(Duration::from_millis(settings.timeout_ms))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("constat/", env!("CARGO_PKG_VERSION")));
        // Plain HTTP needs no certificates: loading the machine's takes time, and may find none.
        let builder = if search.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        let http = builder.build().map_err(|error| format!("geocoder: {}", error.without_url()))?;
        Ok(Self {
            search,
            http,
            minimum_score: settings.minimum_score,
            counters: GeocoderCounters::default(),
            memory: Mutex::new(Memory::of(settings.remembered)),
            pause: Mutex::default(),
        })
    }

    async fn known(&self, address: &PostalAddress) -> Option<Position> {
        let key = address.spelling_key();
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).recall(&key);
        if let Some(remembered) = memory {
            self.counters.remembered.one();
            return remembered;
        }
        if !self.pause.lock().unwrap_or_else(PoisonError::into_inner).may_ask(Instant::now()) {
            self.counters.skipped.one();
            return None;
        }
        let answered = self.ask(address).await;
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        match answered {
            Ok(position) => {
                pause.worked();
                let counters = &self.counters;
                let counter = if position.is_some() { &counters.found } else { &counters.unsure };
                counter.one();
                self.memory.lock().unwrap_or_else(PoisonError::into_inner).keep(key, position);
                position
            }
            Err(failed) => {
                let pausing = pause.failed(Instant::now());
                self.counters.failed.one();
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
        let mut answer = self.http.get(url).send().await.map_err(|error| Failed::of(&error))?;
        match answer.status() {
            StatusCode::OK => {}
            // It finds the question wrong: the next one may be right.
            StatusCode::BAD_REQUEST => return Ok(None),
            status => return Err(Failed::Status(status)),
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| Failed::of(&error))? {
            body.extend_from_slice(&part);
            if body.len() > LONGEST_ANSWER {
                return Err(Failed::Unreadable);
            }
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|_not_geojson| Failed::Unreadable)?;
        Ok(answer.position(zip, is_ordinary, self.minimum_score))
    }
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
