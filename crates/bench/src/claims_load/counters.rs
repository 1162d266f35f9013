//! What a run was like, minute by minute.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

/// Answers and latencies, each in the minute that the request was due in.
#[derive(Default)]
pub struct Counters {
    minutes: Vec<Vec<Duration>>,
    kinds: BTreeMap<&'static str, usize>,
    /// How many answers were not what they had to be.
    pub errors: usize,
    /// The first of those.
    pub first_errors: Vec<String>,
}

impl Counters {
    /// An answer that came `latency` after the request was due, `at` into the run.
    pub fn add(&mut self, kind: &'static str, at: Duration, latency: Duration) {
        let minute = usize::try_from(at.as_secs() / 60).unwrap_or(usize::MAX);
        if self.minutes.len() <= minute {
            self.minutes.resize_with(minute + 1, Vec::new);
        }
        self.minutes[minute].push(latency);
        *self.kinds.entry(kind).or_default() += 1;
    }

    /// An answer that was none of those that the request may get.
    pub fn fail(&mut self, what: String) {
        self.errors += 1;
        if self.first_errors.len() < 5 {
            self.first_errors.push(what);
        }
    }

    /// Everything of another counters.
    pub fn merge(&mut self, other: Self) {
        for (minute, latencies) in other.minutes.into_iter().enumerate() {
            if self.minutes.len() <= minute {
                self.minutes.resize_with(minute + 1, Vec::new);
            }
            self.minutes[minute].extend(latencies);
        }
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.errors += other.errors;
        let room = 5 - self.first_errors.len().min(5);
        self.first_errors.extend(other.first_errors.into_iter().take(room));
    }

    /// How many answers there were.
    pub fn answers(&self) -> usize {
        self.minutes.iter().map(Vec::len).sum()
    }

    /// The figures: of each minute its answers, median and 99th percentile.
    pub fn report(&mut self) -> Value {
        let rows = self.minutes.iter_mut().map(|latencies| {
            latencies.sort_unstable();
            let at = |share: usize| latencies.get((latencies.len() * share).div_ceil(100).max(1) - 1);
            let ms = |share| at(share).map_or(f64::NAN, |latency| (latency.as_secs_f64() * 100_000.0).round() / 100.0);
            json!({ "answers": latencies.len(), "p50Ms": ms(50), "p99Ms": ms(99) })
        });
        let minutes: Vec<Value> = rows.collect();
        json!({
            "answers": self.answers(),
            "errors": self.errors,
            "firstErrors": self.first_errors,
            "kinds": self.kinds,
            "minutes": minutes,
        })
    }
}
