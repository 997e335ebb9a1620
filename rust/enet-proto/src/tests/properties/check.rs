//! What must hold of everything that was seen, once a play is over.

use std::collections::{HashMap, HashSet};

use super::payload::{Name, payload};
use super::{CHANNELS, CLIENT, Connection, Leaving, Play, Promise, SERVER};
use crate::{DisconnectCause, Event, PeerId, PeerState};

impl Play {
    /// Each peer of a node: one Connect at most, one Disconnect at most, packets between the two only, nothing after the
    /// node itself left. `node` 0 is the server, the rest are clients.
    pub(super) fn check_events(&self, node: usize) {
        let end = if node == 0 { SERVER } else { CLIENT };
        let events = self.events(node);
        let mut connected = HashSet::new();
        let mut gone = HashSet::new();
        for (position, event) in events.iter().enumerate() {
            let peer = match event {
                Event::Connect { peer, .. } => {
                    assert!(connected.insert(*peer), "two Connects");
                    peer
                }
                Event::Disconnect { peer, .. } => {
                    assert!(
                        end == CLIENT || connected.contains(peer),
                        "a Disconnect without a Connect"
                    );
                    peer
                }
                Event::Receive { peer, .. } => {
                    assert!(connected.contains(peer), "a packet before the Connect");
                    peer
                }
            };
            assert!(!gone.contains(peer), "something after the Disconnect");
            if matches!(event, Event::Disconnect { .. }) {
                gone.insert(*peer);
            }
            if let Some((count, leaving)) = self.connection_of(node, *peer).left[end]
                && position >= count
            {
                let allowed =
                    leaving != Leaving::AtOnce && matches!(event, Event::Disconnect { .. });
                assert!(allowed, "{event:?} after the application left: {leaving:?}");
            }
        }
        for connection in self
            .connections
            .iter()
            .filter(|it| node == 0 || it.client == node - 1)
        {
            let Some(peer) = connection.peers[end].filter(|peer| connected.contains(peer)) else {
                continue;
            };
            if self.host_state(node, peer) != PeerState::Connected {
                let silent = matches!(connection.left[end], Some((_, Leaving::AtOnce)));
                assert_ne!(
                    gone.contains(&peer),
                    silent,
                    "a connection ends with one Disconnect, or by our own call"
                );
            }
        }
    }

    fn events(&self, node: usize) -> &[Event] {
        if node == 0 {
            &self.net.server.events
        } else {
            &self.net.clients[node - 1].events
        }
    }

    fn host_state(&self, node: usize, peer: PeerId) -> PeerState {
        if node == 0 {
            self.net.server.host.state(peer)
        } else {
            self.net.clients[node - 1].host.state(peer)
        }
    }

    /// The connection that a peer of a node belongs to; peers of different clients may have equal ids.
    fn connection_of(&self, node: usize, peer: PeerId) -> &Connection {
        let end = if node == 0 { SERVER } else { CLIENT };
        let mut ours = self
            .connections
            .iter()
            .filter(|it| node == 0 || it.client == node - 1);
        ours.find(|it| it.peers[end] == Some(peer))
            .expect("every peer has a connection")
    }

    pub(super) fn check_deliveries(&self) {
        let mut seen: HashMap<(usize, usize, u8), Vec<usize>> = HashMap::new();
        for node in 0..=self.current.len() {
            let end = if node == 0 { SERVER } else { CLIENT };
            let events = self.events(node);
            for event in events {
                let Event::Receive {
                    peer,
                    channel_id,
                    packet,
                } = event
                else {
                    continue;
                };
                let name = Name::of(packet.data());
                let connection = &self.connections[name.connection];
                assert!(
                    std::ptr::eq(connection, self.connection_of(node, *peer)),
                    "a packet of another connection"
                );
                assert_eq!((name.sender, name.channel_id), (1 - end, *channel_id));
                let (_, len) = connection.sent[name.sender][usize::from(*channel_id)][name.index];
                assert!(
                    packet.data()[..] == payload(name, len),
                    "the payload changed"
                );
                seen.entry((name.connection, name.sender, *channel_id))
                    .or_default()
                    .push(name.index);
            }
        }
        for (number, connection) in self.connections.iter().enumerate() {
            for sender in [SERVER, CLIENT] {
                for channel_id in 0..CHANNELS {
                    let received = seen
                        .remove(&(number, sender, channel_id))
                        .unwrap_or_default();
                    self.check_channel(connection, sender, channel_id, &received);
                }
            }
        }
    }

    /// `received`: indices of what arrived, in order.
    pub(super) fn check_channel(
        &self,
        connection: &Connection,
        sender: usize,
        channel_id: u8,
        received: &[usize],
    ) {
        let sent = &connection.sent[sender][usize::from(channel_id)];
        let unique: HashSet<_> = received.iter().collect();
        assert_eq!(unique.len(), received.len(), "a packet arrived twice");
        let in_order = |index: &&usize| sent[**index].0 != Promise::Unsequenced;
        assert!(
            received.iter().filter(in_order).is_sorted(),
            "an older packet after a newer one"
        );

        let reliable = |index: &usize| sent[*index].0 == Promise::Reliable;
        let arrived = received.iter().copied().filter(reliable);
        let expected = (0..sent.len()).filter(reliable);
        let complete = arrived.clone().count() == expected.clone().count();
        assert!(
            arrived
                .zip(expected)
                .all(|(arrived, expected)| arrived == expected),
            "a reliable packet is missing"
        );
        assert!(
            complete || !self.must_be_complete(connection, sender),
            "the last reliable packets are missing"
        );
    }

    /// Whether everything reliable must have arrived: the connection stands, or its sender left after delivering it to
    /// a receiver that did not leave by itself.
    fn must_be_complete(&self, connection: &Connection, sender: usize) -> bool {
        if self.stands(connection) {
            return true;
        }
        let Some(peer) = connection.peers[sender] else {
            return false;
        };
        let node = if sender == SERVER {
            0
        } else {
            connection.client + 1
        };
        let events = self.events(node);
        let confirmed = events.iter().any(|event| {
            matches!(event, Event::Disconnect { peer: gone, cause: DisconnectCause::Local, .. } if *gone == peer)
        });
        let drained = matches!(connection.left[sender], Some((_, Leaving::Later)));
        drained && confirmed && connection.left[1 - sender].is_none()
    }

    /// What the hosts counted is what the network carried.
    pub(super) fn check_counters(&self) {
        let carried = self.net.statistics();
        let nodes = self.net.clients.iter().chain([&self.net.server]);
        let counted = nodes.map(|node| node.host.statistics());
        let [mut sent, mut received] = [(0, 0); 2];
        for host in counted {
            sent = (sent.0 + host.datagrams_sent, sent.1 + host.bytes_sent);
            received = (
                received.0 + host.datagrams_received,
                received.1 + host.bytes_received,
            );
        }
        assert_eq!(sent, (carried.sent, carried.bytes_sent));
        assert_eq!(received, (carried.delivered, carried.bytes_delivered));
        assert_eq!(carried.in_flight(), 0);
    }
}
