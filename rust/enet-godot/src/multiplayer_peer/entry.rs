//! What scripts of an `ENetMultiplayerPeerRs` say about who gets in.

use godot::builtin::VariantType;
use godot::prelude::*;

use super::{ENetMultiplayerPeerRs, core};
use crate::raw::{self, Property};

#[godot_api(secondary)]
impl ENetMultiplayerPeerRs {
    /// The getter of `connection_filter`; an empty callable while there is none.
    #[func]
    fn get_connection_filter(&self) -> Callable {
        self.core.connection_filter()
    }

    /// The setter of `connection_filter`. The callable that was there before goes, in which a script may run.
    #[func(gd_self)]
    fn set_connection_filter(this: Gd<Self>, connection_filter: Callable) {
        core(&this).set_connection_filter(connection_filter);
    }
}

/// Registers the property.
pub(super) fn register() {
    raw::register_property::<ENetMultiplayerPeerRs>(&Property {
        name: "connection_filter",
        variant_type: VariantType::CALLABLE,
        of_enum: None,
        getter: "get_connection_filter",
        setter: Some("set_connection_filter"),
    });
}
