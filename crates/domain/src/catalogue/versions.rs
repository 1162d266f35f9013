//! Several versions of a family, and files laid over those that are there.
//!
//! Files come in layers: those inside the program, the operator's, an organisation's. In each, the
//! newest version of a family is the one for new claims, and the last layer that has the family
//! decides: who replaces a family keeps the last word when the program brings a newer one. Nothing is
//! ever taken away: a claim finds the version that it was declared with in whatever layer has it.

use std::cmp::Ordering;

use super::{Catalogue, CatalogueError, Family, covering, file};

impl Catalogue {
    /// This catalogue with another layer of files over it, given as (name, TOML text). A version that
    /// is there already may come again as long as it says the same.
    ///
    /// # Errors
    /// Everything that is wrong, by file.
    pub fn extended(&self, files: &[(&str, &str)]) -> Result<Self, Vec<CatalogueError>> {
        let mut errors = Vec::new();
        let mut layer: Vec<(&str, Family)> = Vec::new();
        for &(file, text) in files {
            match file::read(file, text) {
                Ok(family) => {
                    let there = self.versions().chain(layer.iter().map(|(_, family)| family));
                    match clash(&family, there) {
                        Clash::None => layer.push((file, family)),
                        Clash::Same => {}
                        Clash::Fault(message) => errors.push(CatalogueError { file: file.to_owned(), message }),
                    }
                }
                Err(faults) => errors.extend(faults),
            }
        }
        let in_force = |family: &Family| {
            let newer = |other: &Family| other.id == family.id && compare(&other.version, &family.version).is_gt();
            !layer.iter().any(|(_, other)| newer(other))
        };
        let flags: Vec<bool> = layer.iter().map(|(_, family)| in_force(family)).collect();
        let replaced = |family: &Family| layer.iter().any(|(_, other)| other.id == family.id);
        let mut result = Self {
            families: self.families.iter().filter(|family| !replaced(family)).cloned().collect(),
            earlier: self.families.iter().filter(|family| replaced(family)).chain(&self.earlier).cloned().collect(),
        };
        for ((file, family), in_force) in layer.into_iter().zip(flags) {
            if !in_force {
                result.earlier.push(family);
                continue;
            }
            for other in &result.families {
                if let Some(product) = family.shares_a_product(other) {
                    let message = format!(
                        "products: {} is already in family {}; a product has one family: use that id",
                        product.id, other.id
                    );
                    errors.push(CatalogueError { file: file.to_owned(), message });
                }
            }
            result.families.push(family);
        }
        if errors.is_empty() { Ok(result) } else { Err(errors) }
    }

    /// Every family in every version: first those for new claims.
    pub fn versions(&self) -> impl Iterator<Item = &Family> {
        self.families.iter().chain(&self.earlier)
    }

    /// The family that covers a product type, in the version that a claim was declared with.
    pub fn family_at(&self, product_type: &str, version: &str) -> Option<&Family> {
        covering(&|| self.versions().filter(|family| family.version == version), product_type)
    }
}

enum Clash {
    None,
    /// It is there already, word for word.
    Same,
    Fault(String),
}

/// Whether a family can stand beside those that are there: a product type and a version name one.
fn clash<'a>(family: &Family, mut there: impl Iterator<Item = &'a Family>) -> Clash {
    let version = &family.version;
    let found = there.find_map(|other| {
        if other.version != *version {
            return None;
        }
        if other.id == family.id {
            return Some(if other == family {
                Clash::Same
            } else {
                Clash::Fault(format!(
                    "version: {} {version} is there already and says otherwise; claims may have been declared with it: \
                     give this file a newer version",
                    family.id
                ))
            });
        }
        let product = family.shares_a_product(other)?;
        Some(Clash::Fault(format!(
            "products: {} is already in family {} {version}; use that id, or another version",
            product.id, other.id
        )))
    });
    found.unwrap_or(Clash::None)
}

/// Which version is newer. Runs of digits count as numbers, all else letter by letter.
fn compare(left: &str, right: &str) -> Ordering {
    parts(left).cmp(&parts(right)).then_with(|| left.cmp(right))
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Text(char),
    Number(u64),
}

fn parts(version: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for letter in version.chars() {
        match (letter.to_digit(10), parts.last_mut()) {
            (Some(digit), Some(Part::Number(number))) => {
                *number = number.saturating_mul(10).saturating_add(digit.into());
            }
            (Some(digit), _) => parts.push(Part::Number(digit.into())),
            (None, _) => parts.push(Part::Text(letter)),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_version_count_as_numbers() {
        let ascending = ["1", "2", "10", "2026", "2026-9", "2026-10", "2026-10.1", "2026-10b", "2026-11", "2027"];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }
}
