//! Answers as the wire writes them, read into answers by stable id and back.

use serde_json::{Map, Value};

use super::{Answers, Question, QuestionKind, Subtype};
use crate::claim::Answer;
use crate::refusal::FieldError;
use crate::text::sentence_key;

/// Longest free-text answer, in characters. Ours: a generous paragraph.
const MAX_TEXT_CHARS: usize = 2_000;

impl Subtype {
    /// Reads answers whose keys are stable ids or French question texts.
    ///
    /// Yes and no may also come as `"true"`, `"false"`, `"oui"`, `"non"`; a choice as the option's
    /// id or label. `null` counts as no answer. A mandatory question may be left out only when its
    /// condition does not hold.
    ///
    /// # Errors
    /// Every unknown question, answer of the wrong kind and missing mandatory answer; the field is
    /// `questions.` and the key as it was written, or the French text of what is missing.
    pub fn read_answers<'a>(
        &self,
        given: impl IntoIterator<Item = (&'a String, &'a Value)>,
    ) -> Result<Answers, Vec<FieldError>> {
        let mut answers = Answers::new();
        let mut errors = Vec::new();
        let mut refused: Vec<&str> = Vec::new();
        for (key, value) in given {
            let field = || format!("questions.{key}");
            let Some(question) = self.question(key) else {
                errors.push(FieldError::new(field(), self.unknown_question(key)));
                continue;
            };
            if value.is_null() {
                continue;
            }
            match question.read(value) {
                Ok(answer) => {
                    if answers.insert(question.id.clone(), answer.clone()).is_some_and(|other| other != answer) {
                        refused.push(&question.id);
                        errors.push(FieldError::new(field(), "the same question is answered twice, differently"));
                    }
                }
                Err(message) => {
                    refused.push(&question.id);
                    errors.push(FieldError::new(field(), message));
                }
            }
        }
        for question in self.asked(&answers) {
            if question.mandatory && !answers.contains_key(&question.id) && !refused.contains(&question.id.as_str()) {
                let message = format!("is missing; expected {}", question.expected());
                errors.push(FieldError::new(format!("questions.{}", question.text), message));
            }
        }
        if errors.is_empty() { Ok(answers) } else { Err(errors) }
    }

    /// The questions that are asked, given what was answered so far.
    pub fn asked<'a>(&'a self, answers: &'a Answers) -> impl Iterator<Item = &'a Question> {
        self.questions.iter().filter(|question| question.when.as_ref().is_none_or(|when| when.holds(answers)))
    }

    /// Answers as the wire writes them: by French question text, a choice as its label, in the
    /// order of the file. An answer to a question that this version does not have keeps its id.
    pub fn wire_questions(&self, answers: &Answers) -> Map<String, Value> {
        let mut wire: Map<String, Value> = self
            .questions
            .iter()
            .filter_map(|question| Some((question.text.clone(), question.write(answers.get(&question.id)?))))
            .collect();
        for (id, answer) in answers {
            if !self.questions.iter().any(|question| question.id == *id) {
                wire.insert(id.clone(), answer.clone().into());
            }
        }
        wire
    }

    /// A question's French text and an answer to it as the wire writes it; `None` for a question that
    /// this version does not have.
    pub fn wire_answer(&self, question: &str, answer: &Answer) -> Option<(&str, Value)> {
        let question = self.questions.iter().find(|known| known.id == question)?;
        Some((&question.text, question.write(answer)))
    }

    /// Says that a key names none of the questions, with the ids most like it, best first. For files, which write
    /// ids.
    pub fn no_such_question(&self, key: &str) -> String {
        const MAX_SUGGESTIONS: usize = 3;
        let key = sentence_key(key);
        let mut known: Vec<(f64, &str)> = self
            .questions
            .iter()
            .map(|question| {
                let by_text = strsim::jaro_winkler(&sentence_key(&question.text), &key);
                (strsim::jaro_winkler(&question.id, &key).max(by_text), question.id.as_str())
            })
            .collect();
        known.sort_by(|left, right| right.0.total_cmp(&left.0));
        let nearest: Vec<&str> = known.into_iter().take(MAX_SUGGESTIONS).map(|(_, id)| id).collect();
        if nearest.is_empty() {
            return format!("{} asks no questions", self.id);
        }
        format!("is not a question of {}; the nearest: {}", self.id, nearest.join(", "))
    }

    fn unknown_question(&self, key: &str) -> String {
        let key = sentence_key(key);
        let likeness = |question: &&Question| {
            strsim::jaro_winkler(&sentence_key(&question.text), &key).max(strsim::jaro_winkler(&question.id, &key))
        };
        let nearest = self.questions.iter().max_by(|left, right| likeness(left).total_cmp(&likeness(right)));
        match nearest {
            Some(question) => {
                format!("is not a question of {}; the nearest is \"{}\" ({})", self.id, question.text, question.id)
            }
            None => format!("{} asks no questions", self.id),
        }
    }
}

impl Question {
    /// Reads one answer. The message says what would be right and never repeats what was given.
    fn read(&self, value: &Value) -> Result<Answer, String> {
        let wrong = || format!("expected {}", self.expected());
        match (&self.kind, value) {
            (QuestionKind::Bool, Value::Bool(yes)) => Ok(Answer::Bool(*yes)),
            (QuestionKind::Bool, Value::String(text)) => match text.trim().to_lowercase().as_str() {
                "true" | "oui" => Ok(Answer::Bool(true)),
                "false" | "non" => Ok(Answer::Bool(false)),
                _ => Err(wrong()),
            },
            (QuestionKind::Text, Value::String(text)) => {
                let text = text.trim();
                if text.is_empty() || text.chars().count() > MAX_TEXT_CHARS {
                    return Err(wrong());
                }
                Ok(Answer::Text(text.to_owned()))
            }
            (QuestionKind::Choice(options), Value::String(text)) => {
                let key = sentence_key(text);
                let option = options.iter().find(|option| option.id == key || sentence_key(&option.label) == key);
                option.map(|option| Answer::Text(option.id.clone())).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }

    fn write(&self, answer: &Answer) -> Value {
        if let (QuestionKind::Choice(options), Answer::Text(id)) = (&self.kind, answer)
            && let Some(option) = options.iter().find(|option| option.id == *id)
        {
            return Value::String(option.label.clone());
        }
        answer.clone().into()
    }

    /// What an answer looks like, for messages.
    fn expected(&self) -> String {
        match &self.kind {
            QuestionKind::Bool => "true or false".to_owned(),
            QuestionKind::Text => format!("a text of 1 to {MAX_TEXT_CHARS} characters"),
            QuestionKind::Choice(options) => {
                let labels: Vec<String> = options.iter().map(|option| format!("\"{}\"", option.label)).collect();
                format!("one of {}", labels.join(", "))
            }
        }
    }
}
