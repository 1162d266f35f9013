//! The loss in detail (codes, risk, stakes, damages) as the dossier contract has it, in the claims contract: an
//! extension, so that what one contract writes the other reads.

use constat_domain::FieldError;
use constat_domain::claim;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Amount, Checker, Company, CoverDates, LossCharacteristics, Valuation};
use crate::dossier::{CauseRemoval, DeclaredDamages, Qualification, Risk, handed_out};

/// What a claim is about beside its questions. Each part may be left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Facets")]
pub struct LossDetails {
    /// What happened, as codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossCharacteristics>,
    /// The building or place at risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// What is at stake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valuation: Option<Valuation>,
    /// What was damaged, by room and item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_damages: Option<DeclaredDamages>,
    /// Measures were taken to limit the damage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conservation_measures: Option<bool>,
    /// Whether the cause of the loss was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause_removal: Option<CauseRemoval>,
    /// How the loss is judged in law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualification: Option<Qualification>,
}

impl LossDetails {
    /// Notes what is wrong with each, and reads them. Codes are kept as given.
    pub fn read(&self, checker: &mut Checker) -> claim::Dossier {
        if let Some(damages) = &self.declared_damages {
            checker.object("declaredDamages", |inner| damages.check(inner));
        }
        if let Some(qualification) = &self.qualification {
            checker.object("qualification", |inner| qualification.check(inner));
        }
        claim::Dossier {
            loss: self.loss.as_ref().map(|loss| checker.object("loss", |inner| loss.read(inner))),
            risk: self.risk.as_ref().map(|risk| checker.object("risk", |inner| risk.read(inner))),
            valuation: self
                .valuation
                .as_ref()
                .map(|valuation| checker.object("valuation", |inner| valuation.read(inner)))
                .unwrap_or_default(),
            declared_damages: self.declared_damages.as_ref().and_then(|tree| serde_json::to_value(tree).ok()),
            conservation_measures: self.conservation_measures,
            cause_removal: self.cause_removal.map(Into::into),
            qualification: self.qualification.as_ref().and_then(|judged| serde_json::to_value(judged).ok()),
            insurer_reference: None,
            mission: None,
        }
    }

    /// Reads a change, or lists everything wrong with it. A change of nothing is refused.
    pub fn into_domain(self) -> Result<claim::Dossier, Vec<FieldError>> {
        let mut checker = Checker::new();
        if self == Self::default() {
            checker.fail("", "nothing to change: give a loss, a risk, a valuation, damages or the like");
        }
        let dossier = self.read(&mut checker);
        checker.finish(Some(dossier))
    }
}

/// What is wrong with those parts of a dossier that are kept in the contract's own shape, of a claim that came
/// by file and not through these types. Fields begin at the dossier. What is there is not repeated: it may be
/// personal.
pub fn shape_faults(dossier: &claim::Dossier) -> Vec<FieldError> {
    let mut checker = Checker::new();
    if let Some(tree) = &dossier.declared_damages {
        checker.object("declared_damages", |inner| match serde_json::from_value::<DeclaredDamages>(tree.clone()) {
            Ok(damages) => damages.check(inner),
            Err(_wrong) => inner.fail("", "is not in the shape of the dossier contract's declaredDamages"),
        });
    }
    if let Some(tree) = &dossier.qualification {
        checker.object("qualification", |inner| match serde_json::from_value::<Qualification>(tree.clone()) {
            Ok(qualification) => qualification.check(inner),
            Err(_wrong) => inner.fail("", "is not in the shape of the dossier contract's qualification"),
        });
    }
    checker.into_errors()
}

impl From<&claim::Dossier> for LossDetails {
    fn from(dossier: &claim::Dossier) -> Self {
        // What is stored was read through these very types; anything else is left out.
        Self {
            loss: dossier.loss.as_ref().map(Into::into),
            risk: dossier.risk.as_ref().map(Into::into),
            valuation: Valuation::known(&dossier.valuation),
            declared_damages: dossier
                .declared_damages
                .clone()
                .map(handed_out)
                .and_then(|tree| serde_json::from_value(tree).ok()),
            conservation_measures: dossier.conservation_measures,
            cause_removal: dossier.cause_removal.as_ref().map(Into::into),
            qualification: dossier.qualification.clone().and_then(|tree| serde_json::from_value(tree).ok()),
        }
    }
}

/// What the contract covers of it, as it was when the loss was declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cover {
    /// The insurer.
    pub company: Company,
    /// The insurer's number of the contract.
    #[schemars(example = &"MRH-2021-000017")]
    pub contract_number: String,
    /// The contract's commercial name.
    pub contract_name: String,
    /// Code of the guarantee that the claim falls under.
    #[schemars(example = &"DegatsDesEaux")]
    pub guarantee: String,
    /// What the insured bears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deductible: Option<Amount>,
    /// The insurer's reference of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurer_claim_id: Option<String>,
    /// Whether the contract covered the day of the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<CoverDates>,
}

/// A claim as the dossier contract sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimDossier {
    /// The pre-declaration's id.
    pub id: String,
    /// What it is about.
    pub facets: LossDetails,
    /// What the contract covers of it. Left out for an integrator that declared on the contract without naming its
    /// policyholder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<Cover>,
}

impl ClaimDossier {
    /// What a reader sees of the claim: an integrator does not see a risk or a contract that is withheld from it.
    pub fn new(claim: &claim::Claim, asker: claim::Asker) -> Self {
        let contract = &claim.contract;
        let risk = claim.risk_for(asker).map(Into::into);
        let cover = claim.shows_contract_to(asker).then(|| Cover {
            company: (&contract.insurer).into(),
            contract_number: contract.number.clone(),
            contract_name: contract.name.clone(),
            guarantee: contract.guarantee.clone(),
            deductible: contract.deductible.map(Into::into),
            insurer_claim_id: claim.dossier.insurer_reference.clone(),
            dates: Some(claim.cover().into()),
        });
        Self { id: claim.declaration_id.to_string(), facets: LossDetails { risk, ..(&claim.dossier).into() }, cover }
    }
}
