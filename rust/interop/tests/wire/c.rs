//! The C library as an [`Endpoint`], in this process, over simulated sockets.

use std::io::Write as _;
use std::net::{SocketAddr, SocketAddrV4};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use c_enet::{CEvent, CHost, CPeer, simulated};
use enet_proto::PacketFlags;

use crate::endpoint::{Endpoint, Goodbye, Options, Seen};
use crate::heap;

/// Names the library's file.
const VARIABLE: &str = "ENET_LIBRARY";

/// A host of the library; `None`, said once on standard error, if nobody says where that is.
///
/// # Panics
/// If it cannot be loaded from where it is said to be.
pub(crate) fn endpoint(options: Options) -> Option<Box<dyn Endpoint>> {
    static IS_LOADED: OnceLock<bool> = OnceLock::new();
    IS_LOADED
        .get_or_init(load)
        .then(|| Box::new(CEnet::new(options)) as Box<dyn Endpoint>)
}

fn load() -> bool {
    let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) else {
        let notice = format!("\nSKIPPED: no test against C ENet, because ${VARIABLE} is not set\n");
        // Written past the test harness, which shows what it captures of failed tests only.
        std::io::stderr()
            .write_all(notice.as_bytes())
            .expect("standard error is open");
        return false;
    };
    if let Err(error) = c_enet::load(Path::new(&path), heap::OF_C) {
        panic!("${VARIABLE} is of no use: {error:#}");
    }
    true
}

struct CEnet {
    host: CHost,
    peer: Option<CPeer>,
    events: Vec<Seen>,
}

impl CEnet {
    fn new(options: Options) -> Self {
        // A clock makes the socket a simulated one; nothing reads it before the host is served.
        simulated::set_clock(Some(0));
        let bandwidth = [options.incoming_bandwidth, options.outgoing_bandwidth];
        let mut host = CHost::limited(None, options.peer_count, options.channel_limit, bandwidth);
        // What is lost is up to the network.
        simulated::set_receive_buffer(host.socket(), usize::MAX);
        if options.range_coder {
            host.compress_with_range_coder();
        }
        if options.checksum {
            host.use_checksums();
        }
        Self {
            host,
            peer: None,
            events: Vec::new(),
        }
    }

    fn peer(&self) -> CPeer {
        self.peer.expect("connected before")
    }
}

impl Endpoint for CEnet {
    fn connect(&mut self, address: SocketAddr, channel_count: usize, data: u32) {
        self.peer = Some(self.host.connect(v4(address), channel_count, data));
    }

    fn send(&mut self, channel_id: u8, flags: PacketFlags, data: &[u8]) -> bool {
        let peer = self.peer();
        self.host.send(peer, channel_id, flags, data)
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
        let millis = u32::try_from(now_micros / 1000).expect("no test lasts 49 days");
        simulated::set_clock(Some(millis));
        let socket = self.host.socket();
        for (from, data) in datagrams {
            simulated::deliver(socket, v4(from), data);
        }
        while let Some(event) = self.host.service(Duration::ZERO) {
            self.events.push(match event {
                CEvent::Connect(peer, data) => {
                    self.peer = Some(peer);
                    Seen::Connect { data }
                }
                CEvent::Disconnect(data) => Seen::Disconnect { data },
                CEvent::Receive(channel_id, packet) => Seen::Receive {
                    channel_id,
                    flags: Some(packet.flags().expect("flags that a sender can set")),
                    data: packet.data().to_vec(),
                },
            });
        }
        let sent = std::iter::from_fn(|| simulated::take(socket));
        sent.map(|(to, data)| (to.into(), data)).collect()
    }

    fn memory(&mut self) -> usize {
        heap::held()
    }

    fn take_events(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.events)
    }
}

fn v4(address: SocketAddr) -> SocketAddrV4 {
    match address {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(_) => panic!("the library knows IPv4 only"),
    }
}
