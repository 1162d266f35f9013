//! A new claim: a draft.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Answer, Claim, ClaimState, ContractSnapshot, Dossier, Insured, Location, Product};
use crate::ids::DeclarationId;
use crate::tenancy::TenantId;

/// What makes a draft, whichever contract it comes by. The rest of a claim comes later in its life.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDraft {
    /// Whose data.
    pub tenant: TenantId,
    /// The pre-declaration's id.
    pub id: DeclarationId,
    /// When it is declared.
    pub at: Timestamp,
    /// The insured's user id.
    pub user_id: String,
    /// The catalogue's loss type.
    pub loss_type: String,
    /// Its subtype.
    pub subtype: String,
    /// Version of the catalogue that it is declared with.
    pub catalogue_version: String,
    /// When the loss happened.
    pub claim_at: Timestamp,
    /// In the insured's words; empty until the insured describes the loss.
    pub description: String,
    /// The contract, as it is now.
    pub contract: ContractSnapshot,
    /// The insured thing, as it is now.
    pub product: Product,
    /// Where it happened.
    pub location: Location,
    /// The insured.
    pub insured: Insured,
    /// Answers by stable question id.
    pub answers: BTreeMap<String, Answer>,
    /// What the dossier contract adds.
    pub dossier: Dossier,
}

impl From<NewDraft> for Claim {
    fn from(new: NewDraft) -> Self {
        Self {
            tenant: new.tenant,
            declared_by: None,
            declaration_id: new.id,
            user_id: new.user_id,
            state: ClaimState::Draft,
            loss_type: new.loss_type,
            subtype: new.subtype,
            catalogue_version: new.catalogue_version,
            claim_at: new.claim_at,
            declaration_at: new.at,
            description: new.description,
            contract: new.contract,
            product: new.product,
            location: new.location,
            insured: new.insured,
            answers: new.answers,
            documents: Vec::new(),
            requests: Vec::new(),
            internal_notes: Vec::new(),
            note: None,
            settlements: Vec::new(),
            dossier: new.dossier,
            is_risk_withheld: false,
            is_contract_withheld: false,
            milestones: BTreeMap::new(),
            version: 1,
            created_at: new.at,
            updated_at: new.at,
        }
    }
}
