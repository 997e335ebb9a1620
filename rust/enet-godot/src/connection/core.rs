//! [`ConnectionCore`]: one ENet host and the objects of its peers.

mod arguments;
mod events;
mod outgoing;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use enet_compress::{FastLz, Zlib, Zstandard};
use enet_proto::{Compressor, HostStatistics, Packet, RangeCoder};
use enet_udp::{Bind, UdpHost, UdpPeer};
use parking_lot::Mutex;

pub(crate) use self::arguments::HostArguments;
pub(crate) use self::events::{ConnectionEvent, PeerHandle, SocketDead};
use self::outgoing::Search;
use crate::address;
use crate::dtls::{Control, DtlsFailure};
use crate::error::{BroadcastError, CreateError, NotActive, SettingError, SocketSendError};
use crate::frames;
use crate::host_settings::HostSettings;
use crate::packet_peer::{Endings, packet_flags};
use crate::setting_properties::KeepsSettings;
use crate::settings;

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
        let is_threaded = opened.is_threaded();
        *host = Some(opened);
        *self.popped.lock() = HostStatistics::default();
        drop(host);
        if is_threaded {
            frames::follow();
        }
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
