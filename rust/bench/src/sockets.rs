//! Settings of sockets that belong to others in this process.

use std::fs;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

use socket2::SockRef;

/// Asks for `bytes` of receive and send buffer for the UDP socket of this process on `port`.
///
/// # Panics
/// If there is no such socket, or the system grants less.
pub(crate) fn enlarge(port: u16, bytes: usize) {
    let entries = fs::read_dir("/proc/self/fd").expect("Linux has /proc");
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    for number in numbers.collect::<Vec<i32>>() {
        // SAFETY: hosts of a benchmark are opened and closed by the thread that calls this: the number stays good.
        let socket = unsafe { BorrowedFd::borrow_raw(number) };
        let socket = SockRef::from(&socket);
        let address = socket.local_addr().ok().and_then(|it| it.as_socket());
        if address.map(|address: SocketAddr| address.port()) != Some(port) {
            continue;
        }
        socket
            .set_recv_buffer_size(bytes)
            .and_then(|()| socket.set_send_buffer_size(bytes))
            .expect("a socket takes a size");
        let granted = socket.recv_buffer_size().expect("a socket tells its size");
        assert!(
            granted >= bytes,
            "the system grants {granted} B of receive buffer: raise net.core.rmem_max"
        );
        return;
    }
    panic!("no socket of this process has port {port}");
}
