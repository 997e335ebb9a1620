//! [`Victim`]: a server of some implementation, and datagrams made by hand that are thrown at it.
//!
//! The layouts are those of the protocol description, not those of any engine here.

use std::net::SocketAddr;

use enet_proto::{Compressor as _, RangeCoder};

use crate::endpoint::{Endpoint, Options, Seen};
use crate::stage::Make;

/// A game serves its host this often.
const TICK_MICROS: u64 = 5_000;
/// To no peer in particular.
const NOBODY: u16 = 0x0FFF;
/// The channel of commands that belong to the connection.
const CONTROL: u8 = 0xFF;
/// A VERIFY_CONNECT by itself.
const VERIFY_CONNECT_LEN: usize = 48;

/// What a host sends, and to whom.
pub(crate) type Answers = Vec<(SocketAddr, Vec<u8>)>;

pub(crate) struct Victim {
    host: Box<dyn Endpoint>,
    now_micros: u64,
}

/// The address of the attacker or player `index`.
pub(crate) fn address(index: u16) -> SocketAddr {
    let [high, low] = index.to_be_bytes();
    SocketAddr::from(([10, 1, high, low], 9000))
}

impl Victim {
    /// A server without a peer, its clock at 10 s; `None` if the implementation is not here.
    pub(crate) fn new(make: Make, options: Options) -> Option<Self> {
        let mut victim = Self {
            host: make(options)?,
            now_micros: 10_000_000,
        };
        victim.take(Vec::new());
        Some(victim)
    }

    /// Serves the host once, with `datagrams` in its socket.
    pub(crate) fn take(&mut self, datagrams: Vec<(SocketAddr, Raw)>) -> Answers {
        let datagrams = datagrams.into_iter().map(|(from, raw)| (from, raw.0));
        self.host.service(self.now_micros, datagrams.collect())
    }

    /// Serves the host once, with one datagram in its socket.
    pub(crate) fn take_one(&mut self, from: SocketAddr, datagram: Raw) -> Answers {
        self.take(vec![(from, datagram)])
    }

    /// Serves the host without datagrams for `millis`.
    pub(crate) fn pass(&mut self, millis: u64) -> Answers {
        let mut answers = Vec::new();
        for _ in 0..millis * 1000 / TICK_MICROS {
            self.now_micros += TICK_MICROS;
            answers.extend(self.take(Vec::new()));
        }
        answers
    }

    /// The host's clock as datagrams carry it.
    pub(crate) fn clock(&self) -> u16 {
        u16::try_from((self.now_micros / 1000) & 0xFFFF).expect("16 bits")
    }

    pub(crate) fn events(&mut self) -> Vec<Seen> {
        self.host.take_events()
    }

    /// The payloads received since the last look at the events.
    pub(crate) fn received(&mut self) -> Vec<Vec<u8>> {
        let payload = |event| match event {
            Seen::Receive { data, .. } => Some(data),
            Seen::Connect { .. } | Seen::Disconnect { .. } => None,
        };
        self.events().into_iter().filter_map(payload).collect()
    }

    pub(crate) fn memory(&mut self) -> usize {
        self.host.memory()
    }

    /// Player `index` joins and reads what he is answered; `None` if he does not get in.
    pub(crate) fn join(&mut self, index: u16) -> Option<Member> {
        self.join_saying(index, |proof| proof)
    }

    /// The same for one who says more in the datagram that proves his address.
    pub(crate) fn join_saying(
        &mut self,
        index: u16,
        say: impl FnOnce(Raw) -> Raw,
    ) -> Option<Member> {
        let from = address(index);
        let answers = self.take_one(from, connect(0));
        let (_, answer) = answers
            .into_iter()
            .map(|(to, data)| (to, unpacked(data)))
            .find(|(to, data)| *to == from && data.len() == VERIFY_CONNECT_LEN)?;
        let field = |at: usize| u16::from_be_bytes([answer[at], answer[at + 1]]);
        let session = u16::from(answer[11]);
        let member = Member {
            from,
            header: session << 12 | field(8),
        };
        let proof = member.untimed().acknowledge(CONTROL, field(6), field(2));
        self.take_one(from, say(proof));
        let joined = self.events().contains(&Seen::Connect { data: 7 });
        joined.then_some(member)
    }
}

/// A datagram with a sent time as it was before the range coder took it.
fn unpacked(mut datagram: Vec<u8>) -> Vec<u8> {
    const HEADER_LEN: usize = 4;
    if datagram[0] & 0x40 != 0 {
        let mut body = vec![0; 4096];
        let len = RangeCoder::default().decompress(&datagram[HEADER_LEN..], &mut body);
        datagram.truncate(HEADER_LEN);
        datagram.extend(&body[..len.expect("a host packs what can be unpacked")]);
    }
    datagram
}

/// A player who got in.
#[derive(Clone, Copy)]
pub(crate) struct Member {
    pub(crate) from: SocketAddr,
    /// Slot and session, as the victim wants them.
    header: u16,
}

impl Member {
    pub(crate) fn untimed(self) -> Raw {
        Raw::untimed(self.header)
    }

    pub(crate) fn timed(self, victim: &Victim) -> Raw {
        Raw::timed(self.header, victim.clock())
    }
}

/// A datagram made by hand.
#[derive(Clone)]
pub(crate) struct Raw(pub(crate) Vec<u8>);

/// What a fragment says of its message.
#[derive(Clone, Copy)]
pub(crate) struct Message {
    /// Its first number.
    pub(crate) start: u16,
    pub(crate) count: u32,
    pub(crate) total: u32,
}

/// A CONNECT with the defaults of C ENet and user data 7, of somebody who keeps the connection in his slot `peer_id`.
pub(crate) fn connect(peer_id: u16) -> Raw {
    let mut rest = [peer_id.to_be_bytes(), [0xFF, 0xFF]].concat();
    for field in [1392_u32, 65_536, 2, 0, 0, 5000, 2, 2, 1, 7] {
        rest.extend(field.to_be_bytes());
    }
    Raw::timed(NOBODY, 1000).command(0x82, CONTROL, 1, &rest)
}

impl Raw {
    pub(crate) fn untimed(header: u16) -> Self {
        Self(header.to_be_bytes().to_vec())
    }

    fn timed(header: u16, sent_time: u16) -> Self {
        Self([(0x8000 | header).to_be_bytes(), sent_time.to_be_bytes()].concat())
    }

    fn command(mut self, first_byte: u8, channel_id: u8, number: u16, rest: &[u8]) -> Self {
        self.0.extend([first_byte, channel_id]);
        self.0.extend(number.to_be_bytes());
        self.0.extend(rest);
        self
    }

    pub(crate) fn acknowledge(self, channel_id: u8, number: u16, echo: u16) -> Self {
        let rest = [number.to_be_bytes(), echo.to_be_bytes()].concat();
        self.command(0x01, channel_id, number, &rest)
    }

    /// DISCONNECT with data 5, to be acknowledged or not.
    pub(crate) fn disconnect(self, flagged: bool, number: u16) -> Self {
        let first_byte = if flagged { 0x84 } else { 0x44 };
        self.command(first_byte, CONTROL, number, &5_u32.to_be_bytes())
    }

    /// `count` times the same PING, to be acknowledged.
    pub(crate) fn pings(self, count: usize) -> Self {
        (0..count).fold(self, |raw, _| raw.command(0x85, CONTROL, 2, &[]))
    }

    /// On channel 0, as the following ones.
    pub(crate) fn reliable(self, number: u16, data: &[u8]) -> Self {
        let rest = [&len_field(data), data].concat();
        self.command(0x86, 0, number, &rest)
    }

    pub(crate) fn unreliable(self, number: u16, data: &[u8]) -> Self {
        let rest = [&number.to_be_bytes(), &len_field(data), data].concat();
        self.command(0x07, 0, 0, &rest)
    }

    /// Fragment `index` of a reliable message.
    pub(crate) fn fragment(self, message: Message, index: u16, offset: u32, data: &[u8]) -> Self {
        let rest = fragment_fields(message, index, offset, data);
        self.command(0x88, 0, message.start + index, &rest)
    }

    /// The first fragment of an unreliable message that belongs behind reliable number `epoch`.
    pub(crate) fn unreliable_fragment(self, epoch: u16, message: Message, data: &[u8]) -> Self {
        self.command(0x0C, 0, epoch, &fragment_fields(message, 0, 0, data))
    }
}

fn fragment_fields(message: Message, index: u16, offset: u32, data: &[u8]) -> Vec<u8> {
    let mut rest = [message.start.to_be_bytes(), len_field(data)].concat();
    for field in [message.count, index.into(), message.total, offset] {
        rest.extend(field.to_be_bytes());
    }
    rest.extend(data);
    rest
}

fn len_field(data: &[u8]) -> [u8; 2] {
    u16::try_from(data.len())
        .expect("a payload of one datagram")
        .to_be_bytes()
}
