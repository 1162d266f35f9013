//! The queue of the writers, in whatever order its threads may run: compiled once more over shuttle's locks,
//! which switch between threads at each of them. A failure prints its schedule, and `shuttle::replay` runs
//! that again.

use std::sync::Arc;

use shuttle::thread;

mod sync {
    pub(super) use shuttle::sync::{Condvar, Mutex, MutexGuard, PoisonError};
}

#[expect(clippy::duplicate_mod, reason = "the same code over other locks")]
#[path = "queue.rs"]
mod queue;

use queue::Queue;

/// Orders that are tried. Those of `check_pct` switch seldom, at the worst of places.
const ORDERS: usize = 1_500;

fn in_any_order(test: impl Fn() + Send + Sync + Copy + 'static) {
    shuttle::check_random(test, ORDERS);
    shuttle::check_pct(test, ORDERS, 3);
}

/// What waits: a number, and how often it was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Unit {
    number: u32,
    tries: u32,
}

/// Maximum number that a writer takes at once.
const MAX_TAKEN: usize = 3;

/// A writer as the store's: takes until there is nothing more, and puts back what is to run again, alone.
fn write(queue: &Queue<Unit>) -> Vec<Unit> {
    let is_alone = |unit: &Unit| unit.tries > 0;
    let mut done = Vec::new();
    loop {
        let mut group = queue.take(MAX_TAKEN, is_alone);
        if group.is_empty() {
            return done;
        }
        let alone = is_alone(&group[0]);
        assert!(group.len() <= if alone { 1 } else { MAX_TAKEN }, "{group:?}");
        if !alone && group.len() < MAX_TAKEN {
            group.extend(queue.take_next(is_alone));
        }
        assert!(alone || !group.iter().any(is_alone), "{group:?}");
        let (again, kept): (Vec<Unit>, Vec<Unit>) =
            group.into_iter().partition(|unit| unit.number.is_multiple_of(3) && unit.tries < 2);
        done.extend(kept);
        if !again.is_empty() {
            queue.put_back(again.into_iter().map(|unit| Unit { tries: unit.tries + 1, ..unit }));
        }
    }
}

#[test]
fn each_unit_is_taken_once_and_every_writer_ends() {
    in_any_order(|| {
        let queue = Arc::new(Queue::new());
        let writers: Vec<_> = (0..3)
            .map(|_| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || write(&queue))
            })
            .collect();
        let callers: Vec<_> = (0..2)
            .map(|caller| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    for number in 0..4 {
                        queue.push(Unit { number: caller * 10 + number, tries: 0 }).expect("there is room");
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.join().expect("a caller ends");
        }
        queue.close();
        let mut done: Vec<Unit> =
            writers.into_iter().flat_map(|writer| writer.join().expect("a writer ends")).collect();
        done.sort_unstable();
        let numbers: Vec<u32> = done.iter().map(|unit| unit.number).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 10, 11, 12, 13]);
        assert!(done.iter().all(|unit| unit.tries == if unit.number.is_multiple_of(3) { 2 } else { 0 }), "{done:?}");
    });
}

#[test]
fn a_full_queue_refuses_units_and_keeps_none_of_them() {
    in_any_order(|| {
        let queue = Arc::new(Queue::with_room_for(2));
        let callers: Vec<_> = (0..4)
            .map(|number| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || queue.push(Unit { number, tries: 0 }).is_ok().then_some(number))
            })
            .collect();
        let taken = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.take_next(|_| false).map(|unit| unit.number))
        };
        let mut accepted: Vec<u32> = callers.into_iter().filter_map(|caller| caller.join().expect("it ends")).collect();
        let taken = taken.join().expect("it ends");
        // Put back, however full the queue is: an accepted unit is never refused later.
        queue.put_back(taken.map(|number| Unit { number, tries: 1 }));
        queue.close();
        let mut left: Vec<u32> = write(&queue).into_iter().map(|unit| unit.number).collect();
        accepted.sort_unstable();
        left.sort_unstable();
        assert_eq!(left, accepted);
        assert!((2..=2 + usize::from(taken.is_some())).contains(&accepted.len()), "{accepted:?}");
    });
}
