//! The methods of [`Peer`] that look for the largest datagram the path carries; see [`PathMtu`](super::path_mtu).
//!
//! With ENet's own strategy there is no search: datagrams are as large as the MTU, as ENet's.

use std::time::Duration;

use super::assemble::Body;
use super::outgoing::Queue;
use super::path_mtu::PathMtu;
use super::{Peer, PeerState};
use crate::time::Time;
use crate::wire::{CONTROL_CHANNEL, Command, CommandHeader};

impl Peer {
    /// The largest datagram to send, in bytes.
    pub(crate) fn datagram_size(&self) -> u32 {
        self.path_mtu
            .as_ref()
            .map_or(self.mtu, |path| path.size(self.mtu))
    }

    /// Whether a datagram of `size` bytes, at most the MTU, may get through as it is.
    pub(super) fn path_may_carry(&self, size: usize) -> bool {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        self.path_mtu
            .as_ref()
            .is_none_or(|path| path.may_carry(size))
    }

    /// When the path is to be probed.
    pub(super) fn path_deadline(&self) -> Option<Time> {
        let path = self
            .path_mtu
            .as_ref()
            .filter(|_| self.state == PeerState::Connected)?;
        path.deadline(self.mtu)
    }

    /// Makes an empty `body` a probe, if it is time for one; otherwise another datagram follows for that.
    ///
    /// The PING stands in no queue: a lost one is not sent again, and says nothing of congestion.
    pub(super) fn assemble_probe(&mut self, now: Time, body: &mut Body<'_>) {
        if self.path_deadline().is_none_or(|due| now < due) {
            return;
        }
        if !body.is_empty() {
            self.more = true;
            return;
        }
        let Some(size) = self
            .path_mtu
            .as_mut()
            .and_then(|path| path.poll(now, self.mtu))
        else {
            return;
        };
        let number = self.probe_number();
        let patience = self
            .recovery
            .fast
            .as_ref()
            .map_or(Duration::ZERO, |fast| 2 * fast.probe_timeout());
        if let Some(path) = &mut self.path_mtu {
            path.asked(now, number, size, patience);
        }
        let header = CommandHeader {
            number,
            ..CommandHeader::CONTROL
        };
        body.append(header, &Command::Ping, &[]);
        body.pad(size);
    }

    /// A number that no other command has. A probe that nobody answers leaves its number to the next one: a remote
    /// drops what is far ahead of the numbers it has seen.
    fn probe_number(&mut self) -> u16 {
        let last = self.path_mtu.as_ref().and_then(PathMtu::unanswered);
        if let Some(number) = last.filter(|&number| number == self.control_number) {
            return number;
        }
        self.unacknowledged_control.skip();
        self.next_control_number()
    }

    /// Books that a datagram of `bytes` leaves; `wants_answer`: something in it will be acknowledged.
    pub(super) fn path_carries(&mut self, now: Time, bytes: usize, wants_answer: bool) {
        if let Some(path) = &mut self.path_mtu {
            path.left(now, u32::try_from(bytes).unwrap_or(u32::MAX), wants_answer);
        }
    }

    /// Takes in an acknowledgement of command `number` that echoes the sent time `echo`, if it is a probe's.
    pub(super) fn probe_acknowledged(
        &mut self,
        now: Time,
        channel_id: u8,
        number: u16,
        echo: u16,
    ) -> bool {
        let Some(path) = self
            .path_mtu
            .as_mut()
            .filter(|_| channel_id == CONTROL_CHANNEL)
        else {
            return false;
        };
        let is_probe = path.answered(number, echo);
        if is_probe {
            path.acknowledged(now, 0);
        }
        is_probe
    }

    /// Whether a reliable command is too large for the path, and none of its kind got through for ENet's longest timeout.
    /// It keeps its size, so that it would be sent for ever, and its channel wait for it.
    pub(super) fn path_is_stuck(&mut self, now: Time) -> bool {
        let size = self.datagram_size() as usize;
        let patience = Duration::from_millis(self.recovery.timeout_maximum.into());
        let Some(path) = &mut self.path_mtu else {
            return false;
        };
        if path
            .stuck_since()
            .is_none_or(|since| now.saturating_since(since) < patience)
        {
            return false;
        }
        let queues = &self.queues;
        let is_stuck = [Queue::Sent, Queue::Reliable].into_iter().any(|queue| {
            std::iter::successors(queues.first(queue), |&key| queues.next(key))
                .any(|key| queues.get(key).wire_len() >= size)
        });
        if !is_stuck {
            path.got_through();
        }
        is_stuck
    }

    /// The system does not take a probe of `size` bytes.
    pub(crate) fn probe_refused(&mut self, size: u32) {
        if let Some(path) = &mut self.path_mtu {
            path.refused(size);
        }
    }
}
