//! What the applications of both ends do about who may come in: decisions in their own time, bans, limits, and other
//! user data to ask with.

use std::net::IpAddr;
use std::time::Duration;

use enet_proto::{
    Admission, ConnectRequest, Limits, PeerId, Prefix, Reason, Time, Verdict, WaitingId,
};

use crate::reader::Reader;
use crate::wire::{CHANNELS, End, address};

/// Says the same to everybody.
struct Door {
    verdict: Verdict,
    /// What those are told who come as far as the proof.
    last_word: Result<(), u32>,
}

impl Admission for Door {
    fn decide(&mut self, _: &ConnectRequest) -> Verdict {
        self.verdict
    }

    fn admit(&mut self, _: &ConnectRequest, _: PeerId) -> Result<(), u32> {
        self.last_word
    }

    fn left(&mut self, _: PeerId) {}
}

/// The connections that the server was asked about, answered or not.
#[derive(Default)]
pub(crate) struct Entry {
    asked: Vec<WaitingId>,
}

impl Entry {
    /// One call of an application, which the bytes choose.
    pub(crate) fn operate(
        &mut self,
        now: Time,
        [client, server]: &mut [End; 2],
        reader: &mut Reader<'_>,
    ) {
        match reader.byte() % 10 {
            0 => guard(server, reader),
            1 | 2 => self.answer(now, server, reader),
            3 => ask_anew(client, server),
            4 => {
                let peer = client.host.peers().next();
                if let Some(peer) = peer {
                    let alternatives = (0..reader.byte() % 4).map(u32::from).collect();
                    client.host.set_alternatives(peer, alternatives);
                }
            }
            5 => {
                let forever = reader.coin();
                let span = Duration::from_millis(u64::from(reader.byte()) * 20);
                let answer = reader.coin().then_some(Reason::Banned.to_data());
                let prefix = prefix(reader);
                server
                    .host
                    .ban(now, prefix, (!forever).then_some(span), answer);
            }
            6 => {
                let prefix = prefix(reader);
                let was_banned = server.host.bans(now).iter().any(|it| it.prefix == prefix);
                let is_over = server.host.unban(prefix);
                assert!(is_over || !was_banned, "{prefix} cannot be let in again");
            }
            7 => {
                let limits = limits(reader, server.host.limits());
                server.host.set_limits(now, limits);
            }
            8 => server.host.set_duplicate_peers(reader.byte().into()),
            _ if reader.coin() => server.host.suspend(1),
            _ => server.host.resume(),
        }
    }

    /// Decides about one that waits, or waited.
    fn answer(&mut self, now: Time, server: &mut End, reader: &mut Reader<'_>) {
        self.asked
            .extend(std::iter::from_fn(|| server.host.next_waiting()).map(|(id, _)| id));
        let index = usize::from(reader.byte()) % self.asked.len().max(1);
        if let Some(&id) = self.asked.get(index) {
            server.host.answer(now, id, verdict(reader));
        }
    }
}

fn guard(server: &mut End, reader: &mut Reader<'_>) {
    let door = (!reader.byte().is_multiple_of(4)).then(|| {
        let verdict = verdict(reader);
        let is_sure = reader.coin();
        let last_word = is_sure.then_some(()).ok_or(Reason::IdTaken.to_data());
        Box::new(Door { verdict, last_word }) as Box<dyn Admission>
    });
    server.host.set_admission(door);
}

/// Lets a client without a connection begin one.
fn ask_anew(client: &mut End, server: &End) {
    // The only slot may be taken.
    let _ = client.host.connect(server.address, CHANNELS, 7);
}

fn verdict(reader: &mut Reader<'_>) -> Verdict {
    match reader.byte() % 5 {
        0 => Verdict::Accept,
        1 => Verdict::Ignore,
        2 => Verdict::Wait,
        3 => Verdict::Refuse { data: 1 },
        _ => Verdict::Refuse {
            data: Reason::IdTaken.to_data(),
        },
    }
}

/// One of few addresses, or all that share its first bits.
fn prefix(reader: &mut Reader<'_>) -> Prefix {
    let IpAddr::V4(base) = address(reader.byte() % 4).ip() else {
        unreachable!("all addresses are IPv4");
    };
    let len = [32, 24, 8, 0][usize::from(reader.byte() % 4)];
    Prefix::new(base.into(), len).expect("32 bits at most")
}

/// Low limits, or none, but for the memory: what is over a limit when it changes may stay.
fn limits(reader: &mut Reader<'_>, before: Limits) -> Limits {
    let mut low = |unit: u32| u32::from(reader.byte() % 8) * unit;
    Limits {
        half_open: low(1) as usize,
        half_open_per_source: low(1) as usize,
        waiting: low(1) as usize,
        waiting_per_source: low(1) as usize,
        attempts: low(1),
        joins_per_source: low(1),
        join_burst_per_source: low(1),
        joins: low(1),
        join_burst: low(1),
        refusals: low(1),
        datagrams_per_peer: low(10),
        bytes_per_peer: low(10_000),
        acknowledgements_per_datagram: low(8) as usize,
        ..before
    }
}
