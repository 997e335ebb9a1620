//! Goodbyes before a close reach who is connected, also whom the game has not heard of.

use enet_proto::DisconnectCause;
use enet_udp::{HostEvent, UdpHost};

use crate::common::{Pair, client, pump, server, wait_until};

/// Waits for the goodbye that comes last at `host`, without another event of an end before it.
fn assert_is_told(host: &UdpHost, data: u32) {
    let is_end = |event: &(usize, HostEvent)| matches!(event.1, HostEvent::Disconnect { .. });
    let events = pump(&[host], |events| events.iter().any(is_end));
    let told = events.last().map(|(_, event)| match event {
        HostEvent::Disconnect { data, cause, .. } => (*data, *cause),
        other => panic!("{other:?}"),
    });
    assert_eq!(told, Some((data, DisconnectCause::Remote)));
}

in_both_modes! {
    fn a_server_says_goodbye_also_to_whom_its_game_has_not_heard_of(threaded: bool) {
        let pair = Pair::connected(threaded);
        let late = client(threaded);
        late.connect(pair.server.local_address().unwrap(), 1, 0).unwrap();
        wait_until(|| {
            pair.server.poll();
            late.poll();
            pair.server.events_waiting() == 1
        });
        pair.server.disconnect_all_now(9);
        assert!(!pair.to_client.is_active() && pair.server.peers().is_empty());
        assert!(pair.server.next_event().is_none(), "nobody hears of who came and went");
        pair.server.close();
        assert_is_told(&pair.client, 9);
        assert_is_told(&late, 9);
    }

    fn a_client_says_goodbye_to_a_server_that_has_let_it_in_unheard(threaded: bool) {
        let (server, client) = (server(threaded), client(threaded));
        client.connect(server.local_address().unwrap(), 1, 0).unwrap();
        wait_until(|| {
            server.poll();
            client.poll();
            server.events_waiting() == 1 && client.events_waiting() == 1
        });
        client.disconnect_all_now(9);
        client.close();
        assert_is_told(&server, 9);
    }
}
