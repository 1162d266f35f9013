//! A family as a table: each loss with what is asked about it and which documents it needs.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use console::Term;
use constat_domain::catalogue::{Category, Condition, Family, Question, QuestionKind, Subtype};
use constat_domain::claim::Answer;

/// Columns of a table that is not on a terminal.
const USUAL_WIDTH: u16 = 160;

/// The family's matrix, as wide as the terminal.
pub fn of(family: &Family) -> String {
    let width = Term::stdout().size_checked().map_or(USUAL_WIDTH, |(_, columns)| columns);
    let products: Vec<String> =
        family.products.iter().map(|product| format!("{} ({})", product.id, product.label)).collect();
    let mut text = format!("{} {} - {}\nproducts: {}\n", family.id, family.version, family.label, products.join(", "));
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(["loss", "questions", "mandatory", "expected", "optional"]);
    for (loss_type, subtype) in family.subtypes() {
        let documents = |category| documents(subtype, category);
        table.add_row([
            loss(&loss_type.id, subtype),
            questions(subtype),
            documents(Category::Mandatory),
            documents(Category::Expected),
            documents(Category::Optional),
        ]);
    }
    let _infallible = writeln!(text, "{table}");
    text
}

fn loss(loss_type: &str, subtype: &Subtype) -> String {
    let triple = subtype.triple.as_ref().map(|triple| {
        let parts = [Some(&triple.nature), triple.cause.as_ref(), triple.detail.as_ref()];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" / ")
    });
    format!("{loss_type}\n{}\n{}\n{}", subtype.id, subtype.label, triple.unwrap_or_default())
}

fn questions(subtype: &Subtype) -> String {
    let line = |question: &Question| {
        let kind = match &question.kind {
            QuestionKind::Bool => String::new(),
            QuestionKind::Text => " (text)".to_owned(),
            QuestionKind::Choice(options) => {
                let ids: Vec<&str> = options.iter().map(|option| option.id.as_str()).collect();
                format!(" ({})", ids.join(" | "))
            }
        };
        let need = if question.mandatory { "" } else { ", may be left out" };
        format!("- {}{kind}{need}{}", question.id, when(question.when.as_ref()))
    };
    subtype.questions.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn documents(subtype: &Subtype, category: Category) -> String {
    let rules = subtype.documents.iter().filter(|rule| rule.category == category);
    rules.map(|rule| format!("- {}{}", rule.label, when(rule.when.as_ref()))).collect::<Vec<_>>().join("\n")
}

fn when(condition: Option<&Condition>) -> String {
    condition.map(|condition| format!(", if {}", words(condition, false))).unwrap_or_default()
}

/// A condition in words; in brackets when it stands within another one and has several parts.
fn words(condition: &Condition, within: bool) -> String {
    let join = |parts: &[Condition], with: &str| {
        let text = parts.iter().map(|part| words(part, true)).collect::<Vec<_>>().join(with);
        if within && parts.len() > 1 { format!("({text})") } else { text }
    };
    match condition {
        Condition::Is { question, answer } => match answer {
            Answer::Bool(true) => question.clone(),
            Answer::Bool(false) => format!("not {question}"),
            Answer::Text(option) => format!("{question} is {option}"),
        },
        Condition::All(parts) => join(parts, " and "),
        Condition::Any(parts) => join(parts, " or "),
        Condition::Not(part) => format!("not ({})", words(part, false)),
    }
}
