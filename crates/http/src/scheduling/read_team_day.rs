//! `GET /day/{date}`: a team's day.

use aide::transform::TransformOperation;
use axum::extract::Path;
use constat_wire::partner::{FeatureCollection, TeamDayAnswer, TeamDayQuery, read_date};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::day::{self, geo_reply, wants_geojson};
use super::docs;
use crate::authenticated_request::{AuthenticatedRequest, Partner};
use crate::body::Params;
use crate::{Problem, Reply};

/// The path of a team's day.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TeamDayPath {
    /// The date on each expert's calendar.
    #[schemars(extend("format" = "date"))]
    date: String,
}

impl TeamDayPath {
    pub(super) fn read(&self) -> Result<Date, Problem> {
        read_date("date", &self.date).map_err(|error| Problem::invalid(vec![error]))
    }
}

pub async fn handle(
    request: AuthenticatedRequest<Partner>,
    Path(path): Path<TeamDayPath>,
    Params(query): Params<TeamDayQuery>,
) -> Result<Reply, Problem> {
    let date = path.read()?;
    let experts = query.experts().map_err(Problem::invalid)?;
    let days = request.scheduler.read_team_day(&request.caller, experts, date).await?;
    let days: Vec<_> = days.iter().map(day::written).collect();
    if wants_geojson(&request.headers, query.format) {
        return geo_reply(&FeatureCollection::of(&days));
    }
    Reply::ok(&TeamDayAnswer::ok(days))
}

pub fn docs(op: TransformOperation) -> TransformOperation {
    let op = op.id("readTeamDay").summary("Read a team's day").description(
        "The days of the experts that `experts` names, else of all who have an appointment that day; 100 at \
         most. As `GET /experts/{id}/day/{date}` tells each. For the firm's own key only.",
    );
    let op = docs::answers::<200, TeamDayAnswer>(op, "The days; perhaps none.");
    docs::usual_of_the_firm(docs::also_as::<FeatureCollection>(op, 200, day::GEOJSON))
}
