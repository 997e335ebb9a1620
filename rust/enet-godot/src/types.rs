//! Argument and return types that show up in Godot exactly as those of its own classes.
//!
//! What `godot` offers for the same purpose is stricter or described differently: an `i32` refuses numbers that C++
//! truncates, a derived enum refuses numbers it does not know, and a null object comes back as nil.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use godot::builtin::{GString, VariantType};
use godot::classes::TlsOptions;
use godot::meta::conv::ByValue;
use godot::meta::error::ConvertError;
use godot::meta::shape::GodotShape;
use godot::meta::{FromGodot, GodotConvert, GodotImmutable, GodotType, ToGodot};
use godot::obj::{Gd, GodotClass};
use godot::register::info::{ParamMetadata, PropertyHint, PropertyHintInfo, PropertyUsageFlags};
use godot::register::property::SimpleVar;

/// The low 32 bits of `wide` as a signed number: what the engine makes of a script's integer for an `int32` argument.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the engine truncates as well"
)]
pub(crate) const fn wrap_to_i32(wide: i64) -> i32 {
    wide as i32
}

/// An `int32` argument as the engine's classes take it: every integer is accepted, the high bits are dropped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Int(pub(crate) i32);

impl GodotConvert for Int {
    type Via = i64;

    fn godot_shape() -> GodotShape {
        GodotShape::Builtin {
            variant_type: VariantType::INT,
            metadata: ParamMetadata::INT_IS_INT32,
        }
    }
}

impl ToGodot for Int {
    type Pass = ByValue;

    fn to_godot(&self) -> i64 {
        self.0.into()
    }
}

impl FromGodot for Int {
    fn try_from_godot(wide: i64) -> Result<Self, ConvertError> {
        Ok(Self(wrap_to_i32(wide)))
    }
}

// SAFETY: a plain number; nothing that Godot holds can change it.
unsafe impl GodotImmutable for Int {}

/// Names one of our class enums, as `Class.Enum`.
pub(crate) trait ClassEnum {
    /// The name under which Godot knows the enum.
    const QUALIFIED_NAME: &'static str;
}

/// An enum argument or answer: described as the enum, but like in C++ every integer passes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnumInt<E>(pub(crate) i32, PhantomData<E>);

impl<E> EnumInt<E> {
    pub(crate) const fn new(value: i32) -> Self {
        Self(value, PhantomData)
    }
}

impl<E: ClassEnum> GodotConvert for EnumInt<E> {
    type Via = i64;

    fn godot_shape() -> GodotShape {
        GodotShape::Enum {
            variant_type: VariantType::INT,
            enumerators: Cow::Borrowed(&[]),
            godot_name: Some(E::QUALIFIED_NAME.into()),
            is_bitfield: false,
        }
    }
}

impl<E: ClassEnum> ToGodot for EnumInt<E> {
    type Pass = ByValue;

    fn to_godot(&self) -> i64 {
        self.0.into()
    }
}

impl<E: ClassEnum> FromGodot for EnumInt<E> {
    fn try_from_godot(wide: i64) -> Result<Self, ConvertError> {
        Ok(Self::new(wrap_to_i32(wide)))
    }
}

impl<E: ClassEnum + Clone> SimpleVar for EnumInt<E> {}

/// An object or null, described and passed as C++ does: null is a null object, not nil.
pub(crate) struct Obj<T: GodotClass>(pub(crate) Option<Gd<T>>);

impl<T: GodotClass> fmt::Debug for Obj<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<T: GodotClass> Clone for Obj<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: GodotClass> GodotConvert for Obj<T>
where
    Option<Gd<T>>: GodotConvert<Via = Option<Gd<T>>> + GodotType,
{
    type Via = Option<Gd<T>>;

    fn godot_shape() -> GodotShape {
        let class_name = T::class_id().to_cow_str();
        let hint = || PropertyHintInfo {
            hint: PropertyHint::RESOURCE_TYPE,
            hint_string: GString::from(class_name.as_ref()),
        };
        GodotShape::Custom {
            variant_type: VariantType::OBJECT,
            var_hint: hint(),
            export_hint: hint(),
            class_name: Some(class_name.clone()),
            usage_flags: PropertyUsageFlags::NONE,
            metadata: ParamMetadata::NONE,
        }
    }
}

impl<T: GodotClass> ToGodot for Obj<T>
where
    Option<Gd<T>>: GodotConvert<Via = Option<Gd<T>>> + GodotType,
{
    type Pass = ByValue;

    fn to_godot(&self) -> Option<Gd<T>> {
        self.0.clone()
    }
}

impl<T: GodotClass> FromGodot for Obj<T>
where
    Option<Gd<T>>: GodotConvert<Via = Option<Gd<T>>> + GodotType,
{
    fn try_from_godot(object: Option<Gd<T>>) -> Result<Self, ConvertError> {
        Ok(Self(object))
    }
}

// SAFETY: only the default of an argument asks for this, and it is null.
unsafe impl GodotImmutable for Obj<TlsOptions> {}

impl<T: GodotClass> SimpleVar for Obj<T> where
    Option<Gd<T>>: GodotConvert<Via = Option<Gd<T>>> + GodotType
{
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_keep_their_low_32_bits_as_a_signed_number() {
        assert_eq!(wrap_to_i32((1 << 32) + 2), 2);
        assert_eq!(wrap_to_i32(1 << 31), i32::MIN);
        assert_eq!(wrap_to_i32(-1), -1);
        assert_eq!(wrap_to_i32(4_294_967_295), -1);
    }
}
