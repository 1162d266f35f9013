//! Why an expert was not offered, in stable words.

use serde::Serialize;

/// Why an expert cannot take a visit, in the order of the checks. Of several reasons the last one is
/// returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// The record is switched off.
    Inactive,
    /// Does not do this kind of intervention.
    Kind,
    /// Does not know this nature of loss, or holds none of the trades wanted.
    Skill,
    /// The stakes are above the expert's authority.
    Authority,
    /// Not approved by this insurer.
    Insurer,
    /// Does not serve this type of customer.
    Customer,
    /// Does not visit this type of dwelling.
    Dwelling,
    /// Does not speak the language asked for.
    Language,
    /// Is not to be sent for this insurer, or on this file.
    Excluded,
    /// Is tied to the insurer of a drought claim (Code des assurances, R125-8).
    ConflictOfInterest,
    /// The place lies outside the expert's territory.
    Territory,
    /// The window is over already.
    WindowPast,
    /// The window, or what is left of it, is shorter than the visit.
    WindowTooShort,
    /// The window begins after the last day that can be searched.
    BeyondHorizon,
    /// Does not work within the window (nor long enough for the visit).
    NotWorking,
    /// Works within the window, but only before the notice period is over.
    Notice,
    /// Works within the window, but only when the person is not to be called: at night, on the clock of the
    /// claim's place.
    RemoteHours,
    /// Public holiday at the place.
    PublicHoliday,
    /// Absent.
    Absent,
    /// Booked, or at the cap of visits a day.
    FullyBooked,
    /// Free, but the drive does not fit.
    TooFar,
    /// Free, but never at the same time as the other experts of the appointment.
    NotTogether,
}

impl ReasonCode {
    /// How many codes there are.
    pub(crate) const COUNT: usize = 22;

    /// Every code, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Inactive,
        Self::Kind,
        Self::Skill,
        Self::Authority,
        Self::Insurer,
        Self::Customer,
        Self::Dwelling,
        Self::Language,
        Self::Excluded,
        Self::ConflictOfInterest,
        Self::Territory,
        Self::WindowPast,
        Self::WindowTooShort,
        Self::BeyondHorizon,
        Self::NotWorking,
        Self::Notice,
        Self::RemoteHours,
        Self::PublicHoliday,
        Self::Absent,
        Self::FullyBooked,
        Self::TooFar,
        Self::NotTogether,
    ];

    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Kind => "kind",
            Self::Skill => "skill",
            Self::Authority => "authority",
            Self::Insurer => "insurer",
            Self::Customer => "customer",
            Self::Dwelling => "dwelling",
            Self::Language => "language",
            Self::Excluded => "excluded",
            Self::ConflictOfInterest => "conflict_of_interest",
            Self::Territory => "territory",
            Self::WindowPast => "window_past",
            Self::WindowTooShort => "window_too_short",
            Self::BeyondHorizon => "beyond_horizon",
            Self::NotWorking => "not_working",
            Self::Notice => "notice",
            Self::RemoteHours => "remote_hours",
            Self::PublicHoliday => "public_holiday",
            Self::Absent => "absent",
            Self::FullyBooked => "fully_booked",
            Self::TooFar => "too_far",
            Self::NotTogether => "not_together",
        }
    }
}

/// How many experts were refused for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The reason.
    pub code: ReasonCode,
    /// How many experts.
    pub count: u32,
}

/// Counts by reason, without allocating.
#[derive(Debug, Default)]
pub(crate) struct Tally([u32; ReasonCode::COUNT]);

impl Tally {
    pub(crate) fn add(&mut self, code: ReasonCode) {
        self.add_many(code, 1);
    }

    pub(crate) fn add_many(&mut self, code: ReasonCode, count: u32) {
        self.0[code as usize] += count;
    }

    /// What was counted, in the order of the codes.
    pub(crate) fn into_reasons(self) -> Vec<Reason> {
        let counted = ReasonCode::ALL.into_iter().zip(self.0);
        counted.filter(|(_, count)| *count > 0).map(|(code, count)| Reason { code, count }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_same_in_json_and_in_the_table() {
        for code in ReasonCode::ALL {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.as_str()));
        }
    }
}
