//! [`Contexts`]: the encrypted connections of a server, found by address and served in turns.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a handshake may take. A remote that loses datagrams repeats them after 1, 2, 4 and 8 seconds.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);
/// How long a remote may hold an encrypted connection without being a peer of the host. It asks to be one at once, and
/// asks again after half a second, 1.5 and 3.5.
const IDLE_LIMIT: Duration = Duration::from_secs(10);
/// How long a remote keeps its context after it was a peer. What it sent before it heard of its end arrives until then,
/// and no longer as an unknown remote's, whose every datagram the engine takes for a handshake and prints an error about.
const LINGER: Duration = Duration::from_secs(2);
/// Remotes that are no peers; later ones are turned away until there are fewer. Each costs two buffers of 16 KiB.
const STRANGERS_LIMIT: usize = 256;

/// One encrypted connection.
pub(super) trait Context {
    /// Goes on with it and takes one datagram.
    fn receive(&mut self) -> Received;

    /// Sends one datagram; lost if that is not possible.
    fn send(&mut self, data: &[u8]);
}

/// What became of a connection, and what it has received.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// The handshake goes on.
    Handshaking,
    /// Connected, and nothing has arrived.
    Nothing,
    /// One datagram.
    Datagram(Vec<u8>),
    /// It failed, or the remote ended it.
    Over,
}

pub(super) struct Contexts<C> {
    /// In the order of their turns.
    entries: Vec<Entry<C>>,
    /// Where each remote is in `entries`.
    index: HashMap<SocketAddr, usize>,
    /// Whose turn is next.
    next: usize,
}

struct Entry<C> {
    remote: SocketAddr,
    context: C,
    standing: Standing,
}

/// How far a remote has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Handshaking {
        since: Instant,
    },
    Connected {
        since: Instant,
    },
    Peer,
    /// Was a peer.
    Left {
        since: Instant,
    },
    Over,
}

impl<C: Context> Contexts<C> {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            index: HashMap::new(),
            next: 0,
        }
    }

    /// Adds a remote whose handshake begins; an earlier context of the same remote is dropped.
    pub(super) fn insert(&mut self, remote: SocketAddr, context: C, now: Instant) {
        let entry = Entry {
            remote,
            context,
            standing: Standing::Handshaking { since: now },
        };
        match self.index.get(&remote) {
            Some(&position) => self.entries[position] = entry,
            None => {
                self.index.insert(remote, self.entries.len());
                self.entries.push(entry);
            }
        }
    }

    /// Whether as many remotes as may be are no peers yet.
    pub(super) fn is_crowded(&self) -> bool {
        let strangers = self.entries.iter();
        let strangers = strangers.filter(|entry| entry.standing != Standing::Peer);
        strangers.count() >= STRANGERS_LIMIT
    }

    /// Sends `data` to `to`, if it is connected.
    pub(super) fn send(&mut self, to: SocketAddr, data: &[u8]) {
        if let Some(&position) = self.index.get(&to) {
            self.entries[position].context.send(data);
        }
    }

    /// Hands at most `room` datagrams to `take`: one of each remote in turn, until nobody has any. Who was cut off by
    /// `room` is first the next time.
    pub(super) fn receive(
        &mut self,
        room: usize,
        now: Instant,
        take: &mut dyn FnMut(SocketAddr, &[u8]),
    ) {
        let count = self.entries.len();
        let mut turns: Vec<usize> = (0..count).map(|turn| (self.next + turn) % count).collect();
        let mut room = room;
        let mut cut_off = None;
        while !turns.is_empty() && cut_off.is_none() {
            turns.retain(|&position| {
                if room == 0 {
                    cut_off.get_or_insert(position);
                    return false;
                }
                let entry = &mut self.entries[position];
                match entry.receive(now) {
                    Some(data) => {
                        room -= 1;
                        take(entry.remote, &data);
                        true
                    }
                    None => false,
                }
            });
        }
        self.next = cut_off.unwrap_or(self.next);
        self.retain(|entry| entry.standing != Standing::Over);
    }

    /// Drops the contexts of those who were peers and are not among `peers` any more, after a moment, and of those who did
    /// not become peers in time (D25).
    pub(super) fn keep_only(&mut self, peers: &HashSet<SocketAddr>, now: Instant) {
        self.retain(|entry| {
            entry.standing = match entry.standing {
                Standing::Connected { .. } | Standing::Left { .. }
                    if peers.contains(&entry.remote) =>
                {
                    Standing::Peer
                }
                Standing::Peer if !peers.contains(&entry.remote) => Standing::Left { since: now },
                standing => standing,
            };
            let (since, limit) = match entry.standing {
                Standing::Handshaking { since } => (since, HANDSHAKE_LIMIT),
                Standing::Connected { since } => (since, IDLE_LIMIT),
                Standing::Left { since } => (since, LINGER),
                Standing::Peer => return true,
                Standing::Over => return false,
            };
            now.duration_since(since) < limit
        });
    }

    fn retain(&mut self, keep: impl FnMut(&mut Entry<C>) -> bool) {
        let count = self.entries.len();
        self.entries.retain_mut(keep);
        if self.entries.len() < count {
            let remotes = self.entries.iter().map(|entry| entry.remote);
            self.index = remotes
                .enumerate()
                .map(|(position, remote)| (remote, position))
                .collect();
        }
    }
}

impl<C: Context> Entry<C> {
    fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
        let received = self.context.receive();
        self.standing = match (&received, self.standing) {
            (Received::Over, _) => Standing::Over,
            (Received::Handshaking, standing) => standing,
            (_, Standing::Handshaking { .. }) => Standing::Connected { since: now },
            (_, standing) => standing,
        };
        match received {
            Received::Datagram(data) => Some(data),
            Received::Handshaking | Received::Nothing | Received::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Says what it is told to say, then that there is nothing.
    #[derive(Default)]
    struct Scripted(VecDeque<Received>);

    impl Context for Scripted {
        fn receive(&mut self) -> Received {
            self.0.pop_front().unwrap_or(Received::Nothing)
        }

        fn send(&mut self, data: &[u8]) {
            self.0.push_back(Received::Datagram(data.to_vec()));
        }
    }

    fn remote(number: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, number], 7))
    }

    fn of(says: impl IntoIterator<Item = Received>) -> Scripted {
        Scripted(says.into_iter().collect())
    }

    /// Contexts of remotes 0, 1, ..., each with so many datagrams that hold its number.
    fn with_datagrams(counts: &[usize], now: Instant) -> Contexts<Scripted> {
        let mut contexts = Contexts::new();
        for (number, &count) in counts.iter().enumerate() {
            let number = u8::try_from(number).unwrap();
            let says = (0..count).map(|_| Received::Datagram(vec![number]));
            contexts.insert(remote(number), of(says), now);
        }
        contexts
    }

    /// Whose datagrams come, in order.
    fn received(contexts: &mut Contexts<Scripted>, room: usize, now: Instant) -> Vec<u8> {
        let mut numbers = Vec::new();
        contexts.receive(room, now, &mut |from, data| {
            assert_eq!(from, remote(data[0]));
            numbers.push(data[0]);
        });
        numbers
    }

    #[test]
    fn remotes_take_turns_and_who_was_cut_off_is_first_the_next_time_d26() {
        let now = Instant::now();
        let mut contexts = with_datagrams(&[5, 2, 3], now);
        assert_eq!(received(&mut contexts, 4, now), [0, 1, 2, 0]);
        assert_eq!(received(&mut contexts, 2, now), [1, 2]);
        assert_eq!(received(&mut contexts, 10, now), [0, 2, 0, 0]);
        assert_eq!(received(&mut contexts, 10, now), []);
    }

    #[test]
    fn a_datagram_goes_to_the_remote_with_the_address_alone_d26() {
        let now = Instant::now();
        let mut contexts = with_datagrams(&[0, 0, 0], now);
        contexts.send(remote(1), &[1]);
        contexts.send(remote(9), &[9]);
        assert_eq!(received(&mut contexts, 10, now), [1]);
        contexts.receive(10, now, &mut |_, _| {});
        contexts.keep_only(&[remote(1), remote(2)].into(), now);
        contexts.keep_only(&[remote(2)].into(), now);
        contexts.keep_only(&[remote(2)].into(), now + LINGER);
        contexts.send(remote(2), &[2]);
        contexts.send(remote(1), &[1]);
        assert_eq!(received(&mut contexts, 10, now), [2], "the index follows");
    }

    #[test]
    fn a_context_goes_with_its_peer_and_not_before_there_was_one_d25() {
        let now = Instant::now();
        let mut contexts = with_datagrams(&[1, 1], now);
        received(&mut contexts, 10, now);
        contexts.keep_only(&HashSet::new(), now);
        assert_eq!(contexts.entries.len(), 2, "neither is a peer yet");
        contexts.keep_only(&[remote(0)].into(), now);
        contexts.keep_only(&HashSet::new(), now);
        assert_eq!(contexts.entries.len(), 2, "what it sent last is on its way");
        contexts.keep_only(&HashSet::new(), now + LINGER);
        assert!(!contexts.index.contains_key(&remote(0)));
        assert!(contexts.index.contains_key(&remote(1)));
    }

    #[test]
    fn who_comes_back_at_once_by_the_same_connection_keeps_it() {
        let now = Instant::now();
        let mut contexts = with_datagrams(&[1], now);
        received(&mut contexts, 10, now);
        for peers in [[remote(0)].into(), HashSet::new(), [remote(0)].into()] {
            contexts.keep_only(&peers, now);
        }
        contexts.keep_only(&[remote(0)].into(), now + LINGER);
        assert_eq!(contexts.entries[0].standing, Standing::Peer);
    }

    #[test]
    fn who_does_not_become_a_peer_is_dropped_in_time_d25() {
        let start = Instant::now();
        let mut contexts = Contexts::new();
        contexts.insert(remote(0), of((0..9).map(|_| Received::Handshaking)), start);
        contexts.insert(remote(1), of([]), start);
        received(&mut contexts, 10, start);
        for (after, left) in [
            (IDLE_LIMIT - Duration::from_millis(1), 2),
            (IDLE_LIMIT, 1),
            (HANDSHAKE_LIMIT - Duration::from_millis(1), 1),
            (HANDSHAKE_LIMIT, 0),
        ] {
            contexts.keep_only(&HashSet::new(), start + after);
            assert_eq!(contexts.entries.len(), left, "after {after:?}");
        }
    }

    #[test]
    fn what_is_over_is_dropped_and_a_returning_remote_gets_a_context_of_its_own_d25() {
        let now = Instant::now();
        let mut contexts = Contexts::new();
        contexts.insert(remote(0), of([Received::Over]), now);
        contexts.insert(remote(1), of([Received::Datagram(vec![1])]), now);
        assert_eq!(received(&mut contexts, 10, now), [1]);
        assert_eq!(contexts.entries.len(), 1);
        contexts.insert(remote(1), of([Received::Handshaking]), now);
        assert_eq!(contexts.entries.len(), 1);
        assert!(matches!(
            contexts.entries[0].standing,
            Standing::Handshaking { .. }
        ));
    }

    #[test]
    fn a_crowd_of_strangers_is_bounded_and_peers_are_none() {
        let now = Instant::now();
        let mut contexts = Contexts::new();
        for port in 0..STRANGERS_LIMIT {
            assert!(!contexts.is_crowded());
            let port = u16::try_from(port).unwrap();
            contexts.insert(SocketAddr::from(([10, 0, 0, 1], port)), of([]), now);
        }
        assert!(contexts.is_crowded());
        contexts.receive(10, now, &mut |_, _| {});
        contexts.keep_only(&[SocketAddr::from(([10, 0, 0, 1], 3))].into(), now);
        assert!(!contexts.is_crowded());
    }
}
