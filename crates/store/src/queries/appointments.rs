//! Appointments in partner firms' calendars.

use constat_domain::appointment::{Appointment, AppointmentStatus};
use constat_domain::geo::Position;
use constat_domain::ids::{AppointmentId, ExpertId, OrgId, SessionId};
use constat_domain::tenancy::{Mode, TenantId};
use diesel::prelude::*;
use jiff::Timestamp;

use super::{from_bodies, from_body, micros, one_row, parse, to_body};
use crate::columns::{AsText, Micros};
use crate::connection::on_each;
use crate::schema::{appointment_references, appointments, used_sessions};
use crate::{Connection, StoreError, Tx};

/// What an appointment takes of an expert's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BusyRow {
    /// The appointment.
    pub appointment: AppointmentId,
    /// The expert.
    pub expert: ExpertId,
    /// Start.
    pub start: Timestamp,
    /// End, later than `start`.
    pub end: Timestamp,
    /// Where the expert is meanwhile; `None` for a remote appointment.
    pub position: Option<Position>,
}

/// Filter of a list of appointments. All criteria are optional.
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

/// The columns of an appointment that a change may write.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = appointments, treat_none_as_null = true)]
struct Changing {
    expert: AsText<ExpertId>,
    status: &'static str,
    busy_from: Micros,
    busy_to: Micros,
    lat: Option<f64>,
    lon: Option<f64>,
    zip: String,
    starts_at: Micros,
    search_text: String,
    version: i64,
    body: String,
}

impl Changing {
    fn of(appointment: &Appointment) -> Result<Self, StoreError> {
        let position = appointment.site();
        Ok(Self {
            expert: AsText(appointment.expert),
            status: appointment.status.as_str(),
            busy_from: Micros(appointment.busy_from),
            busy_to: Micros(appointment.busy_to),
            lat: position.map(|at| at.lat),
            lon: position.map(|at| at.lon),
            zip: appointment.place.address.zip_code.clone(),
            starts_at: Micros(appointment.slot.start),
            search_text: search_text(appointment),
            version: appointment.version,
            body: to_body(appointment)?,
        })
    }
}

/// A new appointment.
#[derive(Insertable)]
#[diesel(table_name = appointments)]
struct New {
    id: AsText<AppointmentId>,
    tenant: AsText<TenantId>,
    booked_by: AsText<OrgId>,
    claim_id: Option<String>,
    created_at: Micros,
    #[diesel(embed)]
    changing: Changing,
}

/// Saves a new appointment.
pub fn insert(tx: &mut Tx, appointment: &Appointment) -> Result<(), StoreError> {
    let new = New {
        id: AsText(appointment.id),
        tenant: AsText(appointment.tenant),
        booked_by: AsText(appointment.booked_by),
        claim_id: appointment.request.claim.as_ref().map(|claim| claim.claim_id.clone()),
        created_at: Micros(appointment.created_at),
        changing: Changing::of(appointment)?,
    };
    on_each!(&mut **tx, one => diesel::insert_into(appointments::table).values(new).execute(one))?;
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

/// Saves an appointment that was changed. `appointment.version` is one more than the version that was read;
/// [`StoreError::Conflict`] means that another transaction changed the row first.
pub fn update(tx: &mut Tx, appointment: &Appointment) -> Result<(), StoreError> {
    let previous = appointments::table.find(appointment.id.to_string()).filter(
        appointments::tenant.eq(appointment.tenant.to_string()).and(appointments::version.eq(appointment.version - 1)),
    );
    let rows = diesel::update(previous).set(Changing::of(appointment)?).execute(&mut **tx)?;
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

/// The appointment with this id, in any tenant: for the page whose link holds the id.
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

#[derive(Queryable, Selectable)]
#[diesel(table_name = appointments)]
struct TakenTime {
    id: AsText<AppointmentId>,
    expert: AsText<ExpertId>,
    busy_from: Micros,
    busy_to: Micros,
    lat: Option<f64>,
    lon: Option<f64>,
}

impl From<TakenTime> for BusyRow {
    fn from(row: TakenTime) -> Self {
        Self {
            appointment: row.id.0,
            expert: row.expert.0,
            start: row.busy_from.0,
            end: row.busy_to.0,
            position: row.lat.zip(row.lon).and_then(|(lat, lon)| Position::new(lat, lon)),
        }
    }
}

fn busy_rows(rows: Vec<TakenTime>) -> Vec<BusyRow> {
    rows.into_iter().map(BusyRow::from).collect()
}

/// What one expert has booked between `from` (included) and `to` (excluded), by start. The expert
/// implies the tenant.
pub fn busy_of_expert_between(
    connection: &mut Connection,
    expert: ExpertId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<BusyRow>, StoreError> {
    let rows: Vec<TakenTime> = on_each!(connection, one => appointments::table
        .filter(
            appointments::expert
                .eq(expert.to_string())
                .and(appointments::status.eq("booked"))
                .and(appointments::busy_to.gt(micros(from)))
                .and(appointments::busy_from.lt(micros(to))),
        )
        .order(appointments::busy_from)
        .select(TakenTime::as_select())
        .load(one))?;
    Ok(busy_rows(rows))
}

/// What all of a firm's experts have booked from `from` on, by expert and start.
pub fn busy_of_tenant_after(
    connection: &mut Connection,
    tenant: &TenantId,
    from: Timestamp,
) -> Result<Vec<BusyRow>, StoreError> {
    let rows: Vec<TakenTime> = appointments::table
        .filter(
            appointments::tenant
                .eq(tenant.to_string())
                .and(appointments::status.eq("booked"))
                .and(appointments::busy_to.gt(micros(from))),
        )
        .order((appointments::expert, appointments::busy_from))
        .select(TakenTime::as_select())
        .load(connection)?;
    Ok(busy_rows(rows))
}

/// The busy times of these appointments of a firm, of those that are still booked.
pub fn busy_of_tenant_by_ids(
    connection: &mut Connection,
    tenant: &TenantId,
    ids: &[AppointmentId],
) -> Result<Vec<BusyRow>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let names = some.iter().map(ToString::to_string);
        let rows: Vec<TakenTime> = appointments::table
            .filter(
                appointments::id
                    .eq_any(names)
                    .and(appointments::tenant.eq(tenant.to_string()))
                    .and(appointments::status.eq("booked")),
            )
            .select(TakenTime::as_select())
            .load(connection)?;
        found.extend(rows);
    }
    Ok(busy_rows(found))
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

/// The experts of a firm with appointments, booked or done, that start from `from` on and before `to`; by id.
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
