//! What the server counts of its own work. The edge shows it to operators (`/metrics`).

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows. Costs one relaxed addition.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds a number.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The number so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The application's counters, since it started.
#[derive(Debug, Default)]
pub struct Counts {
    /// Slot searches that were answered.
    pub searches: Counter,
    /// Searches without a free expert.
    pub searches_without_offers: Counter,
    /// Appointments booked or moved, once each.
    pub booked: Counter,
    /// Bookings and moves refused because the slot was taken or the session used.
    pub conflicts: Counter,
    /// A firm's calendars read from the database.
    pub calendar_loads: Counter,
    /// What routing services did.
    pub roads: RoadCounts,
}

/// What the routing service did, and what had to do without it.
#[derive(Debug, Default)]
pub struct RoadCounts {
    /// Tables asked for.
    pub calls: Counter,
    /// Of these, how many brought nothing: no answer in time, or not one that can be used.
    pub failures: Counter,
    /// Tables not asked for, because the service failed again and again a moment ago.
    pub skipped: Counter,
    /// Searches and bookings that stopped waiting because their budget was used up.
    pub out_of_time: Counter,
    /// Drives learned from the service.
    pub learned: Counter,
    /// Drives that an answer rests on and that had to be estimated although a service is configured.
    pub estimated: Counter,
}
