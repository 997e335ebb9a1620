//! [`Door`]: whom a server lets in, known to the game's thread and to the one that reads the CONNECTs.

use std::collections::HashMap;
use std::sync::Arc;

use enet_proto::{Admission, ConnectRequest, PeerId, Reason, Verdict};
use parking_lot::Mutex;

use super::session::SERVER_ID;

/// The door of one server. Its lock is held for a look-up only, and nothing else is locked meanwhile.
#[derive(Default)]
pub(super) struct Door(Mutex<Rules>);

#[derive(Default)]
struct Rules {
    refuses_all: bool,
    /// Whether the game is asked about those whom nothing else keeps out.
    asks: bool,
    /// Who holds which unique id, also while the game has not heard of it: from the proof of its address on.
    holders: HashMap<i32, PeerId>,
}

impl Rules {
    /// The id that is asked for, if it may be given out. Who hears that it is taken may try another, so this is told
    /// only those whom nothing else keeps out.
    fn free_id(&self, request: &ConnectRequest) -> Result<i32, Reason> {
        if self.refuses_all {
            return Err(Reason::Refused);
        }
        if request.full {
            return Err(Reason::Full);
        }
        let unique_id = client_id(request.data).ok_or(Reason::IdInvalid)?;
        if self.holders.contains_key(&unique_id) {
            return Err(Reason::IdTaken);
        }
        Ok(unique_id)
    }
}

/// What is asked, on the thread that drives the host.
pub(super) struct DoorKeeper(pub(super) Arc<Door>);

impl Door {
    /// Turns away all, or not, who are not in.
    pub(super) fn refuse_all(&self, refuse: bool) {
        self.0.lock().refuses_all = refuse;
    }

    /// Lets all whom nothing else keeps out wait for the game's decision, or not.
    pub(super) fn ask(&self, ask: bool) {
        self.0.lock().asks = ask;
    }

    /// Lets somebody else have `unique_id` before `peer`, which the game has done with, is gone.
    pub(super) fn release(&self, unique_id: i32, peer: PeerId) {
        let mut rules = self.0.lock();
        if rules.holders.get(&unique_id) == Some(&peer) {
            rules.holders.remove(&unique_id);
        }
    }
}

impl Admission for DoorKeeper {
    fn decide(&mut self, request: &ConnectRequest) -> Verdict {
        let rules = self.0.0.lock();
        match rules.free_id(request) {
            Ok(_) if rules.asks => Verdict::Wait,
            Ok(_) => Verdict::Accept,
            Err(reason) => Verdict::Refuse {
                data: reason.to_data(),
            },
        }
    }

    fn admit(&mut self, request: &ConnectRequest, peer: PeerId) -> Result<(), u32> {
        let mut rules = self.0.0.lock();
        let unique_id = rules.free_id(request).map_err(Reason::to_data)?;
        rules.holders.insert(unique_id, peer);
        Ok(())
    }

    fn left(&mut self, peer: PeerId) {
        self.0.0.lock().holders.retain(|_, holder| *holder != peer);
    }
}

/// The id that a client asks for by its connect data: 2 to 2147483647.
pub(super) fn client_id(data: u32) -> Option<i32> {
    i32::try_from(data).ok().filter(|id| *id > SERVER_ID)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use enet_proto::{DisconnectCause, Event, Host, HostConfig, Time};

    use super::*;

    #[test]
    fn a_client_may_be_anything_from_2_to_the_largest_positive_number_d05() {
        assert_eq!(client_id(2), Some(2));
        assert_eq!(client_id(2_147_483_647), Some(i32::MAX));
        for data in [0, 1, 1 << 31, u32::MAX - 4, u32::MAX] {
            assert_eq!(client_id(data), None, "{data}");
        }
    }

    /// A server for two behind a door, and clients whose datagrams reach it at once.
    struct Hall {
        server: Host,
        door: Arc<Door>,
        clients: Vec<(SocketAddr, Host)>,
    }

    impl Hall {
        fn new() -> Self {
            let mut server = Host::new(HostConfig::new(2, [1; 32]));
            let door = Arc::new(Door::default());
            server.set_admission(Some(Box::new(DoorKeeper(door.clone()))));
            Self {
                server,
                door,
                clients: Vec::new(),
            }
        }

        /// What a new client with this id hears first, and what the server does.
        fn knock(&mut self, data: u32) -> (Option<Event>, Option<Event>) {
            let number = u8::try_from(self.clients.len()).expect("a few clients");
            let mut client = Host::new(HostConfig::new(1, [number; 32]));
            let here = SocketAddr::from(([10, 0, 0, number], 9000));
            client.connect(SERVER, 1, data).expect("the client is new");
            self.clients.push((here, client));
            self.exchange();
            let (_, client) = self.clients.last_mut().expect("just added");
            (client.poll_event(), self.server.poll_event())
        }

        fn exchange(&mut self) {
            let now = Time::from_millis(1000);
            let mut buffer = Vec::new();
            for _ in 0..4 {
                for (here, client) in &mut self.clients {
                    while client.poll_transmit(now, &mut buffer).is_some() {
                        self.server.handle_datagram(now, *here, &buffer);
                    }
                }
                while let Some(transmit) = self.server.poll_transmit(now, &mut buffer) {
                    let mut clients = self.clients.iter_mut();
                    let there = clients.find(|(here, _)| *here == transmit.to);
                    let (_, client) = there.expect("the server answers clients");
                    client.handle_datagram(now, SERVER, &buffer);
                }
            }
        }

        fn lets_in(&mut self, data: u32) -> bool {
            self.admits(data).is_ok()
        }

        /// Whether a new client gets in, and what it is told if not.
        fn admits(&mut self, data: u32) -> Result<(), Reason> {
            match self.knock(data) {
                (Some(Event::Connect { .. }), Some(Event::Connect { .. })) => Ok(()),
                (
                    Some(Event::Disconnect {
                        data,
                        cause: DisconnectCause::Refused,
                        ..
                    }),
                    None,
                ) => Err(Reason::from_data(data).expect("the door gives reasons")),
                other => panic!("neither in nor turned away: {other:?}"),
            }
        }
    }

    const SERVER: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8000);

    #[test]
    fn an_id_that_cannot_be_one_or_is_taken_is_turned_away_d04_d05() {
        let mut hall = Hall::new();
        for data in [0, 1, 1 << 31, u32::MAX] {
            assert!(!hall.lets_in(data), "{data}");
        }
        assert!(hall.lets_in(77));
        assert!(!hall.lets_in(77));
        assert!(hall.lets_in(78));
    }

    #[test]
    fn who_is_turned_away_is_told_why_and_that_an_id_is_taken_only_if_that_is_all() {
        let mut hall = Hall::new();
        assert_eq!(hall.admits(1), Err(Reason::IdInvalid));
        assert_eq!(hall.admits(77), Ok(()));
        assert_eq!(hall.admits(77), Err(Reason::IdTaken));
        assert_eq!(hall.admits(78), Ok(()));
        for data in [1, 77, 79] {
            assert_eq!(hall.admits(data), Err(Reason::Full));
        }
        hall.door.refuse_all(true);
        for data in [1, 77, 79] {
            assert_eq!(hall.admits(data), Err(Reason::Refused));
        }
    }

    #[test]
    fn the_game_is_asked_only_about_those_whom_nothing_else_keeps_out() {
        let mut hall = Hall::new();
        hall.door.ask(true);
        assert_eq!(hall.admits(1), Err(Reason::IdInvalid));
        assert_eq!(hall.knock(77), (None, None), "it waits");
        let (id, request) = hall.server.next_waiting().expect("one is asked about");
        assert_eq!(request.data, 77);
        hall.server
            .answer(Time::from_millis(1000), id, Verdict::Accept);
        hall.exchange();
        assert!(matches!(
            hall.server.poll_event(),
            Some(Event::Connect { data: 77, .. })
        ));
        assert_eq!(hall.admits(77), Err(Reason::IdTaken));
        hall.door.refuse_all(true);
        assert_eq!(hall.admits(78), Err(Reason::Refused));
    }

    #[test]
    fn an_id_is_taken_from_the_connect_on_and_free_when_its_holder_is_gone_d04() {
        let mut hall = Hall::new();
        assert!(hall.lets_in(77));
        let holder = hall.server.peers().next().expect("one is in");
        hall.server.disconnect_now(holder, 0);
        assert!(hall.lets_in(77));
    }

    #[test]
    fn an_id_may_be_released_before_its_holder_is_gone_and_stays_with_the_next_one_d10() {
        let mut hall = Hall::new();
        assert!(hall.lets_in(77));
        let old = hall.server.peers().next().expect("one is in");
        hall.door.release(77, old);
        assert!(hall.lets_in(77), "the old one is still there");
        hall.door.release(77, old);
        hall.server.disconnect_now(old, 0);
        assert!(!hall.lets_in(77), "the new one holds the id");
    }

    #[test]
    fn who_is_in_stays_in_when_all_others_are_turned_away_d04() {
        let mut hall = Hall::new();
        assert!(hall.lets_in(77));
        hall.door.refuse_all(true);
        assert!(!hall.lets_in(78));
        assert_eq!(hall.server.peer_count(), 1);
        hall.door.refuse_all(false);
        assert!(hall.lets_in(78));
    }

    #[test]
    fn a_full_server_turns_away_and_keeps_no_id_for_it_d32() {
        let mut hall = Hall::new();
        assert!(hall.lets_in(77) && hall.lets_in(78));
        assert!(!hall.lets_in(79));
        let one = hall.server.peers().next().expect("two are in");
        hall.server.disconnect_now(one, 0);
        assert!(hall.lets_in(79));
    }
}
