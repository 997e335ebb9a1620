//! The end of a session: everything is made whole and must be there, and everybody leaves.

use enet_proto::{PacketFlags, PeerState};

use super::{FORGOTTEN_AFTER_MICROS, LONGEST, LONGEST_TO_QUIET_MICROS, SECOND, Session};
use crate::ledger::{CHANNELS, CLIENT, Connection, Leaving, SERVER, Stage};
use crate::payload::HEADER;
use crate::profile::Profile;

impl Session {
    /// Makes everything whole, checks that nothing is missing, lets everyone leave, and checks that nobody is kept.
    ///
    /// A path that drops large datagrams goes on to do so where everybody is to cope with that.
    pub(super) fn finish(&mut self) {
        self.profile = if self.is_narrow() {
            Profile::PerfectButNarrow
        } else {
            Profile::Perfect
        };
        for node in 0..self.tempers.len() {
            self.world.set_hanging(node, false);
            self.world.set_unread(node, false);
            self.cut[node] = [false; 2];
        }
        self.pass_until("something is still being delivered", Self::is_quiet);
        let stood = self.standing();
        for client in 1..self.tempers.len() {
            for end in [SERVER, CLIENT] {
                self.send_last(client, end);
            }
        }
        self.pass_until("the last packets still wait", |session| {
            session.is_quiet() && session.is_taken()
        });
        if self.is_narrow() {
            assert_eq!(self.standing(), stood, "the path ended a connection");
        }
        let ledger = &self.ledger;
        ledger.check_complete(|connection| self.stands(connection));
        for client in 1..self.tempers.len() {
            self.ask_to_leave(client);
        }
        self.pass_until("somebody is kept", Self::is_deserted);
        self.pass(FORGOTTEN_AFTER_MICROS);
        self.ledger.check_over();
        self.world.check_counters();
    }

    fn pass_until(&mut self, otherwise: &str, done: fn(&Self) -> bool) {
        let deadline = self.world.now_micros + LONGEST_TO_QUIET_MICROS;
        loop {
            self.pass(SECOND);
            if done(self) {
                return;
            }
            assert!(self.world.now_micros < deadline, "{otherwise}");
        }
    }

    /// Whether each connection is open at both ends or over at both, and nothing is on its way or waits.
    fn is_quiet(&self) -> bool {
        let at_rest = self
            .world
            .nodes
            .iter()
            .filter_map(|node| node.host.as_ref())
            .all(|host| {
                host.peers().all(|peer| {
                    let seen = host.peer_statistics(peer);
                    host.state(peer) == PeerState::Connected
                        && seen.is_some_and(|it| it.commands_queued == 0)
                })
            });
        let mut connections = self.ledger.connections().iter();
        at_rest
            && connections.all(|connection| {
                let is_there = |end| self.state(connection, end) == PeerState::Connected;
                is_there(SERVER) == is_there(CLIENT)
            })
    }

    /// Whether nothing waits for the game or for its turn. C ENet never counts out what it drops.
    fn is_taken(&self) -> bool {
        let mut nodes = self.world.nodes.iter().zip(&self.tempers);
        nodes.all(|(node, temper)| {
            let mut hosts = node.host.iter().filter(|_| !temper.vanilla);
            hosts.all(|host| {
                let mut waiting = host.peers().filter_map(|peer| host.peer_statistics(peer));
                waiting.all(|it| it.waiting_data == 0)
            })
        })
    }

    fn is_deserted(&self) -> bool {
        let mut hosts = self
            .world
            .nodes
            .iter()
            .filter_map(|node| node.host.as_ref());
        hosts.all(|host| host.peer_count() == 0)
    }

    /// Whether a connection is open at both ends.
    fn stands(&self, connection: &Connection) -> bool {
        let is_open = |end: usize| {
            connection.ends[end].stage == Stage::Open
                && self.state(connection, end) == PeerState::Connected
        };
        is_open(SERVER) && is_open(CLIENT)
    }

    /// The numbers of the connections that are open at both ends.
    fn standing(&self) -> Vec<usize> {
        let connections = self.ledger.connections().iter().enumerate();
        let stand = connections.filter(|(_, connection)| self.stands(connection));
        stand.map(|(number, _)| number).collect()
    }

    /// Whether the path drops large datagrams and everybody is to cope with that.
    fn is_narrow(&self) -> bool {
        let drops_large = [Profile::DropsLarge, Profile::PerfectButNarrow].contains(&self.profile);
        drops_large && self.all_find_their_way()
    }

    /// One more reliable packet on each channel overtakes what may still be incomplete; on a path that drops large
    /// datagrams one of them is large.
    fn send_last(&mut self, client: usize, end: usize) {
        for channel_id in 0..CHANNELS {
            if let Some((number, node, peer)) = self.peer(client, end) {
                let is_large = channel_id == 0 && self.is_narrow();
                let len = if is_large { LONGEST } else { HEADER };
                let packet = (channel_id, PacketFlags::RELIABLE, len);
                self.send_packet(number, node, peer, end, packet);
            }
        }
    }

    fn ask_to_leave(&mut self, client: usize) {
        let end = self.below(2);
        let Some((number, node, peer)) = self.peer(client, end) else {
            return;
        };
        let Some(host) = self.world.host(node) else {
            return;
        };
        if host.state(peer) == PeerState::Connected {
            host.disconnect(peer, 5);
            self.ledger.left(number, end, Leaving::Asking);
        }
    }
}
