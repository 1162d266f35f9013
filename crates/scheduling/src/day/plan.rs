//! One expert's day, or a team's.

use std::collections::HashMap;

use constat_availability::{DayPlan, plan_day};
use constat_domain::appointment::Appointment;
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;
use constat_domain::{FieldError, Refusal};
use constat_store::StoreError;
use constat_store::queries::appointments;
use jiff::civil::Date;

use crate::Scheduler;
use crate::day::diary::{Diary, around, legs};
use crate::day::{MOST_DAYS, firm_only};
use crate::travel::with_travel;
use constat_core::AppError;

/// Days on each side of a date that matter to it: the drives of the day before and after.
const NEIGHBOURS: i64 = 2;

/// A planned day with what it is made of.
#[derive(Debug, Clone)]
pub struct ExpertDay {
    /// The plan.
    pub plan: DayPlan,
    /// Whose day it is, as the insured read the name.
    pub display_name: String,
    /// The appointments of the plan.
    pub appointments: HashMap<AppointmentId, Appointment>,
}

/// Plans one expert's day.
///
/// # Errors
/// [`BookingRefusal::NotAllowed`] for a platform's key, [`BookingRefusal::ExpertNotFound`] for an
/// expert of somebody else.
pub async fn read_day(
    scheduler: &Scheduler,
    caller: &Caller,
    expert: ExpertId,
    date: Date,
) -> Result<ExpertDay, AppError> {
    firm_only(caller)?;
    let settings = &scheduler.core.settings.availability;
    let diary = scheduler
        .core
        .store
        .read(|connection| Diary::read(connection, &caller.tenant, expert, around(date, NEIGHBOURS), settings))?
        .ok_or(BookingRefusal::ExpertNotFound)?;
    let mut days = plan(scheduler, vec![diary], date).await?;
    days.pop().ok_or_else(|| BookingRefusal::ExpertNotFound.into())
}

/// Plans the days of several experts, in the order given; without a list those of everybody who has
/// an appointment that day, by id.
///
/// # Errors
/// As [`read_day`]; a list that names nobody's expert, or too many, is refused under `experts`.
pub async fn read_team_day(
    scheduler: &Scheduler,
    caller: &Caller,
    experts: Option<Vec<ExpertId>>,
    date: Date,
) -> Result<Vec<ExpertDay>, AppError> {
    firm_only(caller)?;
    let is_listed = experts.is_some();
    let settings = &scheduler.core.settings.availability;
    let found = scheduler.core.store.read(|connection| {
        let wanted = if let Some(experts) = experts {
            experts
        } else {
            let (from, to) = around(date, 0);
            appointments::experts_of_tenant_between(connection, &caller.tenant, from, to)?
        };
        if wanted.len() > MOST_DAYS {
            return Ok(Err(wanted.len()));
        }
        let read = |id| Diary::read(connection, &caller.tenant, id, around(date, NEIGHBOURS), settings);
        Ok::<_, StoreError>(Ok(wanted.into_iter().map(read).collect::<Result<Vec<_>, _>>()?))
    })?;
    let found = found.map_err(|count| {
        let message = format!("{count} experts are too many at once: name {MOST_DAYS} at most in this parameter");
        Refusal::from(FieldError::new("experts", message))
    })?;
    if is_listed && let Some(index) = found.iter().position(Option::is_none) {
        let message = format!("the firm has no such expert (number {} of the list)", index + 1);
        return Err(Refusal::field("experts", message).into());
    }
    let mut days = plan(scheduler, found.into_iter().flatten().collect(), date).await?;
    if !is_listed {
        days.retain(|day| !day.plan.visits.is_empty());
    }
    Ok(days)
}

/// Plans each diary's day; with a routing server once more when the drives are known.
async fn plan(scheduler: &Scheduler, diaries: Vec<Diary>, date: Date) -> Result<Vec<ExpertDay>, AppError> {
    let mut plans = plans(scheduler, &diaries, date)?;
    if let Some(routed) = scheduler.travel.routed() {
        if !routed.unsettled(&legs(&plans)).is_empty() {
            let _learned = routed.within_budget(routed.learn(&legs(&plans))).await;
            plans = self::plans(scheduler, &diaries, date)?;
        }
        routed.count_estimated(&routed.known(), &legs(&plans));
    }
    let days = plans.into_iter().zip(diaries).map(|(plan, diary)| ExpertDay {
        plan,
        display_name: diary.expert.display_name,
        appointments: diary.appointments,
    });
    Ok(days.collect())
}

fn plans(scheduler: &Scheduler, diaries: &[Diary], date: Date) -> Result<Vec<DayPlan>, AppError> {
    let settings = &scheduler.core.settings.availability;
    let plan = |diary: &Diary| {
        with_travel!(&*scheduler.travel, travel => {
            plan_day(&diary.expert, &diary.absences, &diary.visits, date, settings, travel)
        })
    };
    let plans: Result<Vec<DayPlan>, FieldError> = diaries.iter().map(plan).collect();
    // A diary is read of sound records only.
    plans.map_err(|error| AppError::Fault(format!("a day could not be planned: {}", error.message)))
}
