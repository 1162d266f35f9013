//! What a search needs to know of a request: the request itself, placed, timed and measured.

use constat_domain::FieldError;
use constat_domain::appointment::SlotKind;
use constat_domain::deadlines::Deadlines;
use constat_domain::expert::{Duty, HourRange, Trade};
use constat_domain::geo::Position;
use constat_domain::ids::AppointmentId;
use constat_domain::service::{
    ClaimBrief, CustomerType, Dwelling, Granularity, LossTriple, ServiceKind, ServiceRequest, Valuation,
};
use jiff::{Timestamp, civil, tz::TimeZone};

use crate::calendar::{Day, ExpertCalendar};
use crate::open_offers::OpenOffers;
use crate::reason::ReasonCode;
use crate::settings::Settings;
use crate::span::{Span, ceil_second, join};
use crate::zone;

/// The hour of the place's civil time that parts morning from afternoon.
const NOON_HOUR: i8 = 13;

/// Nature of the loss in a drought claim (`loss_nature_cause_detail.csv`).
const NATURAL_CATASTROPHE: &str = "CatastropheNaturelle";

/// Cause of the loss in a drought claim (`loss_nature_cause_detail.csv`).
const DROUGHT: &str = "Secheresse";

/// What the caller found out about the place of the request.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceFacts {
    /// The position; required for an on-site visit.
    pub position: Option<Position>,
    /// The département, `75`, `2A`, `974`.
    pub department: Option<String>,
    /// The IANA zone: civil times, half-days and public holidays are those of the place.
    pub zone: String,
}

/// A request, ready to be searched. Made by [`Requirement::derive`].
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    /// The kind of intervention.
    pub kind: ServiceKind,
    /// The position of an on-site visit; `None` for a remote one.
    pub site: Option<Position>,
    /// The département of the place.
    pub department: Option<String>,
    /// What happened, as far as it is known.
    pub loss: Option<LossTriple>,
    /// Trades wanted; empty when any will do.
    pub trades: Vec<Trade>,
    /// The stakes.
    pub stakes: Valuation,
    /// ACAM code of the insurer.
    pub insurer: Option<String>,
    /// Type of customer.
    pub customer: CustomerType,
    /// Type of dwelling.
    pub dwelling: Option<Dwelling>,
    /// The language wanted: a primary tag of BCP 47 in lower case.
    pub language: Option<String>,
    /// The insurer's reference of the claim.
    pub insurer_claim: Option<String>,
    /// The loss is a catastrophe ([`Settings::on_call_natures`]): on-call hours count too.
    pub catastrophe: bool,
    /// The share of each expert's day that is kept for others, in percent: see [`Requirement::withheld`].
    /// 0 unless a catastrophe puts others first.
    pub withheld_percent: u8,
    /// Exact times or arrival windows.
    pub slot_kind: SlotKind,
    /// How coarse.
    pub granularity: Granularity,
    /// Most offers.
    pub limit: usize,
    /// The appointments whose own time counts as free: the one that is moved, with all others of a
    /// joint one.
    pub reschedules: Vec<AppointmentId>,
    /// Open offers of other callers; empty unless it is set. Only a search uses them: such times rank
    /// behind others (see [`Score`](crate::Score)).
    pub open: OpenOffers,
    /// Length of the visit itself, in minutes.
    pub duration_minutes: u32,
    /// What an offer takes in the expert's day, in seconds: the visit, or its whole arrival window.
    pub(crate) occupied: i64,
    /// The instant of the search.
    pub(crate) asked_at: i64,
    /// First possible start (the wanted one, but not before the search itself).
    pub(crate) from: i64,
    /// Last possible end (the wanted one, but within the horizon).
    pub(crate) to: i64,
    /// Last end that is wanted, whatever the horizon.
    pub(crate) wanted_to: i64,
    /// The end of the days that can be searched.
    pub(crate) horizon: i64,
    /// From when on a start endangers a statutory term.
    pub(crate) term_nears: Option<i64>,
    /// Seconds between two starts that are offered.
    pub(crate) grid: i64,
    /// A start is on the grid when `(start + grid_shift) % grid == 0`.
    pub(crate) grid_shift: i64,
    /// What is closed at the place within the window, as sorted spans apart from each other: its public
    /// holidays, and for a remote visit the hours outside the call hours.
    pub(crate) closed: Vec<Span>,
    /// Its public holidays alone.
    pub(crate) holidays: Vec<Span>,
    /// The half-days of the place within the window: their first instants, and whether a new date
    /// begins. The first one holds `from`.
    pub(crate) halves: Vec<Half>,
}

/// Half a day of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Half {
    pub(crate) start: i64,
    /// Number of the date within the window.
    pub(crate) date: u32,
}

impl Requirement {
    /// Measures a request.
    ///
    /// `now` is the instant of the search. A commit derives the requirement again with the same
    /// instant (the session's), so that a visit which was offered at the edge of the notice period
    /// stays bookable while the session lives. `is_holiday` tells the public holidays of a
    /// département.
    ///
    /// # Errors
    /// Names the fields of the partner contract: an on-site request without a position, or a zone
    /// that does not exist.
    pub fn derive(
        request: &ServiceRequest,
        place: &PlaceFacts,
        settings: &Settings,
        is_holiday: &dyn Fn(&str, civil::Date) -> bool,
        now: Timestamp,
    ) -> Result<Self, Vec<FieldError>> {
        let zone = TimeZone::get(&place.zone)
            .map_err(|_| vec![FieldError::new("appointmentLocation", "the time zone of the place is unknown")])?;
        let travels = request.kind.is_on_site();
        if travels && place.position.is_none() {
            let message = "a visit on site needs a position, or an address that can be located";
            return Err(vec![FieldError::new("appointmentLocation", message)]);
        }
        let claim = request.claim.as_ref();
        let stakes = claim.map(|claim| claim.valuation).unwrap_or_default();
        let repair = request.kind == ServiceKind::RepairInKind;
        let trades =
            if repair { settings.trades.wanted(request.mission_type.as_deref(), &request.damages) } else { Vec::new() };
        let damages = if repair { request.damages.len() } else { 0 };
        let duration_minutes = settings.durations.minutes(request.kind, &stakes, damages);
        let window_minutes = u32::from(settings.window_minutes.clamp(15, 120));
        // A visit longer than the longest arrival window can only have an exact time.
        let windowed = request.granularity != Granularity::Hour && duration_minutes <= window_minutes;
        let occupied_minutes = if windowed { window_minutes } else { duration_minutes };

        // Not before the search: what began in the same second cannot be booked any more.
        let asked_at = ceil_second(now);
        let from = ceil_second(request.from).max(asked_at);
        let horizon = asked_at + i64::from(settings.horizon_days.min(366)) * 86_400;
        let to = request.to.as_second().min(horizon);
        let grid = i64::from(settings.grid_minutes.clamp(5, 240)) * 60;
        let offset = i64::from(zone.to_offset(zone::timestamp(from)).seconds());
        let loss = claim.and_then(|claim| claim.loss.clone());
        let mut requirement = Self {
            kind: request.kind,
            site: if travels { place.position } else { None },
            department: place.department.clone(),
            catastrophe: settings.is_catastrophe(loss.as_ref()),
            loss,
            withheld_percent: 0,
            trades,
            stakes,
            insurer: claim.map(|claim| claim.insurer.acam_code.clone()),
            customer: request.customer,
            dwelling: request.dwelling,
            language: request.language.clone(),
            insurer_claim: Some(request.insurer_claim_id.clone()).filter(|id| !id.is_empty()),
            slot_kind: if windowed { SlotKind::Window } else { SlotKind::Fixed },
            granularity: request.granularity,
            limit: usize::from(request.limit),
            reschedules: request.reschedules.into_iter().collect(),
            open: OpenOffers::default(),
            duration_minutes,
            occupied: i64::from(occupied_minutes) * 60,
            asked_at,
            from,
            to,
            wanted_to: request.to.as_second(),
            horizon,
            term_nears: claim.and_then(|claim| term_nears(claim, &zone, settings)),
            grid,
            grid_shift: offset.rem_euclid(grid),
            closed: Vec::new(),
            holidays: Vec::new(),
            halves: Vec::new(),
        };
        requirement.resolve_days(&zone, settings.remote_hours, is_holiday);
        Ok(requirement)
    }

    /// The same visit for another party with this insurer, or `None` if the request names none. The open
    /// offers of that party's experts are not filled in.
    #[must_use]
    pub fn for_party(&self, insurer: Option<&String>) -> Self {
        Self { insurer: insurer.cloned(), open: OpenOffers::default(), ..self.clone() }
    }

    /// The requirement for what happened: a requirement derived without a claim, as a commit does.
    pub fn set_loss(&mut self, loss: Option<LossTriple>, settings: &Settings) {
        self.catastrophe = settings.is_catastrophe(loss.as_ref());
        self.loss = loss;
    }

    /// A drought claim: natural catastrophe by shrinking and swelling of clay.
    pub(crate) fn is_drought(&self) -> bool {
        self.loss
            .as_ref()
            .is_some_and(|loss| loss.nature == NATURAL_CATASTROPHE && loss.cause.as_deref() == Some(DROUGHT))
    }

    /// Half-days, holidays and call hours of the place within the window.
    fn resolve_days(&mut self, zone: &TimeZone, calls: HourRange, is_holiday: &dyn Fn(&str, civil::Date) -> bool) {
        let mut open = Vec::new();
        let mut date = zone::date(zone, self.from);
        let mut start = zone::midnight(zone, date);
        let mut number = 0;
        while start < self.to {
            let next = zone::next_day(date);
            let end = zone::midnight(zone, next);
            let noon = zone::instant(zone, date.at(NOON_HOUR, 0, 0, 0));
            self.halves.extend([Half { start, date: number }, Half { start: noon, date: number }]);
            if self.department.as_deref().is_some_and(|department| is_holiday(department, date)) {
                self.holidays.push(Span { start, end });
            } else if self.is_remote() {
                zone::resolve_hours(&[calls], zone, date, Span { start, end }, &mut open);
                let open = open.first().copied().unwrap_or(Span { start: end, end });
                self.closed.extend([Span { start, end: open.start }, Span { start: open.end, end }]);
            }
            if next == date {
                break;
            }
            (date, start, number) = (next, end, number + 1);
        }
        self.closed.extend_from_slice(&self.holidays);
        join(&mut self.closed);
    }

    /// True when the insured is called instead of visited.
    pub(crate) fn is_remote(&self) -> bool {
        self.site.is_none()
    }

    /// True when an expert keeps to what is closed at the place. Who is called has a holiday whether the
    /// expert works on it or not.
    pub(crate) fn keeps_closed(&self, holidays_off: bool) -> bool {
        holidays_off || self.is_remote()
    }

    /// Whose hours count.
    pub fn duty(&self) -> Duty {
        if self.catastrophe { Duty::OnCall } else { Duty::Ordinary }
    }

    /// The first start that the window and a notice in seconds allow.
    pub(crate) fn earliest(&self, notice: i64) -> i64 {
        self.from.max(self.asked_at + notice)
    }

    /// What an offer takes, in seconds.
    pub(crate) fn occupied_seconds(&self) -> i32 {
        i32::try_from(self.occupied).unwrap_or(i32::MAX / 4)
    }

    /// What is closed at the place, as far as an expert keeps to it.
    pub(crate) fn closed_for(&self, calendar: &ExpertCalendar) -> &[Span] {
        if self.keeps_closed(calendar.expert().holidays_off) { &self.closed } else { &[] }
    }

    /// The parts of an expert's days, within the window, that this request may not have.
    ///
    /// Of a local day the share lies at its beginning or at its end, from day to day in turn, so that both
    /// mornings and afternoons are left and kept; it is measured from the first working minute of the day to
    /// the last, before absences. It depends on nothing but expert, day and share: a search and a commit
    /// find the same.
    pub fn withheld(&self, calendar: &ExpertCalendar) -> Vec<(Timestamp, Timestamp)> {
        let spans = self.withheld_spans(calendar).into_iter();
        spans.map(|span| (zone::timestamp(span.start), zone::timestamp(span.end))).collect()
    }

    pub(crate) fn withheld_spans(&self, calendar: &ExpertCalendar) -> Vec<Span> {
        if self.withheld_percent == 0 {
            return Vec::new();
        }
        let days = calendar.days.iter().filter(|day| day.end > self.from && day.start < self.to);
        let early = i64::from(calendar.expert().id.uuid().as_bytes()[15] & 1);
        days.filter_map(|day| kept_of(day, self.withheld_percent, early)).collect()
    }

    /// All that is shut to a request in one calendar, as sorted spans apart from each other: what is closed at
    /// the place, and what is withheld.
    pub(crate) fn shut_in(&self, calendar: &ExpertCalendar) -> Vec<Span> {
        let mut shut = self.withheld_spans(calendar);
        shut.extend_from_slice(self.closed_for(calendar));
        join(&mut shut);
        shut
    }

    /// Why the window itself holds no visit, for any expert.
    pub(crate) fn window_fault(&self) -> Option<ReasonCode> {
        if self.wanted_to <= self.asked_at {
            Some(ReasonCode::WindowPast)
        } else if self.from + self.occupied > self.horizon && self.wanted_to > self.to {
            Some(ReasonCode::BeyondHorizon)
        } else if self.to - self.from < self.occupied {
            Some(ReasonCode::WindowTooShort)
        } else {
            None
        }
    }

    /// The first start on the grid at or after an instant.
    pub(crate) fn on_grid(&self, second: i64) -> i64 {
        second + (-(second + self.grid_shift)).rem_euclid(self.grid)
    }
}

/// The part of a day that is kept for others.
fn kept_of(day: &Day, percent: u8, early: i64) -> Option<Span> {
    let length = day.hours.end - day.hours.start;
    if length <= 0 {
        return None;
    }
    let kept = (length * i64::from(percent.min(100)) + 99) / 100;
    // The day's number, so that it does not matter from when on a calendar was resolved.
    let is_early = (day.start.div_euclid(86_400) + early) % 2 == 0;
    Some(if is_early {
        Span { start: day.start, end: day.hours.start + kept }
    } else {
        Span { start: day.hours.end - kept, end: day.end }
    })
}

/// Some days before the end of the last day of the claim's term.
fn term_nears(claim: &ClaimBrief, zone: &TimeZone, settings: &Settings) -> Option<i64> {
    let day = zone::date(zone, claim.date.as_second());
    let last = Deadlines::embedded().last_visit_day(claim.loss.as_ref()?, day)?;
    Some(zone::midnight(zone, zone::next_day(last)) - i64::from(settings.term_margin_days) * 86_400)
}
