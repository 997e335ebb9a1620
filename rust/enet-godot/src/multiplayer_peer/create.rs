//! How a session begins: `create_server` and `create_client`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use enet_udp::Bind;

use super::core::{Connection, Core, Registered, Role, SERVER_ID, Session, Status};
use super::door::{Door, DoorKeeper};
use crate::connection::{ENetConnectionRs, HostArguments};
use crate::error::CreateError;
use crate::raw::SharedGd;

/// ENet channels that carry transfer channel 0, below those of scripts.
const SYSTEM_CHANNELS: i32 = 2;
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
        let bind_address = self.prepare()?;
        let port = local_port(arguments.port)?;
        let connection = open(
            bind_address.with_port(port),
            HostArguments {
                max_peers: arguments.max_clients,
                max_channels: enet_channels(arguments.max_channels),
                in_bandwidth: arguments.in_bandwidth,
                out_bandwidth: arguments.out_bandwidth,
            },
        )?;
        let door = Arc::new(Door::default());
        // A host just opened is there.
        if let Ok(host) = connection.core.host() {
            host.set_admission(Some(Box::new(DoorKeeper(door.clone()))));
        }
        self.start(Session {
            epoch: 0,
            role: Role::Server,
            status: Status::Connected,
            unique_id: SERVER_ID,
            seen_endings: connection.core.endings(),
            connection,
            door: Some(door),
            peers: HashMap::new(),
            incoming: VecDeque::new(),
            reported_stranger: false,
        })
    }

    /// Opens a host and starts to connect. `generate_unique_id` is asked once the host is there.
    pub(super) fn create_client(
        &self,
        arguments: &ClientArguments<'_>,
        generate_unique_id: impl FnOnce() -> i32,
    ) -> Result<(), CreateError> {
        let bind_address = self.prepare()?;
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
            },
        )?;
        let unique_id = generate_unique_id();
        let server = connection.core.connect(
            arguments.address,
            arguments.port,
            enet_channels(arguments.channel_count),
            unique_id,
        )?;
        let registered = Registered {
            peer: server,
            is_leaving: false,
        };
        self.start(Session {
            epoch: 0,
            role: Role::Client,
            status: Status::Connecting,
            unique_id,
            seen_endings: connection.core.endings(),
            connection,
            door: None,
            peers: HashMap::from([(SERVER_ID, registered)]),
            incoming: VecDeque::new(),
            reported_stranger: false,
        })
    }

    /// What both begin with; the flag is cleared even if a later step fails, as in the built-in class.
    fn prepare(&self) -> Result<crate::address::BindAddress, CreateError> {
        let mut state = self.lock();
        if state.session.is_some() {
            return Err(CreateError::AlreadyActive);
        }
        state.refuse_new_connections = false;
        Ok(state.bind_address)
    }

    fn start(&self, session: Session) -> Result<(), CreateError> {
        match self.begin(session) {
            None => Ok(()),
            Some(_superfluous) => Err(CreateError::AlreadyActive),
        }
    }
}

fn open(bind: Bind, arguments: HostArguments) -> Result<Connection, CreateError> {
    let (object, core) = ENetConnectionRs::make();
    core.open(bind, arguments)?;
    Ok(Connection {
        object: SharedGd::new(object),
        core,
    })
}

fn local_port(port: i32) -> Result<u16, CreateError> {
    u16::try_from(port).map_err(|_| CreateError::LocalPort(port))
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
}
