//! [`Offload`] by `UDP_SEGMENT` and `UDP_GRO`.

use std::ffi::c_int;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use enet_proto::{Run, RunLimits};
use mio::net::UdpSocket;
use nix::errno::Errno;
use nix::libc::{SOL_UDP, UDP_SEGMENT};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use socket2::{MsgHdr, SockAddr, SockRef};

use super::Arrival;
use crate::socket::RECEIVE_LEN;

/// Datagrams and bytes that the kernel takes in one call: `UDP_MAX_SEGMENTS` of its older versions, and the largest
/// payload of an IPv4 datagram.
const LIMITS: RunLimits = RunLimits {
    datagrams: 64,
    bytes: 65_507,
};
const ONE_BY_ONE: RunLimits = RunLimits {
    datagrams: 1,
    bytes: 0,
};
/// Room for all that one receive call may bring.
const GATHERED_LEN: usize = 65_535;

/// What the system does for one socket.
#[derive(Debug)]
pub(crate) struct Offload {
    limits: RunLimits,
    /// Whether several datagrams have left by one call: what is refused later is a matter of where it goes.
    has_worked: bool,
    gathers: bool,
    /// Where the kernel writes how long the datagrams are that it gathered.
    control: Vec<u8>,
}

impl Offload {
    /// Asks for what there is on `socket`.
    pub(crate) fn enable(socket: &UdpSocket) -> Self {
        Self {
            limits: LIMITS,
            has_worked: false,
            gathers: setsockopt(socket, sockopt::UdpGroSegment, &true).is_ok(),
            control: nix::cmsg_space!(i32),
        }
    }

    /// What [`Self::send`] may be asked to send at once.
    pub(crate) const fn limits(&self) -> RunLimits {
        self.limits
    }

    /// Lets [`Self::send`] be asked for more than the system takes.
    #[cfg(test)]
    pub(crate) const fn lift_limits(&mut self) {
        self.limits = RunLimits {
            datagrams: usize::MAX,
            bytes: usize::MAX,
        };
    }

    /// Bytes that the buffer of [`Self::receive`] must have.
    pub(crate) const fn receive_len(&self) -> usize {
        if self.gathers {
            GATHERED_LEN
        } else {
            RECEIVE_LEN
        }
    }

    /// Hands the datagrams of `run` to the system by one call.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] if they must go one by one, as all later ones where that will not change;
    /// otherwise what the system said.
    pub(crate) fn send(
        &mut self,
        socket: &UdpSocket,
        to: SocketAddr,
        run: &Run<'_>,
    ) -> io::Result<()> {
        let segment_len = u16::try_from(run.segment_len).map_err(|_| io::ErrorKind::Unsupported)?;
        let (to, parts) = (SockAddr::from(to), [IoSlice::new(run.bytes)]);
        let control = segment_control(segment_len);
        let message = MsgHdr::new()
            .with_addr(&to)
            .with_buffers(&parts)
            .with_control(&control);
        let sent = SockRef::from(socket).sendmsg(&message, 0);
        let Err(error) = sent else {
            self.has_worked = true;
            return Ok(());
        };
        match Errno::from_raw(error.raw_os_error().unwrap_or_default()) {
            // A datagram of this size must be fragmented on its way, which is possible for single ones only.
            Errno::EMSGSIZE => Err(io::ErrorKind::Unsupported.into()),
            // The same, as kernels before 6.14 say it, or another device. One remote does not slow down the others.
            Errno::EINVAL | Errno::EIO if self.has_worked => Err(io::ErrorKind::Unsupported.into()),
            // The kernel is too old, or the network device computes no checksums.
            Errno::EINVAL | Errno::EIO => {
                log::debug!("datagrams are sent one by one from here on: {error}");
                self.limits = ONE_BY_ONE;
                Err(io::ErrorKind::Unsupported.into())
            }
            _ => Err(error),
        }
    }

    /// Takes what one call brings into `buffer`, which has [`Self::receive_len`] bytes. A datagram that is too large
    /// is cut.
    pub(crate) fn receive(&mut self, socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Arrival> {
        if !self.gathers {
            let (len, from) = socket.recv_from(buffer)?;
            return Ok(Arrival {
                from,
                len,
                segment_len: len,
            });
        }
        let mut parts = [IoSliceMut::new(buffer)];
        let message = recvmsg::<SockaddrStorage>(
            socket.as_raw_fd(),
            &mut parts,
            Some(&mut self.control),
            MsgFlags::empty(),
        )?;
        let gathered = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::UdpGroSegments(len) => usize::try_from(len).ok(),
            _ => None,
        });
        Ok(Arrival {
            from: message
                .address
                .as_ref()
                .and_then(address)
                .ok_or(io::ErrorKind::InvalidData)?,
            len: message.bytes,
            segment_len: gathered.unwrap_or(message.bytes),
        })
    }
}

/// A `cmsghdr` with its length, level and type, and the value behind it, padded to whole words.
const CONTROL_HEADER: usize = WORD + 2 * size_of::<c_int>();
const CONTROL_LEN: usize = CONTROL_HEADER + WORD;
const WORD: usize = size_of::<usize>();

/// The control message by which the kernel cuts a buffer into datagrams of `segment_len` bytes. Made here, since `nix`
/// allocates for each call.
fn segment_control(segment_len: u16) -> [u8; CONTROL_LEN] {
    let value = segment_len.to_ne_bytes();
    let parts = [
        &(CONTROL_HEADER + value.len()).to_ne_bytes()[..],
        &SOL_UDP.to_ne_bytes(),
        &UDP_SEGMENT.to_ne_bytes(),
        &value,
    ];
    let mut control = [0; CONTROL_LEN];
    let bytes = parts.into_iter().flatten();
    control
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    control
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage
        .as_sockaddr_in()
        .map(|v4| std::net::SocketAddrV4::from(*v4).into());
    v4.or_else(|| {
        storage
            .as_sockaddr_in6()
            .map(|v6| std::net::SocketAddrV6::from(*v6).into())
    })
}
