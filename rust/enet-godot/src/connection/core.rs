//! [`ConnectionCore`]: one ENet host and the objects of its peers.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use enet_compress::{FastLz, Zlib, Zstandard};
use enet_proto::consts::{PROTOCOL_MAXIMUM_CHANNEL_COUNT, PROTOCOL_MAXIMUM_PEER_ID};
use enet_proto::{Compressor, HostStatistics, Packet, RangeCoder};
use enet_udp::{Bind, HostEvent, UdpHost, UdpHostConfig, UdpPeer};
use godot::obj::Gd;
use parking_lot::Mutex;

use crate::address::{self, Remote};
use crate::dtls::{Control, DtlsFailure};
use crate::error::{
    AddressError, BroadcastError, ConnectError, CreateError, NotActive, SettingError,
    SocketSendError,
};
use crate::host_settings::HostSettings;
use crate::lookup::{self, Lookup, Outcome};
use crate::packet_peer::{ENetPacketPeerRs, Ending, Endings, PeerCore, packet_flags};
use crate::raw::SharedGd;
use crate::setting_properties::KeepsSettings;
use crate::settings;

/// What a host is made with, as scripts give it; [`Self::check`] says what is wrong with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostArguments {
    pub(crate) max_peers: i32,
    pub(crate) max_channels: i32,
    pub(crate) in_bandwidth: i32,
    pub(crate) out_bandwidth: i32,
    /// Whether it only ever connects, and to one remote at a time: then the system can tell that nobody is there.
    pub(crate) only_connects: bool,
}

impl HostArguments {
    /// The first thing that is out of range, in Godot's order.
    fn check(self) -> Result<(), CreateError> {
        if !(1..=i32::from(PROTOCOL_MAXIMUM_PEER_ID)).contains(&self.max_peers) {
            return Err(CreateError::PeerCount(self.max_peers));
        }
        if !usize::try_from(self.max_channels)
            .is_ok_and(|channels| channels <= PROTOCOL_MAXIMUM_CHANNEL_COUNT)
        {
            return Err(CreateError::ChannelCount(self.max_channels));
        }
        if self.in_bandwidth < 0 {
            return Err(CreateError::IncomingBandwidth(self.in_bandwidth));
        }
        if self.out_bandwidth < 0 {
            return Err(CreateError::OutgoingBandwidth(self.out_bandwidth));
        }
        Ok(())
    }

    fn config(self, bind: Bind) -> Result<UdpHostConfig, CreateError> {
        self.check()?;
        Ok(UdpHostConfig::new(self.max_peers as usize)
            .bind(bind)
            .threaded(settings::use_network_thread())
            .follow_peer(self.only_connects)
            .channel_limit(self.max_channels as usize)
            .bandwidth(
                self.in_bandwidth.cast_unsigned(),
                self.out_bandwidth.cast_unsigned(),
            ))
    }
}

/// A peer of a connection: its object and what the object shares.
pub(crate) struct PeerHandle {
    object: SharedGd<ENetPacketPeerRs>,
    core: Arc<PeerCore>,
    serial: u64,
}

impl PeerHandle {
    pub(crate) fn object(&self) -> Gd<ENetPacketPeerRs> {
        self.object.get()
    }

    pub(crate) fn core(&self) -> &PeerCore {
        &self.core
    }

    /// Grows with each peer of the connection.
    pub(crate) const fn serial(&self) -> u64 {
        self.serial
    }
}

/// What happened on a host, with the peer's object at hand.
pub(crate) enum ConnectionEvent {
    Connect {
        peer: Arc<PeerHandle>,
        data: u32,
    },
    Disconnect {
        peer: Arc<PeerHandle>,
        data: u32,
    },
    Receive {
        peer: Arc<PeerHandle>,
        channel_id: u8,
        packet: Packet,
    },
}

/// How often a waiting `service` asks whether a name was found.
const SEARCH_INTERVAL: Duration = Duration::from_millis(5);

/// The socket of a host is gone.
#[derive(Debug)]
pub(crate) struct SocketDead;

/// Whether, and by what, a host came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostEnd {
    /// It works.
    Open,
    /// A script destroyed it.
    Destroyed,
    /// Its socket does not work any more.
    SocketLost,
    /// DTLS failed.
    Dtls(DtlsFailure),
}

/// One ENet host, or none yet, and the objects of its peers.
///
/// No lock here is held while an object is made or dropped: scripts can run then.
#[derive(Default)]
pub(crate) struct ConnectionCore {
    host: Mutex<Option<UdpHost>>,
    peers: Mutex<HashMap<UdpPeer, Arc<PeerHandle>>>,
    next_serial: AtomicU64,
    endings: Endings,
    /// The value of `endings` up to which inactive peers were cleared away.
    pruned: AtomicU64,
    /// Statistics when they were asked for last.
    popped: Mutex<HostStatistics>,
    /// The name of the remote of the outgoing connection, while it is looked up.
    search: Mutex<Option<Search>>,
    is_claimed: AtomicBool,
    settings: Mutex<HostSettings>,
    /// What an encrypted host shares with us.
    pub(super) dtls: Mutex<Option<Arc<Control>>>,
}

/// A peer whose address is being looked up.
struct Search {
    lookup: Lookup,
    peer: UdpPeer,
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
            Outcome::Unknown => Vec::new(),
        };
        let reachable = addresses
            .into_iter()
            .find(|address| host.reaches(*address))
            .map(|address| SocketAddr::new(address, self.port));
        if reachable.is_none() {
            let error = AddressError::Unresolved(self.lookup.name().to_owned());
            log::error!("{error}");
        }
        self.peer.locate(reachable);
        true
    }
}

/// A connection that serves an `ENetMultiplayerPeerRs`, which takes its events; no other can claim it meanwhile.
pub(crate) struct Claim(Arc<ConnectionCore>);

impl Claim {
    pub(crate) const fn core(&self) -> &Arc<ConnectionCore> {
        &self.0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.is_claimed.store(false, Ordering::Release);
    }
}

impl ConnectionCore {
    /// Opens a host.
    pub(crate) fn open(&self, bind: Bind, arguments: HostArguments) -> Result<(), CreateError> {
        let mut host = self.host.lock();
        if host.is_some() {
            return Err(CreateError::HostExists);
        }
        let opened = UdpHost::open(arguments.config(bind)?)?;
        self.settings().apply(&opened);
        *host = Some(opened);
        *self.popped.lock() = HostStatistics::default();
        Ok(())
    }

    /// Takes over all settings at once.
    pub(crate) fn configure(&self, settings: HostSettings) {
        let Ok(()) = self.update(|held| {
            *held = settings;
            Ok::<_, Infallible>(())
        });
    }

    /// Changes the settings here and on the host, in one step for other threads; an error changes nothing.
    fn update<E>(&self, change: impl FnOnce(&mut HostSettings) -> Result<(), E>) -> Result<(), E> {
        let host = self.host.lock(); // first, as in `open`
        let mut settings = self.settings.lock();
        let mut changed = *settings;
        change(&mut changed)?;
        *settings = changed;
        if let Some(host) = &*host {
            changed.apply(host);
        }
        Ok(())
    }

    /// Claims the connection for a multiplayer peer; `None` while one has it.
    pub(crate) fn claim(self: &Arc<Self>) -> Option<Claim> {
        let was_claimed = self.is_claimed.swap(true, Ordering::AcqRel);
        (!was_claimed).then(|| Claim(self.clone()))
    }

    /// Closes the host: every peer is inactive and the port free when this returns.
    pub(crate) fn destroy(&self) -> Result<(), NotActive> {
        let host = self.host.lock().take().ok_or(NotActive::AlreadyDestroyed)?;
        host.close();
        #[expect(
            clippy::mutable_key_type,
            reason = "a `UdpPeer` is compared by identity"
        )]
        let gone = std::mem::take(&mut *self.peers.lock());
        self.endings.fetch_add(1, Ordering::Release);
        let search = self.search.lock().take();
        *self.dtls.lock() = None;
        drop((gone, search));
        Ok(())
    }

    /// The host.
    pub(crate) fn host(&self) -> Result<UdpHost, NotActive> {
        self.host.lock().clone().ok_or(NotActive::Connection)
    }

    /// The host, if the network thread does not send for it.
    pub(crate) fn host_to_flush(&self) -> Option<UdpHost> {
        let host = self.host.lock();
        host.as_ref().filter(|host| !host.is_threaded()).cloned()
    }

    /// Whether there is a host whose socket works.
    pub(crate) fn is_open(&self) -> bool {
        self.host.lock().as_ref().is_some_and(UdpHost::is_open)
    }

    /// Whether, and by what, the host came to its end.
    pub(crate) fn end(&self) -> HostEnd {
        let host = self.host.lock().clone();
        match host {
            None => HostEnd::Destroyed,
            Some(host) if host.is_open() => HostEnd::Open,
            Some(_) => self
                .dtls_failure()
                .map_or(HostEnd::SocketLost, HostEnd::Dtls),
        }
    }

    /// How many peers became inactive so far; only comparing for equality makes sense.
    pub(crate) fn endings(&self) -> u64 {
        self.endings.load(Ordering::Acquire)
    }

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
        let peer = match remote {
            Remote::Address(address) => {
                host.connect((address, port).into(), channel_count, data)?
            }
            Remote::Name(name) => {
                let lookup = Lookup::begin(name)?;
                let peer = host.connect_later(channel_count, data)?;
                let search = Search {
                    lookup,
                    peer: peer.clone(),
                    port,
                };
                // The next poll asks: an attempt never fails inside the call that begins it.
                let former = self.search.lock().replace(search);
                drop(former);
                peer
            }
        };
        Ok(self.adopt(peer, port))
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

    /// The handle of `peer`, made if it is new. `asked_port` is that of an outgoing connection.
    fn adopt(&self, peer: UdpPeer, asked_port: u16) -> Arc<PeerHandle> {
        if let Some(handle) = self.peers.lock().get(&peer) {
            return handle.clone();
        }
        let core = Arc::new(PeerCore::new(
            peer.clone(),
            asked_port,
            self.endings.clone(),
        ));
        let handle = Arc::new(PeerHandle {
            object: SharedGd::new(ENetPacketPeerRs::for_core(core.clone())),
            core,
            serial: self.next_serial.fetch_add(1, Ordering::Relaxed),
        });
        self.peers.lock().insert(peer, handle.clone());
        handle
    }

    /// Forgets peers that scripts have ended, and hands them out: a script may run when they are dropped.
    #[must_use = "to be dropped where a script may run"]
    pub(crate) fn prune(&self) -> Vec<Arc<PeerHandle>> {
        let mut gone = Vec::new();
        let endings = self.endings();
        if self.pruned.swap(endings, Ordering::AcqRel) == endings {
            return gone;
        }
        self.peers.lock().retain(|_, handle| {
            let is_active = handle.core.is_active();
            if !is_active {
                gone.push(handle.clone());
            }
            is_active
        });
        gone
    }

    /// The next event that the last poll found.
    pub(crate) fn next_event(&self) -> Option<ConnectionEvent> {
        let host = self.host().ok()?;
        loop {
            // An event of a peer that was forgotten meanwhile is of no use to anybody.
            let event = self.attach(host.next_event()?);
            if event.is_some() {
                return event;
            }
        }
    }

    /// Waits up to `timeout` for an event.
    pub(crate) fn service(&self, timeout: Duration) -> Result<Option<ConnectionEvent>, SocketDead> {
        let host = self.host().map_err(|_| SocketDead)?;
        drop(self.prune());
        match self.wait(&host, timeout) {
            Some(event) => Ok(self.attach(event)),
            None if host.is_open() => Ok(None),
            None => {
                self.report_end();
                Err(SocketDead)
            }
        }
    }

    /// Waits for an event; looks after a name in between, of which no event tells.
    fn wait(&self, host: &UdpHost, timeout: Duration) -> Option<HostEvent> {
        let start = Instant::now();
        loop {
            let rest = timeout.saturating_sub(start.elapsed());
            let span = if self.advance_search() {
                rest.min(SEARCH_INTERVAL)
            } else {
                rest
            };
            let event = host.service(span);
            if event.is_some() || span == rest || !host.is_open() {
                return event;
            }
        }
    }

    fn attach(&self, event: HostEvent) -> Option<ConnectionEvent> {
        Some(match event {
            HostEvent::Connect { peer, data } => ConnectionEvent::Connect {
                peer: self.adopt(peer, 0),
                data,
            },
            HostEvent::Disconnect { peer, data, cause } => {
                let peer = self.peers.lock().remove(&peer)?;
                peer.core.end(Ending { cause, data });
                self.endings.fetch_add(1, Ordering::Release);
                ConnectionEvent::Disconnect { peer, data }
            }
            HostEvent::Receive {
                peer,
                channel_id,
                packet,
            } => ConnectionEvent::Receive {
                peer: self.peers.lock().get(&peer)?.clone(),
                channel_id,
                packet,
            },
        })
    }

    /// All peers, in the order in which they appeared.
    pub(crate) fn peers(&self) -> Vec<Arc<PeerHandle>> {
        let mut peers: Vec<_> = self.peers.lock().values().cloned().collect();
        peers.sort_unstable_by_key(|peer| peer.serial);
        peers
    }

    /// Queues `data` to every connected peer that has the channel.
    pub(crate) fn broadcast(
        &self,
        channel: i32,
        data: Bytes,
        flags: i32,
    ) -> Result<(), BroadcastError> {
        let host = self.host()?;
        let limit = host.channel_limit();
        let channel_id = u8::try_from(channel)
            .ok()
            .filter(|&channel_id| usize::from(channel_id) <= limit)
            .ok_or(BroadcastError::InvalidChannel(channel))?;
        let flags = packet_flags(flags).ok_or(BroadcastError::InvalidFlags(flags))?;
        if usize::from(channel_id) == limit {
            return Err(BroadcastError::OverLimit { channel, limit });
        }
        host.broadcast(channel_id, &Packet::new(data, flags));
        Ok(())
    }

    /// Sets what compresses the datagrams; numbers that name no mode are ignored.
    pub(crate) fn compress(&self, mode: i32) -> Result<(), NotActive> {
        let host = self.host()?;
        let compressor: Option<Box<dyn Compressor>> = match mode {
            0 => None,
            1 => Some(Box::new(RangeCoder::new())),
            2 => Some(Box::new(FastLz::new())),
            3 => Some(Box::new(Zlib::new(settings::zlib_level()))),
            4 => Some(Box::new(Zstandard::new(settings::zstandard_level()))),
            _ => return Ok(()),
        };
        host.set_compressor(compressor);
        Ok(())
    }

    /// What was counted since this statistic was asked for last; `None` for a number that names none.
    pub(crate) fn pop_statistic(&self, statistic: i32) -> Result<Option<u64>, NotActive> {
        let now = self.host()?.statistics();
        let mut popped = self.popped.lock();
        let (total, last) = match statistic {
            0 => (now.bytes_sent, &mut popped.bytes_sent),
            1 => (now.datagrams_sent, &mut popped.datagrams_sent),
            2 => (now.bytes_received, &mut popped.bytes_received),
            3 => (now.datagrams_received, &mut popped.datagrams_received),
            _ => return Ok(None),
        };
        let since = total.wrapping_sub(*last);
        *last = total;
        Ok(Some(since))
    }

    /// Sends one datagram past the protocol. What the system thinks of it is not reported, as with any datagram.
    pub(crate) fn socket_send(
        &self,
        address: &str,
        port: i32,
        data: &[u8],
    ) -> Result<(), SocketSendError> {
        let host = self.host()?;
        let port = remote_port(port).ok_or(SocketSendError::RemotePort(port))?;
        let address = address::resolve(address)?;
        if let Err(error) = host.socket_send(SocketAddr::new(address, port), data) {
            log::debug!("raw datagram to {address}:{port} was not sent: {error}");
        }
        Ok(())
    }

    /// The port of the socket; 0 before an unbound host has sent anything or is about to.
    pub(crate) fn local_port(&self) -> Result<u16, NotActive> {
        Ok(self
            .host()?
            .local_address()
            .map_or(0, |address| address.port()))
    }
}

impl KeepsSettings for ConnectionCore {
    fn settings(&self) -> HostSettings {
        *self.settings.lock()
    }

    fn change_settings(
        &self,
        change: impl FnOnce(&mut HostSettings) -> Result<(), SettingError>,
    ) -> Result<(), SettingError> {
        self.update(change)
    }
}

fn remote_port(port: i32) -> Option<u16> {
    u16::try_from(port).ok().filter(|&port| port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host_settings::WholeSetting;

    const FINE: HostArguments = HostArguments {
        max_peers: 32,
        max_channels: 0,
        in_bandwidth: 0,
        out_bandwidth: 0,
        only_connects: false,
    };

    #[test]
    fn arguments_are_checked_in_godots_order() {
        assert!(FINE.check().is_ok());
        let mut wrong = HostArguments {
            max_peers: 0,
            max_channels: 256,
            in_bandwidth: -1,
            out_bandwidth: -1,
            only_connects: false,
        };
        assert!(matches!(wrong.check(), Err(CreateError::PeerCount(0))));
        wrong.max_peers = 4096;
        assert!(matches!(wrong.check(), Err(CreateError::PeerCount(4096))));
        wrong.max_peers = 4095;
        assert!(matches!(wrong.check(), Err(CreateError::ChannelCount(256))));
        wrong.max_channels = 255;
        assert!(matches!(
            wrong.check(),
            Err(CreateError::IncomingBandwidth(-1))
        ));
        wrong.in_bandwidth = 0;
        assert!(matches!(
            wrong.check(),
            Err(CreateError::OutgoingBandwidth(-1))
        ));
        wrong.out_bandwidth = 0;
        assert!(wrong.check().is_ok());
    }

    #[test]
    fn settings_change_in_one_step_or_not_at_all() {
        let core = ConnectionCore::default();
        let before = core.settings();
        let refused = core.change_settings(|settings| {
            assert!(core.settings.is_locked(), "nobody changes them meanwhile");
            settings.set_whole(WholeSetting::PingInterval, 100)?;
            settings.set_whole(WholeSetting::TimeoutLimit, -1)
        });
        assert!(refused.is_err());
        assert_eq!(core.settings(), before);
        let changed =
            core.change_settings(|settings| settings.set_whole(WholeSetting::PingInterval, 100));
        assert!(changed.is_ok());
        assert_eq!(core.settings().whole(WholeSetting::PingInterval), 100);
    }

    #[test]
    fn a_remote_port_is_between_1_and_65535() {
        assert_eq!(remote_port(1), Some(1));
        assert_eq!(remote_port(65_535), Some(65_535));
        for port in [0, -1, 65_536, i32::MIN] {
            assert_eq!(remote_port(port), None, "{port}");
        }
    }
}
