//! The scheduler of the partner firms of this server.

use std::sync::Arc;

use constat_core::Core;

use crate::booking::in_flight::InFlightBookings;
use crate::calendars::Calendars;
use crate::catastrophes::KnownCatastrophes;
use crate::geocoder::{Geocoder, NoGeocoder};
use crate::offer::open_offers::OpenOfferRegistry;
use crate::travel::roads::Roads;
use crate::travel::routed::Routed;
use crate::travel::service::RoutingService;

/// Searches, books and changes appointments in the calendars of partner firms. Shared by reference count.
///
/// Each operation is a method in the file of its verb, with its whole protocol: `search/mod.rs`, `booking/hold.rs`,
/// `booking/book.rs`, `booking/reschedule.rs`, `booking/cancel.rs` and others.
pub struct Scheduler {
    /// The database, time, settings.
    pub core: Arc<Core>,
    /// Calendars of partner firms in memory.
    pub calendars: Arc<Calendars>,
    /// Offers that were made and not booked yet.
    pub open_offers: Arc<OpenOfferRegistry>,
    /// Bookings in flight on this server.
    pub in_flight: InFlightBookings,
    /// Drive times.
    pub travel: Arc<Roads>,
    /// Positions of street addresses; none until [`Scheduler::with_geocoder`].
    pub geocoder: Arc<dyn Geocoder>,
    pub(crate) known_catastrophes: KnownCatastrophes,
}

impl Scheduler {
    /// A scheduler that estimates drives and locates addresses by postcode and town.
    pub fn new(core: Arc<Core>) -> Self {
        let travel = Arc::new(Roads::Estimated(core.settings.travel.clone()));
        let rules = Arc::new(core.settings.availability.clone());
        let calendars = Calendars::new(core.store.clone(), rules, Arc::clone(&travel), Arc::clone(&core.counts));
        Self {
            core,
            calendars: Arc::new(calendars),
            open_offers: Arc::default(),
            in_flight: InFlightBookings::default(),
            travel,
            geocoder: Arc::new(NoGeocoder),
            known_catastrophes: KnownCatastrophes::default(),
        }
    }

    /// The same scheduler with drive times of a routing server.
    #[must_use]
    pub fn with_routing(self, service: Arc<dyn RoutingService>) -> Self {
        let (clock, counts) = (Arc::clone(&self.core.clock), Arc::clone(&self.core.counts));
        let settings = &self.core.settings;
        let routed = Routed::new(service, settings.travel.clone(), &settings.routing, clock, counts);
        let travel = Arc::new(Roads::Routed(Box::new(routed)));
        let calendars = Arc::new(self.calendars.with_roads(Arc::clone(&travel)));
        Self { calendars, travel, ..self }
    }

    /// The same scheduler with positions of a geocoding service.
    #[must_use]
    pub fn with_geocoder(self, geocoder: Arc<dyn Geocoder>) -> Self {
        Self { geocoder, ..self }
    }
}
