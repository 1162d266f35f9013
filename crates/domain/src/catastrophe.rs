//! Catastrophe mode: gives priority to people who cannot live at home and to vulnerable people.
//!
//! An operator names the area and the kinds of loss. From then on a share of each expert's day is reserved for
//! urgent requests from the area, and released to all in stages. Pure: the reserved share depends only on the
//! rule and the instant, so every node computes the same.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::FieldError;
use crate::service::Urgency;

/// Maximum reserved share of a day, in percent, so that requests without priority still get offers.
pub const MAX_RESERVED_PERCENT: u8 = 90;

/// Longest name.
const MAX_NAME_CHARS: usize = 100;

/// A catastrophe, as an operator declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catastrophe {
    /// Its name, unique on this server.
    pub name: String,
    /// Départements struck: `34`, `2A`, `974`.
    #[serde(default)]
    pub departments: Vec<String>,
    /// Postcodes struck, besides.
    #[serde(default)]
    pub postcodes: Vec<String>,
    /// Codes of `loss_nature.csv` whose urgent requests come first; empty: of any loss.
    #[serde(default)]
    pub natures: Vec<String>,
    /// What is kept from when on; the first from the start, hours ascending.
    pub stages: Vec<Stage>,
    /// When it began.
    pub started_at: Timestamp,
    /// When the operator ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// From some hours after the start on, so much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Hours after the start.
    pub from_hours: u32,
    /// Share of each expert's day that is kept for urgent requests, in percent, 0 to 90.
    pub reserved_percent: u8,
}

/// Two fifths at first, a fifth after a day, nothing after two.
pub const USUAL_STAGES: [Stage; 3] = [
    Stage { from_hours: 0, reserved_percent: 40 },
    Stage { from_hours: 24, reserved_percent: 20 },
    Stage { from_hours: 48, reserved_percent: 0 },
];

/// What a request says that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Struck<'a> {
    /// The département of the place.
    pub department: Option<&'a str>,
    /// Its postcode.
    pub postcode: Option<&'a str>,
    /// Code of the loss's nature.
    pub nature: Option<&'a str>,
    /// Whether it says that it is urgent.
    pub urgency: Urgency,
}

impl Catastrophe {
    /// Everything that is wrong with a declaration. Codes are the caller's to check.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |refused: bool, field: &str, message: &str| {
            if refused {
                errors.push(FieldError::new(field, message));
            }
        };
        let name = self.name.trim();
        refuse(name.is_empty() || name.chars().count() > MAX_NAME_CHARS, "name", "must have 1 to 100 characters");
        let nowhere = self.departments.is_empty() && self.postcodes.is_empty();
        refuse(nowhere, "department", "say where: one département or postcode at least");
        refuse(
            !self.departments.iter().all(|code| is_department(code)),
            "department",
            "expected 01 to 95, 2A, 2B, 971 ...",
        );
        let is_postcode = |code: &String| code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit());
        refuse(!self.postcodes.iter().all(is_postcode), "postcode", "expected five digits");
        refuse(
            self.stages.first().is_none_or(|first| first.from_hours != 0),
            "stage",
            "the first must begin at 0 hours",
        );
        let ascending = self.stages.windows(2).all(|pair| pair[0].from_hours < pair[1].from_hours);
        refuse(!ascending, "stage", "hours must ascend");
        let releasing = self.stages.windows(2).all(|pair| pair[0].reserved_percent >= pair[1].reserved_percent);
        refuse(ascending && !releasing, "stage", "what is kept must not grow: capacity is released in stages");
        let within = self.stages.iter().all(|stage| stage.reserved_percent <= MAX_RESERVED_PERCENT);
        refuse(!within, "stage", "at most 90 percent can be kept");
        errors
    }

    /// The share that is kept at an instant, in percent.
    pub fn reserved_percent(&self, at: Timestamp) -> u8 {
        if at < self.started_at || self.ended_at.is_some_and(|ended| ended <= at) {
            return 0;
        }
        let began = |stage: &&Stage| {
            let after = SignedDuration::from_hours(i64::from(stage.from_hours));
            self.started_at.saturating_add(after).is_ok_and(|from| from <= at)
        };
        self.stages.iter().rev().find(began).map_or(0, |stage| stage.reserved_percent.min(MAX_RESERVED_PERCENT))
    }

    /// Whether a place is struck.
    pub fn covers(&self, struck: &Struck<'_>) -> bool {
        let listed = |list: &[String], code: Option<&str>| code.is_some_and(|code| list.iter().any(|one| one == code));
        listed(&self.departments, struck.department) || listed(&self.postcodes, struck.postcode)
    }

    /// Whether a request from there comes first: its home cannot be lived in or its person is vulnerable,
    /// by one of the losses.
    pub fn puts_first(&self, struck: &Struck<'_>) -> bool {
        let by_it =
            self.natures.is_empty() || struck.nature.is_some_and(|code| self.natures.iter().any(|one| one == code));
        struck.urgency.is_urgent() && by_it
    }
}

/// Whether a code can be a département's: 01 to 95, Corsica in two, those overseas in three digits.
fn is_department(code: &str) -> bool {
    let is_number = code.bytes().all(|byte| byte.is_ascii_digit());
    match code.len() {
        2 => matches!(code, "2A" | "2B") || is_number && ("01"..="95").contains(&code) && code != "20",
        3 => is_number && (code.starts_with("97") || code.starts_with("98")),
        _ => false,
    }
}

/// The share of each expert's day that a request may not have at an instant, in percent: 0 when no
/// catastrophe strikes its place, or when one that does puts it first; else the highest that is kept.
pub fn withheld_percent(all: &[Catastrophe], struck: &Struck<'_>, at: Timestamp) -> u8 {
    let mut highest = 0;
    for catastrophe in all.iter().filter(|one| one.covers(struck)) {
        let reserved = catastrophe.reserved_percent(at);
        if reserved > 0 && catastrophe.puts_first(struck) {
            return 0;
        }
        highest = highest.max(reserved);
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flood() -> Catastrophe {
        Catastrophe {
            name: "flood".to_owned(),
            departments: vec!["34".to_owned()],
            postcodes: vec!["30000".to_owned()],
            natures: vec!["CatastropheNaturelle".to_owned()],
            stages: USUAL_STAGES.to_vec(),
            started_at: at(0),
            ended_at: None,
        }
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_795_417_200 + hours * 3600).unwrap()
    }

    const STRUCK: Struck<'static> = Struck {
        department: Some("34"),
        postcode: Some("34000"),
        nature: Some("CatastropheNaturelle"),
        urgency: Urgency { uninhabitable: false, vulnerable_person: false },
    };
    const HOMELESS: Urgency = Urgency { uninhabitable: true, vulnerable_person: false };
    const VULNERABLE: Urgency = Urgency { uninhabitable: false, vulnerable_person: true };

    #[test]
    fn what_is_kept_is_released_in_stages() {
        let flood = flood();
        let kept = |hours| flood.reserved_percent(at(hours));
        assert_eq!([-1, 0, 23, 24, 47, 48, 1000].map(kept), [0, 40, 40, 20, 20, 0, 0]);
        let ended = Catastrophe { ended_at: Some(at(10)), ..flood.clone() };
        assert_eq!([9, 10, 11].map(|hours| ended.reserved_percent(at(hours))), [40, 0, 0]);
    }

    #[test]
    fn it_is_withheld_from_those_who_can_wait_and_from_nobody_elsewhere() {
        let all = [flood()];
        let withheld = |struck: Struck<'_>| withheld_percent(&all, &struck, at(1));
        assert_eq!(withheld(STRUCK), 40);
        assert_eq!(withheld(Struck { nature: Some("Vol"), ..STRUCK }), 40, "another loss there waits too");
        assert_eq!(withheld(Struck { urgency: HOMELESS, ..STRUCK }), 0);
        assert_eq!(withheld(Struck { urgency: VULNERABLE, ..STRUCK }), 0);
        assert_eq!(withheld(Struck { urgency: HOMELESS, nature: Some("Vol"), ..STRUCK }), 40);
        assert_eq!(withheld(Struck { department: Some("30"), postcode: Some("30000"), ..STRUCK }), 40);
        assert_eq!(withheld(Struck { department: Some("30"), postcode: Some("30100"), ..STRUCK }), 0);
        assert_eq!(withheld(Struck { department: None, postcode: None, ..STRUCK }), 0);
    }

    #[test]
    fn of_two_the_stricter_counts_unless_one_puts_the_request_first() {
        let fire = Catastrophe {
            name: "fire".to_owned(),
            natures: vec!["Incendie".to_owned()],
            stages: vec![Stage { from_hours: 0, reserved_percent: 60 }],
            ..flood()
        };
        let all = [flood(), fire];
        assert_eq!(withheld_percent(&all, &STRUCK, at(1)), 60);
        assert_eq!(withheld_percent(&all, &Struck { urgency: HOMELESS, ..STRUCK }, at(1)), 0);
        assert_eq!(
            withheld_percent(&all, &Struck { urgency: HOMELESS, ..STRUCK }, at(100)),
            60,
            "only the fire goes on"
        );
    }

    #[test]
    fn a_declaration_that_cannot_be_meant_is_refused_by_field() {
        let fields = |change: &dyn Fn(&mut Catastrophe)| {
            let mut flood = flood();
            change(&mut flood);
            flood.check().into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert_eq!(fields(&|_| {}), Vec::<String>::new());
        assert_eq!(fields(&|one| one.name = " ".to_owned()), ["name"]);
        assert_eq!(fields(&|one| (one.departments, one.postcodes) = (Vec::new(), Vec::new())), ["department"]);
        assert_eq!(fields(&|one| one.postcodes = vec!["3400".to_owned()]), ["postcode"]);
        for (code, is_one) in [
            ("01", true),
            ("95", true),
            ("2A", true),
            ("974", true),
            ("20", false),
            ("96", false),
            ("340", false),
            ("2a", false),
        ] {
            let faults = fields(&|one| one.departments = vec![code.to_owned()]);
            assert_eq!(faults.is_empty(), is_one, "{code}");
        }
        assert_eq!(fields(&|one| one.stages.clear()), ["stage"]);
        assert_eq!(fields(&|one| one.stages.swap(1, 2)), ["stage"]);
        assert_eq!(fields(&|one| one.stages[2].reserved_percent = 30), ["stage"]);
        assert_eq!(fields(&|one| one.stages[0].reserved_percent = 91), ["stage"]);
    }
}
