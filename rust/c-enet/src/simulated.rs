//! Sockets and a clock without a system behind them, for hosts of the C library in virtual time.
//!
//! A host opened while [`set_clock`] is in force gets a simulated socket; all other hosts of the process keep real ones.
//! Everything here belongs to the thread that uses it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::net::{Ipv4Addr, SocketAddrV4};

use enet_netsim::ReceiveBuffer;

use crate::library::{RawAddress, RawBuffer, functions};

/// Numbers of simulated sockets begin here, far above any the system gives.
const FIRST_SOCKET: c_int = 1 << 24;

/// What Linux makes of the 256 KiB that ENet asks for.
pub const DEFAULT_BUFFER_BYTES: usize = 512 * 1024;

thread_local! {
    static NOW: Cell<Option<u32>> = const { Cell::new(None) };
    static SOCKETS: RefCell<Vec<Socket>> = const { RefCell::new(Vec::new()) };
}

struct Socket {
    incoming: ReceiveBuffer<(SocketAddrV4, Vec<u8>)>,
    outgoing: VecDeque<(SocketAddrV4, Vec<u8>)>,
}

/// Sets this thread's clock for the library, in milliseconds; `None` gives it back the real one.
pub fn set_clock(millis: Option<u32>) {
    NOW.set(millis);
}

/// Limits what waits in a socket's receive buffer, as the kernel charges it; [`DEFAULT_BUFFER_BYTES`] before.
pub fn set_receive_buffer(socket: i32, bytes: usize) {
    with(socket, |socket| socket.incoming.set_capacity(bytes));
}

/// A datagram arrives; lost if the receive buffer is full.
pub fn deliver(socket: i32, from: SocketAddrV4, data: Vec<u8>) {
    with(socket, |socket| {
        socket.incoming.put(data.len(), (from, data))
    });
}

/// The next datagram that the library sent.
pub fn take(socket: i32) -> Option<(SocketAddrV4, Vec<u8>)> {
    with(socket, |socket| socket.outgoing.pop_front())
}

/// Datagrams that found the receive buffer full.
pub fn dropped(socket: i32) -> u64 {
    with(socket, |socket| socket.incoming.dropped())
}

fn with<T>(socket: c_int, call: impl FnOnce(&mut Socket) -> T) -> T {
    let index = usize::try_from(socket - FIRST_SOCKET).expect("a simulated socket");
    SOCKETS.with_borrow_mut(|sockets| call(&mut sockets[index]))
}

/// Whether the library's own calls by these names arrive here.
pub(crate) fn is_in_force() -> bool {
    // SAFETY: looks a name up as the loader does for the library, and the name ends with a zero.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"enet_socket_receive".as_ptr()) };
    found.cast_const() == enet_socket_receive as *const c_void
}

// SAFETY (all functions below): the names and types are those of `enet.h`, which the library calls them by, with
// pointers that are good during the call.

#[unsafe(no_mangle)]
extern "C" fn enet_time_get() -> u32 {
    // SAFETY: takes and changes nothing of ours.
    NOW.get()
        .unwrap_or_else(|| unsafe { (functions().time_get)() })
}

#[unsafe(no_mangle)]
extern "C" fn enet_socket_create(kind: c_int) -> c_int {
    if NOW.get().is_none() {
        // SAFETY: handed on as it came.
        return unsafe { (functions().socket_create)(kind) };
    }
    SOCKETS.with_borrow_mut(|sockets| {
        sockets.push(Socket {
            incoming: ReceiveBuffer::new(DEFAULT_BUFFER_BYTES),
            outgoing: VecDeque::new(),
        });
        FIRST_SOCKET + c_int::try_from(sockets.len() - 1).expect("few sockets")
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn enet_socket_bind(socket: c_int, address: *const RawAddress) -> c_int {
    if socket >= FIRST_SOCKET {
        return 0;
    }
    // SAFETY: handed on as it came.
    unsafe { (functions().socket_bind)(socket, address) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn enet_socket_get_address(socket: c_int, address: *mut RawAddress) -> c_int {
    if socket >= FIRST_SOCKET {
        return -1;
    }
    // SAFETY: handed on as it came.
    unsafe { (functions().socket_get_address)(socket, address) }
}

#[unsafe(no_mangle)]
extern "C" fn enet_socket_set_option(socket: c_int, option: c_int, value: c_int) -> c_int {
    if socket >= FIRST_SOCKET {
        return 0;
    }
    // SAFETY: handed on as it came.
    unsafe { (functions().socket_set_option)(socket, option, value) }
}

#[unsafe(no_mangle)]
extern "C" fn enet_socket_destroy(socket: c_int) {
    if socket < FIRST_SOCKET {
        // SAFETY: handed on as it came.
        unsafe { (functions().socket_destroy)(socket) }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn enet_socket_send(
    socket: c_int,
    to: *const RawAddress,
    buffers: *const RawBuffer,
    count: usize,
) -> c_int {
    if socket < FIRST_SOCKET {
        // SAFETY: handed on as it came.
        return unsafe { (functions().socket_send)(socket, to, buffers, count) };
    }
    let mut data = Vec::new();
    // SAFETY: the library passes an address and `count` buffers of the lengths they name.
    let to = unsafe {
        for buffer in std::slice::from_raw_parts(buffers, count) {
            if buffer.data_length > 0 {
                data.extend_from_slice(std::slice::from_raw_parts(buffer.data, buffer.data_length));
            }
        }
        &*to
    };
    let len = c_int::try_from(data.len()).expect("datagrams are short");
    let to = SocketAddrV4::new(Ipv4Addr::from(to.host.to_ne_bytes()), to.port);
    with(socket, |socket| socket.outgoing.push_back((to, data)));
    len
}

#[unsafe(no_mangle)]
unsafe extern "C" fn enet_socket_receive(
    socket: c_int,
    from: *mut RawAddress,
    buffers: *mut RawBuffer,
    count: usize,
) -> c_int {
    if socket < FIRST_SOCKET {
        // SAFETY: handed on as it came.
        return unsafe { (functions().socket_receive)(socket, from, buffers, count) };
    }
    let Some((sender, data)) = with(socket, |socket| socket.incoming.take()) else {
        return 0;
    };
    // SAFETY: the library passes one buffer with room for the largest datagram, and a place for the address.
    unsafe {
        debug_assert!(count == 1 && data.len() <= (*buffers).data_length);
        std::ptr::copy_nonoverlapping(data.as_ptr(), (*buffers).data, data.len());
        *from = RawAddress {
            host: u32::from_ne_bytes(sender.ip().octets()),
            port: sender.port(),
        };
    }
    c_int::try_from(data.len()).expect("datagrams are short")
}
