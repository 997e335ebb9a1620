//! What a poll does, up to the next signal. The signals themselves are emitted by the virtual method.

use std::cmp::Reverse;
use std::sync::Arc;

use super::core::{Core, Incoming, Registered, Role, SERVER_ID, Session, Status};
use super::door::client_id;
use crate::connection::{ConnectionCore, ConnectionEvent, PeerHandle};
use crate::error::NotActive;

/// One call of `poll`, which belongs to one session: when a handler closes it, the poll is over.
pub(super) struct PollRun {
    epoch: u64,
    connection: Arc<ConnectionCore>,
    /// Registered peers that scripts have ended since the last poll, by their objects or with the whole host; the
    /// first to report comes last.
    ended: Vec<(i32, Arc<PeerHandle>)>,
    /// Peers that disconnected, kept until the poll is done.
    over: Vec<Arc<PeerHandle>>,
    has_polled: bool,
}

impl PollRun {
    /// Lets go of what is over. Objects are dropped, in which scripts may run: so nothing comes after this.
    pub(super) fn finish(self) {
        self.connection.prune();
    }
}

/// A signal to emit.
pub(super) enum Signal {
    Connected(Joined),
    Disconnected(Left),
}

/// For `peer_connected`.
pub(super) struct Joined {
    pub(super) unique_id: i32,
    /// The object to mark with the id, on a server.
    pub(super) marked: Option<Arc<PeerHandle>>,
}

/// For `peer_disconnected`.
pub(super) struct Left {
    pub(super) unique_id: i32,
    peer: Arc<PeerHandle>,
}

impl Core {
    pub(super) fn begin_poll(&self) -> Result<PollRun, NotActive> {
        let mut state = self.lock();
        let session = state.session_mut()?;
        let connection = session.connection.core.clone();
        let endings = connection.endings();
        let has_news = std::mem::replace(&mut session.seen_endings, endings) != endings;
        Ok(PollRun {
            epoch: session.epoch,
            connection,
            ended: if has_news {
                find_ended(session)
            } else {
                Vec::new()
            },
            over: Vec::new(),
            has_polled: false,
        })
    }

    /// Works until there is a signal to emit; `None` when the poll is done.
    ///
    /// No object that scripts may know is dropped before a signal, so no script runs before the first one. After the
    /// emission of [`Signal::Disconnected`], [`Self::finish_leaving`] must be called.
    pub(super) fn next_signal(&self, run: &mut PollRun) -> Option<Signal> {
        while let Some((unique_id, peer)) = run.ended.pop() {
            if let Some(signal) = self.take_ended(run, unique_id, peer) {
                return Some(signal);
            }
        }
        if !run.has_polled {
            run.has_polled = true;
            run.connection.advance_search();
            if let Ok(host) = run.connection.host() {
                host.poll();
            }
        }
        loop {
            self.lock().session_of(run.epoch)?;
            let Some(event) = run.connection.next_event() else {
                if !run.connection.is_open() {
                    // The socket died, or a script destroyed the host: nothing can come any more.
                    self.close_session(run.epoch);
                }
                return None;
            };
            if let Some(signal) = self.take_event(run, event) {
                return Some(signal);
            }
        }
    }

    /// Unregisters a peer that a script has ended.
    fn take_ended(&self, run: &PollRun, unique_id: i32, peer: Arc<PeerHandle>) -> Option<Signal> {
        let (unregistered, was_connecting) = {
            let mut state = self.lock();
            let session = state.session_of(run.epoch)?;
            if !session.is_registered(unique_id, &peer) {
                return None;
            }
            (
                session.peers.remove(&unique_id),
                session.status == Status::Connecting,
            )
        };
        drop(unregistered);
        if was_connecting {
            // Nobody was told that the server was there.
            self.close_session(run.epoch);
            return None;
        }
        Some(Signal::Disconnected(Left { unique_id, peer }))
    }

    /// After `peer_disconnected`: unregisters the peer, and ends the session of a client.
    pub(super) fn finish_leaving(&self, run: &PollRun, left: &Left) {
        let (unregistered, role) = {
            let mut state = self.lock();
            let Some(session) = state.session_of(run.epoch) else {
                return;
            };
            let unregistered = session
                .is_registered(left.unique_id, &left.peer)
                .then(|| session.peers.remove(&left.unique_id));
            (unregistered, session.role)
        };
        drop(unregistered);
        if role == Role::Client {
            self.close_session(run.epoch);
        }
    }

    fn take_event(&self, run: &mut PollRun, event: ConnectionEvent) -> Option<Signal> {
        match event {
            ConnectionEvent::Connect { peer, data } => self.take_connect(run, &peer, data),
            ConnectionEvent::Disconnect { peer, data: _ } => {
                run.over.push(peer.clone());
                self.take_disconnect(run, peer)
            }
            ConnectionEvent::Receive {
                peer,
                channel_id,
                packet,
            } => {
                let is_strange = {
                    let mut state = self.lock();
                    let session = state.session_of(run.epoch)?;
                    let source = match session.role {
                        Role::Server => peer.core().unique_id(),
                        Role::Client => Some(SERVER_ID),
                    };
                    match source {
                        Some(source) => {
                            session.incoming.push_back(Incoming {
                                source,
                                channel_id,
                                packet,
                            });
                            false
                        }
                        None => !std::mem::replace(&mut session.reported_stranger, true),
                    }
                };
                if is_strange {
                    log::error!(
                        "packets of a peer that was never registered are dropped: its connect event was taken by a \
                         call of ENetConnectionRs.service"
                    );
                }
                None
            }
        }
    }

    fn take_connect(&self, run: &PollRun, peer: &Arc<PeerHandle>, data: u32) -> Option<Signal> {
        let joined = {
            let mut state = self.lock();
            let refuse = state.refuse_new_connections;
            let session = state.session_of(run.epoch)?;
            match session.role {
                Role::Client if session.is_registered(SERVER_ID, peer) => {
                    session.status = Status::Connected;
                    Some(Joined {
                        unique_id: SERVER_ID,
                        marked: None,
                    })
                }
                Role::Client => None,
                Role::Server => {
                    let unique_id =
                        client_id(data).filter(|id| !refuse && !session.peers.contains_key(id));
                    unique_id.map(|unique_id| {
                        peer.core().set_unique_id(unique_id);
                        let registered = Registered {
                            peer: peer.clone(),
                            is_leaving: false,
                        };
                        session.peers.insert(unique_id, registered);
                        Joined {
                            unique_id,
                            marked: Some(peer.clone()),
                        }
                    })
                }
            }
        };
        if joined.is_none() {
            // Let in before the script refused, or by a host without a door: it believes that it is connected, and is
            // told otherwise at once. No error here if it left already.
            let _ = peer.core().disconnect_now(0);
        }
        joined.map(Signal::Connected)
    }

    fn take_disconnect(&self, run: &PollRun, peer: Arc<PeerHandle>) -> Option<Signal> {
        let left = {
            let mut state = self.lock();
            let session = state.session_of(run.epoch)?;
            let unique_id = match session.role {
                Role::Server => peer.core().unique_id(),
                Role::Client => Some(SERVER_ID),
            };
            // One that was dropped by force, or never registered, left long ago for all that is known here.
            let unique_id = unique_id.filter(|id| session.is_registered(*id, &peer))?;
            if session.status == Status::Connecting {
                None
            } else {
                if let Some(registered) = session.peers.get_mut(&unique_id) {
                    registered.is_leaving = true;
                }
                Some(Left { unique_id, peer })
            }
        };
        if left.is_none() {
            self.close_session(run.epoch);
        }
        left.map(Signal::Disconnected)
    }
}

/// Registered peers that have ended without an event and are not being reported already; the latest comes first.
fn find_ended(session: &Session) -> Vec<(i32, Arc<PeerHandle>)> {
    let mut ended: Vec<_> = session
        .peers
        .iter()
        .filter(|(_, registered)| !registered.is_leaving && !registered.peer.core().is_active())
        .map(|(unique_id, registered)| (*unique_id, registered.peer.clone()))
        .collect();
    ended.sort_unstable_by_key(|(_, peer)| Reverse(peer.serial()));
    ended
}
