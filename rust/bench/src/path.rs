//! [`Path`]: hosts of C ENet and of ours on two sides of one link, in virtual time.
//!
//! All hosts of one side share the link to the other side, and its queue. A vanilla host is serviced at fixed moments,
//! as a game does; ours acts when something arrives or is due, as its network thread does.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use enet_netsim::{LinkConfig, LinkStatistics, Network};
use enet_proto::{Event, Host, HostConfig, Packet, PacketFlags, PeerId, Time};

use c_enet::{CEvent, CHost, CPeer, simulated};

/// Channels of every connection.
const CHANNELS: usize = 2;
/// What the clocks show at the start: no host's own time begins at zero.
const START_MICROS: u64 = 1_000_000;

/// Which side of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// A host on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndId(usize);

/// Which engine a host runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Engine {
    /// C ENet, serviced every so many microseconds.
    C {
        every_micros: u64,
    },
    Ours,
}

impl Engine {
    /// C ENet in a program that does nothing else.
    pub(crate) const VANILLA: Self = Self::C { every_micros: 1000 };
}

/// A packet that reached an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) at_micros: u64,
    pub(crate) channel_id: u8,
    pub(crate) len: usize,
    /// When it was sent, for packets of [`Path::send_stamped`].
    pub(crate) sent_micros: u64,
}

pub(crate) struct Path {
    network: Network,
    now: u64,
    ends: Vec<End>,
    under_way: Vec<UnderWay>,
    /// Whether a host gave its remote up: nothing more is sent or received.
    is_broken: bool,
    /// Time in the link, from left to right, of each datagram that arrived.
    pub(crate) transit_micros: Vec<u64>,
}

/// What a datagram on the link is, besides its bytes.
#[derive(Clone, Copy)]
struct UnderWay {
    from: usize,
    to: usize,
    sent_micros: u64,
}

struct End {
    side: Side,
    address: SocketAddrV4,
    host: AnyHost,
    arrivals: Vec<Arrival>,
}

enum AnyHost {
    C {
        host: CHost,
        peer: Option<CPeer>,
        every_micros: u64,
    },
    Ours {
        host: Box<Host>,
        peer: Option<PeerId>,
        buffer: Vec<u8>,
    },
}

impl Path {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            network: Network::new(seed, LinkConfig::default()),
            now: START_MICROS,
            ends: Vec::new(),
            under_way: Vec::new(),
            is_broken: false,
            transit_micros: Vec::new(),
        }
    }

    /// Puts a host on a side of the link.
    pub(crate) fn add(&mut self, side: Side, engine: Engine) -> EndId {
        let number = u8::try_from(self.ends.len()).expect("a few hosts");
        let host = match engine {
            Engine::C { every_micros } => {
                self.set_clock();
                AnyHost::C {
                    host: CHost::open(None, 1, CHANNELS),
                    peer: None,
                    every_micros,
                }
            }
            Engine::Ours => AnyHost::Ours {
                host: Box::new(Host::new(HostConfig::new(1, [number + 1; 32]))),
                peer: None,
                buffer: Vec::new(),
            },
        };
        self.ends.push(End {
            side,
            address: SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, number + 1), 9000),
            host,
            arrivals: Vec::new(),
        });
        EndId(self.ends.len() - 1)
    }

    /// Limits the receive buffer of a vanilla host's socket.
    pub(crate) fn set_receive_buffer(&self, end: EndId, bytes: usize) {
        if let AnyHost::C { host, .. } = &self.ends[end.0].host {
            simulated::set_receive_buffer(host.socket(), bytes);
        }
    }

    /// Datagrams that found the receive buffer of a vanilla host full.
    pub(crate) fn dropped_by_socket(&self, end: EndId) -> u64 {
        match &self.ends[end.0].host {
            AnyHost::C { host, .. } => simulated::dropped(host.socket()),
            AnyHost::Ours { .. } => 0,
        }
    }

    /// Connects `from` to `to` over the link as it is: its round trip is the first that a sender sees.
    ///
    /// # Panics
    /// If that takes more than ten seconds of virtual time.
    pub(crate) fn connect(&mut self, from: EndId, to: EndId) {
        let address = self.ends[to.0].address;
        self.set_clock();
        match &mut self.ends[from.0].host {
            AnyHost::C { host, .. } => {
                host.connect(address, CHANNELS, 0);
            }
            AnyHost::Ours { host, .. } => {
                host.connect(address.into(), CHANNELS, 0)
                    .expect("a slot is free");
            }
        }
        self.act(from.0);
        let limit = self.now + 10_000_000;
        while !(self.is_connected(from) && self.is_connected(to)) {
            assert!(self.now < limit, "the hosts do not connect");
            self.step(limit);
        }
    }

    pub(crate) fn set_link(&mut self, config: LinkConfig) {
        self.network.set_config(config);
    }

    /// Whether a host gave its remote up, as ENet does when a datagram is lost too often in a row.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken
    }

    pub(crate) fn now_micros(&self) -> u64 {
        self.now
    }

    /// Queues a packet of `len` bytes that tells when it was sent; a vanilla host sends it when it is next serviced.
    pub(crate) fn send_stamped(
        &mut self,
        from: EndId,
        channel_id: u8,
        flags: PacketFlags,
        len: usize,
    ) {
        let mut data = vec![7; len];
        data[..8].copy_from_slice(&self.now.to_le_bytes());
        if self.is_broken {
            return;
        }
        self.set_clock();
        match &mut self.ends[from.0].host {
            AnyHost::C { host, peer, .. } => {
                let peer = peer.expect("connected before");
                assert!(host.send(peer, channel_id, flags, &data), "refused");
            }
            AnyHost::Ours { host, peer, .. } => {
                let peer = peer.expect("connected before");
                host.send(peer, channel_id, Packet::new(data, flags))
                    .expect("the peer is connected");
                self.act(from.0);
            }
        }
    }

    /// Lets `span` pass.
    pub(crate) fn run_for(&mut self, span: Duration) {
        let span = u64::try_from(span.as_micros()).expect("a short time");
        let until = self.now + span;
        while self.now < until {
            self.step(until);
        }
    }

    /// Goes to the next moment at which something happens, at most to `until`.
    pub(crate) fn step(&mut self, until: u64) {
        let mut next = until;
        if let Some(arrival) = self.network.next_arrival() {
            next = next.min(arrival);
        }
        for end in &self.ends {
            next = next.min(end.next_moment(self.now));
        }
        self.now = self.now.max(next);
        self.set_clock();
        while let Some(datagram) = self.network.receive(self.now) {
            self.arrive(&datagram.data);
        }
        for index in 0..self.ends.len() {
            self.act(index);
        }
    }

    /// What `end`'s application has received.
    pub(crate) fn arrivals(&self, end: EndId) -> &[Arrival] {
        &self.ends[end.0].arrivals
    }

    /// Counters of the link from left to right, since the path was made.
    pub(crate) fn link(&mut self) -> LinkStatistics {
        let (from, to) = routers(Side::Left);
        self.network.link(from, to).statistics()
    }

    fn is_connected(&self, end: EndId) -> bool {
        match &self.ends[end.0].host {
            AnyHost::C { peer, .. } => peer.is_some(),
            AnyHost::Ours { peer, .. } => peer.is_some(),
        }
    }

    fn set_clock(&self) {
        let millis = u32::try_from(self.now / 1000).expect("less than weeks");
        simulated::set_clock(Some(millis));
    }

    /// A datagram leaves the link; the number in front of its bytes tells whose it is.
    fn arrive(&mut self, data: &[u8]) {
        let (number, data) = data.split_first_chunk().expect("put in front by `depart`");
        let number = usize::try_from(u32::from_le_bytes(*number)).expect("an index");
        let UnderWay {
            from,
            to,
            sent_micros,
        } = self.under_way[number];
        if self.ends[from].side == Side::Left {
            self.transit_micros.push(self.now - sent_micros);
        }
        let address = self.ends[from].address;
        match &mut self.ends[to].host {
            AnyHost::C { host, .. } => simulated::deliver(host.socket(), address, data.to_vec()),
            AnyHost::Ours { host, .. } => {
                host.handle_datagram(Time::from_micros(self.now), address.into(), data);
            }
        }
    }

    /// A datagram enters the link. Its number takes 4 bytes there, of the 28 of the headers that the link leaves out.
    fn depart(&mut self, from: usize, to: SocketAddr, data: &[u8]) {
        let Some(receiver) = self.ends.iter().position(|end| to == end.address.into()) else {
            return;
        };
        let number = u32::try_from(self.under_way.len()).expect("runs are short");
        self.under_way.push(UnderWay {
            from,
            to: receiver,
            sent_micros: self.now,
        });
        let (near, far) = routers(self.ends[from].side);
        let data = [&number.to_le_bytes()[..], data].concat();
        self.network.send(self.now, near, far, &data);
    }

    /// Lets a host do what is due now.
    fn act(&mut self, index: usize) {
        let now = self.now;
        let end = &mut self.ends[index];
        let mut sent = Vec::new();
        match &mut end.host {
            AnyHost::C {
                host,
                peer,
                every_micros,
            } => {
                if !now.is_multiple_of(*every_micros) {
                    return;
                }
                while let Some(event) = host.service(Duration::ZERO) {
                    match event {
                        CEvent::Connect(new, _) => *peer = Some(new),
                        CEvent::Disconnect(_) => self.is_broken = true,
                        CEvent::Receive(channel_id, packet) => {
                            end.arrivals
                                .push(Arrival::new(now, channel_id, packet.data()));
                        }
                    }
                }
                while let Some((to, data)) = simulated::take(host.socket()) {
                    sent.push((to.into(), data));
                }
            }
            AnyHost::Ours { host, peer, buffer } => {
                let time = Time::from_micros(now);
                if host.poll_timeout().is_some_and(|due| due <= time) {
                    host.handle_timeout(time);
                }
                while let Some(transmit) = host.poll_transmit(time, buffer) {
                    sent.push((transmit.to, buffer.clone()));
                }
                while let Some(event) = host.poll_event() {
                    match event {
                        Event::Connect { peer: new, .. } => *peer = Some(new),
                        Event::Receive {
                            channel_id, packet, ..
                        } => end
                            .arrivals
                            .push(Arrival::new(now, channel_id, packet.data())),
                        _ => self.is_broken = true,
                    }
                }
            }
        }
        for (to, data) in sent {
            self.depart(index, to, &data);
        }
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        simulated::set_clock(None);
    }
}

impl End {
    /// When the host wants to act, after `now`.
    fn next_moment(&self, now: u64) -> u64 {
        match &self.host {
            AnyHost::C { every_micros, .. } => (now / every_micros + 1) * every_micros,
            AnyHost::Ours { host, .. } => host
                .poll_timeout()
                .map_or(u64::MAX, |due| due.as_micros().max(now + 1)),
        }
    }
}

impl Arrival {
    fn new(at_micros: u64, channel_id: u8, data: &[u8]) -> Self {
        let stamp = data.first_chunk().copied().unwrap_or_default();
        Self {
            at_micros,
            channel_id,
            len: data.len(),
            sent_micros: u64::from_le_bytes(stamp),
        }
    }
}

/// The addresses between which the link from `side` to the other one runs.
fn routers(side: Side) -> (SocketAddr, SocketAddr) {
    let router = |number| SocketAddr::from((Ipv4Addr::new(10, 1, 0, number), 1));
    match side {
        Side::Left => (router(1), router(2)),
        Side::Right => (router(2), router(1)),
    }
}
