//! Telling the walk: numbered steps, each with its requests and answers in one line or two.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex};

use constat_client::{Exchange, Observer};
use serde_json::Value;

/// Longest text shown of one value, in characters.
const MAX_VALUE_CHARS: usize = 48;

/// Most items shown of a list.
const MAX_ITEMS: usize = 3;

/// What is shown of an error unless the step says otherwise: each contract's code and words.
const OF_AN_ERROR: &[&str] = &["/error/code", "/error/message", "/value", "/description"];

/// Where the words go, and what is shown of each exchange.
#[derive(Clone)]
pub struct Printer {
    inner: Arc<Mutex<Telling>>,
}

struct Telling {
    quiet: bool,
    colours: bool,
    steps: usize,
    /// JSON pointers shown of the next requests.
    asked: Vec<&'static str>,
    /// JSON pointers shown of the next answers.
    answered: Vec<&'static str>,
}

#[derive(Clone, Copy)]
enum Ink {
    Bold,
    Dim,
    Green,
    Red,
}

impl Telling {
    fn ink(&self, ink: Ink, text: &str) -> String {
        if !self.colours {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Green => "32",
            Ink::Red => "31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            // A reader that went away is no reason to stop.
            let _gone = writeln!(std::io::stdout(), "{text}");
        }
    }
}

impl Printer {
    /// Tells on the standard output, in colours on a terminal.
    pub fn aloud() -> Self {
        Self::new(false)
    }

    /// Tells nothing.
    pub fn quiet() -> Self {
        Self::new(true)
    }

    fn new(quiet: bool) -> Self {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let telling = Telling { quiet, colours, steps: 0, asked: Vec::new(), answered: Vec::new() };
        Self { inner: Arc::new(Mutex::new(telling)) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Telling) -> T) -> T {
        // A panic elsewhere leaves the words as they were.
        let mut telling = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        act(&mut telling)
    }

    /// A plain line.
    pub fn say(&self, text: &str) {
        self.with(|telling| telling.say(text));
    }

    /// A heading.
    pub fn heading(&self, text: &str) {
        self.with(|telling| telling.say(&telling.ink(Ink::Bold, text)));
    }

    /// Begins a step: who does what, and what to show of its exchanges (JSON pointers).
    pub fn step(&self, who: &str, what: &str, asked: &[&'static str], answered: &[&'static str]) {
        self.with(|telling| {
            telling.steps += 1;
            telling.asked = asked.to_vec();
            telling.answered = answered.to_vec();
            let title = telling.ink(Ink::Bold, &format!("{}. {what}", telling.steps));
            let who = telling.ink(Ink::Dim, &format!("({who})"));
            telling.say(&format!("\n{title} {who}"));
        });
    }

    /// What the step showed.
    pub fn held(&self, text: &str) {
        self.with(|telling| telling.say(&format!("   {} {text}", telling.ink(Ink::Green, "✓"))));
    }

    /// What went wrong.
    pub fn failed(&self, text: &str) {
        self.with(|telling| telling.say(&format!("   {} {text}", telling.ink(Ink::Red, "✗"))));
    }

    /// Number of steps printed.
    pub fn steps(&self) -> usize {
        self.with(|telling| telling.steps)
    }

    /// Shows every exchange of a client.
    pub fn observer(&self) -> Observer {
        let printer = self.clone();
        Arc::new(move |exchange: &Exchange| printer.with(|telling| telling.exchange(exchange)))
    }
}

impl Telling {
    fn exchange(&self, exchange: &Exchange) {
        let asked = exchange.request.as_ref().map(|body| shown(body, &self.asked)).unwrap_or_default();
        let path = shorten(&exchange.path, 96);
        self.say(&format!("   → {} {path}  {}", exchange.method, self.ink(Ink::Dim, &asked)));
        let ink = if exchange.status < 400 { Ink::Green } else { Ink::Red };
        let status = self.ink(ink, &exchange.status.to_string());
        let micros = exchange.elapsed.as_micros();
        let took = format!("{}.{} ms", micros / 1000, micros % 1000 / 100);
        let answered = match &exchange.response {
            Some(body) => match shown(body, &self.answered) {
                text if text.is_empty() && exchange.status >= 400 => shown(body, OF_AN_ERROR),
                text => text,
            },
            None => format!("{} bytes", exchange.response_bytes),
        };
        self.say(&format!("   ← {status}  {answered}  {}", self.ink(Ink::Dim, &took)));
    }
}

/// The values at the pointers that are there: `type: water_damage, zipcode: 75017`.
fn shown(body: &Value, pointers: &[&str]) -> String {
    let found = pointers.iter().filter_map(|pointer| {
        let name = pointer.rsplit('/').next().unwrap_or(pointer);
        body.pointer(pointer).map(|value| format!("{name}: {}", brief(value)))
    });
    found.collect::<Vec<_>>().join(", ")
}

/// A value in a few words.
fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => shorten(text, MAX_VALUE_CHARS),
        Value::Array(items) => {
            let more = items.len().saturating_sub(MAX_ITEMS);
            let mut parts: Vec<String> = items.iter().take(MAX_ITEMS).map(brief).collect();
            if more > 0 {
                parts.push(format!("and {more} more"));
            }
            format!("[{}]", parts.join(", "))
        }
        Value::Object(fields) => {
            // Of an object the fields that tell it from its neighbours.
            const TELLING: [&str; 10] = [
                "type",
                "startTime",
                "status",
                "field",
                "message",
                "code",
                "name",
                "fileName",
                "category",
                "displayName",
            ];
            let mut parts: Vec<String> = TELLING
                .iter()
                .filter_map(|name| fields.get(*name))
                .filter(|value| !value.is_object())
                .map(brief)
                .collect();
            if parts.is_empty() {
                parts.extend(
                    fields.iter().take(4).map(|(name, value)| format!("{}: {}", shorten(name, 30), brief(value))),
                );
            }
            format!("{{{}}}", parts.join(" "))
        }
        other => other.to_string(),
    }
}

fn shorten(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let start: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_printed_in_short() {
        let body = json!({ "data": { "id": "dcl_1", "timeslots": [
            { "type": "HoraireFixe", "startTime": "t1", "id": "long" }, { "startTime": "t2" }, { "startTime": "t3" }, {}
        ] } });
        let printed = shown(&body, &["/data/id", "/data/absent", "/data/timeslots"]);
        assert_eq!(printed, "id: dcl_1, timeslots: [{HoraireFixe t1}, {t2}, {t3}, and 1 more]");
        assert_eq!(brief(&json!("é".repeat(60))).chars().count(), MAX_VALUE_CHARS);
    }
}
