//! [`Incoming`]: the receiving side of a channel.
//!
//! Reliable commands are delivered in order and wait here while one before them is missing. Unreliable ones belong to
//! an epoch, the reliable command they were sent behind: they wait until the reliable stream gets there, are
//! delivered in order of their number within it, and die with it.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use bytes::Bytes;

use super::Range;
use super::reassembly::Reassembly;
use crate::consts::PROTOCOL_MAXIMUM_FRAGMENT_COUNT;
use crate::host::DropCause;
use crate::packet::{Packet, PacketFlags};
use crate::peer::Received;
use crate::wire::Fragment;

/// Bytes of the waiting-data limit that a packet is worth at least, however small it is.
const LEAST_COST: usize = 64;

/// The command is void and not acknowledged; so is the rest of its datagram, unless the cause is [`DropCause::Memory`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Abort(pub(crate) DropCause);

impl Abort {
    /// A command that breaks a rule.
    pub(crate) const UNACCEPTABLE: Self = Self(DropCause::Unacceptable);
}

/// What is buffered in channels until its turn comes.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) bytes: usize,
    packets: usize,
}

impl Held {
    const fn put(&mut self, len: usize) {
        self.bytes += len;
        self.packets += 1;
    }

    const fn take(&mut self, len: usize) {
        self.bytes = self.bytes.saturating_sub(len);
        self.packets = self.packets.saturating_sub(1);
    }
}

/// Bytes that a peer may have waiting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    pub(crate) limit: usize,
    /// With what is next in line, of which one packet may go over the limit.
    pub(crate) of_next: usize,
}

/// What a channel needs of its peer to take something in.
pub(crate) struct Intake<'a> {
    /// Bytes buffered for the peer and not yet handed out.
    pub(crate) waiting: &'a mut usize,
    /// What of that cannot be handed out yet.
    pub(crate) held: &'a mut Held,
    /// Events of the peer that the application has not taken, besides those in `ready`.
    pub(crate) unreleased: usize,
    /// Packets that are ready for the application.
    pub(crate) ready: &'a mut VecDeque<Received>,
    pub(crate) channel_id: u8,
    /// Whether new packets are wanted; false once we are leaving.
    pub(crate) open: bool,
    pub(crate) allowance: Allowance,
    pub(crate) maximum_packet_size: usize,
    pub(crate) vanilla_quirks: bool,
}

impl Intake<'_> {
    /// Counts a packet of `len` bytes as waiting, unless the limit is reached. ENet's test precedes the addition.
    ///
    /// What is `next` in line is refused only for what the application has not taken: what waits for this very packet
    /// must not keep it out, or the connection would stand still for good. Everything else must fit.
    pub(crate) fn charge(&mut self, len: usize, next: bool) -> Result<(), Abort> {
        let refused = if self.vanilla_quirks {
            *self.waiting >= self.allowance.limit
        } else {
            self.is_crowded(next) || self.is_filled(len, next)
        };
        if refused {
            return Err(Abort(DropCause::Memory));
        }
        *self.waiting += len;
        self.held.put(len);
        Ok(())
    }

    /// Whether there are too many packets: they cost memory also when they are empty.
    fn is_crowded(&self, next: bool) -> bool {
        let held = if next { 0 } else { self.held.packets };
        let most = (self.allowance.limit / LEAST_COST).max(1);
        self.unreleased + self.ready.len() + held >= most
    }

    /// Whether there are too many bytes for `len` more.
    const fn is_filled(&self, len: usize, next: bool) -> bool {
        let Allowance { limit, of_next } = self.allowance;
        if next {
            // It is bounded too: there is a next one in each of 255 channels.
            self.waiting.saturating_sub(self.held.bytes) >= limit
                || self.waiting.saturating_add(len) > of_next
        } else {
            self.waiting.saturating_add(len) > limit
        }
    }

    /// Takes back the charge of something that will not be delivered.
    fn discard(&mut self, len: usize) {
        if !self.vanilla_quirks {
            *self.waiting = self.waiting.saturating_sub(len);
            self.held.take(len);
        }
    }

    /// Hands over a packet that was charged.
    pub(crate) fn deliver(&mut self, data: Bytes, flags: PacketFlags) {
        if self.open {
            self.held.take(data.len());
            self.ready.push_back(Received {
                channel_id: self.channel_id,
                packet: Packet::new(data, flags),
            });
        } else {
            self.discard(data.len());
        }
    }
}

/// Something buffered for its turn.
#[derive(Debug)]
enum Pending {
    Whole(Bytes),
    Fragments(Reassembly),
}

impl Pending {
    const fn is_complete(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Fragments(reassembly) => reassembly.is_complete(),
        }
    }

    /// Bytes it is charged as.
    const fn charge(&self) -> usize {
        match self {
            Self::Whole(data) => data.len(),
            Self::Fragments(reassembly) => reassembly.total(),
        }
    }

    fn into_data(self) -> Bytes {
        match self {
            Self::Whole(data) => data,
            Self::Fragments(reassembly) => reassembly.into_message(),
        }
    }
}

/// Place in the unreliable order: epoch as a position, then number.
type UnreliableKey = (u64, u16);

/// Receiving side of a channel. Sequence numbers are turned into positions, which never wrap, by their distance
/// from the last one delivered.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// Position of the last reliable command delivered; its low 16 bits are its number.
    base: u64,
    /// Last unreliable number delivered in the current epoch.
    last_unreliable: u16,
    reliable: BTreeMap<u64, Pending>,
    unreliable: BTreeMap<UnreliableKey, Pending>,
}

impl Incoming {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number is the low 16 bits of a position"
    )]
    const fn base_number(&self) -> u16 {
        self.base as u16
    }

    pub(super) const fn range_of(&self, number: u16) -> Range {
        Range::of(number, self.base_number())
    }

    /// The position of `number`, if it may be taken in.
    fn position(&self, number: u16) -> Option<u64> {
        (self.range_of(number) == Range::Acceptable)
            .then(|| self.base + u64::from(number.wrapping_sub(self.base_number())))
    }

    /// SEND_RELIABLE.
    pub(crate) fn reliable(
        &mut self,
        number: u16,
        payload: &[u8],
        mut intake: Intake<'_>,
    ) -> Result<(), Abort> {
        let Some(position) = self.position(number) else {
            return Ok(());
        };
        if !intake.open || position == self.base || self.reliable.contains_key(&position) {
            return Ok(());
        }
        let is_next = position == self.base + 1;
        intake.charge(payload.len(), is_next)?;
        let data = Bytes::copy_from_slice(payload);
        if is_next {
            // The usual case: it need not be put by.
            self.base = position;
            intake.deliver(data, PacketFlags::RELIABLE);
            self.reliable_delivered(&mut intake);
        } else {
            self.reliable.insert(position, Pending::Whole(data));
        }
        Ok(())
    }

    /// SEND_FRAGMENT.
    pub(crate) fn fragment(
        &mut self,
        fragment: &Fragment,
        payload: &[u8],
        mut intake: Intake<'_>,
    ) -> Result<(), Abort> {
        if fragment.len == 0 {
            return Err(Abort::UNACCEPTABLE);
        }
        let Some(position) = self.position(fragment.start) else {
            return Ok(());
        };
        if fragment.total < fragment.count {
            return Err(Abort::UNACCEPTABLE);
        }
        check_geometry(fragment, intake.maximum_packet_size)?;
        let reassembly = match self.reliable.get_mut(&position) {
            Some(Pending::Fragments(reassembly)) if reassembly.matches(fragment) => reassembly,
            Some(_) => return Err(Abort::UNACCEPTABLE),
            None => {
                if position == self.base || !intake.open {
                    return Err(Abort::UNACCEPTABLE);
                }
                intake.charge(fragment.total as usize, position == self.base + 1)?;
                insert_reassembly(&mut self.reliable, position, fragment)
            }
        };
        reassembly.insert(fragment, payload);
        if reassembly.is_complete() {
            self.deliver_reliable(&mut intake);
        }
        Ok(())
    }

    /// SEND_UNRELIABLE.
    pub(crate) fn unreliable(
        &mut self,
        epoch: u16,
        number: u16,
        payload: &[u8],
        mut intake: Intake<'_>,
    ) -> Result<(), Abort> {
        let Some(key) = self.unreliable_key(epoch, number) else {
            return Ok(());
        };
        if !intake.open || self.unreliable.contains_key(&key) {
            return Ok(());
        }
        intake.charge(payload.len(), false)?;
        let data = Bytes::copy_from_slice(payload);
        if key.0 == self.base && self.unreliable.is_empty() {
            // The usual case: it need not be put by.
            self.last_unreliable = number;
            intake.deliver(data, PacketFlags::NONE);
            return Ok(());
        }
        self.unreliable.insert(key, Pending::Whole(data));
        self.release_unreliable(Some(key), &mut intake);
        Ok(())
    }

    /// SEND_UNRELIABLE_FRAGMENT.
    pub(crate) fn unreliable_fragment(
        &mut self,
        epoch: u16,
        fragment: &Fragment,
        payload: &[u8],
        mut intake: Intake<'_>,
    ) -> Result<(), Abort> {
        let Some(key) = self.unreliable_key(epoch, fragment.start) else {
            return Ok(());
        };
        if !intake.vanilla_quirks && (fragment.len == 0 || fragment.total < fragment.count) {
            return Err(Abort::UNACCEPTABLE);
        }
        check_geometry(fragment, intake.maximum_packet_size)?;
        match self.unreliable.get(&key) {
            Some(Pending::Fragments(reassembly)) if reassembly.matches(fragment) => {}
            Some(_) => return Err(Abort::UNACCEPTABLE),
            None => {
                if !intake.open {
                    return Err(Abort::UNACCEPTABLE);
                }
                intake.charge(fragment.total as usize, false)?;
                insert_reassembly(&mut self.unreliable, key, fragment);
                self.release_unreliable(Some(key), &mut intake);
            }
        }
        if let Some(Pending::Fragments(reassembly)) = self.unreliable.get_mut(&key) {
            reassembly.insert(fragment, payload);
            if reassembly.is_complete() {
                self.release_unreliable(None, &mut intake);
            }
        }
        Ok(())
    }

    /// The place of an unreliable packet; `None` if its time is over or too far off.
    fn unreliable_key(&self, epoch: u16, number: u16) -> Option<UnreliableKey> {
        let epoch = self.position(epoch)?;
        (epoch != self.base || number > self.last_unreliable).then_some((epoch, number))
    }

    /// Delivers what has become next in line.
    fn deliver_reliable(&mut self, intake: &mut Intake<'_>) {
        let before = self.base;
        self.deliver_in_order(intake);
        if self.base != before {
            self.begin_epoch(intake);
        }
    }

    /// Delivers what was waiting for the packet that was just delivered.
    fn reliable_delivered(&mut self, intake: &mut Intake<'_>) {
        self.deliver_in_order(intake);
        self.begin_epoch(intake);
    }

    /// Turns to the unreliable packets behind the last reliable one.
    fn begin_epoch(&mut self, intake: &mut Intake<'_>) {
        self.last_unreliable = 0;
        self.release_unreliable(None, intake);
    }

    fn deliver_in_order(&mut self, intake: &mut Intake<'_>) {
        while let Some(first) = self.reliable.first_entry() {
            let position = *first.key();
            if position <= self.base {
                // Numbered inside a message that was just delivered: nobody can want it, and it must not block.
                intake.discard(first.remove().charge());
                continue;
            }
            if position != self.base + 1 || !first.get().is_complete() {
                break;
            }
            let pending = first.remove();
            self.base = position;
            if let Pending::Fragments(reassembly) = &pending {
                self.base += u64::from(reassembly.count()) - 1;
            }
            intake.deliver(pending.into_data(), PacketFlags::RELIABLE);
        }
    }

    /// Delivers the unreliable packets whose epoch runs and drops what they overtook, and what belongs to past epochs.
    /// Of the messages that are still incomplete the two newest stay when nothing overtook them. `arrived` is spared.
    ///
    /// Source: `enet_peer_dispatch_incoming_unreliable_commands`, ENet 1.3.18 `peer.c`.
    fn release_unreliable(&mut self, arrived: Option<UnreliableKey>, intake: &mut Intake<'_>) {
        let Some((&head, _)) = self.unreliable.first_key_value() else {
            return;
        };
        let (mut delivered, mut run) = (Vec::new(), Vec::new());
        let (mut cut, mut previous) = (Some(head), head);
        let mut end = None;
        let mut entries = self.unreliable.iter().peekable();
        while let Some((&key, pending)) = entries.next() {
            if key.0 > self.base {
                end = Some(key);
                break;
            }
            if key.0 == self.base && pending.is_complete() {
                self.last_unreliable = key.1;
                run.push(key);
                continue;
            }
            if key.0 < self.base {
                cut = entries.peek().map(|&(next, _)| *next);
            } else if !run.is_empty() {
                cut = Some(key);
            } else if cut != Some(key) {
                cut = Some(previous);
            }
            delivered.append(&mut run);
            previous = key;
        }
        if !run.is_empty() {
            delivered.append(&mut run);
            cut = end;
        }
        for key in delivered {
            let pending = self.unreliable.remove(&key).expect("the walk above met it");
            let flags = match pending {
                Pending::Whole(_) => PacketFlags::NONE,
                Pending::Fragments(_) => PacketFlags::UNRELIABLE_FRAGMENT,
            };
            intake.deliver(pending.into_data(), flags);
        }
        self.drop_unreliable_before(cut, arrived, intake);
    }

    /// Drops all unreliable entries before `cut`, `None` meaning all, except `spared`.
    fn drop_unreliable_before(
        &mut self,
        cut: Option<UnreliableKey>,
        spared: Option<UnreliableKey>,
        intake: &mut Intake<'_>,
    ) {
        let kept = match cut {
            Some(cut) => self.unreliable.split_off(&cut),
            None => BTreeMap::new(),
        };
        for (key, pending) in std::mem::replace(&mut self.unreliable, kept) {
            if Some(key) == spared {
                self.unreliable.insert(key, pending);
            } else {
                intake.discard(pending.charge());
            }
        }
    }
}

/// Checks that the fragment lies inside a message we would take.
fn check_geometry(fragment: &Fragment, maximum_packet_size: usize) -> Result<(), Abort> {
    let inside = fragment.count <= PROTOCOL_MAXIMUM_FRAGMENT_COUNT
        && fragment.number < fragment.count
        && fragment.total as usize <= maximum_packet_size
        && fragment.offset < fragment.total
        && u32::from(fragment.len) <= fragment.total - fragment.offset;
    if inside {
        Ok(())
    } else {
        Err(Abort::UNACCEPTABLE)
    }
}

fn insert_reassembly<'a, K: Ord>(
    pending: &'a mut BTreeMap<K, Pending>,
    key: K,
    fragment: &Fragment,
) -> &'a mut Reassembly {
    let entry = pending
        .entry(key)
        .insert_entry(Pending::Fragments(Reassembly::new(fragment)));
    match entry.into_mut() {
        Pending::Fragments(reassembly) => reassembly,
        Pending::Whole(_) => unreachable!("it was inserted as fragments on the line above"),
    }
}
