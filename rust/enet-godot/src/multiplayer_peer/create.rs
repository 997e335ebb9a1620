//! How a session begins, and how a mesh grows: `create_server`, `create_client`, `create_mesh` and `add_mesh_peer`.

use std::sync::Arc;

use enet_proto::PeerState;
use enet_udp::Bind;
use godot::obj::Gd;

use super::core::{Core, State};
use super::door::{Door, DoorKeeper};
use super::failure::Report;
use super::links::Links;
use super::session::{Connection, Registered, Role, SERVER_ID, Session, Status};
use crate::address::BindAddress;
use crate::connection::{ConnectionCore, ENetConnectionRs, HostArguments, PeerHandle};
use crate::error::{CreateError, MeshError};
use crate::host_settings::HostSettings;

/// ENet channels that carry transfer channel 0, below those of scripts.
const SYSTEM_CHANNELS: i32 = 2;
/// Ids that a client tries beside its first one. That all four of 2147483646 are taken does not happen.
const OTHER_IDS: usize = 3;
/// ENet channels at most.
const MAX_CHANNELS: i32 = 255;

/// The arguments of `create_server`, as given.
pub(super) struct ServerArguments {
    pub(super) port: i32,
    pub(super) max_clients: i32,
    pub(super) max_channels: i32,
    pub(super) in_bandwidth: i32,
    pub(super) out_bandwidth: i32,
}

/// The arguments of `create_client`, as given.
pub(super) struct ClientArguments<'a> {
    pub(super) address: &'a str,
    pub(super) port: i32,
    pub(super) channel_count: i32,
    pub(super) in_bandwidth: i32,
    pub(super) out_bandwidth: i32,
    pub(super) local_port: i32,
}

impl Core {
    /// Opens a host for others to connect to.
    pub(super) fn create_server(&self, arguments: &ServerArguments) -> Result<(), CreateError> {
        let (bind_address, settings) = self.prepare()?;
        let port = local_port(arguments.port)?;
        let connection = open(
            bind_address.with_port(port),
            HostArguments {
                max_peers: arguments.max_clients,
                max_channels: server_channels(arguments.max_channels),
                in_bandwidth: arguments.in_bandwidth,
                out_bandwidth: arguments.out_bandwidth,
                only_connects: false,
            },
            settings,
        )?;
        self.apply_bans(connection.core());
        let door = Arc::new(Door::default());
        door.ask(self.has_connection_filter());
        // A host just opened is there.
        if let Ok(host) = connection.core().host() {
            host.set_admission(Some(Box::new(DoorKeeper(door.clone()))));
        }
        let links = Links::shared(connection);
        let mut session = Session::new(Role::Server, Status::Connected, SERVER_ID, links);
        session.door = Some(door);
        self.start(session)
    }

    /// Opens a host and starts to connect. `generate_unique_id` is asked once the host is there, for the first id and for
    /// some that are tried if that is taken.
    pub(super) fn create_client(
        &self,
        arguments: &ClientArguments<'_>,
        mut generate_unique_id: impl FnMut() -> i32,
    ) -> Result<(), CreateError> {
        let (bind_address, settings) = self.prepare()?;
        let bind = match arguments.local_port {
            0 => Bind::Unbound,
            port => bind_address.with_port(local_port(port)?),
        };
        let connection = open(
            bind,
            HostArguments {
                max_peers: 1,
                max_channels: 0,
                in_bandwidth: arguments.in_bandwidth,
                out_bandwidth: arguments.out_bandwidth,
                // Who wants a port of his own may be called there.
                only_connects: arguments.local_port == 0,
            },
            settings,
        )?;
        self.apply_bans(connection.core());
        let unique_id = generate_unique_id();
        let server = connection.core().connect(
            arguments.address,
            arguments.port,
            enet_channels(arguments.channel_count),
            unique_id,
        )?;
        // An id that somebody else has is no fault of the game's: others are tried before it hears of it.
        let others = std::iter::repeat_with(&mut generate_unique_id)
            .take(OTHER_IDS)
            .filter(|other| *other != unique_id)
            .map(i32::cast_unsigned);
        server.core().peer().set_alternatives(others.collect());
        let links = Links::shared(connection);
        let mut session = Session::new(Role::Client, Status::Connecting, unique_id, links);
        session.server = Some((arguments.address.to_owned(), arguments.port));
        session.peers.insert(SERVER_ID, Registered::new(server));
        self.start(session)
    }

    /// Begins a session without connections; [`Self::add_mesh_peer`] brings them.
    pub(super) fn create_mesh(&self, unique_id: i32) -> Result<(), CreateError> {
        if unique_id < 1 {
            return Err(CreateError::UniqueId(unique_id));
        }
        let links = Links::default();
        self.start(Session::new(
            Role::Mesh,
            Status::Connected,
            unique_id,
            links,
        ))
    }

    /// Takes over `object`, whose only peer is connected, as the link to the peer `unique_id`.
    pub(super) fn add_mesh_peer(
        &self,
        unique_id: i32,
        object: Option<Gd<ENetConnectionRs>>,
    ) -> Result<(), MeshError> {
        let object = object.ok_or(MeshError::NoHost)?;
        let core = ENetConnectionRs::shared_by(&object);
        self.lock().mesh_without(unique_id)?;
        let claim = core.claim().ok_or(MeshError::HostInUse)?;
        // Made before the peer is looked at, so that its end counts as news however soon it comes.
        let connection = Connection::new(object, claim);
        let peer = only_connected_peer(&core)?;
        let replaced = {
            let mut state = self.lock();
            let settings = state.settings;
            let session = state.mesh_without(unique_id)?;
            connection.core().configure(settings);
            session.add_mesh_peer(unique_id, connection, peer)
        };
        self.apply_bans(&core);
        drop(replaced);
        Ok(())
    }

    /// What servers and clients begin with; the flag is cleared even if a later step fails, as in the built-in class. So is
    /// the report on the session before, which nobody is to take for the reason of that failure.
    fn prepare(&self) -> Result<(BindAddress, HostSettings), CreateError> {
        let mut state = self.lock();
        if state.session.is_some() {
            return Err(CreateError::AlreadyActive);
        }
        state.refuse_new_connections = false;
        state.last_report = Report::default();
        Ok((state.bind_address, state.settings))
    }

    fn start(&self, session: Session) -> Result<(), CreateError> {
        match self.begin(session) {
            None => Ok(()),
            Some(_superfluous) => Err(CreateError::AlreadyActive),
        }
    }
}

impl State {
    /// The mesh, if its own id is not `unique_id` and a peer of that id can be.
    fn mesh_without(&mut self, unique_id: i32) -> Result<&mut Session, MeshError> {
        let session = self
            .session
            .as_mut()
            .filter(|session| session.role == Role::Mesh)
            .ok_or(MeshError::NotMesh)?;
        if unique_id < 1 {
            return Err(MeshError::UniqueId(unique_id));
        }
        if unique_id == session.unique_id {
            return Err(MeshError::OwnId(unique_id));
        }
        Ok(session)
    }
}

fn open(
    bind: Bind,
    arguments: HostArguments,
    settings: HostSettings,
) -> Result<Connection, CreateError> {
    let (object, core) = ENetConnectionRs::make();
    core.configure(settings);
    core.open(bind, arguments)?;
    let claim = core.claim().expect("nobody else knows this connection");
    Ok(Connection::new(object, claim))
}

/// The peer of a connection that has exactly one, which must be connected.
fn only_connected_peer(connection: &ConnectionCore) -> Result<Arc<PeerHandle>, MeshError> {
    let mut peers = connection.peers();
    match (peers.pop(), peers.len()) {
        (Some(peer), 0) if peer.core().state() == PeerState::Connected => Ok(peer),
        _ => Err(MeshError::NotConnected),
    }
}

fn local_port(port: i32) -> Result<u16, CreateError> {
    u16::try_from(port).map_err(|_| CreateError::LocalPort(port))
}

/// As [`enet_channels`], but a number that is no channel count at all stays as it is: the host refuses it.
fn server_channels(max_channels: i32) -> i32 {
    if (0..=MAX_CHANNELS).contains(&max_channels) {
        enet_channels(max_channels)
    } else {
        max_channels
    }
}

/// The number of ENet channels for so many channels of scripts; none, or more than there are, mean all 255.
fn enet_channels(user_channels: i32) -> i32 {
    if (1..=MAX_CHANNELS - SYSTEM_CHANNELS).contains(&user_channels) {
        user_channels + SYSTEM_CHANNELS
    } else {
        MAX_CHANNELS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::HostError;

    fn mesh(unique_id: i32) -> Core {
        let core = Core::default();
        core.create_mesh(unique_id).unwrap();
        core
    }

    #[test]
    fn a_mesh_is_connected_at_once_and_has_no_host_of_its_own() {
        let core = mesh(7);
        assert_eq!((core.status(), core.unique_id()), (2, Ok(7)));
        assert!(!core.is_server() && !core.is_relay_supported());
        assert_eq!(core.host().err(), Some(HostError::Mesh));
        core.close();
        assert_eq!(core.status(), 0);
    }

    #[test]
    fn the_id_of_a_mesh_is_checked_before_anything_else_and_refusing_stays_as_it_is() {
        let core = mesh(7);
        for id in [0, -3, i32::MIN] {
            assert!(
                matches!(core.create_mesh(id), Err(CreateError::UniqueId(wrong)) if wrong == id)
            );
        }
        assert!(matches!(
            core.create_mesh(8),
            Err(CreateError::AlreadyActive)
        ));
        core.close();
        core.set_refuse_new_connections(true);
        core.create_mesh(i32::MAX).unwrap();
        assert!(core.is_refusing_new_connections());
    }

    fn check(core: &Core, unique_id: i32) -> Result<(), MeshError> {
        core.lock().mesh_without(unique_id).map(|_| ())
    }

    #[test]
    fn d20_a_mesh_peer_has_an_id_of_its_own_from_1_on() {
        let core = mesh(7);
        for (id, fault) in [
            (0, Err(MeshError::UniqueId(0))),
            (-7, Err(MeshError::UniqueId(-7))),
            (7, Err(MeshError::OwnId(7))),
            (1, Ok(())),
            (i32::MAX, Ok(())),
        ] {
            assert_eq!(check(&core, id), fault);
        }
        assert_eq!(check(&Core::default(), 0), Err(MeshError::NotMesh));
    }

    #[test]
    fn d20_a_connection_is_one_link_at_a_time() {
        let connection = Arc::new(ConnectionCore::default());
        let claim = connection.claim();
        assert!(claim.is_some());
        assert!(connection.claim().is_none());
        drop(claim);
        assert!(connection.claim().is_some());
    }

    #[test]
    fn a_connection_without_a_peer_is_no_link() {
        let connection = ConnectionCore::default();
        assert!(matches!(
            only_connected_peer(&connection),
            Err(MeshError::NotConnected)
        ));
    }

    #[test]
    fn two_system_channels_come_on_top_of_those_of_scripts() {
        assert_eq!([1, 2, 252, 253].map(enet_channels), [3, 4, 254, 255]);
    }

    #[test]
    fn no_channel_count_or_too_high_a_one_means_all_channels() {
        assert_eq!(
            [0, -1, i32::MIN, 254, i32::MAX].map(enet_channels),
            [255; 5]
        );
    }

    #[test]
    fn a_server_keeps_what_is_no_channel_count_to_be_refused_d01() {
        assert_eq!([0, 5, 254, 255].map(server_channels), [255, 7, 255, 255]);
        for wrong in [-1, 256, 1000, i32::MIN, i32::MAX] {
            assert_eq!(server_channels(wrong), wrong);
        }
    }
}
