//! Who declared a claim, and so which integrator sees it.

use super::Claim;
use crate::ids::OrgId;
use crate::tenancy::Caller;

impl Claim {
    /// The organisation that declared it: an integrator, or the platform itself.
    pub fn declarer(&self) -> OrgId {
        self.declared_by.unwrap_or(self.tenant.org)
    }

    /// Keeps who declared it.
    pub fn set_declarer(&mut self, declarer: OrgId) {
        self.declared_by = (declarer != self.tenant.org).then_some(declarer);
    }

    /// Whether it is there for this caller of the claims API ([`Caller::may_see`]).
    pub fn is_seen_by(&self, caller: &Caller) -> bool {
        caller.may_see(self.tenant, self.declarer())
    }
}
