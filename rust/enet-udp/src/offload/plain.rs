//! [`Offload`] for systems without any: datagrams go one by one.

use std::io;
use std::net::SocketAddr;

use enet_proto::{Run, RunLimits};
use mio::net::UdpSocket;

use super::Arrival;
use crate::socket::RECEIVE_LEN;

/// Bytes that no datagram exceeds: its length has 16 bits.
const LARGEST_DATAGRAM: usize = 65_535;

/// Nothing.
#[derive(Debug)]
pub(crate) struct Offload;

impl Offload {
    /// Asks for nothing.
    pub(crate) const fn enable(_socket: &UdpSocket) -> Self {
        Self
    }

    /// One datagram at a time.
    pub(crate) const fn limits(&self) -> RunLimits {
        RunLimits {
            datagrams: 1,
            bytes: 0,
        }
    }

    /// Bytes that the buffer of [`Self::receive`] must have: room for any datagram where one that is larger would be an
    /// error, which does not say whose it was.
    pub(crate) const fn receive_len(&self) -> usize {
        if cfg!(windows) {
            LARGEST_DATAGRAM
        } else {
            RECEIVE_LEN
        }
    }

    /// Refuses.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`].
    pub(crate) fn send(&mut self, _: &UdpSocket, _: SocketAddr, _: &Run<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Takes one datagram into `buffer`, which has [`Self::receive_len`] bytes. One that is too large is cut.
    pub(crate) fn receive(&mut self, socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Arrival> {
        let (len, from) = socket.recv_from(buffer)?;
        Ok(Arrival {
            from,
            len,
            segment_len: len,
        })
    }
}
