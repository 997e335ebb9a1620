//! The parts of `godot` that are public but hidden from its documentation, and all of them.
//!
//! They make no promise of stability, which is why the workspace pins the exact version of `godot`. Four things are
//! made of them:
//!
//! - **Virtual methods by an own table** ([`own_virtuals!`], [`virtual_method!`]). What the `#[godot_api]` macro writes
//!   borrows the Rust object through a blocking cell at each call, which with `experimental-threads` costs several times
//!   what a packet call does. Here each virtual is an `extern "C"` function that finds the class's shared state through a
//!   small cache of its thread. No borrow of the object is held in any of them, so scripts may call back as they like.
//! - **Calls that may fail** ([`call`]), which `godot` answers by a panic, or by nothing at all.
//! - **Class enums** ([`register_enum`]): constants under `Class.EnumName`, as the engine's own classes have them.
//! - **Properties** ([`register_property`]) whose methods stand in any `impl` block of the class.
//! - **Help pages** ([`load_help_page`]) written as the engine's own are.

mod property;

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use godot::builtin::{Callable, StringName, Variant};
use godot::global::Error;
use godot::meta::ToGodot as _;
use godot::obj::bounds::DeclUser;
use godot::obj::{Bounds, Gd, GodotClass, Inherits};
use godot::private::Storage as _;
use godot::sys;

pub(crate) use self::property::{Property, register_property};

pub(crate) type InstancePtr = sys::GDExtensionClassInstancePtr;
pub(crate) type ArgumentsPtr = *const sys::GDExtensionConstTypePtr;
pub(crate) type ReturnPtr = sys::GDExtensionTypePtr;
pub(crate) type VirtualCall = sys::GDExtensionClassCallVirtual;

/// A Godot class whose virtual methods are answered from shared state by a table of its own.
///
/// The class's `Drop` must call [`forget_cached`] first.
pub(crate) trait OwnVirtuals: GodotClass + Bounds<Declarer = DeclUser> {
    /// What the virtual methods work on; it locks whatever it must by itself.
    type Core: Send + Sync + 'static;

    /// The state of this object; the same `Arc` for the object's whole life.
    fn core(&self) -> &Arc<Self::Core>;

    /// The function for the virtual method `name` (with its leading underscore), if the class has it.
    fn virtual_call(name: &str) -> VirtualCall;
}

/// Registers the table of an [`OwnVirtuals`] class with Godot, in place of `#[godot_api] impl I… for Class`.
macro_rules! own_virtuals {
    ($class:ty) => {
        impl ::godot::private::You_forgot_the_attribute__godot_api for $class {}

        impl ::godot::obj::cap::ImplementsGodotVirtual for $class {
            fn __virtual_call(name: &str) -> $crate::raw::VirtualCall {
                <$class as $crate::raw::OwnVirtuals>::virtual_call(name)
            }
        }

        ::godot::sys::shard_add!(
            ::godot::private::__GODOT_SHARD_REGISTRY;
            ::godot::private::ClassShard::new::<$class>(::godot::private::ShardItem::ITraitImpl(
                ::godot::private::ITraitImpl::new::<$class>()
            ))
        );
    };
}
pub(crate) use own_virtuals;

/// Makes the [`VirtualCall`] for one virtual method from a closure over the class's core and the call's [`Arguments`].
macro_rules! virtual_method {
    ($class:ty, |$core:ident, $arguments:ident| $body:expr) => {{
        unsafe extern "C" fn call(
            instance: $crate::raw::InstancePtr,
            arguments: $crate::raw::ArgumentsPtr,
            answer: $crate::raw::ReturnPtr,
        ) {
            let $arguments = $crate::raw::Arguments::new(arguments);
            let body = |$core: &<$class as $crate::raw::OwnVirtuals>::Core| $body;
            // SAFETY: Godot calls this for an instance of `$class` with the return slot of this very method.
            unsafe { $crate::raw::answer_with::<$class, _>(instance, answer, body) }
        }
        Some(call)
    }};
}
pub(crate) use virtual_method;

/// The arguments of one virtual call, in the engine's pointer-call encoding.
#[derive(Clone, Copy)]
pub(crate) struct Arguments(ArgumentsPtr);

impl Arguments {
    pub(crate) fn new(arguments: ArgumentsPtr) -> Self {
        Self(arguments)
    }

    /// # Safety
    /// Argument `index` of the method is an integer or an enum.
    pub(crate) unsafe fn int(self, index: usize) -> i32 {
        // SAFETY: by this function's contract; integers of every width are passed as 64 bits.
        let wide = unsafe { self.read::<i64>(index) };
        crate::types::wrap_to_i32(wide)
    }

    /// # Safety
    /// Argument `index` of the method is a bool.
    pub(crate) unsafe fn bool(self, index: usize) -> bool {
        // SAFETY: by this function's contract; a bool is one byte that is 0 or 1.
        unsafe { self.read::<u8>(index) != 0 }
    }

    /// # Safety
    /// Argument `index` of the method is a native pointer.
    pub(crate) unsafe fn pointer<T>(self, index: usize) -> *mut T {
        // SAFETY: by this function's contract.
        unsafe { self.read::<*mut T>(index) }
    }

    /// The bytes at the pointer in argument `index`, whose count is argument `index + 1`.
    ///
    /// # Safety
    /// The two arguments are that, and the bytes are not used after the call.
    pub(crate) unsafe fn buffer<'a>(self, index: usize) -> &'a [u8] {
        // SAFETY: by this function's contract.
        let (start, len) = unsafe { (self.pointer::<u8>(index), self.int(index + 1)) };
        match usize::try_from(len) {
            // SAFETY: by this function's contract, and neither empty nor null.
            Ok(len) if len > 0 && !start.is_null() => unsafe {
                std::slice::from_raw_parts(start, len)
            },
            _ => &[],
        }
    }

    unsafe fn read<T: Copy>(self, index: usize) -> T {
        // SAFETY: the caller names an argument that the method has and its type.
        unsafe { *(*self.0.add(index)).cast::<T>() }
    }
}

/// What a virtual method can answer.
pub(crate) trait Answer {
    /// Answered when the method panics; the panic itself has been printed.
    fn after_panic() -> Self;

    /// # Safety
    /// `slot` is the return slot of a method that returns this type.
    unsafe fn write(self, slot: ReturnPtr);
}

impl Answer for () {
    fn after_panic() {}

    unsafe fn write(self, _slot: ReturnPtr) {}
}

impl Answer for i32 {
    fn after_panic() -> Self {
        0
    }

    unsafe fn write(self, slot: ReturnPtr) {
        // SAFETY: by the trait's contract; integers of every width are returned as 64 bits.
        unsafe { slot.cast::<i64>().write(self.into()) }
    }
}

impl Answer for bool {
    fn after_panic() -> Self {
        false
    }

    unsafe fn write(self, slot: ReturnPtr) {
        // SAFETY: by the trait's contract; a bool is one byte.
        unsafe { slot.cast::<u8>().write(self.into()) }
    }
}

impl Answer for Error {
    fn after_panic() -> Self {
        Self::FAILED
    }

    unsafe fn write(self, slot: ReturnPtr) {
        use godot::obj::EngineEnum as _;
        // SAFETY: by the trait's contract; enums are returned as 64 bits.
        unsafe { slot.cast::<i64>().write(self.ord().into()) }
    }
}

/// Runs `body` on the core of `instance` and writes what it answers.
///
/// # Safety
/// `instance` is a living instance of `T` and `slot` the return slot of a virtual method that returns `A`.
pub(crate) unsafe fn answer_with<T: OwnVirtuals, A: Answer>(
    instance: InstancePtr,
    slot: ReturnPtr,
    body: impl FnOnce(&T::Core) -> A,
) {
    // SAFETY: by this function's contract.
    let answer = guarded::<T, A>(|| unsafe { with_core::<T, A>(instance, body) });
    // SAFETY: by this function's contract.
    unsafe { answer.write(slot) }
}

/// Runs `body`, which must not unwind into the engine.
pub(crate) fn guarded<T: GodotClass, A: Answer>(body: impl FnOnce() -> A) -> A {
    let context = || format!("virtual method of {}", T::class_id());
    // Unwind safe: the cores guard what they share by locks that do not poison, and keep no state half changed.
    godot::private::handle_panic(context, AssertUnwindSafe(body))
        .unwrap_or_else(|_| A::after_panic())
}

/// The object itself, with a reference of its own: it lives at least as long as the answer.
///
/// # Safety
/// `instance` is a living instance of `T`.
pub(crate) unsafe fn object<T>(instance: InstancePtr) -> Gd<T>
where
    T: OwnVirtuals + Inherits<<T as GodotClass>::Base>,
{
    // SAFETY: by this function's contract.
    unsafe { godot::private::as_storage::<T>(instance) }.get_gd()
}

/// Raised whenever an object that may be in a thread's cache goes: one value of it covers only living objects.
static GENERATION: AtomicU64 = AtomicU64::new(1);

#[derive(Clone, Copy)]
struct Cached {
    instance: InstancePtr,
    generation: u64,
    core: *const (),
}

const CACHE_SLOTS: usize = 4;

thread_local! {
    static CACHE: [Cell<Cached>; CACHE_SLOTS] = const {
        [const { Cell::new(Cached { instance: std::ptr::null_mut(), generation: 0, core: std::ptr::null() }) }; CACHE_SLOTS]
    };
}

/// Makes every thread look up its objects anew. Called by the `Drop` of each [`OwnVirtuals`] class.
pub(crate) fn forget_cached() {
    GENERATION.fetch_add(1, Ordering::Release);
}

/// The core of `instance`, which then outlives the object if it has to.
///
/// # Safety
/// `instance` is a living instance of `T`.
pub(crate) unsafe fn core_of<T: OwnVirtuals>(instance: InstancePtr) -> Arc<T::Core> {
    // SAFETY: by this function's contract; the pointer is that of an `Arc` which the object holds now.
    unsafe {
        let core = find_core::<T>(instance);
        Arc::increment_strong_count(core);
        Arc::from_raw(core)
    }
}

/// # Safety
/// `instance` is a living instance of `T`, and stays alive while `body` runs.
unsafe fn with_core<T: OwnVirtuals, R>(
    instance: InstancePtr,
    body: impl FnOnce(&T::Core) -> R,
) -> R {
    // SAFETY: by this function's contract; the object holds the `Arc` for its whole life.
    body(unsafe { &*find_core::<T>(instance) })
}

/// Where the core of `instance` is: the pointer of the object's own `Arc`.
///
/// # Safety
/// `instance` is a living instance of `T`.
unsafe fn find_core<T: OwnVirtuals>(instance: InstancePtr) -> *const T::Core {
    let generation = GENERATION.load(Ordering::Acquire);
    // Heap blocks of this size are at least 64 bytes apart.
    let slot = (instance as usize >> 6) % CACHE_SLOTS;
    CACHE.with(|cache| {
        let cached = cache[slot].get();
        // An entry of this generation is the same object: had one gone at this address, its `Drop` had raised it.
        if cached.instance == instance && cached.generation == generation {
            return cached.core.cast::<T::Core>();
        }
        // SAFETY: by this function's contract.
        let core = Arc::as_ptr(
            unsafe { godot::private::as_storage::<T>(instance) }
                .get()
                .core(),
        );
        cache[slot].set(Cached {
            instance,
            generation,
            core: core.cast(),
        });
        core
    })
}

/// A counted reference to an object, which threads may pass among them.
pub(crate) struct SharedGd<T: GodotClass>(Gd<T>);

// SAFETY: Godot counts references atomically, and the feature `experimental-threads` of `godot` lets every thread call
// objects. Our classes keep no state outside their cores, which are `Send` and `Sync`.
unsafe impl<T: GodotClass> Send for SharedGd<T> {}
// SAFETY: as above.
unsafe impl<T: GodotClass> Sync for SharedGd<T> {}

impl<T: GodotClass> SharedGd<T> {
    pub(crate) const fn new(object: Gd<T>) -> Self {
        Self(object)
    }

    pub(crate) fn get(&self) -> Gd<T> {
        self.0.clone()
    }

    /// The reference itself, for who has it alone: spares the copy.
    pub(crate) const fn get_mut(&mut self) -> &mut Gd<T> {
        &mut self.0
    }
}

/// A callable, which threads may pass among them.
#[derive(Clone)]
pub(crate) struct SharedCallable(Callable);

// SAFETY: Godot counts references to what a callable holds atomically, and lets every thread call it.
unsafe impl Send for SharedCallable {}
// SAFETY: as above.
unsafe impl Sync for SharedCallable {}

impl SharedCallable {
    pub(crate) const fn new(callable: Callable) -> Self {
        Self(callable)
    }

    pub(crate) const fn get(&self) -> &Callable {
        &self.0
    }
}

/// What `callable` answers; `None` if it could not be called, of which nothing is printed: its object is gone, it has no
/// such method, or it takes other arguments. A script's own error is printed by the engine and answers null, or the
/// default of the type that its function declares.
pub(crate) fn call(callable: &Callable, arguments: &[Variant]) -> Option<Variant> {
    let (callable, method) = (callable.to_variant(), StringName::from("call"));
    let arguments: Vec<_> = arguments.iter().map(Variant::var_sys).collect();
    let count = i64::try_from(arguments.len()).ok()?;
    let mut error = sys::default_call_error();
    // SAFETY: all pointers are to values that outlive the call, and the slot is written by it in any case.
    let answer = unsafe {
        Variant::new_with_var_uninit(|slot| {
            sys::interface_fn!(variant_call)(
                sys::SysPtr::force_mut(callable.var_sys()),
                method.string_sys(),
                arguments.as_ptr(),
                count,
                slot,
                std::ptr::addr_of_mut!(error),
            );
        })
    };
    (error.error == sys::GDEXTENSION_CALL_OK).then_some(answer)
}

/// Registers `constants` as the enum `name` of class `T`: scripts write `T.CONSTANT` or `T.name.CONSTANT`.
///
/// Called once the class is registered, from `on_stage_init(InitStage::Scene)`.
pub(crate) fn register_enum<T: GodotClass>(name: &str, constants: &[(&str, i64)]) {
    let class = T::class_id().to_string_name();
    let enum_name = StringName::from(name);
    for &(constant, value) in constants {
        let constant = StringName::from(constant);
        // SAFETY: the library is initialised, the class exists, and the names outlive the call, which copies them.
        unsafe {
            sys::interface_fn!(classdb_register_extension_class_integer_constant)(
                sys::get_library(),
                class.string_sys(),
                enum_name.string_sys(),
                constant.string_sys(),
                value,
                false.into(),
            );
        }
    }
}

/// Adds `xml`, a class in the format of Godot's class reference, to the editor's help.
///
/// Called from `on_stage_init(InitStage::Editor)`.
pub(crate) fn load_help_page(xml: &str) {
    let len = i64::try_from(xml.len()).expect("no text is longer than memory");
    // SAFETY: the library is initialised, and the text is read before the call returns.
    unsafe {
        sys::interface_fn!(editor_help_load_xml_from_utf8_chars_and_len)(xml.as_ptr().cast(), len);
    }
}
