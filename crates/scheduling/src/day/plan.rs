//! The day of one expert, or of a team.

use std::collections::HashMap;

use constat_availability::{DayPlan, plan_day};
use constat_core::AppError;
use constat_domain::appointment::Appointment;
use constat_domain::ids::{AppointmentId, ExpertId};
use constat_domain::refusal::BookingRefusal;
use constat_domain::tenancy::Caller;
use constat_domain::{FieldError, Refusal};
use constat_store::StoreError;
use constat_store::queries::appointments;
use jiff::civil::Date;

use crate::day::day_records::{DayRecords, around, legs};
use crate::day::experts::require_firm;
use crate::scheduler::Scheduler;
use crate::travel::roads::with_travel;

/// Maximum experts whose days are read at once.
pub const MAX_DAYS: usize = 100;

/// Days read on each side of a date: the drives of the days before and after matter.
const NEIGHBOURS: i64 = 2;

/// A planned day with its appointments.
#[derive(Debug, Clone)]
pub struct ExpertDay {
    /// The plan.
    pub plan: DayPlan,
    /// The expert's name, as the insured read it.
    pub display_name: String,
    /// The appointments of the plan.
    pub appointments: HashMap<AppointmentId, Appointment>,
}

impl Scheduler {
    /// Plans the day of one expert.
    ///
    /// # Errors
    /// [`BookingRefusal::NotAllowed`] for a platform's key, [`BookingRefusal::ExpertNotFound`] for an expert of another
    /// firm.
    pub async fn read_day(&self, caller: &Caller, expert: ExpertId, date: Date) -> Result<ExpertDay, AppError> {
        read_day(self, caller, expert, date).await
    }

    /// Plans the days of several experts, in the given order; without a list, of all who have an appointment that day,
    /// by id.
    ///
    /// # Errors
    /// As [`Scheduler::read_day`]; [`Refusal::Invalid`] with `experts` for an expert of another firm, or more than
    /// [`MAX_DAYS`].
    pub async fn read_team_day(
        &self,
        caller: &Caller,
        experts: Option<Vec<ExpertId>>,
        date: Date,
    ) -> Result<Vec<ExpertDay>, AppError> {
        read_team_day(self, caller, experts, date).await
    }
}

async fn read_day(scheduler: &Scheduler, caller: &Caller, expert: ExpertId, date: Date) -> Result<ExpertDay, AppError> {
    require_firm(caller)?;
    let settings = &scheduler.core.settings.availability;
    let of_expert = scheduler
        .core
        .store
        .read(|connection| DayRecords::read(connection, &caller.tenant, expert, around(date, NEIGHBOURS), settings))?
        .ok_or(BookingRefusal::ExpertNotFound)?;
    let mut days = plan(scheduler, vec![of_expert], date).await?;
    days.pop().ok_or_else(|| BookingRefusal::ExpertNotFound.into())
}

async fn read_team_day(
    scheduler: &Scheduler,
    caller: &Caller,
    experts: Option<Vec<ExpertId>>,
    date: Date,
) -> Result<Vec<ExpertDay>, AppError> {
    require_firm(caller)?;
    let is_listed = experts.is_some();
    let settings = &scheduler.core.settings.availability;
    let found = scheduler.core.store.read(|connection| {
        let wanted = if let Some(experts) = experts {
            experts
        } else {
            let (from, to) = around(date, 0);
            appointments::experts_of_tenant_between(connection, &caller.tenant, from, to)?
        };
        if wanted.len() > MAX_DAYS {
            return Ok(Err(wanted.len()));
        }
        let read = |id| DayRecords::read(connection, &caller.tenant, id, around(date, NEIGHBOURS), settings);
        Ok::<_, StoreError>(Ok(wanted.into_iter().map(read).collect::<Result<Vec<_>, _>>()?))
    })?;
    let found = found.map_err(|count| {
        let message = format!("{count} experts are too many at once: name {MAX_DAYS} at most in this parameter");
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

/// Plans each expert's day; with a routing server again once the drives are known.
async fn plan(scheduler: &Scheduler, records: Vec<DayRecords>, date: Date) -> Result<Vec<ExpertDay>, AppError> {
    let mut plans = plans(scheduler, &records, date)?;
    if let Some(routed) = scheduler.travel.routed() {
        if !routed.unsettled(&legs(&plans)).is_empty() {
            let _learned = routed.within_budget(routed.learn(&legs(&plans))).await;
            plans = self::plans(scheduler, &records, date)?;
        }
        routed.count_estimated(&routed.known(), &legs(&plans));
    }
    let days = plans.into_iter().zip(records).map(|(plan, of_expert)| ExpertDay {
        plan,
        display_name: of_expert.expert.display_name,
        appointments: of_expert.appointments,
    });
    Ok(days.collect())
}

fn plans(scheduler: &Scheduler, records: &[DayRecords], date: Date) -> Result<Vec<DayPlan>, AppError> {
    let settings = &scheduler.core.settings.availability;
    let plan = |of_expert: &DayRecords| {
        with_travel!(&*scheduler.travel, travel => {
            plan_day(&of_expert.expert, &of_expert.absences, &of_expert.visits, date, settings, travel)
        })
    };
    let plans: Result<Vec<DayPlan>, FieldError> = records.iter().map(plan).collect();
    // Records with an unknown zone were left out.
    plans.map_err(|error| AppError::Fault(format!("a day could not be planned: {}", error.message)))
}
