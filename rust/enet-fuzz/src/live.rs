//! Live hosts fed with mutated traffic of their own real session, by anyone.

use std::time::Duration;

use enet_proto::{Packet, PacketFlags, Time};

use crate::entry::Entry;
use crate::reader::Reader;
use crate::wire::{End, Sent, address, config, connect};

/// Datagrams kept for replaying.
const MOST_KEPT: usize = 256;
/// Operations of one run.
const MOST_OPERATIONS: usize = 400;
/// Operations from here on are those of [`Entry`].
const FIRST_OF_ENTRY: u8 = 240;

/// From the first CONNECT on.
pub(crate) fn handshake(data: &[u8]) {
    stranger().run(data);
}

/// From an open connection on, with packets of both sides.
pub(crate) fn traffic(data: &[u8]) {
    let mut client = End::new(2, config(1, 2));
    let mut server = End::new(1, config(4, 1));
    let now = connect(&mut client, &mut server);
    Live::new(client, server, now).run(data);
}

/// A client that is about to ask a server for a connection.
fn stranger() -> Live {
    let mut client = End::new(2, config(1, 2));
    let server = End::new(1, config(4, 1));
    client
        .host
        .connect(server.address, 2, 7)
        .expect("a slot is free");
    Live::new(client, server, Time::from_millis(1000))
}

struct Live {
    ends: [End; 2],
    entry: Entry,
    now: Time,
    /// Written, and neither delivered nor lost yet.
    under_way: Vec<Sent>,
    /// What was written last.
    seen: Vec<Sent>,
}

impl Live {
    fn new(client: End, server: End, now: Time) -> Self {
        Self {
            ends: [client, server],
            entry: Entry::default(),
            now,
            under_way: Vec::new(),
            seen: Vec::new(),
        }
    }

    fn run(mut self, data: &[u8]) {
        self.play(data);
        // Left alone, both go on; every turn is checked.
        for _ in 0..100 {
            self.now = self.now + Duration::from_millis(1000);
            self.deliver();
            self.turn();
        }
        let left = self.ends[1].host.statistics();
        assert_eq!(
            (left.waiting, left.half_open),
            (0, 0),
            "nobody waits for good"
        );
    }

    fn play(&mut self, data: &[u8]) {
        let mut reader = Reader::new(data);
        for _ in 0..MOST_OPERATIONS {
            if reader.is_empty() {
                break;
            }
            self.operate(&mut reader);
            self.turn();
        }
    }

    fn operate(&mut self, reader: &mut Reader<'_>) {
        let operation = reader.byte();
        if operation >= FIRST_OF_ENTRY {
            return self.entry.operate(self.now, &mut self.ends, reader);
        }
        match operation % 12 {
            0..=3 => self.deliver(),
            4 => self.now = self.now + Duration::from_millis(u64::from(reader.byte()) * 20),
            5 => drop(self.under_way.pop()),
            6 | 7 => self.send(reader),
            8 => self.leave(reader),
            _ => self.inject(reader),
        }
    }

    fn turn(&mut self) {
        for end in &mut self.ends {
            let sent = end.turn(self.now);
            self.seen.extend(sent.iter().cloned());
            self.under_way.extend(sent);
        }
        let surplus = self.seen.len().saturating_sub(MOST_KEPT);
        self.seen.drain(..surplus);
    }

    fn deliver(&mut self) {
        for datagram in std::mem::take(&mut self.under_way) {
            self.hand_over(&datagram);
        }
    }

    fn hand_over(&mut self, datagram: &Sent) {
        if let Some(end) = self.ends.iter_mut().find(|end| end.address == datagram.to) {
            end.host
                .handle_datagram(self.now, datagram.from, &datagram.data);
        }
    }

    fn send(&mut self, reader: &mut Reader<'_>) {
        let end = &mut self.ends[usize::from(reader.byte() % 2)];
        let Some(peer) = end.peer else {
            return;
        };
        let flags = [0, 1, 2, 8][usize::from(reader.byte() % 4)];
        let flags = PacketFlags::from_bits(flags).expect("known flags");
        let len = usize::from(reader.short()) % 8000;
        let channel_id = reader.byte() % 4;
        // A connection that is over refuses it.
        let _ = end
            .host
            .send(peer, channel_id, Packet::new(vec![0x5a; len], flags));
    }

    fn leave(&mut self, reader: &mut Reader<'_>) {
        let end = &mut self.ends[usize::from(reader.byte() % 2)];
        let Some(peer) = end.peer else {
            return;
        };
        match reader.byte() % 4 {
            0 => end.host.disconnect(peer, 1),
            1 => end.host.disconnect_now(peer, 1),
            2 => end.host.disconnect_later(peer, 1),
            _ => end.host.reset(peer),
        }
    }

    /// Delivers a changed copy of something seen, from anyone, to either end.
    fn inject(&mut self, reader: &mut Reader<'_>) {
        if self.seen.is_empty() {
            return;
        }
        let mut copy = self.seen[usize::from(reader.byte()) % self.seen.len()].clone();
        for _ in 0..reader.byte() % 4 {
            let position = usize::from(reader.byte()) % copy.data.len().max(1);
            if let Some(byte) = copy.data.get_mut(position) {
                *byte ^= reader.byte();
            }
        }
        match reader.byte() % 8 {
            0 => copy.from = address(9),
            1 => copy.data.truncate(usize::from(reader.byte())),
            2 => copy.data.extend(reader.piece(16)),
            3 => std::mem::swap(&mut copy.from, &mut copy.to),
            _ => {}
        }
        self.hand_over(&copy);
    }
}

#[cfg(test)]
mod tests {
    use enet_proto::{DropCause, PeerState};

    use super::*;

    /// Plays the file of this name in the corpus of the handshake.
    fn played(name: &str) -> Live {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = folder.join("corpus/handshake").join(name);
        let mut live = stranger();
        live.play(&std::fs::read(file).expect("readable"));
        live
    }

    #[test]
    fn the_corpus_reaches_decisions_bans_limits_and_alternatives() {
        let [client, server] = played("waits_and_is_let_in").ends;
        assert!(client.peer.is_some() && server.peer.is_some());

        let [client, server] = played("waits_and_is_banned").ends;
        let seen = server.host.statistics();
        assert_eq!(
            (seen.waiting, seen.dropped(DropCause::ConnectBanned)),
            (0, 1)
        );
        assert_eq!(client.host.peer_count(), 0, "told");

        let [client, _] = played("asks_for_another_id").ends;
        let peer = client.host.peers().next().expect("connecting");
        assert_eq!(client.host.state(peer), PeerState::Connecting);
        assert_eq!(client.host.asked_data(peer), Some(0), "and not 7");

        let [_, server] = played("too_many_for_low_limits").ends;
        let seen = server.host.statistics();
        assert_eq!(seen.dropped(DropCause::ConnectCrowded), 1);
    }
}
