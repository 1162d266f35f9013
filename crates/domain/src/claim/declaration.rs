//! How a declaration becomes a claim.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Answer, Claim, Contract, Dossier, Insured, Location, NewDraft};
use crate::catalogue::Catalogue;
use crate::clock::lies_ahead;
use crate::codes::{Codes, Table};
use crate::ids::DeclarationId;
use crate::refusal::{ClaimRefusal, FieldError, Refusal};
use crate::tenancy::TenantId;

/// A declaration whose fields are well-formed. Contract, catalogue and codes are still to judge it.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The insured's user id.
    pub user_id: String,
    /// The contract.
    pub contract_id: String,
    /// The insured thing on it.
    pub contract_product_id: String,
    /// `type`.
    pub loss_type: String,
    /// `subtype`.
    pub subtype: String,
    /// When the loss happened.
    pub claim_at: Timestamp,
    /// In the insured's words.
    pub description: String,
    /// Answers by question text or id, as given.
    pub answers: BTreeMap<String, Answer>,
    /// The insured person.
    pub insured: Insured,
    /// Where.
    pub location: Location,
    /// What the dossier contract will tell; no mission yet.
    pub dossier: Dossier,
}

/// What a declaration is judged with.
#[derive(Clone, Copy)]
pub struct DeclaredWith<'a> {
    /// Whose data.
    pub tenant: TenantId,
    /// The contract it names.
    pub contract: &'a Contract,
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// The code tables.
    pub codes: &'a Codes,
    /// The new claim's id.
    pub id: DeclarationId,
    /// When it is declared.
    pub at: Timestamp,
}

impl Declaration {
    /// Refuses a loss that has not happened yet.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Refusal> {
        if lies_ahead(self.claim_at, now) {
            return Err(Refusal::field("claimAt", "lies in the future"));
        }
        Ok(())
    }

    /// The draft that it becomes, with the contract and the insured thing as they are now.
    ///
    /// # Errors
    /// The user does not hold the contract, the product is not on it, the catalogue does not know
    /// the loss, answers are missing or wrong, or a code is unknown: in this order, the first.
    pub fn into_draft(self, with: DeclaredWith<'_>) -> Result<Claim, Refusal> {
        let DeclaredWith { tenant, contract, catalogue, codes, id, at } = with;
        if contract.user_id != self.user_id {
            return Err(ClaimRefusal::UserNotAuthorised.into());
        }
        let insured_thing = contract
            .products
            .iter()
            .find(|product| product.id == self.contract_product_id)
            .ok_or(ClaimRefusal::ProductNotFound)?;
        let (family, subtype) =
            catalogue.find(&insured_thing.product.kind, &self.loss_type, &self.subtype).map_err(ClaimRefusal::from)?;
        let given: Vec<(String, Value)> =
            self.answers.into_iter().map(|(name, answer)| (name, answer.into())).collect();
        let answers = subtype
            .read_answers(given.iter().map(|(name, answer)| (name, answer)))
            .map_err(ClaimRefusal::QuestionsIncomplete)?;
        let mut dossier = self.dossier;
        Refusal::unless_empty(code_faults(&dossier, codes))?;
        dossier.loss = match dossier.loss {
            Some(given) => codes.resolve_triple(&given.nature, given.cause.as_deref(), given.detail.as_deref()).ok(),
            None => subtype.triple.clone(),
        };
        dossier.risk = dossier.risk.or_else(|| insured_thing.risk.clone());
        let draft = NewDraft {
            tenant,
            id,
            at,
            user_id: self.user_id,
            loss_type: self.loss_type,
            subtype: self.subtype,
            catalogue_version: family.version.clone(),
            claim_at: self.claim_at,
            description: self.description,
            contract: contract.snapshot(Some(&insured_thing.id), Some(&subtype.guarantee)),
            product: insured_thing.product.clone(),
            location: self.location,
            insured: self.insured,
            answers,
            dossier,
        };
        Ok(draft.into())
    }
}

/// Every code of a dossier that no table has, each with the nearest ones that exist. Fields are
/// named as the claims contract's declaration writes them.
pub fn code_faults(dossier: &Dossier, codes: &Codes) -> Vec<FieldError> {
    let mut faults = Vec::new();
    if let Some(loss) = &dossier.loss
        && let Err(unknown) = codes.resolve_triple(&loss.nature, loss.cause.as_deref(), loss.detail.as_deref())
    {
        faults.push(FieldError::new("loss", unknown.to_string()));
    }
    let mut check = |field: String, table: Table, code: &str| {
        if !codes.contains(table, code) {
            faults.push(FieldError::new(field, codes.unknown(table, code)));
        }
    };
    if let Some(risk) = &dossier.risk {
        check("risk.type.name".to_owned(), Table::RiskType, &risk.kind);
        if let Some(relationship) = &risk.relationship {
            check("risk.relationship.name".to_owned(), Table::RiskRelationship, relationship);
        }
        for kind in risk.measures.keys() {
            check("risk.measures".to_owned(), Table::RiskMeasure, kind);
        }
    }
    if let Some(judged) = &dossier.qualification {
        for (name, table) in [("recourse", Table::RecourseType), ("covenant", Table::Convention)] {
            if let Some(code) = judged.get(name).and_then(Value::as_str) {
                check(format!("qualification.{name}"), table, code);
            }
        }
    }
    if let Some(damages) = &dossier.declared_damages {
        for (field, code) in coverings(damages) {
            check(field, Table::SurfaceCovering, code);
        }
    }
    faults
}

/// Every surface covering of the declared damages, with where it stands.
fn coverings(damages: &Value) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    for (i, building) in list(damages, "buildingDamages") {
        for (j, room) in list(building, "roomDamages") {
            for (k, surface) in list(room, "surfaces") {
                if let Some(code) = surface.pointer("/covering/type/name").and_then(Value::as_str) {
                    let place = format!("declaredDamages.buildingDamages[{i}].roomDamages[{j}].surfaces[{k}]");
                    found.push((format!("{place}.covering.type.name"), code));
                }
            }
        }
    }
    found
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().enumerate()
}
