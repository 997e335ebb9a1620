//! The bandwidth throttle: once a second each open peer gets its share of our outgoing bandwidth and of what it can
//! take in, and, when somebody came, went or asked for it, is told its share of our incoming bandwidth.
//!
//! All sums are ENet's: 32 bits, wrapping. At more than 4.29 MB/s over a second they do wrap.

use super::Host;
use super::handshake::send_window;
use crate::consts::{HOST_BANDWIDTH_THROTTLE_INTERVAL, PEER_PACKET_THROTTLE_SCALE};
use crate::peer::Peer;
use crate::time::Time;
use crate::wire::Command;

/// An open peer under the throttle, and whether its share is settled.
struct Share<'a> {
    peer: &'a mut Peer,
    settled: bool,
}

impl Host {
    /// Runs the throttle if a second has passed since it last ran.
    ///
    /// Source: `enet_host_bandwidth_throttle`, ENet 1.3.18 `host.c`.
    pub(super) fn bandwidth_tick(&mut self, now: Time) {
        let millis = now.millis();
        // ENet asks for the age, but reckons with the plain difference; after a day they are not the same.
        if millis.age(self.last_tick) >= HOST_BANDWIDTH_THROTTLE_INTERVAL {
            let elapsed = millis.0.wrapping_sub(self.last_tick.0);
            self.last_tick = millis;
            if self.open_peers > 0 {
                self.throttle_peers(elapsed);
            }
        }
        self.next_tick = now.when(self.last_tick.plus(HOST_BANDWIDTH_THROTTLE_INTERVAL));
    }

    /// The throttle itself, `elapsed` ms after its last run.
    pub(super) fn throttle_peers(&mut self, elapsed: u32) {
        let (incoming, outgoing) = (
            self.config.incoming_bandwidth,
            self.config.outgoing_bandwidth,
        );
        let limited = self.limited_peers > 0;
        let mut shares: Vec<Share<'_>> = self
            .slots
            .iter_mut()
            .filter(|peer| peer.is_open())
            .map(|peer| Share {
                peer,
                settled: false,
            })
            .collect();
        divide_outgoing(&mut shares, outgoing, elapsed, limited);
        let mut told: Vec<(u16, u32)> = Vec::new();
        if std::mem::take(&mut self.recalculate) {
            shares.iter_mut().for_each(|share| share.settled = false);
            let limit = divide_incoming(&mut shares, incoming);
            told.extend(shares.iter().map(|share| {
                (
                    share.peer.id.slot,
                    if share.settled {
                        share.peer.outgoing_bandwidth
                    } else {
                        limit
                    },
                )
            }));
        }
        for (slot, incoming) in told {
            if let Some(peer) = self.slots.at_mut(slot) {
                peer.queue_control(
                    &mut self.stamp,
                    Command::BandwidthLimit { incoming, outgoing },
                );
                self.agenda.ready.insert(slot);
            }
        }
    }

    /// BANDWIDTH_LIMIT from an open peer.
    ///
    /// Source: `enet_protocol_handle_bandwidth_limit`, ENet 1.3.18 `protocol.c`.
    pub(super) fn handle_bandwidth_limit(&mut self, slot: u16, incoming: u32, outgoing: u32) {
        let Some(peer) = self.slots.at_mut(slot) else {
            return;
        };
        self.limited_peers -= usize::from(peer.incoming_bandwidth != 0);
        self.limited_peers += usize::from(incoming != 0);
        (peer.incoming_bandwidth, peer.outgoing_bandwidth) = (incoming, outgoing);
        peer.recovery.window_size = send_window(self.config.outgoing_bandwidth, incoming);
    }
}

/// Sets the throttle limits: first of the peers that can take in less than their share, then of the others.
fn divide_outgoing(shares: &mut [Share<'_>], bandwidth: u32, elapsed: u32, limited: bool) {
    let (mut total, mut available) = (u32::MAX, u32::MAX);
    if bandwidth != 0 {
        total = shares.iter().fold(0, |sum: u32, share| {
            sum.wrapping_add(share.peer.outgoing_total)
        });
        available = bandwidth.wrapping_mul(elapsed) / 1000;
    }
    let mut remaining = shares.len();
    let mut adjust = limited;
    while remaining > 0 && adjust {
        adjust = false;
        let part = part_of(available, total);
        for share in shares.iter_mut().filter(|share| !share.settled) {
            let peer = &mut share.peer;
            let takes = peer.incoming_bandwidth.wrapping_mul(elapsed) / 1000;
            if peer.incoming_bandwidth == 0
                || part.wrapping_mul(peer.outgoing_total) / PEER_PACKET_THROTTLE_SCALE <= takes
            {
                continue;
            }
            peer.throttle.set_limit(
                (takes.wrapping_mul(PEER_PACKET_THROTTLE_SCALE) / peer.outgoing_total).max(1),
            );
            (peer.incoming_total, peer.outgoing_total) = (0, 0);
            (share.settled, adjust) = (true, true);
            remaining -= 1;
            available = available.wrapping_sub(takes);
            total = total.wrapping_sub(takes);
        }
    }
    let part = part_of(available, total);
    for share in shares.iter_mut().filter(|share| !share.settled) {
        share.peer.throttle.set_limit(part);
        (share.peer.incoming_total, share.peer.outgoing_total) = (0, 0);
    }
}

/// The share of `total` that `available` covers, of 32.
const fn part_of(available: u32, total: u32) -> u32 {
    if total <= available {
        PEER_PACKET_THROTTLE_SCALE
    } else {
        available.wrapping_mul(PEER_PACKET_THROTTLE_SCALE) / total
    }
}

/// Settles the peers that need less than an equal share of `bandwidth`, and returns the share of the others.
fn divide_incoming(shares: &mut [Share<'_>], mut bandwidth: u32) -> u32 {
    let (mut remaining, mut limit, mut adjust) = (shares.len(), 0, bandwidth != 0);
    while remaining > 0 && adjust {
        adjust = false;
        limit = bandwidth / u32::try_from(remaining).expect("at most 4095 peers");
        for share in shares.iter_mut().filter(|share| !share.settled) {
            let needs = share.peer.outgoing_bandwidth;
            if needs > 0 && needs >= limit {
                continue;
            }
            (share.settled, adjust) = (true, true);
            remaining -= 1;
            bandwidth = bandwidth.wrapping_sub(needs);
        }
    }
    limit
}
