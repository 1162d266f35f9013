//! How fast is a search? `cargo bench -p constat-availability` (`-- --help` for what it can do).
//!
//! Synthetic experts (seeded, the same each run), visits on most days, travel by the estimator. One
//! thread, no server. Between the searches, in the same run, walks the floor: the same gaps, the same
//! drives, and nothing but a count of the starts that fit.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measuring program: it may stop, and prints rounded figures"
)]

mod plot;
mod world;

use std::alloc::System;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use constat_availability::{
    Estimator, Legs, OpenOffer, OpenOffers, PlaceFacts, Requirement, Settings, Spot, Travel, search,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use world::{Dice, World};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const HELP: &str = "cargo bench -p constat-availability -- [OPTIONS]

  --quick         only 1,000 experts x 30 days, every expert eligible
  --only E D      only E experts x D days, every expert eligible
  --json          one JSON object for each line
  --plot FILE     draws p50 against experts as an SVG picture
  --open N        N offers that others were made are open, each made as a search that knew those before it
  --searches N    searches of each size (default: as many as fit in about two seconds, 2,000 at most)";

/// Who may take the request.
#[derive(Clone, Copy, PartialEq)]
pub enum Share {
    /// Every expert is eligible.
    All,
    /// One in twenty, by skill.
    Twentieth,
    /// Those who serve the département: about one in a hundred.
    Territory,
}

impl Share {
    const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Twentieth => "5 %",
            Self::Territory => "territory",
        }
    }
}

/// What one size gave.
pub struct Row {
    experts: u32,
    days: u16,
    share: Share,
    searches: usize,
    /// Share of searches with at least one offer. With 60 visits in 7 days few experts are free.
    answered: f64,
    p50_us: f64,
    p99_us: f64,
    floor_us: f64,
    ns_per_expert_day: f64,
    allocations: f64,
    bytes_per_expert: f64,
    update_us: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let after = |flag: &str, place: usize| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + place).cloned()
    };
    if has("--help") {
        println!("{HELP}");
        return;
    }
    let mut sizes = Vec::new();
    if let (Some(experts), Some(days)) = (after("--only", 1), after("--only", 2)) {
        sizes.push((experts.parse().unwrap(), days.parse().unwrap(), Share::All));
    } else if has("--quick") {
        sizes.push((1_000, 30, Share::All));
    } else {
        for share in [Share::All, Share::Twentieth] {
            for days in [7, 30, 90] {
                sizes.extend([10, 100, 1_000, 10_000].map(|experts| (experts, days, share)));
            }
        }
        sizes.push((10_000, 30, Share::Territory));
    }
    let wanted = after("--searches", 1).map(|count| count.parse().unwrap());
    let open = after("--open", 1).map_or(0, |count| count.parse().unwrap());
    let json = has("--json");
    if !json {
        println!(
            "{:>7} {:>5} {:>9} {:>6} | {:>9} {:>9} {:>9} {:>6} | {:>9} {:>7} {:>9} {:>9}",
            "experts",
            "days",
            "eligible",
            "found",
            "p50 us",
            "p99 us",
            "floor us",
            "ratio",
            "ns/e-day",
            "allocs",
            "B/expert",
            "update us"
        );
    }
    let rows: Vec<Row> = sizes
        .into_iter()
        .map(|(experts, days, share)| {
            let row = measure(experts, days, share, (wanted, open));
            if json {
                print_json(&row);
            } else {
                print_row(&row);
            }
            row
        })
        .collect();
    if let Some(file) = after("--plot", 1) {
        std::fs::write(&file, plot::draw(&rows)).unwrap();
        println!("drawn: {file}");
    }
}

fn print_row(row: &Row) {
    println!(
        "{:>7} {:>5} {:>9} {:>5.0}% | {:>9.1} {:>9.1} {:>9.1} {:>6.2} | {:>9.1} {:>7.0} {:>9.0} {:>9.1}",
        row.experts,
        row.days,
        row.share.name(),
        row.answered * 100.0,
        row.p50_us,
        row.p99_us,
        row.floor_us,
        row.p50_us / row.floor_us,
        row.ns_per_expert_day,
        row.allocations,
        row.bytes_per_expert,
        row.update_us
    );
}

fn print_json(row: &Row) {
    let Row { experts, days, searches, p50_us, p99_us, floor_us, ns_per_expert_day, .. } = row;
    let Row { share, answered, allocations, bytes_per_expert, update_us, .. } = row;
    println!(
        r#"{{"experts": {experts}, "days": {days}, "eligible": "{}", "searches": {searches}, "answered": {answered:.3}, "p50_us": {p50_us:.2}, "p99_us": {p99_us:.2}, "floor_p50_us": {floor_us:.2}, "ns_per_expert_day": {ns_per_expert_day:.2}, "allocations": {allocations:.1}, "bytes_per_expert": {bytes_per_expert:.0}, "update_us": {update_us:.2}}}"#,
        share.name()
    );
}

fn measure(experts: u32, days: u16, share: Share, (wanted, open): (Option<usize>, usize)) -> Row {
    let settings = Arc::new(Settings::default());
    let travel = Estimator::default();
    let mut dice = Dice::new(7);
    let before = Region::new(ALLOCATOR);
    let World { mut index, floor } = world::build(experts, days, share, &settings, &mut dice);
    let grown = before.change();
    let kept = grown.bytes_allocated.saturating_sub(grown.bytes_deallocated).saturating_sub(floor.bytes());
    let request = world::request(days, share);
    let asks = |dice: &mut Dice| {
        let place = PlaceFacts {
            position: Some(dice.place(share)),
            department: Some("75".to_owned()),
            zone: "Europe/Paris".to_owned(),
        };
        (place.position.unwrap(), place)
    };
    let now = world::monday();
    let budget = 2_000_000 / (u64::from(experts) * u64::from(days) / 20 + 20);
    let searches = wanted.unwrap_or(usize::try_from(budget).unwrap().clamp(200, 2_000));
    let open = {
        let mut made = Vec::new();
        while made.len() < open {
            let mut ask = Requirement::derive(&request, &asks(&mut dice).1, &settings, &|_, _| false, now).unwrap();
            ask.open = OpenOffers::new(made.clone());
            let site = ask.site.map(Spot::new);
            let offers = search(&index, &ask, &travel).offers;
            assert!(!offers.is_empty(), "at least one expert is free");
            made.extend(offers.iter().map(|offer| OpenOffer {
                expert: offer.expert,
                start: offer.busy_from,
                end: offer.busy_to,
                site,
                per_mille: 100,
            }));
        }
        OpenOffers::new(made)
    };
    let (mut micros, mut floors) = (Vec::new(), Vec::new());
    let (mut allocations, mut answered, mut starts) = (0, 0, 0);
    let mut legs = Legs::default();
    for round in 0..searches + searches / 10 {
        let (position, place) = asks(&mut dice);
        let region = Region::new(ALLOCATOR);
        let begun = Instant::now();
        let mut ask = Requirement::derive(&request, &place, &settings, &|_, _| false, now).unwrap();
        ask.open = open.clone();
        let outcome = search(&index, &ask, &travel);
        let took = begun.elapsed();
        let allocated = region.change().allocations;
        let is_answered = !black_box(&outcome).offers.is_empty();
        let begun = Instant::now();
        starts += floor.walk(&Spot::new(position), &travel, &mut legs);
        let floor_took = begun.elapsed();
        // The first tenth warms up.
        if round >= searches / 10 {
            micros.push(took.as_nanos() as f64 / 1000.0);
            floors.push(floor_took.as_nanos() as f64 / 1000.0);
            allocations += allocated;
            answered += usize::from(is_answered);
        }
    }
    black_box(starts);
    let update_us = update(&mut index, &travel, &mut dice);
    for list in [&mut micros, &mut floors] {
        list.sort_unstable_by(f64::total_cmp);
    }
    let at = |list: &[f64], share: usize| list[(list.len() * share / 100).min(list.len() - 1)];
    Row {
        experts,
        days,
        share,
        searches,
        answered: answered as f64 / searches as f64,
        p50_us: at(&micros, 50),
        p99_us: at(&micros, 99),
        floor_us: at(&floors, 50),
        ns_per_expert_day: at(&micros, 50) * 1000.0 / (f64::from(experts) * f64::from(days)),
        allocations: allocations as f64 / searches as f64,
        bytes_per_expert: kept as f64 / f64::from(experts),
        update_us,
    }
}

/// Microseconds to take a booking into the index while a reader holds the last snapshot: p50 of a
/// booking and its removal, each on another expert.
fn update(index: &mut constat_availability::CalendarIndex, travel: &impl Travel, dice: &mut Dice) -> f64 {
    let people: Vec<_> = index.calendars().map(|calendar| calendar.expert().id).collect();
    let mut micros: Vec<f64> = (0..1_000)
        .map(|_| {
            let expert = people[usize::try_from(dice.below(u64::try_from(people.len()).unwrap())).unwrap()];
            let entry = world::visit(dice.below(5), dice.below(9), Share::All, dice);
            let reader = index.clone();
            let begun = Instant::now();
            index.insert_busy(expert, entry, travel);
            let took = begun.elapsed();
            drop(reader);
            index.remove_appointment(expert, entry.appointment.unwrap(), travel);
            took.as_nanos() as f64 / 1000.0
        })
        .collect();
    micros.sort_unstable_by(f64::total_cmp);
    micros[micros.len() / 2]
}
