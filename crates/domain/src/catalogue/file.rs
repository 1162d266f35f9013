//! The catalogue's file format, and the checks that make a file into a family.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Answers, Category, Condition, DocumentRule, Family, LossType, Named, Question, QuestionKind, Subtype};
use crate::claim::Answer;
use crate::codes::{Codes, Table};
use crate::service::LossTriple;
use crate::text::sentence_key;

/// Most combinations of answers tried to see whether a condition can hold; a condition on more is
/// taken at its word.
const MAX_COMBINATIONS: usize = 10_000;

/// Something wrong with a catalogue file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct CatalogueError {
    /// The file's name, as given.
    pub file: String,
    /// Where in it, what is wrong, and what would be right.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyFile {
    id: String,
    version: String,
    label: String,
    products: Vec<Named>,
    #[serde(default)]
    questions: BTreeMap<String, QuestionText>,
    #[serde(default)]
    documents: BTreeMap<String, String>,
    loss_types: Vec<LossTypeFile>,
}

/// What is asked, once for the whole family.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionText {
    text: String,
    kind: KindName,
    #[serde(default)]
    options: Vec<Named>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum KindName {
    Bool,
    Text,
    Choice,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LossTypeFile {
    id: String,
    label: String,
    #[serde(default)]
    aliases: Vec<String>,
    subtypes: Vec<SubtypeFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubtypeFile {
    id: String,
    label: String,
    triple: Option<LossTriple>,
    guarantee: String,
    #[serde(default)]
    questions: Vec<QuestionUse>,
    #[serde(default)]
    documents: Vec<DocumentUse>,
}

/// Where a question is asked: its id alone, or with conditions.
#[derive(Deserialize)]
#[serde(untagged)]
enum QuestionUse {
    Plain(String),
    Full(FullQuestionUse),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullQuestionUse {
    id: String,
    #[serde(default = "yes")]
    mandatory: bool,
    when: Option<ConditionFile>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentUse {
    id: String,
    category: Category,
    when: Option<ConditionFile>,
}

/// One of `{ question, is }`, `{ all }`, `{ any }`, `{ not }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionFile {
    question: Option<String>,
    is: Option<Answer>,
    all: Option<Vec<Self>>,
    any: Option<Vec<Self>>,
    not: Option<Box<Self>>,
}

impl ConditionFile {
    fn read(self) -> Result<Condition, String> {
        let list = |parts: Vec<Self>| {
            if parts.is_empty() {
                return Err("a condition needs at least one part".to_owned());
            }
            parts.into_iter().map(Self::read).collect::<Result<Vec<_>, _>>()
        };
        match self {
            Self { question: Some(question), is: Some(answer), all: None, any: None, not: None } => {
                Ok(Condition::Is { question, answer })
            }
            Self { question: None, is: None, all: Some(parts), any: None, not: None } => {
                Ok(Condition::All(list(parts)?))
            }
            Self { question: None, is: None, all: None, any: Some(parts), not: None } => {
                Ok(Condition::Any(list(parts)?))
            }
            Self { question: None, is: None, all: None, any: None, not: Some(part) } => {
                Ok(Condition::Not(Box::new(part.read()?)))
            }
            _ => Err("a condition is { question, is }, { all }, { any } or { not }".to_owned()),
        }
    }
}

/// Reads and checks one file.
pub(super) fn read(file: &str, text: &str) -> Result<Family, Vec<CatalogueError>> {
    let mut check = Check { errors: Vec::new() };
    let family = match toml::from_str::<FamilyFile>(text) {
        Err(error) => {
            check.errors.push(error.to_string());
            None
        }
        Ok(read) => Some(check.family(read)),
    };
    match family {
        Some(family) if check.errors.is_empty() => Ok(family),
        _ => Err(check.errors.into_iter().map(|message| CatalogueError { file: file.to_owned(), message }).collect()),
    }
}

/// Collects what is wrong with one file.
struct Check {
    errors: Vec<String>,
}

impl Check {
    fn add(&mut self, place: &str, message: impl AsRef<str>) {
        self.errors.push(format!("{place}: {}", message.as_ref()));
    }

    fn family(&mut self, file: FamilyFile) -> Family {
        self.ids("id", [&file.id], "");
        self.ids("products", file.products.iter().map(|product| &product.id), "-");
        self.ids("questions", file.questions.keys(), "");
        self.ids("documents", file.documents.keys(), "");
        self.ids("loss_types", file.loss_types.iter().map(|loss_type| &loss_type.id), "");
        let subtypes = file.loss_types.iter().flat_map(|loss_type| &loss_type.subtypes);
        self.ids("subtypes", subtypes.map(|subtype| &subtype.id), "");
        self.texts("questions", file.questions.values().map(|question| &question.text));
        self.texts("documents", file.documents.values());
        if file.version.trim().is_empty() || file.products.is_empty() || file.loss_types.is_empty() {
            self.add("file", "version, products and loss_types may not be empty");
        }

        let mut kinds = BTreeMap::new();
        for (id, question) in &file.questions {
            kinds.insert(id.as_str(), (question.text.as_str(), self.kind(id, question)));
        }
        let mut used = BTreeSet::new();
        let mut loss_types = Vec::new();
        for loss_type in file.loss_types {
            if loss_type.subtypes.is_empty() {
                self.add(&loss_type.id, "needs at least one subtype");
            }
            let mut subtypes = Vec::new();
            for subtype in loss_type.subtypes {
                subtypes.push(self.subtype(subtype, &kinds, &file.documents, &mut used));
            }
            loss_types.push(LossType {
                id: loss_type.id,
                label: loss_type.label,
                aliases: loss_type.aliases,
                subtypes,
            });
        }
        for id in file.questions.keys().chain(file.documents.keys()) {
            if !used.contains(id) {
                self.add(id, "is defined but no subtype uses it");
            }
        }
        Family { id: file.id, version: file.version, label: file.label, products: file.products, loss_types }
    }

    fn kind(&mut self, id: &str, question: &QuestionText) -> QuestionKind {
        match question.kind {
            KindName::Choice => {
                let place = format!("questions.{id}.options");
                self.ids(&place, question.options.iter().map(|option| &option.id), "");
                self.texts(&place, question.options.iter().map(|option| &option.label));
                if question.options.len() < 2 {
                    self.add(&place, "a choice needs at least two options");
                }
                QuestionKind::Choice(question.options.clone())
            }
            plain => {
                if !question.options.is_empty() {
                    self.add(&format!("questions.{id}"), "only a choice has options");
                }
                if plain == KindName::Bool { QuestionKind::Bool } else { QuestionKind::Text }
            }
        }
    }

    fn subtype(
        &mut self,
        file: SubtypeFile,
        kinds: &BTreeMap<&str, (&str, QuestionKind)>,
        labels: &BTreeMap<String, String>,
        used: &mut BTreeSet<String>,
    ) -> Subtype {
        let place = |what: &str| format!("{}.{what}", file.id);
        let codes = Codes::embedded();
        if !codes.contains(Table::GuaranteeType, &file.guarantee) {
            self.add(&place("guarantee"), codes.unknown(Table::GuaranteeType, &file.guarantee));
        }
        let triple = file.triple.and_then(|triple| {
            codes
                .resolve_triple(&triple.nature, triple.cause.as_deref(), triple.detail.as_deref())
                .inspect_err(|unknown| self.add(&place("triple"), unknown.to_string()))
                .ok()
        });

        let mut questions: Vec<Question> = Vec::new();
        for asked in file.questions {
            let asked = match asked {
                QuestionUse::Plain(id) => FullQuestionUse { id, mandatory: true, when: None },
                QuestionUse::Full(asked) => asked,
            };
            let place = place(&asked.id);
            let Some((text, kind)) = kinds.get(asked.id.as_str()) else {
                self.add(&place, "is not one of the family's questions");
                continue;
            };
            if questions.iter().any(|question| question.id == asked.id) {
                self.add(&place, "is asked twice");
            }
            used.insert(asked.id.clone());
            let when = self.condition(&place, asked.when, &questions);
            let (text, kind) = ((*text).to_owned(), kind.clone());
            questions.push(Question { id: asked.id, text, kind, mandatory: asked.mandatory, when });
        }

        let mut documents: Vec<DocumentRule> = Vec::new();
        for rule in file.documents {
            let place = place(&rule.id);
            let Some(label) = labels.get(&rule.id) else {
                self.add(&place, "is not one of the family's documents");
                continue;
            };
            if documents.iter().any(|document| document.id == rule.id) {
                self.add(&place, "has two rules; use one with { any = [..] }");
            }
            used.insert(rule.id.clone());
            let when = self.condition(&place, rule.when, &questions);
            documents.push(DocumentRule { id: rule.id, label: label.clone(), category: rule.category, when });
        }
        Subtype { id: file.id, label: file.label, triple, guarantee: file.guarantee, questions, documents }
    }

    /// A condition that speaks of known questions, compares them with answers they can have, and
    /// can hold.
    fn condition(&mut self, place: &str, file: Option<ConditionFile>, known: &[Question]) -> Option<Condition> {
        let condition = match file?.read() {
            Ok(condition) => condition,
            Err(message) => {
                self.add(place, message);
                return None;
            }
        };
        let before = self.errors.len();
        for (id, answer) in condition.comparisons() {
            match known.iter().find(|question| question.id == id).map(|question| (&question.kind, answer)) {
                None => self.add(place, format!("its condition speaks of {id}, which is not asked before it")),
                Some((QuestionKind::Bool, Answer::Bool(_))) => {}
                Some((QuestionKind::Choice(options), Answer::Text(text)))
                    if options.iter().any(|option| option.id == *text) => {}
                Some(_) => self.add(place, format!("its condition compares {id} with an answer it cannot have")),
            }
        }
        if self.errors.len() == before && !can_hold(&condition, known) {
            self.add(place, "its condition can never hold");
        }
        Some(condition)
    }

    /// Ids are in snake case (a product type may also join words by `extra`) and differ.
    fn ids<'a>(&mut self, place: &str, ids: impl IntoIterator<Item = &'a String>, extra: &str) {
        let mut seen = BTreeSet::new();
        for id in ids {
            let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
            if id.is_empty() || !id.chars().all(|letter| plain(letter) || extra.contains(letter)) {
                self.add(place, format!("\"{id}\" is not an id: use a-z, 0-9 and _"));
            }
            if !seen.insert(id) {
                self.add(place, format!("\"{id}\" is there twice"));
            }
        }
    }

    /// Texts that meet on the wire are not empty and cannot be taken for one another.
    fn texts<'a>(&mut self, place: &str, texts: impl IntoIterator<Item = &'a String>) {
        let mut seen = BTreeSet::new();
        for text in texts {
            let key = sentence_key(text);
            if key.is_empty() || !seen.insert(key) {
                self.add(place, format!("\"{text}\" is empty or there twice"));
            }
        }
    }
}

/// Tries every combination of answers, and of no answer, to the questions that a condition and its
/// questions' own conditions speak of.
fn can_hold(condition: &Condition, known: &[Question]) -> bool {
    let mut spoken_of: BTreeSet<&str> = BTreeSet::new();
    let mut to_follow = condition.questions();
    while let Some(id) = to_follow.pop() {
        if spoken_of.insert(id)
            && let Some(when) =
                known.iter().find(|question| question.id == id).and_then(|question| question.when.as_ref())
        {
            to_follow.extend(when.questions());
        }
    }
    let mut combinations = vec![Answers::new()];
    for question in known.iter().filter(|question| spoken_of.contains(question.id.as_str())) {
        let possible: Vec<Answer> = match &question.kind {
            QuestionKind::Bool => vec![Answer::Bool(true), Answer::Bool(false)],
            QuestionKind::Choice(options) => options.iter().map(|option| Answer::Text(option.id.clone())).collect(),
            QuestionKind::Text => Vec::new(),
        };
        let mut wider = Vec::with_capacity(combinations.len() * (possible.len() + 1));
        for answers in combinations {
            if question.when.as_ref().is_none_or(|when| when.holds(&answers)) {
                wider.extend(possible.iter().map(|answer| {
                    let mut with = answers.clone();
                    with.insert(question.id.clone(), answer.clone());
                    with
                }));
            }
            wider.push(answers);
        }
        combinations = wider;
        if combinations.len() > MAX_COMBINATIONS {
            return true;
        }
    }
    combinations.iter().any(|answers| condition.holds(answers))
}
