//! `rusty_enet` as an [`Endpoint`]: its socket is a pair of queues, its clock a cell.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use enet_proto::PacketFlags;
use rusty_enet::{self as enet, EventNoRef, MTU_MAX, PacketKind, PacketReceived};

use crate::endpoint::{Endpoint, Goodbye, Options, Seen};
use crate::heap;

#[derive(Default)]
struct Queues {
    incoming: RefCell<VecDeque<(SocketAddr, Vec<u8>)>>,
    outgoing: RefCell<Vec<(SocketAddr, Vec<u8>)>>,
}

struct QueueSocket(Rc<Queues>);

impl enet::Socket for QueueSocket {
    type Address = SocketAddr;
    type Error = Infallible;

    fn send(&mut self, address: SocketAddr, buffer: &[u8]) -> Result<usize, Infallible> {
        self.0
            .outgoing
            .borrow_mut()
            .push((address, buffer.to_vec()));
        Ok(buffer.len())
    }

    fn receive(
        &mut self,
        buffer: &mut [u8; MTU_MAX],
    ) -> Result<Option<(SocketAddr, PacketReceived)>, Infallible> {
        Ok(self
            .0
            .incoming
            .borrow_mut()
            .pop_front()
            .map(|(from, data)| {
                buffer[..data.len()].copy_from_slice(&data);
                (from, PacketReceived::Complete(data.len()))
            }))
    }
}

pub(crate) struct Rusty {
    host: enet::Host<QueueSocket>,
    queues: Rc<Queues>,
    now_micros: Rc<Cell<u64>>,
    peer: Option<enet::PeerID>,
    events: Vec<Seen>,
}

impl Rusty {
    pub(crate) fn new(options: Options) -> Self {
        let queues = Rc::new(Queues::default());
        let now_micros = Rc::new(Cell::new(0));
        let clock = Rc::clone(&now_micros);
        let limit = |bandwidth: u32| (bandwidth > 0).then_some(bandwidth);
        let settings = enet::HostSettings {
            peer_limit: options.peer_count,
            channel_limit: options.channel_limit,
            incoming_bandwidth_limit: limit(options.incoming_bandwidth),
            outgoing_bandwidth_limit: limit(options.outgoing_bandwidth),
            compressor: options
                .range_coder
                .then(|| Box::new(enet::RangeCoder::new()) as Box<dyn enet::Compressor>),
            checksum: options
                .checksum
                .then(|| Box::new(enet::crc32) as Box<dyn Fn(&[&[u8]]) -> u32>),
            time: Box::new(move || Duration::from_micros(clock.get())),
            seed: Some(1),
        };
        let host = enet::Host::new(QueueSocket(Rc::clone(&queues)), settings)
            .expect("the settings are valid");
        Self {
            host,
            queues,
            now_micros,
            peer: None,
            events: Vec::new(),
        }
    }

    fn peer(&mut self) -> &mut enet::Peer<QueueSocket> {
        self.host.peer_mut(self.peer.expect("connected before"))
    }
}

impl Endpoint for Rusty {
    fn connect(&mut self, address: SocketAddr, channel_count: usize, data: u32) {
        let peer = self
            .host
            .connect(address, channel_count, data)
            .expect("a slot is free");
        self.peer = Some(peer.id());
    }

    fn send(&mut self, channel_id: u8, flags: PacketFlags, data: &[u8]) -> bool {
        let sequenced = !flags.contains(PacketFlags::UNSEQUENCED);
        let kind = if flags.contains(PacketFlags::RELIABLE) {
            PacketKind::Reliable
        } else if flags.contains(PacketFlags::UNRELIABLE_FRAGMENT) {
            PacketKind::AlwaysUnreliable { sequenced }
        } else {
            PacketKind::Unreliable { sequenced }
        };
        self.peer()
            .send(channel_id, &enet::Packet::new(data, kind))
            .is_ok()
    }

    fn end(&mut self, goodbye: Goodbye, data: u32) {
        match goodbye {
            Goodbye::Disconnect => self.peer().disconnect(data),
            Goodbye::Now => self.peer().disconnect_now(data),
            Goodbye::Later => self.peer().disconnect_later(data),
        }
    }

    fn service(
        &mut self,
        now_micros: u64,
        datagrams: Vec<(SocketAddr, Vec<u8>)>,
    ) -> Vec<(SocketAddr, Vec<u8>)> {
        self.now_micros.set(now_micros);
        self.queues.incoming.borrow_mut().extend(datagrams);
        while let Some(event) = self.host.service().expect("the socket never fails") {
            self.events.push(match event.no_ref() {
                EventNoRef::Connect { peer, data } => {
                    self.peer = Some(peer);
                    Seen::Connect { data }
                }
                EventNoRef::Disconnect { data, .. } => Seen::Disconnect { data },
                EventNoRef::Receive {
                    channel_id, packet, ..
                } => Seen::Receive {
                    channel_id,
                    flags: None,
                    data: packet.data().to_vec(),
                },
            });
        }
        self.queues.outgoing.take()
    }

    fn memory(&mut self) -> usize {
        heap::held()
    }

    fn take_events(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.events)
    }
}
