//! The properties by which scripts read and change [`HostSettings`], the same on both classes that have them.

use enet_proto::Recovery;
use godot::builtin::VariantType;
use godot::obj::GodotClass;

use crate::error::SettingError;
use crate::host_settings::HostSettings;
use crate::raw::{self, Property};
use crate::types::ClassEnum;

/// What keeps settings: the core of a class.
pub(crate) trait KeepsSettings {
    fn settings(&self) -> HostSettings;

    /// Changes the settings here and on the hosts that there are; an error changes nothing.
    fn change_settings(
        &self,
        change: impl FnOnce(&mut HostSettings) -> Result<(), SettingError>,
    ) -> Result<(), SettingError>;
}

/// `ENetMultiplayerPeerRs.Recovery`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RecoveryMode {}

impl ClassEnum for RecoveryMode {
    const QUALIFIED_NAME: &'static str = "ENetMultiplayerPeerRs.Recovery";
}

/// `ENetConnectionRs.Limit`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {}

impl ClassEnum for Limit {
    const QUALIFIED_NAME: &'static str = "ENetConnectionRs.Limit";
}

const RECOVERY_FAST: i32 = 0;
const RECOVERY_VANILLA: i32 = 1;

pub(crate) const fn recovery_number(recovery: Recovery) -> i32 {
    match recovery {
        Recovery::Fast => RECOVERY_FAST,
        Recovery::Vanilla => RECOVERY_VANILLA,
    }
}

pub(crate) const fn recovery_of(number: i32) -> Result<Recovery, SettingError> {
    match number {
        RECOVERY_FAST => Ok(Recovery::Fast),
        RECOVERY_VANILLA => Ok(Recovery::Vanilla),
        other => Err(SettingError::Recovery(other)),
    }
}

/// Registers `Recovery` as an enum of `T`.
pub(crate) fn register_enum<T: GodotClass>() {
    raw::register_enum::<T>(
        "Recovery",
        &[
            ("RECOVERY_FAST", RECOVERY_FAST.into()),
            ("RECOVERY_VANILLA", RECOVERY_VANILLA.into()),
        ],
    );
}

/// Registers the properties of `T`, which has the methods that [`setting_properties`] makes.
pub(crate) fn register<T: GodotClass>() {
    raw::register_property::<T>(&Property {
        name: "recovery",
        variant_type: VariantType::INT,
        of_enum: Some(RecoveryMode::QUALIFIED_NAME),
        getter: "get_recovery",
        setter: Some("set_recovery"),
    });
    const PLAIN: [(VariantType, [&str; 3]); 7] = [
        (
            VariantType::BOOL,
            [
                "throttle_enabled",
                "is_throttle_enabled",
                "set_throttle_enabled",
            ],
        ),
        (
            VariantType::FLOAT,
            [
                "connect_timeout",
                "get_connect_timeout",
                "set_connect_timeout",
            ],
        ),
        (
            VariantType::INT,
            ["timeout_limit", "get_timeout_limit", "set_timeout_limit"],
        ),
        (
            VariantType::INT,
            [
                "timeout_minimum",
                "get_timeout_minimum",
                "set_timeout_minimum",
            ],
        ),
        (
            VariantType::INT,
            [
                "timeout_maximum",
                "get_timeout_maximum",
                "set_timeout_maximum",
            ],
        ),
        (
            VariantType::INT,
            ["ping_interval", "get_ping_interval", "set_ping_interval"],
        ),
        (
            VariantType::FLOAT,
            ["max_stall_time", "get_max_stall_time", "set_max_stall_time"],
        ),
    ];
    for (variant_type, [name, getter, setter]) in PLAIN {
        raw::register_property::<T>(&Property {
            name,
            variant_type,
            of_enum: None,
            getter,
            setter: Some(setter),
        });
    }
}

/// Getters and setters of all settings for a class whose `core` [`KeepsSettings`]. A wrong value is printed and changes
/// nothing.
macro_rules! setting_properties {
    ($class:ident) => {
        #[godot::register::godot_api(secondary)]
        impl $class {
            #[func]
            fn get_recovery(
                &self,
            ) -> crate::types::EnumInt<crate::setting_properties::RecoveryMode> {
                let recovery = self.core.settings().recovery;
                crate::types::EnumInt::new(crate::setting_properties::recovery_number(recovery))
            }

            #[func]
            fn set_recovery(
                &self,
                recovery: crate::types::EnumInt<crate::setting_properties::RecoveryMode>,
            ) {
                self.change(|settings| {
                    settings.recovery = crate::setting_properties::recovery_of(recovery.0)?;
                    Ok(())
                });
            }

            #[func]
            fn is_throttle_enabled(&self) -> bool {
                self.core.settings().throttle_enabled
            }

            #[func]
            fn set_throttle_enabled(&self, enabled: bool) {
                self.change(|settings| {
                    settings.throttle_enabled = enabled;
                    Ok(())
                });
            }

            #[func]
            fn get_limit(
                &self,
                limit: crate::types::EnumInt<crate::setting_properties::Limit>,
            ) -> i64 {
                let value = self.core.settings().limits.get(limit.0);
                crate::convert::Said::or(value, 0).speak()
            }

            #[func]
            fn set_limit(
                &self,
                limit: crate::types::EnumInt<crate::setting_properties::Limit>,
                value: i64,
            ) {
                self.change(|settings| settings.limits.set(limit.0, value));
            }

            #[func]
            fn get_connect_timeout(&self) -> f64 {
                self.core.settings().connect_timeout()
            }

            #[func]
            fn set_connect_timeout(&self, seconds: f64) {
                self.change(|settings| settings.set_connect_timeout(seconds));
            }

            #[func]
            fn get_max_stall_time(&self) -> f64 {
                self.core.settings().max_stall_time()
            }

            #[func]
            fn set_max_stall_time(&self, seconds: f64) {
                self.change(|settings| settings.set_max_stall_time(seconds));
            }

            #[func]
            fn get_timeout_limit(&self) -> i64 {
                self.whole(crate::host_settings::WholeSetting::TimeoutLimit)
            }

            #[func]
            fn set_timeout_limit(&self, factor: i64) {
                self.change_whole(crate::host_settings::WholeSetting::TimeoutLimit, factor);
            }

            #[func]
            fn get_timeout_minimum(&self) -> i64 {
                self.whole(crate::host_settings::WholeSetting::TimeoutMinimum)
            }

            #[func]
            fn set_timeout_minimum(&self, milliseconds: i64) {
                let setting = crate::host_settings::WholeSetting::TimeoutMinimum;
                self.change_whole(setting, milliseconds);
            }

            #[func]
            fn get_timeout_maximum(&self) -> i64 {
                self.whole(crate::host_settings::WholeSetting::TimeoutMaximum)
            }

            #[func]
            fn set_timeout_maximum(&self, milliseconds: i64) {
                let setting = crate::host_settings::WholeSetting::TimeoutMaximum;
                self.change_whole(setting, milliseconds);
            }

            #[func]
            fn get_ping_interval(&self) -> i64 {
                self.whole(crate::host_settings::WholeSetting::PingInterval)
            }

            #[func]
            fn set_ping_interval(&self, milliseconds: i64) {
                let setting = crate::host_settings::WholeSetting::PingInterval;
                self.change_whole(setting, milliseconds);
            }
        }

        impl $class {
            fn whole(&self, setting: crate::host_settings::WholeSetting) -> i64 {
                self.core.settings().whole(setting)
            }

            fn change_whole(&self, setting: crate::host_settings::WholeSetting, value: i64) {
                self.change(|settings| settings.set_whole(setting, value));
            }

            fn change(
                &self,
                change: impl FnOnce(
                    &mut crate::host_settings::HostSettings,
                ) -> Result<(), crate::error::SettingError>,
            ) {
                crate::convert::Said::nothing(self.core.change_settings(change)).speak();
            }
        }
    };
}
pub(crate) use setting_properties;
