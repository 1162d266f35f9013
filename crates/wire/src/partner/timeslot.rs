//! Slots on the wire, and the answer to a search.

use constat_domain::appointment::{Slot, SlotKind};
use constat_domain::gazetteer::AddressPrecision;
use constat_domain::geo;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::Expert;
use crate::common::{Checker, Instant, Position, wire_enum};

wire_enum! {
    /// Exact time or arrival window.
    TimeslotType = SlotKind {
        /// Exact time: the visit runs from `startTime` to `endTime`.
        Fixed = "HoraireFixe",
        /// Arrival window: a visit of `duration` minutes takes place somewhere between the two.
        Window = "HorairePlage",
    }
}

/// A time that is offered or booked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeslot {
    /// Exact time or arrival window.
    #[serde(rename = "type")]
    pub kind: TimeslotType,
    /// First instant.
    pub start_time: Instant,
    /// Last instant.
    pub end_time: Instant,
    /// How long the visit itself takes, in minutes.
    #[schemars(range(min = 1, max = 1440), example = 60)]
    pub duration: i64,
    /// Identifies the slot; opaque. Send it back unchanged.
    #[schemars(length(min = 1, max = 4000))]
    pub id: String,
}

impl Timeslot {
    /// A slot under an identifier: an offer's token, or the appointment that occupies it.
    pub fn new(slot: &Slot, id: impl Into<String>) -> Self {
        Self {
            kind: slot.kind.into(),
            start_time: slot.start.into(),
            end_time: slot.end.into(),
            duration: i64::from(slot.duration_minutes),
            id: id.into(),
        }
    }

    /// Notes an end that is not after the start, a duration out of range, a blank id; reads the slot.
    pub fn read(&self, checker: &mut Checker) -> Slot {
        if self.end_time <= self.start_time {
            checker.fail("endTime", "must be after startTime");
        }
        checker.integer("duration", self.duration, 1, 1440);
        checker.text("id", &self.id, 1, 4000);
        Slot {
            kind: self.kind.into(),
            start: self.start_time.0,
            end: self.end_time.0,
            duration_minutes: u32::try_from(self.duration).unwrap_or(0),
        }
    }
}

/// Why candidates were not free, when no slot was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// A stable name of the reason.
    pub code: String,
    /// How many candidates it ruled out.
    pub count: u64,
}

/// How a search is to be answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchQuery {
    /// Say what each slot's place in the list is made of. Only with a key that the firm holds itself.
    #[serde(default)]
    pub explain: bool,
}

/// Why a slot stands where it stands in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Who would come or call.
    pub expert: Expert,
    /// The points, term by term.
    pub points: Points,
}

/// Points that make a slot worse: the list begins with the fewest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Points {
    /// For the driving that it adds to the expert's day.
    pub travel: u32,
    /// For what the expert already has that day and week.
    pub load: u32,
    /// For wanted trades that the worker does not hold.
    pub trades: u32,
    /// For the time until the visit.
    pub delay: u32,
    /// For a statutory term that is nearly over, or over, by then.
    pub term: u32,
    /// For slots of the same day and half-day that stand before it.
    pub spread: u32,
    /// For what others were offered at about the same time, and may book first.
    pub promised: u32,
    /// All of it.
    pub total: u32,
}

/// The slots found. Book one within 300 seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchAnswer {
    /// The session that the slots belong to: send it back with the booking.
    #[serde(rename = "sessionID")]
    pub session_id: String,
    /// The slots, best first. May be empty.
    pub timeslots: Vec<Timeslot>,
    /// When the session ends, by the server's clock.
    #[serde(rename = "expiresAt", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
    /// On request, and only to the firm itself: why, slot by slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanations: Option<Vec<Explanation>>,
    /// When no slot was found: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Vec<Reason>>,
    /// Where was searched, as the server understood the address. Absent for a remote appointment
    /// without a place.
    #[serde(default, deserialize_with = "if_readable", skip_serializing_if = "Option::is_none")]
    pub location: Option<SearchedLocation>,
}

/// Reads an extension that a partner's own server may use in another shape: then it is ignored.
fn if_readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}

wire_enum! {
    /// How well the position of an address is known.
    PositionPrecision = AddressPrecision {
        /// The address itself: given with the request, or found by a geocoder.
        Address = "address",
        /// The main settlement of the commune, of a former commune or of the arrondissement.
        Commune = "commune",
        /// The middle of the postcode's communes, or the place that a CEDEX label names: some
        /// kilometres.
        Postcode = "postcode",
        /// The middle of the département: tens of kilometres.
        Department = "department",
    }
}

/// The position of an address, and how well it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchedLocation {
    /// The position that drives are measured to.
    pub position: Position,
    /// How well it is known.
    pub precision: PositionPrecision,
    /// The commune that postcode and town mean; absent when only the postcode or the département is
    /// known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Saint-Georges-sur-Cher")]
    pub commune: Option<String>,
}

impl SearchedLocation {
    /// A position as it is answered.
    pub fn new(position: geo::Position, precision: AddressPrecision, commune: Option<String>) -> Self {
        Self { position: position.into(), precision: precision.into(), commune }
    }

    /// Position, precision and commune; `None` when the position is outside the world.
    pub fn into_place(self) -> Option<(geo::Position, AddressPrecision, Option<String>)> {
        let position = geo::Position::new(self.position.lat, self.position.long)?;
        Some((position, self.precision.into(), self.commune))
    }
}
