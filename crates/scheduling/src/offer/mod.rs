//! What a search offers: its criteria, its tokens, who takes part, and the offers that are open.

pub(crate) mod criteria;
pub(crate) mod open_offers;
pub(crate) mod participants;
pub(crate) mod parties;
pub(crate) mod recheck;
pub(crate) mod token;
