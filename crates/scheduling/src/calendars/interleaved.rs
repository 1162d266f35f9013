//! A firm's calendars while writers of this process note what they committed, another node commits beside
//! them, and searches follow and load, in whatever order their steps may come: `firm` compiled once more over
//! shuttle's locks. A failure prints its schedule, and `shuttle::replay` runs that again.
//!
//! The database is a list of events and a table of visits, read a statement at a time: each sees what has
//! been committed before it, as on PostgreSQL.

use constat_domain::event_kinds::EventKind;
use std::collections::BTreeMap;
use std::sync::Arc;

use constat_availability::{Busy, CalendarIndex, Estimator, Settings};
use constat_domain::expert::Expert;
use constat_domain::geo::Position;
use constat_domain::ids::{AppointmentId, EventId, ExpertId, OrgId};
use constat_domain::tenancy::{Mode, TenantId};
use constat_store::queries::appointments::BusyRow;
use constat_store::queries::events::Event;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shuttle::thread;

use crate::calendars::rows::{LEFT, changes};
use crate::travel::roads::Roads;

mod sync {
    pub(crate) use shuttle::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
}

#[expect(clippy::duplicate_mod, reason = "the same code over other locks")]
#[expect(dead_code, reason = "what only the writers ask is not part of this")]
#[path = "firm.rs"]
mod firm;

use firm::{Change, Firm, Rows};
use sync::Mutex;

/// Orders that are tried. Those of `check_pct` switch seldom, at the worst of places.
const ORDERS: usize = 500;

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
            Step::Book(visit, whose) if !self.visits.contains_key(&visit) => {
                (visit, EventKind::AppointmentBooked, None, Some(whose))
            }
            Step::Move(visit, whose) => {
                (visit, EventKind::AppointmentRescheduled, Some(*self.visits.get(&visit)?), Some(whose))
            }
            Step::Cancel(visit) => (visit, EventKind::AppointmentCancelled, Some(*self.visits.get(&visit)?), None),
            Step::Book(..) => return None,
        };
        match takes {
            Some(whose) => self.visits.insert(number, whose),
            None => self.visits.remove(&number),
        };
        let mut data = json!({ "expert": expert(takes.or(left)?) });
        if kind == EventKind::AppointmentRescheduled {
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
            self.firm.note_committed(change, places);
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
        let followed = followed.map(|crate::calendars::firm::Change { appointment, left, takes, until }| Change {
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

/// The next search knows exactly what is booked.
fn knows_all(node: &Node) {
    let known = visits_in(&node.search());
    let visits = node.database.look(|rest| rest.visits.clone()).into_iter();
    let mut booked: Vec<_> = visits.map(|(number, whose)| (expert(whose), times(number).0)).collect();
    booked.sort_unstable();
    assert_eq!(known, booked);
}

/// A node that has the firm in memory, and two visits.
fn node_that_knows_two() -> Arc<Node> {
    let database = Arc::<Database>::default();
    database.commit(&[Step::Book(1, 1), Step::Book(2, 2)]);
    let node = Node::new(database);
    node.search();
    node
}

fn writer(node: &Arc<Node>, transactions: &'static [&'static [Step]]) -> thread::JoinHandle<()> {
    let node = Arc::clone(node);
    thread::spawn(move || transactions.iter().for_each(|steps| node.write(steps)))
}

fn other_node(node: &Arc<Node>, transactions: &'static [&'static [Step]]) -> thread::JoinHandle<()> {
    let database = Arc::clone(&node.database);
    thread::spawn(move || {
        for steps in transactions {
            database.commit(steps);
        }
    })
}

fn searches(node: &Arc<Node>, times: usize) -> thread::JoinHandle<()> {
    let node = Arc::clone(node);
    thread::spawn(move || {
        for _ in 0..times {
            node.search();
        }
    })
}

/// Runs them at once, and looks at what is known in the end.
fn together(node: &Node, threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
    knows_all(node);
}

fn in_any_order(meeting: fn()) {
    shuttle::check_random(meeting, ORDERS);
    shuttle::check_pct(meeting, ORDERS, 3);
}

#[test]
fn two_writers_another_node_two_searches_and_a_changed_record() {
    in_any_order(|| {
        let database = Arc::<Database>::default();
        database.commit(&[Step::Book(1, 1), Step::Book(2, 2)]);
        let node = Node::new(database);
        let record = Arc::clone(&node);
        let threads = [
            searches(&node, 2),
            writer(&node, &[&[Step::Book(3, 1), Step::Move(1, 2)], &[Step::Cancel(3)]]),
            writer(&node, &[&[Step::Move(2, 1), Step::Book(4, 2)], &[Step::Move(4, 1)]]),
            searches(&node, 2),
            other_node(&node, &[&[Step::Move(1, 1), Step::Move(2, 2)], &[Step::Move(3, 2), Step::Book(5, 1)]]),
            thread::spawn(move || record.database.look(|rest| rest.version += 1)),
        ];
        together(&node, threads);
    });
}

/// A writer notes a transaction's changes one by one. Meanwhile a search may follow past it, to where another
/// node has moved a visit on: what is noted last is then older than what is known.
#[test]
fn a_change_that_is_noted_late_does_not_stand_before_what_came_after_it() {
    in_any_order(|| {
        let node = node_that_knows_two();
        let threads = [
            writer(&node, &[&[Step::Book(3, 1), Step::Move(1, 2)]]),
            other_node(&node, &[&[Step::Move(1, 1)]]),
            searches(&node, 1),
        ];
        together(&node, threads);
    });
}

/// A load ends with rows that are older than what a search, on the snapshot before, is just following.
#[test]
fn what_lies_between_a_load_and_a_search_that_was_ahead_of_it_is_not_lost() {
    in_any_order(|| {
        let node = node_that_knows_two();
        node.database.look(|rest| rest.version += 1);
        let ahead = Arc::clone(&node);
        let follows = thread::spawn(move || {
            for step in [Step::Book(3, 1), Step::Book(4, 2)] {
                ahead.database.commit(&[step]);
                ahead.search();
            }
        });
        together(&node, [searches(&node, 1), follows]);
    });
}
