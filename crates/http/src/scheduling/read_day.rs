//! `GET /experts/{id}/day/{date}`: one expert's day.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_domain::ids::ExpertId;
use constat_domain::refusal::BookingRefusal;
use constat_wire::partner::{DayAnswer, DayQuery, FeatureCollection, read_date};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::day::{self, geo_reply, wants_geojson};
use super::docs;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::Params;
use crate::{Problem, Reply};

/// The path of one expert's day.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ExpertDayPath {
    /// The expert's id, see `GET /experts`.
    id: String,
    /// The date on the expert's calendar.
    #[schemars(extend("format" = "date"))]
    date: String,
}

impl ExpertDayPath {
    /// Whose day, and which. A text that cannot be an id is that of no expert.
    pub(super) fn read(&self) -> Result<(ExpertId, Date), Problem> {
        let date = read_date("date", &self.date).map_err(|error| Problem::invalid(vec![error]))?;
        let id = self.id.parse().map_err(|_not_an_id| Problem::from(BookingRefusal::ExpertNotFound))?;
        Ok((id, date))
    }
}

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<ExpertDayPath>,
    Params(query): Params<DayQuery>,
) -> Result<Reply, Problem> {
    let (id, date) = path.read()?;
    let day = day::written(&request.scheduler.read_day(&request.caller, id, date).await?);
    if wants_geojson(&request.headers, query.format) {
        return geo_reply(&FeatureCollection::of(&[day]));
    }
    Reply::ok(&DayAnswer::ok(day))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("readExpertDay").summary("Read an expert's day").description(
        "The visits in order with the drives between them, from the base and back: planned times, arrival windows, \
         slack, departures, and warnings where the day cannot be kept (hours or absences that changed after a \
         booking). With `Accept: application/geo+json` or `format=geojson` as GeoJSON. For the firm's own key only.",
    );
    let op = docs::answers::<200, DayAnswer>(op, "The day; perhaps without visits.");
    let op = docs::also_as::<FeatureCollection>(op, 200, day::GEOJSON);
    docs::usual_of_the_firm(docs::refuses::<404>(op, "The firm has no such expert."))
}
