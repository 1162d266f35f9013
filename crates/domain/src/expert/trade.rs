//! The trades of repair in kind.

use serde::{Deserialize, Serialize};

/// A trade of a repair network. The names are stable ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trade {
    /// Plumbing, bathrooms, leak detection.
    Plumbing,
    /// Painting, wallpaper, plastering, masonry made good.
    Painting,
    /// Floors: tiles, parquet, coverings.
    Flooring,
    /// Joinery, locks, glazing, fitted kitchens.
    Joinery,
    /// Electricity, alarms, ventilation.
    Electricity,
}

impl Trade {
    /// Every trade.
    pub const ALL: [Self; 5] = [Self::Plumbing, Self::Painting, Self::Flooring, Self::Joinery, Self::Electricity];
}
