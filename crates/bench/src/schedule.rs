//! What the experts of a busy firm have on already.

use constat_domain::appointment::{Appointment, AppointmentStatus, Slot, SlotKind};
use constat_domain::expert::Expert;
use constat_domain::geo::{Place, Position, PostalAddress};
use constat_domain::ids::{AppointmentId, SessionId};
use constat_domain::service::{CustomerType, Granularity, ServiceKind, ServiceRequest};
use constat_domain::tenancy::TenantId;
use jiff::{SignedDuration, Timestamp};

/// A commune: postcode, name, where it is.
pub type Commune = (String, String, Position);

/// Visits of 45 minutes start on the hour; number per day.
const SLOTS: usize = 9;

/// First of them in UTC: nine o'clock in Paris in winter.
const FIRST_HOUR: i64 = 8;

/// One expert's visits: `count` of them, spread over `days` days from `monday` (midnight UTC) on, all
/// at different hours and places.
pub fn visits(
    tenant: TenantId,
    expert: &Expert,
    seed: usize,
    (count, days): (usize, usize),
    monday: Timestamp,
    places: &[Commune],
) -> Vec<Appointment> {
    let slots = days * SLOTS;
    // A step without a common divisor visits every slot once.
    let step = (slots / 2..=slots + 1).find(|step| gcd(*step, slots) == 1).unwrap_or(1);
    (0..count.min(slots))
        .map(|number| {
            let slot = (seed * 7 + number * step) % slots;
            let hours = i64::try_from(slot / SLOTS * 24 + slot % SLOTS).unwrap_or(0) + FIRST_HOUR;
            let start = monday + SignedDuration::from_hours(hours);
            visit(tenant, expert, start, &places[(seed * 31 + number * 17) % places.len()])
        })
        .collect()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn visit(tenant: TenantId, expert: &Expert, start: Timestamp, (zip, city, position): &Commune) -> Appointment {
    let end = start + SignedDuration::from_mins(45);
    let address = PostalAddress {
        street1: "1 place de la Mairie".to_owned(),
        more_lines: Vec::new(),
        zip_code: zip.clone(),
        city: city.clone(),
        country_code: "FR".to_owned(),
        country: None,
        state: None,
    };
    let place = Place { address, position: Some(*position) };
    let request = ServiceRequest {
        kind: ServiceKind::OnSite,
        kind_label: None,
        claim: None,
        from: start,
        to: end,
        limit: 1,
        place: Some(place.clone()),
        dwelling: None,
        language: None,
        customer: CustomerType::Individual,
        insurer_claim_id: "BENCH".to_owned(),
        mission_type: None,
        damages: Vec::new(),
        granularity: Granularity::Hour,
        process: None,
        reschedules: None,
        parties: Vec::new(),
        all_trades: false,
        urgency: constat_domain::service::Urgency::default(),
    };
    // Unique by who and when.
    let mut entropy = [0; 10];
    entropy[..4].copy_from_slice(&expert.id.uuid().as_bytes()[12..]);
    entropy[4..].copy_from_slice(&start.as_second().to_be_bytes()[2..]);
    Appointment {
        id: AppointmentId::new(start, &entropy),
        tenant,
        expert: expert.id,
        expert_name: expert.display_name.clone(),
        status: AppointmentStatus::Booked,
        slot: Slot { kind: SlotKind::Fixed, start, end, duration_minutes: 45 },
        busy_from: start,
        busy_to: end,
        civil_start: start.to_zoned(jiff::tz::TimeZone::UTC).datetime(),
        zone: expert.zone.clone(),
        place,
        request,
        case_number: "BENCH".to_owned(),
        session: SessionId::new(start, &entropy),
        booked_by: tenant.org,
        contact: None,
        notes: None,
        process: None,
        connection: None,
        joint: None,
        cancellation: None,
        version: 1,
        created_at: start,
        updated_at: start,
    }
}
