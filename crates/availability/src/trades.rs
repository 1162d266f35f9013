//! The trades that a list of damages requires.

use std::collections::BTreeMap;

use constat_domain::expert::Trade;
use constat_domain::service::DamageCode;
use serde::{Deserialize, Serialize};

/// Trades as a set, one bit each.
pub(crate) fn trade_set(trades: &[Trade]) -> u8 {
    trades.iter().fold(0, |set, trade| set | 1 << (*trade as u8))
}

/// Which trade repairs what. Data, so that a network can change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TradeTable {
    /// By code of `damage_detail.csv`.
    pub by_detail: BTreeMap<String, Trade>,
    /// By code of `damage_nature.csv`, read when the detail is absent or not listed.
    pub by_nature: BTreeMap<String, Trade>,
    /// By code of `mission_type.csv`: a trade wanted whatever the damages are.
    pub by_mission: BTreeMap<String, Trade>,
}

impl Default for TradeTable {
    fn default() -> Self {
        let table = |rows: &[(Trade, &[&str])]| -> BTreeMap<String, Trade> {
            rows.iter()
                .flat_map(|(trade, listed)| listed.iter().map(move |code| ((*code).to_owned(), *trade)))
                .collect()
        };
        Self {
            by_detail: table(&[
                (Trade::Plumbing, &["Plomberie", "SalleDeBainIntegree", "RechercheDeFuite", "Assainissement"]),
                (
                    Trade::Painting,
                    &[
                        "PeinturePapiersPeints",
                        "PlatreriePlaco",
                        "FauxPlafond",
                        "RavalementPeintureExterieure",
                        "AutreEmbellissement",
                        "Isolation",
                        "Maconnerie",
                    ],
                ),
                (Trade::Flooring, &["CarrelageEtRevetementCeramique", "Parquets", "RevetementsDeSol"]),
                (
                    Trade::Joinery,
                    &[
                        "MenuiserieExterieureEtFermetures",
                        "MenuiserieInterieure",
                        "Serrurerie",
                        "Vitrerie",
                        "CuisineIntegree",
                        "Agencement",
                    ],
                ),
                (Trade::Electricity, &["Electricite", "Alarme", "VentilationConditionnementAir"]),
            ]),
            by_nature: table(&[(Trade::Painting, &["Embellissement"])]),
            by_mission: table(&[(Trade::Plumbing, &["RechercheDeFuite"])]),
        }
    }
}

impl TradeTable {
    /// The trades that a mission and its damages require, each once, in order. Empty when nothing
    /// is listed: then any trade fits.
    pub fn wanted(&self, mission_type: Option<&str>, damages: &[DamageCode]) -> Vec<Trade> {
        let of_damage = |damage: &DamageCode| {
            let detail = damage.detail.as_ref().and_then(|code| self.by_detail.get(code));
            detail.or_else(|| self.by_nature.get(&damage.nature)).copied()
        };
        let of_mission = mission_type.and_then(|code| self.by_mission.get(code)).copied();
        let mut wanted: Vec<Trade> = damages.iter().filter_map(of_damage).chain(of_mission).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damage(nature: &str, detail: Option<&str>) -> DamageCode {
        DamageCode { nature: nature.to_owned(), detail: detail.map(str::to_owned) }
    }

    #[test]
    fn a_burst_pipe_asks_for_a_plumber_a_painter_and_a_floor_layer() {
        let table = TradeTable::default();
        let damages = [
            damage("Immobilier", Some("Parquets")),
            damage("Embellissement", Some("PeinturePapiersPeints")),
            damage("Embellissement", None),
        ];
        let wanted = table.wanted(Some("RechercheDeFuite"), &damages);
        assert_eq!(wanted, [Trade::Plumbing, Trade::Painting, Trade::Flooring]);
    }

    #[test]
    fn damages_without_a_trade_ask_for_none() {
        assert_eq!(TradeTable::default().wanted(None, &[damage("Bijoux", None)]), []);
    }
}
