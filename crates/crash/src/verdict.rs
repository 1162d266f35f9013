//! Does what the database holds agree with what the clients heard? Pure: a kept history and a kept
//! state give the same verdict anywhere, at any time.

use constat_domain::event_kinds::EventKind;
use std::collections::{BTreeMap, HashMap, HashSet};

use constat_availability::{Estimator, Travel as _};
use constat_domain::geo::Position;
use constat_store::chain::{Content, GENESIS, Hash, hex};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::history::{Answer, Line, Span, Verb};
use crate::state::{Appointment, Event, Hold, Row};

/// Maximum faults printed; further ones are counted.
const MAX_PRINTED_FAULTS: usize = 100;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What the clients did and heard.
    pub counts: BTreeMap<String, usize>,
    /// How many faults there are; none when all was kept.
    pub fault_count: usize,
    /// The faults, in words: the first hundred.
    pub faults: Vec<String>,
}

impl Verdict {
    /// True when everything that was acknowledged holds.
    pub fn holds(&self) -> bool {
        self.fault_count == 0
    }

    /// Adds what another check found.
    pub fn add_fault(&mut self, text: String) {
        self.fault(text);
    }

    fn fault(&mut self, text: String) {
        self.fault_count += 1;
        if self.faults.len() < MAX_PRINTED_FAULTS {
            self.faults.push(text);
        }
    }

    fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }
}

/// Judges a run.
pub fn judge(history: &[Line], state: &[Row]) -> Verdict {
    let mut verdict = Verdict::default();
    let cases = cases(history, &mut verdict);
    verdict.counts.insert("milliseconds without an acknowledgement, at most".to_owned(), longest_silence(history));
    let appointments: Vec<&Appointment> =
        state.iter().filter_map(|row| if let Row::Appointment(known) = row { Some(known) } else { None }).collect();
    let events: Vec<&Event> =
        state.iter().filter_map(|row| if let Row::Event(event) = row { Some(event) } else { None }).collect();
    judge_cases(&cases, &appointments, &events, &mut verdict);
    let holds: Vec<&Hold> =
        state.iter().filter_map(|row| if let Row::Hold(hold) = row { Some(hold) } else { None }).collect();
    judge_holds(&cases, &holds, state, &mut verdict);
    let end = history.iter().map(Line::at).max().unwrap_or_default().as_microsecond();
    judge_days(&appointments, holds.iter().copied().filter(|hold| hold.expires_at > end), &mut verdict);
    judge_sessions(state, &appointments, &mut verdict);
    judge_chains(state, &events, &mut verdict);
    verdict
}

/// The longest time in which no client heard that anything was done: how long the service was away.
fn longest_silence(history: &[Line]) -> usize {
    let heard = history.iter().filter_map(|line| match line {
        Line::Heard { at, answer, .. } if answer.is_done() => Some(*at),
        _ => None,
    });
    let heard: Vec<_> = heard.collect();
    let pauses = heard.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_millis());
    pauses.max().and_then(|longest| usize::try_from(longest).ok()).unwrap_or(0)
}

/// How an operation ended, all its tries together.
enum Outcome<'a> {
    Done(&'a Answer),
    Refused,
    /// Refused at this instant, after a try without an answer: then that try has done nothing.
    RefusedLater(Timestamp),
    /// No try got an answer that says anything: it may have been done or not.
    Unknown,
}

struct Operation<'a> {
    verb: Verb,
    slot: Option<Span>,
    answers: Vec<&'a Answer>,
    /// When the last answer came.
    ended: Timestamp,
}

impl Operation<'_> {
    /// All tries have one key, so that a server which refuses one of them knows what became of the others.
    fn outcome(&self) -> Outcome<'_> {
        let done = self.answers.iter().find(|answer| answer.is_done());
        if let Some(done) = done {
            return Outcome::Done(done);
        }
        let is_refused = self.answers.iter().any(|answer| matches!(answer, Answer::Refused { .. }));
        let is_unknown = self.answers.iter().any(|answer| matches!(answer, Answer::Unknown { .. }));
        match (is_refused, is_unknown) {
            (true, true) => Outcome::RefusedLater(self.ended),
            (false, true) => Outcome::Unknown,
            // Or never sent.
            (_, false) => Outcome::Refused,
        }
    }
}

/// The operations of each case, in order: a client asks one thing at a time of a case.
fn cases<'a>(history: &'a [Line], verdict: &mut Verdict) -> BTreeMap<&'a str, Vec<Operation<'a>>> {
    let mut cases: BTreeMap<&str, Vec<Operation<'a>>> = BTreeMap::new();
    let mut places: HashMap<u64, (&str, usize)> = HashMap::new();
    for line in history {
        match line {
            Line::Asked { at, op, verb, case, slot, .. } => {
                let of_case = cases.entry(case).or_default();
                if places.insert(*op, (case, of_case.len())).is_some() {
                    verdict.fault(format!("the history has operation {op} twice"));
                }
                of_case.push(Operation { verb: *verb, slot: *slot, answers: Vec::new(), ended: *at });
            }
            Line::Heard { at, op, answer, .. } => match places.get(op) {
                Some((case, place)) => {
                    if let Some(operation) = cases.get_mut(case).and_then(|of_case| of_case.get_mut(*place)) {
                        operation.answers.push(answer);
                        operation.ended = *at;
                    }
                }
                None => verdict.fault(format!("the history has an answer to operation {op}, which was never sent")),
            },
            Line::Fault { .. } => verdict.count("faults made"),
            Line::Run { .. } | Line::Repair { .. } => {}
        }
    }
    cases
}

/// What the case's appointment may be like.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    /// `None` when no answer contained it.
    id: Option<String>,
    expert: Option<String>,
    slot: Span,
    status: &'static str,
}

/// What a case may have come to: at first nothing alone, then one thing for each way that an unknown
/// try may have ended.
struct Possible {
    states: Vec<Option<Known>>,
    /// How often it was acknowledged as booked, moved, cancelled; `None` when it cannot be known.
    acknowledged: Option<[usize; 3]>,
    /// What it must not have come to: what a refused operation would have made of it, and when it was refused.
    refused: Vec<(Verb, Timestamp, Option<Known>)>,
}

fn follow(case: &str, operations: &[Operation<'_>], verdict: &mut Verdict) -> Possible {
    let mut possible = Possible { states: vec![None], acknowledged: Some([0; 3]), refused: Vec::new() };
    for operation in operations {
        let word = match operation.verb {
            Verb::Hold => "holds",
            Verb::Release => "releases",
            Verb::Book => "bookings",
            Verb::Move => "moves",
            Verb::Cancel => "cancellations",
            Verb::Read => "reads",
        };
        match operation.outcome() {
            Outcome::Refused => verdict.count(format!("{word} refused")),
            Outcome::RefusedLater(at) => {
                verdict.count(format!("{word} refused after a try without an answer"));
                if place(operation.verb).is_some() {
                    let if_done = possible.states.iter().map(|before| may_be(operation, before.as_ref()));
                    possible.refused.extend(if_done.map(|state| (operation.verb, at, state)));
                }
            }
            Outcome::Unknown => {
                verdict.count(format!("{word} without any answer that tells their outcome"));
                if matches!(operation.verb, Verb::Read | Verb::Hold | Verb::Release) {
                    continue;
                }
                possible.acknowledged = None;
                let also: Vec<_> = possible.states.iter().map(|before| may_be(operation, before.as_ref())).collect();
                possible.states.extend(also);
            }
            Outcome::Done(answer) => {
                verdict.count(format!("{word} acknowledged"));
                if operation.answers.len() > 1 {
                    verdict.count(format!("{word} acknowledged at a later try"));
                }
                done(case, operation, answer, &mut possible, verdict);
            }
        }
    }
    possible
}

/// What an operation makes of a case if it was done.
fn may_be(operation: &Operation<'_>, before: Option<&Known>) -> Option<Known> {
    let mut after = before.cloned();
    match (operation.verb, operation.slot, &mut after) {
        (Verb::Book, Some(slot), _) => after = Some(Known { id: None, expert: None, slot, status: "booked" }),
        (Verb::Move, Some(slot), Some(known)) => (known.slot, known.expert) = (slot, None),
        (Verb::Cancel, _, Some(known)) => known.status = "cancelled",
        _ => {}
    }
    after
}

fn done(case: &str, operation: &Operation<'_>, answer: &Answer, possible: &mut Possible, verdict: &mut Verdict) {
    let Answer::Done { appointment, slot, status, expert } = answer else { return };
    let status = if status == "cancelled" { "cancelled" } else { "booked" };
    let known = Known { id: Some(appointment.clone()), expert: Some(expert.clone()), slot: *slot, status };
    if operation.verb == Verb::Read {
        if let [before] = possible.states.as_slice()
            && !before.as_ref().is_some_and(|before| agrees(before, &known))
        {
            verdict.fault(format!("{case}: a read returned {}, not {}", words(Some(&known)), words(before.as_ref())));
        }
        return;
    }
    if operation.slot.is_some_and(|wanted| wanted != *slot) {
        verdict.fault(format!("{case}: another time was acknowledged than was asked for: {}", words(Some(&known))));
    }
    if let (Some(counts), Some(verb)) = (&mut possible.acknowledged, place(operation.verb)) {
        counts[verb] += 1;
    }
    possible.states = vec![Some(known)];
}

fn place(verb: Verb) -> Option<usize> {
    match verb {
        Verb::Book => Some(0),
        Verb::Move => Some(1),
        Verb::Cancel => Some(2),
        Verb::Read | Verb::Hold | Verb::Release => None,
    }
}

/// True when an appointment is like what is known of it.
fn agrees(known: &Known, found: &Known) -> bool {
    let same = |known: &Option<String>, found: &Option<String>| known.is_none() || known == found;
    (known.slot, known.status) == (found.slot, found.status)
        && same(&known.id, &found.id)
        && same(&known.expert, &found.expert)
}

fn words(known: Option<&Known>) -> String {
    known.map_or_else(
        || "nothing".to_owned(),
        |known| {
            let id = known.id.as_deref().unwrap_or("an appointment");
            format!("{id} {} {}..{}", known.status, known.slot.start, known.slot.end)
        },
    )
}

const KINDS: [&str; 3] = [
    EventKind::AppointmentBooked.name(),
    EventKind::AppointmentRescheduled.name(),
    EventKind::AppointmentCancelled.name(),
];

/// Every acknowledged booking exists once, as last acknowledged, with one event per change; there are no other
/// bookings.
fn judge_cases(
    cases: &BTreeMap<&str, Vec<Operation<'_>>>,
    appointments: &[&Appointment],
    events: &[&Event],
    verdict: &mut Verdict,
) {
    let mut of_case: HashMap<&str, Vec<&Appointment>> = HashMap::new();
    for known in appointments {
        of_case.entry(&known.case).or_default().push(known);
        if !cases.contains_key(known.case.as_str()) {
            verdict.fault(format!("{}: an appointment of an unknown case: {}", known.id, known.case));
        }
    }
    let mut recorded: HashMap<&str, [usize; 3]> = HashMap::new();
    for event in events {
        if let Some(kind) = KINDS.iter().position(|kind| *kind == event.kind) {
            recorded.entry(&event.subject).or_default()[kind] += 1;
        }
    }
    for (case, operations) in cases {
        let possible = follow(case, operations, verdict);
        let rows = of_case.get(case).map_or(&[][..], Vec::as_slice);
        let found = rows.first().map(|row| Known {
            id: Some(row.id.clone()),
            expert: Some(row.expert.clone()),
            slot: row.slot,
            status: if row.status == "cancelled" { "cancelled" } else { "booked" },
        });
        if rows.len() > 1 {
            verdict.fault(format!("{case}: {} appointments of one case", rows.len()));
            continue;
        }
        let is_found = |state: &Option<Known>| match (state, &found) {
            (Some(state), Some(found)) => agrees(state, found),
            (None, None) => true,
            _ => false,
        };
        let is_possible = possible.states.iter().any(is_found);
        let refused = possible.refused.iter().find(|(_, _, state)| is_found(state));
        if let Some((verb, at, _)) = refused.filter(|_| !is_possible) {
            let subject = rows.first().map_or("", |row| &row.id);
            judge_refused(case, subject, (*verb, *at), events, verdict);
            continue;
        }
        if !is_possible {
            let wanted: Vec<String> = possible.states.iter().map(|state| words(state.as_ref())).collect();
            verdict.fault(format!("{case}: there is {}, not {}", words(found.as_ref()), wanted.join(" or ")));
        }
        if let (Some(acknowledged), Some(row)) = (possible.acknowledged, rows.first()) {
            let recorded = recorded.get(row.id.as_str()).copied().unwrap_or_default();
            if acknowledged != recorded {
                verdict.fault(format!(
                    "{case}: {acknowledged:?} bookings, moves, cancellations acknowledged, but {recorded:?} recorded as events"
                ));
            }
        }
    }
}

/// What was refused under its key is done all the same. A fault, unless the try that did it began only after the
/// refusal was heard: it lay in a server that was frozen, where no other server could know of it.
fn judge_refused(case: &str, subject: &str, (verb, at): (Verb, Timestamp), events: &[&Event], verdict: &mut Verdict) {
    let kind = place(verb).map_or("", |place| KINDS[place]);
    let of_it = events.iter().filter(|event| event.subject == subject && event.kind == kind);
    let began = of_it.map(|event| event.at).max().unwrap_or(i64::MIN);
    if began > at.as_microsecond() {
        verdict.count("operations begun by a frozen server after they were refused elsewhere");
    } else {
        verdict.fault(format!("{case}: refused under its own key though done: {kind} of {subject}"));
    }
}

/// An unexpired hold can only be booked by its holder, under the hold's id; no hold of a session that has booked
/// is left, and none that was released.
fn judge_holds(cases: &BTreeMap<&str, Vec<Operation<'_>>>, holds: &[&Hold], state: &[Row], verdict: &mut Verdict) {
    let used: HashSet<&str> = state
        .iter()
        .filter_map(|row| if let Row::UsedSession { session, .. } = row { Some(session.as_str()) } else { None })
        .collect();
    for hold in holds.iter().filter(|hold| used.contains(hold.session.as_str())) {
        verdict.fault(format!("hold {} is left over: its session has booked", hold.id));
    }
    let left: HashSet<&str> = holds.iter().map(|hold| hold.id.as_str()).collect();
    for (case, operations) in cases {
        let mut kept: Option<(&str, Span, Timestamp)> = None;
        for operation in operations {
            match (operation.verb, operation.outcome()) {
                (Verb::Hold, Outcome::Done(Answer::Held { hold, slot, until })) => {
                    if operation.slot.is_some_and(|wanted| wanted != *slot) {
                        verdict.fault(format!("{case}: another time is kept than was asked for"));
                    }
                    kept = Some((hold, *slot, *until));
                }
                (Verb::Release, Outcome::Done(_)) => {
                    if let Some((hold, ..)) = kept.take().filter(|(hold, ..)| left.contains(hold)) {
                        verdict.fault(format!("{case}: hold {hold} was let go, and is still there"));
                    }
                }
                (Verb::Book, Outcome::Done(Answer::Done { appointment, .. })) => {
                    if let Some((hold, _, until)) = kept.take()
                        && hold != appointment
                        && operation.ended < until
                    {
                        verdict.fault(format!("{case}: {appointment} was booked, but {hold} was kept for it"));
                    }
                }
                (Verb::Book, Outcome::Refused) => {
                    if let Some((hold, _, until)) = kept.take()
                        && operation.ended < until
                    {
                        verdict.fault(format!("{case}: refused, although {hold} was kept for it until {until}"));
                    }
                }
                _ => {}
            }
        }
    }
}

/// A time that is taken of an expert's day.
struct Taken<'a> {
    id: &'a str,
    from: i64,
    to: i64,
    place: Option<Position>,
}

/// No expert is in two places at once, and each drive between two visits fits; what is still kept counts.
fn judge_days<'a>(appointments: &[&'a Appointment], holds: impl Iterator<Item = &'a Hold>, verdict: &mut Verdict) {
    let mut days: BTreeMap<&str, Vec<Taken<'_>>> = BTreeMap::new();
    let place = |lat: Option<f64>, lon: Option<f64>| lat.zip(lon).and_then(|(lat, lon)| Position::new(lat, lon));
    for known in appointments.iter().filter(|known| known.status == "booked") {
        verdict.count("appointments that stand");
        let taken =
            Taken { id: &known.id, from: known.busy_from, to: known.busy_to, place: place(known.lat, known.lon) };
        days.entry(&known.expert).or_default().push(taken);
    }
    for hold in holds {
        verdict.count("holds that stand");
        let taken = Taken { id: &hold.id, from: hold.busy_from, to: hold.busy_to, place: place(hold.lat, hold.lon) };
        days.entry(&hold.expert).or_default().push(taken);
    }
    let travel = Estimator::default();
    for (expert, visits) in &mut days {
        visits.sort_by_key(|taken| (taken.from, taken.to));
        for pair in visits.windows(2) {
            let (first, second) = (&pair[0], &pair[1]);
            let between = second.from - first.to;
            if between < 0 {
                verdict.fault(format!("{expert}: {} and {} overlap", first.id, second.id));
            } else if let (Some(from), Some(to)) = (first.place, second.place) {
                let drive = i64::from(travel.seconds(from, to));
                if between < drive * 1_000_000 {
                    let gap = between / 1_000_000;
                    let (first, second) = (first.id, second.id);
                    verdict.fault(format!("{expert}: {gap} s between {first} and {second}, a drive of {drive} s"));
                }
            }
        }
    }
}

/// A session is spent by an appointment, or not at all; every appointment has spent one.
fn judge_sessions(state: &[Row], appointments: &[&Appointment], verdict: &mut Verdict) {
    let known: HashSet<&str> = appointments.iter().map(|known| known.id.as_str()).collect();
    let mut with_session = HashSet::new();
    for row in state {
        if let Row::UsedSession { session, appointment } = row {
            with_session.insert(appointment.as_str());
            if !known.contains(appointment.as_str()) {
                verdict.fault(format!("session {session} is used up by {appointment}, which is not there"));
            }
        }
    }
    for id in known.difference(&with_session) {
        verdict.fault(format!("{id}: no session was used for it"));
    }
}

/// The events are whole: numbered without a gap, each hash right, and the end is where it is said to be.
fn judge_chains(state: &[Row], events: &[&Event], verdict: &mut Verdict) {
    let mut chains: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events {
        verdict.count("events in the chain");
        chains.entry(&event.tenant).or_default().push(event);
    }
    for row in state {
        let Row::Chain { tenant, length, hash } = row else { continue };
        let chain = chains.remove(tenant.as_str()).unwrap_or_default();
        let mut previous = GENESIS;
        for (at, event) in (1..).zip(&chain) {
            let own = own_hash(event, &previous);
            let is_sound = event.position == at
                && event.previous.eq_ignore_ascii_case(&hex(&previous))
                && own.is_some_and(|own| event.hash.eq_ignore_ascii_case(&hex(&own)));
            let Some(own) = own.filter(|_| is_sound) else {
                verdict.fault(format!("{tenant}: event {at} of the chain is not as it was recorded"));
                break;
            };
            previous = own;
        }
        if i64::try_from(chain.len()) != Ok(*length) || !hash.eq_ignore_ascii_case(&hex(&previous)) {
            verdict.fault(format!("{tenant}: the chain has {} events and does not end where it should", chain.len()));
        }
    }
    for tenant in chains.keys() {
        verdict.fault(format!("{tenant}: a chain of events without its end"));
    }
}

fn own_hash(event: &Event, previous: &Hash) -> Option<Hash> {
    let data_hash = from_hex(&event.data_hash)?;
    let content = Content {
        id: &event.id,
        tenant: &event.tenant,
        subject: &event.subject,
        kind: &event.kind,
        at: event.at,
        actor: &event.actor,
        data_hash: &data_hash,
    };
    Some(content.hash_after(previous))
}

fn from_hex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() || !text.is_ascii() {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests;
