//! The bans of an `ENetConnectionRs`.

use godot::global::Error as GodotError;
use godot::prelude::*;

use super::{ConnectionCore, ENetConnectionRs, core};
use crate::bans::{self, Ban, parse_prefix};
use crate::convert::Said;
use crate::error::BanError;

#[godot_api(secondary)]
impl ENetConnectionRs {
    /// Bans an address or a prefix for some seconds, 0 for ever.
    #[func(gd_self)]
    fn ban(this: Gd<Self>, address: GString, seconds: f64) -> GodotError {
        Said::code(core(&this).ban(&address.to_string(), seconds)).speak()
    }

    /// Ends a ban.
    #[func(gd_self)]
    fn unban(this: Gd<Self>, address: GString) -> GodotError {
        Said::code(core(&this).unban(&address.to_string())).speak()
    }

    /// The bans that hold, each with the seconds that are left of it.
    #[func(gd_self)]
    fn get_bans(this: Gd<Self>) -> VarDictionary {
        let bans = core(&this)
            .host()
            .map(|host| bans::dictionary(bans::of_host(&host)));
        Said::or(bans, VarDictionary::new()).speak()
    }
}

impl ConnectionCore {
    fn ban(&self, address: &str, seconds: f64) -> Result<(), BanError> {
        let host = self.host()?;
        Ban::parse(address, seconds)?.apply(&host);
        Ok(())
    }

    fn unban(&self, address: &str) -> Result<(), BanError> {
        let host = self.host()?;
        let prefix = parse_prefix(address)?;
        if host.unban(prefix) {
            Ok(())
        } else {
            Err(BanError::NotBanned(prefix))
        }
    }
}
