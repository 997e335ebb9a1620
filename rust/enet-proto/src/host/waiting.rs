//! [`WaitingRoom`]: CONNECTs about which the application still has to decide.
//!
//! An [`Admission`](crate::Admission) answers at once, on the thread that drives the host. Where the decision takes
//! code that runs elsewhere, it answers [`Verdict::Wait`]: the CONNECT is kept here, without a slot and without a word
//! to its address, until [`Host::answer`] decides or its time is over. Copies of it that come meanwhile count as bytes
//! heard and make nothing new. The room is bounded in total and for each source; who comes when it is full takes the
//! place of who has waited longest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use super::Host;
use super::half_open::Source;
use super::proof::Knock;
use crate::admission::{ConnectRequest, Verdict};
use crate::host::{DropCause, Prefix};
use crate::limits::Limits;
use crate::time::Time;

/// How long a CONNECT waits at most. A client that is still there has repeated it by then, and waits anew.
const PATIENCE: Duration = Duration::from_secs(4);

/// Names a CONNECT that waits; never used twice by a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitingId(u64);

/// A CONNECT that waits.
struct Waiting {
    knock: Knock,
    since: Time,
    /// Whether the application was handed it.
    asked: bool,
}

/// All that wait. Ids grow, so their order is that of arrival.
#[derive(Default)]
pub(super) struct WaitingRoom {
    waiting: BTreeMap<WaitingId, Waiting>,
    by_name: HashMap<(SocketAddr, [u8; 4]), WaitingId>,
    by_source: HashMap<Source, BTreeSet<WaitingId>>,
    /// Those that the application was not handed yet.
    unasked: BTreeSet<WaitingId>,
    next_id: u64,
}

impl WaitingRoom {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The CONNECT of this name.
    pub(super) fn find(&self, from: SocketAddr, connect_id: [u8; 4]) -> Option<WaitingId> {
        self.by_name.get(&(from, connect_id)).copied()
    }

    /// Books a copy of `len` bytes; returns the CONNECT with all that was heard from it.
    pub(super) fn heard(&mut self, id: WaitingId, len: usize) -> Option<Knock> {
        let knock = &mut self.waiting.get_mut(&id)?.knock;
        knock.credit = knock.credit.saturating_add(len);
        Some(*knock)
    }

    /// Lets a CONNECT of a new name wait; returns whether another had to go.
    pub(super) fn insert(&mut self, now: Time, knock: Knock, limits: &Limits) -> bool {
        let source = Source::of(knock.from.ip());
        let of_source = self.by_source.get(&source);
        let victim =
            if of_source.map_or(0, BTreeSet::len) >= Limits::bound(limits.waiting_per_source) {
                of_source.and_then(|ids| ids.first().copied())
            } else if self.waiting.len() >= Limits::bound(limits.waiting) {
                self.waiting.keys().next().copied()
            } else {
                None
            };
        if let Some(victim) = victim {
            self.remove(victim);
        }
        let id = WaitingId(self.next_id);
        self.next_id += 1;
        self.by_name.insert(knock.name(), id);
        self.by_source.entry(source).or_default().insert(id);
        self.unasked.insert(id);
        let waiting = Waiting {
            knock,
            since: now,
            asked: false,
        };
        self.waiting.insert(id, waiting);
        victim.is_some()
    }

    /// Ends a wait.
    pub(super) fn remove(&mut self, id: WaitingId) -> Option<Knock> {
        let Waiting { knock, asked, .. } = self.waiting.remove(&id)?;
        self.by_name.remove(&knock.name());
        if !asked {
            self.unasked.remove(&id);
        }
        let source = Source::of(knock.from.ip());
        if let Some(ids) = self.by_source.get_mut(&source) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_source.remove(&source);
            }
        }
        Some(knock)
    }

    /// Ends all waits of addresses in `prefix`.
    pub(super) fn remove_from(&mut self, prefix: Prefix) -> Vec<Knock> {
        let is_inside = |waiting: &Waiting| prefix.contains(waiting.knock.from.ip());
        let inside = self.waiting.iter().filter(|(_, it)| is_inside(it));
        let ids: Vec<WaitingId> = inside.map(|(&id, _)| id).collect();
        ids.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// Who has waited longest of those that this was not answered with before.
    fn next(&mut self) -> Option<(WaitingId, Knock)> {
        let id = self.unasked.pop_first()?;
        let waiting = self.waiting.get_mut(&id)?;
        waiting.asked = true;
        Some((id, waiting.knock))
    }

    /// When the next wait is over.
    pub(super) fn next_expiry(&self) -> Option<Time> {
        let (_, first) = self.waiting.first_key_value()?;
        Some(first.since + PATIENCE)
    }

    /// Ends the waits that took too long; returns how many.
    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        let mut expired = 0;
        while self.next_expiry().is_some_and(|due| due <= now)
            && let Some((&id, _)) = self.waiting.first_key_value()
        {
            self.remove(id);
            expired += 1;
        }
        expired
    }
}

/// Decisions that the application takes in its own time.
impl Host {
    /// A connection that somebody asks for and that waits for [`Host::answer`], because the
    /// [`Admission`](crate::Admission) said [`Verdict::Wait`]. Each is handed out once, who came first before the others;
    /// `None` when there are no more.
    ///
    /// Its address may be forged. It waits for 4 seconds at most, less where many do: see
    /// [`Limits::waiting`](crate::Limits::waiting).
    pub fn next_waiting(&mut self) -> Option<(WaitingId, ConnectRequest)> {
        let (id, knock) = self.waiting.next()?;
        Some((id, self.request(knock.from, knock.data)))
    }

    /// Decides about a connection of [`Host::next_waiting`]; nothing happens if it waits no more.
    ///
    /// [`Verdict::Accept`] holds unless the host would turn the remote away by now, of its own or by its
    /// [`Admission`](crate::Admission). After [`Verdict::Wait`] it goes on waiting, and is not handed out again.
    pub fn answer(&mut self, now: Time, id: WaitingId, verdict: Verdict) {
        if verdict == Verdict::Wait {
            return;
        }
        let Some(knock) = self.waiting.remove(id) else {
            return;
        };
        match verdict {
            Verdict::Accept => match self.screen(now, &knock) {
                Verdict::Accept | Verdict::Wait => self.begin_attempt(now, &knock),
                Verdict::Refuse { .. } | Verdict::Ignore => {}
            },
            Verdict::Refuse { data } => {
                self.refuse(now, &knock, data);
                self.statistics.count(DropCause::ConnectRefused);
            }
            Verdict::Ignore | Verdict::Wait => self.statistics.count(DropCause::ConnectIgnored),
        }
    }

    /// A copy of a CONNECT that waits: the host may think otherwise by now.
    pub(super) fn knock_again(&mut self, now: Time, id: WaitingId, len: usize) {
        let Some(knock) = self.waiting.heard(id, len) else {
            return;
        };
        match self.screen(now, &knock) {
            Verdict::Wait => {}
            Verdict::Accept => {
                self.waiting.remove(id);
                self.begin_attempt(now, &knock);
            }
            Verdict::Refuse { .. } | Verdict::Ignore => {
                self.waiting.remove(id);
            }
        }
    }

    /// Lets a CONNECT wait.
    pub(super) fn wait(&mut self, now: Time, knock: Knock) {
        if self.waiting.insert(now, knock, &self.config.limits) {
            self.statistics.count(DropCause::WaitingEvicted);
        }
    }
}
