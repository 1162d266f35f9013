//! Made-up experts and artisans at real communes. They have numbers instead of names.

use std::collections::BTreeMap;

use constat_domain::Money;
use constat_domain::expert::{Expert, HourRange, OnCall, Schedule, Skills, Territory, Trade, WeeklyHours};
use constat_domain::gazetteer::{Commune, Gazetteer, Precision};
use constat_domain::holidays::zone_of_department;
use constat_domain::ids::ExpertId;
use constat_domain::service::ServiceKind;
use jiff::{Timestamp, civil};

use super::rng::SeededRng;

/// Experts of the firm.
pub const EXPERTS: usize = 200;

/// Workers of the repair network.
pub const ARTISANS: usize = 60;

/// Artisans who live around Paris, two for each trade, so that the walk always finds one.
const ARTISANS_OF_PARIS: usize = 2 * Trade::ALL.len();

/// Towns where people live who were not the first of their département.
const TOWN: u32 = 20_000;

fn has_a_known_place(commune: &Commune) -> bool {
    commune.precision == Precision::Commune && commune.postcodes().next().is_some()
}

/// Towns drawn by how many people live there.
struct Towns {
    communes: Vec<&'static Commune>,
    inhabitants: usize,
}

impl Towns {
    fn new(wanted: impl Fn(&Commune) -> bool) -> Self {
        let is_town = |commune: &&Commune| commune.population >= TOWN && wanted(commune);
        let communes: Vec<&Commune> = Gazetteer::embedded()
            .communes()
            .iter()
            .filter(|commune| has_a_known_place(commune))
            .filter(is_town)
            .collect();
        let inhabitants = communes.iter().map(|commune| commune.population as usize).sum();
        Self { communes, inhabitants }
    }

    fn draw(&self, rng: &mut SeededRng) -> Option<&'static Commune> {
        let mut left = rng.below(self.inhabitants);
        for commune in &self.communes {
            let here = commune.population as usize;
            if left < here {
                return Some(commune);
            }
            left -= here;
        }
        None
    }
}

/// The most peopled commune of each département, by département.
fn largest_of_departments() -> BTreeMap<&'static str, &'static Commune> {
    let mut largest: BTreeMap<&str, &Commune> = BTreeMap::new();
    for commune in Gazetteer::embedded().communes().iter().filter(|commune| has_a_known_place(commune)) {
        let best = largest.entry(commune.department()).or_insert(commune);
        if commune.population > best.population {
            *best = commune;
        }
    }
    largest
}

/// The experts: one in the largest town of each département, the others where people live.
pub fn experts(rng: &mut SeededRng, insurer: &str) -> Vec<Expert> {
    let departments = largest_of_departments();
    let towns = Towns::new(|_| true);
    let first: Vec<&Commune> = departments.values().copied().take(EXPERTS).collect();
    let others = EXPERTS - first.len();
    let bases: Vec<&Commune> =
        first.into_iter().chain((0..others).filter_map(|_| towns.draw(rng)).collect::<Vec<_>>()).collect();
    bases.into_iter().zip(1..).map(|(base, number)| expert(rng, base, number, &departments, insurer)).collect()
}

fn expert(
    rng: &mut SeededRng,
    base: &Commune,
    number: usize,
    departments: &BTreeMap<&str, &Commune>,
    insurer: &str,
) -> Expert {
    let mut kinds = vec![ServiceKind::OnSite];
    if rng.percent(70) {
        kinds.extend([ServiceKind::Video, ServiceKind::AtDistance, ServiceKind::Remote]);
    }
    if rng.percent(30) {
        kinds.push(ServiceKind::Adversarial);
    }
    let specialist = rng.percent(10);
    let natures = ["DegatsDesEaux", "Incendie", "CatastropheNaturelle", "Vol"];
    let skills = Skills {
        kinds,
        loss_natures: specialist.then(|| natures.map(str::to_owned).to_vec()),
        languages: Some(languages(rng)),
        insurers: rng.percent(10).then(|| vec![insurer.to_owned()]),
        limit_total: rng.percent(30).then(|| Money::euro_cents(5_000_000)),
        ..Skills::default()
    };
    let territory = if rng.percent(40) {
        let near = departments.values().filter(|town| town.position.distance_m(base.position) < 70_000.0);
        let mut codes: Vec<String> = near.map(|town| town.department().to_owned()).collect();
        codes.push(base.department().to_owned());
        codes.sort();
        codes.dedup();
        Territory::Departments(codes)
    } else {
        Territory::RadiusKm([40.0, 50.0, 60.0, 80.0][rng.below(4)])
    };
    let cap = 4 + u8::try_from(rng.below(4)).unwrap_or(0);
    let mut expert = person(rng, base, format!("Expert {number:03}"), skills, territory, cap);
    expert.weekly_cap = Some(4 * u16::from(cap));
    if specialist {
        expert.on_call = standing_by();
    } else if rng.percent(10) {
        expert.schedules = every_other_wednesday(&expert.week);
    }
    expert
}

/// French, and for some a second language.
fn languages(rng: &mut SeededRng) -> Vec<String> {
    let mut spoken = vec!["fr".to_owned()];
    if rng.percent(30) {
        spoken.push("en".to_owned());
    } else if rng.percent(10) {
        spoken.push(["ar", "de", "es", "it", "pt"][rng.below(5)].to_owned());
    }
    spoken
}

/// Every day from early to late, whenever the demonstration runs.
fn standing_by() -> Vec<OnCall> {
    let hours = HourRange::new(7 * 60, 20 * 60).into_iter().collect();
    vec![OnCall { from: civil::date(2020, 1, 1), to: civil::date(2099, 12, 31), hours }]
}

/// Two weeks that alternate: the plain one, and one without its Wednesday.
fn every_other_wednesday(week: &WeeklyHours) -> Vec<Schedule> {
    let short = WeeklyHours { wednesday: Vec::new(), ..week.clone() };
    vec![Schedule { from: civil::date(2020, 1, 6), to: None, weeks: vec![week.clone(), short] }]
}

/// The artisans: each holds one trade, some a second one.
pub fn artisans(rng: &mut SeededRng) -> Vec<Expert> {
    let around_paris = Towns::new(|commune| ["75", "92", "93", "94"].contains(&commune.department()));
    let towns = Towns::new(|commune| !commune.department().starts_with("97"));
    let mut people = Vec::with_capacity(ARTISANS);
    for number in 0..ARTISANS {
        let drawn = if number < ARTISANS_OF_PARIS { around_paris.draw(rng) } else { towns.draw(rng) };
        let Some(base) = drawn else { continue };
        let mut trades = vec![Trade::ALL[number % Trade::ALL.len()]];
        if rng.percent(30) {
            trades.push(Trade::ALL[rng.below(Trade::ALL.len())]);
            trades.sort_unstable();
            trades.dedup();
        }
        let skills = Skills { kinds: vec![ServiceKind::RepairInKind], trades, ..Skills::default() };
        let name = format!("Artisan {:03}", number + 1);
        people.push(person(rng, base, name, skills, Territory::RadiusKm(50.0), 5));
    }
    people
}

fn person(rng: &mut SeededRng, base: &Commune, name: String, skills: Skills, territory: Territory, cap: u8) -> Expert {
    let weeks: [[&str; 2]; 3] =
        [["08:30-12:30", "13:30-18:00"], ["09:00-12:00", "13:00-18:00"], ["08:00-12:00", "13:30-17:30"]];
    let hours = weeks[rng.below(3)].iter().filter_map(|text| text.parse::<HourRange>().ok()).collect::<Vec<_>>();
    let mut week = WeeklyHours::weekdays(&hours);
    // One in five is off on Wednesday afternoon, one in ten works on Saturday morning.
    if rng.percent(20) {
        week.wednesday.truncate(1);
    }
    if rng.percent(10) {
        week.saturday = hours.iter().take(1).copied().collect();
    }
    let id = ExpertId::new(Timestamp::UNIX_EPOCH, &rng.entropy());
    let zone = zone_of_department(base.department());
    Expert { skills, territory, week, daily_cap: Some(cap), ..Expert::new(id, name, base.position, zone) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_experts_cover_every_departement_and_every_record_is_sound() {
        let people = experts(&mut SeededRng::new(2026), "02000402");
        assert_eq!(people.len(), EXPERTS);
        assert!(people.iter().all(|person| person.check().is_empty()));
        assert!(largest_of_departments().len() >= 96, "{}", largest_of_departments().len());
        assert_eq!(people, experts(&mut SeededRng::new(2026), "02000402"), "the same seed gives the same world");
        assert_ne!(people, experts(&mut SeededRng::new(2027), "02000402"));
    }

    #[test]
    fn every_trade_is_held_often_and_around_paris_twice() {
        let people = artisans(&mut SeededRng::new(2026));
        assert_eq!(people.len(), ARTISANS);
        for trade in Trade::ALL {
            let holders = people.iter().filter(|person| person.skills.trades.contains(&trade));
            assert!(holders.count() >= 12);
            let paris = people.iter().take(ARTISANS_OF_PARIS).filter(|person| person.skills.trades.contains(&trade));
            assert!(paris.count() >= 2);
        }
    }
}
