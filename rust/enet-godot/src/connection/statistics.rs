//! The counters of an `ENetConnectionRs`.

use godot::prelude::*;

use super::{ENetConnectionRs, core};
use crate::convert::Said;
use crate::statistics::HostNumbers;

#[godot_api(secondary)]
impl ENetConnectionRs {
    /// Counters since the host was made; reading resets nothing.
    #[func(gd_self)]
    fn get_statistics(this: Gd<Self>) -> VarDictionary {
        let numbers = core(&this).host().map(|host| {
            let mut numbers = HostNumbers::default();
            numbers.add(&host);
            numbers.dictionary()
        });
        Said::or(numbers, VarDictionary::new()).speak()
    }
}
