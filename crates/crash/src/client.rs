//! A client that searches, books, reads, moves and cancels for as long as it is let, and asks again,
//! under the same key, whenever it does not know what became of a request.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use constat_client::wire::partner::{
    Appointment, AppointmentStatus, BookingRequest, CancelAppointment, HoldRequest, MoveAppointment, SearchAnswer,
    ServiceRequest, Timeslot,
};
use constat_client::{ClientError, Options, PartnerClient};
use tokio::sync::watch;

use crate::clock::now;
use crate::history::{Answer, Line, Span, Verb, Writer};
use crate::rng::SeededRng;
use crate::world::World;

/// What all clients share.
pub struct Shared {
    /// The world they book in.
    pub world: World,
    /// Where they write down what they did.
    pub history: Writer,
    /// How many days ahead a searched week may begin.
    pub days: usize,
    /// Base of each node's partner API.
    pub nodes: Vec<String>,
    /// True once no new case may be begun.
    pub over: watch::Receiver<bool>,
}

/// Places that visits are wanted at.
const PLACES: usize = 30;
/// Longest wait for one answer. Shorter than the patience of a server with a database that is away:
/// unknown outcomes are what this test is about.
const TIMEOUT: Duration = Duration::from_secs(4);
/// Longest time in which an operation of unknown outcome is tried again.
const RETRY_TIMEOUT: Duration = Duration::from_mins(2);
/// Bookings that a client keeps: with more it cancels its oldest, so that a long run neither fills the
/// calendars nor leaves appointments alone that are older than a few faults.
const KEPT: usize = 30;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// One client.
pub struct Client {
    number: usize,
    shared: Arc<Shared>,
    rng: SeededRng,
    /// One for each node.
    nodes: Vec<PartnerClient>,
    cases: usize,
    /// Its bookings that stand, oldest first: case and appointment.
    kept: VecDeque<(String, String)>,
}

/// What is asked for, the same at each try.
enum Request<'a> {
    Hold(HoldRequest),
    Release(&'a str),
    Book(Box<BookingRequest>),
    Read(&'a str),
    Move(&'a str, MoveAppointment),
    Cancel(&'a str, CancelAppointment),
}

impl Request<'_> {
    fn verb(&self) -> Verb {
        match self {
            Self::Hold(_) => Verb::Hold,
            Self::Release(_) => Verb::Release,
            Self::Book(_) => Verb::Book,
            Self::Read(_) => Verb::Read,
            Self::Move(..) => Verb::Move,
            Self::Cancel(..) => Verb::Cancel,
        }
    }

    fn slot(&self) -> Option<Span> {
        match self {
            Self::Book(booking) => Some(span(&booking.timeslot)),
            Self::Move(_, to) => Some(span(&to.timeslot)),
            Self::Hold(wanted) => Some(span(&wanted.timeslot)),
            Self::Release(_) | Self::Read(_) | Self::Cancel(..) => None,
        }
    }

    /// One try at one node.
    async fn ask(&self, client: &PartnerClient) -> Result<Answer, ClientError> {
        let appointment = match self {
            Self::Hold(wanted) => {
                let kept = client.hold_slot(wanted).await?;
                let (hold, slot) = (kept.hold_id, span(&kept.timeslot));
                return Ok(Answer::Held { hold, slot, until: kept.expires_at.0 });
            }
            Self::Release(hold) => return client.release_slot(hold).await.map(|_| Answer::Released),
            Self::Book(booking) => client.book_appointment(booking).await?.appointment().cloned(),
            Self::Read(id) => client.read_appointment(id).await?,
            Self::Move(id, to) => client.move_appointment(id, to).await?,
            Self::Cancel(id, reason) => client.cancel_appointment(id, reason).await?,
        };
        Ok(appointment.as_ref().map_or_else(silent, answer))
    }
}

impl Client {
    /// A client of every node.
    pub fn new(number: usize, seed: u64, shared: &Arc<Shared>) -> Self {
        let options = || Options { timeout: TIMEOUT, ..Options::default() };
        let key = &shared.world.keys[number % shared.world.keys.len()];
        let nodes = shared.nodes.iter().map(|url| PartnerClient::new(url, key, options()));
        Self {
            number,
            shared: Arc::clone(shared),
            rng: SeededRng::new(seed, 1 + number as u64),
            nodes: nodes.map(|client| client.expect("a client")).collect(),
            cases: 0,
            kept: VecDeque::new(),
        }
    }

    /// Works until the run is over.
    pub async fn run(mut self, pause: std::ops::Range<u64>) {
        while !*self.shared.over.borrow() {
            self.one_case().await;
            let mut over = self.shared.over.clone();
            let _is_over = tokio::time::timeout(self.rng.millis(pause.clone()), over.wait_for(|over| *over)).await;
        }
    }

    /// One case: perhaps held, booked, then perhaps read, moved, cancelled. Abandoned as soon as its state is
    /// unknown.
    async fn one_case(&mut self) -> Option<()> {
        self.cases += 1;
        let case = format!("C{:02}-{:06}", self.number, self.cases);
        let (request, found, slot) = self.search(None).await?;
        let booking = BookingRequest {
            timeslot: slot.clone(),
            session_id: found.session_id,
            location: request.appointment_location?,
            case_number: case.clone(),
            contact: None,
            notes: None,
            process: None,
        };
        if self.rng.percent(40) {
            let wanted = HoldRequest { timeslot: slot.clone(), session_id: booking.session_id.clone() };
            let Answer::Held { hold, .. } = self.operation(&case, &Request::Hold(wanted)).await? else { return None };
            match self.rng.below(100) {
                // Left alone: it ends by itself, after 300 s. Few, since a platform holds 200 times at most.
                0 => return None,
                1..15 => return self.operation(&case, &Request::Release(&hold)).await.map(drop),
                _ => {}
            }
        }
        let booked = self.operation(&case, &Request::Book(Box::new(booking))).await?;
        let Answer::Done { appointment: id, .. } = booked else { return None };
        for _change in 0..2 {
            match self.rng.below(10) {
                0..3 => self.read(&case, &id).await?,
                3..6 => self.move_somewhere(&case, &id).await?,
                6 => return self.cancel(&case, &id).await,
                _ => {}
            }
        }
        self.kept.push_back((case, id));
        if self.kept.len() > KEPT {
            let (case, id) = self.kept.pop_front()?;
            self.move_somewhere(&case, &id).await?;
            self.cancel(&case, &id).await?;
        }
        Some(())
    }

    async fn cancel(&mut self, case: &str, id: &str) -> Option<()> {
        let reason = CancelAppointment { reason: "ClientIndisponible".to_owned(), comment: None };
        self.operation(case, &Request::Cancel(id, reason)).await?;
        self.read(case, id).await
    }

    async fn read(&mut self, case: &str, id: &str) -> Option<()> {
        self.operation(case, &Request::Read(id)).await.map(drop)
    }

    async fn move_somewhere(&mut self, case: &str, id: &str) -> Option<()> {
        // Nothing to move to: it stays.
        let Some((_, found, slot)) = self.search(Some(id)).await else { return Some(()) };
        let to =
            MoveAppointment { timeslot: slot, session_id: found.session_id, reason: "ClientIndisponible".to_owned() };
        self.operation(case, &Request::Move(id, to)).await.map(drop)
    }

    /// Searches at any node until one answers, and picks a slot. `None`: nothing is free, or the run is
    /// over.
    async fn search(&mut self, moved: Option<&str>) -> Option<(ServiceRequest, SearchAnswer, Timeslot)> {
        let (place, day) = (self.rng.below(PLACES), self.rng.below(self.shared.days));
        let request = self.shared.world.search(place, day, moved);
        loop {
            let node = self.rng.below(self.nodes.len());
            if let Ok(found) = self.nodes[node].search_slots(&request).await {
                if found.timeslots.is_empty() {
                    return None;
                }
                // Half of them want the best one: so do others.
                let slot = if self.rng.percent(50) { 0 } else { self.rng.below(found.timeslots.len()) };
                let slot = found.timeslots[slot].clone();
                return Some((request, found, slot));
            }
            if *self.shared.over.borrow() {
                return None;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sends one request, to one node after the other, until an answer says whether it was done. `None` when that
    /// stays unknown.
    async fn operation(&mut self, case: &str, request: &Request<'_>) -> Option<Answer> {
        let (op, verb) = (self.shared.history.number(), request.verb());
        let key = (verb != Verb::Read).then(|| format!("crash-{}", self.rng.name()));
        self.shared.history.add(&Line::Asked {
            at: now(),
            op,
            client: self.number,
            verb,
            case: case.to_owned(),
            key: key.clone(),
            slot: request.slot(),
        });
        let begun = Instant::now();
        let mut in_doubt = false;
        loop {
            let node = self.rng.below(self.nodes.len());
            let client = key.as_ref().map_or_else(|| self.nodes[node].clone(), |key| self.nodes[node].idempotent(key));
            let answer = request.ask(&client).await.unwrap_or_else(|error| failure(&error));
            self.shared.history.add(&Line::Heard { at: now(), op, node, answer: answer.clone() });
            match answer {
                Answer::Done { .. } | Answer::Held { .. } | Answer::Released => return Some(answer),
                Answer::Refused { .. } => return (!in_doubt).then_some(answer),
                Answer::Unknown { .. } => in_doubt = true,
                Answer::NotSent => {}
            }
            if begun.elapsed() > RETRY_TIMEOUT {
                return None;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn span(slot: &Timeslot) -> Span {
    Span { start: slot.start_time.0, end: slot.end_time.0 }
}

fn answer(booked: &Appointment) -> Answer {
    let cancelled = booked.status == Some(AppointmentStatus::Cancelled);
    Answer::Done {
        appointment: booked.id.clone().unwrap_or_default(),
        slot: span(&booked.schedule),
        status: if cancelled { "cancelled" } else { "booked" }.to_owned(),
        expert: booked.expert.as_ref().map(|expert| expert.id.clone()).unwrap_or_default(),
    }
}

/// A success that does not tell the appointment: this server always does.
fn silent() -> Answer {
    Answer::Unknown { why: "a success that does not tell the appointment".to_owned() }
}

/// What a failed call says of what was done. A refusal is final, also one for too many holds (429): no attempt under
/// its key has done anything. A server in trouble (5xx) says nothing.
fn failure(error: &ClientError) -> Answer {
    match error {
        ClientError::Transport { cause, .. } if cause.is_connect() => Answer::NotSent,
        ClientError::Status { refused, .. } if refused.status < 500 => {
            Answer::Refused { status: refused.status, code: refused.code }
        }
        // Without the URL: it is in the history by its number.
        other => Answer::Unknown { why: other.to_string() },
    }
}
