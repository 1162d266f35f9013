//! The catalogue of products and questions.

use constat_domain::FieldError;
use constat_domain::catalogue::{self, Condition, Family};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, DocumentCategory};
use crate::common::{Checker, LossCharacteristics};

/// Which part of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CatalogueQuery {
    /// Only the family that covers this product type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100), example = &"bike")]
    pub product: Option<String>,
    /// Only the family of this claim, in the version that it was declared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub claim_id: Option<String>,
}

impl CatalogueQuery {
    /// Lists what is wrong with it.
    pub fn check(&self) -> Vec<FieldError> {
        let mut checker = Checker::new();
        checker.optional_text("product", self.product.as_ref(), 1, 100);
        checker.optional_text("claimId", self.claim_id.as_ref(), 1, 100);
        if self.product.is_some() && self.claim_id.is_some() {
            checker.fail("claimId", "goes without product: the claim has one");
        }
        checker.finish(Some(())).err().unwrap_or_default()
    }
}

/// A stable id with its French label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueName {
    /// Stable id.
    #[schemars(example = &"bike")]
    pub id: String,
    /// In French.
    #[schemars(example = &"Vélo")]
    pub label: String,
}

impl From<&catalogue::Named> for CatalogueName {
    fn from(named: &catalogue::Named) -> Self {
        Self { id: named.id.clone(), label: named.label.clone() }
    }
}

/// One version of a family of products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueFamily {
    /// Stable id.
    #[schemars(example = &"bike")]
    pub id: String,
    /// Its version; a claim keeps the one it was declared with.
    #[schemars(example = &"2026-11")]
    pub version: String,
    /// In French.
    pub label: String,
    /// The product types of the contract registry that it covers.
    pub products: Vec<CatalogueName>,
    /// What can happen to them.
    pub types: Vec<CatalogueType>,
}

/// A claim's `type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueType {
    /// What a declaration gives as `type`.
    #[schemars(example = &"theft")]
    pub id: String,
    /// In French.
    pub label: String,
    /// Other names that the trade uses: `DDE`, `VOL`.
    pub aliases: Vec<String>,
    /// What it may be more closely.
    pub subtypes: Vec<CatalogueSubtype>,
}

/// A claim's `subtype`, with all that a declaration of it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueSubtype {
    /// What a declaration gives as `subtype`.
    #[schemars(example = &"total_theft")]
    pub id: String,
    /// In French.
    pub label: String,
    /// The loss as codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossCharacteristics>,
    /// Code of the guarantee that it falls under.
    pub guarantee: String,
    /// What is asked, in order.
    pub questions: Vec<CatalogueQuestion>,
    /// Which documents may be needed, in order.
    pub documents: Vec<CatalogueDocument>,
}

/// What an answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QuestionKind {
    /// `true` or `false`.
    Bool,
    /// Free words.
    Text,
    /// One of the options, by id or label.
    Choice,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueQuestion {
    /// Stable id; a declaration may use it as the key of its answer.
    #[schemars(example = &"tied_to_fixed_point")]
    pub id: String,
    /// The question (French): the key of the answer in a claim.
    pub text: String,
    /// What an answer looks like.
    pub kind: QuestionKind,
    /// What may be chosen; empty unless it is a choice.
    pub options: Vec<CatalogueName>,
    /// Whether a declaration needs the answer, once the question is asked.
    pub mandatory: bool,
    /// Asked only when this holds; always when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<CatalogueCondition>,
}

/// A document that may be needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueDocument {
    /// Stable id.
    #[schemars(example = &"final_police_report")]
    pub id: String,
    /// Its type on the wire (French).
    #[schemars(example = &"Dépôt de plainte")]
    pub label: String,
    /// How much it is wanted.
    pub category: DocumentCategory,
    /// Needed only when this holds; always when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<CatalogueCondition>,
}

/// A condition on answers: one of the four forms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CatalogueCondition {
    /// The question was answered so.
    Is {
        /// Stable question id.
        question: String,
        /// The answer; of a choice, the option's id.
        is: Answer,
    },
    /// Every one holds.
    All {
        /// The parts.
        all: Vec<CatalogueCondition>,
    },
    /// At least one holds.
    Any {
        /// The parts.
        any: Vec<CatalogueCondition>,
    },
    /// It does not hold.
    Not {
        /// The part.
        not: Box<CatalogueCondition>,
    },
}

impl From<&Condition> for CatalogueCondition {
    fn from(condition: &Condition) -> Self {
        let list = |parts: &[Condition]| parts.iter().map(Into::into).collect();
        match condition {
            Condition::Is { question, answer } => Self::Is { question: question.clone(), is: answer.into() },
            Condition::All(parts) => Self::All { all: list(parts) },
            Condition::Any(parts) => Self::Any { any: list(parts) },
            Condition::Not(part) => Self::Not { not: Box::new(part.as_ref().into()) },
        }
    }
}

impl From<&Family> for CatalogueFamily {
    fn from(family: &Family) -> Self {
        let of_type = |known: &catalogue::LossType| CatalogueType {
            id: known.id.clone(),
            label: known.label.clone(),
            aliases: known.aliases.clone(),
            subtypes: known.subtypes.iter().map(Into::into).collect(),
        };
        Self {
            id: family.id.clone(),
            version: family.version.clone(),
            label: family.label.clone(),
            products: family.products.iter().map(Into::into).collect(),
            types: family.loss_types.iter().map(of_type).collect(),
        }
    }
}

impl From<&catalogue::Subtype> for CatalogueSubtype {
    fn from(subtype: &catalogue::Subtype) -> Self {
        let document = |rule: &catalogue::DocumentRule| CatalogueDocument {
            id: rule.id.clone(),
            label: rule.label.clone(),
            category: rule.category.into(),
            when: rule.when.as_ref().map(Into::into),
        };
        Self {
            id: subtype.id.clone(),
            label: subtype.label.clone(),
            loss: subtype.triple.as_ref().map(Into::into),
            guarantee: subtype.guarantee.clone(),
            questions: subtype.questions.iter().map(Into::into).collect(),
            documents: subtype.documents.iter().map(document).collect(),
        }
    }
}

impl From<&catalogue::Question> for CatalogueQuestion {
    fn from(question: &catalogue::Question) -> Self {
        let (kind, options) = match &question.kind {
            catalogue::QuestionKind::Bool => (QuestionKind::Bool, Vec::new()),
            catalogue::QuestionKind::Text => (QuestionKind::Text, Vec::new()),
            catalogue::QuestionKind::Choice(options) => {
                (QuestionKind::Choice, options.iter().map(Into::into).collect())
            }
        };
        Self {
            id: question.id.clone(),
            text: question.text.clone(),
            kind,
            options,
            mandatory: question.mandatory,
            when: question.when.as_ref().map(Into::into),
        }
    }
}
