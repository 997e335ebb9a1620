//! Runs one session file through the engine.

use std::collections::{HashMap, HashSet};

use super::decode::decode;
use super::network::Network;
use super::records::{Call, Datagram, Happened, Record, Send, State};
use super::report::{self, Report};
use super::setup::{address, has_checksum, network, tick};
use crate::checksum::crc32;
use crate::packet::{Packet, PacketFlags};
use crate::tests::plain::Plain;
use crate::tests::vectors::{bytes, load};
use crate::wire::Command;

/// The records of a session file, sorted by kind.
pub(super) struct Session {
    pub(super) file: &'static str,
    /// Everything that is done or looked at, in file order.
    script: Vec<Record>,
    pub(super) datagrams: Vec<Datagram>,
    pub(super) events: Vec<Happened>,
    start: u64,
    end: u64,
}

impl Session {
    fn load(file: &'static str) -> Self {
        let records: Vec<Record> = load(file);
        let (start, end) = (records[0].t(), records[records.len() - 1].t());
        let (mut script, mut datagrams, mut events) = (Vec::new(), Vec::new(), Vec::new());
        for record in records {
            match record {
                Record::Datagram(datagram) => datagrams.push(datagram),
                Record::Event(event) => events.push(event),
                Record::Call(_) | Record::State(_) | Record::Note { .. } => script.push(record),
                Record::Inject(_) => panic!("{file}: nothing is injected into a session"),
            }
        }
        Self {
            file,
            script,
            datagrams,
            events,
            start,
            end,
        }
    }

    /// The connect ids that the library chose on `host`, in the order of its connect calls.
    fn connect_ids(&self, host: &str) -> Vec<[u8; 4]> {
        let mut ids = Vec::new();
        for datagram in self
            .datagrams
            .iter()
            .filter(|datagram| datagram.from == host)
        {
            let decoded = decode(&bytes(&datagram.hex), has_checksum(self.file))
                .expect("recorded from a sender");
            for (_, command, _) in decoded.commands {
                if let Command::Connect { handshake, .. } = command
                    && !ids.contains(&handshake.connect_id)
                {
                    ids.push(handshake.connect_id);
                }
            }
        }
        ids
    }

    /// The payload of a recorded send.
    fn payload(&self, host: &str, send: &Send) -> Vec<u8> {
        let payload = match send.fill {
            Some(fill) => Send::pattern(send.len, fill),
            None => self.carried(host, send),
        };
        assert_eq!(
            format!("{:08x}", crc32(&payload)),
            send.crc32,
            "{}: payload of a send",
            self.file
        );
        payload
    }

    /// The payload of `send` as the datagrams of `host` carried it, whole or in fragments.
    fn carried(&self, host: &str, send: &Send) -> Vec<u8> {
        let mut message = vec![0; send.len];
        for datagram in self
            .datagrams
            .iter()
            .filter(|datagram| datagram.from == host)
        {
            let decoded = decode(&bytes(&datagram.hex), has_checksum(self.file))
                .expect("recorded from a sender");
            for (_, command, payload) in decoded.commands {
                if let Command::SendFragment(fragment) = command
                    && fragment.total as usize == send.len
                {
                    message[fragment.offset as usize..][..payload.len()].copy_from_slice(&payload);
                } else if format!("{:08x}", crc32(&payload)) == send.crc32 {
                    return payload;
                }
            }
        }
        message
    }
}

/// Replays `file` and reports in what the engine differed; `quirks` is [`HostConfig::vanilla_quirks`].
///
/// [`HostConfig::vanilla_quirks`]: crate::HostConfig::vanilla_quirks
pub(super) fn replay(file: &'static str, quirks: bool) -> Report {
    let session = Session::load(file);
    let mut network = network(file, quirks);
    for endpoint in &mut network.endpoints {
        endpoint
            .host
            .set_choices(Plain::new(session.connect_ids(endpoint.name)));
    }
    network.lost = losses(&session.datagrams);

    let mut report = Report::new(file);
    let mut clock = session.start;
    for record in &session.script {
        run_until(&mut network, &mut clock, record.t(), tick(file));
        match record {
            Record::Call(called) => {
                report.sends += usize::from(matches!(called.call, Call::Send(_)));
                call(&session, &mut network, clock, &called.host, &called.call);
            }
            Record::State(state) => report.state(look(&mut network, state), state),
            Record::Note { text, .. } => note(&mut network, text),
            Record::Datagram(_) | Record::Event(_) | Record::Inject(_) => {
                unreachable!("not part of the script")
            }
        }
    }
    run_until(&mut network, &mut clock, session.end, tick(file));
    report::compare(&mut report, &session, &network);
    report
}

/// Which datagrams the recorded network dropped: indices per sender.
fn losses(datagrams: &[Datagram]) -> HashMap<String, HashSet<usize>> {
    let mut sent: HashMap<&str, usize> = HashMap::new();
    let mut lost: HashMap<String, HashSet<usize>> = HashMap::new();
    for datagram in datagrams {
        let nth = sent.entry(&datagram.from).or_default();
        if datagram.lost {
            lost.entry(datagram.from.clone()).or_default().insert(*nth);
        }
        *nth += 1;
    }
    lost
}

fn run_until(network: &mut Network, clock: &mut u64, t: u64, tick: u64) {
    while *clock < t {
        *clock += tick;
        network.serve_all(*clock);
    }
    assert_eq!(*clock, t, "records lie on ticks");
}

fn call(session: &Session, network: &mut Network, now: u64, name: &str, call: &Call) {
    let endpoint = network.endpoint(name);
    let host = &mut endpoint.host;
    if let Call::Connect { channels, data } = *call {
        endpoint.peer = Some(
            host.connect(address("server"), channels, data)
                .expect("a slot is free"),
        );
        if session.file == "disconnect_connecting" {
            network.serve_one(name, now);
        }
        return;
    }
    let peer = endpoint.peer.expect("calls come after the connect");
    match *call {
        Call::Connect { .. } => unreachable!("returned above"),
        Call::Send(ref send) => {
            let flags = PacketFlags::from_bits(send.flags).expect("known flags");
            let packet = Packet::new(session.payload(name, send), flags);
            assert_eq!(
                host.send(peer, send.channel, packet).is_ok(),
                send.result == 0,
                "{}: {send:?}",
                session.file
            );
        }
        Call::Disconnect { data } => {
            let flushes = host.state(peer) == crate::PeerState::Connecting;
            host.disconnect(peer, data);
            if flushes {
                network.flush(name, now);
            }
        }
        Call::DisconnectLater { data } => host.disconnect_later(peer, data),
        Call::DisconnectNow { data } => {
            host.disconnect_now(peer, data);
            network.flush(name, now);
        }
        Call::Reset => host.reset(peer),
        Call::Ping => host.ping(peer),
        Call::PingInterval { ms } => host.set_ping_interval(peer, ms),
        Call::ThrottleConfigure {
            interval,
            acceleration,
            deceleration,
        } => {
            host.throttle_configure(peer, interval, acceleration, deceleration);
        }
        Call::BandwidthLimit { incoming, outgoing } => host.set_bandwidth(incoming, outgoing),
    }
}

/// Does what a note says the recorder did; most notes only tell.
fn note(network: &mut Network, text: &str) {
    let client = network.endpoint("client");
    // "packetThrottle set to 20", and "throttle 20: " before what was sent then.
    let throttle = text
        .strip_prefix("packetThrottle set to ")
        .or_else(|| Some(text.strip_prefix("throttle ")?.split_once(':')?.0));
    if let Some(throttle) = throttle {
        client
            .host
            .force_throttle(0, throttle.parse().expect("a number"));
    } else if text == "client slot 0 is kept busy by an attempt to a port nobody listens on" {
        client
            .host
            .connect(address("port7999"), 1, 0)
            .expect("all slots are free");
    }
}

fn look(network: &mut Network, state: &State) -> crate::host::Inspection {
    network.endpoint(&state.host).host.inspect(state.slot())
}
