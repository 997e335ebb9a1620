//! `ENetMultiplayerPeerRs`, the class.

mod core;
mod create;
mod door;
mod entry;
mod failure;
mod filter;
mod kick;
mod links;
mod outcome;
mod poll;
mod send;
mod session;
mod size_warning;
mod virtuals;

use std::sync::Arc;

use godot::classes::MultiplayerPeer;
use godot::global::Error as GodotError;
use godot::prelude::*;
use godot::register::property::PhantomVar;

use self::core::Core;
use self::create::{ClientArguments, ServerArguments};
use crate::connection::ENetConnectionRs;
use crate::convert::Said;
use crate::packet_peer::ENetPacketPeerRs;
use crate::raw;
use crate::setting_properties::{self, KeepsSettings as _, setting_properties};
use crate::types::{Int, Obj};

/// `ENetMultiplayerPeerRs` of scripts: a handle to its [`Core`], and the connection object as a property.
#[derive(GodotClass)]
#[class(tool, init, base = MultiplayerPeerExtension)]
pub(crate) struct ENetMultiplayerPeerRs {
    core: Arc<Core>,
    #[var(get = get_host, no_set, hint = RESOURCE_TYPE, hint_string = "ENetConnectionRs", usage_flags = [NONE])]
    host: PhantomVar<Obj<ENetConnectionRs>>,
}

impl Drop for ENetMultiplayerPeerRs {
    fn drop(&mut self) {
        raw::forget_cached();
        self.core.close();
    }
}

fn core(this: &Gd<ENetMultiplayerPeerRs>) -> Arc<Core> {
    this.bind().core.clone()
}

#[godot_api]
impl ENetMultiplayerPeerRs {
    /// Begins a session as server; [`Core::create_server`] does it.
    #[func(gd_self)]
    fn create_server(
        this: Gd<Self>,
        port: Int,
        #[opt(default = Int(32))] max_clients: Int,
        #[opt(default = Int(0))] max_channels: Int,
        #[opt(default = Int(0))] in_bandwidth: Int,
        #[opt(default = Int(0))] out_bandwidth: Int,
    ) -> GodotError {
        let core = core(&this);
        let created = core.create_server(&ServerArguments {
            port: port.0,
            max_clients: max_clients.0,
            max_channels: max_channels.0,
            in_bandwidth: in_bandwidth.0,
            out_bandwidth: out_bandwidth.0,
        });
        Said::code(core.note(created)).speak()
    }

    /// Begins a session as client; [`Core::create_client`] does it. The id is drawn by the base class, and only if the
    /// host could be made.
    #[func(gd_self)]
    fn create_client(
        this: Gd<Self>,
        address: GString,
        port: Int,
        #[opt(default = Int(0))] channel_count: Int,
        #[opt(default = Int(0))] in_bandwidth: Int,
        #[opt(default = Int(0))] out_bandwidth: Int,
        #[opt(default = Int(0))] local_port: Int,
    ) -> GodotError {
        let address = address.to_string();
        let arguments = ClientArguments {
            address: &address,
            port: port.0,
            channel_count: channel_count.0,
            in_bandwidth: in_bandwidth.0,
            out_bandwidth: out_bandwidth.0,
            local_port: local_port.0,
        };
        let generate_unique_id = || {
            this.clone()
                .upcast::<MultiplayerPeer>()
                .generate_unique_id()
                .cast_signed()
        };
        let core = core(&this);
        let created = core.create_client(&arguments, generate_unique_id);
        Said::code(core.note(created)).speak()
    }

    /// Begins a session without connections; [`Core::create_mesh`] does it.
    #[func(gd_self)]
    fn create_mesh(this: Gd<Self>, unique_id: Int) -> GodotError {
        let core = core(&this);
        Said::code(core.note(core.create_mesh(unique_id.0))).speak()
    }

    /// Adds a link to a mesh; [`Core::add_mesh_peer`] does it. The signal comes before the answer.
    #[func(gd_self)]
    fn add_mesh_peer(this: Gd<Self>, peer_id: Int, host: Obj<ENetConnectionRs>) -> GodotError {
        if let Err(error) = core(&this).add_mesh_peer(peer_id.0, host.0) {
            return Said::code(Err(error)).speak();
        }
        let peer = this.upcast::<MultiplayerPeer>();
        peer.signals().peer_connected().emit(peer_id.0.into());
        GodotError::OK
    }

    /// Stores the address for later sessions; a wrong one is printed, not answered.
    #[func(gd_self)]
    fn set_bind_ip(this: Gd<Self>, ip: GString) {
        Said::nothing(core(&this).set_bind_address(&ip.to_string())).speak();
    }

    /// The getter of `host`. Both engine and scripts see a null object, not nil, while there is none.
    #[func]
    fn get_host(&self) -> Obj<ENetConnectionRs> {
        Obj(Said::or(self.core.host().map(Some), None).speak())
    }

    /// The object of a registered peer, or a null object.
    #[func]
    fn get_peer(&self, id: Int) -> Obj<ENetPacketPeerRs> {
        let object = self.core.peer(id.0).map(|peer| Some(peer.object()));
        Obj(Said::or(object, None).speak())
    }
}

setting_properties!(ENetMultiplayerPeerRs);

/// Registers the enums and properties of the class.
pub(crate) fn register() {
    setting_properties::register_enum::<ENetMultiplayerPeerRs>();
    setting_properties::register::<ENetMultiplayerPeerRs>();
    entry::register();
    outcome::register();
}
