//! JSON objects that give a key more than once. RFC 8259 leaves open which value counts; readers differ, and
//! most take the last without a word.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The paths of keys that an object of the text gives more than once, such as `questions.electric` or
/// `data[2].name`; each once, and at most ten of them.
///
/// # Errors
/// The text is not JSON, or is nested deeper than 127 levels.
///
/// ```
/// # use constat_domain::json::repeated_keys;
/// assert_eq!(repeated_keys(br#"{"a": [{"b": 1, "b": 1}], "c": 2}"#).unwrap(), ["a[0].b"]);
/// ```
pub fn repeated_keys(text: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let mut look = Look { path: String::new(), found: Vec::new() };
    let mut reader = serde_json::Deserializer::from_slice(text);
    Within(&mut look).deserialize(&mut reader)?;
    reader.end()?;
    Ok(look.found)
}

/// Maximum number of paths that are reported.
const MAX_FOUND: usize = 10;

struct Look {
    path: String,
    found: Vec<String>,
}

struct Within<'a>(&'a mut Look);

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _value: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _value: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _value: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _value: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _value: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let length = self.0.path.len();
        for index in 0_usize.. {
            let _infallible = write!(self.0.path, "[{index}]");
            let more = items.next_element_seed(Within(&mut *self.0))?;
            self.0.path.truncate(length);
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let length = self.0.path.len();
        let mut seen = HashSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            if length > 0 {
                self.0.path.push('.');
            }
            self.0.path.push_str(&key);
            if !seen.insert(key) && self.0.found.len() < MAX_FOUND && !self.0.found.contains(&self.0.path) {
                let path = self.0.path.clone();
                self.0.found.push(path);
            }
            fields.next_value_seed(Within(&mut *self.0))?;
            self.0.path.truncate(length);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repeated_key_is_named_wherever_it_stands() {
        for (text, paths) in [
            (r#"{"a": 1, "a": 1}"#, vec!["a"]),
            (r#"{"questions": {"electric": true, "electric": false}}"#, vec!["questions.electric"]),
            (r#"[{"x": {"y": 1, "y": 2}}, {"x": 1, "x": 2, "x": 3}]"#, vec!["[0].x.y", "[1].x"]),
            // The same key, written with an escape.
            (r#"{"a": 1, "\u0061": 2}"#, vec!["a"]),
            (r#"{"a": {"b": 1}, "b": {"a": 1}, "A": 2}"#, vec![]),
            (r#"["a", "a", {"a": ["a"]}, {"a": null}, 1.5, -1, 1e3, false]"#, vec![]),
            ("1", vec![]),
        ] {
            assert_eq!(repeated_keys(text.as_bytes()).unwrap(), paths, "{text}");
        }
        let many: Vec<String> = (0..40).map(|number| format!("\"k{number}\": 1, \"k{number}\": 2")).collect();
        assert_eq!(repeated_keys(format!("{{{}}}", many.join(", ")).as_bytes()).unwrap().len(), MAX_FOUND);
        assert!(repeated_keys(b"{").is_err() && repeated_keys(b"{} {}").is_err());
        assert!(repeated_keys("[".repeat(200).as_bytes()).is_err());
    }
}
