//! How many offers are honoured: bookings of an offered slot that succeed, by how full the calendars are.
//!
//! *Full* is counted, not reckoned: a firm of the same experts is booked, at places, days and times by
//! chance, until no expert is free; the visits that it then has are what the calendars hold, with
//! drives, breaks and buffers as they come. At 80 % a firm has four fifths of those visits.
//!
//! From there on each client searches the whole window, lets its other open offer be booked first, then
//! books one of its offers: the first, or one by chance. Between an offer and its booking the other clients
//! book about as many visits as there are of them; how many is counted. Each search is for another claim; who is
//! refused goes on with the next.
//!
//! The calendars stay as full as they are, in one of two ways. *Undone*: what a client booked is cancelled once
//! as many others were booked as there are clients, so that the calendars stay evenly filled. *Churned*: for
//! each booking a visit by chance is cancelled, so that the next days, which all clients prefer, fill up, and what
//! is offered there is what was given back a moment ago.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Instant;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::{Caller, Offered};
use super::cluster::{Cluster, Firm};
use super::figures::{interval, share, visits_at};
use super::{Part, answer_counts, latencies, run_figures};
use crate::load::Run;
use crate::rounded;
use fastrand::Rng;

const UTILISATIONS: [usize; 3] = [50, 80, 95];
/// Days ahead that are filled and searched; the working days among them, counted from tomorrow, a Tuesday.
const WINDOW: i64 = 14;
const WORKING_DAYS: [i64; 10] = [0, 1, 2, 3, 6, 7, 8, 9, 10, 13];
/// Clients that fill the calendars.
const FILLING: usize = 32;
/// Offers of a search.
const OFFERS: u8 = 10;
/// A client ends its line after this number of searches in a row that find nothing.
const GIVES_UP: usize = 100;

/// How large it is.
struct Size {
    experts: usize,
    /// Bookings of each line.
    bookings: usize,
    /// One of this number of clients of each line.
    clients_by: usize,
    /// The firm counts as full after this number of searches in a row that find nothing.
    empty_in_a_row: usize,
}

/// Which of the offers a client books.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    First,
    ByChance,
}

/// How the calendars are kept as full as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Undone,
    Churned,
}

/// Each line: how many clients, what they choose, and what is cancelled. What is churned comes last: it leaves
/// the calendars filled unevenly.
const LINES: [(usize, Choice, Kept); 6] = [
    (2, Choice::ByChance, Kept::Undone),
    (8, Choice::ByChance, Kept::Undone),
    (64, Choice::ByChance, Kept::Undone),
    (64, Choice::First, Kept::Undone),
    (8, Choice::ByChance, Kept::Churned),
    (64, Choice::ByChance, Kept::Churned),
];

/// A firm, what it has booked, and what is going on.
struct Calendars<'a> {
    cluster: &'a Cluster,
    firm: Firm,
    booked: RefCell<Vec<(String, Option<Timestamp>)>>,
    /// Bookings that are asked for and not answered.
    under_way: Cell<usize>,
    /// Searches since the last that found something.
    empty: Cell<usize>,
    /// Bookings so far, of all clients.
    made: Cell<usize>,
    /// Claims so far: each search is for another.
    claims: Cell<usize>,
}

/// What the clients of one line go by.
struct Round {
    choice: Choice,
    bookings: usize,
    /// Bookings that were begun.
    begun: Cell<usize>,
    /// How many of the round's own visits stand before the oldest is cancelled.
    stand: usize,
    /// Those, oldest first.
    fresh: RefCell<VecDeque<String>>,
}

/// What one line came to.
#[derive(Default)]
struct Line {
    bookings: Run,
    searches: Run,
    without_offer: usize,
    /// Visits that others booked between a client's search and its booking, all added up.
    between: usize,
    /// Cancellations that were not answered with success.
    not_cancelled: usize,
}

pub async fn measure(cluster: &Cluster, quick: bool) -> Part {
    let size = if quick {
        Size { experts: 3, bookings: 40, clients_by: 8, empty_in_a_row: 40 }
    } else {
        Size { experts: 100, bookings: 4_000, clients_by: 1, empty_in_a_row: 300 }
    };
    let whole = Calendars::new(cluster, size.experts).await;
    whole.fill(usize::MAX, size.empty_in_a_row).await;
    let full = whole.booked.borrow().len();
    let mut wrong = whole.wrong();
    let (each, days) = (share(full, size.experts), WORKING_DAYS.len());
    let mut lines = vec![format!(
        "offers: {} experts over {days} working days hold {full} visits of an hour ({:.1} each a day)",
        size.experts,
        each / 10.0,
    )];
    let mut rows = Vec::new();
    for percent in UTILISATIONS {
        eprintln!("{percent} % of {full} visits ...");
        let calendars = Calendars::new(cluster, size.experts).await;
        calendars.fill(visits_at(percent, full), size.empty_in_a_row).await;
        for (clients, choice, kept) in LINES {
            let clients = (clients / size.clients_by).max(1);
            let line = calendars.line(clients, (choice, kept), size.bookings).await;
            let is_full = share(calendars.booked.borrow().len(), full) * 100.0;
            let Line { bookings, searches, without_offer, between, not_cancelled } = &line;
            let (honoured, tries) = (bookings.count(201), bookings.latencies.len());
            let (low, high) = interval(honoured, tries);
            let between = share(*between, tries);
            let chosen = if choice == Choice::First { "the first offer" } else { "an offer by chance" };
            let kept = if kept == Kept::Undone { "undone" } else { "churned" };
            lines.push(format!(
                "{percent} % full, {kept}, {clients} clients, {chosen}: {honoured} of {tries} honoured, {:.2} % \
                 (95 times in 100 between {:.2} and {:.2}); {between:.0} others booked meanwhile; {without_offer} \
                 searches found nothing; in the end {is_full:.1} % full; booking {}; answers {}",
                share(honoured, tries) * 100.0,
                low * 100.0,
                high * 100.0,
                latencies(bookings),
                answer_counts(bookings),
            ));
            rows.push(json!({
                "fullPercent": percent,
                "kept": kept,
                "clients": clients,
                "chosen": chosen,
                "tries": tries,
                "honoured": honoured,
                "share": rounded(share(honoured, tries) * 100.0) / 100.0,
                "interval95": [low, high],
                "bookedByOthersBetween": rounded(between),
                "searches": run_figures(searches),
                "bookings": run_figures(bookings),
                "searchesWithoutOffer": without_offer,
                "notCancelled": not_cancelled,
                "fullPercentInTheEnd": rounded(is_full),
            }));
            wrong += not_cancelled;
        }
        wrong += calendars.wrong();
    }
    let figures = json!({ "experts": size.experts, "workingDays": days, "visitsWhenFull": full, "rows": rows });
    Part { lines, figures, wrong }
}

impl<'a> Calendars<'a> {
    /// A new firm, its experts free.
    async fn new(cluster: &'a Cluster, experts: usize) -> Self {
        let firm = cluster.firm(experts, (0, 1)).await;
        let (booked, under_way, empty, made) = (RefCell::default(), Cell::new(0), Cell::new(0), Cell::new(0));
        Self { cluster, firm, booked, under_way, empty, made, claims: Cell::new(0) }
    }

    async fn caller(&self, client: usize) -> Caller {
        Caller::open(self.cluster.address(client), &self.firm.key).await.expect("a connection")
    }

    /// Books at places, days and times by chance until a number of visits is reached, or no expert is free.
    async fn fill(&self, visits: usize, empty_in_a_row: usize) {
        join_all((0..FILLING).map(|client| async move {
            let (mut caller, mut rng) = (self.caller(client).await, Rng::with_seed(client as u64 + 1));
            while self.booked.borrow().len() + self.under_way.get() < visits && self.empty.get() < empty_in_a_row {
                self.under_way.set(self.under_way.get() + 1);
                let day = WORKING_DAYS[rng.usize(..WORKING_DAYS.len().max(1))];
                let search = self.search(&mut rng, (day, 1), 30);
                let offered = caller.must_find(search).await;
                if offered.count() == 0 {
                    self.empty.set(self.empty.get() + 1);
                } else {
                    self.empty.set(0);
                    self.book(&mut caller, &offered, rng.usize(..offered.count().max(1))).await;
                }
                self.under_way.set(self.under_way.get() - 1);
            }
        }))
        .await;
    }

    /// A search at a place by chance, for a claim of its own.
    fn search(&self, rng: &mut Rng, window: (i64, i64), limit: u8) -> Value {
        let mut search = self.cluster.search(rng.usize(..10_000), window, limit);
        self.claims.set(self.claims.get() + 1);
        search["insurerClaimId"] = json!(format!("BENCH-{}", self.claims.get()));
        search
    }

    /// Books; the status.
    async fn book(&self, caller: &mut Caller, offered: &Offered, slot: usize) -> u16 {
        let (status, id) = caller.book(offered, slot, "BENCH").await.expect("an answer");
        if status == 201 {
            self.made.set(self.made.get() + 1);
            self.booked.borrow_mut().push((id, offered.start(slot)));
        }
        status
    }

    /// A number of bookings by a number of clients.
    async fn line(&self, clients: usize, (choice, kept): (Choice, Kept), bookings: usize) -> Line {
        let (begun, fresh) = (Cell::new(0), RefCell::default());
        // How many of their own visits stand before the oldest is cancelled; all, when others' are.
        let stand = if kept == Kept::Undone { clients } else { usize::MAX };
        let round = Round { choice, bookings, begun, stand, fresh };
        let of_clients = join_all((0..clients).map(|client| self.client(client, &round))).await;
        let mut line = Line::default();
        for one in of_clients {
            line.bookings.add(one.bookings);
            line.searches.add(one.searches);
            line.without_offer += one.without_offer;
            line.between += one.between;
            line.not_cancelled += one.not_cancelled;
        }
        // The next line begins with calendars as full as this one did.
        let mut caller = self.caller(0).await;
        for id in round.fresh.take() {
            self.booked.borrow_mut().retain(|(booked, _)| *booked != id);
            line.not_cancelled += usize::from(caller.cancel(&id).await.expect("an answer") != 200);
        }
        line
    }

    /// One client: always one offer more than it books, so that each waits while the others book.
    async fn client(&self, client: usize, round: &Round) -> Line {
        let (mut caller, mut rng) = (self.caller(client).await, Rng::with_seed(client as u64 + 7_001));
        let (mut line, mut open) = (Line::default(), VecDeque::new());
        let mut empty_in_a_row = 0;
        while round.begun.get() < round.bookings && empty_in_a_row < GIVES_UP {
            let sent = Instant::now();
            let search = self.search(&mut rng, (0, WINDOW), OFFERS);
            let (status, offered) = caller.search(search).await.expect("an answer");
            line.searches.note(status, sent.elapsed());
            if status == 200 && offered.count() > 0 {
                open.push_back((offered, self.made.get()));
                empty_in_a_row = 0;
            } else {
                line.without_offer += 1;
                empty_in_a_row += 1;
            }
            // When nothing is found, what is open is booked all the same.
            if open.len() < 2 && empty_in_a_row == 0 {
                continue;
            }
            let Some((offered, made)) = open.pop_front() else { continue };
            round.begun.set(round.begun.get() + 1);
            line.between += self.made.get() - made;
            let slot = if round.choice == Choice::First { 0 } else { rng.usize(..offered.count().max(1)) };
            let sent = Instant::now();
            let status = self.book(&mut caller, &offered, slot).await;
            line.bookings.note(status, sent.elapsed());
            if status == 201
                && let Some(id) = self.to_cancel(round, &mut rng)
            {
                line.not_cancelled += usize::from(caller.cancel(&id).await.expect("an answer") != 200);
            }
        }
        line
    }

    /// What is cancelled after a booking, taken out of what is booked: the oldest of this round once enough of
    /// them stand, or any.
    fn to_cancel(&self, round: &Round, rng: &mut Rng) -> Option<String> {
        let mut booked = self.booked.borrow_mut();
        if round.stand == usize::MAX {
            let any = rng.usize(..booked.len().max(1));
            return Some(booked.swap_remove(any).0);
        }
        let mut fresh = round.fresh.borrow_mut();
        fresh.push_back(booked.last()?.0.clone());
        let oldest = if fresh.len() > round.stand { fresh.pop_front()? } else { return None };
        let place = booked.iter().position(|(id, _)| *id == oldest)?;
        Some(booked.remove(place).0)
    }

    /// How many answers were wrong, by what is booked in the end.
    fn wrong(&self) -> usize {
        let booked = self.booked.borrow();
        let verdict = self.cluster.judge(&self.firm, &booked);
        verdict.overlapping + verdict.missing.max(verdict.visits.abs_diff(booked.len()))
    }
}
