//! Spans of time in whole seconds: overlaps, unions and differences.

use constat_domain::expert::Absence;
use jiff::Timestamp;

/// From one instant to another, in seconds since 1970. The end is the first second after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Span {
    /// All of time.
    pub(crate) const ALWAYS: Self = Self { start: i64::MIN, end: i64::MAX };

    /// True when the two have time in common.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// Parts of a second count as taken.
pub(crate) fn ceil_second(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// The absences that meet some time as sorted spans that neither touch nor overlap; empty ones are
/// left out.
pub(crate) fn absent_within(time: Span, absences: &[Absence]) -> Vec<Span> {
    let real = absences.iter().filter(|absence| absence.end > absence.start);
    let spans = real.map(|absence| Span { start: absence.start.as_second(), end: ceil_second(absence.end) });
    let mut spans: Vec<Span> = spans.filter(|span| span.meets(time)).collect();
    join(&mut spans);
    spans
}

/// Sorts spans, drops empty ones and joins those that touch or overlap.
pub(crate) fn join(spans: &mut Vec<Span>) {
    spans.retain(|span| span.end > span.start);
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    spans.dedup_by(|next, kept| {
        let joins = next.start <= kept.end;
        if joins {
            kept.end = kept.end.max(next.end);
        }
        joins
    });
}

/// Pushes what is left of a range without the absences (sorted, apart from each other).
pub(crate) fn subtract(range: Span, absences: &[Span], out: &mut Vec<Span>) {
    let mut start = range.start;
    for absence in absences.iter().take_while(|absence| absence.start < range.end) {
        if absence.start > start {
            out.push(Span { start, end: absence.start });
        }
        start = start.max(absence.end);
    }
    if start < range.end {
        out.push(Span { start, end: range.end });
    }
}
