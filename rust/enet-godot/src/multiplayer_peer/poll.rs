//! What a poll does, up to the next signal. The signals themselves are emitted by the virtual method.

use std::collections::VecDeque;
use std::sync::Arc;

use enet_proto::Reason;

use super::core::Core;
use super::door::client_id;
use super::failure::Report;
use super::session::{Gone, Incoming, Registered, Role, SERVER_ID, Session, Status};
use crate::connection::{ConnectionCore, ConnectionEvent, PeerHandle};
use crate::error::NotActive;

/// One call of `poll`, which belongs to one session: when a handler closes it, the poll is over.
///
/// It first reports the peers that scripts have ended, then takes the events of one connection after the other. In a
/// mesh it reports those who left only then.
pub(super) struct PollRun {
    pub(super) epoch: u64,
    /// Registered peers that scripts have ended since the last poll, by their objects or with the whole host; the
    /// first to report comes last.
    ended: Vec<(i32, Arc<PeerHandle>)>,
    /// The connection whose events are being taken.
    current: Option<CurrentLink>,
    /// Where the walk through the connections has got to.
    place: u64,
    /// Peers of a mesh that left.
    departures: VecDeque<Left>,
    over: Over,
}

struct CurrentLink {
    key: i32,
    connection: Arc<ConnectionCore>,
}

/// What the poll let go of, kept until it is done.
#[derive(Default)]
struct Over {
    peers: Vec<Arc<PeerHandle>>,
    gone: Vec<Gone>,
}

impl PollRun {
    /// Lets go of what is over. Objects are dropped, in which scripts may run: so nothing comes after this.
    pub(super) fn finish(self) {
        drop(self.over);
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
    report: Report,
}

impl Core {
    pub(super) fn begin_poll(&self) -> Result<PollRun, NotActive> {
        let mut state = self.lock();
        let session = state.session_mut()?;
        Ok(PollRun {
            epoch: session.epoch,
            ended: session.take_ended(),
            current: None,
            place: 0,
            departures: VecDeque::new(),
            over: Over::default(),
        })
    }

    /// Works until there is a signal to emit; `None` when the poll is done. Why a peer left can be read from then on.
    ///
    /// No object that scripts may know is dropped before a signal, so no script runs before the first one. After the
    /// emission of [`Signal::Disconnected`], [`Self::finish_leaving`] must be called.
    pub(super) fn next_signal(&self, run: &mut PollRun) -> Option<Signal> {
        let signal = self.find_signal(run)?;
        if let Signal::Disconnected(left) = &signal {
            self.lock().last_report = left.report.clone();
        }
        Some(signal)
    }

    fn find_signal(&self, run: &mut PollRun) -> Option<Signal> {
        loop {
            while let Some((unique_id, peer)) = run.ended.pop() {
                if let Some(signal) = self.take_ended(run, unique_id, peer) {
                    return Some(signal);
                }
            }
            if run.current.is_none() && !self.enter_next_link(run)? {
                break;
            }
            let event = {
                let current = run.current.as_ref()?;
                self.lock().session_of(run.epoch)?;
                current.connection.next_event()
            };
            match event {
                Some(event) => {
                    if let Some(signal) = self.take_event(run, event) {
                        return Some(signal);
                    }
                }
                None => self.leave_link(run),
            }
        }
        self.take_departure(run)
    }

    /// Goes on to the next connection and polls it; false behind the last, and nothing once the session is over.
    fn enter_next_link(&self, run: &mut PollRun) -> Option<bool> {
        let connection = {
            let mut state = self.lock();
            let Some(link) = state.session_of(run.epoch)?.links.after(run.place) else {
                return Some(false);
            };
            run.place = link.place;
            let connection = link.connection.core().clone();
            run.current = Some(CurrentLink {
                key: link.key,
                connection: connection.clone(),
            });
            connection
        };
        connection.advance_search();
        if let Ok(host) = connection.host() {
            host.poll();
        }
        Some(true)
    }

    /// Ends the work on the current connection, which has no more events.
    fn leave_link(&self, run: &mut PollRun) {
        let Some(current) = run.current.take() else {
            return;
        };
        run.over.peers.extend(current.connection.prune());
        if current.connection.is_open() {
            return;
        }
        current.connection.report_end();
        // The socket died, or a script destroyed the host: nothing can come any more.
        let mut state = self.lock();
        let Some(session) = state.session_of(run.epoch) else {
            return;
        };
        if session.role != Role::Mesh {
            run.ended = session.lost_with_host();
            if !run.ended.is_empty() {
                // Whoever arrived departs, before the session ends by the next look at this link.
                run.place = 0;
                return;
            }
            let report = session.report_on_host();
            drop(state);
            return self.fail_session(run.epoch, report);
        }
        // Another thread may have put a new link in its place.
        if session.leads_over(current.key, &current.connection)
            && session.mark_leaving(current.key)
            && let Some(registered) = session.peers.get(&current.key)
        {
            run.departures.push_back(Left {
                unique_id: current.key,
                peer: registered.peer.clone(),
                report: session.report_on(current.key, &registered.peer),
            });
        }
    }

    /// The next peer of a mesh to report, now that every connection was polled.
    fn take_departure(&self, run: &mut PollRun) -> Option<Signal> {
        loop {
            let left = run.departures.pop_front()?;
            // A handler may have dropped or replaced it by now.
            let mut state = self.lock();
            let session = state.session_of(run.epoch)?;
            if session.is_registered(left.unique_id, &left.peer) {
                return Some(Signal::Disconnected(left));
            }
        }
    }

    /// Unregisters a peer that a script has ended.
    fn take_ended(
        &self,
        run: &mut PollRun,
        unique_id: i32,
        peer: Arc<PeerHandle>,
    ) -> Option<Signal> {
        let (was_connecting, report) = {
            let mut state = self.lock();
            let session = state.session_of(run.epoch)?;
            if !session.is_registered(unique_id, &peer) {
                return None;
            }
            let report = session.report_on(unique_id, &peer);
            run.over.gone.push(session.unregister(unique_id));
            (session.status == Status::Connecting, report)
        };
        if was_connecting {
            // Nobody was told that the server was there.
            self.fail_session(run.epoch, report);
            return None;
        }
        Some(Signal::Disconnected(Left {
            unique_id,
            peer,
            report,
        }))
    }

    /// After `peer_disconnected`: unregisters the peer, and ends the session of a client.
    pub(super) fn finish_leaving(&self, run: &mut PollRun, left: &Left) {
        let role = {
            let mut state = self.lock();
            let Some(session) = state.session_of(run.epoch) else {
                return;
            };
            if session.is_registered(left.unique_id, &left.peer) {
                run.over.gone.push(session.unregister(left.unique_id));
            }
            session.role
        };
        if role == Role::Client {
            self.close_session(run.epoch);
        }
    }

    fn take_event(&self, run: &mut PollRun, event: ConnectionEvent) -> Option<Signal> {
        let link_key = run.current.as_ref()?.key;
        match event {
            ConnectionEvent::Connect { peer, data } => {
                self.take_connect(run, link_key, &peer, data)
            }
            ConnectionEvent::Disconnect { peer, data: _ } => {
                run.over.peers.push(peer.clone());
                self.take_disconnect(run, link_key, peer)
            }
            ConnectionEvent::Receive {
                peer,
                channel_id,
                packet,
            } => {
                let is_strange = {
                    let mut state = self.lock();
                    let session = state.session_of(run.epoch)?;
                    match session.id_of(link_key, &peer) {
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

    fn take_connect(
        &self,
        run: &PollRun,
        link_key: i32,
        peer: &Arc<PeerHandle>,
        data: u32,
    ) -> Option<Signal> {
        let (role, joined) = {
            let mut state = self.lock();
            let refuse = state.refuse_new_connections;
            let session = state.session_of(run.epoch)?;
            let joined = match session.role {
                Role::Client if session.is_registered(SERVER_ID, peer) => {
                    session.status = Status::Connected;
                    session.unique_id = asked_id(peer).unwrap_or(session.unique_id);
                    Ok(Joined {
                        unique_id: SERVER_ID,
                        marked: None,
                    })
                }
                // `add_mesh_peer` has told of it.
                Role::Mesh if session.is_registered(link_key, peer) => return None,
                Role::Client | Role::Mesh => Err(0),
                Role::Server => session
                    .take_client(refuse, peer, data)
                    .map_err(Reason::to_data),
            };
            (session.role, joined)
        };
        if let Err(data) = joined {
            // The remote believes that it is connected. No error here if it left already.
            let _ = match role {
                // Let in before the script refused, or by a host without a door: it is told otherwise at once.
                Role::Server | Role::Client => peer.core().disconnect_now(data),
                // As the built-in class does with who finds the spare slot of a link.
                Role::Mesh => peer.core().reset(),
            };
        }
        joined.ok().map(Signal::Connected)
    }

    fn take_disconnect(
        &self,
        run: &mut PollRun,
        link_key: i32,
        peer: Arc<PeerHandle>,
    ) -> Option<Signal> {
        let (role, status, left, report) = {
            let mut state = self.lock();
            let session = state.session_of(run.epoch)?;
            // One that was dropped by force, or never registered, left long ago for all that is known here.
            let unique_id = session
                .id_of(link_key, &peer)
                .filter(|id| session.is_registered(*id, &peer))?;
            let is_news = session.status == Status::Connected && session.mark_leaving(unique_id);
            let report = session.report_on(unique_id, &peer);
            let left = is_news.then(|| Left {
                unique_id,
                peer,
                report: report.clone(),
            });
            (session.role, session.status, left, report)
        };
        if status == Status::Connecting {
            self.fail_session(run.epoch, report);
        }
        if role == Role::Mesh {
            // Reported when all connections were polled, and this one has nobody left.
            run.departures.extend(left);
            run.current = None;
            return None;
        }
        left.map(Signal::Disconnected)
    }
}

/// The id that a client got in with, which may be another than its first.
fn asked_id(server: &PeerHandle) -> Option<i32> {
    server.core().peer().asked_data().and_then(client_id)
}

impl Session {
    /// Registers a client that has connected, unless it was let in too soon.
    fn take_client(
        &mut self,
        refuse: bool,
        peer: &Arc<PeerHandle>,
        data: u32,
    ) -> Result<Joined, Reason> {
        if refuse {
            return Err(Reason::Refused);
        }
        let unique_id = client_id(data).ok_or(Reason::IdInvalid)?;
        if self.peers.contains_key(&unique_id) {
            return Err(Reason::IdTaken);
        }
        peer.core().set_unique_id(unique_id);
        self.peers.insert(unique_id, Registered::new(peer.clone()));
        Ok(Joined {
            unique_id,
            marked: Some(peer.clone()),
        })
    }
}
