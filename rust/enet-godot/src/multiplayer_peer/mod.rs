//! `ENetMultiplayerPeerRs`, the class.

mod core;
mod create;
mod poll;
mod send;
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
use crate::types::{Int, Obj};

/// A [MultiplayerPeer] over ENet: the successor of [ENetMultiplayerPeer], which it understands on the wire in both
/// roles.
///
/// After [method create_server] or [method create_client], assign it to [member MultiplayerAPI.multiplayer_peer]. The
/// traffic is handled by a thread of its own, so a frame that takes long breaks no connection; signals are emitted, and
/// packets handed out, by [method MultiplayerPeer.poll] alone.
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
    /// Creates a server that listens on [param port] (0 lets the system choose) and lets in up to [param max_clients],
    /// 1 to 4095. [param max_channels] is how many transfer channels clients may use, 0 for all; bandwidths are in
    /// bytes per second, 0 for no limit. Clients are told them, and adapt.
    ///
    /// Answers [constant OK], [constant ERR_ALREADY_IN_USE] while active, [constant ERR_INVALID_PARAMETER] for what is
    /// out of range, or [constant ERR_CANT_CREATE] if the port is taken. Clears
    /// [member MultiplayerPeer.refuse_new_connections].
    #[func(gd_self)]
    fn create_server(
        this: Gd<Self>,
        port: Int,
        #[opt(default = Int(32))] max_clients: Int,
        #[opt(default = Int(0))] max_channels: Int,
        #[opt(default = Int(0))] in_bandwidth: Int,
        #[opt(default = Int(0))] out_bandwidth: Int,
    ) -> GodotError {
        let created = core(&this).create_server(&ServerArguments {
            port: port.0,
            max_clients: max_clients.0,
            max_channels: max_channels.0,
            in_bandwidth: in_bandwidth.0,
            out_bandwidth: out_bandwidth.0,
        });
        Said::code(created).speak()
    }

    /// Creates a client and starts to connect to the server at [param address], an IP address or a name, and
    /// [param port]. [param channel_count] is how many transfer channels to ask for, 0 for all; bandwidths are in bytes
    /// per second, 0 for no limit; [param local_port] is the port to send from, 0 for any.
    ///
    /// Answers [constant OK] if the attempt has begun: its outcome shows in [method MultiplayerPeer.poll]. Otherwise
    /// [constant ERR_ALREADY_IN_USE] while active, [constant ERR_INVALID_PARAMETER] for a bandwidth or local port out of
    /// range, or [constant ERR_CANT_CREATE] for a wrong remote port, an address that cannot be found, or a local port
    /// that is taken. Looking up a name blocks. Clears [member MultiplayerPeer.refuse_new_connections].
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
        Said::code(core(&this).create_client(&arguments, generate_unique_id)).speak()
    }

    /// Sets the local address that [method create_server] listens on, and [method create_client] sends from if it is
    /// given a local port: an IP address, or [code]"*"[/code], the default, for all of them.
    #[func(gd_self)]
    fn set_bind_ip(this: Gd<Self>, ip: GString) {
        Said::nothing(core(&this).set_bind_address(&ip.to_string())).speak();
    }

    /// The connection of a server or client; null while inactive.
    #[func]
    fn get_host(&self) -> Obj<ENetConnectionRs> {
        Obj(Said::or(self.core.host().map(Some), None).speak())
    }

    /// The peer with the unique id [param id]; null if there is none. A client knows only the server, 1.
    #[func]
    fn get_peer(&self, id: Int) -> Obj<ENetPacketPeerRs> {
        let object = self.core.peer(id.0).map(|peer| Some(peer.object()));
        Obj(Said::or(object, None).speak())
    }
}
