//! [`Socket`] for the models: the ends of a network in memory that neither loses nor delays anything.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use enet_proto::consts::PROTOCOL_MAXIMUM_MTU;
use enet_proto::{Run, RunLimits};

use super::system::{UdpSocket, step};
use crate::config::Bind;
use crate::error::OpenError;
use crate::offload::Arrival;

/// As the real one.
pub(crate) const RECEIVE_LEN: usize = PROTOCOL_MAXIMUM_MTU as usize + 1;

/// The first port that the network gives away by itself.
const FIRST_PORT: u16 = 50_000;

thread_local! {
    static NEXT_PORT: Cell<u16> = const { Cell::new(FIRST_PORT) };
    static BOUND: RefCell<BTreeMap<u16, UdpSocket>> = const { RefCell::new(BTreeMap::new()) };
}

pub(super) fn begin() {
    NEXT_PORT.set(FIRST_PORT);
    BOUND.take();
}

/// The model has one machine, whose addresses have one form.
pub(crate) const fn normalised(address: SocketAddr) -> SocketAddr {
    address
}

/// The address of `port` on the model's machine.
pub(super) const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// A socket of the model's machine.
pub(crate) struct Socket {
    pub(crate) io: UdpSocket,
    port: Option<u16>,
}

impl Socket {
    pub(crate) fn open(bind: Bind) -> Result<Self, OpenError> {
        let mut socket = Self {
            io: UdpSocket::default(),
            port: None,
        };
        let port = match bind {
            Bind::Unbound => return Ok(socket),
            Bind::Any { port } => port,
            Bind::Address(address) => address.port(),
        };
        socket.bind(port).map_err(|source| OpenError::Bind {
            address: local(port),
            source,
        })?;
        Ok(socket)
    }

    pub(crate) fn bind_if_unbound(&mut self) -> io::Result<bool> {
        let is_unbound = self.port.is_none();
        if is_unbound {
            self.bind(0)?;
        }
        Ok(is_unbound)
    }

    pub(crate) const fn is_bound(&self) -> bool {
        self.port.is_some()
    }

    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        self.port.map(local)
    }

    pub(crate) const fn reaches(&self, address: IpAddr) -> bool {
        address.is_ipv4()
    }

    pub(crate) const fn follow_peer(&mut self, _: bool) {}

    pub(crate) const fn tie_to(&mut self, _: SocketAddr) {}

    pub(crate) const fn remote(&self) -> Option<SocketAddr> {
        None
    }

    pub(crate) fn send(&self, to: SocketAddr, data: &[u8]) -> io::Result<usize> {
        step();
        let from = self.local_address().ok_or(io::ErrorKind::NotConnected)?;
        let receiver = BOUND.with_borrow(|bound| bound.get(&to.port()).cloned());
        if let Some(receiver) = receiver {
            receiver.put(from, data);
        }
        Ok(data.len())
    }

    pub(crate) fn send_whole(&self, to: SocketAddr, data: &[u8]) -> io::Result<usize> {
        self.send(to, data)
    }

    pub(crate) const fn run_limits(&self) -> RunLimits {
        RunLimits {
            datagrams: 1,
            bytes: 0,
        }
    }

    pub(crate) fn send_run(&self, _: &Run<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) const fn receive_len(&self) -> usize {
        RECEIVE_LEN
    }

    pub(crate) fn receive(&self, buffer: &mut [u8]) -> io::Result<Arrival> {
        step();
        let (from, data) = self.io.take().ok_or(io::ErrorKind::WouldBlock)?;
        buffer[..data.len()].copy_from_slice(&data);
        Ok(Arrival {
            from,
            len: data.len(),
            segment_len: data.len(),
        })
    }

    /// Takes `port`, or with 0 one that is free.
    fn bind(&mut self, port: u16) -> io::Result<()> {
        let port = if port == 0 {
            NEXT_PORT.replace(NEXT_PORT.get() + 1)
        } else {
            port
        };
        BOUND.with_borrow_mut(|bound| {
            if bound.contains_key(&port) {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            bound.insert(port, self.io.clone());
            self.port = Some(port);
            Ok(())
        })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(port) = self.port {
            BOUND.with_borrow_mut(|bound| bound.remove(&port));
        }
    }
}
