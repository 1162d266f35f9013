//! Appointments in partner firms' calendars.

use constat_domain::appointment::{Appointment, AppointmentStatus};
use constat_domain::geo::Position;
use constat_domain::ids::{AppointmentId, ExpertId, OrgId, SessionId};
use constat_domain::tenancy::{Mode, TenantId};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{from_bodies, from_body, instant, micros, one_row, parse, to_body};
use crate::connection::on_each;
use crate::schema::{appointment_references, appointments, used_sessions};
use crate::{Connection, StoreError, Tx};

/// What an appointment takes of an expert's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BusyRow {
    /// Which appointment.
    pub appointment: AppointmentId,
    /// Whose time.
    pub expert: ExpertId,
    /// From.
    pub start: Timestamp,
    /// To, later than `start`.
    pub end: Timestamp,
    /// Where the expert is meanwhile; `None` for a remote appointment.
    pub position: Option<Position>,
}

/// Which appointments a list wants. All limits are optional.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Booked by this organisation.
    pub booked_by: Option<OrgId>,
    /// At this postcode.
    pub zip: Option<String>,
    /// Case number, insurer's reference, town, or a name contains this, whatever the case.
    pub search_text: Option<String>,
    /// Starting at or after.
    pub from: Option<Timestamp>,
    /// Starting before.
    pub to: Option<Timestamp>,
    /// Most rows; all when `None`.
    pub limit: Option<i64>,
    /// By creation rather than by start.
    pub by_creation: bool,
    /// Latest first.
    pub descending: bool,
}

/// The text that [`Filter::search_text`] looks in. Lower case, as the search is.
fn search_text(appointment: &Appointment) -> String {
    let mut words = vec![
        appointment.case_number.as_str(),
        appointment.request.insurer_claim_id.as_str(),
        appointment.place.address.city.as_str(),
        appointment.place.address.street1.as_str(),
        appointment.expert_name.as_str(),
    ];
    if let Some(contact) = &appointment.contact {
        words.extend([contact.first_name.as_str(), contact.last_name.as_str()]);
    }
    words.join("\n").to_lowercase()
}

/// Most appointments under one reference that a booking is compared with.
const MAX_OF_REFERENCE: i64 = 5;

/// What an appointment is for, as a key: the kind of intervention and the insurer's reference, whatever its
/// capitals and punctuation. `None` without a reference.
pub fn reference_of(appointment: &Appointment) -> Option<String> {
    let letters = appointment.request.insurer_claim_id.chars().filter(|letter| letter.is_alphanumeric());
    let reference: String = letters.flat_map(char::to_uppercase).collect();
    (!reference.is_empty()).then(|| format!("{} {reference}", appointment.request.kind.wire()))
}

/// Of the newest appointments of a firm under a reference, those that are booked and not over yet, oldest first. Five
/// are looked at, however many share the reference: an index has them in the order of their ids, which is that of
/// their creation.
pub fn open_of_reference(
    connection: &mut Connection,
    tenant: &TenantId,
    reference: &str,
    now: Timestamp,
) -> Result<Vec<Appointment>, StoreError> {
    let tenant = tenant.to_string();
    let newest: Vec<String> = on_each!(connection, one => appointment_references::table
        .filter(appointment_references::tenant.eq(&tenant).and(appointment_references::reference.eq(reference)))
        .order(appointment_references::appointment.desc())
        .limit(MAX_OF_REFERENCE)
        .select(appointment_references::appointment)
        .load(one))?;
    if newest.is_empty() {
        return Ok(Vec::new());
    }
    let bodies: Vec<String> = on_each!(connection, one => appointments::table
        .filter(appointments::id.eq_any(&newest).and(appointments::tenant.eq(&tenant)))
        .filter(appointments::status.eq("booked").and(appointments::busy_to.gt(micros(now))))
        .order(appointments::id)
        .select(appointments::body)
        .load(one))?;
    from_bodies(&bodies)
}

/// Saves a new appointment.
pub fn insert(tx: &mut Tx, appointment: &Appointment) -> Result<(), StoreError> {
    let position = appointment.site();
    on_each!(&mut **tx, one => diesel::insert_into(appointments::table)
        .values((
            appointments::id.eq(appointment.id.to_string()),
            appointments::tenant.eq(appointment.tenant.to_string()),
            appointments::expert.eq(appointment.expert.to_string()),
            appointments::status.eq(appointment.status.as_str()),
            appointments::busy_from.eq(micros(appointment.busy_from)),
            appointments::busy_to.eq(micros(appointment.busy_to)),
            appointments::lat.eq(position.map(|at| at.lat)),
            appointments::lon.eq(position.map(|at| at.lon)),
            appointments::booked_by.eq(appointment.booked_by.to_string()),
            appointments::claim_id.eq(appointment.request.claim.as_ref().map(|claim| claim.claim_id.clone())),
            appointments::zip.eq(&appointment.place.address.zip_code),
            appointments::starts_at.eq(micros(appointment.slot.start)),
            appointments::created_at.eq(micros(appointment.created_at)),
            appointments::search_text.eq(search_text(appointment)),
            appointments::version.eq(appointment.version),
            appointments::body.eq(to_body(appointment)?),
        ))
        .execute(one))?;
    if let Some(reference) = reference_of(appointment) {
        on_each!(&mut **tx, one => diesel::insert_into(appointment_references::table)
            .values((
                appointment_references::tenant.eq(appointment.tenant.to_string()),
                appointment_references::reference.eq(reference),
                appointment_references::appointment.eq(appointment.id.to_string()),
            ))
            .execute(one))?;
    }
    Ok(())
}

/// Saves an appointment that was changed. `appointment.version` is one more than what was read; a
/// [`StoreError::Conflict`] says that somebody else was faster.
pub fn update(tx: &mut Tx, appointment: &Appointment) -> Result<(), StoreError> {
    let position = appointment.site();
    let previous = appointments::table.find(appointment.id.to_string()).filter(
        appointments::tenant.eq(appointment.tenant.to_string()).and(appointments::version.eq(appointment.version - 1)),
    );
    let rows = diesel::update(previous)
        .set((
            appointments::expert.eq(appointment.expert.to_string()),
            appointments::status.eq(appointment.status.as_str()),
            appointments::busy_from.eq(micros(appointment.busy_from)),
            appointments::busy_to.eq(micros(appointment.busy_to)),
            appointments::lat.eq(position.map(|at| at.lat)),
            appointments::lon.eq(position.map(|at| at.lon)),
            appointments::zip.eq(&appointment.place.address.zip_code),
            appointments::starts_at.eq(micros(appointment.slot.start)),
            appointments::search_text.eq(search_text(appointment)),
            appointments::version.eq(appointment.version),
            appointments::body.eq(to_body(appointment)?),
        ))
        .execute(&mut **tx)?;
    one_row(rows, "the appointment")
}

/// The appointment with this id.
pub fn of_tenant_by_id(
    connection: &mut Connection,
    tenant: &TenantId,
    id: AppointmentId,
) -> Result<Option<Appointment>, StoreError> {
    let body: Option<String> = appointments::table
        .find(id.to_string())
        .filter(appointments::tenant.eq(tenant.to_string()))
        .select(appointments::body)
        .get_result(connection)
        .optional()?;
    body.as_deref().map(from_body).transpose()
}

/// The appointment with this id, whoever's it is: for the page that whoever was given the id may see.
pub fn by_unguessable_id(connection: &mut Connection, id: AppointmentId) -> Result<Option<Appointment>, StoreError> {
    let body: Option<String> =
        appointments::table.find(id.to_string()).select(appointments::body).get_result(connection).optional()?;
    body.as_deref().map(from_body).transpose()
}

/// Marks a session as used by an appointment. `false` when it was used before: it books once.
pub fn use_session(
    tx: &mut Tx,
    session: SessionId,
    appointment: AppointmentId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let rows = on_each!(&mut **tx, one => diesel::insert_into(used_sessions::table)
        .values((
            used_sessions::session.eq(session.to_string()),
            used_sessions::appointment.eq(appointment.to_string()),
            used_sessions::used_at.eq(micros(at)),
        ))
        .on_conflict_do_nothing()
        .execute(one))?;
    Ok(rows == 1)
}

/// The appointment that a session booked or moved, if it did.
pub fn of_session(connection: &mut Connection, session: SessionId) -> Result<Option<AppointmentId>, StoreError> {
    let id: Option<String> = used_sessions::table
        .find(session.to_string())
        .select(used_sessions::appointment)
        .get_result(connection)
        .optional()?;
    id.as_deref().map(parse).transpose()
}

type Busy = (String, String, i64, i64, Option<f64>, Option<f64>);
type BusyColumns = (
    appointments::id,
    appointments::expert,
    appointments::busy_from,
    appointments::busy_to,
    appointments::lat,
    appointments::lon,
);
const BUSY_COLUMNS: BusyColumns = (
    appointments::id,
    appointments::expert,
    appointments::busy_from,
    appointments::busy_to,
    appointments::lat,
    appointments::lon,
);

fn busy((id, expert, start, end, lat, lon): Busy) -> Result<BusyRow, StoreError> {
    Ok(BusyRow {
        appointment: parse(&id)?,
        expert: parse(&expert)?,
        start: instant(start)?,
        end: instant(end)?,
        position: lat.zip(lon).and_then(|(lat, lon)| Position::new(lat, lon)),
    })
}

/// What one expert has booked between `from` (included) and `to` (excluded), by start. The expert
/// implies the tenant.
pub fn busy_of_expert_between(
    connection: &mut Connection,
    expert: ExpertId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<BusyRow>, StoreError> {
    let rows: Vec<Busy> = on_each!(connection, one => appointments::table
        .filter(
            appointments::expert
                .eq(expert.to_string())
                .and(appointments::status.eq("booked"))
                .and(appointments::busy_to.gt(micros(from)))
                .and(appointments::busy_from.lt(micros(to))),
        )
        .order(appointments::busy_from)
        .select(BUSY_COLUMNS)
        .load(one))?;
    rows.into_iter().map(busy).collect()
}

/// What all of a firm's experts have booked from `from` on, by expert and start.
pub fn busy_of_tenant_after(
    connection: &mut Connection,
    tenant: &TenantId,
    from: Timestamp,
) -> Result<Vec<BusyRow>, StoreError> {
    let rows: Vec<Busy> = appointments::table
        .filter(
            appointments::tenant
                .eq(tenant.to_string())
                .and(appointments::status.eq("booked"))
                .and(appointments::busy_to.gt(micros(from))),
        )
        .order((appointments::expert, appointments::busy_from))
        .select(BUSY_COLUMNS)
        .load(connection)?;
    rows.into_iter().map(busy).collect()
}

/// What these appointments of a firm take of whose time, where they are still booked.
pub fn busy_of_tenant_by_ids(
    connection: &mut Connection,
    tenant: &TenantId,
    ids: &[AppointmentId],
) -> Result<Vec<BusyRow>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let names = some.iter().map(ToString::to_string);
        let rows: Vec<Busy> = appointments::table
            .filter(
                appointments::id
                    .eq_any(names)
                    .and(appointments::tenant.eq(tenant.to_string()))
                    .and(appointments::status.eq("booked")),
            )
            .select(BUSY_COLUMNS)
            .load(connection)?;
        found.extend(rows);
    }
    found.into_iter().map(busy).collect()
}

/// One expert's appointments, booked or done, that touch the time from `from` (included) to `to`
/// (excluded), by start.
pub fn of_tenant_by_expert_between(
    connection: &mut Connection,
    tenant: &TenantId,
    expert: ExpertId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Appointment>, StoreError> {
    let live = [AppointmentStatus::Booked.as_str(), AppointmentStatus::Done.as_str()];
    let bodies: Vec<String> = appointments::table
        .filter(
            appointments::expert
                .eq(expert.to_string())
                .and(appointments::tenant.eq(tenant.to_string()))
                .and(appointments::status.eq_any(live))
                .and(appointments::busy_to.gt(micros(from)))
                .and(appointments::busy_from.lt(micros(to))),
        )
        .order((appointments::busy_from, appointments::id))
        .select(appointments::body)
        .load(connection)?;
    from_bodies(&bodies)
}

/// Who of a firm has appointments, booked or done, that start from `from` on and before `to`; by id.
pub fn experts_of_tenant_between(
    connection: &mut Connection,
    tenant: &TenantId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<ExpertId>, StoreError> {
    let ids: Vec<String> = appointments::table
        .filter(
            appointments::tenant
                .eq(tenant.to_string())
                .and(appointments::starts_at.ge(micros(from)))
                .and(appointments::starts_at.lt(micros(to)))
                .and(appointments::status.ne(AppointmentStatus::Cancelled.as_str())),
        )
        .select(appointments::expert)
        .distinct()
        .order(appointments::expert)
        .load(connection)?;
    ids.iter().map(|id| parse(id)).collect()
}

/// The appointments of a firm that a filter wants.
pub fn list_of_tenant(
    connection: &mut Connection,
    tenant: &TenantId,
    filter: &Filter,
) -> Result<Vec<Appointment>, StoreError> {
    let mut query =
        appointments::table.filter(appointments::tenant.eq(tenant.to_string())).select(appointments::body).into_boxed();
    if let Some(org) = filter.booked_by {
        query = query.filter(appointments::booked_by.eq(org.to_string()));
    }
    if let Some(zip) = &filter.zip {
        query = query.filter(appointments::zip.eq(zip.clone()));
    }
    if let Some(text) = &filter.search_text {
        let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query = query.filter(appointments::search_text.like(format!("%{escaped}%")).escape('\\'));
    }
    if let Some(from) = filter.from {
        query = query.filter(appointments::starts_at.ge(micros(from)));
    }
    if let Some(to) = filter.to {
        query = query.filter(appointments::starts_at.lt(micros(to)));
    }
    query = match (filter.by_creation, filter.descending) {
        (false, false) => query.order((appointments::starts_at.asc(), appointments::id.asc())),
        (false, true) => query.order((appointments::starts_at.desc(), appointments::id.desc())),
        (true, false) => query.order((appointments::created_at.asc(), appointments::id.asc())),
        (true, true) => query.order((appointments::created_at.desc(), appointments::id.desc())),
    };
    if let Some(limit) = filter.limit {
        query = query.limit(limit);
    }
    let bodies: Vec<String> = query.load(connection)?;
    from_bodies(&bodies)
}

/// Claim ids that one query looks for.
const IDS_AT_ONCE: usize = 50;

/// The appointments, in all calendars of this server, that an organisation booked for a claim, whatever their
/// status: those whose claim id, case number or insurer's reference is one of the claim's ids; with those that were booked with them, by other firms' people. For an erasure.
pub fn booked_for_claim(
    connection: &mut Connection,
    booked_by: OrgId,
    mode: Mode,
    claim_ids: &[String],
) -> Result<Vec<Appointment>, StoreError> {
    let is_named = |text: &str| claim_ids.iter().any(|id| id.eq_ignore_ascii_case(text.trim()));
    let is_theirs = |appointment: &Appointment| {
        let request = &appointment.request;
        let claim = request.claim.as_ref().map(|claim| claim.claim_id.as_str());
        appointment.booked_by == booked_by
            && appointment.tenant.mode == mode
            && (claim.is_some_and(|id| claim_ids.iter().any(|known| known == id))
                || is_named(&appointment.case_number)
                || is_named(&request.insurer_claim_id))
    };
    let mut found: Vec<Appointment> = Vec::new();
    for ids in claim_ids.chunks(IDS_AT_ONCE) {
        let mut query = appointments::table
            .filter(appointments::claim_id.eq_any(ids))
            .select(appointments::body)
            .order(appointments::id)
            .into_boxed();
        // The text for searches has both references in it, in lower case; which words they are is seen afterwards.
        for id in ids {
            query = query.or_filter(appointments::search_text.like(format!("%{}%", id.to_lowercase())));
        }
        query = query.filter(appointments::booked_by.eq(booked_by.to_string()));
        let bodies: Vec<String> = query.load(connection)?;
        let here = from_bodies(&bodies)?.into_iter().filter(is_theirs);
        for one in here {
            if found.iter().all(|known| known.id != one.id) {
                found.push(one);
            }
        }
    }
    let linked: Vec<_> = found.iter().filter_map(|one| one.joint.clone()).flat_map(|joint| joint.parties).collect();
    for party in linked {
        if !found.iter().any(|known| known.id == party.appointment) {
            found.extend(of_tenant_by_id(connection, &party.tenant, party.appointment)?);
        }
    }
    Ok(found)
}
