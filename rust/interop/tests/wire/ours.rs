//! The engine under test as an [`Endpoint`].

use std::net::SocketAddr;

use bytes::Bytes;
use enet_proto::{
    Event, Host, HostConfig, Packet, PacketFlags, PeerId, RangeCoder, Recovery, Time, crc32,
};

use crate::endpoint::{Endpoint, Goodbye, Options, Seen};
use crate::heap;

pub(crate) struct Ours {
    host: Host,
    peer: Option<PeerId>,
    events: Vec<Seen>,
}

impl Ours {
    pub(crate) fn new(options: Options, recovery: Recovery) -> Self {
        let config = HostConfig::new(options.peer_count, [7; 32])
            .channel_limit(options.channel_limit)
            .bandwidth(options.incoming_bandwidth, options.outgoing_bandwidth)
            .checksum(options.checksum.then_some(crc32))
            .recovery(recovery);
        let mut host = Host::new(config);
        if options.range_coder {
            host.set_compressor(Some(Box::new(RangeCoder::default())));
        }
        Self {
            host,
            peer: None,
            events: Vec::new(),
        }
    }

    fn peer(&self) -> PeerId {
        self.peer.expect("connected before")
    }

    fn drain_events(&mut self) {
        while let Some(event) = self.host.poll_event() {
            self.events.push(match event {
                Event::Connect { peer, data } => {
                    self.peer = Some(peer);
                    Seen::Connect { data }
                }
                Event::Disconnect { data, .. } => Seen::Disconnect { data },
                Event::Receive {
                    channel_id, packet, ..
                } => Seen::Receive {
                    channel_id,
                    flags: Some(packet.flags()),
                    data: packet.data().to_vec(),
                },
                other => panic!("an event these scenarios do not know: {other:?}"),
            });
        }
    }
}

impl Endpoint for Ours {
    fn connect(&mut self, address: SocketAddr, channel_count: usize, data: u32) {
        self.peer = Some(
            self.host
                .connect(address, channel_count, data)
                .expect("a slot is free"),
        );
    }

    fn send(&mut self, channel_id: u8, flags: PacketFlags, data: &[u8]) -> bool {
        let packet = Packet::new(Bytes::copy_from_slice(data), flags);
        self.host.send(self.peer(), channel_id, packet).is_ok()
    }

    fn end(&mut self, goodbye: Goodbye, data: u32) {
        let peer = self.peer();
        match goodbye {
            Goodbye::Disconnect => self.host.disconnect(peer, data),
            Goodbye::Now => self.host.disconnect_now(peer, data),
            Goodbye::Later => self.host.disconnect_later(peer, data),
        }
    }

    fn service(
        &mut self,
        now_micros: u64,
        datagrams: Vec<(SocketAddr, Vec<u8>)>,
    ) -> Vec<(SocketAddr, Vec<u8>)> {
        let now = Time::from_micros(now_micros);
        for (from, data) in datagrams {
            self.host.handle_datagram(now, from, &data);
        }
        if self.host.poll_timeout().is_some_and(|due| due <= now) {
            self.host.handle_timeout(now);
        }
        let mut sent = Vec::new();
        let mut buffer = Vec::new();
        while let Some(transmit) = self.host.poll_transmit(now, &mut buffer) {
            sent.push((transmit.to, buffer.clone()));
        }
        self.drain_events();
        sent
    }

    fn memory(&mut self) -> usize {
        heap::held()
    }

    fn take_events(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.events)
    }
}
