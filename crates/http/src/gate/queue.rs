//! Who waits: a line for each key, served in turn.

use std::collections::{HashMap, VecDeque};

use tokio::sync::oneshot;

use super::{Lane, Place, Rank, Taken};

type Grant = oneshot::Sender<Place>;

/// The lines of all keys.
pub(super) struct Queue {
    lines: HashMap<usize, Line>,
    /// Keys of the first rank that have requests waiting, in the order of their turns.
    first: VecDeque<usize>,
    /// The other keys that have.
    usual: VecDeque<usize>,
    waiting: usize,
    most: usize,
    most_of_key: usize,
}

struct Line {
    rank: Rank,
    urgent: VecDeque<Grant>,
    usual: VecDeque<Grant>,
}

/// What became of one who came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    /// Stands in line.
    Yes,
    /// Too many of the same key do.
    OwnShareFull,
    /// All lines together are as long as they may be, and no other is longer than this key's.
    Full,
}

/// What a look at the keys of one rank came to.
enum Looked {
    /// This one has a place now.
    Given(usize, Option<Grant>),
    /// All places are taken.
    Full,
    /// No key of the rank waits that may have one.
    Nothing,
}

impl Line {
    const fn of(rank: Rank) -> Self {
        Self { rank, urgent: VecDeque::new(), usual: VecDeque::new() }
    }

    fn len(&self) -> usize {
        self.urgent.len() + self.usual.len()
    }

    /// Those at the head who have gone. They came first, so they have lost patience first.
    fn drop_gone(&mut self) {
        for lane in [&mut self.urgent, &mut self.usual] {
            while lane.front().is_some_and(Grant::is_closed) {
                lane.pop_front();
            }
        }
    }

    fn drop_all_gone(&mut self) {
        self.urgent.retain(|grant| !grant.is_closed());
        self.usual.retain(|grant| !grant.is_closed());
    }
}

impl Queue {
    /// At most `most` wait together, and half of that of one key.
    pub(super) fn new(most: usize) -> Self {
        let most_of_key = most.div_ceil(2);
        Self { lines: HashMap::new(), first: VecDeque::new(), usual: VecDeque::new(), waiting: 0, most, most_of_key }
    }

    /// How many wait. A few of them may have gone.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.waiting).unwrap_or(u32::MAX)
    }

    /// Puts one in line. When all lines together are full, the last of the longest gives way to a key
    /// that has fewer waiting: keys that flood cannot keep another out together. To a key of the first rank the
    /// last of the longest line of the others gives way.
    pub(super) fn join(&mut self, slot: usize, which: Lane, rank: Rank, grant: Grant) -> Joined {
        if self.waiting >= self.most {
            self.forget_gone();
        }
        let mut own = self.lines.get(&slot).map_or(0, Line::len);
        if own >= self.most_of_key {
            self.forget_gone_of(slot);
            own = self.lines.get(&slot).map_or(0, Line::len);
        }
        if own >= self.most_of_key {
            return Joined::OwnShareFull;
        }
        if self.waiting >= self.most && !self.make_room(own, rank) {
            return Joined::Full;
        }
        let line = self.lines.entry(slot).or_insert_with(|| Line::of(rank));
        let in_flight = match line.rank {
            Rank::First => &mut self.first,
            Rank::Usual => &mut self.usual,
        };
        if line.len() == 0 && !in_flight.contains(&slot) {
            in_flight.push_back(slot);
        }
        match which {
            Lane::Urgent => line.urgent.push_back(grant),
            Lane::Usual => line.usual.push_back(grant),
        }
        self.waiting += 1;
        Joined::Yes
    }

    /// The next in turn for whom `take` finds a place.
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
        let in_flight = match rank {
            Rank::First => &mut self.first,
            Rank::Usual => &mut self.usual,
        };
        for _ in 0..in_flight.len() {
            let Some(slot) = in_flight.pop_front() else { break };
            let Some(line) = self.lines.get_mut(&slot) else { continue };
            let before = line.len();
            line.drop_gone();
            self.waiting -= before - line.len();
            if line.len() == 0 {
                self.lines.remove(&slot);
                continue;
            }
            match take(slot) {
                Taken::Yes => {}
                Taken::KeyFull => {
                    in_flight.push_back(slot);
                    continue;
                }
                Taken::Full => {
                    in_flight.push_front(slot);
                    return Looked::Full;
                }
            }
            let grant = line.urgent.pop_front().or_else(|| line.usual.pop_front());
            self.waiting -= 1;
            if line.len() == 0 {
                self.lines.remove(&slot);
            } else {
                in_flight.push_back(slot);
            }
            return Looked::Given(slot, grant);
        }
        Looked::Nothing
    }

    /// Sends away the last of the longest line when it is longer than one of `own` would be, or of the longest
    /// line of a lower rank.
    fn make_room(&mut self, own: usize, rank: Rank) -> bool {
        let gives_way = |line: &Line| line.len() > 0 && rank == Rank::First && line.rank == Rank::Usual;
        let longest = self.lines.values_mut().max_by_key(|line| (gives_way(line), line.len()));
        let Some(line) = longest.filter(|line| gives_way(line) || line.len() > own + 1) else { return false };
        // Dropping the grant is what tells it.
        let sent_away = line.usual.pop_back().or_else(|| line.urgent.pop_back());
        self.waiting -= usize::from(sent_away.is_some());
        sent_away.is_some()
    }

    /// Takes those of one key out who have gone.
    pub(super) fn forget_gone_of(&mut self, slot: usize) {
        let Some(line) = self.lines.get_mut(&slot) else { return };
        let before = line.len();
        line.drop_all_gone();
        self.waiting -= before - line.len();
    }

    fn forget_gone(&mut self) {
        for line in self.lines.values_mut() {
            line.drop_all_gone();
        }
        self.waiting = self.lines.values().map(Line::len).sum();
    }
}
