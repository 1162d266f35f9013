//! The records of one expert around a date.

use std::collections::HashMap;

use constat_availability::{DayPlan, Settings, Visit};
use constat_domain::appointment::Appointment;
use constat_domain::expert::{Absence, Expert};
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::tenancy::TenantId;
use constat_store::queries::{absences, appointments, experts};
use constat_store::{Connection, StoreError};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::travel::service::Leg;

/// An expert with absences and booked visits, fresh from the database.
#[derive(Debug, Clone)]
pub(crate) struct DayRecords {
    pub(crate) expert: Expert,
    pub(crate) absences: Vec<Absence>,
    pub(crate) visits: Vec<Visit>,
    pub(crate) appointments: HashMap<AppointmentId, Appointment>,
}

/// The instants between which records are read: `days` on each side of a date, in any zone.
pub(crate) fn around(date: Date, days: i64) -> (Timestamp, Timestamp) {
    let noon = TimeZone::UTC.to_timestamp(date.at(12, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH);
    let reach = SignedDuration::from_hours(24 * (days + 1));
    (noon.saturating_sub(reach).unwrap_or(noon), noon.saturating_add(reach).unwrap_or(noon))
}

impl DayRecords {
    /// The records of one of a firm's experts; `None` when the firm has no such expert, or the zone of the record is
    /// unknown (the calendars leave it out too).
    pub(crate) fn read(
        connection: &mut Connection,
        tenant: &TenantId,
        id: ExpertId,
        (from, to): (Timestamp, Timestamp),
        settings: &Settings,
    ) -> Result<Option<Self>, StoreError> {
        let expert: Option<Expert> = experts::of_tenant_by_id(connection, tenant, id)?;
        let Some(expert) = expert.filter(|expert| TimeZone::get(&expert.zone).is_ok()) else { return Ok(None) };
        let absences = absences::of_expert_between(connection, id, from, to)?;
        let booked = appointments::of_tenant_by_expert_between(connection, tenant, id, from, to)?;
        let visits = booked.iter().map(|appointment| visit(appointment, settings)).collect();
        let appointments = booked.into_iter().map(|appointment| (appointment.id, appointment)).collect();
        Ok(Some(Self { expert, absences, visits, appointments }))
    }
}

fn visit(appointment: &Appointment, settings: &Settings) -> Visit {
    let loss = appointment.request.claim.as_ref().and_then(|claim| claim.loss.as_ref());
    Visit {
        appointment: appointment.id,
        slot: appointment.slot,
        site: appointment.site(),
        on_call: settings.is_catastrophe(loss),
    }
}

/// The drives of plans.
pub(crate) fn legs<'a>(plans: impl IntoIterator<Item = &'a DayPlan>) -> Vec<Leg> {
    plans.into_iter().flat_map(|plan| plan.legs.iter().map(|leg| (leg.from_position, leg.to_position))).collect()
}
