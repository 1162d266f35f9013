//! The catalogue: for each kind of product, which losses can be declared, what is asked about them
//! and which documents they need.
//!
//! A version of a product family is one file of `data/catalogue`; adding a product is adding a file.
//! Questions and documents have stable ids inside and French texts on the wire. A claim is judged by
//! the version that it was declared with for its whole life: see `versions`.

mod answers;
mod condition;
mod file;
mod versions;

#[cfg(test)]
mod bike_facts;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod version_tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};

use crate::claim::Answer;
use crate::refusal::ClaimRefusal;
use crate::service::LossTriple;
use crate::text::sentence_key;

pub use condition::Condition;
pub use file::CatalogueError;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../data/catalogue");
static EMBEDDED: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut files: Vec<(&str, &str)> = FILES
        .files()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
        .collect();
    files.sort_unstable();
    Catalogue::parse(&files).unwrap_or_else(|errors| panic!("the embedded catalogue is not valid: {errors:?}"))
});

/// Answers by stable question id.
pub type Answers = BTreeMap<String, Answer>;

/// Every product family, in every version.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalogue {
    /// The version of each family that new claims are declared with, in the order of the files (by
    /// name, for the embedded ones).
    pub families: Vec<Family>,
    /// The other versions: claims that were declared with them live on.
    pub earlier: Vec<Family>,
}

/// One family of products: all that its file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Stable id: `bike`.
    pub id: String,
    /// Version of the file, kept with each claim: `2026-11`. Numbers in it count as numbers, so that
    /// `2026-9` is older than `2026-10`.
    pub version: String,
    /// French name.
    pub label: String,
    /// Product types of the contract registry that it covers.
    pub products: Vec<Named>,
    /// What can happen to them.
    pub loss_types: Vec<LossType>,
}

/// A stable id with its French label.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Stable id.
    pub id: String,
    /// For people.
    pub label: String,
}

/// The wire's `type`: theft, break, water damage.
#[derive(Debug, Clone, PartialEq)]
pub struct LossType {
    /// Stable id: `theft`.
    pub id: String,
    /// French name.
    pub label: String,
    /// Other names that the trade uses for it: `VOL`, `DDE`.
    pub aliases: Vec<String>,
    /// Its subtypes; never empty.
    pub subtypes: Vec<Subtype>,
}

/// The wire's `subtype`, with all that a declaration of it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Subtype {
    /// Stable id, unique in its family: `total_theft`.
    pub id: String,
    /// French name.
    pub label: String,
    /// Nature, cause and detail; one of the code table's triples.
    pub triple: Option<LossTriple>,
    /// Code of `guarantee_type.csv` that the loss falls under, unless the contract says otherwise.
    pub guarantee: String,
    /// What is asked, in order.
    pub questions: Vec<Question>,
    /// What documents may be needed, in order.
    pub documents: Vec<DocumentRule>,
}

/// One question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Stable id: `tied_to_fixed_point`.
    pub id: String,
    /// The question as the wire writes it, in French.
    pub text: String,
    /// What an answer looks like.
    pub kind: QuestionKind,
    /// Whether a declaration needs the answer, once the question is asked at all.
    pub mandatory: bool,
    /// Asked only when this holds. Speaks of earlier questions only.
    pub when: Option<Condition>,
}

/// What an answer looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuestionKind {
    /// Yes or no.
    Bool,
    /// Free words.
    Text,
    /// One of these; the answer is kept as the option's id and written on the wire as its label.
    Choice(Vec<Named>),
}

/// A document that a claim may need.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentRule {
    /// Stable id: `final_police_report`.
    pub id: String,
    /// The document's type as the wire writes it, in French.
    pub label: String,
    /// How much it is needed.
    pub category: Category,
    /// Needed only when this holds.
    pub when: Option<Condition>,
}

/// How much a document is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// The claim cannot be submitted without it.
    Mandatory,
    /// Should come, but does not hold the claim back.
    Expected,
    /// May help.
    Optional,
}

impl Category {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mandatory => "mandatory",
            Self::Expected => "expected",
            Self::Optional => "optional",
        }
    }
}

/// A document that a claim with given answers needs.
#[derive(Debug, Clone, PartialEq)]
pub struct RequiredDocument<'a> {
    /// The rule that asks for it.
    pub rule: &'a DocumentRule,
    /// The question id and answer that made the rule hold; `None` when it always holds.
    pub because: Option<(String, Answer)>,
}

/// Why the catalogue has no such loss for a product.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// No family covers the product type.
    #[error("no family covers this product type")]
    UnsupportedProductType {
        /// Product types that have a family.
        supported: Vec<String>,
    },
    /// The subtype does not exist for the product.
    #[error("this subtype does not exist for the product")]
    SubtypeNotOfProduct {
        /// Those that do, of any type.
        allowed: Vec<String>,
    },
    /// The subtype exists for the product, under another type.
    #[error("this subtype belongs to another type")]
    TypeMismatch {
        /// The type it belongs to.
        expected_type: String,
        /// Subtypes of the type that was given; empty when the product has no such type.
        allowed: Vec<String>,
    },
}

impl From<LookupError> for ClaimRefusal {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::UnsupportedProductType { .. } => Self::UnsupportedProductType,
            LookupError::SubtypeNotOfProduct { allowed } => Self::InvalidSubtypeForProduct { allowed },
            LookupError::TypeMismatch { allowed, .. } => Self::InvalidTypeForSubtype { allowed },
        }
    }
}

impl Catalogue {
    /// The catalogue that came with the program.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads families from files, given as (name, TOML text), and checks them whole: see
    /// [`CatalogueError`].
    ///
    /// # Errors
    /// Everything that is wrong, by file.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, Vec<CatalogueError>> {
        Self::default().extended(files)
    }

    /// The family with an id, in the version for new claims.
    pub fn family(&self, id: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.id == id)
    }

    /// The family that covers a product type of the registry, in the version for new claims.
    /// Capitals do not matter, nor whether words are joined by `-`, `_` or a space.
    pub fn family_for_product(&self, product_type: &str) -> Option<&Family> {
        covering(&|| self.families.iter(), product_type)
    }

    /// Every product type that has a family.
    pub fn product_types(&self) -> impl Iterator<Item = &Named> {
        self.families.iter().flat_map(|family| &family.products)
    }

    /// The loss that a declaration names, for the product it names.
    ///
    /// # Errors
    /// [`LookupError`], which turns into the claims contract's refusals 1008, 1004 and 1007.
    pub fn find(&self, product_type: &str, loss_type: &str, subtype: &str) -> Result<(&Family, &Subtype), LookupError> {
        let family = self.family_for_product(product_type).ok_or_else(|| LookupError::UnsupportedProductType {
            supported: self.product_types().map(|product| product.id.clone()).collect(),
        })?;
        Ok((family, family.find(loss_type, subtype)?))
    }
}

/// The first of these families that covers a product type.
fn covering<'a, I: Iterator<Item = &'a Family>>(families: &dyn Fn() -> I, product_type: &str) -> Option<&'a Family> {
    let find =
        |is: &dyn Fn(&str) -> bool| families().find(|family| family.products.iter().any(|product| is(&product.id)));
    // Every read of a claim asks: the registry's usual spelling costs no allocation.
    find(&|id| id == product_type).or_else(|| {
        let wanted = product_key(product_type);
        find(&|id| product_key(id) == wanted)
    })
}

/// A product type without its capitals and its joining marks.
fn product_key(product_type: &str) -> String {
    product_type.trim().to_lowercase().replace(['-', ' '], "_")
}

impl Family {
    /// A loss type by its id.
    pub fn loss_type(&self, id: &str) -> Option<&LossType> {
        self.loss_types.iter().find(|loss_type| loss_type.id == id)
    }

    /// A loss type by its id or by a name that the trade gives it, in any capitals: `DDE`.
    pub fn loss_type_named(&self, name: &str) -> Option<&LossType> {
        let is = |other: &String| other.eq_ignore_ascii_case(name.trim());
        self.loss_types.iter().find(|loss_type| is(&loss_type.id) || loss_type.aliases.iter().any(is))
    }

    /// A subtype by its type and its own id.
    pub fn subtype(&self, loss_type: &str, subtype: &str) -> Option<&Subtype> {
        self.loss_type(loss_type)?.subtypes.iter().find(|candidate| candidate.id == subtype)
    }

    /// Every subtype with its type, in the order of the file.
    pub fn subtypes(&self) -> impl Iterator<Item = (&LossType, &Subtype)> {
        self.loss_types.iter().flat_map(|loss_type| loss_type.subtypes.iter().map(move |subtype| (loss_type, subtype)))
    }

    /// The subtype that a declaration names.
    ///
    /// # Errors
    /// The family has no such subtype, or has it under another type.
    pub fn find(&self, loss_type: &str, subtype: &str) -> Result<&Subtype, LookupError> {
        if let Some(found) = self.subtype(loss_type, subtype) {
            return Ok(found);
        }
        match self.subtypes().find(|(_, candidate)| candidate.id == subtype) {
            Some((expected, _)) => Err(LookupError::TypeMismatch {
                expected_type: expected.id.clone(),
                allowed: self.loss_type(loss_type).map(LossType::subtype_ids).unwrap_or_default(),
            }),
            None => Err(LookupError::SubtypeNotOfProduct {
                allowed: self.subtypes().map(|(_, candidate)| candidate.id.clone()).collect(),
            }),
        }
    }

    /// A document of any of the family's losses, by stable id or French label.
    pub fn document(&self, name: &str) -> Option<&DocumentRule> {
        self.subtypes().find_map(|(_, subtype)| subtype.document(name))
    }

    /// The French labels of all documents of the family's losses, each once.
    pub fn document_labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = Vec::new();
        for rule in self.subtypes().flat_map(|(_, subtype)| &subtype.documents) {
            if !labels.contains(&rule.label) {
                labels.push(rule.label.clone());
            }
        }
        labels
    }
}

impl LossType {
    fn subtype_ids(&self) -> Vec<String> {
        self.subtypes.iter().map(|subtype| subtype.id.clone()).collect()
    }
}

impl Family {
    /// Whether both cover some product type.
    fn shares_a_product(&self, other: &Self) -> Option<&Named> {
        let theirs =
            |product: &Named| other.products.iter().any(|one| product_key(&one.id) == product_key(&product.id));
        self.products.iter().find(|product| theirs(product))
    }
}

impl Subtype {
    /// A question by stable id or French text. Spacing, capitals and the kind of apostrophe do not
    /// matter.
    pub fn question(&self, name: &str) -> Option<&Question> {
        let key = sentence_key(name);
        self.questions.iter().find(|question| question.id == key || sentence_key(&question.text) == key)
    }

    /// A document rule by stable id or French label, with the same tolerance, whether or not it
    /// holds for a claim.
    pub fn document(&self, name: &str) -> Option<&DocumentRule> {
        let key = sentence_key(name);
        self.documents.iter().find(|rule| rule.id == key || sentence_key(&rule.label) == key)
    }

    /// The documents that a claim with these answers needs, in the order of the file.
    pub fn required_documents(&self, answers: &Answers) -> Vec<RequiredDocument<'_>> {
        self.documents
            .iter()
            .filter(|rule| rule.when.as_ref().is_none_or(|when| when.holds(answers)))
            .map(|rule| RequiredDocument { rule, because: rule.when.as_ref().and_then(|when| when.reason(answers)) })
            .collect()
    }
}
