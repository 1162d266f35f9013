//! What a configuration can tune: durations, buffers, travel allowance, ranking weights. One set for the
//! whole server; what differs from person to person stands in the records.

use std::collections::BTreeMap;

use constat_domain::FieldError;
use constat_domain::appointment::MAX_WINDOW_MINUTES;
use constat_domain::codes::{Codes, Table};
use constat_domain::expert::{Expert, HourRange};
use constat_domain::service::{LossTriple, ServiceKind, Valuation};
use serde::{Deserialize, Serialize};

use crate::trades::TradeTable;

/// No visit is shorter, in seconds: five minutes.
pub(crate) const MIN_VISIT_SECONDS: i32 = 300;

/// Settings of search and feasibility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Minutes between now and the earliest visit, unless the expert's record says otherwise.
    pub notice_minutes: u32,
    /// Days ahead that can be searched.
    pub horizon_days: u16,
    /// Minutes kept free after an appointment besides the drive, unless the expert's record says
    /// otherwise.
    pub buffer_minutes: u16,
    /// Minutes of the drive from the base before the day's free working time begins, and of the
    /// drive back after it ends. A longer leg eats into the working time.
    pub commute_minutes: u16,
    /// Starts are offered on this grid of civil time, in minutes: 30 gives :00 and :30.
    pub grid_minutes: u16,
    /// Length of an arrival window, in minutes; never above [`MAX_WINDOW_MINUTES`].
    pub window_minutes: u16,
    /// The hours, on the clock of the claim's place, between which remote visits (VISIO, EAD, TELE) take place.
    pub remote_hours: HourRange,
    /// Days before a statutory term ends (`data/rules/deadlines.toml`) from which on a start is
    /// dearer by [`Weights::hour_past_term`].
    pub term_margin_days: u16,
    /// How long visits take.
    pub durations: DurationRules,
    /// Which damage asks for which trade.
    pub trades: TradeTable,
    /// Codes of `loss_nature.csv` that open the on-call hours: catastrophes.
    pub on_call_natures: Vec<String>,
    /// What counts for how much when offers are ranked.
    pub weights: Weights,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            notice_minutes: 120,
            horizon_days: 90,
            buffer_minutes: 10,
            commute_minutes: 90,
            grid_minutes: 30,
            window_minutes: 120,
            remote_hours: HourRange::DAYTIME,
            term_margin_days: 5,
            durations: DurationRules::default(),
            trades: TradeTable::default(),
            on_call_natures: ["CatastropheNaturelle", "EvtNaturel", "TempeteNeigeGrele", "CatastropheTechnologique"]
                .map(str::to_owned)
                .to_vec(),
            weights: Weights::default(),
        }
    }
}

impl Settings {
    /// Seconds kept free between two appointments of an expert besides the drive: the buffer after the
    /// first and the buffer before the second.
    pub fn buffer_seconds(&self, expert: &Expert) -> i64 {
        let before = expert.buffer_before_minutes.unwrap_or(0);
        let after = expert.buffer_after_minutes.unwrap_or(self.buffer_minutes);
        (i64::from(before) + i64::from(after)) * 60
    }

    /// Seconds between now and the earliest visit of an expert.
    pub(crate) fn notice_seconds(&self, expert: &Expert) -> i64 {
        i64::from(expert.notice_minutes.unwrap_or(self.notice_minutes)) * 60
    }

    /// Whether a loss is a catastrophe, for which on-call hours count too.
    pub fn is_catastrophe(&self, loss: Option<&LossTriple>) -> bool {
        loss.is_some_and(|loss| self.on_call_natures.contains(&loss.nature))
    }

    /// Everything that a configuration must not contain.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |refused: bool, field: &str, message: &str| {
            if refused {
                errors.push(FieldError::new(field, message));
            }
        };
        refuse(!(5..=240).contains(&self.grid_minutes), "grid_minutes", "must be 5 to 240");
        refuse(!(1..=366).contains(&self.horizon_days), "horizon_days", "must be 1 to 366");
        refuse(self.term_margin_days > 366, "term_margin_days", "must be 366 at most");
        refuse(self.buffer_minutes > 720, "buffer_minutes", "must be 720 at most");
        refuse(self.commute_minutes > 720, "commute_minutes", "must be 720 at most");
        let window = i64::from(self.window_minutes);
        refuse(!(15..=MAX_WINDOW_MINUTES).contains(&window), "window_minutes", "must be 15 to 120");
        let longest = self.durations.longest_minutes;
        refuse(!(5..=720).contains(&longest), "durations.longest_minutes", "must be 5 to 720");
        for (field, points) in self.weights.all() {
            refuse(points > Weights::HIGHEST, field, "must be 1000000 at most");
        }
        let codes = Codes::embedded();
        // The table's own spelling: what a request says is put into it before it is compared.
        let unknown = |code: &&String| codes.canonical(Table::LossNature, code) != Some(code.as_str());
        if let Some(code) = self.on_call_natures.iter().find(unknown) {
            errors.push(FieldError::new("on_call_natures", codes.unknown(Table::LossNature, code)));
        }
        errors
    }
}

/// How long a visit takes: a base by kind, and more for high stakes and long lists of damages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DurationRules {
    /// Minutes by kind of intervention; 60 for a kind that is not listed.
    pub by_kind: BTreeMap<ServiceKind, u32>,
    /// More minutes for high stakes: the step with the highest threshold that is reached counts.
    pub stakes: Vec<StakesStep>,
    /// More minutes for each damage of a repair request beyond the first.
    pub per_damage: u32,
    /// No visit is longer, in minutes (720 at most).
    pub longest_minutes: u32,
}

/// From these stakes on, a visit takes so much longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StakesStep {
    /// Stakes in minor units (TTC).
    pub from_minor: i64,
    /// Minutes more.
    pub minutes: u32,
}

impl Default for DurationRules {
    fn default() -> Self {
        Self {
            by_kind: BTreeMap::from([
                (ServiceKind::OnSite, 60),
                (ServiceKind::Video, 30),
                (ServiceKind::AtDistance, 30),
                (ServiceKind::Remote, 30),
                (ServiceKind::Adversarial, 120),
                (ServiceKind::RepairInKind, 60),
            ]),
            stakes: vec![
                StakesStep { from_minor: 2_000_000, minutes: 30 },
                StakesStep { from_minor: 10_000_000, minutes: 60 },
            ],
            per_damage: 10,
            longest_minutes: 240,
        }
    }
}

impl DurationRules {
    /// Minutes of a visit, 5 to [`DurationRules::longest_minutes`] (and 720).
    pub fn minutes(&self, kind: ServiceKind, stakes: &Valuation, damages: usize) -> u32 {
        let base = self.by_kind.get(&kind).copied().unwrap_or(60);
        let parts = [stakes.contents, stakes.building].into_iter().flatten();
        let total = stakes
            .total
            .map_or_else(|| parts.fold(0_i64, |sum, part| sum.saturating_add(part.minor)), |total| total.minor);
        let reached = self.stakes.iter().filter(|step| total >= step.from_minor);
        let for_stakes = reached.max_by_key(|step| step.from_minor).map_or(0, |step| step.minutes);
        let further = u32::try_from(damages.saturating_sub(1)).unwrap_or(u32::MAX);
        let for_damages = self.per_damage.saturating_mul(further);
        let minutes = base.saturating_add(for_stakes).saturating_add(for_damages);
        minutes.clamp(5, self.longest_minutes.clamp(5, 720))
    }
}

/// Points that make an offer worse. Lower totals come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// For each minute of driving that the visit adds to the day.
    pub added_travel_minute: u32,
    /// For each visit that the expert already has that day.
    pub visit_that_day: u32,
    /// For each visit that the expert already has that week (Monday to Sunday).
    pub visit_that_week: u32,
    /// For each hour between the earliest possible instant and the visit.
    pub hour_of_delay: u32,
    /// For each hour of the visit past [`Settings::term_margin_days`] before a statutory term ends.
    pub hour_past_term: u32,
    /// For each wanted trade that the worker does not hold.
    pub missing_trade: u32,
    /// For each offer already made for the same half-day: spreads the choice.
    pub same_half_day: u32,
    /// For each offer already made for the same day.
    pub same_day: u32,
    /// For an expert whose time is in another caller's open offer.
    pub open_offer: u32,
    /// For each percent of the probability that other callers book all experts who can take the visit,
    /// given their open offers.
    pub open_offer_percent: u32,
}

impl Weights {
    /// Highest number of points for one thing.
    pub const HIGHEST: u32 = 1_000_000;

    fn all(&self) -> [(&'static str, u32); 10] {
        [
            ("weights.added_travel_minute", self.added_travel_minute),
            ("weights.visit_that_day", self.visit_that_day),
            ("weights.visit_that_week", self.visit_that_week),
            ("weights.hour_of_delay", self.hour_of_delay),
            ("weights.hour_past_term", self.hour_past_term),
            ("weights.missing_trade", self.missing_trade),
            ("weights.same_half_day", self.same_half_day),
            ("weights.same_day", self.same_day),
            ("weights.open_offer", self.open_offer),
            ("weights.open_offer_percent", self.open_offer_percent),
        ]
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            added_travel_minute: 10,
            visit_that_day: 20,
            visit_that_week: 5,
            hour_of_delay: 5,
            hour_past_term: 15,
            missing_trade: 400,
            same_half_day: 300,
            same_day: 150,
            open_offer: 100,
            open_offer_percent: 10_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use constat_domain::Money;

    use super::*;

    #[test]
    fn high_stakes_and_many_damages_take_longer() {
        let rules = DurationRules::default();
        let none = Valuation::default();
        let stakes = |cents| Valuation { building: Some(Money::euro_cents(cents)), ..none };
        assert_eq!(rules.minutes(ServiceKind::OnSite, &none, 0), 60);
        assert_eq!(rules.minutes(ServiceKind::OnSite, &stakes(2_500_000), 0), 90);
        assert_eq!(rules.minutes(ServiceKind::OnSite, &stakes(50_000_000), 0), 120);
        assert_eq!(rules.minutes(ServiceKind::RepairInKind, &none, 4), 90);
        assert_eq!(rules.minutes(ServiceKind::RepairInKind, &none, 4_000), 240);
    }

    #[test]
    fn settings_read_back_and_defaults_are_sound() {
        let settings = Settings::default();
        assert_eq!(settings.check(), []);
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
        let bad: Settings =
            serde_json::from_str(r#"{"grid_minutes": 0, "window_minutes": 180, "on_call_natures": ["Seisme"]}"#)
                .unwrap();
        let fields: Vec<_> = bad.check().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["grid_minutes", "window_minutes", "on_call_natures"]);
    }
}
