//! Handlers record dated facts about a claim.

use jiff::civil::Date;

use super::milestone::MilestoneKind;
use super::record::Claim;
use crate::refusal::Refusal;

impl Claim {
    /// Keeps the day of a milestone, or corrects it. `today` is the day at the place of the loss.
    ///
    /// # Errors
    /// The day has not come yet, or lies before 1990 or after 2199.
    pub fn record_milestone(&mut self, kind: MilestoneKind, day: Date, today: Date) -> Result<(), Refusal> {
        if let Some(message) = kind.fault_of(day, today) {
            return Err(Refusal::field("date", message));
        }
        self.milestones.insert(kind, day);
        Ok(())
    }

    /// Removes a milestone that was recorded by mistake; returns its day.
    pub fn remove_milestone(&mut self, kind: MilestoneKind) -> Option<Date> {
        self.milestones.remove(&kind)
    }
}
