//! What goes into a peer's next datagram: [`Peer::assemble`] fills a [`Body`].

use super::outgoing::{Key, Queue};
use super::throttle::ThrottleCause;
use super::{Peer, PeerState};
use crate::consts::PROTOCOL_MAXIMUM_PACKET_COMMANDS;
use crate::time::{Millis, Time};
use crate::wire::{Command, CommandHeader, CommandKind, Fragment};

/// Bytes that ENet reckons for the header, with or without a sent time in it.
const HEADER_RESERVE: usize = 4;

/// The commands of a datagram under construction, appended to `buf`.
pub(crate) struct Body<'a> {
    buf: &'a mut Vec<u8>,
    /// Length as ENet reckons it against the MTU.
    size: usize,
    commands: usize,
    /// Number of the datagram in the ledger of the fast strategy, once it has one.
    number: Option<u64>,
    /// Whether a command in it wants an acknowledgement, so that the header needs a sent time.
    pub(crate) wants_sent_time: bool,
    /// Whether it asks if the path carries its size, so that it must neither shrink nor be fragmented.
    pub(crate) is_probe: bool,
}

impl<'a> Body<'a> {
    pub(crate) const fn new(buf: &'a mut Vec<u8>) -> Self {
        Self {
            buf,
            size: HEADER_RESERVE,
            commands: 0,
            number: None,
            wants_sent_time: false,
            is_probe: false,
        }
    }

    /// Bytes that ENet reckons for the datagram.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.commands == 0
    }

    const fn is_full(&self) -> bool {
        self.commands >= PROTOCOL_MAXIMUM_PACKET_COMMANDS
    }

    /// Whether a command of `len` bytes still fits.
    pub(super) const fn fits(&self, len: usize, mtu: u32) -> bool {
        !self.is_full() && self.size + len <= mtu as usize
    }

    /// The datagram's number in the ledger, if it has one.
    pub(crate) const fn number(&self) -> Option<u64> {
        self.number
    }

    /// The datagram's number in the ledger; `enter` gives it one.
    pub(super) fn datagram(&mut self, enter: impl FnOnce() -> u64) -> u64 {
        *self.number.get_or_insert_with(enter)
    }

    pub(super) fn append(&mut self, header: CommandHeader, command: &Command, payload: &[u8]) {
        let before = self.buf.len();
        command.encode(header, self.buf);
        self.buf.extend_from_slice(payload);
        self.size += self.buf.len() - before;
        self.commands += 1;
    }

    /// Makes the datagram a probe of `size` bytes: receivers ignore zeros behind the last command.
    pub(super) fn pad(&mut self, size: u32) {
        let missing = (size as usize).saturating_sub(self.size);
        self.buf.resize(self.buf.len() + missing, 0);
        self.size += missing;
        (self.wants_sent_time, self.is_probe) = (true, true);
    }
}

impl Peer {
    /// Writes the acknowledgements owed, as many as fit. Writing that of a DISCONNECT ends the connection.
    pub(crate) fn assemble_acknowledgements(&mut self, body: &mut Body<'_>) {
        let mtu = self.datagram_size() as usize;
        while !body.is_full() && mtu.saturating_sub(body.size) >= CommandKind::Acknowledge.size() {
            let Some(owed) = self.acknowledgements.pop_front() else {
                return;
            };
            let header = CommandHeader {
                acknowledge: false,
                unsequenced: false,
                channel_id: owed.channel_id,
                number: owed.number,
            };
            body.append(
                header,
                &Command::Acknowledge {
                    number: owed.number,
                    sent_time: owed.sent_time,
                },
                &[],
            );
            if owed.kind == CommandKind::Disconnect {
                self.state = PeerState::Zombie;
            }
        }
        self.more |= !self.acknowledgements.is_empty();
    }

    /// Writes queued commands in order of their calls, as many as the MTU, the window and the byte budget allow, and a
    /// ping if it is time for one.
    pub(crate) fn assemble(&mut self, now: Time, stamp: &mut u32, body: &mut Body<'_>) {
        let may_ping = self.assemble_queued(now, body);
        let ping_due = may_ping
            && self.state == PeerState::Connected
            && self.queues.is_empty(Queue::Sent)
            && now.millis().age(self.last_receive) >= self.ping_interval;
        let room = (self.datagram_size() as usize).saturating_sub(body.size);
        if ping_due && room >= CommandKind::Ping.size() {
            self.queue_control(stamp, Command::Ping);
            self.assemble_queued(now, body);
        } else if ping_due {
            // Acknowledgements fill the datagram to the last bytes: it has one of its own.
            self.more = true;
        }
        self.assemble_probe(now, body);
    }

    fn assemble_queued(&mut self, now: Time, body: &mut Body<'_>) -> bool {
        if self.recovery.fast.is_some() {
            self.assemble_scheduled(now, body)
        } else {
            self.assemble_in_order(now, body)
        }
    }

    /// Whether a peer that leaves later has nothing left to do.
    pub(crate) fn is_done(&self) -> bool {
        self.state == PeerState::DisconnectLater && self.is_drained()
    }

    /// Books that a datagram of `bytes` is about to leave, with the number `datagram` in the ledger if it has one; `share`
    /// is what our own bandwidth allows the peer, bytes per second, 0 without limit.
    pub(crate) fn leaves(&mut self, now: Time, bytes: usize, datagram: Option<u64>, share: u32) {
        self.loss.update(now.millis());
        self.last_send = now.millis();
        if let Some(fast) = &mut self.recovery.fast {
            let limits = [share, self.incoming_bandwidth];
            let limit = limits.into_iter().filter(|&limit| limit != 0).min();
            fast.left(now, bytes, datagram, limit);
        }
        self.path_carries(now, bytes, datagram.is_some());
    }

    /// Source: `enet_protocol_check_outgoing_commands`, ENet 1.3.18 `protocol.c`. Returns whether a ping may follow: no
    /// command that wants an acknowledgement got as far as the datagram's limits.
    fn assemble_in_order(&mut self, now: Time, body: &mut Body<'_>) -> bool {
        let mut may_ping = true;
        let mut window_blocked = false;
        let mut control = self.queues.first(Queue::Control);
        let mut reliable = self.queues.first(Queue::Reliable);
        loop {
            let from_reliable = match (control, reliable) {
                (None, None) => break,
                (None, Some(_)) => true,
                (Some(_), None) => false,
                (Some(control), Some(reliable)) => Millis(self.queues.get(reliable).stamp)
                    .before(Millis(self.queues.get(control).stamp)),
            };
            let cursor = if from_reliable {
                &mut reliable
            } else {
                &mut control
            };
            let key = cursor.expect("the match above saw it");
            *cursor = self.queues.next(key);
            let item = self.queues.get(key);
            let (header, wire_len, is_first) = (item.header, item.wire_len(), item.attempts == 0);
            let reliable_len =
                (header.acknowledge && item.has_packet()).then_some(item.payload.len());
            if header.acknowledge {
                if self.channels.contains(header.channel_id) {
                    if window_blocked {
                        continue;
                    }
                    if is_first && !self.may_open_window(header) {
                        (window_blocked, reliable) = (true, None);
                        continue;
                    }
                }
                if reliable_len.is_some_and(|len| !self.vanilla_may_transmit(len)) {
                    reliable = None;
                    continue;
                }
                may_ping = false;
            }
            if !body.fits(wire_len, self.mtu) {
                self.more = true;
                break;
            }
            if header.acknowledge {
                self.transmitted(key, now, 0);
                let item = self.queues.get(key);
                body.append(header, &item.command, &item.payload);
                body.wants_sent_time = true;
            } else {
                if self.throttled(key, &mut control) {
                    continue;
                }
                let item = self.queues.get(key);
                body.append(header, &item.command, &item.payload);
                self.queues.remove(key);
            }
            self.loss.sent = self.loss.sent.wrapping_add(1);
        }
        may_ping
    }

    fn may_open_window(&mut self, header: CommandHeader) -> bool {
        self.channels
            .used(header.channel_id)
            .is_none_or(|channel| channel.may_open_window(header.number))
    }

    /// Asks the throttle about an unreliable packet and, if it must go, drops it with the rest of its fragments.
    /// `next` is what follows it in the queue.
    pub(super) fn throttled(&mut self, key: Key, next: &mut Option<Key>) -> bool {
        let item = self.queues.get(key);
        if !item.begins_unreliable_packet() {
            return false;
        }
        let Some(cause) = self.throttle.drops_next() else {
            return false;
        };
        let Some(unreliable) = UnreliableName::of(&item.header, &item.command) else {
            return false;
        };
        self.queues.remove(key);
        let count = match cause {
            ThrottleCause::RoundTrip => &mut self.dropped_by_throttle,
            ThrottleCause::Bandwidth => &mut self.dropped_by_bandwidth,
        };
        *count = count.wrapping_add(1);
        while let Some(key) = *next {
            let item = self.queues.get(key);
            let follower = UnreliableName::of(&item.header, &item.command);
            if !follower.is_some_and(|follower| follower.follows(&unreliable, self.vanilla_quirks))
            {
                break;
            }
            *next = self.queues.next(key);
            self.queues.remove(key);
        }
        true
    }
}

/// What the throttle knows an unreliable packet by.
struct UnreliableName {
    channel_id: u8,
    epoch: u16,
    number: u16,
    fragmented: bool,
}

impl UnreliableName {
    fn of(header: &CommandHeader, command: &Command) -> Option<Self> {
        if header.acknowledge {
            return None;
        }
        let (number, fragmented) = match *command {
            Command::SendUnreliable { number, .. } => (number, false),
            Command::SendUnsequenced { .. } => (0, false),
            Command::SendUnreliableFragment(Fragment { start, .. }) => (start, true),
            _ => return None,
        };
        Some(Self {
            channel_id: header.channel_id,
            epoch: header.number,
            number,
            fragmented,
        })
    }

    /// Whether this is a further fragment of `first`. ENet compares the numbers alone, so that all unsequenced packets
    /// in a row are one to it.
    fn follows(&self, first: &Self, vanilla_quirks: bool) -> bool {
        let same_numbers = (self.epoch, self.number) == (first.epoch, first.number);
        same_numbers
            && (vanilla_quirks
                || (self.fragmented && first.fragmented && self.channel_id == first.channel_id))
    }
}
