//! ENet for Godot 4: the classes `ENetMultiplayerPeerRs`, `ENetConnectionRs` and `ENetPacketPeerRs`.
//!
//! The classes are thin. What they do lives in *cores* that they share by [`Arc`](std::sync::Arc): plain Rust state with
//! locks of its own, over the hosts and peers of `enet_udp`. Three rules hold everywhere:
//!
//! - Godot may run a script whenever a signal is emitted, a line printed or an object dropped. No lock and no borrow is
//!   held then, and what was known before is looked at again afterwards.
//! - Classes never borrow each other; they meet in the cores.
//! - Nothing of Godot is called from the network thread.
//!
//! What scripts must know of a class stands in `doc_classes/`, which the editor shows as its help; see `editor_help.rs`.
//! Comments on `#[func]` are for readers of the code and do not repeat it.

mod address;
mod bans;
mod connection;
mod convert;
mod dtls;
mod editor_help;
mod engine_log;
mod error;
mod frames;
mod host_settings;
mod lent;
mod limits;
mod lookup;
mod multiplayer_peer;
mod packet_peer;
mod raw;
mod setting_properties;
mod settings;
mod statistics;
mod types;

use godot::prelude::*;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct EnetMultiplayerPeerRs;

#[gdextension(entry_symbol = enet_multiplayer_peer_rs_init)]
// SAFETY: the entry point has no safety contract beyond what `gdextension` generates.
unsafe impl ExtensionLibrary for EnetMultiplayerPeerRs {
    fn on_stage_init(stage: InitStage) {
        if stage == InitStage::Scene {
            engine_log::install();
            settings::register();
            connection::register();
            multiplayer_peer::register();
            packet_peer::register();
        }
        if stage == InitStage::Editor {
            editor_help::register();
        }
    }

    fn on_stage_deinit(stage: InitStage) {
        if stage == InitStage::Scene {
            // A thread that runs on when the library is unloaded takes the process down.
            enet_udp::shutdown();
            lookup::shutdown();
        }
    }
}
