//! The functions and types of `libenet.so.7` that are used here, written by hand after `enet.h` of ENet 1.3.18.

use std::ffi::{c_int, c_void};
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};

use crate::simulated;

/// 1.3.18, as `enet_linked_version` tells it.
const VERSION: u32 = 1 << 16 | 3 << 8 | 18;

/// The size of the union `ENetProtocol`, which is packed: that of a CONNECT.
const PROTOCOL_LEN: usize = 48;
const MAXIMUM_PACKET_COMMANDS: usize = 32;
const BUFFER_MAXIMUM: usize = 1 + 2 * MAXIMUM_PACKET_COMMANDS;

/// `ENetHost` up to the last member that is used here.
#[repr(C)]
pub(super) struct RawHost {
    pub(super) socket: c_int,
    pub(super) address: RawAddress,
    incoming_bandwidth: u32,
    outgoing_bandwidth: u32,
    bandwidth_throttle_epoch: u32,
    mtu: u32,
    random_seed: u32,
    recalculate_bandwidth_limits: c_int,
    peers: *mut RawPeer,
    peer_count: usize,
    channel_limit: usize,
    service_time: u32,
    dispatch_queue: [*mut c_void; 2],
    total_queued: u32,
    packet_size: usize,
    header_flags: u16,
    commands: [[u8; PROTOCOL_LEN]; MAXIMUM_PACKET_COMMANDS],
    command_count: usize,
    buffers: [RawBuffer; BUFFER_MAXIMUM],
    buffer_count: usize,
    pub(super) checksum: Option<unsafe extern "C" fn(*const RawBuffer, usize) -> u32>,
}

/// `ENetPeer`, of which nothing is read here.
#[repr(C)]
pub(super) struct RawPeer([u8; 0]);

#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawAddress {
    /// In network order.
    pub(super) host: u32,
    /// In the machine's order.
    pub(super) port: u16,
}

#[repr(C)]
pub(super) struct RawPacket {
    reference_count: usize,
    pub(super) flags: u32,
    pub(super) data: *mut u8,
    pub(super) data_length: usize,
    free_callback: *mut c_void,
    user_data: *mut c_void,
}

#[repr(C)]
pub(super) struct RawEvent {
    pub(super) kind: c_int,
    pub(super) peer: *mut RawPeer,
    pub(super) channel_id: u8,
    pub(super) data: u32,
    pub(super) packet: *mut RawPacket,
}

#[repr(C)]
pub(super) struct RawBuffer {
    pub(super) data: *mut u8,
    pub(super) data_length: usize,
}

/// Where the library takes its memory from: functions that behave as `malloc` and `free` of C.
#[derive(Debug, Clone, Copy)]
pub struct Heap {
    /// Answers null if there is no memory.
    pub malloc: extern "C" fn(usize) -> *mut c_void,
    /// Takes null as well.
    pub free: extern "C" fn(*mut c_void),
}

#[repr(C)]
pub(super) struct RawCallbacks {
    malloc: extern "C" fn(usize) -> *mut c_void,
    free: extern "C" fn(*mut c_void),
    no_memory: Option<extern "C" fn()>,
}

/// Declares [`Functions`] and reads each function from the library under its C name.
macro_rules! functions {
    ($($field:ident = $name:literal: fn($($argument:ty),*) $(-> $answer:ty)?;)*) => {
        pub(super) struct Functions {
            $(pub(super) $field: unsafe extern "C" fn($($argument),*) $(-> $answer)?,)*
        }

        impl Functions {
            fn of(library: &'static libloading::Library) -> Result<Self> {
                Ok(Self {
                    // SAFETY: `enet.h` declares each with these types, and the library is never unloaded.
                    $($field: *unsafe { library.get(concat!($name, "\0").as_bytes()) }
                        .context(concat!($name, " is missing"))?,)*
                })
            }
        }
    };
}

functions! {
    linked_version = "enet_linked_version": fn() -> u32;
    initialize = "enet_initialize_with_callbacks": fn(u32, *const RawCallbacks) -> c_int;
    host_create = "enet_host_create": fn(*const RawAddress, usize, usize, u32, u32) -> *mut RawHost;
    host_destroy = "enet_host_destroy": fn(*mut RawHost);
    host_connect = "enet_host_connect": fn(*mut RawHost, *const RawAddress, usize, u32) -> *mut RawPeer;
    host_compress_with_range_coder = "enet_host_compress_with_range_coder": fn(*mut RawHost) -> c_int;
    host_service = "enet_host_service": fn(*mut RawHost, *mut RawEvent, u32) -> c_int;
    host_check_events = "enet_host_check_events": fn(*mut RawHost, *mut RawEvent) -> c_int;
    host_flush = "enet_host_flush": fn(*mut RawHost);
    host_broadcast = "enet_host_broadcast": fn(*mut RawHost, u8, *mut RawPacket);
    peer_send = "enet_peer_send": fn(*mut RawPeer, u8, *mut RawPacket) -> c_int;
    peer_disconnect = "enet_peer_disconnect": fn(*mut RawPeer, u32);
    peer_disconnect_now = "enet_peer_disconnect_now": fn(*mut RawPeer, u32);
    peer_disconnect_later = "enet_peer_disconnect_later": fn(*mut RawPeer, u32);
    peer_throttle_configure = "enet_peer_throttle_configure": fn(*mut RawPeer, u32, u32, u32);
    packet_create = "enet_packet_create": fn(*const c_void, usize, u32) -> *mut RawPacket;
    packet_destroy = "enet_packet_destroy": fn(*mut RawPacket);
    crc32 = "enet_crc32": fn(*const RawBuffer, usize) -> u32;
    // What the library itself calls by these names is defined in `simulated`, which calls these for real sockets.
    time_get = "enet_time_get": fn() -> u32;
    socket_create = "enet_socket_create": fn(c_int) -> c_int;
    socket_bind = "enet_socket_bind": fn(c_int, *const RawAddress) -> c_int;
    socket_get_address = "enet_socket_get_address": fn(c_int, *mut RawAddress) -> c_int;
    socket_set_option = "enet_socket_set_option": fn(c_int, c_int, c_int) -> c_int;
    socket_destroy = "enet_socket_destroy": fn(c_int);
    socket_send = "enet_socket_send": fn(c_int, *const RawAddress, *const RawBuffer, usize) -> c_int;
    socket_receive = "enet_socket_receive": fn(c_int, *mut RawAddress, *mut RawBuffer, usize) -> c_int;
}

static FUNCTIONS: OnceLock<Functions> = OnceLock::new();

/// Loads the library at `path` for the rest of the process; once, before any other call here.
///
/// # Errors
/// If it cannot be loaded or is not ENet 1.3.18, or if this program was linked without `exported.list`.
pub fn load(path: &Path, heap: Heap) -> Result<()> {
    ensure!(
        simulated::is_in_force(),
        "this program does not export what takes the place of C ENet's sockets"
    );
    // SAFETY: the library runs no code when it is loaded.
    let library = unsafe { libloading::Library::new(path) }
        .with_context(|| format!("cannot load {}", path.display()))?;
    let functions = Functions::of(Box::leak(Box::new(library)))?;
    // SAFETY: takes and changes nothing.
    let version = unsafe { (functions.linked_version)() };
    ensure!(
        version == VERSION,
        "{} is ENet {}.{}.{}, not 1.3.18",
        path.display(),
        version >> 16,
        version >> 8 & 0xff,
        version & 0xff
    );
    let functions = FUNCTIONS.get_or_init(|| functions);
    let callbacks = RawCallbacks {
        malloc: heap.malloc,
        free: heap.free,
        no_memory: None,
    };
    // SAFETY: the library copies the callbacks, which behave as malloc and free, as `Heap` demands.
    let result = unsafe { (functions.initialize)(VERSION, &raw const callbacks) };
    ensure!(result == 0, "enet_initialize failed");
    Ok(())
}

pub(super) fn functions() -> &'static Functions {
    FUNCTIONS.get().expect("`load` comes first")
}
