//! [`UdpPeer`]: the game's handle to one remote.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use enet_proto::{Packet, PeerId, PeerState, PeerStatistics, SendError};

use crate::host::UdpHost;
use crate::shared::{Attention, HostShared};
use crate::socket::normalised;
use crate::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

/// One connection. Clones are handles to the same connection, compared by identity; they do not keep the host open.
///
/// What the game does shows at once; what the remote did shows when its event is handed out. A handle whose
/// connection is over is inactive: calls do nothing, getters answer with nothing.
#[derive(Clone)]
pub struct UdpPeer(Arc<PeerShared>);

struct PeerShared {
    host: Arc<HostShared>,
    id: PeerId,
    /// Empty until a peer of [`UdpHost::connect_later`] is located.
    address: OnceLock<SocketAddr>,
    /// A [`PeerState`] as the game may see it, or [`UNSEEN`]; changed with the inbox locked.
    state: AtomicU8,
    channel_count: AtomicUsize,
    /// The data of the first call of this side that asked for the end, or [`NOT_LEFT`].
    left_with: AtomicU64,
}

/// In `PeerShared::state`: an incoming peer whose connect event was not handed out yet.
const UNSEEN: u8 = u8::MAX;
/// In `PeerShared::left_with`: no call asked for the end. No 32 bits of data are this.
const NOT_LEFT: u64 = u64::MAX;

/// What the game knows of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visible {
    /// Nothing yet: an incoming peer whose connect event was not handed out.
    Unseen,
    /// This state.
    State(PeerState),
}

impl UdpPeer {
    /// Queues `packet` on `channel_id`; it leaves with the next `poll`, `service` or `flush` of the host, or within
    /// about a millisecond through the network thread.
    ///
    /// A peer that is gone, but whose end has not been handed out yet, accepts and drops the packet.
    ///
    /// # Errors
    /// As [`enet_proto::Host::send`]; an inactive peer is [`SendError::NotConnected`] with state `Disconnected`.
    pub fn send(&self, channel_id: u8, packet: Packet) -> Result<(), SendError> {
        let host = &self.0.host;
        match self.visible() {
            Visible::State(PeerState::Connected) => {}
            _ => return Err(SendError::NotConnected(self.state())),
        }
        let channel_count = self.0.channel_count.load(Ordering::Relaxed);
        if usize::from(channel_id) >= channel_count {
            return Err(SendError::NoSuchChannel {
                channel_id,
                channel_count,
            });
        }
        match host.send(self.0.id, channel_id, packet) {
            None => Err(SendError::NotConnected(PeerState::Disconnected)),
            // The remote is gone; the game learns it with the event.
            Some(Err(SendError::NotConnected(_))) => Ok(()),
            Some(result) => result,
        }
    }

    /// Drops what is queued and says goodbye; the event comes when the remote acknowledged or timed out. What waits
    /// only for the network thread to send it is sent before.
    ///
    /// State `Disconnecting` and no channels at once. A peer still connecting becomes inactive at once, without event.
    pub fn disconnect(&self, data: u32) {
        self.end(data, false);
    }

    /// Sends one unreliable goodbye before it returns; the peer is inactive at once, without event. What waits only
    /// for the network thread to send it is sent before.
    pub fn disconnect_now(&self, data: u32) {
        if self.is_active() {
            self.dismiss(data);
        }
    }

    /// As [`Self::disconnect_now`], also for a peer that the game has not heard of, and then never will.
    pub(crate) fn dismiss(&self, data: u32) {
        self.transmit_gathered();
        let ended = self.0.host.with_engine(|engine| {
            let mut view = self.0.host.inbox.lock();
            let goes_on = self.visible() != Visible::State(PeerState::Disconnected);
            if goes_on {
                self.leave(data);
                engine.host.disconnect_now(self.0.id, data);
                engine.forget(self.0.id);
                view.remove(self);
            }
            goes_on
        });
        if ended == Some(true) {
            self.0.host.transmit();
        }
    }

    /// As [`Self::disconnect`] once all that is queued has been acknowledged; takes and delivers nothing more.
    pub fn disconnect_later(&self, data: u32) {
        self.end(data, true);
    }

    /// Inactive at once, without event; the remote is not told.
    pub fn reset(&self) {
        self.0.host.with_engine(|engine| {
            let mut view = self.0.host.inbox.lock();
            if self.is_active() {
                self.leave(0);
                engine.host.reset(self.0.id);
                engine.forget(self.0.id);
                view.remove(self);
            }
        });
    }

    /// Queues a ping; only in state `Connected`.
    pub fn ping(&self) {
        self.configure(|engine| engine.ping(self.0.id));
    }

    /// Span without acknowledgement after which the peer is pinged, in milliseconds; 0 means 500.
    pub fn set_ping_interval(&self, millis: u32) {
        self.configure(|engine| engine.set_ping_interval(self.0.id, millis));
    }

    /// When the peer is given up: backoff factor, least and most milliseconds; each 0 means 32, 5000, 30000.
    pub fn set_timeout(&self, limit: u32, minimum: u32, maximum: u32) {
        self.configure(|engine| engine.set_timeout(self.0.id, limit, minimum, maximum));
    }

    /// Parameters of the packet throttle, for us at once and for the remote with the next exchange.
    pub fn throttle_configure(&self, interval: u32, acceleration: u32, deceleration: u32) {
        self.configure(|engine| {
            engine.throttle_configure(self.0.id, interval, acceleration, deceleration)
        });
    }

    /// The state as the game may see it; `Disconnected` when inactive.
    #[must_use]
    pub fn state(&self) -> PeerState {
        if self.visible() == Visible::State(PeerState::DisconnectLater) {
            // No event tells when the last packet was acknowledged and the goodbye left: look.
            self.0.host.with_engine(|engine| {
                let _view = self.0.host.inbox.lock();
                if self.visible() == Visible::State(PeerState::DisconnectLater) {
                    self.show_progress(&engine.host);
                }
            });
        }
        match self.visible() {
            Visible::Unseen => PeerState::Disconnected,
            Visible::State(state) => state,
        }
    }

    /// The data of the first call of this side that asked for the end, be it of the peer or of its host; 0 for a reset,
    /// and `None` if there was no such call.
    #[must_use]
    pub fn left_with(&self) -> Option<u32> {
        u32::try_from(self.0.left_with.load(Ordering::Relaxed)).ok()
    }

    /// Whether the connection, or the attempt at one, is not over yet.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !matches!(
            self.visible(),
            Visible::Unseen | Visible::State(PeerState::Disconnected)
        )
    }

    /// The remote's address; `None` when inactive, and before it is located.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        let address = self.0.address.get().copied();
        address.filter(|_| self.is_active())
    }

    /// As [`Self::address`], also when the connection is over.
    #[must_use]
    pub fn last_address(&self) -> Option<SocketAddr> {
        self.0.address.get().copied()
    }

    /// Channels of the connection: as asked while connecting, 0 while disconnecting and when inactive.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        match self.state() {
            PeerState::Disconnected => 0,
            _ => self.0.channel_count.load(Ordering::Relaxed),
        }
    }

    /// Live counters and estimates; `None` when the connection is over.
    #[must_use]
    pub fn statistics(&self) -> Option<PeerStatistics> {
        if !self.is_active() {
            return None;
        }
        self.0
            .host
            .with_engine(|engine| engine.host.peer_statistics(self.0.id))
            .flatten()
    }

    /// Its name in the engine, by which an [`enet_proto::Admission`] knows it.
    #[must_use]
    pub fn id(&self) -> PeerId {
        self.0.id
    }

    /// Other user data to ask for the connection with when the remote says that what was asked for is taken; see
    /// [`enet_proto::Host::set_alternatives`].
    pub fn set_alternatives(&self, alternatives: Vec<u32>) {
        self.configure(|engine| engine.set_alternatives(self.0.id, alternatives));
    }

    /// The user data with which the connection was asked for, at last; `None` for a peer that asked us, or is gone.
    #[must_use]
    pub fn asked_data(&self) -> Option<u32> {
        self.0
            .host
            .with_engine(|engine| engine.host.asked_data(self.0.id))
            .flatten()
    }

    /// Tells where the remote of [`UdpHost::connect_later`] is, and lets the attempt begin; `None` ends it with a
    /// disconnect event. Nothing happens the second time.
    pub fn locate(&self, address: Option<SocketAddr>) {
        let address = address.map(normalised);
        if let Some(address) = address {
            // Fails the second time, when the engine ignores it as well.
            let _ = self.0.address.set(address);
        }
        self.0.host.locate(self.0.id, address);
    }

    /// The host; `None` once its last handle is gone.
    #[must_use]
    pub fn host(&self) -> Option<UdpHost> {
        self.0.host.handle()
    }

    /// A peer of `host` that the game sees as connecting.
    pub(crate) fn outgoing(
        host: Arc<HostShared>,
        id: PeerId,
        address: Option<SocketAddr>,
        channel_count: usize,
    ) -> Self {
        Self::new(
            host,
            id,
            address,
            PeerState::Connecting as u8,
            channel_count,
        )
    }

    /// A peer of `host` that the game does not see before its connect event.
    pub(crate) fn incoming(host: Arc<HostShared>, id: PeerId, address: SocketAddr) -> Self {
        Self::new(host, id, Some(address), UNSEEN, 0)
    }

    /// What the game knows of the peer, without asking the engine.
    pub(crate) fn visible(&self) -> Visible {
        const CONNECTING: u8 = PeerState::Connecting as u8;
        const CONNECTED: u8 = PeerState::Connected as u8;
        const DISCONNECT_LATER: u8 = PeerState::DisconnectLater as u8;
        const DISCONNECTING: u8 = PeerState::Disconnecting as u8;
        match self.0.state.load(Ordering::Acquire) {
            UNSEEN => Visible::Unseen,
            CONNECTING => Visible::State(PeerState::Connecting),
            CONNECTED => Visible::State(PeerState::Connected),
            DISCONNECT_LATER => Visible::State(PeerState::DisconnectLater),
            DISCONNECTING => Visible::State(PeerState::Disconnecting),
            _ => Visible::State(PeerState::Disconnected),
        }
    }

    /// Changes what the game knows; the caller holds the inbox.
    pub(crate) fn show(&self, state: PeerState, channel_count: usize) {
        self.0.channel_count.store(channel_count, Ordering::Relaxed);
        self.0.state.store(state as u8, Ordering::Release);
    }

    fn new(
        host: Arc<HostShared>,
        id: PeerId,
        address: Option<SocketAddr>,
        state: u8,
        channel_count: usize,
    ) -> Self {
        Self(Arc::new(PeerShared {
            host,
            id,
            address: address.map_or_else(OnceLock::new, OnceLock::from),
            state: AtomicU8::new(state),
            channel_count: AtomicUsize::new(channel_count),
            left_with: AtomicU64::new(NOT_LEFT),
        }))
    }

    /// Notes that a call asked for the end; the caller holds the inbox.
    fn leave(&self, data: u32) {
        if self.left_with().is_none() {
            self.0.left_with.store(data.into(), Ordering::Relaxed);
        }
    }

    /// Says goodbye in order: at once, or when all that is queued was acknowledged. An attempt at a connection ends.
    fn end(&self, data: u32, later: bool) {
        self.transmit_gathered();
        let host = &self.0.host;
        let connecting = host.with_engine(|engine| {
            let _view = host.inbox.lock();
            match self.visible() {
                Visible::State(PeerState::Connected | PeerState::DisconnectLater) => {}
                visible => return visible == Visible::State(PeerState::Connecting),
            }
            self.leave(data);
            if later {
                engine.host.disconnect_later(self.0.id, data);
                self.show(
                    PeerState::DisconnectLater,
                    self.0.channel_count.load(Ordering::Relaxed),
                );
                self.show_progress(&engine.host);
            } else {
                engine.host.disconnect(self.0.id, data);
                self.show(PeerState::Disconnecting, 0);
            }
            false
        });
        if connecting == Some(true) {
            self.disconnect_now(data);
        } else {
            host.mark(Attention::Gather);
        }
    }

    /// Disconnects who is connected; if the game has not heard of that yet, it hears of both the beginning and the end.
    pub(crate) fn expel(&self, data: u32) {
        let host = &self.0.host;
        let unheard = host.with_engine(|engine| {
            let _view = host.inbox.lock();
            let unheard = matches!(
                self.visible(),
                Visible::Unseen | Visible::State(PeerState::Connecting)
            );
            if unheard {
                self.leave(data);
                engine.host.disconnect(self.0.id, data);
            }
            unheard
        });
        if unheard == Some(true) {
            host.mark(Attention::Gather);
        } else {
            self.disconnect(data);
        }
    }

    /// Lets what a connected peer still has waiting for the network thread leave ahead of a goodbye, which would drop it.
    fn transmit_gathered(&self) {
        if self.visible() == Visible::State(PeerState::Connected) {
            self.0.host.transmit_gathered();
        }
    }

    /// Shows that a peer which was to leave later is leaving now; the caller holds the inbox.
    fn show_progress(&self, engine: &enet_proto::Host) {
        if engine.state(self.0.id) == PeerState::Disconnecting {
            self.show(PeerState::Disconnecting, 0);
        }
    }

    /// Calls the engine for an active peer and lets it send what comes of it.
    fn configure(&self, call: impl FnOnce(&mut enet_proto::Host)) {
        if self.is_active() {
            self.0.host.with_engine(|engine| call(&mut engine.host));
            self.0.host.mark(Attention::Gather);
        }
    }
}

impl fmt::Debug for UdpPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpPeer")
            .field("address", &self.0.address.get())
            .field("id", &self.0.id)
            .field("visible", &self.visible())
            .finish_non_exhaustive()
    }
}

impl PartialEq for UdpPeer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for UdpPeer {}

impl Hash for UdpPeer {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        Arc::as_ptr(&self.0).hash(hasher);
    }
}
