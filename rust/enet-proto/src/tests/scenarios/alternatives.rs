//! Attempts to connect that ask for something else when what they asked for is taken.

use std::collections::HashSet;
use std::net::SocketAddr;

use super::*;
use crate::{
    Admission, ConnectRequest, DisconnectCause, Event, Host, Packet, PeerId, PeerState, PeerTimes,
    Reason, Recovery, Time, Verdict,
};

/// Gives out each number once.
struct Numbers {
    taken: HashSet<u32>,
    refusal: Reason,
}

impl Numbers {
    fn without(taken: impl IntoIterator<Item = u32>) -> Box<Self> {
        Box::new(Self {
            taken: taken.into_iter().collect(),
            refusal: Reason::IdTaken,
        })
    }
}

impl Admission for Numbers {
    fn decide(&mut self, request: &ConnectRequest) -> Verdict {
        if self.taken.contains(&request.data) {
            let data = self.refusal.to_data();
            Verdict::Refuse { data }
        } else {
            Verdict::Accept
        }
    }

    fn admit(&mut self, request: &ConnectRequest, _: PeerId) -> Result<(), u32> {
        let is_new = self.taken.insert(request.data);
        is_new.then_some(()).ok_or(self.refusal.to_data())
    }

    fn left(&mut self, _: PeerId) {}
}

/// A client that asks for 1 and then for these.
fn asking(mut setup: Setup, alternatives: &[u32], door: Box<Numbers>) -> Pair {
    setup = setup.channels(3);
    let mut pair = setup.pair();
    pair.server.host.set_admission(Some(door));
    pair.connect(1);
    let peer = pair.client.peer();
    pair.client
        .host
        .set_alternatives(peer, alternatives.to_vec());
    pair
}

#[test]
fn who_asks_for_what_is_taken_gets_in_with_the_next_that_is_not_and_is_told_once() {
    for recovery in [Recovery::Fast, Recovery::Vanilla] {
        let setup = Setup::new(401).client(|config| config.recovery(recovery));
        let mut pair = asking(setup, &[2, 3, 4], Numbers::without([1, 2]));
        let peer = pair.client.peer();
        assert_eq!(pair.client.host.asked_data(peer), Some(1));
        pair.run_for(millis(200));
        assert_eq!(pair.server.connects(), [3]);
        assert_eq!(
            (pair.client.connects(), pair.client.peer()),
            (vec![0], peer)
        );
        assert!(pair.client.disconnects().is_empty());
        assert_eq!(pair.client.host.asked_data(peer), Some(3));
        assert_eq!(pair.server.host.asked_data(pair.server.peer()), None);
        for channel_id in 0..3 {
            pair.client.send(channel_id, Packet::reliable("there"));
            pair.server.send(channel_id, Packet::reliable("and back"));
        }
        pair.run_until_idle();
        assert_eq!(pair.server.received(), [b"there"; 3]);
        assert_eq!(pair.client.received(), [b"and back"; 3]);
        assert_eq!(pair.client.state(), PeerState::Connected);
    }
}

#[test]
fn when_all_are_taken_the_last_refusal_ends_the_attempt() {
    let mut pair = asking(Setup::new(402), &[2, 3], Numbers::without([1, 2, 3, 4]));
    pair.run_for(millis(200));
    let refusal = (Reason::IdTaken.to_data(), DisconnectCause::Refused);
    assert_eq!(pair.client.disconnects(), [refusal]);
    assert_eq!(pair.server.host.statistics().connects_refused, 3);
    assert!(pair.client.connects().is_empty());
}

#[test]
fn who_asks_anew_where_all_numbers_are_taken_keeps_his_own() {
    let mut host = Host::new(config(4095, 407));
    let remote = SocketAddr::from(([10, 0, 0, 2], 9));
    let peers: Vec<PeerId> = (0..4095)
        .map(|_| host.connect(remote, 1, 1).expect("a slot is free"))
        .collect();
    host.set_alternatives(peers[0], vec![2]);
    let now = Time::from_millis(1000);
    let mut connect = Vec::new();
    host.poll_transmit(now, &mut connect).expect("a CONNECT");
    // Behind the header and the command's own.
    let label = u16::from_be_bytes([connect[8], connect[9]]);
    let refusal = Raw::untimed(label).disconnect(false, 1, Reason::IdTaken.to_data());
    host.handle_datagram(now, remote, &refusal.0);
    assert_eq!(host.asked_data(peers[0]), Some(2));
    assert_eq!(host.state(peers[0]), PeerState::Connecting);
    assert_eq!(host.poll_event(), None);
    // The refusal is for the same number, so another one is heard.
    host.handle_datagram(now, remote, &refusal.0);
    let ended =
        matches!(host.poll_event(), Some(Event::Disconnect { peer, .. }) if peer == peers[0]);
    assert!(ended);
}

#[test]
fn other_refusals_end_the_attempt_at_once() {
    let mut door = Numbers::without([1]);
    door.refusal = Reason::Filtered;
    let mut pair = asking(Setup::new(403), &[2], door);
    pair.run_for(millis(200));
    let refusal = (Reason::Filtered.to_data(), DisconnectCause::Refused);
    assert_eq!(pair.client.disconnects(), [refusal]);
    assert_eq!(pair.server.host.statistics().connects_refused, 1);
}

#[test]
fn a_second_refusal_of_the_same_connect_uses_nothing_up() {
    let mut pair = asking(Setup::new(404), &[2], Numbers::without([1]));
    pair.record();
    pair.run_for(millis(15));
    let sent = pair.record();
    let refusal = sent.last().expect("it is under way").data.clone();
    assert_eq!(refusal.len(), 10);
    // One copy comes sooner, and the refusal itself when the next CONNECT is under way.
    pair.inject_to_client(&refusal);
    pair.run_for(millis(200));
    assert_eq!(pair.server.connects(), [2]);
    assert!(pair.client.disconnects().is_empty());
    assert_eq!(pair.server.host.statistics().connects_refused, 1);
}

#[test]
fn what_was_set_for_the_peer_holds_for_the_next_attempt() {
    let times = PeerTimes {
        connect_timeout: Some(millis(700)),
        ..PeerTimes::default()
    };
    let setup = Setup::new(405).client(|config| config.peer_times(times));
    let mut pair = asking(setup, &[2], Numbers::without([1]));
    let peer = pair.client.peer();
    pair.client.host.throttle_configure(peer, 1234, 5, 6);
    pair.run_for(millis(200));
    assert_eq!(pair.server.connects(), [2]);
    let seen = pair.server.statistics();
    assert_eq!(seen.packet_throttle_interval, 1234);
    assert_eq!(
        (
            seen.packet_throttle_acceleration,
            seen.packet_throttle_deceleration
        ),
        (5, 6)
    );
}

#[test]
fn all_attempts_together_have_the_time_of_one() {
    let times = PeerTimes {
        connect_timeout: Some(millis(700)),
        ..PeerTimes::default()
    };
    let setup = Setup::new(406).client(|config| config.peer_times(times));
    let mut pair = asking(setup, &[2], Numbers::without([1]));
    pair.run_for(millis(15));
    pair.set_down(true);
    pair.run_for(millis(600));
    assert!(pair.client.disconnects().is_empty());
    pair.run_for(millis(200));
    assert_eq!(pair.client.disconnects().len(), 1);
}
