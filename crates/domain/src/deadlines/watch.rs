//! What is to be told of a claim's deadlines, and when to look again.

use crate::event_kinds::EventKind;
use jiff::Timestamp;

use super::{Deadline, DeadlineState};

/// A notification about a deadline. Each is sent once per claim, rule and term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// Its end is near.
    Approaching,
    /// It was done in time.
    Met,
    /// It is over.
    Missed,
}

impl Notice {
    /// Its event.
    pub const fn event(self) -> EventKind {
        match self {
            Self::Approaching => EventKind::ClaimDeadlineApproaching,
            Self::Met => EventKind::ClaimDeadlineMet,
            Self::Missed => EventKind::ClaimDeadlineMissed,
        }
    }
}

/// What a look at a claim's deadlines finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// What is to be told, unless it was: the deadline by its place in the list.
    pub tell: Vec<(usize, Notice)>,
    /// When the next thing is to be told; never, while the claim does not change, when `None`.
    pub again_at: Option<Timestamp>,
    /// When the first term that runs is over.
    pub running_at: Option<Timestamp>,
    /// When the first term was over that was missed and not made good since.
    pub missed_at: Option<Timestamp>,
}

/// Looks at the deadlines of a claim that was created at some instant. What was met before the claim
/// was there is no news.
pub fn look(deadlines: &[Deadline<'_>], created_at: Timestamp, now: Timestamp) -> Look {
    let mut look = Look::default();
    let sooner = |known: Option<Timestamp>, at: Timestamp| Some(known.map_or(at, |known| known.min(at)));
    for (place, deadline) in deadlines.iter().enumerate() {
        let Some(due_at) = deadline.due_at else { continue };
        match deadline.state {
            DeadlineState::Running => {
                look.running_at = sooner(look.running_at, due_at);
                match deadline.warn_at {
                    Some(warn_at) if now < warn_at => look.again_at = sooner(look.again_at, warn_at),
                    warned => {
                        look.tell.extend(warned.map(|_| (place, Notice::Approaching)));
                        look.again_at = sooner(look.again_at, due_at);
                    }
                }
            }
            DeadlineState::Missed => {
                look.tell.push((place, Notice::Missed));
                if deadline.met_on.is_none() {
                    look.missed_at = sooner(look.missed_at, due_at);
                }
            }
            DeadlineState::Met if deadline.met_at.is_some_and(|at| at > created_at) => {
                look.tell.push((place, Notice::Met));
            }
            DeadlineState::Met | DeadlineState::Waiting | DeadlineState::Stopped => {}
        }
    }
    look
}
