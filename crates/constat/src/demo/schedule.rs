//! What the made-up people have on: absences, and a month of appointments that one could really
//! drive. Every visit passes the rule that bookings pass.

use std::collections::HashMap;
use std::sync::Arc;

use constat_availability::{Busy, Estimator, ExpertCalendar, PlaceFacts, Requirement, Settings, feasible};
use constat_domain::appointment::{Appointment, AppointmentStatus, Connection, Slot, SlotKind};
use constat_domain::expert::{Absence, Duty, Expert};
use constat_domain::gazetteer::{Commune, Gazetteer, Precision};
use constat_domain::geo::{Place, PostalAddress};
use constat_domain::holidays::Holidays;
use constat_domain::ids::{AbsenceId, AppointmentId, OrgId, SessionId};
use constat_domain::service::{CustomerType, Granularity, ServiceKind, ServiceRequest};
use constat_domain::tenancy::TenantId;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil};

use super::rng::SeededRng;

/// Days behind us that are filled, and days ahead.
const PAST_DAYS: i32 = 7;
const DAYS_AHEAD: i32 = 30;

/// Civil times at which the made-up visits start, as hour and minute.
const STARTS: [(i8, i8); 4] = [(9, 0), (10, 30), (14, 0), (15, 30)];

/// How many of these times are taken, in a hundred.
const TAKEN_PERCENT: usize = 35;

/// Farthest visit from the base, in metres as the crow flies.
const FARTHEST_M: f64 = 25_000.0;

/// One person's schedule.
#[derive(Default)]
pub struct Diary {
    /// When the person is away.
    pub absences: Vec<Absence>,
    /// What is booked or was done.
    pub appointments: Vec<Appointment>,
}

/// What the diaries are written for.
pub struct Writer {
    /// The firm's data.
    pub tenant: TenantId,
    /// The platform that booked a third of the visits; the firm itself booked the others.
    pub platform: OrgId,
    /// The present.
    pub now: Timestamp,
    /// The rules that bookings pass.
    pub settings: Arc<Settings>,
    neighbours: HashMap<String, Vec<&'static Commune>>,
    /// Number of the next case.
    next_case: u32,
}

impl Writer {
    /// A writer of diaries.
    pub fn new(tenant: TenantId, platform: OrgId, now: Timestamp, settings: Arc<Settings>) -> Self {
        Self { tenant, platform, now, settings, neighbours: HashMap::new(), next_case: 1 }
    }

    /// Writes one person's schedule.
    pub fn write(&mut self, rng: &mut SeededRng, person: &Expert) -> Diary {
        let Ok(zone) = TimeZone::get(&person.zone) else { return Diary::default() };
        let today = zone.to_datetime(self.now).date();
        let (Ok(first), Ok(last)) = (today.checked_sub(PAST_DAYS.days()), today.checked_add(DAYS_AHEAD.days())) else {
            return Diary::default();
        };
        let mut schedule = Diary { absences: absences(rng, person, today, &zone), appointments: Vec::new() };
        let bounds = (midnight(first, &zone), midnight(last, &zone));
        let (Some(from), Some(to)) = bounds else { return schedule };
        let calendar = ExpertCalendar::new(
            Arc::new(person.clone()),
            &schedule.absences,
            Vec::new(),
            Duty::Ordinary,
            (from, to),
            &self.settings,
            &Estimator::default(),
        );
        let Ok(mut calendar) = calendar else { return schedule };
        let near = self.near(person);
        for day in first.series(1.day()).take_while(|day| *day < last) {
            if person.hours_on(day, Duty::Ordinary).is_empty() {
                continue;
            }
            for (hour, minute) in STARTS {
                if !rng.percent(TAKEN_PERCENT) {
                    continue;
                }
                let at = day.at(hour, minute, 0, 0);
                let Some(visit) = self.visit(rng, person, &near, at, &zone) else { continue };
                if !self.is_possible(&calendar, &visit, from) {
                    continue;
                }
                let position = visit.site();
                let (start, end) = (visit.busy_from, visit.busy_to);
                let entry = Busy { start, end, position, appointment: Some(visit.id) };
                calendar.insert_busy(entry, &Estimator::default());
                schedule.appointments.push(visit);
            }
        }
        schedule
    }

    /// Communes that the person may be sent to; at least the one where the base is.
    fn near(&mut self, person: &Expert) -> Vec<&'static Commune> {
        let key = format!("{} {}", person.base.lat, person.base.lon);
        let found = self.neighbours.entry(key).or_insert_with(|| {
            let is_near = |commune: &&Commune| {
                commune.precision == Precision::Commune
                    && (commune.position.lat - person.base.lat).abs() < 0.25
                    && commune.name.chars().count() <= 32
                    && commune.postcodes().next().is_some()
                    && commune.position.distance_m(person.base) < FARTHEST_M
            };
            Gazetteer::embedded().communes().iter().filter(is_near).collect()
        });
        found.clone()
    }

    fn visit(
        &mut self,
        rng: &mut SeededRng,
        person: &Expert,
        near: &[&'static Commune],
        at: civil::DateTime,
        zone: &TimeZone,
    ) -> Option<Appointment> {
        let commune = rng.pick(near)?;
        let kind = if rng.percent(80) { *person.skills.kinds.first()? } else { *rng.pick(&person.skills.kinds)? };
        let minutes = self.settings.durations.minutes(kind, &constat_domain::service::Valuation::default(), 0);
        let start = zone.to_timestamp(at).ok()?;
        let end = start.checked_add(SignedDuration::from_mins(i64::from(minutes))).ok()?;
        let address = PostalAddress {
            street1: format!("{} place de la Mairie", 1 + rng.below(20)),
            more_lines: Vec::new(),
            zip_code: commune.postcodes().next()?.to_owned(),
            city: commune.name.to_owned(),
            country_code: "FR".to_owned(),
            country: None,
            state: None,
        };
        let place = Place { address, position: Some(commune.position) };
        let case_number = format!("DEMO-{:06}", self.next_case);
        self.next_case += 1;
        let request = ServiceRequest {
            kind,
            kind_label: None,
            claim: None,
            from: start,
            to: end,
            limit: 10,
            place: Some(place.clone()),
            dwelling: None,
            customer: CustomerType::Individual,
            insurer_claim_id: case_number.clone(),
            mission_type: (kind == ServiceKind::RepairInKind).then(|| "RenDirecte".to_owned()),
            damages: Vec::new(),
            language: None,
            granularity: Granularity::Hour,
            process: None,
            reschedules: None,
            parties: Vec::new(),
            all_trades: false,
            urgency: constat_domain::service::Urgency::default(),
        };
        let booked_at = self.now.min(start).checked_sub(SignedDuration::from_hours(48)).ok()?;
        let id = AppointmentId::new(booked_at, &rng.entropy());
        let connection = (!kind.is_on_site()).then(|| Connection {
            url: format!("https://visio.example/{id}"),
            phone: None,
            pin: None,
        });
        Some(Appointment {
            id,
            tenant: self.tenant,
            expert: person.id,
            expert_name: person.display_name.clone(),
            status: if end < self.now { AppointmentStatus::Done } else { AppointmentStatus::Booked },
            slot: Slot { kind: SlotKind::Fixed, start, end, duration_minutes: minutes },
            busy_from: start,
            busy_to: end,
            civil_start: at,
            zone: person.zone.clone(),
            place,
            request,
            case_number,
            session: SessionId::new(booked_at, &rng.entropy()),
            booked_by: if rng.percent(33) { self.platform } else { self.tenant.org },
            contact: None,
            notes: None,
            process: None,
            connection,
            cancellation: None,
            joint: None,
            version: 1,
            created_at: booked_at,
            updated_at: booked_at,
        })
    }

    /// The rule that bookings pass, asked as of the first day of the schedule.
    fn is_possible(&self, calendar: &ExpertCalendar, visit: &Appointment, asked_at: Timestamp) -> bool {
        let address = &visit.place.address;
        let commune = Gazetteer::embedded().locate(&address.zip_code, Some(&address.city));
        let department = commune.map(|commune| commune.department().to_owned());
        let facts = PlaceFacts { position: visit.place.position, department, zone: visit.zone.clone() };
        let is_holiday = |department: &str, date: civil::Date| Holidays::embedded().is_holiday(date, department);
        Requirement::derive(&visit.request, &facts, &self.settings, &is_holiday, asked_at).is_ok_and(|requirement| {
            let (start, end) = (visit.busy_from, visit.busy_to);
            feasible(calendar, &requirement, start, end, &Estimator::default()).is_ok()
        })
    }
}

fn midnight(day: civil::Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

/// A week off for one in four within the month, and a training afternoon for one in five.
fn absences(rng: &mut SeededRng, person: &Expert, today: civil::Date, zone: &TimeZone) -> Vec<Absence> {
    let mut away = Vec::new();
    let mut add = |rng: &mut SeededRng, from: civil::DateTime, to: civil::DateTime, reason: &str| {
        if let (Ok(start), Ok(end)) = (zone.to_timestamp(from), zone.to_timestamp(to)) {
            let id = AbsenceId::new(start, &rng.entropy());
            away.push(Absence { id, expert: person.id, start, end, reason: Some(reason.to_owned()) });
        }
    };
    let ahead = |days: usize| today.checked_add(i32::try_from(days).unwrap_or(0).days()).unwrap_or(today);
    if rng.percent(25) {
        let days = 2 + rng.below(20);
        add(rng, ahead(days).at(0, 0, 0, 0), ahead(days + 7).at(0, 0, 0, 0), "leave");
    }
    if rng.percent(20) {
        let day = ahead(1 + rng.below(25));
        add(rng, day.at(13, 0, 0, 0), day.at(18, 0, 0, 0), "training");
    }
    away
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::people;

    #[test]
    fn diaries_are_full_of_visits_that_never_overlap() {
        let org = |byte| OrgId::new(Timestamp::UNIX_EPOCH, &[byte; 10]);
        let tenant = TenantId { org: org(1), mode: constat_domain::tenancy::Mode::Test };
        let now = Timestamp::from_second(1_795_417_200).unwrap();
        let (settings, mut rng) = (Settings::default(), SeededRng::new(2026));
        let mut writer = Writer::new(tenant, org(2), now, Arc::new(settings.clone()));
        let mut total = 0;
        for person in people::experts(&mut rng, "02000402").iter().take(30) {
            let schedule = writer.write(&mut rng, person);
            let ordered = schedule.appointments.windows(2).all(|pair| pair[0].busy_to <= pair[1].busy_from);
            assert!(ordered, "{}", person.display_name);
            let clear = |visit: &Appointment| {
                schedule.absences.iter().all(|away| visit.busy_to <= away.start || away.end <= visit.busy_from)
            };
            assert!(schedule.appointments.iter().all(clear), "{}", person.display_name);
            total += schedule.appointments.len();
        }
        assert!(total > 30 * 15, "{total}");
    }
}
