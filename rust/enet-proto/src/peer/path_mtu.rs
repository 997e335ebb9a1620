//! [`PathMtu`]: the largest datagram that the path to a peer is known to carry, and the search for a larger one.
//!
//! A connection starts with a size that every path carries, and tries the negotiated MTU at once. A probe is a PING
//! followed by zeros, which every ENet acknowledges once, whatever its size. What is not acknowledged three times while
//! other datagrams get through is too large; the largest size that is not is then found by halving. Datagrams that are
//! lost in a row, or probes of a size in use, show that the path has become smaller: then everything begins anew.
//!
//! Sizes are those of datagrams without the headers of IP and UDP, as ENet reckons them against its MTU.
//!
//! Source: RFC 8899 (Datagram Packetization Layer Path MTU Discovery), sections 4 and 5.

use std::time::Duration;

use crate::time::Time;

/// A size that every path carries. RFC 8899 takes 1200; this leaves room for a checksum and the record of DTLS around
/// it within the 1280 bytes that IPv6 demands of every link.
const BASE: u32 = 1184;
/// Probes of one size that are lost before it is too large; RFC 8899's `MAX_PROBES`.
const MOST_PROBES: u8 = 3;
/// Least time for the acknowledgement of a probe; RFC 8899's `PROBE_TIMER`.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
/// Span after which a path that did not carry the MTU is searched again; RFC 8899's `PMTU_RAISE_TIMER`.
const RAISE_AFTER: Duration = Duration::from_mins(10);
/// Span for which large datagrams may leave that nobody acknowledges; RFC 8899's `CONFIRMATION_TIMER`.
const CONFIRM_AFTER: Duration = Duration::from_secs(30);
/// The search ends when less than this can be gained, in bytes.
const RESOLUTION: u32 = 16;
/// Round trips in a row with losses of large datagrams, and no large one acknowledged, that mean a smaller path.
const BLACK_HOLE_ROUNDS: u8 = 3;
/// Probes whose acknowledgement may still come.
const REMEMBERED: usize = 4;

/// What is known of one path.
#[derive(Debug)]
pub(crate) struct PathMtu {
    /// The largest size that was acknowledged, or [`BASE`].
    proven: u32,
    /// The least size known to be too large.
    refuted: Option<u32>,
    /// What the running search found to be too large.
    ceiling: Option<u32>,
    phase: Phase,
    /// When to search again, if there is anything to find.
    raise_at: Option<Time>,
    /// The latest probes, the last one first; without those that were answered.
    probes: [Option<Probe>; REMEMBERED],
    /// When something was acknowledged first since the last probe left.
    heard_at: Option<Time>,
    /// Large datagrams that left and that nobody acknowledges: when the first one did, and the size of the largest.
    /// They are confirmed by one of that size.
    unconfirmed: Option<(Time, u32)>,
    suspicion: Suspicion,
    /// Since when datagrams are lost that were cut for a larger path, and none of them arrives.
    stuck_since: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The next probe is to leave, once the remote was heard of: a handshake has other worries.
    Searching,
    /// A probe is on its way; `failures` of its size were lost before.
    Asking {
        size: u32,
        failures: u8,
        until: Time,
    },
    /// The search is over.
    Resting,
}

/// A probe whose answer may still come.
#[derive(Debug, Clone, Copy)]
struct Probe {
    /// On the control channel; that of the last probe, if nothing else was numbered since and nobody answered.
    number: u16,
    /// What its acknowledgement echoes.
    sent_time: u16,
    size: u32,
}

/// Losses of large datagrams in a row.
#[derive(Debug, Clone, Copy, Default)]
struct Suspicion {
    rounds: u8,
    /// When the next loss counts.
    next: Time,
    /// The smallest datagram among the lost.
    size: u32,
}

impl Suspicion {
    fn last_size(self) -> Option<u32> {
        (self.rounds > 0).then_some(self.size)
    }
}

impl Default for PathMtu {
    fn default() -> Self {
        Self {
            proven: BASE,
            refuted: None,
            ceiling: None,
            phase: Phase::Searching,
            raise_at: None,
            probes: [None; REMEMBERED],
            heard_at: None,
            unconfirmed: None,
            suspicion: Suspicion::default(),
            stuck_since: None,
        }
    }
}

impl PathMtu {
    /// The largest datagram to send, where `mtu` is what both ends agreed on.
    pub(super) fn size(&self, mtu: u32) -> u32 {
        self.proven.min(mtu)
    }

    /// Whether the path may carry datagrams of `size` bytes, for all that is known.
    pub(super) fn may_carry(&self, size: u32) -> bool {
        self.refuted.is_none_or(|refuted| size < refuted)
    }

    /// When [`Self::poll`] wants to be called, if no sign of the remote comes before.
    pub(super) fn deadline(&self, mtu: u32) -> Option<Time> {
        if mtu <= BASE {
            return None;
        }
        match self.phase {
            Phase::Searching => self.heard_at.map(|_| Time::ZERO),
            Phase::Asking { until, .. } => self.heard_at.map(|_| until),
            Phase::Resting => {
                let confirm = self.unconfirmed.map(|(since, _)| since + CONFIRM_AFTER);
                self.raise_at.into_iter().chain(confirm).min()
            }
        }
    }

    /// The size of the probe that is to leave now, if any; [`Self::asked`] tells that it left.
    pub(super) fn poll(&mut self, now: Time, mtu: u32) -> Option<u32> {
        if self.deadline(mtu).is_none_or(|due| now < due) {
            return None;
        }
        loop {
            match self.phase {
                Phase::Searching => {}
                Phase::Asking {
                    size,
                    failures,
                    until,
                } => {
                    // What was lost together with everything else says nothing of its size.
                    let alone = self.heard_at.is_some_and(|heard| heard <= until);
                    let failures = failures + u8::from(alone);
                    if failures < MOST_PROBES {
                        self.phase = Phase::Asking {
                            size,
                            failures,
                            until,
                        };
                        return Some(size);
                    }
                    self.refute(size);
                }
                Phase::Resting if self.raise_at.is_some_and(|at| at <= now) => {
                    (self.ceiling, self.raise_at) = (None, None);
                }
                Phase::Resting => return Some(self.proven),
            }
            if let Some(size) = self.candidate(mtu) {
                return Some(size);
            }
            self.phase = Phase::Resting;
            self.raise_at = (self.proven + RESOLUTION <= mtu)
                .then(|| self.raise_at.unwrap_or(now + RAISE_AFTER));
            // While a probe was on its way, something else may have become due.
            if self.deadline(mtu).is_none_or(|due| now < due) {
                return None;
            }
        }
    }

    /// The number of the last probe, if nobody answered it.
    pub(super) fn unanswered(&self) -> Option<u16> {
        self.probes[0].map(|probe| probe.number)
    }

    /// The probe `number` of `size` bytes leaves; it is lost if `patience` does not see its acknowledgement.
    pub(super) fn asked(&mut self, now: Time, number: u16, size: u32, patience: Duration) {
        let failures = match self.phase {
            Phase::Asking {
                size: same,
                failures,
                ..
            } if same == size => failures,
            _ => 0,
        };
        let until = now + patience.max(LEAST_PATIENCE);
        self.phase = Phase::Asking {
            size,
            failures,
            until,
        };
        self.heard_at = None;
        self.probes.rotate_right(1);
        let sent_time = now.millis().sent_time();
        self.probes[0] = Some(Probe {
            number,
            sent_time,
            size,
        });
    }

    /// Command `number` of the control channel is acknowledged, with the sent time it echoes; whether it was a probe.
    pub(super) fn answered(&mut self, number: u16, echo: u16) -> bool {
        let known = |probe: &&mut Option<Probe>| {
            probe.is_some_and(|probe| (probe.number, probe.sent_time) == (number, echo))
        };
        let Some(Probe { size, .. }) = self.probes.iter_mut().find(known).and_then(Option::take)
        else {
            return false;
        };
        if size > self.proven {
            (self.proven, self.stuck_since) = (size, None);
        }
        self.refuted = [self.refuted, self.ceiling]
            .into_iter()
            .flatten()
            .filter(|&refuted| refuted > self.proven)
            .min();
        self.confirm(size);
        if matches!(self.phase, Phase::Asking { size: asked, .. } if asked <= size) {
            self.phase = Phase::Searching;
        }
        true
    }

    /// The system does not take datagrams of `size` bytes.
    pub(super) fn refused(&mut self, size: u32) {
        if matches!(self.phase, Phase::Asking { size: asked, .. } if asked == size) {
            self.refute(size);
        }
    }

    /// A datagram of `size` bytes leaves; `wants_answer`: something in it will be acknowledged.
    pub(super) fn left(&mut self, now: Time, size: u32, wants_answer: bool) {
        if size > BASE && size <= self.proven && !wants_answer {
            let (since, largest) = self.unconfirmed.unwrap_or((now, size));
            self.unconfirmed = Some((since, largest.max(size)));
        }
    }

    /// Something was acknowledged that left in a datagram of `size` bytes.
    pub(super) fn acknowledged(&mut self, now: Time, size: u32) {
        self.heard_at.get_or_insert(now);
        if size > self.proven {
            self.stuck_since = None;
        }
        self.confirm(size);
    }

    /// Nothing is left that was cut for a larger path.
    pub(super) fn got_through(&mut self) {
        self.stuck_since = None;
    }

    /// Since when nothing gets through that was cut for a larger path.
    pub(super) fn stuck_since(&self) -> Option<Time> {
        self.stuck_since
    }

    /// Something was lost that left in a datagram of `size` bytes. `None`: that was too long ago to know. In a silence
    /// that began with losses of large ones it counts as one of them, or the longest would be the least suspicious.
    pub(super) fn lost(&mut self, now: Time, size: Option<u32>, round_trip: Duration) {
        let Some(size) = size.or_else(|| self.suspicion.last_size()) else {
            return;
        };
        if size > self.proven {
            // It was cut for a path that was larger, and says nothing new.
            self.stuck_since.get_or_insert(now);
            return;
        }
        if size <= BASE || now < self.suspicion.next {
            return;
        }
        let rounds = self.suspicion.rounds + 1;
        let least = match self.suspicion.rounds {
            0 => size,
            _ => self.suspicion.size.min(size),
        };
        self.suspicion = Suspicion {
            rounds,
            next: now + round_trip,
            size: least,
        };
        if rounds >= BLACK_HOLE_ROUNDS {
            *self = Self {
                refuted: self.refuted,
                heard_at: self.heard_at,
                ..Self::default()
            };
        }
    }

    /// The next size to try; `None` when the search is over.
    fn candidate(&self, mtu: u32) -> Option<u32> {
        match self.ceiling {
            None => (self.proven < mtu).then_some(mtu),
            Some(ceiling) => {
                (self.proven + RESOLUTION < ceiling).then(|| self.proven.midpoint(ceiling))
            }
        }
    }

    fn refute(&mut self, size: u32) {
        if size <= self.proven {
            *self = Self::default();
        }
        self.ceiling = Some(size);
        self.refuted = Some(self.refuted.map_or(size, |refuted| refuted.min(size)));
        self.phase = Phase::Searching;
    }

    fn confirm(&mut self, size: u32) {
        if size >= self.suspicion.size {
            self.suspicion.rounds = 0;
        }
        if self.unconfirmed.is_some_and(|(_, largest)| size >= largest) {
            self.unconfirmed = None;
        }
    }
}

#[cfg(test)]
mod tests;
