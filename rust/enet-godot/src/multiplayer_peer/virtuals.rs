//! The virtual methods of `MultiplayerPeerExtension`.

use std::sync::Arc;

use godot::classes::MultiplayerPeer;
use godot::global::Error as GodotError;
use godot::meta::ToGodot as _;
use godot::obj::Gd;

use super::ENetMultiplayerPeerRs;
use super::core::Core;
use super::poll::Signal;
use super::size_warning;
use crate::convert::{Coded, Said};
use crate::raw::{
    self, ArgumentsPtr, InstancePtr, OwnVirtuals, ReturnPtr, VirtualCall, own_virtuals,
    virtual_method,
};
use crate::{engine_log, lent};

/// What the built-in class reports to the engine, in bytes; nothing enforces it.
const MAX_PACKET_SIZE: i32 = 1 << 24;

/// What the built-in class answers when there is no packet to describe.
mod fallback {
    pub(super) const PACKET_PEER: i32 = 1;
    pub(super) const PACKET_MODE: i32 = 2;
    pub(super) const PACKET_CHANNEL: i32 = 1;
    pub(super) const UNIQUE_ID: i32 = 0;
}

own_virtuals!(ENetMultiplayerPeerRs);

impl OwnVirtuals for ENetMultiplayerPeerRs {
    type Core = Core;

    fn core(&self) -> &Arc<Core> {
        &self.core
    }

    fn virtual_call(name: &str) -> VirtualCall {
        packet_call(name)
            .or_else(|| setting_call(name))
            .or_else(|| session_call(name))
    }
}

/// Virtual methods about packets.
fn packet_call(name: &str) -> VirtualCall {
    match name {
        "_get_packet" => virtual_method!(ENetMultiplayerPeerRs, |peer, arguments| {
            // SAFETY: the two arguments of this method are out pointers to a buffer and its size.
            unsafe {
                lent::hand_out(
                    peer.get_packet(),
                    arguments.pointer(0),
                    arguments.pointer(1),
                )
            }
        }),
        "_put_packet" => virtual_method!(ENetMultiplayerPeerRs, |peer, arguments| {
            // SAFETY: the two arguments of this method are a buffer and its size.
            let packet = unsafe { arguments.buffer(0) };
            let sent = peer.put_packet(packet);
            if sent.as_ref().map_or_else(Coded::code, |()| GodotError::OK) == GodotError::OK {
                size_warning::warn_once(packet.len(), || peer.transfer_mode());
            }
            Said::code(sent)
        }),
        "_get_available_packet_count" => {
            virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| peer
                .packet_count())
        }
        "_get_max_packet_size" => {
            virtual_method!(ENetMultiplayerPeerRs, |_peer, _arguments| MAX_PACKET_SIZE)
        }
        "_get_packet_peer" => virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| {
            Said::or(peer.packet_peer(), fallback::PACKET_PEER)
        }),
        "_get_packet_mode" => virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| {
            Said::or(peer.packet_mode(), fallback::PACKET_MODE)
        }),
        "_get_packet_channel" => virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| {
            Said::or(peer.packet_channel(), fallback::PACKET_CHANNEL)
        }),
        _ => None,
    }
}

/// Virtual methods that keep a setting.
fn setting_call(name: &str) -> VirtualCall {
    match name {
        "_set_transfer_channel" => virtual_method!(ENetMultiplayerPeerRs, |peer, arguments| {
            // SAFETY: the argument of this method is an integer.
            peer.set_transfer_channel(unsafe { arguments.int(0) })
        }),
        "_get_transfer_channel" => {
            virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| peer
                .transfer_channel())
        }
        "_set_transfer_mode" => virtual_method!(ENetMultiplayerPeerRs, |peer, arguments| {
            // SAFETY: the argument of this method is an enum.
            peer.set_transfer_mode(unsafe { arguments.int(0) })
        }),
        "_get_transfer_mode" => virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| peer
            .transfer_mode()),
        "_set_target_peer" => virtual_method!(ENetMultiplayerPeerRs, |peer, arguments| {
            // SAFETY: the argument of this method is an integer.
            peer.set_target_peer(unsafe { arguments.int(0) })
        }),
        "_set_refuse_new_connections" => {
            virtual_method!(ENetMultiplayerPeerRs, |peer, arguments| {
                // SAFETY: the argument of this method is a bool.
                peer.set_refuse_new_connections(unsafe { arguments.bool(0) })
            })
        }
        "_is_refusing_new_connections" => {
            virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| peer
                .is_refusing_new_connections())
        }
        _ => None,
    }
}

/// Virtual methods about the session.
fn session_call(name: &str) -> VirtualCall {
    match name {
        "_get_connection_status" => {
            virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| peer.status())
        }
        "_get_unique_id" => virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| {
            Said::or(peer.unique_id(), fallback::UNIQUE_ID)
        }),
        "_is_server" => virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| peer.is_server()),
        "_is_server_relay_supported" => {
            virtual_method!(ENetMultiplayerPeerRs, |peer, _arguments| peer
                .is_relay_supported())
        }
        "_poll" => Some(poll_call),
        "_close" => Some(close_call),
        "_disconnect_peer" => Some(disconnect_peer_call),
        _ => None,
    }
}

unsafe extern "C" fn poll_call(
    instance: InstancePtr,
    _arguments: ArgumentsPtr,
    _answer: ReturnPtr,
) {
    raw::guarded::<ENetMultiplayerPeerRs, ()>(|| {
        // SAFETY: Godot calls this for a living instance.
        let core = unsafe { raw::core_of::<ENetMultiplayerPeerRs>(instance) };
        let mut object: Option<Gd<MultiplayerPeer>> = None;
        // Made for the first signal, as most polls have none.
        let this = || {
            // SAFETY: nothing can run before the first signal that would drop the object, and then it is kept alive.
            let make = || unsafe { raw::object::<ENetMultiplayerPeerRs>(instance) }.upcast();
            object.get_or_insert_with(make).clone()
        };
        poll(&core, this);
    });
}

unsafe extern "C" fn close_call(
    instance: InstancePtr,
    _arguments: ArgumentsPtr,
    _answer: ReturnPtr,
) {
    raw::guarded::<ENetMultiplayerPeerRs, ()>(|| {
        // SAFETY: Godot calls this for a living instance. It is not touched once objects are dropped, in which scripts
        // may run.
        let core = unsafe { raw::core_of::<ENetMultiplayerPeerRs>(instance) };
        core.close();
        engine_log::print();
    });
}

unsafe extern "C" fn disconnect_peer_call(
    instance: InstancePtr,
    arguments: ArgumentsPtr,
    _answer: ReturnPtr,
) {
    raw::guarded::<ENetMultiplayerPeerRs, ()>(|| {
        let arguments = raw::Arguments::new(arguments);
        // SAFETY: the arguments of this method are an integer and a bool.
        let (unique_id, force) = unsafe { (arguments.int(0), arguments.bool(1)) };
        // SAFETY: as for `close_call`.
        let core = unsafe { raw::core_of::<ENetMultiplayerPeerRs>(instance) };
        Said::nothing(core.disconnect_peer(unique_id, force)).speak();
    });
}

/// Takes what happened and emits the signals of `this`; nothing is locked or borrowed while a handler runs.
fn poll(core: &Core, mut this: impl FnMut() -> Gd<MultiplayerPeer>) {
    let mut run = match core.begin_poll() {
        Ok(run) => run,
        Err(error) => return Said::nothing(Err(error)).speak(),
    };
    while let Some(signal) = core.next_signal(&mut run) {
        let this = this();
        match signal {
            Signal::Connected(joined) => {
                if let Some(peer) = &joined.marked {
                    let mut object = peer.object();
                    object.set_meta("_net_id", &joined.unique_id.to_variant());
                }
                let mut peer_connected = this.signals().peer_connected();
                peer_connected.emit(joined.unique_id.into());
            }
            Signal::Disconnected(left) => {
                let mut peer_disconnected = this.signals().peer_disconnected();
                peer_disconnected.emit(left.unique_id.into());
                core.finish_leaving(&mut run, &left);
            }
        }
    }
    core.ask_filter(run.epoch);
    run.finish();
    engine_log::print();
}
