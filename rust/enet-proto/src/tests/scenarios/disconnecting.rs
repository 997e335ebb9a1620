//! The four ways to end a connection, what is delivered before the end, and every state against every cause.

use super::*;
use crate::DisconnectCause::{Local, Refused, Remote, Timeout};
use crate::PeerState::{self, *};
use crate::tests::pair::Node;
use crate::{DisconnectCause, Event, Packet, SendError};

#[test]
fn disconnect_is_confirmed_and_carries_its_data() {
    let mut pair = Pair::connected(1);
    pair.client.host.disconnect(pair.client.peer(), 42);
    assert_eq!(pair.client.state(), Disconnecting);
    pair.run_for(millis(15));
    assert_eq!(
        (pair.client.disconnects(), pair.server.disconnects()),
        (vec![], vec![(42, Remote)])
    );
    pair.run_for(millis(15));
    assert_eq!(pair.client.disconnects(), [(0, Local)]);
    assert_eq!(
        (pair.client.host.peer_count(), pair.server.host.peer_count()),
        (0, 0)
    );
}

#[test]
fn disconnect_drops_what_is_queued() {
    let mut pair = Pair::connected(2);
    pair.client.send(0, Packet::reliable("never sent"));
    pair.client.host.disconnect(pair.client.peer(), 0);
    pair.run_until_idle();
    assert_eq!(pair.server.received().len(), 0);
    assert_eq!(pair.server.disconnects(), [(0, Remote)]);
}

#[test]
fn disconnect_now_is_silent_here_and_tells_the_remote() {
    let mut pair = Pair::connected(3);
    let peer = pair.server.peer();
    pair.server.host.disconnect_now(peer, 43);
    assert_eq!(
        (pair.server.host.state(peer), pair.server.host.peer_count()),
        (Disconnected, 0)
    );
    pair.run_until_idle();
    assert_eq!(
        (pair.server.disconnects(), pair.client.disconnects()),
        (vec![], vec![(43, Remote)])
    );
}

#[test]
fn lost_goodbye_leaves_the_remote_to_its_timeout() {
    let mut pair = Pair::connected(4);
    pair.link_to_client().drop_next(1);
    pair.server.host.disconnect_now(pair.server.peer(), 43);
    pair.run_for(millis(60_000));
    assert_eq!(pair.client.disconnects(), [(0, Timeout)]);
}

#[test]
fn reset_tells_nobody() {
    let mut pair = Pair::connected(5);
    pair.client.host.reset(pair.client.peer());
    pair.record();
    pair.settle();
    assert!(pair.record().is_empty());
    pair.run_for(millis(60_000));
    assert_eq!(
        (pair.client.disconnects(), pair.server.disconnects()),
        (vec![], vec![(0, Timeout)])
    );
}

#[test]
fn disconnect_later_drains_under_loss_and_refuses_more() {
    let mut pair = Setup::new(6).link(|link| link.loss(0.2)).connected();
    let sent = [
        payload(10),
        payload(100_000),
        payload(0),
        payload(1364),
        payload(20_000),
    ];
    for data in &sent {
        pair.client.send(0, Packet::reliable(data.clone()));
    }
    let peer = pair.client.peer();
    pair.client.host.disconnect_later(peer, 44);
    assert_eq!(pair.client.state(), DisconnectLater);
    let refused = pair.client.host.send(peer, 0, Packet::reliable("too late"));
    assert_eq!(refused, Err(SendError::NotConnected(DisconnectLater)));
    pair.run_until_idle();
    assert_eq!(pair.server.received(), sent);
    assert_eq!(pair.server.disconnects(), [(44, Remote)]);
    assert_eq!(pair.client.disconnects().len(), 1);
}

#[test]
fn disconnect_later_with_nothing_queued_is_disconnect() {
    let mut pair = Pair::connected(7);
    pair.client.host.disconnect_later(pair.client.peer(), 45);
    assert_eq!(pair.client.state(), Disconnecting);
    pair.run_until_idle();
    assert_eq!(
        (pair.client.disconnects(), pair.server.disconnects()),
        (vec![(0, Local)], vec![(45, Remote)])
    );
}

#[test]
fn disconnect_later_lets_unreliable_packets_leave_first() {
    let mut pair = Pair::connected(8);
    for data in numbered(100) {
        pair.client.send(0, Packet::unreliable(data));
    }
    pair.client.host.disconnect_later(pair.client.peer(), 46);
    pair.run_until_idle();
    assert_eq!(
        numbers(&pair.server.received()),
        (0..100).collect::<Vec<_>>()
    );
    assert_eq!(pair.server.disconnects(), [(46, Remote)]);
}

#[test]
fn leaving_peer_throws_away_what_arrives() {
    let mut pair = Pair::connected(9);
    pair.link_to_server().set_down(true);
    pair.client.send(0, Packet::reliable("keeps it busy"));
    pair.settle();
    pair.client.host.disconnect_later(pair.client.peer(), 0);
    for packet in [
        Packet::reliable("r"),
        Packet::unreliable("u"),
        Packet::unsequenced("q"),
        Packet::reliable(payload(5000)),
    ] {
        pair.server.send(0, packet);
    }
    pair.run_for(millis(100));
    assert_eq!(pair.client.state(), DisconnectLater);
    assert_eq!(
        (
            pair.client.received().len(),
            pair.client.statistics().waiting_data
        ),
        (0, 0)
    );
}

#[test]
fn what_arrived_before_a_goodbye_is_delivered_before_its_event() {
    for now in [false, true] {
        let mut pair = Pair::connected(10);
        pair.client.send(0, Packet::reliable("last words"));
        pair.client.send(1, Packet::unreliable("and more"));
        pair.settle();
        let peer = pair.client.peer();
        if now {
            pair.client.host.disconnect_now(peer, 9)
        } else {
            pair.client.host.disconnect(peer, 9)
        }
        pair.run_until_idle();
        let kinds: Vec<_> = pair.server.events[1..]
            .iter()
            .map(std::mem::discriminant)
            .collect();
        assert_eq!(pair.server.received(), [&b"last words"[..], b"and more"]);
        assert_eq!(kinds.len(), 3);
        assert!(
            matches!(
                pair.server.events.last(),
                Some(Event::Disconnect { data: 9, .. })
            ),
            "now: {now}"
        );
    }
}

#[test]
fn goodbye_while_connecting_ends_the_attempt_without_an_event() {
    let mut pair = Setup::new(11).pair();
    pair.connect(1);
    pair.settle();
    pair.client.host.disconnect(pair.client.peer(), 0);
    assert_eq!(pair.client.host.peer_count(), 0);
    pair.run_until_idle();
    assert_eq!((pair.client.events.len(), pair.server.events.len()), (0, 0));
    assert_eq!(pair.server.host.peer_count(), 0);
}

#[test]
fn closing_side_ends_by_timeout_when_the_confirmation_is_lost() {
    let mut pair = Pair::connected(12);
    pair.link_to_client().set_down(true);
    pair.client.host.disconnect(pair.client.peer(), 1);
    pair.run_for(millis(1000));
    assert_eq!(pair.server.disconnects(), [(1, Remote)]);
    pair.run_until_idle();
    assert_eq!(pair.client.disconnects(), [(0, Timeout)]);
}

#[test]
fn both_sides_may_disconnect_at_once() {
    let mut pair = Pair::connected(13);
    pair.client.host.disconnect(pair.client.peer(), 1);
    pair.server.host.disconnect(pair.server.peer(), 2);
    pair.run_until_idle();
    assert_eq!(pair.client.disconnects(), [(2, Remote)]);
    assert_eq!(pair.server.disconnects(), [(1, Remote)]);
}

/// What may happen to a peer; its network is dead from here on.
#[derive(Debug, Clone, Copy)]
enum Cause {
    Disconnect,
    DisconnectNow,
    DisconnectLater,
    Reset,
    Silence,
    FlaggedGoodbye,
    Goodbye,
}

const CAUSES: [Cause; 7] = [
    Cause::Disconnect,
    Cause::DisconnectNow,
    Cause::DisconnectLater,
    Cause::Reset,
    Cause::Silence,
    Cause::FlaggedGoodbye,
    Cause::Goodbye,
];

/// User data of the goodbyes in the table below; of one that already came: 3.
const DATA: u32 = 9;

type Outcome = (PeerState, Option<(u32, DisconnectCause)>);

/// The state right after the cause and the event that follows, if any: section 4.8 of the protocol description.
fn expected(state: PeerState, cause: Cause) -> Outcome {
    const GONE: Outcome = (Disconnected, None);
    const SILENT: (u32, DisconnectCause) = (0, Timeout);
    const REMOTE: (u32, DisconnectCause) = (DATA, Remote);
    const EARLIER: (u32, DisconnectCause) = (3, Remote);
    match (state, cause) {
        (Disconnected, _) => GONE,

        (Connecting, Cause::Silence) => (Connecting, Some(SILENT)),
        (Connecting, Cause::FlaggedGoodbye | Cause::Goodbye) => (Zombie, Some((DATA, Refused))),
        (Connecting, _) => GONE,

        (AcknowledgingConnect, Cause::Silence) => (AcknowledgingConnect, None),
        (AcknowledgingConnect, _) => GONE,

        (Connected, Cause::Disconnect | Cause::DisconnectLater) => (Disconnecting, Some(SILENT)),
        (DisconnectLater, Cause::Disconnect) => (Disconnecting, Some(SILENT)),
        (DisconnectLater, Cause::DisconnectLater) => (DisconnectLater, Some(SILENT)),
        (Connected | DisconnectLater, Cause::DisconnectNow | Cause::Reset) => GONE,
        (Connected | DisconnectLater, Cause::Silence) => (state, Some(SILENT)),
        (Connected | DisconnectLater, Cause::FlaggedGoodbye) => {
            (AcknowledgingDisconnect, Some(REMOTE))
        }
        (Connected | DisconnectLater, Cause::Goodbye) => (Zombie, Some(REMOTE)),

        (Disconnecting, Cause::DisconnectNow | Cause::Reset) => GONE,
        (Disconnecting, Cause::FlaggedGoodbye | Cause::Goodbye) => (Zombie, Some(REMOTE)),
        (Disconnecting, _) => (Disconnecting, Some(SILENT)),

        (AcknowledgingDisconnect | Zombie, Cause::DisconnectNow | Cause::Reset) => GONE,
        (AcknowledgingDisconnect | Zombie, _) => (state, Some(EARLIER)),
    }
}

/// Which end of a pair is looked at.
type Subject = fn(&mut Pair) -> &mut Node;

/// A pair whose subject has just come into `state`; nothing was polled since.
fn in_state(state: PeerState) -> (Pair, Subject) {
    let client: Subject = |pair| &mut pair.client;
    let server: Subject = |pair| &mut pair.server;
    if state == Connecting {
        let mut pair = Setup::plain(20).pair();
        pair.set_down(true);
        pair.connect(1);
        pair.settle();
        return (pair, client);
    }
    if state == AcknowledgingConnect {
        // Otherwise nobody who is not proven has a slot.
        let mut pair = Setup::plain(20)
            .server(|config| config.vanilla_quirks(true))
            .pair();
        pair.link_to_client().set_down(true);
        pair.connect(1);
        pair.run_for(millis(10));
        pair.server.last_peer = pair.server.host.peers().next();
        return (pair, server);
    }
    let mut pair = Pair::plain(20);
    pair.set_down(true);
    let peer = pair.server.peer();
    match state {
        Disconnected => pair.server.host.reset(peer),
        DisconnectLater => {
            pair.server.send(0, Packet::reliable("unacknowledged"));
            pair.settle();
            pair.server.host.disconnect_later(peer, 1);
        }
        Disconnecting => {
            pair.server.host.disconnect(peer, 1);
            pair.settle();
        }
        AcknowledgingDisconnect => goodbye(&mut pair, server, true, 3),
        Zombie => goodbye(&mut pair, server, false, 3),
        _ => {}
    }
    (pair, server)
}

/// Hands a DISCONNECT to the subject, which gets no chance to react.
fn goodbye(pair: &mut Pair, subject: Subject, flagged: bool, data: u32) {
    let (slot, sent_time) = (subject(pair).peer().slot(), 1000);
    let number = 20 + u16::try_from(data).expect("small");
    let datagram = Raw::timed(slot, sent_time)
        .disconnect(flagged, number, data)
        .0;
    let (now, remote) = (pair.now(), [pair.client.address, pair.server.address]);
    let node = subject(pair);
    let from = remote
        .into_iter()
        .find(|&address| address != node.address)
        .expect("two addresses");
    node.host.handle_datagram(now, from, &datagram);
}

fn apply(pair: &mut Pair, subject: Subject, cause: Cause) {
    let node = subject(pair);
    let peer = node.peer();
    match cause {
        Cause::Disconnect => node.host.disconnect(peer, DATA),
        Cause::DisconnectNow => node.host.disconnect_now(peer, DATA),
        Cause::DisconnectLater => node.host.disconnect_later(peer, DATA),
        Cause::Reset => node.host.reset(peer),
        Cause::Silence => {}
        Cause::FlaggedGoodbye => goodbye(pair, subject, true, DATA),
        Cause::Goodbye => goodbye(pair, subject, false, DATA),
    }
}

#[test]
fn every_state_moves_as_the_table_says() {
    let states = [
        Disconnected,
        Connecting,
        AcknowledgingConnect,
        Connected,
        DisconnectLater,
        Disconnecting,
        AcknowledgingDisconnect,
        Zombie,
    ];
    for state in states {
        for cause in CAUSES {
            let (mut pair, subject) = in_state(state);
            assert_eq!(subject(&mut pair).state(), state, "the set-up of {state:?}");
            apply(&mut pair, subject, cause);
            let (next, event) = expected(state, cause);
            assert_eq!(subject(&mut pair).state(), next, "{state:?}, {cause:?}");
            pair.set_down(true);
            pair.run_for(millis(200_000));
            let node = subject(&mut pair);
            assert_eq!(
                node.disconnects(),
                event.into_iter().collect::<Vec<_>>(),
                "{state:?}, {cause:?}"
            );
            assert_eq!(
                (node.state(), node.host.peer_count()),
                (Disconnected, 0),
                "{state:?}, {cause:?}: the slot is free"
            );
        }
    }
}
