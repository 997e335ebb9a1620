//! Settings of sockets that belong to others in this process.

use std::fs;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

use anyhow::{Context as _, Result, ensure};
use socket2::SockRef;

const LIMIT_FILE: &str = "/proc/sys/net/core/rmem_max";

/// Checks that the system grants sockets `bytes` of receive buffer.
///
/// # Errors
/// If it grants less.
pub(crate) fn ensure_granted(bytes: usize) -> Result<()> {
    let text =
        fs::read_to_string(LIMIT_FILE).with_context(|| format!("cannot read {LIMIT_FILE}"))?;
    let limit: usize = text.trim().parse().context("a limit is a number")?;
    ensure!(
        limit >= bytes,
        "the system grants sockets {limit} B of receive buffer: sysctl -w net.core.rmem_max={bytes}"
    );
    Ok(())
}

/// Gives `bytes` of receive and send buffer to the UDP socket of this process on `port`.
///
/// # Panics
/// If there is no such socket, or the system grants less.
pub(crate) fn resize(port: u16, bytes: usize) {
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
            "the system grants {granted} B of receive buffer"
        );
        return;
    }
    panic!("no socket of this process has port {port}");
}
