//! Why the last connection or attempt ended, for scripts: `last_failure` and what goes with it.

use std::sync::Arc;

use godot::builtin::{GString, VariantType};
use godot::register::godot_api;

use super::ENetMultiplayerPeerRs;
use super::core::Core;
use super::failure::{Circumstances, Failure, Remote, Report};
use super::session::{Role, SERVER_ID, Session, Status};
use crate::connection::{HostEnd, PeerHandle};
use crate::error::CreateError;
use crate::raw::{self, Property};
use crate::setting_properties::KeepsSettings as _;
use crate::types::{ClassEnum, EnumInt};

/// `ENetMultiplayerPeerRs.Failure`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FailureNumber {}

impl ClassEnum for FailureNumber {
    const QUALIFIED_NAME: &'static str = "ENetMultiplayerPeerRs.Failure";
}

#[godot_api(secondary)]
impl ENetMultiplayerPeerRs {
    /// The getter of `last_failure`.
    #[func]
    fn get_last_failure(&self) -> EnumInt<FailureNumber> {
        EnumInt::new(self.core.last_report().failure as i32)
    }

    #[func]
    fn get_failure_text(&self) -> GString {
        GString::from(&self.core.last_report().text)
    }

    #[func]
    fn get_failure_code(&self) -> i64 {
        self.core.last_report().code.into()
    }
}

/// Registers the enum and the property.
pub(super) fn register() {
    raw::register_enum::<ENetMultiplayerPeerRs>("Failure", Failure::CONSTANTS);
    raw::register_property::<ENetMultiplayerPeerRs>(&Property {
        name: "last_failure",
        variant_type: VariantType::INT,
        of_enum: Some(FailureNumber::QUALIFIED_NAME),
        getter: "get_last_failure",
        setter: None,
    });
}

impl Core {
    /// Why the last connection or attempt of the session that is, or was, ended.
    pub(super) fn last_report(&self) -> Report {
        self.lock().last_report.clone()
    }

    /// Keeps why no session was created for scripts to read; a session that goes on keeps its own report.
    pub(super) fn note(&self, created: Result<(), CreateError>) -> Result<(), CreateError> {
        if let Err(error) = &created {
            let mut state = self.lock();
            if state.session.is_none() {
                state.last_report = Report::of_creation(error);
            }
        }
        created
    }

    /// Ends the session of number `epoch` without a signal of ours, for this reason.
    pub(super) fn fail_session(&self, epoch: u64, report: Report) {
        {
            let mut state = self.lock();
            if state.session_of(epoch).is_none() {
                return;
            }
            state.last_report = report;
        }
        self.close_session(epoch);
    }
}

impl Session {
    /// Why the registered peer `unique_id` ended, or ends now because its host does.
    pub(super) fn report_on(&self, unique_id: i32, peer: &Arc<PeerHandle>) -> Report {
        let connection = self.connection_of(unique_id);
        let known = Circumstances {
            ending: peer.core().ending(),
            left_with: peer.core().left_with(),
            is_name_unknown: peer.core().is_name_unknown(),
            host: connection.map_or(HostEnd::Destroyed, |connection| connection.core().end()),
            max_stall_time: connection.map_or(0.0, |connection| {
                connection.core().settings().max_stall_time()
            }),
        };
        Report::of(&self.remote(unique_id, peer), known)
    }

    /// Why the session of a server or client ends with its host.
    pub(super) fn report_on_host(&self) -> Report {
        let host = self
            .shared_connection()
            .map_or(HostEnd::Destroyed, |connection| connection.core().end());
        match self.peers.get(&SERVER_ID) {
            Some(server) => self.report_on(SERVER_ID, &server.peer),
            None => Report::of_host(host),
        }
    }

    /// That a call on this side ends the connection to the registered peer `unique_id`.
    pub(super) fn report_leaving(&self, unique_id: i32, peer: &Arc<PeerHandle>) -> Report {
        Report::left(&self.remote(unique_id, peer), peer.core().left_with())
    }

    fn remote(&self, unique_id: i32, peer: &Arc<PeerHandle>) -> Remote {
        match &self.server {
            Some((address, port)) => Remote::Server {
                address: address.clone(),
                port: *port,
                is_connecting: self.status == Status::Connecting,
            },
            None => Remote::Peer {
                unique_id,
                address: peer.core().peer().last_address(),
                is_client: self.role == Role::Server,
            },
        }
    }
}
