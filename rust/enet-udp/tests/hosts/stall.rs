//! A game that takes nothing any more, and what its remotes hear of it.

use std::time::Duration;

use enet_proto::{DisconnectCause, Reason};
use enet_udp::{HostEvent, note_frame};

use crate::common::{MOMENT, Pair, client, next_event, pump};

const SHORT: Option<Duration> = Some(Duration::from_millis(80));
/// Far above what a busy machine keeps a thread waiting.
const LONG: Duration = Duration::from_secs(1);

fn end_of(event: &HostEvent) -> Option<(Option<Reason>, DisconnectCause)> {
    match event {
        HostEvent::Disconnect { data, cause, .. } => Some((Reason::from_data(*data), *cause)),
        _ => None,
    }
}

#[test]
fn a_server_whose_game_stalls_tells_its_clients_and_who_asks_until_it_is_back() {
    let pair = Pair::connected(true);
    pair.server.set_max_stall_time(SHORT);
    let told = (Some(Reason::Stalled), DisconnectCause::Remote);
    assert_eq!(end_of(&next_event(&pair.client)), Some(told));

    let late = client(true);
    let address = pair.server.local_address().unwrap();
    late.connect(address, 1, 0).unwrap();
    let refused = (Some(Reason::Stalled), DisconnectCause::Refused);
    assert_eq!(end_of(&next_event(&late)), Some(refused));

    let own = (None, DisconnectCause::Local);
    assert_eq!(end_of(&next_event(&pair.server)), Some(own));
    // It is back, and a busy machine is not to keep it away for as long once more.
    pair.server.set_max_stall_time(None);
    late.connect(address, 1, 0).unwrap();
    let events = pump(&[&pair.server, &late], |events| events.len() == 2);
    assert!(
        events
            .iter()
            .all(|(_, event)| matches!(event, HostEvent::Connect { .. })),
        "{events:?}"
    );
}

#[test]
fn a_client_whose_game_stalls_tells_its_server() {
    let pair = Pair::connected(true);
    pair.client.set_max_stall_time(SHORT);
    let told = (Some(Reason::Stalled), DisconnectCause::Remote);
    assert_eq!(end_of(&next_event(&pair.server)), Some(told));
}

#[test]
fn a_game_that_polls_or_waits_for_an_event_does_not_stall() {
    let pair = Pair::connected(true);
    pair.server.set_max_stall_time(Some(LONG));
    let waiter = std::thread::spawn({
        let server = pair.server.clone();
        move || {
            let nobody_left = server.service(3 * LONG).is_none();
            server.set_max_stall_time(None);
            nobody_left
        }
    });
    assert!(pair.client.service(4 * LONG).is_none());
    assert!(waiter.join().unwrap(), "nobody left");
}

#[test]
fn a_game_that_runs_and_has_left_its_host_tells_its_server() {
    let pair = Pair::connected(true);
    pair.client
        .set_max_stall_time(Some(Duration::from_secs(3600)));
    pair.client.set_max_idle_time(SHORT);
    let events = pump(&[&pair.server], |events| {
        std::thread::sleep(MOMENT);
        note_frame();
        !events.is_empty()
    });
    let told = (Some(Reason::Stalled), DisconnectCause::Remote);
    assert_eq!(end_of(&events[0].1), Some(told));
}
