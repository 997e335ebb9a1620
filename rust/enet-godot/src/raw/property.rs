//! [`register_property`]: properties without a field of the class.

use godot::builtin::{GString, StringName, VariantType};
use godot::obj::{EngineBitfield as _, EngineEnum as _, GodotClass};
use godot::register::info::{PropertyHint, PropertyUsageFlags};
use godot::sys;

/// A property of a class, which methods of the class read and write.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) variant_type: VariantType,
    /// The enum whose values it takes, as `Class.Enum`.
    pub(crate) of_enum: Option<&'static str>,
    pub(crate) getter: &'static str,
    pub(crate) setter: Option<&'static str>,
}

/// Registers a property of class `T`. What `godot` offers for that wants the methods in the class's first `impl` block.
///
/// Called once the class is registered, from `on_stage_init(InitStage::Scene)`.
pub(crate) fn register_property<T: GodotClass>(property: &Property) {
    let class = T::class_id().to_string_name();
    let name = StringName::from(property.name);
    let enum_name = StringName::from(property.of_enum.unwrap_or_default());
    let hint_string = GString::new();
    let getter = StringName::from(property.getter);
    let setter = StringName::from(property.setter.unwrap_or_default());
    let usage = match property.of_enum {
        Some(_) => PropertyUsageFlags::CLASS_IS_ENUM,
        None => PropertyUsageFlags::NONE,
    };
    let info = sys::GDExtensionPropertyInfo {
        type_: property.variant_type.sys(),
        name: name.string_sys().cast_mut(),
        class_name: enum_name.string_sys().cast_mut(),
        hint: PropertyHint::NONE.ord().cast_unsigned(),
        hint_string: hint_string.string_sys().cast_mut(),
        usage: u32::try_from(usage.ord()).expect("a flag of 32 bits"),
    };
    // SAFETY: the library is initialised, the class exists, and the names outlive the call, which copies them.
    unsafe {
        sys::interface_fn!(classdb_register_extension_class_property)(
            sys::get_library(),
            class.string_sys(),
            &raw const info,
            setter.string_sys(),
            getter.string_sys(),
        );
    }
}
