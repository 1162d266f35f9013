//! Prices for times that other callers were offered and may still book.
//!
//! A commit may replace the offered expert with another one who is free (late binding). An open offer
//! can therefore be kept as long as one eligible expert is left. For an expert who is named in an open
//! offer, two prices apply. Starts that conflict with the offer cost a few points more, so that an expert
//! without open offers is preferred. A start that only such experts can take also costs points for the
//! probability that all of them are booked, which follows from their number and from the number of open
//! offers in conflict. Such a start stays in the search: it is offered when nothing else is free.
//!
//! An expert without open offers costs no extra work here.

use std::ops::Range;

use crate::best_expert::{BestExpertPerStart, Entry};
use crate::gaps::Origin;
use crate::grid::{Grid, StartCollector};
use crate::index::CalendarIndex;
use crate::open_offers::OpenOffer;
use crate::requirement::Requirement;
use crate::settings::Weights;
use crate::travel::{Spot, Travel};

/// An open offer in conflict with the requested visit.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    /// A visit that overlaps this range conflicts with it.
    from: i32,
    to: i32,
    per_mille: i32,
}

/// The open offers during a search.
pub(crate) struct OpenOfferPenalty<'a> {
    offers: &'a [OpenOffer],
    /// Ranges of `offers` by expert number, ascending.
    of: Vec<(u32, Range<usize>)>,
    /// Index of the first entry of `of` that is not processed yet.
    next: usize,
    origin: Origin,
    grid: Grid,
    occupied: i32,
    /// The best named expert for each start, and the runs of the current one.
    pub(crate) collector: StartCollector,
    /// Closed time of the current expert, including conflicts with open offers.
    pub(crate) shut: Vec<(i32, i32)>,
    wanted: Vec<Wanted>,
    /// The starts of one run that conflict.
    met: Vec<(usize, usize)>,
    /// Number of experts who can take each start and have an open offer in conflict, as differences.
    able: Vec<i32>,
    /// Expected bookings of their open offers, in thousandths, as differences.
    demand: Vec<i32>,
}

impl<'a> OpenOfferPenalty<'a> {
    /// The open offers of a search's calendars; `None` when there are none.
    pub(crate) fn new(index: &CalendarIndex, requirement: &'a Requirement, grid: Grid, longest: usize) -> Option<Self> {
        let offers = requirement.open.all();
        if offers.is_empty() {
            return None;
        }
        let mut of = Vec::new();
        let mut from = 0;
        for named in offers.chunk_by(|one, other| one.expert == other.expert) {
            let range = from..from + named.len();
            from = range.end;
            if let Ok(number) = index.position(named[0].expert) {
                of.push((u32::try_from(number).unwrap_or(u32::MAX), range));
            }
        }
        let zeros = || vec![0; grid.len() + 1];
        Some(Self {
            offers,
            of,
            next: 0,
            origin: index.origin(),
            grid,
            occupied: requirement.occupied_seconds(),
            collector: StartCollector { best: BestExpertPerStart::new(grid.len(), longest), runs: Vec::new() },
            shut: Vec::new(),
            wanted: Vec::new(),
            met: Vec::new(),
            able: zeros(),
            demand: zeros(),
        })
    }

    /// Selects an expert if open offers name it. Expert numbers must ascend.
    pub(crate) fn naming(&mut self, number: u32) -> Option<&mut Self> {
        while self.of.get(self.next).is_some_and(|(known, _)| *known < number) {
            self.next += 1;
        }
        let (known, _) = self.of.get(self.next)?;
        (*known == number).then_some(self)
    }

    /// Collects the closed time of the expert selected by [`OpenOfferPenalty::naming`]: `closed`, and the conflicts
    /// with its open offers, including drives and buffer.
    pub(crate) fn gather<T: Travel + ?Sized>(
        &mut self,
        buffer: i32,
        site: Option<&Spot>,
        closed: &[(i32, i32)],
        travel: &T,
    ) {
        self.wanted.clear();
        self.shut.clear();
        let range = self.of.get(self.next).map_or(0..0, |(_, range)| range.clone());
        for offer in &self.offers[range] {
            let (there, back) = match (site, &offer.site) {
                (Some(site), Some(other)) => (travel.between(site, other), travel.between(other, site)),
                _ => (0, 0),
            };
            let (start, end) =
                (self.origin.seconds(offer.start.as_second()), self.origin.seconds(offer.end.as_second()));
            let (from, to) = (start.saturating_sub(buffer + there), end.saturating_add(buffer + back));
            self.wanted.push(Wanted { from, to, per_mille: offer.per_mille.into() });
        }
        self.shut.extend_from_slice(closed);
        self.shut.extend(self.wanted.iter().map(|wanted| (wanted.from, wanted.to)));
        self.shut.sort_unstable();
        self.shut.dedup_by(|next, known| {
            let touches = next.0 <= known.1;
            if touches {
                known.1 = known.1.max(next.1);
            }
            touches
        });
    }

    /// Adds the current expert's runs and conflicting offers to the counts.
    pub(crate) fn count(&mut self) {
        for (from, to) in self.collector.runs.drain(..) {
            let within = |wanted: &Wanted| {
                let cells = self.grid.within(wanted.from - self.occupied + 1, wanted.to - 1);
                (cells.start.max(from), cells.end.min(to))
            };
            self.met.clear();
            for wanted in &self.wanted {
                let (first, end) = within(wanted);
                if first < end {
                    self.demand[first] += wanted.per_mille;
                    self.demand[end] -= wanted.per_mille;
                    self.met.push((first, end));
                }
            }
            self.met.sort_unstable();
            let mut counted = 0;
            for (first, end) in self.met.iter().copied() {
                let first = first.max(counted);
                if first < end {
                    self.able[first] += 1;
                    self.able[end] -= 1;
                    counted = end;
                }
            }
        }
    }

    /// Merges the named experts into the cells where they are cheaper despite the penalty. Returns the penalty of
    /// each cell.
    pub(crate) fn settle(self, cells: &mut [Entry], weights: &Weights) -> Vec<u32> {
        let mut promised = vec![0; cells.len()];
        let (mut able, mut demand) = (0, 0);
        for (number, named) in self.collector.best.into_best().into_iter().enumerate() {
            able += self.able[number];
            demand += self.demand[number];
            let Some((cost, expert)) = named.get() else { continue };
            // An expert who is not named stays free when all named ones are booked: count at least one.
            let left = i32::from(cells[number] != Entry::NONE);
            let points = weights.open_offer.min(Weights::HIGHEST) + price(gone(able + left, demand), weights);
            let entry = Entry::capped(cost + u64::from(points), expert);
            if entry < cells[number] {
                (cells[number], promised[number]) = (entry, points);
            }
        }
        promised
    }
}

/// Points for a probability.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100 million")]
fn price(risk: f64, weights: &Weights) -> u32 {
    (risk * 100.0 * f64::from(weights.open_offer_percent.min(Weights::HIGHEST))) as u32
}

/// The probability that bookings take all experts of a start: Poisson distribution, with `demand` in
/// thousandths of a booking.
fn gone(able: i32, demand: i32) -> f64 {
    let expected = f64::from(demand.max(0)) / 1000.0;
    let mut term = (-expected).exp();
    let mut fewer = 0.0;
    for booked in 1..=able.clamp(0, 200) {
        fewer += term;
        term *= expected / f64::from(booked);
    }
    (1.0 - fewer).clamp(0.0, 1.0)
}
