//! All calendars of a firm over the horizon, ready to be searched.

use std::sync::Arc;

use constat_domain::FieldError;
use constat_domain::ids::{AppointmentId, ExpertId};
use jiff::Timestamp;

use crate::calendar::{Busy, ExpertCalendar};
use crate::expert::{Absence, Expert};
use crate::zone;

/// Calendars of many experts, sorted by expert id.
///
/// A clone shares every calendar with the original and costs one pointer each, so a reader can
/// search a snapshot while a writer changes one expert in the next.
#[derive(Debug, Clone)]
pub struct CalendarIndex {
    from: Timestamp,
    to: Timestamp,
    calendars: Vec<Arc<ExpertCalendar>>,
}

impl CalendarIndex {
    /// An empty index that resolves working time from the day of `from` for so many days.
    pub fn new(from: Timestamp, days: u16) -> Self {
        let to = zone::timestamp(from.as_second() + i64::from(days) * 86_400);
        Self { from, to, calendars: Vec::new() }
    }

    /// The instants between which working time is resolved. Nothing is ever free outside.
    pub fn horizon(&self) -> (Timestamp, Timestamp) {
        (self.from, self.to)
    }

    /// Adds an expert with everything known about the person, or replaces it all.
    ///
    /// # Errors
    /// When the record's zone is unknown; the index is unchanged.
    pub fn put(&mut self, expert: Expert, absences: &[Absence], busy: Vec<Busy>) -> Result<(), FieldError> {
        let calendar = ExpertCalendar::new(Arc::new(expert), absences, busy, self.from, self.to)?;
        let calendar = Arc::new(calendar);
        match self.position(calendar.expert().id) {
            Ok(at) => self.calendars[at] = calendar,
            Err(at) => self.calendars.insert(at, calendar),
        }
        Ok(())
    }

    /// Forgets an expert. False when there was none.
    pub fn remove(&mut self, expert: ExpertId) -> bool {
        self.position(expert).map(|at| self.calendars.remove(at)).is_ok()
    }

    /// Replaces all appointments and holds of one expert. False when there is no such expert.
    pub fn replace_busy(&mut self, expert: ExpertId, busy: Vec<Busy>) -> bool {
        self.change(expert, |calendar| calendar.replace_busy(busy))
    }

    /// Adds one appointment or hold (or moves it, when the appointment is known). False when there
    /// is no such expert.
    pub fn insert_busy(&mut self, expert: ExpertId, entry: Busy) -> bool {
        self.change(expert, |calendar| calendar.insert_busy(entry))
    }

    /// Takes one appointment out. False when there is no such expert.
    pub fn remove_appointment(&mut self, expert: ExpertId, appointment: AppointmentId) -> bool {
        self.change(expert, |calendar| calendar.remove_appointment(appointment))
    }

    /// One expert's calendar.
    pub fn get(&self, expert: ExpertId) -> Option<&ExpertCalendar> {
        self.position(expert).ok().map(|at| &*self.calendars[at])
    }

    /// Every calendar, by expert id.
    pub fn calendars(&self) -> impl ExactSizeIterator<Item = &ExpertCalendar> {
        self.calendars.iter().map(|calendar| &**calendar)
    }

    /// How many experts.
    pub fn len(&self) -> usize {
        self.calendars.len()
    }

    /// True without experts.
    pub fn is_empty(&self) -> bool {
        self.calendars.is_empty()
    }

    fn position(&self, expert: ExpertId) -> Result<usize, usize> {
        self.calendars.binary_search_by_key(&expert, |calendar| calendar.expert().id)
    }

    fn change(&mut self, expert: ExpertId, change: impl FnOnce(&mut ExpertCalendar)) -> bool {
        let Ok(at) = self.position(expert) else {
            return false;
        };
        change(Arc::make_mut(&mut self.calendars[at]));
        true
    }
}
