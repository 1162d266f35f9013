//! Gathers every fault of a request, each with the field's path as the caller wrote it.

use constat_domain::{FieldError, contact};

/// Furthest start of a page.
const FURTHEST_START: i64 = 1_000_000_000;

/// Maximum faults reported at once.
const MAX_FAULTS: usize = 100;

/// Collects faults while a request is read. Knows where it is: `claim.accident.address`.
#[derive(Debug, Default)]
pub struct Checker {
    path: String,
    errors: Vec<FieldError>,
}

impl Checker {
    /// Starts at the body's root.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts at a given path, such as `[2]` or `data`.
    pub fn at_path(path: impl Into<String>) -> Self {
        Self { path: path.into(), errors: Vec::new() }
    }

    fn field(&self, name: &str) -> String {
        match (self.path.is_empty(), name.is_empty()) {
            (true, _) => name.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{name}", self.path),
        }
    }

    /// Notes that a field is wrong. An empty name blames the object the checker stands in.
    pub fn fail(&mut self, name: &str, message: impl Into<String>) {
        if self.errors.len() < MAX_FAULTS {
            let field = self.field(name);
            self.errors.push(FieldError::new(field, message));
        }
    }

    /// Steps into an object for the length of `read`.
    pub fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let longer = self.field(name);
        self.within(longer, read)
    }

    /// Steps into each element of an array.
    pub fn each<T, U>(&mut self, name: &str, items: &[T], mut read: impl FnMut(&T, &mut Self) -> U) -> Vec<U> {
        let list = self.field(name);
        items
            .iter()
            .enumerate()
            .map(|(index, item)| self.within(format!("{list}[{index}]"), |inner| read(item, inner)))
            .collect()
    }

    fn within<T>(&mut self, path: String, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.path, path);
        let value = read(self);
        self.path = outer;
        value
    }

    /// A text of `min` to `max` Unicode characters, not blank when `min` is above zero, and free of
    /// control characters other than tabs and line ends: NUL is kept by no database, and the others
    /// are orders to a terminal.
    pub fn text(&mut self, name: &str, value: &str, min: usize, max: usize) {
        let length = value.chars().count();
        if min > 0 && value.trim().is_empty() {
            self.fail(name, "may not be blank");
        } else if length < min {
            self.fail(name, format!("expected at least {min} characters, got {length}"));
        } else if length > max {
            self.fail(name, format!("expected at most {max} characters, got {length}"));
        } else if value.bytes().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r')) {
            self.fail(name, "may not contain control characters");
        }
    }

    /// As [`Checker::text`], when there is one.
    pub fn optional_text(&mut self, name: &str, value: Option<&String>, min: usize, max: usize) {
        if let Some(value) = value {
            self.text(name, value, min, max);
        }
    }

    /// The name of a person, company, town or document, or another text of one line, without the blanks around it: as
    /// [`Checker::text`], and sound by [`contact::name_fault`].
    pub fn name(&mut self, name: &str, value: &str, min: usize, max: usize) -> String {
        self.text_of(name, value, min, max, contact::name_fault)
    }

    /// As [`Checker::name`], when there is one.
    pub fn optional_name(&mut self, name: &str, value: Option<&String>, max: usize) -> Option<String> {
        value.map(|value| self.name(name, value, 0, max))
    }

    /// One e-mail address, without the blanks around it, sound by [`contact::email_fault`].
    pub fn email(&mut self, name: &str, value: &str, max: usize) -> String {
        self.text_of(name, value, 1, max, |email| contact::email_fault(email).map(str::to_owned))
    }

    /// As [`Checker::email`], when there is one.
    pub fn optional_email(&mut self, name: &str, value: Option<&String>, max: usize) -> Option<String> {
        value.map(|value| self.email(name, value, max))
    }

    /// A phone number, without the blanks around it, sound by [`contact::phone_fault`]. May be blank when
    /// `min` is 0.
    pub fn phone(&mut self, name: &str, value: &str, min: usize, max: usize) -> String {
        let fault = |phone: &str| contact::phone_fault(phone).filter(|_| !phone.trim().is_empty());
        self.text_of(name, value, min, max, |phone| fault(phone).map(str::to_owned))
    }

    /// As [`Checker::phone`], when there is one.
    pub fn optional_phone(&mut self, name: &str, value: Option<&String>, max: usize) -> Option<String> {
        value.map(|value| self.phone(name, value, 0, max))
    }

    /// A text without the blanks around it, and a further rule: one fault at most.
    fn text_of(
        &mut self,
        name: &str,
        value: &str,
        min: usize,
        max: usize,
        rule: impl Fn(&str) -> Option<String>,
    ) -> String {
        let value = contact::without_blanks(value);
        let before = self.errors.len();
        self.text(name, value, min, max);
        if self.errors.len() == before
            && let Some(fault) = rule(value)
        {
            self.fail(name, fault);
        }
        value.to_owned()
    }

    /// A whole number within bounds, both included.
    pub fn integer(&mut self, name: &str, value: i64, min: i64, max: i64) {
        if !(min..=max).contains(&value) {
            self.fail(name, format!("expected a whole number from {min} to {max}"));
        }
    }

    /// A page: its length, from 1 to `most` and `usual` when left out, and where it starts. `None` when
    /// one of them is out of bounds.
    pub fn page(&mut self, limit: Option<i64>, offset: Option<i64>, usual: i64, most: i64) -> Option<(u32, u32)> {
        let (limit, offset) = (limit.unwrap_or(usual), offset.unwrap_or(0));
        self.integer("limit", limit, 1, most);
        self.integer("offset", offset, 0, FURTHEST_START);
        u32::try_from(limit).ok().zip(u32::try_from(offset).ok())
    }

    /// A number within bounds, both included.
    pub fn number(&mut self, name: &str, value: f64, min: f64, max: f64) {
        if !(min..=max).contains(&value) {
            self.fail(name, format!("expected a number from {min} to {max}"));
        }
    }

    /// True while nothing was found wrong.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// Every fault found so far.
    pub fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// The value, when it is there and nothing was found wrong.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => {
                if self.errors.is_empty() {
                    self.fail("", "the request cannot be read");
                }
                Err(self.errors)
            }
        }
    }
}
