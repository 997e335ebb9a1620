//! The garbage: broken, altered and repeated datagrams into a session that lives, from its own addresses and others.
//!
//! ENet has no keys. Who sits on the path, as our relays do, may therefore hurt a session in ways that nobody can tell
//! from the real remote: a DISCONNECT with the right session and number ends it, changed bytes in a payload are
//! delivered, an acknowledgement of what is under way confirms it. So from the true addresses comes only what a
//! network might do by itself, or what is nobody's word:
//!
//! - exact copies of what passed at least [`OLD`] ago, which was acknowledged long since;
//! - beginnings of datagrams, where all that is whole was said by the remote;
//! - datagrams for another session or peer, and such that begin with no command.
//!
//! From other addresses comes anything.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::connect::Connect;
use crate::forged::Forged;
use crate::mutation::Mutation;
use crate::random::Random;
use crate::relay::Relay;

/// Datagrams in all: a little more than 100,000, which are to be reached.
const PER_SECOND: u64 = 101_000;
/// What passed so long ago has been acknowledged, or sent again.
const OLD: Duration = Duration::from_secs(2);
/// How long one round may be behind before it is not made up for.
const MOST_BEHIND: Duration = Duration::from_millis(500);
/// Between two rounds.
const ROUND: Duration = Duration::from_micros(500);
/// Ports and addresses of the strangers.
const PORTS: usize = 16;
const FIRST_ADDRESS: u32 = u32::from_be_bytes([127, 64, 0, 0]);
const ADDRESSES: usize = 1 << 16;

/// What may come from where the session is.
const FROM_TRUE_ADDRESS: [Mutation; 4] = [
    Mutation::Replay,
    Mutation::Cut,
    Mutation::Misaddressed,
    Mutation::NoCommand,
];

/// What became of the attack.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) seconds: f64,
    pub(crate) datagrams_sent: u64,
    pub(crate) datagrams_per_second: f64,
    /// Datagrams that the system did not take.
    pub(crate) refused: u64,
    /// By where they went and how they were made.
    pub(crate) sent: BTreeMap<String, u64>,
    /// What strangers got back, in datagrams and bytes, and what they had sent.
    pub(crate) answers: u64,
    pub(crate) answer_bytes: u64,
    pub(crate) stranger_bytes: u64,
}

/// Where a datagram comes from and goes to.
#[derive(Clone, Copy)]
enum Path {
    /// From an address that has nothing to do with the session, to the server.
    Stranger,
    /// From the client's address to the server.
    ToServer,
    /// From the server's address to the client.
    ToClient,
}

/// An attack under way.
pub(crate) struct Garbage {
    relays: Vec<Relay>,
    /// How many of the relays, the last ones, belong to clients that are attacked too.
    victims: usize,
    strangers: Forged,
    server: SocketAddrV4,
    random: Random,
    connect: Connect,
    report: Report,
}

impl Garbage {
    /// Opens the relays.
    ///
    /// - `relays`, `victims`: ports where clients connect to; clients of the victims are attacked themselves.
    pub(crate) fn open(server: SocketAddrV4, relays: &[u16], victims: &[u16]) -> Result<Self> {
        let open = |port: &u16| Relay::open(*port, server);
        Ok(Self {
            relays: relays
                .iter()
                .chain(victims)
                .map(open)
                .collect::<Result<_>>()?,
            victims: victims.len(),
            strangers: Forged::open(PORTS)?,
            server,
            random: Random::new(0x6A4B_A6E0),
            connect: Connect::new(),
            report: Report::default(),
        })
    }

    /// Relays as long as `go_on` says, which hears for how long nothing came.
    pub(crate) fn relay_while(&mut self, mut go_on: impl FnMut(Duration) -> bool) {
        let mut last = Instant::now();
        while go_on(last.elapsed()) {
            if self.pass_on() {
                last = Instant::now();
            }
            thread::sleep(ROUND);
        }
    }

    /// Attacks for `span`.
    pub(crate) fn attack(&mut self, span: Duration) -> &Report {
        let started = Instant::now();
        let mut due = Duration::ZERO;
        let each = Duration::from_secs(1) / u32::try_from(PER_SECOND).expect("fits");
        let mut data = Vec::new();
        while started.elapsed() < span {
            self.pass_on();
            let now = started.elapsed();
            due = due.max(now.saturating_sub(MOST_BEHIND));
            while due < now {
                due += each;
                self.send_one(&mut data);
            }
            self.read_answers();
            thread::sleep(ROUND);
        }
        self.report.seconds = started.elapsed().as_secs_f64();
        self.report.datagrams_per_second = self.report.datagrams_sent as f64 / self.report.seconds;
        &self.report
    }

    fn pass_on(&mut self) -> bool {
        let passed = self.relays.iter_mut().map(Relay::pass_on);
        passed.fold(false, |any, one| any | one)
    }

    fn send_one(&mut self, data: &mut Vec<u8>) {
        let (path, paths) = match self.random.below(10) {
            0..6 => (Path::Stranger, self.relays.len()),
            6..9 => (Path::ToServer, self.relays.len()),
            _ if self.victims == 0 => (Path::ToServer, self.relays.len()),
            _ => (Path::ToClient, self.victims),
        };
        let at = self.relays.len() - 1 - self.random.below(paths);
        let mutation = match path {
            Path::Stranger => Mutation::ALL[self.random.below(Mutation::ALL.len())],
            Path::ToServer | Path::ToClient => {
                FROM_TRUE_ADDRESS[self.random.below(FROM_TRUE_ADDRESS.len())]
            }
        };
        let relay = &self.relays[at];
        let record = match path {
            Path::ToClient => &relay.to_client,
            Path::Stranger | Path::ToServer => &relay.to_server,
        };
        let original = match (path, mutation) {
            // A third of the strangers' own begins as a CONNECT.
            (Path::Stranger, _) if self.random.below(3) == 0 => {
                Some(&self.connect.redrawn(&mut self.random)[..])
            }
            (Path::Stranger, _) => record.any(&mut self.random),
            (_, Mutation::Replay) => record.old(OLD, &mut self.random),
            _ => record.any(&mut self.random),
        };
        // Nothing is old enough, or has passed at all, when it begins.
        let (original, mutation) = original.map_or((&[][..], Mutation::Cut), |it| (it, mutation));
        mutation.apply(original, &mut self.random, data);
        let taken = match path {
            Path::Stranger => {
                let offset = u32::try_from(self.random.below(ADDRESSES)).expect("fits");
                let from = Ipv4Addr::from(FIRST_ADDRESS + offset);
                let socket = self.random.below(PORTS);
                self.report.stranger_bytes += data.len() as u64;
                self.strangers
                    .send(socket, from, self.server, data, u16::MAX)
            }
            Path::ToServer => relay.send_to_server(data),
            Path::ToClient => relay.send_to_client(data),
        };
        if !taken {
            self.report.refused += 1;
            return;
        }
        self.report.datagrams_sent += 1;
        let name = format!("{} {}", path.name(), mutation.name());
        *self.report.sent.entry(name).or_default() += 1;
    }

    fn read_answers(&mut self) {
        for port in 0..PORTS {
            while let Some((_, answer)) = self.strangers.receive(port) {
                self.report.answers += 1;
                self.report.answer_bytes += answer.len() as u64;
            }
        }
    }
}

impl Path {
    const fn name(self) -> &'static str {
        match self {
            Self::Stranger => "stranger to server",
            Self::ToServer => "client to server",
            Self::ToClient => "server to client",
        }
    }
}
