//! [`OutgoingQueues`]: every command a peer has queued or awaits an acknowledgement for.
//!
//! The commands sit in one slab and are strung into lists, so moving one between "queued" and "sent", or removing one
//! from the middle when its acknowledgement comes, costs the same however many there are.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::time::Time;
use crate::wire::{Command, CommandHeader};

/// How many commands a merge looks at, so that none costs more when more are to be sent again.
const MOST_PASSED: usize = 256;

/// A command on its way out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) header: CommandHeader,
    pub(crate) command: Command,
    /// Shared with the packet, and with its other fragments.
    pub(crate) payload: Bytes,
    /// Place in the host's order of calls; kept across retransmissions.
    pub(crate) stamp: u32,
    /// Transmissions so far, redundant copies aside.
    pub(crate) attempts: u32,
    /// The last of those.
    pub(crate) last: Transmission,
    /// How many redundant copies rode along since the last transmission, and the last of them if there is one.
    pub(crate) copies: u8,
    last_copy: Transmission,
    /// Whether a transmission of it was declared lost.
    pub(crate) declared_lost: bool,
    /// This command's own retransmission timeout in ms, fixed at its first transmission; doubles. ENet's strategy only.
    pub(crate) timeout: u32,
}

/// One departure of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Transmission {
    pub(crate) at: Time,
    /// Number of the datagram in the [`Ledger`](super::recovery::Ledger); 0 where none is kept.
    pub(crate) datagram: u64,
}

impl Transmission {
    /// Whether an acknowledgement with this echo speaks of this departure.
    pub(crate) const fn is_echoed_by(self, echo: u16) -> bool {
        self.at.millis().sent_time() == echo
    }
}

impl Outgoing {
    /// A command that was not sent yet.
    pub(crate) fn new(header: CommandHeader, command: Command, payload: Bytes, stamp: u32) -> Self {
        Self {
            header,
            command,
            payload,
            stamp,
            attempts: 0,
            last: Transmission::default(),
            copies: 0,
            last_copy: Transmission::default(),
            declared_lost: false,
            timeout: 0,
        }
    }

    /// Books a transmission.
    pub(crate) const fn transmitted(&mut self, transmission: Transmission) {
        self.last = transmission;
        self.attempts += 1;
        self.copies = 0;
    }

    /// Books a redundant copy that rides along.
    pub(crate) const fn copied(&mut self, copy: Transmission) {
        self.last_copy = copy;
        self.copies += 1;
    }

    /// The last transmission, and the last redundant copy since then.
    pub(crate) fn departures(&self) -> impl Iterator<Item = Transmission> {
        let copy = (self.copies > 0).then_some(self.last_copy);
        std::iter::once(self.last).chain(copy)
    }

    /// Whether a packet stands behind the command, even an empty one.
    pub(crate) const fn has_packet(&self) -> bool {
        self.command.payload_len().is_some()
    }

    /// Whether it is an unreliable packet, or the first fragment of one.
    pub(crate) const fn begins_unreliable_packet(&self) -> bool {
        !self.header.acknowledge
            && match &self.command {
                Command::SendUnreliable { .. } | Command::SendUnsequenced { .. } => true,
                Command::SendUnreliableFragment(fragment) => fragment.offset == 0,
                _ => false,
            }
    }

    /// Bytes the command takes in a datagram.
    pub(crate) fn wire_len(&self) -> usize {
        self.command.kind().size() + self.payload.len()
    }
}

/// Name of a command in the slab; invalid once it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(u32);

impl Key {
    const NONE: Self = Self(u32::MAX);

    fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }

    const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which list a command is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Everything without a packet, and unreliable packets.
    Control,
    /// Reliable commands with a packet.
    Reliable,
    /// Sent at least once, awaiting the acknowledgement; in order of sending.
    Sent,
    /// Reliable commands with a packet, never sent yet, a list for each channel; the fast strategy only, where
    /// [`Reliable`](Self::Reliable) holds what is to be sent again.
    Backlog,
}

/// The commands of one channel that were never sent.
#[derive(Debug)]
struct ChannelBacklog {
    channel_id: u8,
    list: List,
    /// Bytes the channel was served, counted from what the others had when its backlog began.
    served: u64,
}

#[derive(Debug, Clone, Copy)]
struct List {
    head: Key,
    tail: Key,
}

impl List {
    const EMPTY: Self = Self {
        head: Key::NONE,
        tail: Key::NONE,
    };
}

#[derive(Debug)]
struct Node {
    /// `None` marks a free node, whose `next` is the next free one.
    item: Option<Outgoing>,
    queue: Queue,
    previous: Key,
    next: Key,
}

/// The lists of one peer.
#[derive(Debug)]
pub(crate) struct OutgoingQueues {
    nodes: Vec<Node>,
    free: Key,
    len: usize,
    lists: [List; 3],
    /// Channels with a backlog.
    backlogs: Vec<ChannelBacklog>,
    /// What the channel served last had been served before: where a new backlog begins.
    virtual_time: u64,
}

impl Default for OutgoingQueues {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            free: Key::NONE,
            len: 0,
            lists: [List::EMPTY; 3],
            backlogs: Vec::new(),
            virtual_time: 0,
        }
    }
}

impl OutgoingQueues {
    /// Appends `item` to `queue`. Inlined, as the fields of a command then go to their place without a stop.
    #[inline(always)]
    pub(crate) fn push(&mut self, queue: Queue, item: Outgoing) -> Key {
        let channel_id = item.header.channel_id;
        let tail = self.list(queue, channel_id).tail;
        let node = Node {
            item: Some(item),
            queue,
            previous: tail,
            next: Key::NONE,
        };
        let key = match self.free.some() {
            Some(key) => {
                let free = &mut self.nodes[key.index()];
                self.free = free.next;
                *free = node;
                key
            }
            None => {
                let key =
                    Key(u32::try_from(self.nodes.len()).expect("memory ends before 2^32 commands"));
                self.nodes.push(node);
                key
            }
        };
        self.len += 1;
        match tail.some() {
            Some(tail) => self.nodes[tail.index()].next = key,
            None => self.list(queue, channel_id).head = key,
        }
        self.list(queue, channel_id).tail = key;
        key
    }

    /// Commands in all lists.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Takes the command out and drops it.
    pub(crate) fn remove(&mut self, key: Key) {
        self.unlink(key);
        self.len -= 1;
        let node = &mut self.nodes[key.index()];
        node.next = self.free;
        self.free = key;
        node.item = None;
    }

    /// Moves the command to the end of `queue`.
    pub(crate) fn move_to_back(&mut self, key: Key, queue: Queue) {
        self.unlink(key);
        self.link_back(queue, key);
    }

    /// Moves the commands to the front of `queue`, keeping their order.
    pub(crate) fn move_to_front(&mut self, keys: &[Key], queue: Queue) {
        for &key in keys.iter().rev() {
            self.unlink(key);
            self.link_front(queue, key);
        }
    }

    /// Moves the commands, which are sorted by `order`, to where they belong in `queue`; to its end, if that is not
    /// among the first. What is there may be out of order, as `order` may change: then they come near.
    pub(crate) fn merge<O: Ord>(
        &mut self,
        keys: &[Key],
        queue: Queue,
        order: impl Fn(&Outgoing) -> O,
    ) {
        let Some(&first) = keys.first() else { return };
        let is_before =
            |queues: &Self, one, other| order(queues.get(one)) < order(queues.get(other));
        // Most often all of them belong behind what is there.
        let tail = self.lists[queue as usize].tail.some();
        let is_last = tail.is_some_and(|tail| !is_before(self, first, tail));
        let mut behind = self.first(queue).filter(|_| !is_last);
        let mut passed = 0;
        for &key in keys {
            while let Some(other) = behind
                && !is_before(self, key, other)
            {
                passed += 1;
                behind = self.next(other).filter(|_| passed < MOST_PASSED);
            }
            self.unlink(key);
            let previous = match behind {
                Some(behind) => self.nodes[behind.index()].previous,
                None => self.lists[queue as usize].tail,
            };
            self.place(queue, key, previous, behind.unwrap_or(Key::NONE));
        }
    }

    /// What is in `queue`, from the first on.
    pub(crate) fn iter(&self, queue: Queue) -> impl Iterator<Item = (Key, &Outgoing)> {
        std::iter::successors(self.first(queue), |&key| self.next(key))
            .map(|key| (key, self.get(key)))
    }

    /// The command.
    pub(crate) fn get(&self, key: Key) -> &Outgoing {
        self.nodes[key.index()]
            .item
            .as_ref()
            .expect("a key is used no more once its command is removed")
    }

    /// The command, to change.
    pub(crate) fn get_mut(&mut self, key: Key) -> &mut Outgoing {
        self.nodes[key.index()]
            .item
            .as_mut()
            .expect("a key is used no more once its command is removed")
    }

    /// The list the command is in.
    pub(crate) fn queue_of(&self, key: Key) -> Queue {
        self.nodes[key.index()].queue
    }

    /// First of `queue`; of a backlog, see [`backlog_heads`](Self::backlog_heads).
    pub(crate) fn first(&self, queue: Queue) -> Option<Key> {
        debug_assert_ne!(
            queue,
            Queue::Backlog,
            "each channel has a backlog of its own"
        );
        self.lists[queue as usize].head.some()
    }

    /// The first of each channel's backlog, with the bytes the channel was served.
    pub(crate) fn backlog_heads(&self) -> impl Iterator<Item = (u64, Key)> {
        self.backlogs
            .iter()
            .map(|backlog| (backlog.served, backlog.list.head))
    }

    /// Whether any channel has a backlog.
    pub(crate) const fn has_backlog(&self) -> bool {
        !self.backlogs.is_empty()
    }

    /// Books that the first command of its channel's backlog is about to leave.
    pub(crate) fn serve(&mut self, key: Key) {
        let (channel_id, len) = (self.get(key).header.channel_id, self.get(key).wire_len());
        if let Some(backlog) = self
            .backlogs
            .iter_mut()
            .find(|backlog| backlog.channel_id == channel_id)
        {
            self.virtual_time = backlog.served;
            backlog.served += len as u64;
        }
    }

    /// The one behind `key` in its list.
    pub(crate) fn next(&self, key: Key) -> Option<Key> {
        self.nodes[key.index()].next.some()
    }

    /// Whether `queue` holds nothing.
    pub(crate) fn is_empty(&self, queue: Queue) -> bool {
        self.first(queue).is_none()
    }

    /// Whether all lists are empty.
    pub(crate) const fn all_empty(&self) -> bool {
        self.len == 0
    }

    /// Drops every command and the memory they took.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn link_back(&mut self, queue: Queue, key: Key) {
        let channel_id = self.get(key).header.channel_id;
        let tail = self.list(queue, channel_id).tail;
        self.place(queue, key, tail, Key::NONE);
    }

    fn link_front(&mut self, queue: Queue, key: Key) {
        let channel_id = self.get(key).header.channel_id;
        let head = self.list(queue, channel_id).head;
        self.place(queue, key, Key::NONE, head);
    }

    fn place(&mut self, queue: Queue, key: Key, previous: Key, next: Key) {
        let channel_id = self.get(key).header.channel_id;
        let node = &mut self.nodes[key.index()];
        (node.queue, node.previous, node.next) = (queue, previous, next);
        match previous.some() {
            Some(previous) => self.nodes[previous.index()].next = key,
            None => self.list(queue, channel_id).head = key,
        }
        match next.some() {
            Some(next) => self.nodes[next.index()].previous = key,
            None => self.list(queue, channel_id).tail = key,
        }
    }

    fn unlink(&mut self, key: Key) {
        let channel_id = self.get(key).header.channel_id;
        let Node {
            queue,
            previous,
            next,
            ..
        } = self.nodes[key.index()];
        match previous.some() {
            Some(previous) => self.nodes[previous.index()].next = next,
            None => self.list(queue, channel_id).head = next,
        }
        match next.some() {
            Some(next) => self.nodes[next.index()].previous = previous,
            None => self.list(queue, channel_id).tail = previous,
        }
        let was_alone = previous == Key::NONE && next == Key::NONE;
        if was_alone && queue == Queue::Backlog {
            self.backlogs
                .retain(|backlog| backlog.list.head != Key::NONE);
        }
    }

    /// The list that `queue` keeps the commands of this channel in.
    fn list(&mut self, queue: Queue, channel_id: u8) -> &mut List {
        if queue != Queue::Backlog {
            return &mut self.lists[queue as usize];
        }
        let known = self
            .backlogs
            .iter()
            .position(|backlog| backlog.channel_id == channel_id);
        let index = known.unwrap_or_else(|| {
            self.backlogs.push(ChannelBacklog {
                channel_id,
                list: List::EMPTY,
                served: self.virtual_time,
            });
            self.backlogs.len() - 1
        });
        &mut self.backlogs[index].list
    }
}

/// Finds the unacknowledged commands of one channel by their numbers.
///
/// Numbers are given out one by one, so the index is a ring that starts at the oldest number not yet acknowledged.
#[derive(Debug, Default)]
pub(crate) struct NumberIndex {
    first: u16,
    keys: VecDeque<Key>,
}

impl NumberIndex {
    /// Enters the command that got `number`, the successor of the number entered before it.
    pub(crate) fn insert(&mut self, number: u16, key: Key) {
        if self.keys.is_empty() {
            self.first = number;
        }
        debug_assert_eq!(
            usize::from(number.wrapping_sub(self.first)),
            self.keys.len() & 0xFFFF
        );
        self.keys.push_back(key);
    }

    /// Leaves out the number after the last: nobody will ask for it.
    pub(crate) fn skip(&mut self) {
        if !self.keys.is_empty() {
            self.keys.push_back(Key::NONE);
        }
    }

    /// The command with `number`; the older one if two numbers 65536 apart wait.
    pub(crate) fn get(&self, number: u16) -> Option<Key> {
        self.keys
            .get(usize::from(number.wrapping_sub(self.first)))
            .and_then(|key| key.some())
    }

    /// The command with the lowest number, and that number.
    pub(crate) fn oldest(&self) -> Option<(u16, Key)> {
        self.keys.front().map(|&key| (self.first, key))
    }

    /// Forgets the command with `number`.
    pub(crate) fn remove(&mut self, number: u16) {
        if let Some(key) = self
            .keys
            .get_mut(usize::from(number.wrapping_sub(self.first)))
        {
            *key = Key::NONE;
        }
        while self.keys.front() == Some(&Key::NONE) {
            self.keys.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(stamp: u32) -> Outgoing {
        Outgoing::new(CommandHeader::CONTROL, Command::Ping, Bytes::new(), stamp)
    }

    fn stamps(queues: &OutgoingQueues, queue: Queue) -> Vec<u32> {
        std::iter::successors(queues.first(queue), |&key| queues.next(key))
            .map(|key| queues.get(key).stamp)
            .collect()
    }

    #[test]
    fn what_is_merged_comes_to_its_place() {
        let mut queues = OutgoingQueues::default();
        for stamp in [2, 4, 6] {
            queues.push(Queue::Reliable, command(stamp));
        }
        let mut merge = |stamps: &[u32]| {
            let sent: Vec<_> = stamps
                .iter()
                .map(|&stamp| queues.push(Queue::Sent, command(stamp)))
                .collect();
            queues.merge(&sent, Queue::Reliable, |item| item.stamp);
            assert!(queues.is_empty(Queue::Sent));
            self::stamps(&queues, Queue::Reliable)
        };
        assert_eq!(merge(&[1, 3, 4, 7]), [1, 2, 3, 4, 4, 6, 7]);
        assert_eq!(merge(&[8, 9]), [1, 2, 3, 4, 4, 6, 7, 8, 9]);
        assert_eq!(merge(&[]).len(), 9);
        assert_eq!(merge(&[0]).first(), Some(&0));
    }

    #[test]
    fn a_merge_looks_at_the_first_commands_alone() {
        let mut queues = OutgoingQueues::default();
        for stamp in 0..1000 {
            queues.push(Queue::Reliable, command(stamp));
        }
        let sent = [100, 500].map(|stamp| queues.push(Queue::Sent, command(stamp)));
        let looks = std::cell::Cell::new(0);
        queues.merge(&sent, Queue::Reliable, |item| {
            looks.set(looks.get() + 1);
            item.stamp
        });
        assert!(looks.get() <= 2 * MOST_PASSED + 8, "{}", looks.get());
        let merged = stamps(&queues, Queue::Reliable);
        assert_eq!(merged[100..103], [100, 100, 101]);
        assert_eq!(merged.last(), Some(&500));
    }

    #[test]
    fn a_queued_command_moves_without_a_call() {
        // Beyond 128 bytes the compiler calls the C library for each move.
        assert!(size_of::<Node>() <= 128, "{} bytes", size_of::<Node>());
    }

    #[test]
    fn commands_move_between_lists_and_leave_from_the_middle() {
        let mut queues = OutgoingQueues::default();
        let keys: Vec<Key> = (0..5)
            .map(|stamp| queues.push(Queue::Reliable, command(stamp)))
            .collect();
        queues.move_to_back(keys[1], Queue::Sent);
        queues.move_to_back(keys[3], Queue::Sent);
        assert_eq!(
            (
                stamps(&queues, Queue::Reliable),
                stamps(&queues, Queue::Sent)
            ),
            (vec![0, 2, 4], vec![1, 3])
        );
        queues.move_to_front(&[keys[1], keys[3]], Queue::Reliable);
        assert_eq!(stamps(&queues, Queue::Reliable), [1, 3, 0, 2, 4]);
        assert!(queues.is_empty(Queue::Sent));
        queues.remove(keys[0]);
        assert_eq!(
            queues.push(Queue::Control, command(9)),
            keys[0],
            "the free node is used again"
        );
        assert_eq!(stamps(&queues, Queue::Reliable), [1, 3, 2, 4]);
        assert_eq!(stamps(&queues, Queue::Control), [9]);
    }

    #[test]
    fn channels_with_a_backlog_are_served_by_turns_and_a_new_one_gains_nothing_by_waiting() {
        let mut queues = OutgoingQueues::default();
        let on_channel = |channel_id, stamp| {
            let mut item = command(stamp);
            item.header.channel_id = channel_id;
            item
        };
        let next = |queues: &mut OutgoingQueues| {
            let (_, key) = queues
                .backlog_heads()
                .min_by_key(|&(served, _)| served)
                .expect("something waits");
            queues.serve(key);
            let served = queues.get(key).header.channel_id;
            queues.remove(key);
            served
        };
        for stamp in 0..10 {
            queues.push(Queue::Backlog, on_channel(0, stamp));
        }
        assert_eq!([0; 3].map(|_| next(&mut queues)), [0; 3]);
        for stamp in 10..15 {
            queues.push(Queue::Backlog, on_channel(1, stamp));
        }
        let served = [0; 8].map(|_| next(&mut queues));
        assert_eq!(served, [1, 0, 1, 0, 1, 0, 1, 0]);
        while queues.has_backlog() {
            next(&mut queues);
        }
        assert!(queues.all_empty());
    }

    #[test]
    fn numbers_are_found_across_their_wrap_and_forgotten_from_the_front() {
        let mut index = NumberIndex::default();
        for (number, key) in [(65534, 0), (65535, 1), (0, 2), (1, 3)] {
            index.insert(number, Key(key));
        }
        assert_eq!(
            (index.get(65535), index.get(1)),
            (Some(Key(1)), Some(Key(3)))
        );
        assert_eq!((index.get(65533), index.get(2)), (None, None));
        index.remove(65535);
        assert_eq!(
            (index.get(65535), index.keys.len()),
            (None, 4),
            "the oldest still waits"
        );
        index.remove(65534);
        assert_eq!((index.get(0), index.keys.len()), (Some(Key(2)), 2));
        index.remove(7);
        index.remove(0);
        index.remove(1);
        assert_eq!(index.keys.len(), 0);
    }
}
