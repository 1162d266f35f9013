//! All calendars of a firm over the planning horizon, ready to be searched.

use std::sync::{Arc, OnceLock};

use constat_domain::FieldError;
use constat_domain::expert::{Absence, Duty, Expert};
use constat_domain::ids::{AppointmentId, ExpertId};
use jiff::Timestamp;

use crate::bits::Bits;
use crate::calendar::{Busy, ExpertCalendar};
use crate::gaps::{Origin, SearchRow};
use crate::pool::Pool;
use crate::reason::Tally;
use crate::requirement::Requirement;
use crate::settings::Settings;
use crate::travel::Travel;
use crate::zone;

/// Calendars of many experts, sorted by expert id.
///
/// A clone shares every calendar with the original and costs one pointer for every 64 of them. A reader can search
/// a snapshot while a writer changes an expert in the next one.
#[derive(Debug, Clone)]
pub struct CalendarIndex {
    from: Timestamp,
    to: Timestamp,
    settings: Arc<Settings>,
    /// Full but for the last one.
    chunks: Vec<Arc<Vec<Member>>>,
    /// Eligibility data, computed at the first search after an expert's record changed.
    pool: OnceLock<Arc<Pool>>,
}

/// One expert's calendars.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The search row of the ordinary calendar; stored here so that a search reads memory in sequence.
    search_row: SearchRow,
    /// With the ordinary hours.
    ordinary: Arc<ExpertCalendar>,
    /// With on-call hours in addition, for experts who have some.
    on_call: Option<Arc<ExpertCalendar>>,
}

impl Member {
    fn new(ordinary: Arc<ExpertCalendar>, on_call: Option<Arc<ExpertCalendar>>) -> Self {
        Self { search_row: ordinary.gaps.search_row.clone(), ordinary, on_call }
    }

    fn id(&self) -> ExpertId {
        self.ordinary.expert().id
    }

    /// The calendar that a requirement is held against.
    pub(crate) fn calendar(&self, requirement: &Requirement) -> &ExpertCalendar {
        let on_call = self.on_call.as_ref().filter(|_| requirement.catastrophe);
        on_call.unwrap_or(&self.ordinary)
    }

    /// The search row of that calendar.
    #[inline]
    pub(crate) fn search_row(&self, requirement: &Requirement) -> &SearchRow {
        match &self.on_call {
            Some(calendar) if requirement.catastrophe => &calendar.gaps.search_row,
            _ => &self.search_row,
        }
    }
}

/// Calendars that are copied together (as pointers) when one of them changes.
const CHUNK: usize = 64;

impl CalendarIndex {
    /// An empty index that resolves working time for `days` days from the day of `from`.
    pub fn new(from: Timestamp, days: u16, settings: Arc<Settings>) -> Self {
        let to = zone::timestamp(from.as_second() + i64::from(days) * 86_400);
        Self { from, to, settings, chunks: Vec::new(), pool: OnceLock::new() }
    }

    /// The range of resolved working time. No time is free outside it.
    pub fn horizon(&self) -> (Timestamp, Timestamp) {
        (self.from, self.to)
    }

    /// The settings of the calendars.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Adds or replaces an expert with its calendar.
    ///
    /// # Errors
    /// When the record's zone is unknown; the index is unchanged.
    pub fn put<T: Travel + ?Sized>(
        &mut self,
        expert: Expert,
        absences: &[Absence],
        busy: Vec<Busy>,
        travel: &T,
    ) -> Result<(), FieldError> {
        let expert = Arc::new(expert);
        let calendar = |duty, busy| {
            let span = (self.from, self.to);
            ExpertCalendar::new(Arc::clone(&expert), absences, busy, duty, span, &self.settings, travel).map(Arc::new)
        };
        let on_call = match expert.on_call.as_slice() {
            [] => None,
            _ => Some(calendar(Duty::OnCall, busy.clone())?),
        };
        let member = Member::new(calendar(Duty::Ordinary, busy)?, on_call);
        self.pool = OnceLock::new();
        match self.position(expert.id) {
            Ok(at) => Arc::make_mut(&mut self.chunks[at / CHUNK])[at % CHUNK] = member,
            Err(at) if at == self.len() => match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
                Some(chunk) => Arc::make_mut(chunk).push(member),
                None => self.chunks.push(Arc::new(vec![member])),
            },
            Err(at) => self.rearrange(|members| members.insert(at, member)),
        }
        Ok(())
    }

    /// Removes an expert. False when there was none.
    pub fn remove(&mut self, expert: ExpertId) -> bool {
        let Ok(at) = self.position(expert) else { return false };
        self.pool = OnceLock::new();
        self.rearrange(|members| {
            members.remove(at);
        });
        true
    }

    /// Adds one appointment or hold (or moves it, when the appointment is known). False when there
    /// is no such expert.
    pub fn insert_busy<T: Travel + ?Sized>(&mut self, expert: ExpertId, entry: Busy, travel: &T) -> bool {
        self.change(expert, |calendar| calendar.insert_busy(entry, travel))
    }

    /// Removes one appointment. False when there is no such expert.
    pub fn remove_appointment<T: Travel + ?Sized>(
        &mut self,
        expert: ExpertId,
        appointment: AppointmentId,
        travel: &T,
    ) -> bool {
        self.change(expert, |calendar| calendar.remove_appointment(appointment, travel))
    }

    /// Rebuilds an expert's gaps after a change of travel times. False when there is no such expert.
    pub fn rebuild_gaps<T: Travel + ?Sized>(&mut self, expert: ExpertId, travel: &T) -> bool {
        self.change(expert, |calendar| calendar.rebuild_gaps(travel))
    }

    /// A copy of an expert's calendar for a requirement, with rebuilt gaps.
    pub fn with_rebuilt_gaps<T: Travel + ?Sized>(
        &self,
        expert: ExpertId,
        requirement: &Requirement,
        travel: &T,
    ) -> Option<ExpertCalendar> {
        let mut calendar = self.calendar(self.position(expert).ok()?, requirement).clone();
        calendar.rebuild_gaps(travel);
        Some(calendar)
    }

    /// One expert's calendar.
    pub fn get(&self, expert: ExpertId) -> Option<&ExpertCalendar> {
        self.position(expert).ok().map(|at| &*self.at(at).ordinary)
    }

    /// Every calendar, by expert id.
    pub fn calendars(&self) -> impl Iterator<Item = &ExpertCalendar> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().map(|member| &*member.ordinary))
    }

    /// Number of experts.
    pub fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    /// True without experts.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin(self.from.as_second())
    }

    /// The calendar of a number that [`CalendarIndex::eligible`] gave.
    pub(crate) fn calendar(&self, number: usize, requirement: &Requirement) -> &ExpertCalendar {
        self.at(number).calendar(requirement)
    }

    /// The experts who may take a requirement, by number, and the reasons why the others may not.
    pub(crate) fn eligible(&self, requirement: &Requirement) -> (Bits, Tally) {
        let make = || Arc::new(Pool::new(self.len(), self.calendars().map(ExpertCalendar::expert)));
        self.pool.get_or_init(make).eligible(requirement)
    }

    #[inline]
    pub(crate) fn at(&self, number: usize) -> &Member {
        &self.chunks[number / CHUNK][number % CHUNK]
    }

    /// An expert's number.
    pub(crate) fn position(&self, expert: ExpertId) -> Result<usize, usize> {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last.id() < expert));
        let Some(members) = self.chunks.get(chunk) else { return Err(self.len()) };
        let place = members.binary_search_by_key(&expert, Member::id);
        place.map(|at| chunk * CHUNK + at).map_err(|at| chunk * CHUNK + at)
    }

    fn rearrange(&mut self, change: impl FnOnce(&mut Vec<Member>)) {
        let mut members: Vec<_> = self.chunks.iter().flat_map(|chunk| chunk.iter().cloned()).collect();
        change(&mut members);
        self.chunks = members.chunks(CHUNK).map(|chunk| Arc::new(chunk.to_vec())).collect();
    }

    fn change(&mut self, expert: ExpertId, change: impl Fn(&mut ExpertCalendar)) -> bool {
        let Ok(at) = self.position(expert) else {
            return false;
        };
        let member = &mut Arc::make_mut(&mut self.chunks[at / CHUNK])[at % CHUNK];
        change(Arc::make_mut(&mut member.ordinary));
        member.search_row = member.ordinary.gaps.search_row.clone();
        if let Some(on_call) = &mut member.on_call {
            change(Arc::make_mut(on_call));
        }
        true
    }
}
