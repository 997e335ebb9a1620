//! [`Stage`]: two endpoints, a simulated network and a clock that the scenarios move.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use enet_netsim::{Link, LinkConfig, Network};
use enet_proto::PacketFlags;

use crate::endpoint::{Endpoint, Goodbye, Options, Seen};

/// Both endpoints are served this often, as a game serves its host; other implementations cannot say when they want to.
const TICK_MICROS: u64 = 5_000;

/// One of the two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

impl Role {
    pub(crate) const BOTH: [Self; 2] = [Self::Client, Self::Server];

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    fn address(self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1 + self as u8), 9000))
    }
}

/// Makes the endpoint of a role; `None` if its implementation is not here.
pub(crate) type Make = fn(Options) -> Option<Box<dyn Endpoint>>;

pub(crate) struct Stage {
    endpoints: [Box<dyn Endpoint>; 2],
    events: [Vec<Seen>; 2],
    network: Network,
    now_micros: u64,
}

impl Stage {
    /// A client and a server on links of 10 ms, the clock at 1 s; `None` if an implementation is not here.
    pub(crate) fn new(makes: [Make; 2], options: [Options; 2]) -> Option<Self> {
        let [client, server] = makes;
        Some(Self {
            endpoints: [client(options[0])?, server(options[1])?],
            events: [Vec::new(), Vec::new()],
            network: Network::new(1, LinkConfig::default().delay(Duration::from_millis(10))),
            now_micros: 1_000_000,
        })
    }

    /// Connects with user data 7 and forgets the events of that.
    pub(crate) fn connect(&mut self, channel_count: usize) {
        self.endpoints[Role::Client as usize].connect(Role::Server.address(), channel_count, 7);
        self.run_until("both sides are connected", |stage| {
            Role::BOTH
                .iter()
                .all(|&role| !stage.events(role).is_empty())
        });
        assert_eq!(self.take_events(Role::Client), [Seen::Connect { data: 0 }]);
        assert_eq!(self.take_events(Role::Server), [Seen::Connect { data: 7 }]);
    }

    pub(crate) fn start_connecting(&mut self, channel_count: usize, data: u32) {
        self.endpoints[Role::Client as usize].connect(Role::Server.address(), channel_count, data);
    }

    /// Whether the packet was accepted.
    pub(crate) fn try_send(
        &mut self,
        role: Role,
        channel_id: u8,
        flags: PacketFlags,
        data: &[u8],
    ) -> bool {
        self.endpoints[role as usize].send(channel_id, flags, data)
    }

    pub(crate) fn send(&mut self, role: Role, channel_id: u8, flags: PacketFlags, data: &[u8]) {
        assert!(
            self.try_send(role, channel_id, flags, data),
            "{role:?} refused {} bytes",
            data.len()
        );
    }

    pub(crate) fn end(&mut self, role: Role, goodbye: Goodbye, data: u32) {
        self.endpoints[role as usize].end(goodbye, data);
    }

    pub(crate) fn set_link(&mut self, config: LinkConfig) {
        self.network.set_config(config);
    }

    /// The direction from `role` to the other end.
    pub(crate) fn link_from(&mut self, role: Role) -> &mut Link {
        self.network.link(role.address(), role.other().address())
    }

    pub(crate) fn events(&self, role: Role) -> &[Seen] {
        &self.events[role as usize]
    }

    pub(crate) fn take_events(&mut self, role: Role) -> Vec<Seen> {
        std::mem::take(&mut self.events[role as usize])
    }

    fn tick(&mut self) {
        self.now_micros += TICK_MICROS;
        let mut arrived = [Vec::new(), Vec::new()];
        while let Some(datagram) = self.network.receive(self.now_micros) {
            let role = if datagram.to == Role::Client.address() {
                Role::Client
            } else {
                Role::Server
            };
            arrived[role as usize].push((datagram.from, datagram.data));
        }
        for (role, datagrams) in Role::BOTH.into_iter().zip(arrived) {
            let endpoint = &mut self.endpoints[role as usize];
            for (to, data) in endpoint.service(self.now_micros, datagrams) {
                self.network
                    .send(self.now_micros, role.address(), to, &data);
            }
            self.events[role as usize].extend(endpoint.take_events());
        }
    }

    pub(crate) fn run_for(&mut self, span: Duration) {
        let end = u128::from(self.now_micros) + span.as_micros();
        while u128::from(self.now_micros) < end {
            self.tick();
        }
    }

    /// Runs until `done`; five minutes of virtual time without that fail the test.
    pub(crate) fn run_until(&mut self, goal: &str, done: impl Fn(&Self) -> bool) {
        let start = self.now_micros;
        while !done(self) {
            self.tick();
            let elapsed = self.now_micros - start;
            assert!(
                elapsed < 300_000_000,
                "not within five minutes: {goal}; {:?}",
                self.events.each_ref().map(Vec::len)
            );
        }
    }
}
