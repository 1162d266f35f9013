//! Versions of a family, and layers of files over one another.

use super::*;

/// A family with one loss, which asks for a document of this name.
fn kite(version: &str, document: &str) -> String {
    format!(
        r#"
id = "kite"
version = "{version}"
label = "Cerf-volant"
products = [{{ id = "kite", label = "Cerf-volant" }}]
[documents]
photo = "{document}"
[[loss_types]]
id = "break"
label = "Casse"
[[loss_types.subtypes]]
id = "tear"
label = "Déchirure"
guarantee = "BiensDeLoisirs"
documents = [{{ id = "photo", category = "mandatory" }}]
"#
    )
}

fn label(family: Option<&Family>) -> &str {
    &family.unwrap().subtype("break", "tear").unwrap().documents[0].label
}

#[test]
fn new_claims_take_the_newest_version_and_old_ones_keep_theirs() {
    let (old, new) = (kite("2026-9", "Photo"), kite("2026-10", "Photo du cerf-volant"));
    for files in [[("a", old.as_str()), ("b", new.as_str())], [("b", new.as_str()), ("a", old.as_str())]] {
        let catalogue = Catalogue::parse(&files).unwrap();
        assert_eq!(label(catalogue.family_for_product("kite")), "Photo du cerf-volant");
        assert_eq!(label(catalogue.family_at("Kite", "2026-9")), "Photo");
        assert_eq!(label(catalogue.family_at("kite", "2026-10")), "Photo du cerf-volant");
        assert_eq!(catalogue.family_at("kite", "2026-8"), None);
    }
}

#[test]
fn a_layer_decides_over_those_below_and_takes_nothing_away() {
    let (shipped, own) = (kite("2027-01", "Photo"), kite("2026-12", "Deux photos"));
    let below = Catalogue::embedded().extended(&[("kite.toml", &shipped)]).unwrap();
    assert_eq!(below.families.len(), Catalogue::embedded().families.len() + 1);
    let above = below.extended(&[("own.toml", &own)]).unwrap();
    assert_eq!(above.families.len(), below.families.len());
    assert_eq!(label(above.family_for_product("kite")), "Deux photos");
    assert_eq!(label(above.family_at("kite", "2027-01")), "Photo");
    assert_eq!(above.family_for_product("bike"), below.family_for_product("bike"));
}

#[test]
fn a_version_that_is_in_use_never_changes() {
    let first = kite("2026-11", "Photo");
    let below = Catalogue::parse(&[("kite.toml", &first)]).unwrap();
    assert_eq!(below.extended(&[("again.toml", &first)]).unwrap(), below);
    let changed = kite("2026-11", "Une autre photo");
    let errors = below.extended(&[("changed.toml", &changed)]).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().starts_with("changed.toml: version: kite 2026-11 is there already"), "{}", errors[0]);
}

#[test]
fn a_product_has_one_family() {
    let kite = kite("2027-01", "Photo").replace("id = \"kite\", label", "id = \"High Tech\", label");
    let kite = kite.replace("id = \"High Tech\"", "id = \"high_tech\"");
    let errors = Catalogue::embedded().extended(&[("kite.toml", &kite)]).unwrap_err();
    assert!(errors[0].message.contains("high_tech is already in family high_tech"), "{}", errors[0]);
    let same_version = kite.replace("2027-01", "2026-11");
    assert!(Catalogue::embedded().extended(&[("kite.toml", &same_version)]).is_err());
}
