//! [`Socket`]: one UDP socket, of both families where the system can, with its quirks kept in here.
//!
//! Above this line an IPv4 address is always an IPv4 address, never an IPv6 one that maps it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};

use enet_proto::consts::PROTOCOL_MAXIMUM_MTU;
use enet_proto::{Run, RunLimits};
use socket2::{Domain, Protocol, SockRef, Type};

use crate::config::Bind;
use crate::error::OpenError;
use crate::fragmentation;
use crate::offload::{Arrival, Offload};

/// Room for the largest datagram and one byte more, by which a larger one is known.
pub(crate) const RECEIVE_LEN: usize = PROTOCOL_MAXIMUM_MTU as usize + 1;

/// Buffers asked of the system, in bytes; the first that it grants is taken. The last is what vanilla ENet asks for.
const BUFFER_SIZES: [usize; 5] = [4 << 20, 2 << 20, 1 << 20, 512 << 10, 256 << 10];

/// Whether a socket that is tied to a remote can still send to others.
const TIES_ARE_LOOSE: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "windows"
));

const ANY_V4: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
const ANY_V6: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);

/// A UDP socket that never blocks.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) io: mio::net::UdpSocket,
    v6: bool,
    bound: bool,
    offload: Offload,
    /// Whether the socket is tied to whom it sends to, and to whom it is.
    follows_peer: bool,
    remote: Option<SocketAddr>,
}

impl Socket {
    /// The socket for `bind`; [`Bind::Unbound`] has no port until [`Self::bind_if_unbound`].
    pub(crate) fn open(bind: Bind) -> Result<Self, OpenError> {
        match bind {
            Bind::Unbound => Self::unbound(Domain::IPV6)
                .or_else(|_| Self::unbound(Domain::IPV4))
                .map_err(OpenError::Socket),
            Bind::Any { port } => Self::open_any(port),
            Bind::Address(address) => {
                let address = normalised(address);
                let mut socket =
                    Self::unbound(Domain::for_address(address)).map_err(OpenError::Socket)?;
                socket
                    .bind(address)
                    .map_err(|source| OpenError::Bind { address, source })?;
                Ok(socket)
            }
        }
    }

    /// Gives an unbound socket a port of the system's choice; tells whether it had none.
    pub(crate) fn bind_if_unbound(&mut self) -> io::Result<bool> {
        if self.bound {
            return Ok(false);
        }
        if !(self.v6 && self.bind(ANY_V6).is_ok()) {
            if self.v6 {
                let follows_peer = self.follows_peer;
                *self = Self::unbound(Domain::IPV4)?;
                self.follows_peer = follows_peer;
            }
            self.bind(ANY_V4)?;
        }
        Ok(true)
    }

    /// Whether there is a port to receive on.
    pub(crate) const fn is_bound(&self) -> bool {
        self.bound
    }

    /// The address the socket is bound to, if it is.
    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        if self.bound {
            self.io.local_addr().ok().map(normalised)
        } else {
            None
        }
    }

    /// Whether datagrams to `address` can leave by this socket.
    pub(crate) fn reaches(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V6(_) => self.v6,
            IpAddr::V4(_) => match self.local_address() {
                Some(SocketAddr::V6(bound)) => bound.ip().is_unspecified(),
                Some(SocketAddr::V4(_)) | None => true,
            },
        }
    }

    /// Lets the socket be tied to the remote of [`Self::tie_to`].
    pub(crate) const fn follow_peer(&mut self, follow: bool) {
        self.follows_peer = follow && TIES_ARE_LOOSE;
    }

    /// Ties the socket to the remote it is about to send to, if it [follows](Self::follow_peer) it: from here on it
    /// receives from there alone, and hears that nobody serves the port.
    pub(crate) fn tie_to(&mut self, to: SocketAddr) {
        let broadcast = to.ip() == IpAddr::V4(Ipv4Addr::BROADCAST);
        if self.follows_peer && !broadcast && self.remote != Some(to) {
            let tied = self.io.connect(self.written(to));
            self.remote = tied.is_ok().then_some(to);
        }
    }

    /// The remote that the socket is tied to.
    pub(crate) const fn remote(&self) -> Option<SocketAddr> {
        self.remote
    }

    /// Hands one datagram to the system.
    pub(crate) fn send(&self, to: SocketAddr, data: &[u8]) -> io::Result<usize> {
        if self.remote == Some(to) {
            self.io.send(data)
        } else {
            self.io.send_to(data, self.written(to))
        }
    }

    /// Hands one datagram to the system that must not be fragmented on its way, where the system can see to that.
    pub(crate) fn send_whole(&self, to: SocketAddr, data: &[u8]) -> io::Result<usize> {
        fragmentation::forbidden(&self.io, to.ip(), || self.send(to, data))
    }

    /// What [`Self::send_run`] may be asked to send at once.
    pub(crate) const fn run_limits(&self) -> RunLimits {
        self.offload.limits()
    }

    /// Lets [`Self::send_run`] be asked for more than the system takes.
    #[cfg(all(test, any(target_os = "linux", target_os = "android")))]
    pub(crate) const fn lift_run_limits(&mut self) {
        self.offload.lift_limits();
    }

    /// Hands the datagrams of `run` to the system by one call.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] if they must go one by one; otherwise what the system said.
    pub(crate) fn send_run(&mut self, run: &Run<'_>) -> io::Result<()> {
        let to = self.written(run.to);
        self.offload.send(&self.io, to, run)
    }

    /// Bytes that the buffer of [`Self::receive`] must have.
    pub(crate) const fn receive_len(&self) -> usize {
        self.offload.receive_len()
    }

    /// Takes from the system what it has ready, one datagram or several of one sender. One that is too large has more
    /// than [`PROTOCOL_MAXIMUM_MTU`] bytes, cut or not.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Arrival> {
        let arrival = self.offload.receive(&self.io, buffer)?;
        Ok(Arrival {
            from: normalised(arrival.from),
            ..arrival
        })
    }

    /// `to` as the system wants it written: an IPv6 socket knows IPv4 addresses as IPv6 ones that map them.
    const fn written(&self, to: SocketAddr) -> SocketAddr {
        match to {
            SocketAddr::V4(v4) if self.v6 => {
                SocketAddr::V6(SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0))
            }
            to => to,
        }
    }

    fn open_any(port: u16) -> Result<Self, OpenError> {
        let (mut v4, mut v6) = (ANY_V4, ANY_V6);
        v4.set_port(port);
        v6.set_port(port);
        if let Ok(mut socket) = Self::unbound(Domain::IPV6) {
            match socket.bind(v6) {
                Ok(()) => return Ok(socket),
                // Listening to half of the world would hide that the port is taken.
                Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                    return Err(OpenError::Bind {
                        address: v6,
                        source,
                    });
                }
                Err(_) => {}
            }
        }
        let mut socket = Self::unbound(Domain::IPV4).map_err(OpenError::Socket)?;
        socket.bind(v4).map_err(|source| OpenError::Bind {
            address: v4,
            source,
        })?;
        Ok(socket)
    }

    fn unbound(domain: Domain) -> io::Result<Self> {
        let socket = socket2::Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        let v6 = domain == Domain::IPV6;
        if v6 {
            socket.set_only_v6(false)?;
        }
        socket.set_nonblocking(true)?;
        socket.set_broadcast(true)?;
        // The system's own sizes are good enough where it grants none of these.
        let _ = BUFFER_SIZES
            .into_iter()
            .find(|size| socket.set_recv_buffer_size(*size).is_ok());
        let _ = BUFFER_SIZES
            .into_iter()
            .find(|size| socket.set_send_buffer_size(*size).is_ok());
        let io = mio::net::UdpSocket::from_std(UdpSocket::from(socket));
        fragmentation::allow(&io, ANY_V4.ip());
        Ok(Self {
            offload: Offload::enable(&io),
            io,
            v6,
            bound: false,
            follows_peer: false,
            remote: None,
        })
    }

    fn bind(&mut self, address: SocketAddr) -> io::Result<()> {
        SockRef::from(&self.io).bind(&address.into())?;
        self.bound = true;
        Ok(())
    }
}

/// `address` as the rest of the crate knows it: IPv4 if it maps an IPv4 address, and without a flow label.
pub(crate) fn normalised(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(_) => address,
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::new(v4.into(), v6.port()),
            None => SocketAddrV6::new(*v6.ip(), v6.port(), 0, v6.scope_id()).into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_mapping_and_flow_label_and_keep_their_scope() {
        let cases = [
            ("[::ffff:192.0.2.1]:7", "192.0.2.1:7"),
            ("192.0.2.1:7", "192.0.2.1:7"),
            ("[2001:db8::1]:7", "[2001:db8::1]:7"),
        ];
        for (given, expected) in cases {
            assert_eq!(
                normalised(given.parse().unwrap()),
                expected.parse().unwrap()
            );
        }
        let link_local = SocketAddrV6::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1), 7, 9, 3);
        let expected = SocketAddrV6::new(*link_local.ip(), 7, 0, 3);
        assert_eq!(normalised(link_local.into()), expected.into());
    }

    #[test]
    fn an_unbound_socket_gets_its_port_once() {
        let mut socket = Socket::open(Bind::Unbound).unwrap();
        assert_eq!((socket.is_bound(), socket.local_address()), (false, None));
        assert!(socket.bind_if_unbound().unwrap());
        let address = socket.local_address().unwrap();
        assert_ne!(address.port(), 0);
        assert!(!socket.bind_if_unbound().unwrap());
        assert_eq!(socket.local_address(), Some(address));
    }

    #[test]
    fn a_taken_port_is_an_error_for_both_families() {
        let taken = Socket::open(Bind::Any { port: 0 }).unwrap();
        let port = taken.local_address().unwrap().port();
        for bind in [
            Bind::Any { port },
            Bind::Address(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)),
        ] {
            let Err(OpenError::Bind { source, .. }) = Socket::open(bind) else {
                panic!("{bind:?} must fail")
            };
            assert_eq!(source.kind(), io::ErrorKind::AddrInUse);
        }
    }
}
