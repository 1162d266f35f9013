//! A small world for tests: one expert in Paris, one request nearby, a Monday in March 2026.

#![expect(
    clippy::unwrap_used,
    clippy::unused_self,
    reason = "a world that cannot be built fails the test; rows are made by the world they belong to"
)]

use std::sync::Arc;

use constat_availability::{
    Busy, CalendarIndex, Estimator, ExpertCalendar, Outcome, PlaceFacts, ReasonCode, Requirement, Settings, Travel,
    feasible, neighbourhood, search,
};
use constat_domain::expert::{Absence, Expert, HourRange, Skills, WeeklyHours};
use constat_domain::geo::Position;
use constat_domain::ids::{AbsenceId, AppointmentId, ExpertId};
use constat_domain::service::{
    ClaimBrief, CustomerType, Dwelling, Granularity, Insurer, LossTriple, ServiceKind, ServiceRequest, Valuation,
};
use constat_domain::{FieldError, Money};
use jiff::Timestamp;

pub const PARIS: Position = Position { lat: 48.8566, lon: 2.3522 };
pub const NEAR: Position = Position { lat: 48.8838, lon: 2.3220 };

pub struct World {
    pub expert: Expert,
    pub absences: Vec<Absence>,
    pub busy: Vec<Busy>,
    pub request: ServiceRequest,
    pub place: PlaceFacts,
    pub settings: Settings,
    pub now: Timestamp,
    pub holiday_everywhere: bool,
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn position(lat: f64, lon: f64) -> Position {
    Position::new(lat, lon).unwrap()
}

pub fn hours(texts: &[&str]) -> Vec<HourRange> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Every kind, no restriction, Monday to Friday 09:00-12:00 and 14:00-17:00 in Paris.
pub fn expert(number: u8) -> Expert {
    let id = ExpertId::new(Timestamp::UNIX_EPOCH, &[number; 10]);
    Expert {
        skills: Skills { kinds: ServiceKind::ALL.to_vec(), ..Skills::default() },
        week: WeeklyHours::weekdays(&hours(&["09:00-12:00", "14:00-17:00"])),
        ..Expert::new(id, format!("Expert {number:03}"), PARIS, "Europe/Paris")
    }
}

pub fn request() -> ServiceRequest {
    ServiceRequest {
        kind: ServiceKind::OnSite,
        kind_label: None,
        claim: None,
        from: at("2026-03-02T00:00:00Z"),
        to: at("2026-03-16T00:00:00Z"),
        limit: 10,
        place: None,
        dwelling: None,
        customer: CustomerType::Individual,
        insurer_claim_id: "test".to_owned(),
        mission_type: None,
        damages: Vec::new(),
        language: None,
        granularity: Granularity::Hour,
        process: None,
        reschedules: None,
        parties: Vec::new(),
        all_trades: false,
        urgency: constat_domain::service::Urgency::default(),
    }
}

impl World {
    pub fn new() -> Self {
        Self {
            expert: expert(1),
            absences: Vec::new(),
            busy: Vec::new(),
            request: request(),
            place: PlaceFacts {
                position: Some(NEAR),
                department: Some("75".to_owned()),
                zone: "Europe/Paris".to_owned(),
            },
            settings: Settings::default(),
            now: at("2026-03-01T12:00:00Z"),
            holiday_everywhere: false,
        }
    }

    pub fn by_video() -> Self {
        let mut world = Self::new();
        world.request.kind = ServiceKind::Video;
        world
    }

    /// A request that states all that can be judged.
    pub fn state_everything(&mut self) {
        self.request.dwelling = Some(Dwelling::Flat);
        self.request.language = Some("en".to_owned());
        self.request.claim = Some(ClaimBrief {
            date: self.now,
            guarantee: "test".to_owned(),
            insurer: Insurer { acam_code: "00000001".to_owned(), name: "Insurer".to_owned() },
            claim_id: "test".to_owned(),
            loss_at: None,
            loss: Some(LossTriple { nature: "DegatsDesEaux".to_owned(), cause: None, detail: None }),
            loss_place: None,
            valuation: Valuation { building: Some(Money::euro_cents(100_000)), ..Valuation::default() },
        });
    }

    pub fn try_requirement(&self) -> Result<Requirement, Vec<FieldError>> {
        let holiday = |_: &str, _| self.holiday_everywhere;
        Requirement::derive(&self.request, &self.place, &self.settings, &holiday, self.now)
    }

    pub fn requirement(&self) -> Requirement {
        self.try_requirement().unwrap()
    }

    pub fn index(&self) -> CalendarIndex {
        self.index_with(&Estimator::default())
    }

    pub fn index_with(&self, travel: &impl Travel) -> CalendarIndex {
        let mut index = CalendarIndex::new(self.now, 92, Arc::new(self.settings.clone()));
        index.put(self.expert.clone(), &self.absences, self.busy.clone(), travel).unwrap();
        index
    }

    pub fn search(&self) -> Outcome {
        search(&self.index(), &self.requirement(), &Estimator::default())
    }

    /// The starts that are offered, in order of time.
    pub fn starts(&self) -> Vec<Timestamp> {
        let mut starts: Vec<Timestamp> = self.search().offers.iter().map(|offer| offer.slot.start).collect();
        starts.sort_unstable();
        starts
    }

    /// Judges one visit as a commit does: from the rows around it.
    pub fn judge(&self, start: i64, seconds: i64) -> Result<(), ReasonCode> {
        let (start, end) = (Timestamp::from_second(start).unwrap(), Timestamp::from_second(start + seconds).unwrap());
        self.judge_with(&self.requirement(), start, end, &Estimator::default())
    }

    pub fn judge_with(
        &self,
        requirement: &Requirement,
        start: Timestamp,
        end: Timestamp,
        travel: &impl Travel,
    ) -> Result<(), ReasonCode> {
        let (from, to) = neighbourhood(&self.expert, start, end);
        let absences: Vec<Absence> =
            self.absences.iter().filter(|row| row.start < to && from < row.end).cloned().collect();
        let busy = self.busy.iter().filter(|row| row.start < to && from < row.end).copied().collect();
        let (expert, settings) = (Arc::new(self.expert.clone()), Arc::new(self.settings.clone()));
        let calendar =
            ExpertCalendar::new(expert, &absences, busy, requirement.duty(), (start, end), &settings, travel).unwrap();
        feasible(&calendar, requirement, start, end, travel)
    }

    pub fn absence(&self, start: &str, end: &str) -> Absence {
        let id = AbsenceId::new(Timestamp::UNIX_EPOCH, &[2; 10]);
        Absence { id, expert: self.expert.id, start: at(start), end: at(end), reason: None }
    }

    pub fn remote(&self, start: &str, end: &str) -> Busy {
        self.busy_entry(at(start).as_second(), at(end).as_second(), None)
    }

    pub fn site(&self, start: &str, end: &str, place: Position) -> Busy {
        self.busy_entry(at(start).as_second(), at(end).as_second(), Some(place))
    }

    pub fn site_seconds(&self, start: i64, end: i64, place: Position) -> Busy {
        self.busy_entry(start, end, Some(place))
    }

    fn busy_entry(&self, start: i64, end: i64, position: Option<Position>) -> Busy {
        let start = Timestamp::from_second(start).unwrap();
        let end = Timestamp::from_second(end).unwrap();
        Busy { start, end, position, appointment: Some(AppointmentId::new(start, &[7; 10])) }
    }
}
