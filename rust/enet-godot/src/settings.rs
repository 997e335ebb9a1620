//! The project settings that the extension adds.

use godot::builtin::{VarDictionary, VariantType, vdict};
use godot::classes::ProjectSettings;
use godot::meta::ToGodot as _;
use godot::obj::{EngineEnum as _, Singleton as _};

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
    ProjectSettings::singleton()
        .get_setting(USE_NETWORK_THREAD)
        .try_to()
        .unwrap_or(true)
}
