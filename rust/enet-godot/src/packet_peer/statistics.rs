//! The counters of an `ENetPacketPeerRs`.

use godot::prelude::*;

use super::{ENetPacketPeerRs, core};
use crate::convert::Said;
use crate::statistics;

#[godot_api(secondary)]
impl ENetPacketPeerRs {
    /// Counters since the connection began; reading resets nothing.
    #[func(gd_self)]
    fn get_statistics(this: Gd<Self>) -> VarDictionary {
        let peer = core(&this);
        let numbers = peer
            .statistics()
            .map(|numbers| statistics::of_peer(&numbers, peer.packet_count()));
        Said::or(numbers, VarDictionary::new()).speak()
    }
}
