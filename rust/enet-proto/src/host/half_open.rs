//! [`HalfOpen`]: connection attempts whose address is not proven, kept apart from the peers.
//!
//! An attempt is one record of fixed size; nothing else exists of it. The table is bounded in total and per source, and
//! when it is full an attempt takes the place of another: of a handful drawn at random the one whose source has the
//! most, and among equals the oldest. So whoever floods from few sources displaces himself; who floods from many
//! displaces what is old, long after a real client would have answered.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::proof::Knock;
use crate::choices::Choices;
use crate::consts::PROTOCOL_MAXIMUM_PEER_ID;
use crate::limits::Limits;
use crate::peer::Sessions;
use crate::time::{Millis, Time};
use crate::wire::Handshake;

/// After how many ms of silence an attempt is forgotten. Clients repeat a CONNECT after 500 ms, then ever more rarely;
/// one that is repeated later than this is simply new.
const LIFE: u32 = 5000;
/// How often attempts are looked through for those that are silent.
const SWEEP_SPAN: Duration = Duration::from_millis(LIFE as u64 / 5);
/// Attempts of one address and port at a time: a program may connect many times to the same server, as load tests do.
/// Each is one more that a blind guess may hit.
const PER_ADDRESS: usize = 16;
/// Attempts of which one is chosen to go.
const HANDFUL: usize = 8;
/// How long two challenges are apart that have one in between, in ms: two a second at most.
const CHALLENGE_SPAN: u32 = 1000;

/// Where attempts are counted together: an IPv4 address, or the upper 64 bits of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Source(u64, bool);

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(u64::from(v4.to_bits()), false),
            IpAddr::V6(v6) => Self(upper_half(v6), true),
        }
    }
}

const fn upper_half(address: Ipv6Addr) -> u64 {
    (address.to_bits() >> 64) as u64
}

/// What was sent to an address and proves it when it comes back in an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) number: u16,
    pub(super) sent_time: u16,
    pub(super) at: Millis,
}

/// A connection attempt.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) from: SocketAddr,
    pub(super) connect: Handshake,
    /// Number of the CONNECT.
    pub(super) connect_number: u16,
    /// User data of the CONNECT.
    pub(super) data: u32,
    /// What the remote will have to call us, with which session, and the first number on our control channel.
    pub(super) label: u16,
    pub(super) sessions: Sessions,
    pub(super) number: u16,
    /// The latest two challenges.
    challenges: [Option<Challenge>; 2],
    /// Bytes received from the address and not yet answered by as many.
    pub(super) credit: usize,
    touched: Millis,
}

impl Attempt {
    /// An attempt that has sent nothing but its CONNECT.
    pub(super) fn new(knock: &Knock, now: Millis) -> Self {
        Self {
            from: knock.from,
            connect: knock.connect,
            connect_number: knock.number,
            data: knock.data,
            label: PROTOCOL_MAXIMUM_PEER_ID,
            sessions: Sessions::default(),
            number: 0,
            challenges: [None; 2],
            credit: knock.credit,
            touched: now,
        }
    }

    /// Books a datagram of `len` bytes from the address.
    pub(super) const fn heard(&mut self, len: usize, now: Millis) {
        self.credit = self.credit.saturating_add(len);
        self.touched = now;
    }

    /// Whether the last challenges are long enough ago for another.
    pub(super) fn is_due(&self, now: Millis) -> bool {
        self.challenges[0].is_none_or(|earlier| now.age(earlier.at) >= CHALLENGE_SPAN)
    }

    /// Books a challenge of `len` bytes.
    pub(super) const fn challenged(&mut self, challenge: Challenge, len: usize) {
        self.credit -= len;
        self.challenges = [self.challenges[1], Some(challenge)];
    }

    /// The challenge that an acknowledgement answers.
    pub(super) fn answered(&self, number: u16, sent_time: u16) -> Option<Challenge> {
        let fits = |it: &&Challenge| (it.number, it.sent_time) == (number, sent_time);
        self.challenges.iter().flatten().find(fits).copied()
    }

    /// Whether a datagram with this label and session is from somebody who was told both.
    fn is_addressed_by(&self, label: u16, session: u8) -> bool {
        let told = self.challenges.iter().any(Option::is_some);
        told && (self.label, self.sessions.incoming) == (label, session)
    }

    const fn name(&self) -> Name {
        (self.from, self.connect.connect_id)
    }
}

/// By what an attempt is known: repeated CONNECTs have the same.
type Name = (SocketAddr, [u8; 4]);

/// All attempts.
#[derive(Debug, Default)]
pub(super) struct HalfOpen {
    attempts: Vec<Attempt>,
    by_name: BTreeMap<Name, usize>,
    by_source: HashMap<Source, usize>,
    /// How many attempts were offered each label; empty until the first one.
    offered: Vec<u16>,
    /// When attempts are next looked through for those that are silent.
    sweep: Option<Time>,
}

impl HalfOpen {
    pub(super) const fn len(&self) -> usize {
        self.attempts.len()
    }

    /// The attempt of this name.
    pub(super) fn find(&self, from: SocketAddr, connect_id: [u8; 4]) -> Option<usize> {
        self.by_name.get(&(from, connect_id)).copied()
    }

    /// The attempt from there that was told this label and session.
    pub(super) fn addressed(&self, from: SocketAddr, label: u16, session: u8) -> Option<usize> {
        if self.attempts.is_empty() {
            return None;
        }
        self.of_address(from)
            .find(|&index| self.attempts[index].is_addressed_by(label, session))
    }

    pub(super) fn get(&self, index: usize) -> &Attempt {
        &self.attempts[index]
    }

    pub(super) fn get_mut(&mut self, index: usize) -> &mut Attempt {
        &mut self.attempts[index]
    }

    /// Whether a label was told to somebody.
    pub(super) fn offers(&self, label: u16) -> bool {
        self.offered
            .get(usize::from(label))
            .is_some_and(|&count| count > 0)
    }

    /// Notes which label an attempt is told.
    pub(super) fn offer(&mut self, index: usize, label: u16) {
        if self.offered.is_empty() {
            self.offered = vec![0; usize::from(PROTOCOL_MAXIMUM_PEER_ID)];
        }
        self.offered[usize::from(label)] += 1;
        self.attempts[index].label = label;
    }

    /// Enters an attempt of a new name; returns its index and whether another had to go.
    pub(super) fn insert(
        &mut self,
        now: Time,
        attempt: Attempt,
        limits: &Limits,
        choices: &mut dyn Choices,
    ) -> (usize, bool) {
        let source = Source::of(attempt.from.ip());
        let (of_address, oldest) = self.oldest_of(attempt.from, attempt.touched);
        let of_source = self.by_source.get(&source).copied().unwrap_or(0);
        let victim = if of_address >= PER_ADDRESS {
            oldest
        } else if of_source >= Limits::bound(limits.half_open_per_source) {
            Some(self.any_of(source, choices))
        } else if self.attempts.len() >= Limits::bound(limits.half_open) {
            Some(self.least_worth(attempt.touched, choices))
        } else {
            None
        };
        if let Some(victim) = victim {
            self.remove(victim);
        }
        self.sweep.get_or_insert(now + SWEEP_SPAN);
        let index = self.attempts.len();
        self.by_name.insert(attempt.name(), index);
        *self.by_source.entry(source).or_default() += 1;
        self.attempts.push(attempt);
        (index, victim.is_some())
    }

    /// Takes an attempt out.
    pub(super) fn remove(&mut self, index: usize) -> Attempt {
        let attempt = self.attempts.swap_remove(index);
        self.by_name.remove(&attempt.name());
        if let Some(moved) = self.attempts.get(index) {
            self.by_name.insert(moved.name(), index);
        }
        let source = Source::of(attempt.from.ip());
        if let Some(count) = self.by_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
        if let Some(count) = self.offered.get_mut(usize::from(attempt.label)) {
            *count -= 1;
        }
        attempt
    }

    /// When [`sweep`](Self::sweep) is due.
    pub(super) const fn next_sweep(&self) -> Option<Time> {
        self.sweep
    }

    /// Forgets what has been silent for long; returns how many. Gives memory back when few are left.
    pub(super) fn sweep(&mut self, now: Time) -> u64 {
        if self.sweep.is_none_or(|due| now < due) {
            return 0;
        }
        let millis = now.millis();
        let mut expired = 0;
        for index in (0..self.attempts.len()).rev() {
            if millis.age(self.attempts[index].touched) >= LIFE {
                self.remove(index);
                expired += 1;
            }
        }
        if self.attempts.capacity() > 4 * self.attempts.len() {
            self.attempts.shrink_to(2 * self.attempts.len());
            self.by_source.shrink_to(2 * self.attempts.len());
        }
        self.sweep = (!self.attempts.is_empty()).then(|| now + SWEEP_SPAN);
        expired
    }

    fn of_address(&self, from: SocketAddr) -> impl Iterator<Item = usize> {
        self.by_name
            .range((from, [0; 4])..=(from, [u8::MAX; 4]))
            .map(|(_, &index)| index)
    }

    /// How many attempts an address has, and the oldest of them.
    fn oldest_of(&self, from: SocketAddr, now: Millis) -> (usize, Option<usize>) {
        let age = |index: usize| now.age(self.attempts[index].touched);
        self.of_address(from)
            .fold((0, None), |(count, oldest), index| {
                let older = oldest.is_none_or(|other| age(index) > age(other));
                (count + 1, if older { Some(index) } else { oldest })
            })
    }

    /// An attempt of `source`, which has some, all equally likely as long as it has a fair share of the table.
    fn any_of(&self, source: Source, choices: &mut dyn Choices) -> usize {
        let is_there = |index: &usize| Source::of(self.attempts[*index].from.ip()) == source;
        let len = self.attempts.len();
        (0..4 * HANDFUL)
            .map(|_| choices.index(len))
            .find(is_there)
            .or_else(|| (0..len).find(is_there))
            .expect("the source is counted because it has attempts")
    }

    /// Of a handful the one whose source has the most, and of those the oldest.
    fn least_worth(&self, now: Millis, choices: &mut dyn Choices) -> usize {
        let len = self.attempts.len();
        let crowd = |index: usize| self.by_source[&Source::of(self.attempts[index].from.ip())];
        (0..HANDFUL)
            .map(|_| choices.index(len))
            .max_by_key(|&index| (crowd(index), now.age(self.attempts[index].touched)))
            .expect("a handful is not empty")
    }
}
