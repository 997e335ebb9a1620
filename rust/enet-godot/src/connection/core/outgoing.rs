//! The one connection that a host may begin itself, and the name of its remote while that is looked up.

use std::net::SocketAddr;
use std::sync::Arc;

use enet_proto::consts::PROTOCOL_MAXIMUM_CHANNEL_COUNT;
use enet_udp::UdpHost;

use super::{ConnectionCore, PeerHandle, remote_port};
use crate::address::Remote;
use crate::error::{AddressError, ConnectError};
use crate::lookup::{self, Lookup, Outcome};
use crate::packet_peer::PeerCore;

/// A peer whose address is being looked up.
pub(super) struct Search {
    lookup: Lookup,
    peer: Arc<PeerCore>,
    port: u16,
}

impl Search {
    /// Lets the attempt begin, or end, if it is known by now where the remote is; `false` while it is not.
    fn advance(&mut self, host: &UdpHost) -> bool {
        if !self.peer.is_active() {
            return true;
        }
        let addresses = match self.lookup.ask() {
            Outcome::Pending => return false,
            Outcome::Found(addresses) => addresses,
            Outcome::Unknown => {
                self.complain();
                self.peer.end_unknown();
                return true;
            }
        };
        let reachable = addresses
            .into_iter()
            .find(|address| host.reaches(*address))
            .map(|address| SocketAddr::new(address, self.port));
        if reachable.is_none() {
            self.complain();
        }
        self.peer.locate(reachable);
        true
    }

    /// Prints that the name has no address for us.
    fn complain(&self) {
        let error = AddressError::Unresolved(self.lookup.name().to_owned());
        log::error!("{error}");
    }
}

impl ConnectionCore {
    /// Connects to `address`; one outgoing connection a host, and none once anybody has connected in.
    pub(crate) fn connect(
        &self,
        address: &str,
        port: i32,
        channels: i32,
        data: i32,
    ) -> Result<Arc<PeerHandle>, ConnectError> {
        let host = self.host()?;
        drop(self.prune());
        if !self.peers.lock().is_empty() {
            return Err(ConnectError::HasPeer);
        }
        let port = remote_port(port).ok_or(ConnectError::RemotePort(port))?;
        let remote = Remote::parse(address)?;
        let channel_count = match usize::try_from(channels) {
            Ok(count @ 1..) => count,
            _ => PROTOCOL_MAXIMUM_CHANNEL_COUNT,
        };
        let data = data.cast_unsigned();
        match remote {
            Remote::Address(address) => {
                let peer = host.connect((address, port).into(), channel_count, data)?;
                Ok(self.adopt(peer, port))
            }
            Remote::Name(name) => {
                let lookup = Lookup::begin(name)?;
                let peer = self.adopt(host.connect_later(channel_count, data)?, port);
                let search = Search {
                    lookup,
                    peer: peer.core().clone(),
                    port,
                };
                // The next poll asks: an attempt never fails inside the call that begins it.
                let former = self.search.lock().replace(search);
                drop(former);
                Ok(peer)
            }
        }
    }

    /// Goes on with a connection whose remote's name is being looked up; `true` if there is one, still unfinished.
    ///
    /// To be called before each poll and service: the resolver tells nobody when it is done.
    pub(crate) fn advance_search(&self) -> bool {
        lookup::sweep();
        let mut search = self.search.lock();
        if search.is_none() {
            return false;
        }
        let Ok(host) = self.host() else {
            return false;
        };
        let finished = search.take_if(|search| search.advance(&host));
        let goes_on = search.is_some();
        drop(search);
        drop(finished);
        goes_on
    }
}
