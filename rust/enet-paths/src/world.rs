//! Senders and one receiver on a network.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use enet_netsim::{LinkConfig, Network};
use enet_proto::{Event, Host, HostConfig, Packet, PeerId, Recovery, Time};

/// Datagrams that C ENet reads in one service step.
const DATAGRAMS_PER_STEP: usize = 256;
/// How often a sender with ENet's strategy is served: as a thread that does nothing else would.
const VANILLA_SENDER_TICK_MICROS: u64 = 1000;

/// A path with a round trip of 100 ms ± 5 ms unless set otherwise, and the receiver at its end.
#[derive(Debug, Clone, Copy)]
pub struct Path {
    /// Seed of everything random.
    pub seed: u64,
    /// Bytes a second of the link towards the receiver.
    pub rate: u64,
    /// Bytes of queue in front of it.
    pub queue_bytes: u64,
    /// Share of datagrams lost, in both directions.
    pub loss: f64,
    /// Mean time one way.
    pub delay: Duration,
    /// Even spread of that to both sides; datagrams may overtake.
    pub jitter: Duration,
    /// How often the receiver is served.
    pub receiver_tick: Duration,
    /// Bytes of its socket buffer, as Linux reckons them.
    pub receiver_buffer_bytes: usize,
}

impl Default for Path {
    fn default() -> Self {
        Self {
            seed: 1,
            rate: 50_000_000,
            queue_bytes: 4 << 20,
            loss: 0.0,
            delay: Duration::from_millis(50),
            jitter: Duration::from_millis(5),
            receiver_tick: Duration::from_millis(1),
            receiver_buffer_bytes: 212_992,
        }
    }
}

/// The strategy of a sender, and with it how it is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Ours, served whenever something arrives or is due.
    Fast,
    /// ENet's, served every millisecond.
    Vanilla,
}

/// A host, where it is, and when it is served.
struct Node {
    host: Host,
    address: SocketAddr,
    /// `None`: whenever something arrives or is due.
    tick_micros: Option<u64>,
    next_tick: u64,
}

/// A packet that the receiver's program took.
pub(crate) struct Delivery {
    pub(crate) sender: usize,
    pub(crate) channel_id: u8,
    pub(crate) at_micros: u64,
    pub(crate) packet: Packet,
}

/// What one sender put on the wire, and what the shared queue did with all of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    pub(crate) dropped: u64,
}

/// The queue that all senders share in front of the receiver.
#[derive(Debug, Default)]
struct Bottleneck {
    free_at_nanos: u64,
    waited_micros: u64,
    passed: u64,
}

/// Hosts, network and clock.
pub(crate) struct World {
    path: Path,
    network: Network,
    senders: Vec<(Node, PeerId)>,
    usage: Vec<Usage>,
    receiver: Node,
    /// The sender behind each peer of the receiver.
    origins: Vec<(PeerId, usize)>,
    bottleneck: Bottleneck,
    pub(crate) now_micros: u64,
    pub(crate) received: Vec<Delivery>,
    buffer: Vec<u8>,
}

impl World {
    /// Connects the senders; a second passes.
    pub(crate) fn connected(path: &Path, senders: &[Sender]) -> Self {
        let link = LinkConfig::default()
            .delay(path.delay)
            .jitter(path.jitter)
            .loss(path.loss);
        let mut network = Network::new(path.seed, link);
        let address = SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1), 7000));
        network.set_receive_buffer(address, path.receiver_buffer_bytes);
        let config = |peers, number: u8| HostConfig::new(peers, [number; 32]);
        let receiver = Host::new(
            config(8, 0)
                .recovery(Recovery::Vanilla)
                .vanilla_quirks(true),
        );
        let nodes = senders.iter().zip(1u8..).map(|(sender, number)| {
            let (recovery, tick_micros) = match sender {
                Sender::Fast => (Recovery::Fast, None),
                Sender::Vanilla => (Recovery::Vanilla, Some(VANILLA_SENDER_TICK_MICROS)),
            };
            let mut host = Host::new(config(1, number).recovery(recovery));
            let peer = host.connect(address, 4, u32::from(number) - 1);
            let node = Node {
                host,
                address: SocketAddr::from((Ipv4Addr::new(10, 0, 1, number), 9000)),
                tick_micros,
                next_tick: 0,
            };
            (node, peer.expect("the first slot is free"))
        });
        let mut world = Self {
            path: *path,
            network,
            senders: nodes.collect(),
            usage: Vec::new(),
            receiver: Node {
                host: receiver,
                address,
                tick_micros: Some(micros(path.receiver_tick)),
                next_tick: 0,
            },
            origins: Vec::new(),
            bottleneck: Bottleneck::default(),
            now_micros: 1_000_000,
            received: Vec::new(),
            buffer: Vec::new(),
        };
        world.usage = vec![Usage::default(); senders.len()];
        // Handshakes repeat after half a second where the path loses them.
        let everyone = senders.len();
        world.run_until(61_000_000, |world| world.origins.len() == everyone);
        assert_eq!(world.origins.len(), everyone, "all connect within a minute");
        world.run_until(world.now_micros + 1_000_000, |_| false);
        world.forget_usage();
        world
    }

    /// Queues a reliable packet.
    pub(crate) fn send(&mut self, sender: usize, channel_id: u8, data: Vec<u8>) {
        let (node, peer) = &mut self.senders[sender];
        node.host
            .send(*peer, channel_id, Packet::reliable(data))
            .expect("the connection lives and has the channel");
    }

    pub(crate) fn usage(&self, sender: usize) -> Usage {
        self.usage[sender]
    }

    /// Mean time that datagrams waited in the shared queue.
    pub(crate) fn mean_queue_delay(&self) -> Duration {
        Duration::from_micros(self.bottleneck.waited_micros / self.bottleneck.passed.max(1))
    }

    /// Datagrams that found the receiver's socket buffer full.
    pub(crate) fn overflowed(&self) -> u64 {
        self.network.overflowed(self.receiver.address)
    }

    fn forget_usage(&mut self) {
        self.usage.fill(Usage::default());
        (self.bottleneck.waited_micros, self.bottleneck.passed) = (0, 0);
    }

    /// Moves time until `done` holds, at most to `end_micros`.
    pub(crate) fn run_until(&mut self, end_micros: u64, done: impl Fn(&Self) -> bool) {
        loop {
            self.settle();
            if done(self) {
                return;
            }
            let next = self.next_wake_up().max(self.now_micros + 1);
            if next > end_micros {
                self.now_micros = end_micros;
                return;
            }
            self.now_micros = next;
        }
    }

    fn settle(&mut self) {
        let now = self.now_micros;
        while let Some(datagram) = self.network.receive(now) {
            if let Some((node, _)) = self
                .senders
                .iter_mut()
                .find(|(node, _)| node.address == datagram.to)
            {
                let time = Time::from_micros(now);
                node.host
                    .handle_datagram(time, datagram.from, &datagram.data);
            }
        }
        for sender in 0..self.senders.len() {
            let node = &mut self.senders[sender].0;
            if node.is_due(now) {
                self.transmit(sender);
            }
        }
        if self.receiver.is_due(now) {
            self.serve_receiver();
        }
    }

    fn transmit(&mut self, sender: usize) {
        let now = Time::from_micros(self.now_micros);
        let node = &mut self.senders[sender].0;
        node.host.handle_timeout(now);
        while let Some(transmit) = node.host.poll_transmit(now, &mut self.buffer) {
            let usage = &mut self.usage[sender];
            usage.datagrams += 1;
            usage.bytes += self.buffer.len() as u64;
            let (from, to, data) = (node.address, transmit.to, &self.buffer);
            match self
                .bottleneck
                .pass(&self.path, self.now_micros, data.len())
            {
                Some(passed) => self.network.send(passed, from, to, data),
                None => usage.dropped += 1,
            }
        }
        while node.host.poll_event().is_some() {}
    }

    /// One service step of C ENet.
    fn serve_receiver(&mut self) {
        let now = Time::from_micros(self.now_micros);
        let Node { host, address, .. } = &mut self.receiver;
        for _ in 0..DATAGRAMS_PER_STEP {
            let Some(datagram) = self.network.read(*address) else {
                break;
            };
            host.handle_datagram(now, datagram.from, &datagram.data);
        }
        host.handle_timeout(now);
        while let Some(transmit) = host.poll_transmit(now, &mut self.buffer) {
            self.network
                .send(self.now_micros, *address, transmit.to, &self.buffer);
        }
        while let Some(event) = host.poll_event() {
            match event {
                Event::Connect { peer, data } => {
                    let sender = usize::try_from(data).expect("few senders");
                    self.origins.push((peer, sender));
                }
                Event::Receive {
                    peer,
                    channel_id,
                    packet,
                } => {
                    let origin = self.origins.iter().find(|(known, _)| *known == peer);
                    self.received.push(Delivery {
                        sender: origin.expect("it connected").1,
                        channel_id,
                        at_micros: self.now_micros,
                        packet,
                    });
                }
                other => panic!("a connection ended: {other:?}"),
            }
        }
    }

    fn next_wake_up(&self) -> u64 {
        let senders = self.senders.iter().map(|(node, _)| node.next_look());
        senders
            .chain([self.receiver.next_look()])
            .chain(self.network.next_arrival())
            .min()
            .expect("the receiver is served for ever")
    }
}

impl Node {
    /// Whether the host is to be served; one without a tick always is.
    fn is_due(&mut self, now: u64) -> bool {
        let Some(tick) = self.tick_micros else {
            return true;
        };
        let due = now >= self.next_tick;
        if due {
            self.next_tick = now + tick;
        }
        due
    }

    fn next_look(&self) -> u64 {
        match self.tick_micros {
            Some(_) => self.next_tick,
            None => self.host.poll_timeout().map_or(u64::MAX, Time::as_micros),
        }
    }
}

impl Bottleneck {
    /// When a datagram sent now has passed the link, `None` if the queue in front of it is full.
    fn pass(&mut self, path: &Path, now_micros: u64, len: usize) -> Option<u64> {
        let now_nanos = now_micros * 1000;
        let starts = self.free_at_nanos.max(now_nanos);
        let waits = starts - now_nanos;
        let nanos_for = |bytes: u64| bytes * 1_000_000_000 / path.rate;
        let passed = starts + nanos_for(len as u64);
        if passed - now_nanos > nanos_for(path.queue_bytes) {
            return None;
        }
        self.free_at_nanos = passed;
        self.waited_micros += waits / 1000;
        self.passed += 1;
        Some(passed.div_ceil(1000))
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).expect("a trial's spans are short")
}
