//! What scripts of an `ENetMultiplayerPeerRs` say about who gets in.

use std::sync::Arc;
use std::time::Instant;

use enet_udp::UdpHost;
use godot::builtin::VariantType;
use godot::global::Error as GodotError;
use godot::prelude::*;

use super::core::Core;
use super::{ENetMultiplayerPeerRs, core};
use crate::bans::{self, Ban, parse_prefix};
use crate::connection::ConnectionCore;
use crate::convert::Said;
use crate::error::{BanError, NotActive};
use crate::raw::{self, Property};
use crate::statistics::HostNumbers;

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

    /// Bans an address or a prefix for some seconds, 0 for ever; [`Core::ban`] does it.
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
        core(&this).bans()
    }

    /// Counters of the session's hosts; reading resets nothing.
    #[func(gd_self)]
    fn get_statistics(this: Gd<Self>) -> VarDictionary {
        Said::or(core(&this).statistics(), VarDictionary::new()).speak()
    }
}

impl Core {
    /// Bans for this session and those to come. Whoever is connected from there is told, and leaves.
    fn ban(&self, address: &str, seconds: f64) -> Result<(), BanError> {
        let ban = Ban::parse(address, seconds)?;
        self.lock().bans.insert(ban, Instant::now());
        self.each_host(|host| ban.apply(host));
        Ok(())
    }

    fn unban(&self, address: &str) -> Result<(), BanError> {
        let prefix = parse_prefix(address)?;
        let mut is_over = self.lock().bans.remove(prefix, Instant::now());
        self.each_host(|host| is_over |= host.unban(prefix));
        is_over.then_some(()).ok_or(BanError::NotBanned(prefix))
    }

    /// The bans given here and those of the hosts.
    fn bans(&self) -> VarDictionary {
        let mut all: Vec<Ban> = self.lock().bans.iter(Instant::now()).collect();
        self.each_host(|host| all.extend(bans::of_host(host)));
        bans::dictionary(all.into_iter())
    }

    /// Lets a host that is new to the session know who is banned.
    pub(super) fn apply_bans(&self, connection: &ConnectionCore) {
        let bans: Vec<Ban> = self.lock().bans.iter(Instant::now()).collect();
        if let Ok(host) = connection.host() {
            bans.iter().for_each(|ban| ban.apply(&host));
        }
    }

    /// The counters of all hosts together, and how many packets the game has still to read.
    fn statistics(&self) -> Result<VarDictionary, NotActive> {
        let unread = self.lock().session()?.incoming.len();
        let mut numbers = HostNumbers::default();
        self.each_host(|host| numbers.add(host));
        let mut dictionary = numbers.dictionary();
        dictionary.set("packets_unread", i64::try_from(unread).unwrap_or(i64::MAX));
        Ok(dictionary)
    }

    /// Calls `act` for the host of each connection, without the lock.
    fn each_host(&self, mut act: impl FnMut(&UdpHost)) {
        let connections: Vec<Arc<ConnectionCore>> = {
            let state = self.lock();
            let session = state.session.iter();
            let connections = session.flat_map(|session| session.links.connections());
            connections
                .map(|connection| connection.core().clone())
                .collect()
        };
        for connection in connections {
            if let Ok(host) = connection.host() {
                act(&host);
            }
        }
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
