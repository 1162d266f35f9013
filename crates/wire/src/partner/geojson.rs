//! Days as `GeoJSON` (RFC 7946): the base and the visits as points, the drives as straight lines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AppointmentType, DayPlan, Moment};
use crate::common::Position;

/// A point or a line; positions are longitude first, as RFC 7946 has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "coordinates")]
pub enum Geometry {
    /// One position.
    Point([f64; 2]),
    /// Straight from one to the other: not the road.
    LineString([[f64; 2]; 2]),
}

/// What a feature stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Properties {
    /// Where the day starts and ends.
    #[serde(rename_all = "camelCase")]
    Base {
        /// Whose.
        expert_id: String,
        /// The name shown to the insured.
        display_name: String,
        /// Minutes at the wheel that day; rounded.
        driving_minutes: i64,
        /// True when everything can be kept.
        drivable: bool,
    },
    /// A visit. A remote one has no geometry.
    #[serde(rename_all = "camelCase")]
    Visit {
        /// Whose.
        expert_id: String,
        /// The appointment.
        appointment_id: String,
        /// The case number it was booked under.
        case_number: String,
        /// How the parties meet.
        kind: AppointmentType,
        /// Its place in the day, from 1.
        order: usize,
        /// When it begins.
        start: Moment,
        /// When it is over.
        end: Moment,
        /// The latest arrival that keeps all visits on time.
        latest_arrival: Moment,
        /// See the plan's `slackMinutes`.
        slack_minutes: Option<i64>,
    },
    /// A drive.
    #[serde(rename_all = "camelCase")]
    Leg {
        /// Whose.
        expert_id: String,
        /// `base`, or the appointment that was before.
        from: String,
        /// `base`, or the appointment that is next.
        to: String,
        /// When to leave.
        departure: Moment,
        /// When one arrives.
        arrival: Moment,
        /// Minutes at the wheel; rounded.
        minutes: i64,
    },
}

/// The word `Feature`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FeatureType {
    /// `Feature`.
    Feature,
}

/// One thing on the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Feature {
    /// `Feature`.
    #[serde(rename = "type")]
    pub kind: FeatureType,
    /// Where; `null` for a remote visit.
    pub geometry: Option<Geometry>,
    /// What.
    pub properties: Properties,
}

impl Feature {
    fn new(geometry: Option<Geometry>, properties: Properties) -> Self {
        Self { kind: FeatureType::Feature, geometry, properties }
    }
}

/// The word `FeatureCollection`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CollectionType {
    /// `FeatureCollection`.
    FeatureCollection,
}

/// Days on a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FeatureCollection {
    /// `FeatureCollection`.
    #[serde(rename = "type")]
    pub kind: CollectionType,
    /// Bases, visits and drives.
    pub features: Vec<Feature>,
}

fn coordinates(position: Position) -> [f64; 2] {
    [position.long, position.lat]
}

impl FeatureCollection {
    /// Draws days.
    pub fn of(days: &[DayPlan]) -> Self {
        Self { kind: CollectionType::FeatureCollection, features: days.iter().flat_map(features).collect() }
    }
}

fn features(day: &DayPlan) -> Vec<Feature> {
    let expert_id = || day.expert.id.clone();
    let base = Properties::Base {
        expert_id: expert_id(),
        display_name: day.expert.display_name.clone(),
        driving_minutes: day.driving_minutes,
        drivable: day.drivable,
    };
    let mut all = vec![Feature::new(Some(Geometry::Point(coordinates(day.base))), base)];
    for (number, visit) in day.visits.iter().enumerate() {
        let properties = Properties::Visit {
            expert_id: expert_id(),
            appointment_id: visit.appointment_id.clone(),
            case_number: visit.case_number.clone(),
            kind: visit.kind,
            order: number + 1,
            start: visit.start.clone(),
            end: visit.end.clone(),
            latest_arrival: visit.latest_arrival.clone(),
            slack_minutes: visit.slack_minutes,
        };
        all.push(Feature::new(visit.position.map(|at| Geometry::Point(coordinates(at))), properties));
    }
    let place = |end: &str| {
        let visit = day.visits.iter().find(|visit| visit.appointment_id == end);
        coordinates(visit.and_then(|visit| visit.position).unwrap_or(day.base))
    };
    for leg in &day.legs {
        let properties = Properties::Leg {
            expert_id: expert_id(),
            from: leg.from.clone(),
            to: leg.to.clone(),
            departure: leg.departure.clone(),
            arrival: leg.arrival.clone(),
            minutes: leg.minutes,
        };
        all.push(Feature::new(Some(Geometry::LineString([place(&leg.from), place(&leg.to)])), properties));
    }
    all
}
