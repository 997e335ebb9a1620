//! The project settings that the extension adds, and those of the engine that it heeds.

use enet_compress::{Zlib, Zstandard};
use godot::builtin::{VarDictionary, VariantType, vdict};
use godot::classes::ProjectSettings;
use godot::meta::{FromGodot, ToGodot as _};
use godot::obj::{EngineEnum as _, Singleton as _};

const ZLIB_LEVEL: &str = "compression/formats/zlib/compression_level";
const ZSTANDARD_LEVEL: &str = "compression/formats/zstd/compression_level";
const USE_NETWORK_THREAD: &str = "network/enet_rs/use_network_thread";

/// Adds the settings, with their defaults where the project does not set them.
pub(crate) fn register() {
    let mut settings = ProjectSettings::singleton();
    let default = true.to_variant();
    if !settings.has_setting(USE_NETWORK_THREAD) {
        settings.set_setting(USE_NETWORK_THREAD, &default);
    }
    settings.set_initial_value(USE_NETWORK_THREAD, &default);
    settings.set_as_basic(USE_NETWORK_THREAD, true);
    let info: VarDictionary = vdict! {
        "name" => USE_NETWORK_THREAD,
        "type" => i64::from(VariantType::BOOL.ord()),
    };
    settings.add_property_info(&info);
}

/// Whether a host made now is driven by the network thread, not only by `poll`, `service` and `flush`.
pub(crate) fn use_network_thread() -> bool {
    read(USE_NETWORK_THREAD).unwrap_or(true)
}

/// How hard zlib tries, as the project has it.
pub(crate) fn zlib_level() -> i32 {
    read(ZLIB_LEVEL).unwrap_or(Zlib::DEFAULT_LEVEL)
}

/// How hard Zstandard tries, as the project has it.
pub(crate) fn zstandard_level() -> i32 {
    read(ZSTANDARD_LEVEL).unwrap_or(Zstandard::DEFAULT_LEVEL)
}

fn read<T: FromGodot>(setting: &str) -> Option<T> {
    ProjectSettings::singleton()
        .get_setting(setting)
        .try_to()
        .ok()
}
