//! [`Forged`]: sockets that send from any address of this machine, and see what is sent back there.
//!
//! Linux has all of 127.0.0.0/8 on the loopback device and lets a socket choose among the system's own addresses for
//! each datagram (`IP_PKTINFO`). So a few sockets are millions of sources, and each answer tells which one it was for.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd as _;

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt,
    sockopt,
};

/// Bytes that may wait in a socket of ours until they are read, as far as the system grants it.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Room for an answer.
const ANSWER_LEN: usize = 4097;

/// Some sockets, each with a port of its own.
pub(crate) struct Forged {
    sockets: Vec<UdpSocket>,
    control: Vec<u8>,
    buffer: Vec<u8>,
}

impl Forged {
    pub(crate) fn open(ports: usize) -> Result<Self> {
        let open = |_| -> io::Result<UdpSocket> {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
            socket.set_nonblocking(true)?;
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
            setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER)?;
            Ok(socket)
        };
        let sockets = (0..ports)
            .map(open)
            .collect::<io::Result<_>>()
            .context("cannot open the sockets to attack from")?;
        Ok(Self {
            sockets,
            control: nix::cmsg_space!(libc::in_pktinfo),
            buffer: vec![0; ANSWER_LEN],
        })
    }

    /// Sends datagrams of `segment_len` bytes each, all from one address of this machine; whether the system took them.
    ///
    /// It cuts `data` into datagrams itself, below its IP stack, at most 64.
    pub(crate) fn send(
        &self,
        socket: usize,
        from: Ipv4Addr,
        to: SocketAddrV4,
        data: &[u8],
        segment_len: u16,
    ) -> bool {
        let address = libc::in_addr {
            s_addr: u32::from(from).to_be(),
        };
        let info = libc::in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: address,
            ipi_addr: address,
        };
        let control = [
            ControlMessage::Ipv4PacketInfo(&info),
            ControlMessage::UdpGsoSegments(&segment_len),
        ];
        let is_one = data.len() <= usize::from(segment_len);
        sendmsg(
            self.sockets[socket].as_raw_fd(),
            &[IoSlice::new(data)],
            if is_one { &control[..1] } else { &control },
            MsgFlags::empty(),
            Some(&SockaddrIn::from(to)),
        )
        .is_ok()
    }

    /// The next answer that one of the sockets got: for which address, and what.
    pub(crate) fn receive(&mut self, socket: usize) -> Option<(Ipv4Addr, &[u8])> {
        let mut parts = [IoSliceMut::new(&mut self.buffer)];
        let received = loop {
            let received = recvmsg::<SockaddrIn>(
                self.sockets[socket].as_raw_fd(),
                &mut parts,
                Some(&mut self.control),
                MsgFlags::empty(),
            );
            match received {
                // Nobody serves the port that was attacked: a server that has died.
                Err(Errno::ECONNREFUSED) => {}
                Err(_) => return None,
                Ok(received) => break received,
            }
        };
        let len = received.bytes;
        let to = received.cmsgs().ok()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)))
            }
            _ => None,
        })?;
        Some((to, &self.buffer[..len]))
    }
}
