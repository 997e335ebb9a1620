//! [`Ledger`]: what every call promised, held against every event the moment it comes.
//!
//! Connections are numbered; the number is the user data of the connect call and stands in every payload. A connection
//! has two ends, [`SERVER`] and [`CLIENT`], which index pairs of things.

use std::collections::{HashMap, HashSet};

use enet_proto::{DisconnectCause, Event, PeerId};

use crate::payload::{Name, Promise};

pub(crate) const SERVER: usize = 0;
pub(crate) const CLIENT: usize = 1;
/// Channels of every connection.
pub(crate) const CHANNELS: u8 = 3;

/// A host, from its start to its end: the node and how often it was started before.
pub(crate) type Life = (usize, u32);

/// Which connections there were and what each saw.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    connections: Vec<Connection>,
    /// The connection and its end that a peer of a host is.
    owners: HashMap<(Life, PeerId), (usize, usize)>,
}

/// One connection, or the attempt at one.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) began_micros: u64,
    pub(crate) client: Life,
    pub(crate) ends: [End; 2],
}

/// One end of a connection.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// Once it is known.
    pub(crate) peer: Option<(Life, PeerId)>,
    pub(crate) stage: Stage,
    /// What the application itself did to end it.
    pub(crate) leaving: Option<Leaving>,
    cause: Option<DisconnectCause>,
    /// What this end sent on each channel, and what the other end has seen of it.
    channels: [Channel; CHANNELS as usize],
}

/// How far an end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Stage {
    /// Nothing was reported.
    #[default]
    Attempt,
    /// Connect was reported.
    Open,
    /// Disconnect was reported, or the application left at once.
    Over,
    /// The host died with it.
    Crashed,
}

/// What a call of the application promises of events to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// None at all.
    AtOnce,
    /// A Disconnect.
    Asking,
    /// As asking, after everything reliable was delivered.
    Later,
}

#[derive(Debug, Default)]
struct Channel {
    sent: Vec<(Promise, u32)>,
    /// Indices of the reliable ones among `sent`.
    reliable: Vec<u32>,
    arrived: HashSet<u32>,
    /// How many of `reliable` have arrived.
    reliable_arrived: usize,
    /// The last that arrived of those whose order is promised.
    last_in_order: Option<u32>,
}

/// What calls add.
impl Ledger {
    /// A client begins a connection with `peer`; the answer is its number.
    pub(crate) fn begin(&mut self, now_micros: u64, client: Life) -> u32 {
        let number = u32::try_from(self.connections.len()).expect("few connections");
        self.connections.push(Connection {
            began_micros: now_micros,
            client,
            ends: [End::default(), End::default()],
        });
        number
    }

    /// Says which peer an end is.
    pub(crate) fn assign(&mut self, number: u32, end: usize, life: Life, peer: PeerId) {
        let known = &mut self.connections[number as usize].ends[end].peer;
        assert!(known.is_none(), "connection {number} was accepted twice");
        *known = Some((life, peer));
        self.owners.insert((life, peer), (number as usize, end));
    }

    /// The name of the next packet of `len` bytes from this end on this channel.
    pub(crate) fn next_name(&self, number: u32, sender: usize, channel_id: u8, len: u32) -> Name {
        let sent =
            &self.connections[number as usize].ends[sender].channels[channel_id as usize].sent;
        Name {
            connection: number,
            sender,
            channel_id,
            index: u32::try_from(sent.len()).expect("few packets"),
            len,
        }
    }

    /// The host accepted the packet with this name.
    pub(crate) fn sent(&mut self, name: Name, promise: Promise) {
        let end = &mut self.connections[name.connection as usize].ends[name.sender];
        let channel = &mut end.channels[usize::from(name.channel_id)];
        channel.sent.push((promise, name.len));
        if promise == Promise::Reliable {
            channel.reliable.push(name.index);
        }
    }

    /// The application ended the connection at this end.
    pub(crate) fn left(&mut self, number: u32, end: usize, leaving: Leaving) {
        let end = &mut self.connections[number as usize].ends[end];
        end.leaving = Some(leaving);
        if leaving == Leaving::AtOnce {
            end.stage = Stage::Over;
        }
    }

    /// A host died, with all its peers.
    pub(crate) fn crashed(&mut self, life: Life) {
        for connection in &mut self.connections {
            for end in &mut connection.ends {
                if end.peer.is_some_and(|(of, _)| of == life) && end.stage != Stage::Over {
                    end.stage = Stage::Crashed;
                }
            }
        }
    }
}

/// What events must satisfy.
impl Ledger {
    /// Holds an event of a host against what was promised.
    ///
    /// # Panics
    /// If a promise is broken.
    pub(crate) fn event(&mut self, life: Life, event: &Event) {
        match event {
            Event::Connect { peer, data } => self.connected(life, *peer, *data),
            Event::Disconnect { peer, cause, .. } => self.disconnected(life, *peer, *cause),
            Event::Receive {
                peer,
                channel_id,
                packet,
            } => self.received(life, *peer, *channel_id, packet.data()),
            other => panic!("an event without meaning here: {other:?}"),
        }
    }

    fn connected(&mut self, life: Life, peer: PeerId, data: u32) {
        if life.0 == SERVER {
            self.assign(data, SERVER, life, peer);
        }
        let (number, end) = self.owner(life, peer);
        let seen = &mut self.connections[number].ends[end];
        assert_eq!(
            (seen.stage, seen.leaving),
            (Stage::Attempt, None),
            "a Connect of connection {number} out of turn"
        );
        seen.stage = Stage::Open;
    }

    fn disconnected(&mut self, life: Life, peer: PeerId, cause: DisconnectCause) {
        let (number, end) = self.owner(life, peer);
        let seen = &mut self.connections[number].ends[end];
        let expected = seen.stage == Stage::Open || (end == CLIENT && seen.stage == Stage::Attempt);
        assert!(
            expected,
            "a Disconnect ({cause:?}) of connection {number} at end {end}, which was {:?}, {:?}, {:?}",
            seen.stage, seen.leaving, seen.cause
        );
        (seen.stage, seen.cause) = (Stage::Over, Some(cause));
    }

    fn received(&mut self, life: Life, peer: PeerId, channel_id: u8, data: &[u8]) {
        let (number, end) = self.owner(life, peer);
        let connection = &mut self.connections[number];
        let receiver = &connection.ends[end];
        assert_eq!(
            (receiver.stage, receiver.leaving),
            (Stage::Open, None),
            "a packet of connection {number} out of turn"
        );
        let name = Name::read(data).expect("a payload arrives as it was sent");
        let here = (name.connection as usize, name.sender, name.channel_id);
        assert_eq!(
            here,
            (number, 1 - end, channel_id),
            "a packet of another connection, end or channel"
        );
        connection.ends[name.sender].channels[usize::from(channel_id)].arrived(name);
    }

    fn owner(&self, life: Life, peer: PeerId) -> (usize, usize) {
        *self
            .owners
            .get(&(life, peer))
            .unwrap_or_else(|| panic!("an event of {peer:?}, which nobody knows"))
    }
}

impl Channel {
    fn arrived(&mut self, name: Name) {
        let (promise, len) = self.sent[name.index as usize];
        assert_eq!(len, name.len, "the payload changed");
        assert!(self.arrived.insert(name.index), "{name:?} arrived twice");
        if promise != Promise::Unsequenced {
            assert!(
                self.last_in_order.is_none_or(|last| last < name.index),
                "{name:?} came after {:?}",
                self.last_in_order
            );
            self.last_in_order = Some(name.index);
        }
        if promise == Promise::Reliable {
            assert_eq!(
                self.reliable[self.reliable_arrived], name.index,
                "a reliable packet is missing before {name:?}"
            );
            self.reliable_arrived += 1;
        }
    }

    fn is_complete(&self) -> bool {
        self.reliable_arrived == self.reliable.len()
    }
}

/// What is known in the end.
impl Ledger {
    pub(crate) fn connections(&self) -> &[Connection] {
        &self.connections
    }

    pub(crate) fn connection(&self, number: u32) -> &Connection {
        &self.connections[number as usize]
    }

    /// Packets accepted for sending, and packets that arrived.
    pub(crate) fn packets(&self) -> (usize, usize) {
        let ends = self.connections.iter().flat_map(|it| &it.ends);
        let channels = ends.flat_map(|end| &end.channels);
        channels.fold((0, 0), |(sent, arrived), channel| {
            (sent + channel.sent.len(), arrived + channel.arrived.len())
        })
    }

    /// Nothing reliable may be missing where `stands` says that the connection is open at both ends, or where its
    /// sender left only after delivering to a receiver that did not leave by itself.
    pub(crate) fn check_complete(&self, stands: impl Fn(&Connection) -> bool) {
        for (number, connection) in self.connections.iter().enumerate() {
            let is_standing = stands(connection);
            for sender in [SERVER, CLIENT] {
                let [from, to] = [&connection.ends[sender], &connection.ends[1 - sender]];
                let drained = from.leaving == Some(Leaving::Later)
                    && from.cause == Some(DisconnectCause::Local)
                    && to.leaving.is_none()
                    && to.stage != Stage::Crashed;
                let complete = from.channels.iter().all(Channel::is_complete);
                assert!(
                    complete || !(is_standing || drained),
                    "connection {number}: the last reliable packets of end {sender} are missing"
                );
            }
        }
    }

    /// Every end that was known is over.
    pub(crate) fn check_over(&self) {
        for (number, connection) in self.connections.iter().enumerate() {
            for (end, seen) in connection.ends.iter().enumerate() {
                let over = matches!(seen.stage, Stage::Over | Stage::Crashed);
                assert!(
                    over || seen.peer.is_none(),
                    "connection {number}: end {end} never heard of its end: {seen:?}"
                );
            }
        }
    }
}
