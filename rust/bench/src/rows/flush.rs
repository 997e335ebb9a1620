//! A small packet to each of many peers: a flush after each, against one for all.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddrV4};

use anyhow::Result;
use enet_proto::PacketFlags;

use crate::clock::process_cpu_of;
use crate::party::{self, Happening, Party};
use crate::row::{Line, Mark, Setup};
use crate::stats::{Summary, interleaved};
use c_enet::CHost;

pub(super) const NAME: &str = "flush";

const LEN: usize = 60;
/// Sockets that the peers are spread over.
const CLIENT_HOSTS: usize = 100;

pub(super) fn measure(setup: &Setup) -> Result<Vec<Line>> {
    let peers = setup.pick(4000, 1000);
    let rounds = setup.pick(11, 3);
    let c = RefCell::new(Fan::new(CHost::local(peers, 1), peers));
    let ours = RefCell::new(Fan::new(party::ours(peers, false), peers));
    let [c_each, c_once, each, once] = interleaved(
        rounds,
        &mut [
            &mut || c.borrow_mut().micros(true),
            &mut || c.borrow_mut().micros(false),
            &mut || ours.borrow_mut().micros(true),
            &mut || ours.borrow_mut().micros(false),
        ],
    );
    let line = |work: &str, unit, baseline, ours, mark| Line {
        row: NAME,
        work: format!("{LEN} B to each of {peers} peers, {work}"),
        unit,
        beside: "C ENet",
        baseline: Some(baseline),
        ours,
        mark,
    };
    let factor = |each: Summary, once: Summary| Summary::of(&[each.median / once.median]);
    Ok(vec![
        line("a flush after each", "µs", c_each, each, Mark::Shown),
        line("one flush for all", "µs", c_once, once, Mark::Shown),
        line(
            "a flush after each as a multiple of one flush for all",
            "",
            factor(c_each, c_once),
            factor(each, once),
            Mark::AtMost(1.1),
        ),
    ])
}

/// A server and the vanilla hosts that its peers are of. Neighbours among the peers have different addresses, as those of
/// a game have: what goes to one address could leave by one system call.
struct Fan<S: Party> {
    server: S,
    clients: Vec<CHost>,
    peers: Vec<S::Peer>,
}

impl<S: Party> Fan<S> {
    fn new(mut server: S, count: usize) -> Self {
        let share = count.div_ceil(CLIENT_HOSTS);
        let mut clients: Vec<CHost> = (2..)
            .take(CLIENT_HOSTS)
            .map(|number| client(number, share))
            .collect();
        let mut peers = Vec::new();
        while peers.len() < count {
            let others = CLIENT_HOSTS.min(count - peers.len());
            peers.extend(connect_each(&mut clients[..others], &mut server));
        }
        Self {
            server,
            clients,
            peers,
        }
    }

    /// Processor time from the first send to the end of the last flush.
    fn micros(&mut self, each: bool) -> f64 {
        // What is under way from before is over first.
        while self.server.next().is_some() {}
        for host in &mut self.clients {
            while Party::next(host).is_some() {}
        }
        let spent = process_cpu_of(|| {
            for peer in &self.peers {
                self.server.send(peer, PacketFlags::UNSEQUENCED, &[7; LEN]);
                if each {
                    self.server.flush();
                }
            }
            self.server.flush();
        });
        spent.as_secs_f64() * 1e6
    }
}

/// A host with an address of its own, of the loopback network: of one address, the server lets in so many a second.
fn client(number: u8, peers: usize) -> CHost {
    let address = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, number), 0);
    CHost::open(Some(address), peers, 1)
}

/// Connects one peer of each of `clients` to `server`; answers the server's.
fn connect_each<S: Party>(clients: &mut [CHost], server: &mut S) -> Vec<S::Peer> {
    let (port, mut peers) = (server.port(), Vec::new());
    for host in &mut *clients {
        Party::connect(host, port, 1);
    }
    let mut connected = 0;
    while connected < clients.len() || peers.len() < clients.len() {
        for host in &mut *clients {
            connected += usize::from(matches!(Party::next(host), Some(Happening::Connected(_))));
        }
        while let Some(happening) = server.next() {
            if let Happening::Connected(peer) = happening {
                peers.push(peer);
            }
        }
    }
    peers
}
