//! The list of damages that a repair firm picks trades from, made from what was declared.

use constat_domain::service::DamageCode;
use serde_json::Value;

/// Maximum number of damages of a request. Source: our own bound on the partner contract's list.
const MAX_DAMAGES: usize = 200;

/// A covering of `surface_covering.csv` as a damage: nature and detail of `damage_nature.csv` and
/// `damage_detail.csv`. Read by how the code starts; the tables have no common key.
fn of_covering(code: &str) -> (&'static str, &'static str) {
    const BY_START: [(&str, &str, &str); 14] = [
        ("Carrelage", "Immobilier", "CarrelageEtRevetementCeramique"),
        ("Faience", "Immobilier", "CarrelageEtRevetementCeramique"),
        ("Parquet", "Immobilier", "Parquets"),
        ("Dalles", "Immobilier", "RevetementsDeSol"),
        ("SolVinyle", "Immobilier", "RevetementsDeSol"),
        ("JoncDeMer", "Immobilier", "RevetementsDeSol"),
        ("JoncMer", "Immobilier", "RevetementsDeSol"),
        ("Moquette", "Immobilier", "RevetementsDeSol"),
        ("Lambris", "Immobilier", "MenuiserieInterieure"),
        ("Enduit", "Embellissement", "PeinturePapiersPeints"),
        ("Papier", "Embellissement", "PeinturePapiersPeints"),
        ("Peinture", "Embellissement", "PeinturePapiersPeints"),
        ("Toile", "Embellissement", "PeinturePapiersPeints"),
        ("", "Embellissement", "AutreEmbellissement"),
    ];
    let found = BY_START.iter().find(|(start, _, _)| code.starts_with(start));
    found.map_or(("Embellissement", "AutreEmbellissement"), |(_, nature, detail)| (nature, detail))
}

fn each<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// The damages to the building, each kind once, in the order they were declared. `declared` has the
/// shape of the dossier contract's `declaredDamages`.
pub(super) fn building_damages(declared: &Value) -> Vec<DamageCode> {
    let mut damages: Vec<DamageCode> = Vec::new();
    let mut note = |(nature, detail): (&str, &str)| {
        let damage = DamageCode { nature: nature.to_owned(), detail: Some(detail.to_owned()) };
        if damages.len() < MAX_DAMAGES && !damages.contains(&damage) {
            damages.push(damage);
        }
    };
    for building in each(declared, "buildingDamages") {
        for surface in each(building, "roomDamages").flat_map(|room| each(room, "surfaces")) {
            let covering = surface.pointer("/covering/type/name").and_then(Value::as_str);
            note(of_covering(covering.unwrap_or_default()));
        }
        if each(building, "breakInDamages").next().is_some() {
            note(("Immobilier", "Serrurerie"));
        }
        if each(building, "externalDamages").next().is_some() {
            note(("AmenagementExterieur", "AmenagementsExterieurs"));
        }
    }
    damages
}

#[cfg(test)]
mod tests {
    use constat_domain::codes::{Codes, Table};
    use serde_json::json;

    use super::*;

    #[test]
    fn every_covering_becomes_a_damage_of_the_tables() {
        let codes = Codes::embedded();
        for covering in codes.all(Table::SurfaceCovering) {
            let (nature, detail) = of_covering(&covering.code);
            assert!(codes.contains(Table::DamageNature, nature), "{nature}");
            assert!(codes.contains(Table::DamageDetail, detail), "{detail}");
            assert_ne!(detail, "AutreEmbellissement", "{}", covering.code);
        }
    }

    #[test]
    fn a_flooded_room_asks_for_paint_and_floor_once() {
        let surface = |code: &str| json!({ "name": "mur", "covering": { "type": { "name": code } } });
        let declared = json!({ "buildingDamages": [{ "roomDamages": [
            { "name": "salon", "surfaces": [surface("PeintureMate"), surface("ParquetChene")] },
            { "name": "chambre", "surfaces": [surface("PapierPeint")] },
        ] }] });
        let found: Vec<_> = building_damages(&declared).into_iter().filter_map(|damage| damage.detail).collect();
        assert_eq!(found, ["PeinturePapiersPeints", "Parquets"]);
        assert_eq!(building_damages(&json!({})), []);
    }
}
