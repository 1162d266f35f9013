//! What a search offers: tokens, criteria, the firms and experts of an offer, open offers.

pub(crate) mod criteria;
pub(crate) mod firm_requirement;
pub(crate) mod open_offers;
pub(crate) mod participants;
pub(crate) mod parties;
pub(crate) mod token;
