//! [`Core`]: the state of an `ENetMultiplayerPeerRs` and what its calls do to it, apart from sending and polling.

use std::sync::Arc;

use enet_proto::{PacketFlags, Reason};
use godot::obj::Gd;
use parking_lot::{Mutex, MutexGuard};

use super::failure::{Failure, Report};
use super::filter::Filter;
use super::session::{Incoming, Role, SERVER_ID, Session, Status};
use crate::address::BindAddress;
use crate::bans::BanList;
use crate::connection::{ENetConnectionRs, PeerHandle};
use crate::error::{HostError, LookupError, NotActive, ReadError, SettingError};
use crate::host_settings::HostSettings;
use crate::lent::{Lent, LentBytes};
use crate::setting_properties::KeepsSettings;

/// What an `ENetMultiplayerPeerRs` is and does.
///
/// Its lock is never held while an object is made or dropped, a signal emitted or a line printed: scripts can run then,
/// and call anything here.
#[derive(Default)]
pub(crate) struct Core {
    state: Mutex<State>,
}

/// What lies under the lock.
pub(super) struct State {
    /// While active.
    pub(super) session: Option<Session>,
    /// Grows with each session; lets a poll see that a handler closed the one it works for.
    epoch: u64,
    pub(super) target_peer: i32,
    pub(super) transfer_mode: i32,
    pub(super) transfer_channel: i32,
    pub(super) bind_address: BindAddress,
    pub(super) refuse_new_connections: bool,
    pub(super) settings: HostSettings,
    pub(super) filter: Filter,
    pub(super) bans: BanList,
    /// Why the last connection or attempt of this session, or the one before, ended.
    pub(super) last_report: Report,
    lent: Lent,
}

impl Default for State {
    fn default() -> Self {
        Self {
            session: None,
            epoch: 0,
            target_peer: 0,
            transfer_mode: transfer::RELIABLE,
            transfer_channel: 0,
            bind_address: BindAddress::Any,
            refuse_new_connections: false,
            settings: HostSettings::default(),
            filter: Filter::default(),
            bans: BanList::default(),
            last_report: Report::default(),
            lent: Lent::default(),
        }
    }
}

/// Numbers of `MultiplayerPeer.TransferMode`. Kept as numbers: scripts may set any, and read it back.
pub(super) mod transfer {
    pub(in super::super) const UNRELIABLE: i32 = 0;
    pub(in super::super) const UNRELIABLE_ORDERED: i32 = 1;
    pub(in super::super) const RELIABLE: i32 = 2;
}

impl Core {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Begins a session; its number makes it different from all others of this object.
    ///
    /// Hands `session` back if another thread began one meanwhile; the caller lets go of it without the lock.
    pub(super) fn begin(&self, mut session: Session) -> Option<Session> {
        let mut state = self.lock();
        if state.session.is_some() {
            return Some(session);
        }
        state.epoch += 1;
        session.epoch = state.epoch;
        state.last_report = Report::default();
        state.session = Some(session);
        None
    }

    /// Ends the session, or nothing: remotes are told, and the port is free when this returns. No signals.
    pub(crate) fn close(&self) {
        let session = {
            let mut state = self.lock();
            // What a client reads, it reads of its server.
            if let Some(session) = &state.session
                && session.role != Role::Client
            {
                state.last_report = Report::closed();
            }
            state.end_session()
        };
        if let Some(session) = session {
            session.say_goodbye();
        }
    }

    /// [`Self::close`], if the session is still the one of number `epoch`.
    pub(super) fn close_session(&self, epoch: u64) {
        let session = {
            let mut state = self.lock();
            state
                .session_of(epoch)
                .is_some()
                .then(|| state.end_session())
        };
        if let Some(session) = session.flatten() {
            session.say_goodbye();
        }
    }

    /// Disconnects a registered peer; with `force` it is unregistered at once, and its end is not reported.
    pub(crate) fn disconnect_peer(&self, unique_id: i32, force: bool) -> Result<(), LookupError> {
        let peer = self.part_from(unique_id, Reason::Closed)?;
        if let Some(peer) = peer.filter(|_| force) {
            self.drop_peer(unique_id, &peer);
        }
        Ok(())
    }

    /// Asks a registered peer to part, for `reason`, and sends that; `None` if there was only an attempt to connect,
    /// which is over then.
    pub(super) fn part_from(
        &self,
        unique_id: i32,
        reason: Reason,
    ) -> Result<Option<Arc<PeerHandle>>, LookupError> {
        let (peer, connection, is_connecting) = {
            let state = self.lock();
            let session = state.session()?;
            let registered = session
                .peers
                .get(&unique_id)
                .ok_or(LookupError::UnknownPeer(unique_id))?;
            (
                registered.peer.clone(),
                session
                    .connection_of(unique_id)
                    .map(|connection| connection.core().clone()),
                session.status == Status::Connecting,
            )
        };
        if is_connecting {
            // There is nobody yet who could agree on the end.
            self.close();
            return Ok(None);
        }
        // A peer that a script has ended already is cleared away by the next poll.
        let _ = peer.core().disconnect(reason.to_data());
        if let Some(Ok(host)) = connection.map(|connection| connection.host()) {
            host.flush();
        }
        Ok(Some(peer))
    }

    /// Unregisters `peer`. A client has no other, so its session ends; the connection object, which a script may hold,
    /// is left alone, as is that of a mesh peer.
    fn drop_peer(&self, unique_id: i32, peer: &Arc<PeerHandle>) {
        let dropped = {
            let mut state = self.lock();
            let Some(session) = &mut state.session else {
                return;
            };
            if !session.is_registered(unique_id, peer) {
                return;
            }
            if let Some(door) = &session.door {
                door.release(unique_id, peer.core().peer().id());
            }
            match session.role {
                Role::Server | Role::Mesh => (Some(session.unregister(unique_id)), None),
                Role::Client => (None, state.end_session()),
            }
        };
        drop(dropped);
    }

    /// Takes the next packet.
    pub(crate) fn get_packet(&self) -> Result<LentBytes, ReadError> {
        let mut state = self.lock();
        let incoming = state
            .session
            .as_mut()
            .and_then(|session| session.incoming.pop_front())
            .ok_or(ReadError::Empty)?;
        Ok(state.lent.lend(incoming.packet))
    }

    /// What `describe` says about the packet that is read next.
    fn peek(&self, describe: impl FnOnce(&Incoming) -> i32) -> Result<i32, ReadError> {
        let state = self.lock();
        let incoming = &state.session()?.incoming;
        incoming.front().map(describe).ok_or(ReadError::Empty)
    }

    pub(crate) fn packet_peer(&self) -> Result<i32, ReadError> {
        self.peek(|incoming| incoming.source)
    }

    pub(crate) fn packet_mode(&self) -> Result<i32, ReadError> {
        self.peek(|incoming| transfer_mode_of(incoming.packet.flags()))
    }

    pub(crate) fn packet_channel(&self) -> Result<i32, ReadError> {
        self.peek(|incoming| transfer_channel_of(incoming.channel_id))
    }

    pub(crate) fn packet_count(&self) -> i32 {
        let state = self.lock();
        let count = state
            .session
            .as_ref()
            .map_or(0, |session| session.incoming.len());
        i32::try_from(count).unwrap_or(i32::MAX)
    }

    pub(crate) fn unique_id(&self) -> Result<i32, NotActive> {
        Ok(self.lock().session()?.unique_id)
    }

    pub(crate) fn status(&self) -> i32 {
        let state = self.lock();
        let status = state
            .session
            .as_ref()
            .map_or(Status::Disconnected, |session| session.status);
        status as i32
    }

    pub(crate) fn is_server(&self) -> bool {
        let state = self.lock();
        state
            .session
            .as_ref()
            .is_some_and(|session| session.role == Role::Server)
    }

    /// Whether peers reach each other through a server: in a mesh they have a link of their own.
    pub(crate) fn is_relay_supported(&self) -> bool {
        let state = self.lock();
        state
            .session
            .as_ref()
            .is_some_and(|session| session.role != Role::Mesh)
    }

    /// The connection object of a server or client.
    pub(crate) fn host(&self) -> Result<Gd<ENetConnectionRs>, HostError> {
        let state = self.lock();
        let connection = state.session()?.shared_connection();
        Ok(connection.ok_or(HostError::Mesh)?.object())
    }

    /// The object of a registered peer.
    pub(crate) fn peer(&self, unique_id: i32) -> Result<Arc<PeerHandle>, LookupError> {
        let state = self.lock();
        state
            .session()?
            .peers
            .get(&unique_id)
            .map(|registered| registered.peer.clone())
            .ok_or(LookupError::UnknownPeer(unique_id))
    }

    pub(crate) fn set_target_peer(&self, target: i32) {
        self.lock().target_peer = target;
    }

    pub(crate) fn transfer_mode(&self) -> i32 {
        self.lock().transfer_mode
    }

    pub(crate) fn set_transfer_mode(&self, mode: i32) {
        self.lock().transfer_mode = mode;
    }

    pub(crate) fn transfer_channel(&self) -> i32 {
        self.lock().transfer_channel
    }

    pub(crate) fn set_transfer_channel(&self, channel: i32) {
        self.lock().transfer_channel = channel;
    }

    pub(crate) fn is_refusing_new_connections(&self) -> bool {
        self.lock().refuse_new_connections
    }

    pub(crate) fn set_refuse_new_connections(&self, refuse: bool) {
        let mut state = self.lock();
        state.refuse_new_connections = refuse;
        if let Some(door) = state
            .session
            .as_ref()
            .and_then(|session| session.door.as_ref())
        {
            door.refuse_all(refuse);
        }
    }

    pub(crate) fn set_bind_address(&self, text: &str) -> Result<(), SettingError> {
        let address =
            BindAddress::parse(text).ok_or_else(|| SettingError::BindAddress(text.to_owned()))?;
        self.lock().bind_address = address;
        Ok(())
    }
}

impl KeepsSettings for Core {
    fn settings(&self) -> HostSettings {
        self.lock().settings
    }

    fn change_settings(
        &self,
        change: impl FnOnce(&mut HostSettings) -> Result<(), SettingError>,
    ) -> Result<(), SettingError> {
        let mut state = self.lock();
        let mut settings = state.settings;
        change(&mut settings)?;
        state.settings = settings;
        if let Some(session) = &state.session {
            for connection in session.links.connections() {
                connection.core().configure(settings);
            }
        }
        Ok(())
    }
}

impl State {
    /// The session, if any.
    pub(super) fn session(&self) -> Result<&Session, NotActive> {
        self.session.as_ref().ok_or(NotActive::Multiplayer)
    }

    pub(super) fn session_mut(&mut self) -> Result<&mut Session, NotActive> {
        self.session.as_mut().ok_or(NotActive::Multiplayer)
    }

    /// The session, if it is the one of number `epoch`.
    pub(super) fn session_of(&mut self, epoch: u64) -> Option<&mut Session> {
        self.session
            .as_mut()
            .filter(|session| session.epoch == epoch)
    }

    /// Takes the session out; the caller lets go of it after the lock.
    #[must_use]
    fn end_session(&mut self) -> Option<Session> {
        self.refuse_new_connections = false;
        if let Some(session) = &self.session
            && session.role == Role::Client
            && self.last_report.failure == Failure::None
            && let Some(server) = session.peers.get(&SERVER_ID)
        {
            self.last_report = session.report_leaving(SERVER_ID, &server.peer);
        }
        self.session.take()
    }
}

/// The `TransferMode` by which a packet with these flags was sent.
fn transfer_mode_of(flags: PacketFlags) -> i32 {
    if flags.contains(PacketFlags::RELIABLE) {
        transfer::RELIABLE
    } else if flags.contains(PacketFlags::UNSEQUENCED) {
        transfer::UNRELIABLE
    } else {
        transfer::UNRELIABLE_ORDERED
    }
}

/// The transfer channel that a script knows for an ENet channel: the two lowest are the default channel's.
fn transfer_channel_of(channel_id: u8) -> i32 {
    i32::from(channel_id.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transfer_mode_follows_from_the_flags_by_which_a_packet_travelled() {
        for (flags, mode) in [
            (PacketFlags::RELIABLE, transfer::RELIABLE),
            (PacketFlags::UNSEQUENCED, transfer::UNRELIABLE),
            (PacketFlags::NONE, transfer::UNRELIABLE_ORDERED),
            (
                PacketFlags::UNRELIABLE_FRAGMENT,
                transfer::UNRELIABLE_ORDERED,
            ),
        ] {
            assert_eq!(transfer_mode_of(flags), mode, "{flags:?}");
        }
    }

    #[test]
    fn the_two_system_channels_are_transfer_channel_0() {
        assert_eq!([0, 1, 2, 254].map(transfer_channel_of), [0, 0, 1, 253]);
    }

    #[test]
    fn an_inactive_peer_answers_as_the_built_in_does() {
        let core = Core::default();
        assert_eq!(core.status(), 0);
        assert_eq!(core.packet_count(), 0);
        assert_eq!(core.transfer_mode(), transfer::RELIABLE);
        assert_eq!(core.packet_peer(), Err(NotActive::Multiplayer.into()));
        assert!(matches!(core.get_packet(), Err(ReadError::Empty)));
        assert!(!core.is_relay_supported());
        core.close();
    }

    #[test]
    fn settings_are_stored_unchecked_and_survive_a_close() {
        let core = Core::default();
        core.set_transfer_mode(9);
        core.set_transfer_channel(-1);
        core.set_refuse_new_connections(true);
        core.close();
        assert_eq!((core.transfer_mode(), core.transfer_channel()), (9, -1));
    }

    #[test]
    fn a_wrong_bind_address_is_named_and_the_old_one_stays() {
        let core = Core::default();
        core.set_bind_address("127.0.0.1").unwrap();
        assert_eq!(
            core.set_bind_address("localhost"),
            Err(SettingError::BindAddress("localhost".to_owned()))
        );
        assert_eq!(
            core.lock().bind_address,
            BindAddress::parse("127.0.0.1").unwrap()
        );
    }
}
