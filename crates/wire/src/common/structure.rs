//! Explains why a JSON body does not have its documented shape: every missing or mistyped field at
//! once, by path, without repeating what was sent.
//!
//! Serde decides whether a body is read; it stops at the first fault and quotes values. When it
//! refuses, the type's own schema is walked beside the value to say why.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use constat_domain::FieldError;
use constat_domain::json::repeated_keys;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Checker, Instant};

/// Most values of a body that is looked at value by value. A body of some megabytes can hold millions
/// of them, and a thousand times its size in memory would be spent on saying what is wrong with it.
const MAX_VALUES: usize = 100_000;

/// Reads a JSON body, or lists the faults of its shape.
pub fn read_json<T: DeserializeOwned + JsonSchema>(body: &[u8]) -> Result<T, Vec<FieldError>> {
    let error = match serde_json::from_slice(body) {
        Ok(value) => {
            no_repeated_key(body)?;
            return no_array_for_an_object::<T>(body).and_then(|()| no_nul(body)).map(|()| value);
        }
        Err(error) => error,
    };
    within_bounds(body)?;
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        let place = format!("line {}, column {}", error.line(), error.column());
        return Err(vec![FieldError::new("", format!("the body is not well-formed JSON ({place})"))]);
    };
    let faults = faults_of_shape::<T>(&value);
    if !faults.is_empty() {
        return Err(faults);
    }
    // What the schema cannot tell, such as a field given twice. Serde's other messages may quote
    // values, and stay here.
    no_repeated_key(body)?;
    let text = error.to_string();
    let twice = text.strip_prefix("duplicate field `").and_then(|rest| rest.split_once('`'));
    Err(vec![match twice {
        Some((name, _place)) => FieldError::new(name, "is given twice"),
        None => FieldError::new("", "does not have the documented shape"),
    }])
}

/// Refuses an object that gives a key more than once, at any depth: a map would take the last one. A struct
/// refuses it by itself, and names the field without its path.
fn no_repeated_key(body: &[u8]) -> Result<(), Vec<FieldError>> {
    let repeated = repeated_keys(body).map_err(|_deep| vec![FieldError::new("", "the body is nested too deeply")])?;
    let faults: Vec<_> = repeated.into_iter().map(|path| FieldError::new(path, "is given twice")).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Serde reads an array in place of an object, its fields in their order; the contracts do not.
fn no_array_for_an_object<T: JsonSchema>(body: &[u8]) -> Result<(), Vec<FieldError>> {
    if !body.contains(&b'[') {
        return Ok(());
    }
    within_bounds(body)?;
    // It was read before: this cannot fail.
    let value = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let mut faults = faults_of_shape::<T>(&value);
    faults.retain(|fault| fault.message.ends_with(GOT_AN_ARRAY));
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Refuses texts with the character NUL, which databases cannot store reliably.
fn no_nul(body: &[u8]) -> Result<(), Vec<FieldError>> {
    const ESCAPED: &[u8] = b"\\u0000";
    if !body.windows(ESCAPED.len()).any(|part| part == ESCAPED) {
        return Ok(());
    }
    within_bounds(body)?;
    // It was read before: this cannot fail. A backslash may itself be escaped, and then it is no NUL.
    let mut faults = Vec::new();
    list_nuls(&serde_json::from_slice(body).unwrap_or_default(), "", &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn list_nuls(value: &Value, path: &str, faults: &mut Vec<FieldError>) {
    let message = "must not contain the character U+0000";
    match value {
        Value::String(text) if text.contains('\0') => faults.push(FieldError::new(path, message)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                list_nuls(item, &format!("{path}[{index}]"), faults);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                if name.contains('\0') {
                    faults.push(FieldError::new(path, "has a field whose name contains the character U+0000"));
                    continue;
                }
                let dot = if path.is_empty() { "" } else { "." };
                list_nuls(field, &format!("{path}{dot}{name}"), faults);
            }
        }
        _ => {}
    }
}

/// Refuses a body of too many values, told from its commas without building any of them.
fn within_bounds(body: &[u8]) -> Result<(), Vec<FieldError>> {
    let mut rest = body;
    let mut values = 0;
    while let Some(place) = rest.iter().position(|byte| matches!(byte, b'"' | b',' | b'[' | b'{')) {
        let is_text = rest[place] == b'"';
        rest = &rest[place + 1..];
        if is_text {
            rest = after_text(rest);
            continue;
        }
        values += 1;
        if values > MAX_VALUES {
            return Err(vec![FieldError::new("", format!("the body holds more than {MAX_VALUES} values"))]);
        }
    }
    Ok(())
}

/// What follows the closing quote of a text.
fn after_text(mut rest: &[u8]) -> &[u8] {
    while let Some(place) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        if rest[place] == b'"' {
            return &rest[place + 1..];
        }
        rest = rest.get(place + 2..).unwrap_or_default();
    }
    &[]
}

/// The schema of a type, made once.
fn schema_of<T: JsonSchema>() -> Arc<Value> {
    static MADE: RwLock<Option<HashMap<&'static str, Arc<Value>>>> = RwLock::new(None);
    let name = std::any::type_name::<T>();
    let known = MADE.read().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(|made| made.get(name).cloned());
    known.unwrap_or_else(|| {
        let fresh = Arc::new(Value::from(SchemaGenerator::default().into_root_schema_for::<T>()));
        let mut made = MADE.write().unwrap_or_else(PoisonError::into_inner);
        made.get_or_insert_default().insert(name, Arc::clone(&fresh));
        fresh
    })
}

/// Every place where a value does not have the shape of `T`: missing fields, wrong types, unknown
/// names of an enumeration, dates without offset. Lengths and ranges are faults of meaning, and not
/// looked at.
pub fn faults_of_shape<T: JsonSchema>(value: &Value) -> Vec<FieldError> {
    let root = schema_of::<T>();
    let mut checker = Checker::new();
    Walk { root: &root }.visit(&root, value, &mut checker);
    checker.into_errors()
}

/// How a message ends that blames an array.
const GOT_AN_ARRAY: &str = "got an array";

struct Walk<'a> {
    root: &'a Value,
}

impl Walk<'_> {
    fn visit(&self, schema: &Value, value: &Value, checker: &mut Checker) {
        let Some(schema) = schema.as_object() else { return };
        if let Some(target) =
            schema.get("$ref").and_then(Value::as_str).and_then(|path| self.root.pointer(path.strip_prefix('#')?))
        {
            self.visit(target, value, checker);
        }
        if let Some(message) = mismatch(schema, value) {
            checker.fail("", message);
            return;
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(branches) = schema.get(key).and_then(Value::as_array) {
                self.visit_branches(branches, value, checker);
            }
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.visit(part, value, checker);
        }
        if let Some(fields) = value.as_object() {
            self.visit_object(schema, fields, checker);
        }
        if let (Some(items), Some(of)) = (value.as_array(), schema.get("items")) {
            checker.each("", items, |item, inner| self.visit(of, item, inner));
        }
    }

    fn visit_object(&self, schema: &Map<String, Value>, fields: &Map<String, Value>, checker: &mut Checker) {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                checker.fail(name, "is required");
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, value) in fields {
            if is_closed && !properties.is_some_and(|known| known.contains_key(name)) {
                let known = properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
                checker.fail(name, format!("unknown field; known: {}", known.join(", ")));
                continue;
            }
            let of = properties.and_then(|known| known.get(name)).or_else(|| schema.get("additionalProperties"));
            if let Some(of) = of {
                checker.object(name, |inner| self.visit(of, value, inner));
            }
        }
    }

    /// A value must fit one branch. If it fits none, a branch of the right JSON type explains best.
    fn visit_branches(&self, branches: &[Value], value: &Value, checker: &mut Checker) {
        let mut names = Vec::new();
        let mut best: Option<&Value> = None;
        for branch in branches {
            let mut trial = Checker::new();
            self.visit(branch, value, &mut trial);
            if trial.is_clean() {
                return;
            }
            match branch.get("const").or_else(|| branch.get("enum")) {
                Some(Value::Array(several)) => names.extend(several.iter().filter_map(Value::as_str)),
                Some(one) => names.extend(one.as_str()),
                None if self.same_type(branch, value) => best = Some(branch),
                None => {}
            }
        }
        match best {
            Some(branch) => self.visit(branch, value, checker),
            None if !names.is_empty() => checker.fail("", one_of(&names)),
            None => {
                let mut wanted: Vec<&str> = branches.iter().flat_map(|branch| self.type_names(branch)).collect();
                wanted.dedup();
                checker.fail("", format!("expected {}, got {}", wanted.join(" or "), json_type(value)));
            }
        }
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|path| self.root.pointer(path.strip_prefix('#')?))
            .unwrap_or(schema)
    }

    fn same_type(&self, schema: &Value, value: &Value) -> bool {
        let schema = self.resolve(schema);
        let enumerates = schema.get("oneOf").is_some() || schema.get("enum").is_some();
        let mut inner = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
        enumerates && value.is_string()
            || inner.any(|branch| self.same_type(branch, value))
            || schema.get("type").and_then(Value::as_str).is_some_and(|name| has_type(name, value))
    }

    /// What a schema takes, without null.
    fn type_names(&self, schema: &Value) -> Vec<&'static str> {
        let schema = self.resolve(schema);
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            return branches.iter().flat_map(|branch| self.type_names(branch)).collect();
        }
        let name = schema.get("type").and_then(Value::as_str).unwrap_or("string");
        if name == "null" { Vec::new() } else { vec![spoken(name)] }
    }
}

fn mismatch(schema: &Map<String, Value>, value: &Value) -> Option<String> {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| has_type(name, value)) {
        let wanted: Vec<&str> = types.iter().filter(|name| **name != "null").map(|name| spoken(name)).collect();
        return Some(format!("expected {}, got {}", wanted.join(" or "), json_type(value)));
    }
    if let Some(only) = schema.get("const").filter(|only| *only != value) {
        return Some(only.as_str().map_or_else(|| format!("expected {only}"), |name| one_of(&[name])));
    }
    if let Some(known) = schema.get("enum").and_then(Value::as_array).filter(|known| !known.contains(value)) {
        return Some(one_of(&known.iter().filter_map(Value::as_str).collect::<Vec<_>>()));
    }
    if schema.get("format").and_then(Value::as_str) == Some("date-time") {
        return value.as_str().and_then(|text| text.parse::<Instant>().err());
    }
    None
}

fn one_of(names: &[&str]) -> String {
    match names {
        [one] => format!("expected {one}"),
        several => format!("expected one of: {}", several.join(", ")),
    }
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn spoken(name: &str) -> &'static str {
    match name {
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "array" => "an array",
        "object" => "an object",
        _ => "a string",
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
