//! The queue: one line for each key, served round-robin.

use std::collections::{HashMap, VecDeque};

use tokio::sync::oneshot;

use super::{Permit, Priority, Rank, Taken};

type Grant = oneshot::Sender<Permit>;

/// All lines.
pub(super) struct Queue {
    lines: HashMap<usize, Line>,
    /// Keys of the first rank with waiting requests, in round-robin order.
    first: VecDeque<usize>,
    /// The same for all other keys.
    usual: VecDeque<usize>,
    waiting: usize,
    max: usize,
    max_of_key: usize,
}

struct Line {
    rank: Rank,
    urgent: VecDeque<Grant>,
    usual: VecDeque<Grant>,
}

/// Result of joining the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    /// Queued.
    Yes,
    /// The key has its maximum of waiting requests.
    OwnShareFull,
    /// The queue is full and no other line is longer than this key's.
    Full,
}

/// Result of a round over the keys of one rank.
enum Looked {
    /// A permit for this slot.
    Given(usize, Option<Grant>),
    /// All permits are in use.
    Full,
    /// No waiting key of the rank may have a permit.
    Nothing,
}

impl Line {
    const fn of(rank: Rank) -> Self {
        Self { rank, urgent: VecDeque::new(), usual: VecDeque::new() }
    }

    fn len(&self) -> usize {
        self.urgent.len() + self.usual.len()
    }

    /// Drops cancelled requests at the head, which are the oldest and time out first.
    fn drop_cancelled_at_head(&mut self) {
        for priority in [&mut self.urgent, &mut self.usual] {
            while priority.front().is_some_and(Grant::is_closed) {
                priority.pop_front();
            }
        }
    }

    fn drop_all_cancelled(&mut self) {
        self.urgent.retain(|grant| !grant.is_closed());
        self.usual.retain(|grant| !grant.is_closed());
    }
}

impl Queue {
    /// At most `max` requests wait in total, and half of that for one key.
    pub(super) fn new(max: usize) -> Self {
        let max_of_key = max.div_ceil(2);
        Self { lines: HashMap::new(), first: VecDeque::new(), usual: VecDeque::new(), waiting: 0, max, max_of_key }
    }

    /// Waiting requests. May include some that are cancelled.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.waiting).unwrap_or(u32::MAX)
    }

    /// Queues a request. When the queue is full, it evicts the last request of the longest line in favour of
    /// a key with fewer waiting requests. For a key of the first rank it evicts from the longest line of the
    /// usual rank.
    pub(super) fn join(&mut self, slot: usize, which: Priority, rank: Rank, grant: Grant) -> Joined {
        if self.waiting >= self.max {
            self.drop_cancelled();
        }
        let mut own = self.lines.get(&slot).map_or(0, Line::len);
        if own >= self.max_of_key {
            self.drop_cancelled_of(slot);
            own = self.lines.get(&slot).map_or(0, Line::len);
        }
        if own >= self.max_of_key {
            return Joined::OwnShareFull;
        }
        if self.waiting >= self.max && !self.make_room(own, rank) {
            return Joined::Full;
        }
        let line = self.lines.entry(slot).or_insert_with(|| Line::of(rank));
        let in_turn = match line.rank {
            Rank::First => &mut self.first,
            Rank::Usual => &mut self.usual,
        };
        if line.len() == 0 && !in_turn.contains(&slot) {
            in_turn.push_back(slot);
        }
        match which {
            Priority::Urgent => line.urgent.push_back(grant),
            Priority::Usual => line.usual.push_back(grant),
        }
        self.waiting += 1;
        Joined::Yes
    }

    /// The next request in round-robin order for which `take` gets a permit.
    pub(super) fn next(&mut self, mut take: impl FnMut(usize) -> Taken) -> Option<(usize, Grant)> {
        for rank in [Rank::First, Rank::Usual] {
            match self.next_of(rank, &mut take) {
                Looked::Given(slot, grant) => return grant.map(|grant| (slot, grant)),
                Looked::Full => return None,
                Looked::Nothing => {}
            }
        }
        None
    }

    fn next_of(&mut self, rank: Rank, take: &mut impl FnMut(usize) -> Taken) -> Looked {
        let in_turn = match rank {
            Rank::First => &mut self.first,
            Rank::Usual => &mut self.usual,
        };
        for _ in 0..in_turn.len() {
            let Some(slot) = in_turn.pop_front() else { break };
            let Some(line) = self.lines.get_mut(&slot) else { continue };
            let before = line.len();
            line.drop_cancelled_at_head();
            self.waiting -= before - line.len();
            if line.len() == 0 {
                self.lines.remove(&slot);
                continue;
            }
            match take(slot) {
                Taken::Yes => {}
                Taken::KeyFull => {
                    in_turn.push_back(slot);
                    continue;
                }
                Taken::Full => {
                    in_turn.push_front(slot);
                    return Looked::Full;
                }
            }
            let grant = line.urgent.pop_front().or_else(|| line.usual.pop_front());
            self.waiting -= 1;
            if line.len() == 0 {
                self.lines.remove(&slot);
            } else {
                in_turn.push_back(slot);
            }
            return Looked::Given(slot, grant);
        }
        Looked::Nothing
    }

    /// Evicts the last request of the longest line, if that is longer than a line of `own + 1`, or belongs to a
    /// lower rank.
    fn make_room(&mut self, own: usize, rank: Rank) -> bool {
        let gives_way = |line: &Line| line.len() > 0 && rank == Rank::First && line.rank == Rank::Usual;
        let longest = self.lines.values_mut().max_by_key(|line| (gives_way(line), line.len()));
        let Some(line) = longest.filter(|line| gives_way(line) || line.len() > own + 1) else { return false };
        // Dropping the sender notifies the evicted request.
        let sent_away = line.usual.pop_back().or_else(|| line.urgent.pop_back());
        self.waiting -= usize::from(sent_away.is_some());
        sent_away.is_some()
    }

    /// Drops the cancelled requests of one key.
    pub(super) fn drop_cancelled_of(&mut self, slot: usize) {
        let Some(line) = self.lines.get_mut(&slot) else { return };
        let before = line.len();
        line.drop_all_cancelled();
        self.waiting -= before - line.len();
    }

    fn drop_cancelled(&mut self) {
        for line in self.lines.values_mut() {
            line.drop_all_cancelled();
        }
        self.waiting = self.lines.values().map(Line::len).sum();
    }
}
