//! Hosts whose datagrams are carried by something else than a socket: here, by queues of this process.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use enet_proto::{Packet, PeerId, PeerState};
use enet_udp::{HostEvent, ReplaceError, Transport, UdpHost};

use crate::common::{Pair, client, loopback, next_event, pump, server, wait_until};

/// Datagrams on their way, by where they go.
type Air = Arc<Mutex<HashMap<SocketAddr, VecDeque<(SocketAddr, Vec<u8>)>>>>;

/// What the transport was told and what it is to do.
#[derive(Default)]
struct Log {
    /// The last that `keep_only` was told.
    kept: HashSet<SocketAddr>,
    sent: usize,
    is_broken: bool,
    is_dropped: bool,
    /// Called in the middle of each `send`.
    hook: Option<Arc<dyn Fn() + Send + Sync>>,
}

struct Antenna {
    here: SocketAddr,
    air: Air,
    log: Arc<Mutex<Log>>,
}

impl Transport for Antenna {
    fn send(&mut self, to: SocketAddr, data: &[u8]) {
        self.log.lock().unwrap().sent += 1;
        let hook = self.log.lock().unwrap().hook.clone();
        if let Some(hook) = hook {
            hook();
        }
        let datagram = (self.here, data.to_vec());
        self.air
            .lock()
            .unwrap()
            .entry(to)
            .or_default()
            .push_back(datagram);
    }

    fn receive(&mut self, room: usize, take: &mut dyn FnMut(SocketAddr, &[u8])) {
        for _ in 0..room {
            let next = self
                .air
                .lock()
                .unwrap()
                .entry(self.here)
                .or_default()
                .pop_front();
            match next {
                Some((from, data)) => take(from, &data),
                None => return,
            }
        }
    }

    fn keep_only(&mut self, peers: &HashMap<PeerId, SocketAddr>) {
        self.log.lock().unwrap().kept = peers.values().copied().collect();
    }

    fn local_address(&self) -> Option<SocketAddr> {
        Some(self.here)
    }

    fn is_broken(&self) -> bool {
        self.log.lock().unwrap().is_broken
    }
}

impl Drop for Antenna {
    fn drop(&mut self) {
        self.log.lock().unwrap().is_dropped = true;
    }
}

const HERE: SocketAddr = loopback(1);
const THERE: SocketAddr = loopback(2);

/// Lets an antenna at `here` carry the datagrams of `host`.
fn carry(host: &UdpHost, here: SocketAddr, air: &Air) -> Arc<Mutex<Log>> {
    let log = Arc::default();
    let antenna = antenna(here, air, &log);
    let replaced: Result<(), ReplaceError<()>> = host.replace_socket(|_| Ok(Box::new(antenna)));
    replaced.unwrap();
    log
}

fn antenna(here: SocketAddr, air: &Air, log: &Arc<Mutex<Log>>) -> Antenna {
    Antenna {
        here,
        air: air.clone(),
        log: log.clone(),
    }
}

/// A pair that is connected over the air, and the logs of server and client.
fn pair(threaded: bool) -> (Pair, Arc<Mutex<Log>>, Arc<Mutex<Log>>) {
    let air = Air::default();
    let (server, client) = (server(threaded), client(threaded));
    let logs = (carry(&server, HERE, &air), carry(&client, THERE, &air));
    (Pair::of(server, client, 2), logs.0, logs.1)
}

/// A thread that services `host` for longer than any test waits, and is about to wait.
fn servicing(host: &UdpHost) -> JoinHandle<Option<HostEvent>> {
    let host = host.clone();
    let (begins, begun) = mpsc::channel();
    let waiter = thread::spawn(move || {
        host.service(Duration::ZERO);
        begins.send(()).unwrap();
        host.service(Duration::from_secs(600))
    });
    begun.recv().unwrap();
    waiter
}

in_both_modes! {
    fn packets_go_both_ways_by_the_transport_and_only_once_the_game_calls(threaded: bool) {
        let air = Air::default();
        let (server, client) = (server(threaded), client(threaded));
        let server_log = carry(&server, HERE, &air);
        let client_log = carry(&client, THERE, &air);
        assert_eq!(server.local_address(), Some(HERE));
        client.connect(HERE, 2, 7).unwrap();
        assert_eq!(client_log.lock().unwrap().sent, 0, "nobody has polled yet");

        let events = pump(&[&server, &client], |events| events.len() == 2);
        for (_, event) in events {
            let HostEvent::Connect { peer, .. } = event else {
                panic!("{event:?}")
            };
            peer.send(1, Packet::reliable("over the air")).unwrap();
        }
        let events = pump(&[&server, &client], |events| events.len() == 2);
        for (_, event) in events {
            let HostEvent::Receive { packet, channel_id: 1, .. } = event else {
                panic!("{event:?}")
            };
            assert_eq!(&packet.data()[..], b"over the air");
        }
        for log in [server_log, client_log] {
            assert_ne!(log.lock().unwrap().sent, 0);
        }
    }

    fn the_port_is_free_when_the_transport_is_made(threaded: bool) {
        let host = server(threaded);
        let address = host.local_address().unwrap();
        let replaced = host.replace_socket(|had| {
            assert_eq!(had, Some(address));
            UdpSocket::bind(address)?;
            Err(std::io::Error::other("as if this were no use"))
        });
        assert!(matches!(replaced, Err(ReplaceError::Transport(_))));
        assert!(!host.is_open(), "a host with neither socket nor transport is closed");
        let again = host.replace_socket(|_| Err(()));
        assert_eq!(again, Err(ReplaceError::Closed));
    }

    fn who_waits_for_a_socket_that_is_replaced_goes_on_with_the_transport(threaded: bool) {
        let air = Air::default();
        let (server, client) = (server(threaded), client(threaded));
        let waiter = servicing(&server);
        carry(&server, HERE, &air);
        carry(&client, THERE, &air);
        client.connect(HERE, 2, 7).unwrap();
        wait_until(|| {
            client.poll();
            waiter.is_finished()
        });
        let event = waiter.join().unwrap();
        assert!(matches!(event, Some(HostEvent::Connect { data: 7, .. })), "{event:?}");
    }

    fn who_waits_while_the_transport_is_made_goes_on_with_it(threaded: bool) {
        let air = Air::default();
        let (server, client) = (server(threaded), client(threaded));
        let mut waiter = None;
        let replaced: Result<(), ReplaceError<()>> = server.replace_socket(|_| {
            let waiting = servicing(&server);
            // Whoever gives up does so at once.
            for _ in 0..10_000 {
                assert!(!waiting.is_finished(), "told too early");
                thread::yield_now();
            }
            waiter = Some(waiting);
            Ok(Box::new(antenna(HERE, &air, &Arc::default())))
        });
        replaced.unwrap();
        carry(&client, THERE, &air);
        client.connect(HERE, 2, 7).unwrap();
        let waiter = waiter.unwrap();
        wait_until(|| {
            client.poll();
            waiter.is_finished()
        });
        let event = waiter.join().unwrap();
        assert!(matches!(event, Some(HostEvent::Connect { data: 7, .. })), "{event:?}");
    }

    fn who_waits_for_a_socket_that_nothing_replaces_is_told(threaded: bool) {
        let host = server(threaded);
        let waiter = servicing(&host);
        assert_eq!(host.replace_socket(|_| Err(())), Err(ReplaceError::Transport(())));
        wait_until(|| waiter.is_finished());
        assert!(waiter.join().unwrap().is_none());
    }

    fn a_socket_is_replaced_once(threaded: bool) {
        let host = client(threaded);
        let log = carry(&host, HERE, &Air::default());
        let again = host.replace_socket(|_| Err(()));
        assert_eq!(again, Err(ReplaceError::Replaced));
        assert!(host.is_open() && !log.lock().unwrap().is_dropped);
        let sent = host.socket_send(THERE, b"raw");
        assert_eq!(sent.unwrap_err().kind(), std::io::ErrorKind::Unsupported);
    }

    fn a_goodbye_is_carried_before_the_transport_is_dropped(threaded: bool) {
        let (pair, _, log) = pair(threaded);
        pair.to_server.disconnect_now(3);
        pair.client.close();
        assert!(log.lock().unwrap().is_dropped, "closed when the call returns");
        let event = next_event(&pair.server);
        assert!(matches!(event, HostEvent::Disconnect { data: 3, .. }), "{event:?}");
    }

    fn a_goodbye_drops_what_was_queued_whether_or_not_there_was_a_thread_before(threaded: bool) {
        let (pair, _, _) = pair(threaded);
        pair.to_server.send(0, Packet::reliable("too late")).unwrap();
        pair.to_server.disconnect_now(3);
        pair.client.flush();
        let event = next_event(&pair.server);
        assert!(matches!(event, HostEvent::Disconnect { data: 3, .. }), "{event:?}");
    }

    fn a_broken_transport_ends_the_host_once_its_last_events_are_handed_out(threaded: bool) {
        let (pair, log, _) = pair(threaded);
        pair.to_server.send(0, Packet::reliable("last words")).unwrap();
        pair.client.flush();
        log.lock().unwrap().is_broken = true;
        pair.server.poll();
        assert!(pair.server.is_open());
        let event = pair.server.next_event();
        assert!(matches!(event, Some(HostEvent::Receive { .. })), "{event:?}");
        pair.server.poll();
        assert!(!pair.server.is_open() && log.lock().unwrap().is_dropped);
        assert_eq!(pair.to_client.state(), PeerState::Disconnected);
        assert!(pair.server.service(Duration::ZERO).is_none());
    }

    fn the_transport_is_told_whom_the_host_is_connected_with(threaded: bool) {
        let (pair, server_log, client_log) = pair(threaded);
        assert_eq!(client_log.lock().unwrap().kept, [HERE].into());
        pair.to_server.disconnect(0);
        pump(&[&pair.server, &pair.client], |events| events.len() == 2);
        pump(&[&pair.server, &pair.client], |_| {
            [&server_log, &client_log].iter().all(|log| log.lock().unwrap().kept.is_empty())
        });
    }

    fn what_the_transport_runs_may_call_the_host(threaded: bool) {
        let (pair, log, _) = pair(threaded);
        let host = pair.server.clone();
        let peer = pair.to_client.clone();
        log.lock().unwrap().hook = Some(Arc::new(move || {
            host.poll();
            host.flush();
            assert!(host.local_address().is_some() && host.statistics().datagrams_sent > 0);
            assert!(host.service(Duration::ZERO).is_none());
            let _ = peer.send(0, Packet::reliable("and one more"));
            peer.ping();
        }));
        pair.to_client.send(0, Packet::reliable("one")).unwrap();
        pair.server.flush();
        let HostEvent::Receive { packet, .. } = next_event(&pair.client) else {
            panic!("a packet comes first")
        };
        assert_eq!(&packet.data()[..], b"one", "in order, whoever sends");

        let host = pair.server.clone();
        log.lock().unwrap().hook = Some(Arc::new(move || host.close()));
        pair.to_client.ping();
        pair.server.flush();
        assert!(!pair.server.is_open() && log.lock().unwrap().is_dropped);
    }
}
