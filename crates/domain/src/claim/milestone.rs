//! Dated facts about a claim that no other field has: deadlines count from them or are met by them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

macro_rules! milestones {
    ($($(#[$doc:meta])* $name:ident = $wire:literal,)+) => {
        /// What happened on a day. One day of each kind is kept: told again, it is corrected.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum MilestoneKind {
            $($(#[$doc])* #[serde(rename = $wire)] $name,)+
        }

        impl MilestoneKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name on the wire, in storage and in the rules.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)+ }
            }
        }
    };
}

milestones! {
    /// The insured learnt of the loss, when that was later than the loss.
    LossKnown = "loss_known",
    /// The order that recognises the natural catastrophe was published in the Journal officiel.
    DecreePublished = "decree_published",
    /// The insured was informed of the cover.
    CoverTold = "cover_told",
    /// The expertise was ordered, when no booking shows it.
    ExpertiseOrdered = "expertise_ordered",
    /// The insured handed in a statement of losses: an estimate of the damage.
    Estimate = "estimate",
    /// An advance on the indemnity was paid, when no settlement shows it.
    AdvancePaid = "advance_paid",
    /// The expert has every document.
    DocumentsComplete = "documents_complete",
    /// The visit took place.
    Visit = "visit",
    /// The expert reported on the visit.
    VisitReport = "visit_report",
    /// The expert's interim report came.
    InterimReport = "interim_report",
    /// The results of the geotechnical study came.
    GeotechnicalResults = "geotechnical_results",
    /// The quotes were validated.
    QuotesValidated = "quotes_validated",
    /// The expert's final report came.
    ExpertReportFinal = "expert_report_final",
    /// The final report was forwarded to the insured.
    ReportForwarded = "report_forwarded",
    /// The insured was made an offer.
    OfferMade = "offer_made",
    /// The insured accepted an indemnity.
    OfferAccepted = "offer_accepted",
    /// The insured accepted a repair in kind.
    RepairAccepted = "repair_accepted",
    /// The repairer was appointed.
    RepairerAppointed = "repairer_appointed",
    /// The indemnity was paid, when no settlement shows it.
    Payment = "payment",
    /// The limitation was interrupted, for the last time.
    LimitationInterrupted = "limitation_interrupted",
    /// A complaint came.
    ComplaintReceived = "complaint_received",
    /// Its receipt was acknowledged.
    ComplaintAcknowledged = "complaint_acknowledged",
    /// It was answered.
    ComplaintAnswered = "complaint_answered",
    /// The day of the adversarial visit; it may lie ahead.
    AdversarialVisit = "adversarial_visit",
    /// The registered letter that calls to the adversarial visit was sent.
    AdversarialNoticeSent = "adversarial_notice_sent",
    /// The adversarial visit was to be on this day, and was postponed; it may lie ahead.
    AdversarialVisitPostponed = "adversarial_visit_postponed",
    /// A reasoned urgency was stated.
    UrgencyReasoned = "urgency_reasoned",
    /// A visit by video did not show enough.
    RemoteVisitInsufficient = "remote_visit_insufficient",
    /// The visit on site that followed.
    SiteVisit = "site_visit",
}

impl MilestoneKind {
    /// The kind with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// Whether it may be recorded before its day.
    const fn may_lie_ahead(self) -> bool {
        matches!(self, Self::AdversarialVisit | Self::AdversarialVisitPostponed)
    }

    /// The fault of a day, if there is one.
    pub(super) fn fault_of(self, day: Date, today: Date) -> Option<String> {
        if day > today && !self.may_lie_ahead() {
            return Some("lies in the future".to_owned());
        }
        (!(FIRST_DAY..=LAST_DAY).contains(&day)).then(|| format!("expected a day from {FIRST_DAY} to {LAST_DAY}"))
    }
}

/// First day that a milestone may have: anything before is a slip of the pen.
const FIRST_DAY: Date = Date::constant(1990, 1, 1);
/// Last day that a milestone may have: the same.
const LAST_DAY: Date = Date::constant(2199, 12, 31);
