//! The fast strategy: [`Fast`] and the methods of [`Peer`] that drive it.
//!
//! Departures of datagrams stand in the [`Ledger`]; each command knows the one it left in. Acknowledgements are booked
//! as they come and evaluated together when the peer is next looked at ([`Peer::fast_digest`]): they feed the model of
//! the path and show what is lost.

use std::time::Duration;

use super::begun::Begun;
use super::congestion::{Acknowledged, Congestion};
use super::ledger::Ledger;
use super::loss::{LossDetector, ProbeTimer};
use super::pacing::Pacer;
use super::redundancy::{LARGEST_COPY_BYTES, Redundancy};
use super::round_trip::PathRoundTrip;
use super::{Liveness, Peer};
use crate::peer::outgoing::{Key, Outgoing, Queue, Transmission};
use crate::time::{Millis, Time};
use crate::wire::{Command, CommandKind, Fragment};

/// Bytes of small commands that may be in flight whatever else is: a bulk transfer never holds them up.
const SMALL_WINDOW: usize = 8192;
/// Least age at which a datagram without an acknowledgement counts as lost for redundancy: a path that becomes longer
/// must not look like one that loses.
const LEAST_HORIZON: Duration = Duration::from_millis(500);
/// Least span over which the throttle looks for an undisturbed round trip.
const THROTTLE_INTERVAL: Duration = Duration::from_millis(100);

/// State of the fast strategy for one peer.
#[derive(Debug, Default)]
pub(crate) struct Fast {
    round_trip: PathRoundTrip,
    ledger: Ledger,
    detector: LossDetector,
    probe: ProbeTimer,
    congestion: Congestion,
    pacer: Pacer,
    redundancy: Redundancy,
    /// Bytes of commands on the wire, and those of the small ones among them.
    in_flight: usize,
    in_flight_small: usize,
    /// Bytes of probes that leave whatever window and pace say.
    probe_allowance: usize,
    /// Large messages that are under way.
    large: Begun,
    /// Not evaluated yet.
    acknowledged: Acknowledged,
    /// Least round trip of the running throttle interval, ms, and when that began.
    undisturbed: Option<(u32, Time)>,
}

impl Fast {
    /// Bytes that may be in flight.
    pub(in crate::peer) fn congestion_window(&self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the window is far below 4 GiB, and a cast of floats saturates"
        )]
        let window = self.congestion.window() as u32;
        window
    }

    /// Whether a command that was never sent may leave.
    pub(in crate::peer) fn may_send(&mut self, now: Time, item: &Outgoing, mtu: u32) -> bool {
        let len = item.wire_len();
        if is_small(item) && self.in_flight_small + len <= SMALL_WINDOW {
            return true;
        }
        let window = self.congestion.window().max(f64::from(mtu));
        (self.in_flight + len) as f64 <= window && self.pacer.may_send(now)
    }

    /// Whether a receiver surely has room for a command, if that begins a large message, and it is the turn of its channel.
    pub(in crate::peer) fn may_begin(&mut self, item: &Outgoing) -> bool {
        match &item.command {
            Command::SendFragment(fragment) => self.large.admits(item.header.channel_id, fragment),
            _ => true,
        }
    }

    /// Books that a fragment leaves for the first time.
    pub(super) fn begun(&mut self, channel_id: u8, fragment: &Fragment) {
        self.large.left(channel_id, fragment);
    }

    /// Books that a fragment is acknowledged.
    pub(super) fn completed(&mut self, channel_id: u8, fragment: &Fragment) {
        self.large.acknowledged(channel_id, fragment);
    }

    /// Whether a command may leave again.
    pub(in crate::peer) fn may_resend(&mut self, now: Time, item: &Outgoing, mtu: u32) -> bool {
        self.probe_allowance > 0 || self.may_send(now, item, mtu)
    }

    /// Forgets what was in flight, and how long it was silent, as the queues are emptied.
    pub(in crate::peer) fn clear(&mut self) {
        (self.in_flight, self.in_flight_small, self.probe_allowance) = (0, 0, 0);
        self.probe = ProbeTimer::default();
        self.large = Begun::default();
    }

    /// A round trip measured before there was a peer, by the proof of its address.
    pub(in crate::peer) fn sampled(&mut self, round_trip: Duration) {
        self.round_trip.update(round_trip);
    }

    /// Enters a datagram that is about to leave.
    pub(in crate::peer) fn enter_datagram(&mut self, now: Time) -> u64 {
        let departure = self.congestion.departure(now, self.in_flight);
        self.ledger.enter(departure)
    }

    /// Books `bytes` that leave in a datagram, with the number `datagram` if something in it wants an acknowledgement;
    /// `limit` is what the bandwidths of both sides allow, bytes per second.
    pub(in crate::peer) fn left(
        &mut self,
        now: Time,
        bytes: usize,
        datagram: Option<u64>,
        limit: Option<u32>,
    ) {
        if let Some(number) = datagram {
            self.ledger
                .measure(number, u32::try_from(bytes).unwrap_or(u32::MAX));
        }
        let rate = self
            .congestion
            .rate(self.round_trip.smoothed(), self.detector.is_often_wrong());
        let rate = limit.map_or(rate, |limit| rate.min(limit.into()));
        self.pacer.left(now, bytes, rate);
    }

    /// An acknowledgement of something that was acknowledged before.
    pub(super) fn repeated_acknowledgement(&mut self, sent_at: Millis) {
        self.ledger.acknowledge_moment(sent_at);
    }

    /// A command that was sent got an answer that is no acknowledgement: CONNECT.
    pub(in crate::peer) fn answered_otherwise(&mut self, item: &Outgoing) {
        self.ledger.acknowledge(item.last.datagram);
        self.probe.answered();
        self.land(item);
    }

    /// Copies of each small command that the path's loss asks for.
    pub(in crate::peer) fn copies(&self) -> u8 {
        Redundancy::copies(self.ledger.loss())
    }

    /// Pays for a redundant copy of `bytes`, if the budget covers it.
    pub(in crate::peer) fn spend(&mut self, bytes: usize) -> bool {
        self.redundancy.spend(bytes)
    }

    /// See [`Peer::deadline`]; something is queued or sent.
    pub(super) fn deadline(&self, peer: &Peer, now: Time) -> Option<Time> {
        let release = (peer.queues.has_backlog() || !peer.queues.is_empty(Queue::Reliable))
            .then(|| self.pacer.release(now))
            .flatten();
        let oldest = peer.queues.first(Queue::Sent).map(|key| {
            let departure = peer.queues.get(key).last;
            let probe = self.probe.due(
                departure.at,
                self.round_trip.probe_timeout(),
                peer.is_open(),
            );
            let lost = self.detector.lost_at(departure, self.least_round_trip());
            lost.map_or(probe, |lost| lost.min(probe))
        });
        release.into_iter().chain(oldest).min()
    }

    /// How long the acknowledgement of something may take.
    pub(in crate::peer) fn probe_timeout(&self) -> Duration {
        self.round_trip.probe_timeout()
    }

    /// Length of the datagram in which `item` left last, unless that is long ago.
    fn datagram_bytes(&self, item: &Outgoing) -> Option<u32> {
        let departure = self.ledger.get(item.last.datagram)?;
        Some(departure.bytes)
    }

    fn least_round_trip(&self) -> Duration {
        self.congestion.least_round_trip(self.round_trip.smoothed())
    }

    fn land(&mut self, item: &Outgoing) {
        let len = item.wire_len();
        self.in_flight = self.in_flight.saturating_sub(len);
        if is_small(item) {
            self.in_flight_small = self.in_flight_small.saturating_sub(len);
        }
    }
}

impl Peer {
    pub(super) fn fast_transmitted(&mut self, key: Key) {
        let Some(fast) = &mut self.recovery.fast else {
            return;
        };
        let item = self.queues.get(key);
        let len = item.wire_len();
        fast.in_flight += len;
        fast.probe_allowance = fast.probe_allowance.saturating_sub(len);
        if is_small(item) {
            fast.in_flight_small += len;
            if item.attempts == 1 {
                fast.redundancy.earn(len, fast.ledger.loss());
            }
        }
    }

    /// Books the acknowledgement of a command that is about to be removed.
    pub(super) fn fast_acknowledged(&mut self, key: Key, now: Time, echo: u16) {
        let Some(fast) = &mut self.recovery.fast else {
            return;
        };
        let item = self.queues.get(key);
        let was_sent = self.queues.queue_of(key) == Queue::Sent;
        let departure = item
            .departures()
            .find(|departure| departure.is_echoed_by(echo));
        let sample = match departure {
            Some(Transmission { at, .. }) => now.saturating_since(at),
            None => {
                let sent_at = now.millis().rebuild(echo);
                Duration::from_millis(sent_at.map_or(0, |at| now.millis().age(at)).into())
            }
        };
        fast.round_trip.update(sample);
        fast.probe.answered();
        fast.congestion.delivered(now, item.wire_len());
        let news = &mut fast.acknowledged;
        news.bytes += item.wire_len() as u64;
        news.least_round_trip = Some(
            news.least_round_trip
                .map_or(sample, |least| least.min(sample)),
        );
        if let Some(departure) = departure {
            fast.ledger.acknowledge(departure.datagram);
            fast.detector.arrived(departure, sample);
            let is_newest = news
                .newest
                .is_none_or(|(number, _)| number < departure.datagram);
            if let Some(record) = fast.ledger.get(departure.datagram) {
                if let Some(path) = &mut self.path_mtu {
                    path.acknowledged(now, record.bytes);
                }
                if is_newest {
                    news.newest = Some((departure.datagram, *record));
                }
            }
        } else if let Some(sent_at) = now.millis().rebuild(echo) {
            fast.ledger.acknowledge_moment(sent_at);
        }
        if item.declared_lost && (!was_sent || departure.is_none()) {
            fast.detector.was_wrong();
            news.spurious_bytes += item.wire_len() as u64;
            self.loss.lost = self.loss.lost.saturating_sub(1);
            self.traffic.commands_lost = self.traffic.commands_lost.saturating_sub(1);
        }
        if was_sent {
            fast.land(item);
        }
        let millis = u32::try_from(sample.as_millis()).unwrap_or(u32::MAX).max(1);
        let (least, since) = fast.undisturbed.unwrap_or((millis, now));
        fast.undisturbed = Some((least.min(millis), since));
    }

    /// Evaluates what was acknowledged since the last call: finds what is lost, updates the model of the path and the
    /// throttle.
    pub(in crate::peer) fn fast_digest(&mut self, now: Time) {
        let Some(fast) = &mut self.recovery.fast else {
            return;
        };
        let horizon = LEAST_HORIZON.max(fast.round_trip.probe_timeout() * 2);
        fast.ledger.retire(now, horizon);
        // What the model is about to learn counts, or a loss could be found that was due before.
        let known = fast.least_round_trip();
        let seen = fast.acknowledged.least_round_trip;
        let least = seen.map_or(known, |seen| seen.min(known));
        let mut lost = Vec::new();
        let mut cursor = self.queues.first(Queue::Sent);
        while let Some(key) = cursor {
            cursor = self.queues.next(key);
            let item = self.queues.get_mut(key);
            if fast
                .detector
                .lost_at(item.last, least)
                .is_none_or(|at| at > now)
            {
                break;
            }
            item.declared_lost = true;
            fast.detector.declared_lost();
            fast.acknowledged.lost_bytes += item.wire_len() as u64;
            if let Some(path) = &mut self.path_mtu {
                path.lost(now, fast.datagram_bytes(item), fast.round_trip.smoothed());
            }
            self.loss.lost = self.loss.lost.wrapping_add(1);
            self.traffic.commands_lost += 1;
            fast.land(self.queues.get(key));
            lost.push(key);
        }
        let news = std::mem::take(&mut fast.acknowledged);
        fast.congestion.update(now, &news, fast.in_flight);
        let interval = THROTTLE_INTERVAL.max(fast.round_trip.smoothed());
        if let Some((least, since)) = fast.undisturbed
            && now.saturating_since(since) >= interval
        {
            fast.undisturbed = None;
            self.throttle.step(least);
        }
        if !lost.is_empty() {
            self.send_again_in_turn(&lost);
        }
    }

    /// Sends the oldest commands again if their acknowledgement is overdue, unless the silence is over the limit.
    pub(super) fn fast_expire(&mut self, now: Time) -> Liveness {
        if self.path_is_stuck(now) {
            return Liveness::Dead;
        }
        let open = self.is_open();
        let (Some(fast), Some(head)) = (&mut self.recovery.fast, self.queues.first(Queue::Sent))
        else {
            return Liveness::Alive;
        };
        let timeout = fast.round_trip.probe_timeout();
        let oldest = self.queues.get(head).last.at;
        if now < fast.probe.due(oldest, timeout, open) {
            return Liveness::Alive;
        }
        let (silence, timeouts) = fast.probe.fire(now, timeout);
        // A timeout that doubles has grown by the factor f after it passed 2f - 1 times.
        let backed_off = timeouts + 1 >= 2 * u128::from(self.recovery.timeout_limit);
        let millis = silence.as_millis();
        if millis >= self.recovery.timeout_maximum.into()
            || (backed_off && millis >= self.recovery.timeout_minimum.into())
        {
            return Liveness::Dead;
        }
        self.send_probe(now, timeout);
        Liveness::Alive
    }

    /// Lets up to two datagrams leave again, of what left a `timeout` ago or earlier or is known to be lost.
    fn send_probe(&mut self, now: Time, timeout: Duration) {
        let candidates = self.probe_candidates(now, timeout);
        let Some(fast) = &mut self.recovery.fast else {
            return;
        };
        let most = 2 * self.mtu as usize;
        fast.probe_allowance = 0;
        let (mut in_transit, mut waiting) = (Vec::new(), Vec::new());
        for key in candidates {
            let item = self.queues.get(key);
            let len = item.wire_len();
            if fast.probe_allowance + len > most {
                break;
            }
            fast.probe_allowance += len;
            if self.queues.queue_of(key) == Queue::Reliable {
                waiting.push(key);
                continue;
            }
            fast.acknowledged.lost_bytes += len as u64;
            fast.land(item);
            if let Some(path) = &mut self.path_mtu {
                path.lost(now, fast.datagram_bytes(item), timeout);
            }
            self.loss.lost = self.loss.lost.wrapping_add(1);
            self.traffic.commands_lost += 1;
            in_transit.push(key);
        }
        self.queues.move_to_front(&waiting, Queue::Reliable);
        self.send_again_first(&in_transit);
    }

    /// Books that all that may leave has left.
    pub(in crate::peer) fn fast_rest(&mut self) {
        let idle = !self.queues.has_backlog() && self.queues.is_empty(Queue::Reliable);
        if let Some(fast) = &mut self.recovery.fast
            && idle
        {
            fast.congestion.limited_by_application(fast.in_flight);
        }
    }
}

/// Whether a command counts as game traffic rather than as part of a transfer.
pub(in crate::peer) fn is_small(item: &Outgoing) -> bool {
    item.command.kind() != CommandKind::SendFragment && item.wire_len() <= LARGEST_COPY_BYTES
}
