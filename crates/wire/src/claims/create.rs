//! Declaring a loss.

use std::collections::BTreeMap;

use constat_domain::FieldError;
use constat_domain::claim;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Insured, Location, LossDetails, MAX_DESCRIPTION_CHARS, MIN_DESCRIPTION_CHARS};
use crate::common::{Checker, Instant, LossCharacteristics, Valuation};
use crate::dossier::{CauseRemoval, DeclaredDamages, Qualification, Risk};

/// Declares a loss: creates a draft that is completed with documents and then submitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateClaim {
    /// The insured's user id.
    #[schemars(length(min = 1, max = 100), example = &"A1234567890")]
    pub user_id: String,
    /// The contract, as registered.
    #[schemars(length(min = 1, max = 100), example = &"contract_abc123")]
    pub contract_id: String,
    /// The insured thing on the contract.
    #[schemars(length(min = 1, max = 100), example = &"product_def456")]
    pub contract_product_id: String,
    /// What happened: `theft`, `break`, or a type of the catalogue's home family.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 100), example = &"theft")]
    pub kind: String,
    /// What happened, more closely: `total_theft`, `partial_theft`, `vandalism`, `partial_break`,
    /// `total_break`, `failure`, or a subtype of the home family.
    #[schemars(length(min = 1, max = 100), example = &"total_theft")]
    pub subtype: String,
    /// When it happened.
    pub claim_at: Instant,
    /// What happened, in the insured's words: 50 characters or more.
    #[schemars(
        length(min = 50, max = 20_000),
        example = &"Mon vélo a été volé le 15 janvier 2024 vers 14h30 devant la gare de Lyon."
    )]
    pub description: String,
    /// The answers to the catalogue's questions, by the question's text (French) or its stable id.
    pub questions: BTreeMap<String, Answer>,
    /// The insured person.
    pub insured: Insured,
    /// Where it happened.
    pub location: Location,
    /// What happened, as codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossCharacteristics>,
    /// The building or place at risk; that of the contract when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// What is at stake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valuation: Option<Valuation>,
    /// What was damaged.
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
    /// The insurer's reference of the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub insurer_claim_id: Option<String>,
}

impl CreateClaim {
    /// Reads the declaration, or lists everything wrong with it.
    ///
    /// Codes are kept as given. To blame them: `type`, `subtype`, `questions.<key>`, `loss.nature`,
    /// `loss.cause`, `loss.detail`, `risk.type.name`, `risk.relationship.name`,
    /// `risk.measures[i].type`, `qualification.recourse`, `qualification.covenant`,
    /// `declaredDamages.buildingDamages[i].roomDamages[j].surfaces[k].covering.type.name`.
    pub fn into_domain(mut self) -> Result<claim::Declaration, Vec<FieldError>> {
        let mut checker = Checker::new();
        for (name, value) in [
            ("userId", &self.user_id),
            ("contractId", &self.contract_id),
            ("contractProductId", &self.contract_product_id),
            ("type", &self.kind),
            ("subtype", &self.subtype),
        ] {
            checker.text(name, value, 1, 100);
        }
        checker.text("description", &self.description, MIN_DESCRIPTION_CHARS, MAX_DESCRIPTION_CHARS);
        read_questions(&self.questions, &mut checker);
        let dossier = self.read_dossier(&mut checker);
        let declaration = claim::Declaration {
            insured: checker.object("insured", |inner| self.insured.read(inner)),
            location: checker.object("location", |inner| self.location.read(inner)),
            dossier,
            user_id: self.user_id,
            contract_id: self.contract_id,
            contract_product_id: self.contract_product_id,
            loss_type: self.kind,
            subtype: self.subtype,
            claim_at: self.claim_at.0,
            description: self.description,
            answers: self.questions.into_iter().map(|(question, answer)| (question, answer.into())).collect(),
        };
        checker.finish(Some(declaration))
    }

    fn read_dossier(&mut self, checker: &mut Checker) -> claim::Dossier {
        checker.optional_text("insurerClaimId", self.insurer_claim_id.as_ref(), 1, 100);
        let facets = LossDetails {
            loss: self.loss.take(),
            risk: self.risk.take(),
            valuation: self.valuation.take(),
            declared_damages: self.declared_damages.take(),
            conservation_measures: self.conservation_measures,
            cause_removal: self.cause_removal,
            qualification: self.qualification.take(),
        };
        claim::Dossier { insurer_reference: self.insurer_claim_id.take(), ..facets.read(checker) }
    }
}

/// Notes too many answers, and texts beyond all measure.
pub(super) fn read_questions(questions: &BTreeMap<String, Answer>, checker: &mut Checker) {
    if questions.len() > 200 {
        checker.fail("questions", "expected at most 200 answers");
    }
    checker.object("questions", |inner| {
        for (question, answer) in questions {
            if let Answer::Text(text) = answer {
                inner.text(question, text, 0, 4000);
            }
        }
    });
}
