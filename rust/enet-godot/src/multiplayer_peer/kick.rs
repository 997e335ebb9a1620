//! `kick`: a goodbye with a code of the game's own.

use enet_proto::Reason;
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::core::Core;
use super::session::Role;
use super::{ENetMultiplayerPeerRs, core};
use crate::convert::Said;
use crate::error::KickError;

#[godot_api(secondary)]
impl ENetMultiplayerPeerRs {
    /// Disconnects a peer and tells it a reason; [`Core::kick`] does it.
    #[func(gd_self)]
    fn kick(this: Gd<Self>, id: i64, #[opt(default = 0)] reason: i64) -> GodotError {
        Said::code(core(&this).kick(id, reason)).speak()
    }
}

impl Core {
    /// Disconnects a registered peer of a server or mesh softly, and tells it `reason`.
    fn kick(&self, unique_id: i64, reason: i64) -> Result<(), KickError> {
        let code = u16::try_from(reason)
            .ok()
            .filter(|code| *code <= Reason::MAXIMUM_CODE)
            .ok_or(KickError::Reason(reason))?;
        if self.has_role(Role::Client) {
            return Err(KickError::Client);
        }
        // No number beyond these is an id.
        let unique_id = i32::try_from(unique_id).unwrap_or(0);
        self.part_from(unique_id, Reason::Kicked(code))?;
        Ok(())
    }

    fn has_role(&self, role: Role) -> bool {
        let state = self.lock();
        let session = state.session.as_ref();
        session.is_some_and(|session| session.role == role)
    }
}
