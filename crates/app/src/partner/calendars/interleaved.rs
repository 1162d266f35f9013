//! A firm's calendars while writers of this process note what they committed, another node commits beside
//! them, and searches follow and load, in whatever order their steps may come: `firm` compiled once more over
//! shuttle's locks. A failure prints its schedule, and `shuttle::replay` runs that again.
//!
//! The database is a list of events and a table of visits, read a statement at a time: each sees what has
//! been committed before it, as on PostgreSQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use constat_availability::{Busy, CalendarIndex, Estimator, Expert, Settings};
use constat_domain::geo::Position;
use constat_domain::ids::{AppointmentId, EventId, ExpertId, OrgId};
use constat_domain::tenancy::{Mode, TenantId};
use constat_store::queries::appointments::BusyRow;
use constat_store::queries::events::Event;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shuttle::thread;

use super::{BOOKED, CANCELLED, LEFT, RESCHEDULED, changes};
use crate::roads::Roads;

mod sync {
    pub(super) use shuttle::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
}

#[expect(clippy::duplicate_mod, reason = "the same code over other locks")]
#[expect(dead_code, reason = "what only the writers ask is not part of this")]
#[path = "firm.rs"]
mod firm;

use firm::{Change, Firm, Rows};
use sync::Mutex;

/// Orders that are tried. Those of `check_pct` switch seldom, at the worst of places.
const ORDERS: usize = 400;

fn now() -> Timestamp {
    Timestamp::from_second(1_795_417_200).unwrap()
}

fn expert(number: u8) -> ExpertId {
    ExpertId::new(Timestamp::UNIX_EPOCH, &[number; 10])
}

/// A visit, at an hour of its own.
fn visit(number: u8) -> AppointmentId {
    AppointmentId::new(Timestamp::UNIX_EPOCH, &[number; 10])
}

fn times(number: u8) -> (Timestamp, Timestamp) {
    let start = now() + SignedDuration::from_hours(i64::from(number));
    (start, start + SignedDuration::from_mins(30))
}

fn busy(number: u8) -> Busy {
    let (start, end) = times(number);
    Busy { start, end, position: None, appointment: Some(visit(number)) }
}

/// What is done to a visit. Nothing, when it is not there (or is, to be booked).
#[derive(Clone, Copy)]
enum Step {
    Book(u8, u8),
    Move(u8, u8),
    Cancel(u8),
}

#[derive(Default)]
struct Rest {
    events: Vec<Event>,
    /// By visit, whose.
    visits: BTreeMap<u8, u8>,
    /// How often the experts were changed.
    version: i64,
}

#[derive(Default)]
struct Database(Mutex<Rest>);

impl Database {
    fn look<T>(&self, look: impl FnOnce(&mut Rest) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    /// One transaction: gives where its events stand, and what it did to the calendar.
    fn commit(&self, steps: &[Step]) -> ((i64, i64), Vec<Change>) {
        self.look(|rest| {
            let first = rest.events.len() + 1;
            let done: Vec<Change> = steps.iter().filter_map(|step| rest.take(*step)).collect();
            ((i64::try_from(first).unwrap(), rest.length()), done)
        })
    }
}

impl Rest {
    fn length(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap()
    }

    fn take(&mut self, step: Step) -> Option<Change> {
        let (number, kind, left, takes) = match step {
            Step::Book(visit, whose) if !self.visits.contains_key(&visit) => (visit, BOOKED, None, Some(whose)),
            Step::Move(visit, whose) => (visit, RESCHEDULED, Some(*self.visits.get(&visit)?), Some(whose)),
            Step::Cancel(visit) => (visit, CANCELLED, Some(*self.visits.get(&visit)?), None),
            Step::Book(..) => return None,
        };
        match takes {
            Some(whose) => self.visits.insert(number, whose),
            None => self.visits.remove(&number),
        };
        let mut data = json!({ "expert": expert(takes.or(left)?) });
        if kind == RESCHEDULED {
            data[LEFT] = json!(expert(left?));
        }
        let tenant = TenantId { org: OrgId::new(now(), &[9; 10]), mode: Mode::Test };
        let id = EventId::new(now(), &[u8::try_from(self.events.len()).unwrap(); 10]);
        self.events.push(Event::by_system(id, tenant, visit(number), kind, now(), data));
        let takes = takes.map(|whose| (expert(whose), busy(number)));
        Some(Change { appointment: visit(number), left: left.map(expert), takes, until: None })
    }
}

/// One node's part in a firm.
struct Node {
    database: Arc<Database>,
    firm: Firm,
    roads: Roads,
}

impl Node {
    fn new(database: Arc<Database>) -> Arc<Self> {
        Arc::new(Self { database, firm: Firm::default(), roads: Roads::Estimated(Estimator::default()) })
    }

    /// A writer: commits, then notes, change by change.
    fn write(&self, steps: &[Step]) {
        let (places, done) = self.database.commit(steps);
        for change in done {
            self.firm.note(change, places);
        }
    }

    /// What a search does before it computes.
    fn search(&self) -> Arc<CalendarIndex> {
        self.catch_up();
        let version = self.database.look(|rest| rest.version);
        let current = Firm::current;
        self.firm.get(current, (version, now()), &self.roads, || Ok(self.read(version))).unwrap()
    }

    fn catch_up(&self) {
        let Some(known) = self.firm.followed() else { return };
        let length = self.database.look(|rest| rest.length());
        if length <= known {
            return;
        }
        let found: Vec<(i64, Event)> =
            self.database.look(|rest| (1..).zip(rest.events.iter().cloned()).collect::<Vec<(i64, Event)>>());
        let found: Vec<(i64, Event)> =
            found.into_iter().filter(|(position, _)| (known + 1..=length).contains(position)).collect();
        let booked: Vec<BusyRow> = self.database.look(|rest| rest.visits.clone()).into_iter().map(row).collect();
        let followed = changes(&found, &booked, &[]).into_iter();
        let followed = followed.map(|super::Change { appointment, left, takes, until }| Change {
            appointment,
            left,
            takes,
            until,
        });
        self.firm.followed_to(known, length, followed.collect());
    }

    fn read(&self, version: i64) -> Rows {
        let position = self.database.look(|rest| rest.length());
        let visits = self.database.look(|rest| rest.visits.clone());
        let mut index = CalendarIndex::new(now(), 1, Arc::new(Settings::default()));
        let Roads::Estimated(travel) = &self.roads else { unreachable!("no routing server here") };
        for whose in [1, 2] {
            let taken = visits.iter().filter(|(_, known)| **known == whose).map(|(number, _)| busy(*number));
            let base = Position::new(48.85, 2.35).unwrap();
            let person = Expert::new(expert(whose), format!("Expert {whose:03}"), base, "Europe/Paris");
            index.put(person, &[], taken.collect(), travel).unwrap();
        }
        Rows { version, position, held: Vec::new(), index }
    }
}

fn row((number, whose): (u8, u8)) -> BusyRow {
    let (start, end) = times(number);
    BusyRow { appointment: visit(number), expert: expert(whose), start, end, position: None }
}

/// Whose visits are in a snapshot: expert, start.
fn visits_in(index: &CalendarIndex) -> Vec<(ExpertId, Timestamp)> {
    let of_each = index.calendars().flat_map(|calendar| {
        let whose = calendar.expert().id;
        calendar.busy().iter().map(move |busy| (whose, busy.start))
    });
    let mut all: Vec<_> = of_each.collect();
    all.sort_unstable();
    all
}

/// Two writers of this process, another node, two searches, and an expert's record that changes meanwhile.
/// In the end the next search knows exactly what is booked.
fn everybody_at_once() {
    let database = Arc::<Database>::default();
    database.commit(&[Step::Book(1, 1), Step::Book(2, 2)]);
    let node = Node::new(Arc::clone(&database));
    let ours = |transactions: &'static [&'static [Step]]| {
        let node = Arc::clone(&node);
        thread::spawn(move || transactions.iter().for_each(|steps| node.write(steps)))
    };
    let searching = || {
        let node = Arc::clone(&node);
        thread::spawn(move || {
            for _ in 0..3 {
                node.search();
            }
        })
    };
    let all = [
        searching(),
        ours(&[&[Step::Book(3, 1), Step::Move(1, 2)], &[Step::Cancel(3)]]),
        ours(&[&[Step::Move(2, 1), Step::Book(4, 2)], &[Step::Move(4, 1)]]),
        searching(),
        {
            let database = Arc::clone(&database);
            thread::spawn(move || {
                database.commit(&[Step::Move(1, 1), Step::Move(2, 2)]);
                database.look(|rest| rest.version += 1);
                database.commit(&[Step::Move(3, 2), Step::Cancel(4), Step::Book(5, 1)]);
            })
        },
    ];
    for one in all {
        one.join().unwrap();
    }
    let known = visits_in(&node.search());
    let mut booked: Vec<_> = database
        .look(|rest| rest.visits.clone())
        .into_iter()
        .map(|(number, whose)| (expert(whose), times(number).0))
        .collect();
    booked.sort_unstable();
    assert_eq!(known, booked);
}

#[test]
fn in_any_order_the_next_search_knows_exactly_what_is_booked() {
    shuttle::check_random(everybody_at_once, ORDERS);
}

#[test]
fn in_orders_that_switch_seldom_too() {
    shuttle::check_pct(everybody_at_once, ORDERS, 3);
}
