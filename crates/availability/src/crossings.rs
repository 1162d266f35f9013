//! Crossings: ferries and flights between landmasses, as the operator configures them.

use std::sync::Arc;

use constat_domain::FieldError;
use constat_domain::landmass::Landmass;
use serde::{Deserialize, Serialize};

/// One crossing, both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crossing {
    /// Two landmasses, by their identifiers in `data/gazetteer/islands.csv`.
    pub between: [String; 2],
    /// Minutes that the crossing adds to the estimated drive, waiting included: 1 to [`Crossing::MAX_MINUTES`].
    pub minutes: u32,
}

impl Crossing {
    /// Longest crossing, in minutes: two days.
    pub const MAX_MINUTES: u32 = 2880;
}

/// The configured crossings. Without one between two landmasses, directly or by way of others, there is no
/// drive between them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Crossing>", into = "Vec<Crossing>")]
pub struct Crossings {
    list: Vec<Crossing>,
    /// Seconds between each two landmasses, [`NO_CROSSING`] where there is none; empty without crossings.
    seconds: Arc<[i32]>,
}

/// Stands for "no crossing" in the table.
const NO_CROSSING: i32 = i32::MAX / 4;

impl Crossings {
    /// Everything that a configuration must not contain.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (number, crossing) in self.list.iter().enumerate() {
            for (end, id) in crossing.between.iter().enumerate() {
                if Landmass::with_id(id).is_none() {
                    let message = format!("unknown landmass `{id}`: data/gazetteer/islands.csv lists them");
                    errors.push(FieldError::new(format!("crossings[{number}].between[{end}]"), message));
                }
            }
            if crossing.between[0] == crossing.between[1] {
                errors.push(FieldError::new(format!("crossings[{number}].between"), "expected two landmasses"));
            }
            if !(1..=Crossing::MAX_MINUTES).contains(&crossing.minutes) {
                errors.push(FieldError::new(format!("crossings[{number}].minutes"), "must be 1 to 2880"));
            }
        }
        errors
    }

    /// Seconds from one landmass to another besides the drive: 0 on the same one, `None` without a crossing.
    pub fn seconds(&self, from: Landmass, to: Landmass) -> Option<i32> {
        if from == to {
            return Some(0);
        }
        let known = self.seconds.get(from.index() * Landmass::count() + to.index());
        known.copied().filter(|seconds| *seconds < NO_CROSSING)
    }
}

impl From<Vec<Crossing>> for Crossings {
    /// Works out the shortest way between each two landmasses, so that a detour is never shorter than what
    /// counts as the direct way. Unknown names are left out: [`Crossings::check`] reports them.
    fn from(list: Vec<Crossing>) -> Self {
        if list.is_empty() {
            return Self::default();
        }
        let count = Landmass::count();
        let mut seconds = vec![NO_CROSSING; count * count];
        for crossing in &list {
            let ends = crossing.between.each_ref().map(|id| Landmass::with_id(id).map(Landmass::index));
            let [Some(one), Some(other)] = ends else { continue };
            let long = i32::try_from(crossing.minutes.min(Crossing::MAX_MINUTES) * 60).unwrap_or(NO_CROSSING);
            for at in [one * count + other, other * count + one] {
                seconds[at] = seconds[at].min(long);
            }
        }
        for by in 0..count {
            for from in 0..count {
                for to in 0..count {
                    let detour = seconds[from * count + by].saturating_add(seconds[by * count + to]);
                    let known = &mut seconds[from * count + to];
                    *known = (*known).min(detour);
                }
            }
        }
        Self { list, seconds: seconds.into() }
    }
}

impl From<Crossings> for Vec<Crossing> {
    fn from(crossings: Crossings) -> Self {
        crossings.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossing(one: &str, other: &str, minutes: u32) -> Crossing {
        Crossing { between: [one.to_owned(), other.to_owned()], minutes }
    }

    fn land(id: &str) -> Landmass {
        Landmass::with_id(id).unwrap()
    }

    #[test]
    fn crossings_hold_both_ways_and_one_after_the_other() {
        let crossings = Crossings::from(vec![
            crossing("metropole", "belle-ile", 75),
            crossing("houat", "belle-ile", 40),
            crossing("metropole", "houat", 200),
        ]);
        let seconds = |one: &str, other: &str| crossings.seconds(land(one), land(other));
        assert_eq!(seconds("belle-ile", "metropole"), Some(75 * 60));
        assert_eq!(seconds("metropole", "belle-ile"), Some(75 * 60));
        assert_eq!(seconds("metropole", "houat"), Some(115 * 60), "by way of Belle-Île");
        assert_eq!(seconds("groix", "metropole"), None);
        assert_eq!(seconds("groix", "groix"), Some(0));
        assert_eq!(Crossings::default().seconds(land("corse"), land("metropole")), None);
        assert_eq!(crossings.check(), []);
    }

    #[test]
    fn what_cannot_be_a_crossing_is_named() {
        let crossings = Crossings::from(vec![
            crossing("metropole", "atlantis", 75),
            crossing("corse", "corse", 0),
            crossing("metropole", "corse", 9999),
        ]);
        let fields: Vec<_> = crossings.check().into_iter().map(|error| error.field).collect();
        assert_eq!(
            fields,
            ["crossings[0].between[1]", "crossings[1].between", "crossings[1].minutes", "crossings[2].minutes"]
        );
    }
}
