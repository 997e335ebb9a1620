//! Hosts on an in-memory network, served the way `enet_host_service` serves them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;

use super::records::{Happened, What};
use super::setup::address;
use crate::checksum::crc32;
use crate::event::{DisconnectCause, Event, PeerId};
use crate::host::Host;
use crate::time::Time;

/// Datagrams that one service call takes in.
const RECEIVE_PASS: usize = 256;

/// A datagram as it left.
pub(super) struct Sent {
    pub(super) t: u64,
    pub(super) to: SocketAddr,
    pub(super) bytes: Vec<u8>,
}

/// A host with its application and its end of the network.
pub(super) struct Endpoint {
    pub(super) name: &'static str,
    pub(super) host: Host,
    /// The peer that calls are about: the one connected to last.
    pub(super) peer: Option<PeerId>,
    pub(super) sent: Vec<Sent>,
    pub(super) events: Vec<Happened>,
    /// Datagrams on their way here, by time of arrival, then by time of departure.
    inbox: BTreeMap<(u64, u64), (SocketAddr, Vec<u8>)>,
}

impl Endpoint {
    pub(super) fn new(name: &'static str, host: Host) -> Self {
        Self {
            name,
            host,
            peer: None,
            sent: Vec::new(),
            events: Vec::new(),
            inbox: BTreeMap::new(),
        }
    }

    /// Hands all events to the application. Returns how many, and whether one of them ends a receive pass: in the
    /// library these never pass through the queue that is dispatched at the end of it.
    fn take_events(&mut self, now: u64) -> (usize, bool) {
        let (mut count, mut ends_pass) = (0, false);
        while let Some(event) = self.host.poll_event() {
            count += 1;
            let what = match event {
                Event::Connect { peer, data } => {
                    self.peer = Some(peer);
                    ends_pass = true;
                    What::Connect {
                        peer: peer.slot(),
                        data,
                    }
                }
                Event::Disconnect { peer, data, cause } => {
                    ends_pass |= matches!(cause, DisconnectCause::Local | DisconnectCause::Timeout);
                    What::Disconnect {
                        peer: peer.slot(),
                        data,
                    }
                }
                Event::Receive {
                    peer,
                    channel_id,
                    packet,
                } => What::Receive {
                    peer: peer.slot(),
                    channel: channel_id,
                    flags: packet.flags().bits(),
                    len: packet.len(),
                    crc32: format!("{:08x}", crc32(packet.data())),
                },
            };
            self.events.push(Happened {
                t: now,
                host: self.name.to_owned(),
                what,
            });
        }
        (count, ends_pass)
    }
}

/// All hosts of a session, and what is on its way between them.
pub(super) struct Network {
    pub(super) endpoints: Vec<Endpoint>,
    /// Indices, per sender, of the datagrams that get lost.
    pub(super) lost: HashMap<String, HashSet<usize>>,
    /// One-way latency of what leaves at a time, in milliseconds.
    latency: fn(u64) -> u64,
    departures: u64,
}

impl Network {
    pub(super) fn new(endpoints: Vec<Endpoint>, latency: fn(u64) -> u64) -> Self {
        Self {
            endpoints,
            lost: HashMap::new(),
            latency,
            departures: 0,
        }
    }

    /// The host that the recorder calls `name`.
    pub(super) fn endpoint(&mut self, name: &str) -> &mut Endpoint {
        let index = self.index(name);
        &mut self.endpoints[index]
    }

    /// One tick: each host until it has nothing more to tell.
    pub(super) fn serve_all(&mut self, now: u64) {
        for index in 0..self.endpoints.len() {
            while self.serve(index, now) {}
        }
    }

    /// One tick of the host called `name`.
    pub(super) fn serve_one(&mut self, name: &str, now: u64) {
        let index = self.index(name);
        while self.serve(index, now) {}
    }

    /// `enet_host_flush` of the host called `name`.
    pub(super) fn flush(&mut self, name: &str, now: u64) {
        let index = self.index(name);
        self.transmit(index, now);
    }

    /// Puts a datagram into the inbox of the host called `to`.
    pub(super) fn inject(&mut self, now: u64, from: SocketAddr, to: &str, bytes: Vec<u8>) {
        let key = (now, self.departures);
        self.departures += 1;
        self.endpoint(to).inbox.insert(key, (from, bytes));
    }

    /// One `enet_host_service` without waiting; whether it had an event.
    fn serve(&mut self, index: usize, now: u64) -> bool {
        if self.endpoints[index].take_events(now).0 > 0 {
            return true;
        }
        self.send_pass(index, now);
        if self.endpoints[index].take_events(now).0 > 0 {
            return true;
        }
        let endpoint = &mut self.endpoints[index];
        let mut events = 0;
        for _ in 0..RECEIVE_PASS {
            let Some(entry) = endpoint
                .inbox
                .first_entry()
                .filter(|entry| entry.key().0 <= now)
            else {
                break;
            };
            let (from, bytes) = entry.remove();
            endpoint
                .host
                .handle_datagram(Time::from_millis(now), from, &bytes);
            let (count, ends_pass) = endpoint.take_events(now);
            if ends_pass {
                return true;
            }
            events += count;
        }
        self.send_pass(index, now);
        events + self.endpoints[index].take_events(now).0 > 0
    }

    fn send_pass(&mut self, index: usize, now: u64) {
        self.endpoints[index]
            .host
            .handle_timeout(Time::from_millis(now));
        self.transmit(index, now);
    }

    fn transmit(&mut self, index: usize, now: u64) {
        let mut buf = Vec::new();
        while let Some(transmit) = self.endpoints[index]
            .host
            .poll_transmit(Time::from_millis(now), &mut buf)
        {
            let sender = &mut self.endpoints[index];
            let (name, from, nth) = (sender.name, address(sender.name), sender.sent.len());
            assert!(nth < 10_000, "{name} does not stop sending");
            sender.sent.push(Sent {
                t: now,
                to: transmit.to,
                bytes: buf.clone(),
            });
            if self.lost.get(name).is_some_and(|lost| lost.contains(&nth)) {
                continue;
            }
            let key = (now + (self.latency)(now), self.departures);
            self.departures += 1;
            if let Some(receiver) = self
                .endpoints
                .iter_mut()
                .find(|receiver| address(receiver.name) == transmit.to)
            {
                receiver.inbox.insert(key, (from, buf.clone()));
            }
        }
    }

    fn index(&self, name: &str) -> usize {
        self.endpoints
            .iter()
            .position(|endpoint| endpoint.name == name)
            .expect("a host of this session")
    }
}
