//! Figures computed from a measurement. Pure: no clock, no randomness, no I/O.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::Duration;

use fastrand::Rng;

/// When each of `count` people arrives within a time, drawn one by one and sorted: as many as were asked for,
/// in arbitrary order.
pub fn arrivals(count: usize, within: Duration, rng: &mut Rng) -> Vec<Duration> {
    const PARTS: usize = 1_000_000;
    let at = |part: usize| within.mul_f64(share(part, PARTS));
    let mut due: Vec<Duration> = (0..count).map(|_| at(rng.usize(..PARTS))).collect();
    due.sort_unstable();
    due
}

/// A part of a whole, 0 when there is no whole.
#[expect(clippy::cast_precision_loss, reason = "a share")]
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Between which shares the true one lies, 95 times in 100, when `hits` of `tries` succeeded: Wilson's
/// interval, which stays sound when nearly all succeed (E. B. Wilson, JASA 22, 1927, p. 209).
#[expect(clippy::cast_precision_loss, reason = "a share")]
pub fn interval(hits: usize, tries: usize) -> (f64, f64) {
    /// Of the normal distribution: 2.5 % lie above.
    const Z: f64 = 1.959_964;
    if tries == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (tries as f64, share(hits, tries));
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0))
}

/// Number of visits that make `percent` of a firm whose calendars hold `full` visits when no expert is free.
pub fn visits_at(percent: usize, full: usize) -> usize {
    (full * percent + 50) / 100
}

/// Number of overlapping visits of one expert: for each person the visits by their start, each beside
/// the latest end before it.
pub fn overlaps<Who: Eq + Hash, At: Ord + Copy>(visits: impl IntoIterator<Item = (Who, At, At)>) -> usize {
    let mut of_each: HashMap<Who, Vec<(At, At)>> = HashMap::new();
    for (who, from, to) in visits {
        of_each.entry(who).or_default().push((from, to));
    }
    let mut found = 0;
    for times in of_each.values_mut() {
        times.sort_unstable();
        let mut busy_until: Option<At> = None;
        for (from, to) in times.iter() {
            found += usize::from(busy_until.is_some_and(|until| *from < until));
            busy_until = Some(busy_until.map_or(*to, |until| until.max(*to)));
        }
    }
    found
}

/// How many acknowledged visits are not in the calendars as they were acknowledged. `None` for a visit that
/// was acknowledged without a place in time.
pub fn missing<At: PartialEq>(acknowledged: &[(String, Option<At>)], known: &BTreeMap<String, At>) -> usize {
    acknowledged.iter().filter(|(id, at)| at.is_none() || known.get(id) != at.as_ref()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_arrives_within_the_time_and_the_same_seed_gives_the_same_minute() {
        let minute = Duration::from_mins(1);
        let due = arrivals(5_000, minute, &mut Rng::with_seed(7));
        assert_eq!(due.len(), 5_000);
        assert!(due.is_sorted() && due.iter().all(|at| *at < minute));
        assert_eq!(due, arrivals(5_000, minute, &mut Rng::with_seed(7)));
        assert_ne!(due, arrivals(5_000, minute, &mut Rng::with_seed(8)));
        // Spread over the minute: each of its sixths gets about a sixth of them.
        for part in 0..6 {
            let within = due.iter().filter(|at| at.as_secs() / 10 == part).count();
            assert!((700..=970).contains(&within), "{within} in part {part}");
        }
    }

    #[test]
    fn an_interval_holds_the_share_and_narrows_with_the_count() {
        let (low, high) = interval(50, 100);
        assert!((low - 0.4038).abs() < 0.0001 && (high - 0.5962).abs() < 0.0001, "{low} {high}");
        let (low, high) = interval(1_000, 1_000);
        assert!((low - 0.99617).abs() < 0.0001 && (high - 1.0).abs() < f64::EPSILON, "{low} {high}");
        assert!(interval(10_000, 10_000).0 > low);
        assert_eq!(interval(0, 0), (0.0, 1.0));
    }

    #[test]
    fn a_share_of_a_full_calendar_is_a_number_of_visits() {
        assert_eq!([50, 80, 95].map(|percent| visits_at(percent, 1_001)), [501, 801, 951]);
        assert_eq!(visits_at(80, 0), 0);
    }

    #[test]
    fn two_visits_at_once_are_found_whatever_their_order_and_neighbours_are_not() {
        assert_eq!(overlaps([("a", 1, 3), ("a", 3, 5), ("b", 2, 4)]), 0);
        assert_eq!(overlaps([("a", 3, 5), ("a", 1, 4)]), 1);
        // A long one over two short ones, of which only the first is its neighbour.
        assert_eq!(overlaps([("a", 1, 10), ("a", 2, 3), ("a", 5, 6), ("a", 10, 11)]), 2);
        assert_eq!(overlaps([("a", 1, 2), ("a", 1, 2)]), 1, "booked twice");
    }

    #[test]
    fn an_acknowledged_visit_that_is_gone_or_elsewhere_is_missing() {
        let known = BTreeMap::from([("one".to_owned(), 1), ("two".to_owned(), 2)]);
        let said = |list: &[(&str, Option<i32>)]| {
            missing(&list.iter().map(|(id, at)| ((*id).to_owned(), *at)).collect::<Vec<_>>(), &known)
        };
        assert_eq!(said(&[("one", Some(1)), ("two", Some(2))]), 0);
        assert_eq!(said(&[("one", Some(2)), ("three", Some(3)), ("two", None)]), 3);
    }
}
