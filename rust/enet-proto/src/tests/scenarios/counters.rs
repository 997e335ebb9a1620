//! What hosts and peers count, and what they do not.

use super::*;
use crate::{Packet, Recovery};

#[test]
fn what_one_side_sends_the_other_receives_and_nothing_is_sent_twice_without_loss() {
    for recovery in [Recovery::Fast, Recovery::Vanilla] {
        let mut pair = Setup::new(601)
            .both(|config| config.recovery(recovery))
            .connected();
        for number in 0..50 {
            pair.client.send(0, Packet::reliable(payload(2000)));
            pair.server.send(1, Packet::unsequenced(payload(number)));
        }
        pair.run_for(millis(3000));
        pair.run_until_idle();
        let [client, server] = [&pair.client, &pair.server].map(|node| node.host.statistics());
        assert_eq!(client.bytes_sent, server.bytes_received);
        assert_eq!(server.bytes_sent, client.bytes_received);
        assert_eq!(client.datagrams_sent, server.datagrams_received);
        assert_eq!(server.datagrams_sent, client.datagrams_received);
        for seen in [client, server] {
            let idle = (
                seen.commands_resent,
                seen.commands_lost,
                seen.commands_queued,
            );
            assert_eq!(idle, (0, 0, 0), "{recovery:?}");
        }
        let [client, server] = [pair.client.statistics(), pair.server.statistics()];
        // The CONNECT and its answer came when there was no peer yet.
        assert_eq!(client.datagrams_sent, server.datagrams_received + 1);
        assert_eq!(server.datagrams_sent + 1, client.datagrams_received);
        assert!(client.bytes_sent > 100_000 && client.bytes_sent > server.bytes_received);
        assert_eq!(
            client.congestion_window.is_some(),
            recovery == Recovery::Fast
        );
    }
}

#[test]
fn what_is_lost_is_counted_and_stays_so_when_its_peer_is_gone() {
    for recovery in [Recovery::Fast, Recovery::Vanilla] {
        let mut pair = Setup::new(602)
            .both(|config| config.recovery(recovery))
            .connected();
        pair.settle();
        pair.link_to_server().drop_next(1);
        pair.client.send(0, Packet::reliable("lost"));
        pair.run_for(millis(2000));
        assert_eq!(pair.server.received(), [b"lost"]);
        let peer = pair.client.statistics();
        assert!(
            peer.commands_lost >= 1 && peer.commands_resent >= 1,
            "{recovery:?}"
        );
        let before = pair.client.host.statistics();
        assert_eq!(before.commands_resent, peer.commands_resent);
        assert_eq!(before.commands_lost, peer.commands_lost);
        let gone = pair.client.peer();
        pair.client.host.reset(gone);
        let after = pair.client.host.statistics();
        assert_eq!(after.commands_resent, before.commands_resent);
        assert_eq!(after.commands_lost, before.commands_lost);
        assert_eq!(after.commands_queued, 0);
    }
}

#[test]
fn what_waits_to_be_sent_shows_in_the_queue() {
    let mut pair = Pair::connected(603);
    pair.settle();
    pair.link_to_server().set_down(true);
    for _ in 0..5 {
        pair.client.send(0, Packet::reliable("on its way"));
    }
    pair.run_for(millis(100));
    assert_eq!(pair.client.host.statistics().commands_queued, 5);
    pair.link_to_server().set_down(false);
    pair.run_for(millis(3000));
    assert_eq!(pair.client.host.statistics().commands_queued, 0);
}
