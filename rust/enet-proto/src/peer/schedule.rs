//! What goes into a datagram under the fast strategy, and in which order.
//!
//! Control commands and unreliable packets first, in order of the calls together with small reliable packets; then what
//! was lost; then what was never sent, from the channel that was served least, so that no channel waits behind another
//! one's transfer unless both are more than a receiver holds; and, if the datagram leaves anyway, copies of small commands that the path's loss asks for.
//!
//! Numbers within a channel leave in order, whatever the order between channels. Source of the latter: start-time fair
//! queueing (Goyal, Vin, Cheng, SIGCOMM 1996).

use super::Peer;
use super::assemble::Body;
use super::outgoing::{Key, Outgoing, Queue, Transmission};
use super::recovery::is_small;
use crate::consts::{PEER_FREE_RELIABLE_WINDOWS, PEER_RELIABLE_WINDOW_SIZE, PEER_RELIABLE_WINDOWS};
use crate::time::{Millis, Time};
use crate::wire::{Command, CommandHeader, CommandKind};

/// How far the search for commands to copy goes.
const MOST_COPY_CANDIDATES: usize = 64;

impl Peer {
    /// Fills `body`. Returns whether a ping may follow: no command that wants an acknowledgement is in it.
    pub(super) fn assemble_scheduled(&mut self, now: Time, body: &mut Body<'_>) -> bool {
        self.fast_digest(now);
        if self.assemble_control(now, body)
            && self.assemble_resends(now, body)
            && self.assemble_backlog(now, body)
        {
            self.fast_rest();
        }
        if !body.is_empty() {
            self.assemble_copies(now, body);
        }
        !body.wants_sent_time
    }

    /// Each of the following returns whether it got to its end before the datagram was full.
    fn assemble_control(&mut self, now: Time, body: &mut Body<'_>) -> bool {
        let mut cursor = self.queues.first(Queue::Control);
        while let Some(key) = cursor {
            if let Some(earlier) = self.small_before(key, now) {
                if !self.fits(earlier, body) {
                    return false;
                }
                self.queues.serve(earlier);
                self.depart(earlier, now, body);
                continue;
            }
            cursor = self.queues.next(key);
            if !self.fits(key, body) {
                return false;
            }
            if self.queues.get(key).header.acknowledge {
                self.depart(key, now, body);
                continue;
            }
            if self.throttled(key, &mut cursor) {
                continue;
            }
            let item = self.queues.get(key);
            body.append(item.header, &item.command, &item.payload);
            self.queues.remove(key);
            self.loss.sent = self.loss.sent.wrapping_add(1);
        }
        true
    }

    fn assemble_resends(&mut self, now: Time, body: &mut Body<'_>) -> bool {
        while let Some(key) = self.queues.first(Queue::Reliable) {
            let mtu = self.mtu;
            let item = self.queues.get(key);
            let may_leave = self
                .recovery
                .fast
                .as_mut()
                .is_some_and(|fast| fast.may_resend(now, item, mtu));
            if !may_leave {
                break;
            }
            if !self.fits(key, body) {
                return false;
            }
            self.depart(key, now, body);
        }
        true
    }

    fn assemble_backlog(&mut self, now: Time, body: &mut Body<'_>) -> bool {
        while let Some(key) = self.next_of_backlog(now) {
            if !self.fits(key, body) {
                return false;
            }
            self.queues.serve(key);
            self.depart(key, now, body);
        }
        true
    }

    /// The head of the least served channel whose head may leave.
    fn next_of_backlog(&mut self, now: Time) -> Option<Key> {
        let Self {
            queues,
            channels,
            recovery,
            mtu,
            ..
        } = self;
        let fast = recovery.fast.as_mut()?;
        let mut best: Option<(u64, Key)> = None;
        for (served, key) in queues.backlog_heads() {
            if best.is_some_and(|(least, _)| least <= served) {
                continue;
            }
            let item = queues.get(key);
            let oldest = channels
                .used(item.header.channel_id)
                .and_then(|channel| channel.unacknowledged.oldest());
            let in_reach =
                oldest.is_none_or(|(number, oldest)| is_in_reach(item, number, queues.get(oldest)));
            if in_reach && fast.may_begin(item) && fast.may_send(now, item, *mtu) {
                best = Some((served, key));
            }
        }
        best.map(|(_, key)| key)
    }

    /// A small command of the backlog that was queued before `key` and may leave.
    fn small_before(&mut self, key: Key, now: Time) -> Option<Key> {
        if !self.queues.has_backlog() {
            return None;
        }
        let candidate = self.next_of_backlog(now)?;
        let (item, other) = (self.queues.get(candidate), self.queues.get(key));
        (is_small(item) && Millis(item.stamp).before(Millis(other.stamp))).then_some(candidate)
    }

    /// Doubles what is small, young and unacknowledged, as far as the datagram and the budget have room.
    fn assemble_copies(&mut self, now: Time, body: &mut Body<'_>) {
        let allowed = self.recovery.fast.as_ref().map_or(0, |fast| fast.copies());
        let mut cursor = self.queues.first(Queue::Sent).filter(|_| allowed > 0);
        let size = self.datagram_size();
        for _ in 0..MOST_COPY_CANDIDATES {
            let Some(key) = cursor else { return };
            cursor = self.queues.next(key);
            let item = self.queues.get(key);
            // Each departure has a sent time of its own, so that its acknowledgement can be told from the others'.
            let fresh = item
                .departures()
                .all(|departure| departure.at.millis() != now.millis());
            let len = item.wire_len();
            let wanted = item.command.kind() == CommandKind::SendReliable
                && item.copies < allowed
                && fresh
                && body.fits(len, size);
            let Some(fast) = self.recovery.fast.as_mut().filter(|_| wanted) else {
                continue;
            };
            if !fast.spend(len) {
                return;
            }
            let datagram = body.datagram(|| fast.enter_datagram(now));
            let item = self.queues.get_mut(key);
            item.copied(Transmission { at: now, datagram });
            body.append(item.header, &item.command, &item.payload);
            body.wants_sent_time = true;
            self.loss.sent = self.loss.sent.wrapping_add(1);
        }
    }

    /// Whether there is room for the command; if not, another datagram follows.
    ///
    /// What is too large for what the path is known to carry has a datagram of its own: a fragment keeps the size it was
    /// cut to, as a receiver takes each number once, and other packets stay whole as long as that may work.
    fn fits(&mut self, key: Key, body: &Body<'_>) -> bool {
        let len = self.queues.get(key).wire_len();
        let fits =
            body.fits(len, self.datagram_size()) || (body.is_empty() && body.fits(len, self.mtu));
        self.more |= !fits;
        fits
    }

    /// Writes a command that wants an acknowledgement.
    fn depart(&mut self, key: Key, now: Time, body: &mut Body<'_>) {
        let Some(fast) = &mut self.recovery.fast else {
            return;
        };
        let datagram = body.datagram(|| fast.enter_datagram(now));
        self.transmitted(key, now, datagram);
        let item = self.queues.get(key);
        body.append(item.header, &item.command, &item.payload);
        body.wants_sent_time = true;
        self.loss.sent = self.loss.sent.wrapping_add(1);
    }
}

/// Whether a receiver whose oldest missing command is `oldest`, with the number `oldest_number`, takes and acknowledges
/// a command.
///
/// The receiver's base moves on over whole messages only. Within one message it takes any fragment, and acknowledges
/// those that are not too far ahead of the message's start; beyond that, as with ENet, the oldest missing one counts.
///
/// Source: `enet_peer_queue_incoming_command` and `enet_peer_queue_acknowledgement`, ENet 1.3.18 `peer.c`.
fn is_in_reach(item: &Outgoing, oldest_number: u16, oldest: &Outgoing) -> bool {
    let start = match (message_start(&oldest.command), message_start(&item.command)) {
        (Some(oldest), own) if own != Some(oldest) => oldest,
        _ => oldest_number,
    };
    let CommandHeader { number, .. } = item.header;
    let base = start.wrapping_sub(1);
    let window = |number: u16| number / PEER_RELIABLE_WINDOW_SIZE;
    let ahead = (window(number) + PEER_RELIABLE_WINDOWS - window(base)) % PEER_RELIABLE_WINDOWS;
    // More than half the number space ahead is the base's own window, wrapped around.
    let wrapped = ahead == 0 && number < base;
    ahead + 1 < PEER_FREE_RELIABLE_WINDOWS && !wrapped
}

const fn message_start(command: &Command) -> Option<u16> {
    match command {
        Command::SendFragment(fragment) => Some(fragment.start),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::channel::{Channel, Range};
    use crate::wire::Fragment;

    fn command(number: u16, command: Command) -> Outgoing {
        let header = CommandHeader {
            number,
            ..CommandHeader::CONTROL
        };
        Outgoing::new(header, command, Bytes::new(), 0)
    }

    #[test]
    fn what_is_in_reach_is_what_a_receiver_accepts() {
        let packet = || Command::SendReliable { len: 0 };
        let (receiver, oldest) = (Channel::default(), command(1, packet()));
        for number in 1..=u16::MAX {
            let accepted = receiver.range_of(number) == Range::Acceptable;
            let reached = is_in_reach(&command(number, packet()), 1, &oldest);
            assert_eq!(reached, accepted, "number {number}");
        }
    }

    #[test]
    fn the_next_message_waits_for_the_start_of_the_oldest_and_its_own_fragments_do_not() {
        let fragment = |start| {
            Command::SendFragment(Fragment {
                start,
                len: 1,
                count: 30_000,
                number: 0,
                total: 30_000,
                offset: 0,
            })
        };
        // Fragments up to 20000 of the message that began with 1 are acknowledged.
        let oldest = command(20_000, fragment(1));
        let own = is_in_reach(&command(29_900, fragment(1)), 20_000, &oldest);
        let next = is_in_reach(&command(30_001, fragment(30_001)), 20_000, &oldest);
        assert!(own && !next);
    }
}
