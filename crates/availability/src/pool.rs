//! Who may take what: one set of experts for each thing a request can ask for, so that a search
//! intersects sets instead of reading every record.
//!
//! It answers what [`eligible`](crate::eligible) answers record by record.

use std::collections::HashMap;
use std::hash::Hash;

use constat_domain::Money;
use constat_domain::expert::{Expert, Skills, Territory, Trade};
use constat_domain::service::{CustomerType, Dwelling, ServiceKind};

use crate::bits::Bits;
use crate::eligibility::{covers, within};
use crate::reason::{ReasonCode, Tally};
use crate::requirement::Requirement;
use crate::travel::Spot;

/// Sets of experts by number.
#[derive(Debug)]
pub(crate) struct Pool {
    active: Bits,
    kinds: HashMap<ServiceKind, Bits>,
    natures: Listed<String>,
    trades: HashMap<Trade, Bits>,
    insurers: Listed<String>,
    customers: Listed<CustomerType>,
    dwellings: Listed<Dwelling>,
    languages: Listed<String>,
    /// Those who must not be sent for an insurer, or for a file.
    excluded_insurers: HashMap<String, Bits>,
    excluded_cases: HashMap<String, Bits>,
    /// Those with a tie to an insurer.
    ties: HashMap<String, Bits>,
    /// Those with a limit to their authority, and their limits.
    limited: Bits,
    limits: Vec<Limits>,
    departments: Listed<String>,
    /// Those whose territory is a circle.
    circled: Bits,
    circles: Vec<Circle>,
}

/// Who a restriction lets through.
#[derive(Debug)]
struct Listed<K> {
    /// Those without the restriction.
    free: Bits,
    by_value: HashMap<K, Bits>,
}

impl<K: Eq + Hash + Clone> Listed<K> {
    fn new(count: usize) -> Self {
        Self { free: Bits::none(count), by_value: HashMap::new() }
    }

    fn enter(&mut self, number: usize, count: usize, values: Option<&Vec<K>>) {
        match values {
            None => self.free.insert(number),
            Some(values) => enter(&mut self.by_value, number, count, values),
        }
    }
}

fn enter<K: Eq + Hash + Clone>(sets: &mut HashMap<K, Bits>, number: usize, count: usize, values: &[K]) {
    for value in values {
        sets.entry(value.clone()).or_insert_with(|| Bits::none(count)).insert(number);
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    total: Option<Money>,
    contents: Option<Money>,
    building: Option<Money>,
}

#[derive(Debug, Clone, Copy)]
struct Circle {
    base: Spot,
    metres: f64,
}

impl Pool {
    /// Sorts experts, given in the order of their numbers, into sets.
    pub(crate) fn new<'a>(count: usize, experts: impl Iterator<Item = &'a Expert>) -> Self {
        let none = || Bits::none(count);
        let mut pool = Self {
            active: none(),
            kinds: HashMap::new(),
            natures: Listed::new(count),
            trades: HashMap::new(),
            insurers: Listed::new(count),
            customers: Listed::new(count),
            dwellings: Listed::new(count),
            languages: Listed::new(count),
            excluded_insurers: HashMap::new(),
            excluded_cases: HashMap::new(),
            ties: HashMap::new(),
            limited: none(),
            limits: Vec::with_capacity(count),
            departments: Listed::new(count),
            circled: none(),
            circles: Vec::with_capacity(count),
        };
        for (number, expert) in experts.enumerate() {
            pool.enter(number, count, expert);
        }
        pool
    }

    fn enter(&mut self, number: usize, count: usize, expert: &Expert) {
        let skills = &expert.skills;
        if expert.active {
            self.active.insert(number);
        }
        enter(&mut self.kinds, number, count, &skills.kinds);
        enter(&mut self.trades, number, count, &skills.trades);
        self.natures.enter(number, count, skills.loss_natures.as_ref());
        self.insurers.enter(number, count, skills.insurers.as_ref());
        self.customers.enter(number, count, skills.customers.as_ref());
        self.dwellings.enter(number, count, skills.dwellings.as_ref());
        self.languages.enter(number, count, skills.languages.as_ref());
        enter(&mut self.excluded_insurers, number, count, &expert.exclusions.insurers);
        enter(&mut self.excluded_cases, number, count, &expert.exclusions.cases);
        enter(&mut self.ties, number, count, &expert.ties);
        let Skills { limit_total: total, limit_contents: contents, limit_building: building, .. } = *skills;
        if total.or(contents).or(building).is_some() {
            self.limited.insert(number);
        }
        self.limits.push(Limits { total, contents, building });
        let mut metres = 0.0;
        match &expert.territory {
            Territory::Anywhere => self.departments.free.insert(number),
            Territory::Departments(codes) => self.departments.enter(number, count, Some(codes)),
            Territory::RadiusKm(km) => {
                self.circled.insert(number);
                metres = km * 1000.0;
            }
        }
        self.circles.push(Circle { base: Spot::new(expert.base), metres });
    }

    /// Who may take a requirement, and how many may not, by the first reason.
    pub(crate) fn eligible(&self, requirement: &Requirement) -> (Bits, Tally) {
        let mut left = Narrowing { set: self.active.clone(), tally: Tally::default() };
        left.tally.add_many(ReasonCode::Inactive, u32::try_from(self.limits.len()).unwrap_or(0) - left.set.count());
        left.keep(ReasonCode::Kind, &[self.kinds.get(&requirement.kind)]);
        if let Some(loss) = &requirement.loss {
            let known = self.natures.by_value.iter().filter(|(entry, _)| covers(entry, loss)).map(|(_, set)| Some(set));
            left.keep(ReasonCode::Skill, &known.chain([Some(&self.natures.free)]).collect::<Vec<_>>());
        }
        if !requirement.trades.is_empty() {
            let held: Vec<_> = requirement.trades.iter().map(|trade| self.trades.get(trade)).collect();
            left.keep(ReasonCode::Skill, &held);
        }
        let stakes = &requirement.stakes;
        if stakes.total.or(stakes.contents).or(stakes.building).is_some() {
            left.keep_if(ReasonCode::Authority, &self.limited, |number| {
                let limits = &self.limits[number];
                within(stakes.total, limits.total)
                    && within(stakes.contents, limits.contents)
                    && within(stakes.building, limits.building)
            });
        }
        left.keep_listed(ReasonCode::Insurer, &self.insurers, requirement.insurer.as_ref());
        left.keep_listed(ReasonCode::Customer, &self.customers, Some(&requirement.customer));
        left.keep_listed(ReasonCode::Dwelling, &self.dwellings, requirement.dwelling.as_ref());
        left.keep_listed(ReasonCode::Language, &self.languages, requirement.language.as_ref());
        let (insurer, case) = (requirement.insurer.as_ref(), requirement.insurer_claim.as_ref());
        left.take_out(ReasonCode::Excluded, insurer.and_then(|insurer| self.excluded_insurers.get(insurer)));
        left.take_out(ReasonCode::Excluded, case.and_then(|case| self.excluded_cases.get(case)));
        if requirement.is_drought() {
            left.take_out(ReasonCode::ConflictOfInterest, insurer.and_then(|insurer| self.ties.get(insurer)));
        }
        if let Some(site) = requirement.site {
            let site = Spot::new(site);
            let served = requirement.department.as_ref().and_then(|code| self.departments.by_value.get(code));
            left.keep(ReasonCode::Territory, &[Some(&self.departments.free), served, Some(&self.circled)]);
            left.keep_if(ReasonCode::Territory, &self.circled, |number| {
                let Circle { base, metres } = &self.circles[number];
                base.metres_to(&site) <= *metres
            });
        }
        (left.set, left.tally)
    }
}

/// A set that becomes smaller, and the count of those who left it.
struct Narrowing {
    set: Bits,
    tally: Tally,
}

impl Narrowing {
    /// Retains the members of any of the sets; a missing set is empty.
    fn keep(&mut self, reason: ReasonCode, sets: &[Option<&Bits>]) {
        let before = self.set.count();
        self.set.keep_any(sets);
        self.tally.add_many(reason, before - self.set.count());
    }

    fn take_out(&mut self, reason: ReasonCode, set: Option<&Bits>) {
        if let Some(set) = set {
            let before = self.set.count();
            self.set.take_out(set);
            self.tally.add_many(reason, before - self.set.count());
        }
    }

    fn keep_listed<K: Eq + Hash>(&mut self, reason: ReasonCode, listed: &Listed<K>, wanted: Option<&K>) {
        if let Some(wanted) = wanted {
            self.keep(reason, &[Some(&listed.free), listed.by_value.get(wanted)]);
        }
    }

    /// Asks one by one those of a set that are still in.
    fn keep_if(&mut self, reason: ReasonCode, asked: &Bits, may: impl Fn(usize) -> bool) {
        let mut refused = self.set.clone();
        refused.keep(asked);
        let numbers: Vec<usize> = refused.iter().filter(|number| !may(*number)).collect();
        self.tally.add_many(reason, u32::try_from(numbers.len()).unwrap_or(0));
        for number in numbers {
            self.set.remove(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use constat_domain::geo::Position;
    use constat_domain::ids::ExpertId;
    use constat_domain::service::{Granularity, LossTriple, ServiceRequest};
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::eligibility::eligible;
    use crate::requirement::PlaceFacts;
    use crate::settings::Settings;
    use constat_domain::expert::Exclusions;

    fn some<T: std::fmt::Debug + Clone>(values: impl Strategy<Value = T>) -> impl Strategy<Value = Option<Vec<T>>> {
        proptest::option::of(proptest::collection::vec(values, 0..3))
    }

    fn words(words: &'static [&'static str]) -> impl Strategy<Value = String> {
        proptest::sample::select(words).prop_map(str::to_owned)
    }

    const INSURERS: &[&str] = &["00000001", "00000002", "00000003"];
    const CASES: &[&str] = &["A", "B"];
    const LOSSES: &[&str] = &["Vol", "CatastropheNaturelle", "CatastropheNaturelle/Secheresse", "Vol/Effraction"];
    const CUSTOMERS: [CustomerType; 2] = [CustomerType::Professional, CustomerType::Individual];
    const DWELLINGS: [Dwelling; 3] = [Dwelling::Flat, Dwelling::House, Dwelling::Other];

    fn limit() -> impl Strategy<Value = Option<Money>> {
        proptest::option::weighted(0.3, (0_i64..4).prop_map(|euros| Money::euro_cents(euros * 100)))
    }

    fn territory() -> impl Strategy<Value = Territory> {
        prop_oneof![
            Just(Territory::Anywhere),
            proptest::collection::vec(words(&["75", "69"]), 0..3).prop_map(Territory::Departments),
            (0.0..600.0).prop_map(Territory::RadiusKm),
        ]
    }

    fn skills() -> impl Strategy<Value = Skills> {
        (
            proptest::collection::vec(proptest::sample::select(&ServiceKind::ALL), 1..6),
            some(words(LOSSES)),
            proptest::collection::vec(proptest::sample::select(&Trade::ALL), 0..3),
            some(words(INSURERS)),
            some(proptest::sample::select(&CUSTOMERS)),
            some(proptest::sample::select(&DWELLINGS)),
            some(words(&["fr", "en"])),
            (limit(), limit(), limit()),
        )
            .prop_map(|(kinds, loss_natures, trades, insurers, customers, dwellings, languages, limits)| {
                Skills {
                    kinds,
                    loss_natures,
                    trades,
                    insurers,
                    customers,
                    dwellings,
                    languages,
                    limit_total: limits.0,
                    limit_contents: limits.1,
                    limit_building: limits.2,
                }
            })
    }

    fn experts() -> impl Strategy<Value = Vec<Expert>> {
        let excluded = (
            proptest::collection::vec(words(INSURERS), 0..2),
            proptest::collection::vec(words(CASES), 0..2),
            proptest::collection::vec(words(INSURERS), 0..2),
        );
        let one = (proptest::bool::weighted(0.9), skills(), territory(), excluded, (43.0..50.0, 0.0..7.0));
        let expert = |(active, skills, territory, (insurers, cases, ties), (lat, lon))| {
            let id = ExpertId::new(Timestamp::UNIX_EPOCH, &[0; 10]);
            let base = Position { lat, lon };
            let exclusions = Exclusions { insurers, cases };
            Expert { active, skills, territory, exclusions, ties, ..Expert::new(id, "Expert", base, "Europe/Paris") }
        };
        proptest::collection::vec(one.prop_map(expert), 0..90)
    }

    fn requirement() -> impl Strategy<Value = Requirement> {
        (
            proptest::sample::select(&ServiceKind::ALL),
            proptest::option::of(words(LOSSES)),
            proptest::collection::vec(proptest::sample::select(&Trade::ALL), 0..3),
            proptest::option::of(words(INSURERS)),
            proptest::sample::select(&CUSTOMERS),
            proptest::option::of(proptest::sample::select(&DWELLINGS)),
            (proptest::option::of(words(&["fr", "en", "de"])), proptest::option::of(words(CASES))),
            (limit(), limit(), limit(), proptest::option::of(words(&["75", "69", "13"]))),
        )
            .prop_map(|(kind, loss, trades, insurer, customer, dwelling, (language, case), stakes)| {
                let department = stakes.3;
                let place = PlaceFacts {
                    position: Some(Position { lat: 48.85, lon: 2.35 }),
                    department,
                    zone: "Europe/Paris".to_owned(),
                };
                let request = ServiceRequest {
                    kind,
                    kind_label: None,
                    claim: None,
                    from: Timestamp::UNIX_EPOCH,
                    to: Timestamp::from_second(86_400).unwrap(),
                    limit: 1,
                    place: None,
                    dwelling,
                    language,
                    customer,
                    insurer_claim_id: case.unwrap_or_default(),
                    mission_type: None,
                    damages: Vec::new(),
                    granularity: Granularity::Hour,
                    process: None,
                    reschedules: None,
                    parties: Vec::new(),
                    all_trades: false,
                    urgency: constat_domain::service::Urgency::default(),
                };
                let now = Timestamp::UNIX_EPOCH;
                let mut requirement =
                    Requirement::derive(&request, &place, &Settings::default(), &|_, _| false, now).unwrap();
                requirement.loss = loss.map(|entry| {
                    let mut parts = entry.split('/').map(str::to_owned);
                    LossTriple { nature: parts.next().unwrap(), cause: parts.next(), detail: None }
                });
                requirement.trades = trades;
                requirement.insurer = insurer;
                requirement.stakes.total = stakes.0;
                requirement.stakes.contents = stakes.1;
                requirement.stakes.building = stakes.2;
                requirement
            })
    }

    proptest! {
        #[test]
        fn sets_and_records_agree(experts in experts(), requirement in requirement()) {
            let (set, tally) = Pool::new(experts.len(), experts.iter()).eligible(&requirement);
            let mut expected = Tally::default();
            let mut numbers = Vec::new();
            for (number, expert) in experts.iter().enumerate() {
                match eligible(expert, &requirement) {
                    Ok(()) => numbers.push(number),
                    Err(reason) => expected.add(reason),
                }
            }
            prop_assert_eq!(set.iter().collect::<Vec<_>>(), numbers);
            prop_assert_eq!(tally.into_reasons(), expected.into_reasons());
        }
    }
}
