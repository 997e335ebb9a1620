//! A server with one connected client, into which datagrams are injected in the client's name.

use super::network::{Endpoint, Network};
use super::setup::{address, config};
use crate::config::HostConfig;
use crate::host::Host;
use crate::tests::plain::Plain;
use crate::time::Time;
use crate::wire::{Command, CommandHeader, ProtocolHeader};

/// A command, and its payload.
pub(super) type Content<'a> = (CommandHeader, Command, &'a [u8]);

/// How long both hosts are served before the first injection, in milliseconds.
pub(super) const SETTLING: u64 = 1300;

/// A network without latency on which "client" (slot 0, session 0) is connected to "server", both idle at `now`.
///
/// The recorder's client chose the same connect id each time, as its generator began anew.
pub(super) fn connected(server: HostConfig, quirks: bool, channels: usize, now: u64) -> Network {
    let mut client = Host::new(config(1, quirks));
    client.set_choices(Plain::new(vec![[0x92, 0x2a, 0x0f, 0xaf]]));
    let mut server = Host::new(server);
    server.set_choices(Plain::new(Vec::new()));
    let endpoints = vec![
        Endpoint::new("client", client),
        Endpoint::new("server", server),
    ];
    let mut network = Network::new(endpoints, |_| 0);
    let client = network.endpoint("client");
    client.peer = client
        .host
        .connect(address("server"), channels, 0x1234_5678)
        .ok();
    for t in (now - SETTLING..now).step_by(5) {
        network.serve_all(t + 5);
    }
    for endpoint in &mut network.endpoints {
        assert_eq!(endpoint.events.len(), 1, "{} is connected", endpoint.name);
        endpoint.events.clear();
        endpoint.sent.clear();
    }
    network
}

/// A datagram for slot 0 and session 0 that leaves at `now`, with these commands and payloads.
pub(super) fn datagram<'a>(now: u64, commands: impl IntoIterator<Item = Content<'a>>) -> Vec<u8> {
    datagram_for(0, now, commands)
}

/// The same for any slot.
pub(super) fn datagram_for<'a>(
    slot: u16,
    now: u64,
    commands: impl IntoIterator<Item = Content<'a>>,
) -> Vec<u8> {
    let sent_time = Some(Time::from_millis(now).millis().sent_time());
    let header = ProtocolHeader {
        peer_id: slot,
        session: 0,
        compressed: false,
        sent_time,
    };
    let mut bytes = header.encode()[..header.len()].to_vec();
    for (header, command, payload) in commands {
        command.encode(header, &mut bytes);
        bytes.extend_from_slice(payload);
    }
    bytes
}

/// A command on `channel_id` with reliable number `number`.
pub(super) const fn header(channel_id: u8, number: u16, acknowledge: bool) -> CommandHeader {
    CommandHeader {
        acknowledge,
        unsequenced: false,
        channel_id,
        number,
    }
}
