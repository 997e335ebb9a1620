//! [`Inbox`]: what the game sees of a host. Events wait here, and what they tell shows when they are handed out.
//!
//! The driver appends, the game takes; neither meets the engine's lock for it. A peer's visible state is read from an
//! atomic and changed only with the inbox locked, so the threads of a game agree on what happened.

use std::collections::{HashSet, VecDeque};

use enet_proto::{PeerId, PeerState};

use crate::event::HostEvent;
use crate::peer::{UdpPeer, Visible};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Condvar, Instant, Mutex, MutexGuard};

/// An event on its way to the game.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) event: HostEvent,
    /// Channels of a connection that began.
    pub(crate) channel_count: usize,
}

impl From<HostEvent> for Queued {
    fn from(event: HostEvent) -> Self {
        Self {
            event,
            channel_count: 0,
        }
    }
}

/// Events between the driver and the game, and the peers the game knows.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Events in the queue, so that a poll of an empty inbox costs one load.
    queued: AtomicUsize,
    /// How many of them a poll has released to [`Self::next`].
    released: AtomicUsize,
    view: Mutex<View>,
    arrived: Condvar,
}

/// Events of a peer that the game took.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) peer: PeerId,
    pub(crate) events: usize,
    /// Their payload.
    pub(crate) bytes: usize,
}

/// The inbox, locked.
#[derive(Debug, Default)]
pub(crate) struct View {
    queue: VecDeque<Queued>,
    /// The active peers, in the order in which they appeared.
    peers: Vec<UdpPeer>,
    /// What the game took and the engine still counts as waiting.
    taken: Vec<Taken>,
    closed: bool,
}

impl Inbox {
    /// Locks the view. The engine's lock, where both are needed, is taken before this one.
    pub(crate) fn lock(&self) -> MutexGuard<'_, View> {
        self.view.lock()
    }

    /// Appends `events` and empties it; the caller holds the engine's lock, so that events keep their order.
    pub(crate) fn push(&self, events: &mut VecDeque<Queued>) {
        if events.is_empty() {
            return;
        }
        let mut view = self.view.lock();
        if view.queue.is_empty() {
            // The usual case: the two lists change places, and nothing is moved.
            std::mem::swap(&mut view.queue, events);
        } else {
            view.queue.append(events);
        }
        self.queued.store(view.queue.len(), Ordering::Release);
        drop(view);
        self.arrived.notify_all();
    }

    /// How many events wait.
    pub(crate) fn len(&self) -> usize {
        self.queued.load(Ordering::Acquire)
    }

    /// Whether no event waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queued.load(Ordering::Acquire) == 0
    }

    /// Releases what has arrived to [`Self::next`], at most one turn of it: see [`View::turn`].
    pub(crate) fn release(&self) {
        if self.queued.load(Ordering::Acquire) != self.released.load(Ordering::Relaxed) {
            let view = self.view.lock();
            self.released.store(view.turn(), Ordering::Relaxed);
        }
    }

    /// Hands out one released event.
    pub(crate) fn next(&self) -> Option<HostEvent> {
        if self.released.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut view = self.view.lock();
        while self.released.load(Ordering::Relaxed) > 0 {
            if let Some(event) = self.pop(&mut view) {
                return Some(event);
            }
        }
        None
    }

    /// Hands out one event, released or not.
    pub(crate) fn take(&self) -> Option<HostEvent> {
        if self.queued.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.take_locked(&mut self.view.lock())
    }

    /// Hands out one event, for which it waits until `deadline`, the host is closed, or `go_on` is false after a
    /// [`wake`](Self::wake); `None` is no deadline.
    pub(crate) fn wait_while(
        &self,
        deadline: Option<Instant>,
        go_on: impl Fn() -> bool,
    ) -> Option<HostEvent> {
        let mut view = self.view.lock();
        loop {
            if let Some(event) = self.take_locked(&mut view) {
                return Some(event);
            }
            if view.closed || !go_on() {
                return None;
            }
            match deadline {
                Some(deadline) if self.arrived.wait_until(&mut view, deadline).timed_out() => {
                    return self.take_locked(&mut view);
                }
                Some(_) => {}
                None => self.arrived.wait(&mut view),
            }
        }
    }

    /// Lets all that wait look again whether they should.
    pub(crate) fn wake(&self) {
        let view = self.view.lock();
        drop(view);
        self.arrived.notify_all();
    }

    /// Drops all events, makes all peers inactive and ends all waits, for good.
    pub(crate) fn close(&self) {
        let mut view = self.view.lock();
        view.closed = true;
        let queue = std::mem::take(&mut view.queue);
        let peers = std::mem::take(&mut view.peers);
        for peer in &peers {
            peer.show(PeerState::Disconnected, 0);
        }
        self.queued.store(0, Ordering::Release);
        self.released.store(0, Ordering::Relaxed);
        drop(view);
        self.arrived.notify_all();
        drop((queue, peers));
    }

    fn take_locked(&self, view: &mut View) -> Option<HostEvent> {
        while !view.queue.is_empty() {
            if let Some(event) = self.pop(view) {
                return Some(event);
            }
        }
        None
    }

    /// Takes the first event off the queue; `None` if the game gave up its peer meanwhile.
    fn pop(&self, view: &mut View) -> Option<HostEvent> {
        let shows = view.show_first();
        let queued = view.queue.pop_front()?;
        self.queued.store(view.queue.len(), Ordering::Release);
        let released = self.released.load(Ordering::Relaxed);
        self.released
            .store(released.saturating_sub(1), Ordering::Relaxed);
        shows.then_some(queued.event)
    }
}

impl View {
    /// The active peers, in the order in which they appeared.
    pub(crate) fn peers(&self) -> &[UdpPeer] {
        &self.peers
    }

    /// Adds a peer that the game made itself.
    pub(crate) fn add(&mut self, peer: UdpPeer) {
        self.peers.push(peer);
    }

    /// Makes `peer` inactive.
    pub(crate) fn remove(&mut self, peer: &UdpPeer) {
        peer.show(PeerState::Disconnected, 0);
        self.peers.retain(|other| other != peer);
    }

    /// What the game took since the last call, for the engine to count no longer.
    pub(crate) fn drain_taken(&mut self) -> impl Iterator<Item = Taken> + '_ {
        self.taken.drain(..)
    }

    /// How many events from the front one poll may hand out: not a disconnect beside anything else of the same peer.
    ///
    /// A game reads between two polls, and who has left is nobody any more then: a peer of Godot forgets what a client
    /// has not read, and a scene API knows no sender for it. Who is polled all the time, as the reference implementation
    /// has to be, sees data and goodbye in two polls anyway.
    fn turn(&self) -> usize {
        let is_goodbye = |queued: &Queued| matches!(queued.event, HostEvent::Disconnect { .. });
        if !self.queue.iter().any(is_goodbye) {
            return self.queue.len();
        }
        let mut heard = HashSet::new();
        self.queue
            .iter()
            .position(|queued| !heard.insert(queued.event.peer().id()) && is_goodbye(queued))
            .unwrap_or(self.queue.len())
    }

    /// Lets the first event show, unless what the game did since makes it void, and counts it as taken.
    fn show_first(&mut self) -> bool {
        let Some(Queued {
            event,
            channel_count,
        }) = self.queue.front()
        else {
            return false;
        };
        let peer = event.peer();
        let id = peer.id();
        let mut bytes = 0;
        let shows = match event {
            HostEvent::Connect { .. } => {
                let before = peer.visible();
                if before == Visible::Unseen {
                    self.peers.push(peer.clone());
                }
                let began = matches!(
                    before,
                    Visible::Unseen | Visible::State(PeerState::Connecting)
                );
                if began {
                    peer.show(PeerState::Connected, *channel_count);
                }
                began
            }
            HostEvent::Disconnect { .. } => {
                let was_active = peer.is_active();
                if was_active {
                    peer.show(PeerState::Disconnected, 0);
                    self.peers.retain(|other| other != peer);
                }
                was_active
            }
            HostEvent::Receive { packet, .. } => {
                bytes = packet.len();
                // As ENet: a goodbye of ours, even a later one, drops what was received and not yet taken.
                peer.visible() == Visible::State(PeerState::Connected)
            }
        };
        self.count_taken(id, bytes);
        shows
    }

    fn count_taken(&mut self, peer: PeerId, bytes: usize) {
        match self.taken.last_mut() {
            Some(last) if last.peer == peer => {
                last.events += 1;
                last.bytes += bytes;
            }
            _ => self.taken.push(Taken {
                peer,
                events: 1,
                bytes,
            }),
        }
    }
}
