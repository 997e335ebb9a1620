//! [`UdpHost`]: the game's handle to one host.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use enet_proto::{
    Admission, Compressor, ConnectRequest, HostStatistics, Limits, Packet, PeerState, PeerTimes,
    Prefix, Recovery, Verdict, WaitingId,
};
use mio::Token;

use crate::config::UdpHostConfig;
use crate::direct::Direct;
use crate::error::{ConnectError, OpenError, ReplaceError};
use crate::event::HostEvent;
use crate::peer::{UdpPeer, Visible};
use crate::reactor::Attachment;
use crate::shared::{Attention, HostShared};
use crate::socket::Socket;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Instant, Mutex, MutexGuard, process_wide, thread};
use crate::transport::Transport;

/// A host with its socket. Clones are handles to the same host; the last one closes it.
#[derive(Clone)]
pub struct UdpHost(Arc<HostHandle>);

/// What all handles to a host share; its drop closes the host.
pub(crate) struct HostHandle {
    shared: Arc<HostShared>,
    driver: Driver,
}

/// Who drives a host. A host that leaves the network thread gets what the callers need.
struct Driver {
    /// The claim to the network thread, while that drives.
    attachment: Mutex<Option<Attachment>>,
    /// What the threads that call the host need to drive it, while they do.
    direct: Mutex<Option<Direct>>,
}

impl Driver {
    const fn new(attachment: Option<Attachment>, direct: Option<Direct>) -> Self {
        Self {
            attachment: Mutex::new(attachment),
            direct: Mutex::new(direct),
        }
    }

    /// Lets the callers drive a host that has no socket any more.
    fn leave_socket(&self, shared: &HostShared) {
        let attachment = self.attachment.lock().take();
        if attachment.is_none() {
            // Ends a service call that waits for the socket elsewhere.
            shared.sleeper().wake();
        }
        *self.direct.lock() = Some(Direct::without_socket());
        if attachment.is_none() {
            shared.sleeper().dismantle();
        } else {
            // Ends a service call that waits for the thread elsewhere.
            shared.inbox.wake();
            drop(attachment);
        }
    }

    /// Gives up the claim to the network thread; the drop of the last one waits for the thread.
    fn detach(&self) {
        let attachment = self.attachment.lock().take();
        drop(attachment);
    }
}

process_wide! {
    /// Tells the sockets of the process apart.
    static NEXT_TOKEN: AtomicUsize = AtomicUsize::new(0);
}

impl UdpHost {
    /// Opens the socket. The host neither reads nor sends before its first `poll`, `service` or `flush`.
    ///
    /// # Errors
    /// [`OpenError`] when the system gives no socket, address, seed or thread.
    pub fn open(config: UdpHostConfig) -> Result<Self, OpenError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| OpenError::Seed(io::Error::other(error)))?;
        let mut socket = Socket::open(config.bind)?;
        socket.follow_peer(config.follows_peer);
        let (sleeper, driver) = if config.threaded {
            let attachment = Attachment::new().map_err(OpenError::Thread)?;
            (attachment.sleeper(), Driver::new(Some(attachment), None))
        } else {
            let (direct, sleeper) = Direct::new().map_err(OpenError::Socket)?;
            (Arc::new(sleeper), Driver::new(None, Some(direct)))
        };
        let token = Token(NEXT_TOKEN.fetch_add(1, Ordering::Relaxed));
        let host = Self(Arc::new_cyclic(|handle| {
            let shared = HostShared::new(
                handle.clone(),
                config.engine(seed),
                socket,
                sleeper,
                config.threaded,
                token,
            );
            HostHandle {
                shared: Arc::new(shared),
                driver,
            }
        }));
        host.0.shared.register().map_err(OpenError::Socket)?;
        if let Some(attachment) = &*host.0.driver.attachment.lock() {
            attachment.drive(Arc::clone(&host.0.shared));
        }
        Ok(host)
    }

    /// Starts a connection with `channel_count` channels (clamped to 1..=255); `data` is shown to the remote.
    ///
    /// The peer is in [`PeerState::Connecting`](enet_proto::PeerState) and listed by [`Self::peers`] at once.
    ///
    /// # Errors
    /// [`ConnectError::Closed`], or all slots are taken; a peer that is inactive takes none.
    pub fn connect(
        &self,
        address: SocketAddr,
        channel_count: usize,
        data: u32,
    ) -> Result<UdpPeer, ConnectError> {
        let peer = self
            .0
            .shared
            .connect(Some(address), channel_count, data)
            .ok_or(ConnectError::Closed)??;
        self.0.shared.mark(Attention::Gather);
        Ok(peer)
    }

    /// As [`Self::connect`], to a remote whose address is not known yet: [`UdpPeer::locate`] tells it. Until then
    /// nothing is sent and no timeout runs.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn connect_later(&self, channel_count: usize, data: u32) -> Result<UdpPeer, ConnectError> {
        self.0
            .shared
            .connect(None, channel_count, data)
            .ok_or(ConnectError::Closed)?
            .map_err(ConnectError::Refused)
    }

    /// Whether datagrams to `address` can leave by the host's socket: one that is bound to an IPv4 address, or of a
    /// system without IPv6, reaches no IPv6 address, and one bound to an IPv6 address no IPv4 one. Nor is an address
    /// reached to which the system knows no way from here; asking for it sends nothing and does not wait.
    #[must_use]
    pub fn reaches(&self, address: IpAddr) -> bool {
        self.0.shared.reaches(address)
    }

    /// Makes what has arrived available to [`Self::next_event`]; never waits.
    ///
    /// With the network thread this also starts the host and sends what is queued without further gathering; without
    /// it, this reads and sends: up to 256 datagrams, fewer when a connection opens or ends among them.
    pub fn poll(&self) {
        let shared = &self.0.shared;
        shared.attend();
        shared.start();
        // A pass that goes on elsewhere does the same work.
        if !shared.is_threaded()
            && let Some(mut direct) = self.0.driver.direct.try_lock()
            && let Some(direct) = &mut *direct
        {
            direct.pass(shared);
        }
        shared.inbox.release();
    }

    /// The next of the events that [`Self::poll`] found; `None` until the next poll when they are used up.
    ///
    /// Meets neither the engine's lock nor the socket.
    pub fn next_event(&self) -> Option<HostEvent> {
        self.0.shared.inbox.next()
    }

    /// Waits up to `timeout` for one event and returns it; at once when one is ready, and when the host is closed.
    pub fn service(&self, timeout: Duration) -> Option<HostEvent> {
        let shared = &self.0.shared;
        let _waiting = shared.watch.wait();
        shared.attend();
        shared.start();
        if let Some(event) = shared.inbox.take() {
            return Some(event);
        }
        let deadline = Instant::now().checked_add(timeout);
        if shared.is_threaded() {
            let event = shared.inbox.wait_while(deadline, || shared.is_threaded());
            if event.is_some() || shared.is_threaded() {
                return event;
            }
        }
        loop {
            let mut driver = lock_until(&self.0.driver.direct, deadline)?;
            let (event, is_outdated) = match driver.as_mut() {
                Some(direct) => {
                    let event = direct.service(shared, deadline);
                    (event, direct.is_outdated(shared))
                }
                // The network thread has let go of the socket; who drives its transport is on the way.
                None => (None, shared.is_open() && shared.is_carried()),
            };
            let is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if event.is_some() || !is_outdated || is_over {
                return event;
            }
            // Who brings the other driver needs the lock that this would take again.
            drop(driver);
            thread::yield_now();
        }
    }

    /// Sends what is queued: it has been handed to the system when this returns. Delivers no events.
    pub fn flush(&self) {
        self.0.shared.start();
        self.0.shared.transmit();
    }

    /// Whether the network thread drives this host, gathers what is queued and sends it.
    #[must_use]
    pub fn is_threaded(&self) -> bool {
        self.0.shared.is_threaded()
    }

    /// Queues `packet` to every peer in state `Connected` that has the channel; returns to how many.
    pub fn broadcast(&self, channel_id: u8, packet: &Packet) -> usize {
        let shared = &self.0.shared;
        let queued = shared.with_engine(|engine| {
            let (mut reached, mut attention) = (0, Attention::None);
            // The peers that the game knows to be connected, which are not always those that the engine does.
            for peer in shared.inbox.lock().peers() {
                if peer.visible() == Visible::State(PeerState::Connected)
                    && let Ok(wanted) = engine.send(peer.id(), channel_id, packet.clone())
                {
                    reached += 1;
                    attention = attention.max(wanted);
                }
            }
            (reached, attention)
        });
        let (reached, attention) = queued.unwrap_or((0, Attention::None));
        shared.mark(attention);
        reached
    }

    /// Sends one raw datagram from the host's socket; gives an unbound host its port.
    ///
    /// # Errors
    /// What the system said; [`io::ErrorKind::NotConnected`] on a closed host; [`io::ErrorKind::Unsupported`] on one
    /// whose socket was replaced.
    pub fn socket_send(&self, address: SocketAddr, data: &[u8]) -> io::Result<()> {
        self.0.shared.send_raw(address, data)
    }

    /// Closes the socket for good and lets what `make` returns carry the datagrams. From then on the threads that call
    /// the host drive it, whatever its configuration says.
    ///
    /// `make` is called when the port is free again, and told the address that the socket had, if it had one. Meant for
    /// a host that has not sent yet: what is under way through the socket is lost.
    ///
    /// # Errors
    /// [`ReplaceError`]; if there is no transport, the host is closed.
    pub fn replace_socket<E>(
        &self,
        make: impl FnOnce(Option<SocketAddr>) -> Result<Box<dyn Transport>, E>,
    ) -> Result<(), ReplaceError<E>> {
        let socket = self.0.shared.take_socket()?;
        let replaced = self.0.shared.carry_in_place_of(socket, make);
        self.0.driver.leave_socket(&self.0.shared);
        replaced
    }

    /// Bandwidths announced to peers, in bytes per second; 0 is unlimited. Peers learn them within a second.
    pub fn set_bandwidth(&self, incoming: u32, outgoing: u32) {
        self.0
            .shared
            .with_engine(|engine| engine.host.set_bandwidth(incoming, outgoing));
        self.0.shared.mark(Attention::Gather);
    }

    /// Most channels of later incoming connections; 0 or above 255 means 255.
    pub fn set_channel_limit(&self, channels: usize) {
        self.0
            .shared
            .with_engine(|engine| engine.host.set_channel_limit(channels));
    }

    /// Most channels of an incoming connection; 0 when closed.
    #[must_use]
    pub fn channel_limit(&self) -> usize {
        self.0
            .shared
            .with_engine(|engine| engine.host.channel_limit())
            .unwrap_or(0)
    }

    /// How peers of later connections recover from loss and how fast they send.
    pub fn set_recovery(&self, recovery: Recovery) {
        self.0
            .shared
            .with_engine(|engine| engine.host.set_recovery(recovery));
    }

    /// Whether unreliable packets are dropped where round trips grow or a bandwidth is exceeded.
    pub fn set_throttle_enabled(&self, enabled: bool) {
        self.0
            .shared
            .with_engine(|engine| engine.host.set_throttle_enabled(enabled));
    }

    /// The times that later peers begin with.
    pub fn set_peer_times(&self, times: PeerTimes) {
        self.0
            .shared
            .with_engine(|engine| engine.host.set_peer_times(times));
    }

    /// How long the game may go without [`Self::poll`] and [`Self::service`]; `None`, the default, is for ever.
    ///
    /// After that, and up to a sixteenth of it more, the network thread parts from all remotes with
    /// [`Reason::Stalled`](enet_proto::Reason) and refuses new ones, until the next of these calls. Until then it keeps
    /// the connections up. Without the network thread nobody is there to do it, and connections end by their timeouts.
    pub fn set_max_stall_time(&self, limit: Option<Duration>) {
        self.0.shared.set_max_stall_time(limit);
    }

    /// For how long of the frames that [`note_frame`](crate::note_frame) is told of the game may go without
    /// [`Self::poll`] and [`Self::service`], though it runs; `None`, the default, is for ever.
    ///
    /// What becomes of the host is as with [`Self::set_max_stall_time`], without which this does nothing.
    pub fn set_max_idle_time(&self, limit: Option<Duration>) {
        self.0.shared.set_max_idle_time(limit);
    }

    /// Compresses outgoing datagrams and expects the same of the remotes; `None` stops.
    pub fn set_compressor(&self, compressor: Option<Box<dyn Compressor>>) {
        self.0
            .shared
            .with_engine(|engine| engine.host.set_compressor(compressor));
    }

    /// Lets `admission` decide about connections that others ask for; `None` lets in all that find a slot.
    ///
    /// It is asked by the thread that drives the host, with the engine locked: it may lock what belongs to it alone.
    pub fn set_admission(&self, admission: Option<Box<dyn Admission>>) {
        self.0
            .shared
            .with_engine(|engine| engine.host.set_admission(admission));
    }

    /// What others may cost the host; the defaults when closed.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let limits = self.0.shared.with_engine(|engine| engine.host.limits());
        limits.unwrap_or_default()
    }

    /// Changes what others may cost the host; see [`enet_proto::Host::set_limits`].
    pub fn set_limits(&self, limits: Limits) {
        self.0.shared.set_limits(limits);
    }

    /// Changes [`UdpHostConfig::duplicate_peers`], for connections to come.
    pub fn set_duplicate_peers(&self, peers: usize) {
        self.0
            .shared
            .with_engine(|engine| engine.host.set_duplicate_peers(peers));
    }

    /// Changes [`UdpHostConfig::maximum_waiting_data`], in bytes.
    pub fn set_maximum_waiting_data(&self, bytes: usize) {
        self.0
            .shared
            .with_engine(|engine| engine.host.set_maximum_waiting_data(bytes));
    }

    /// Lets nobody from `prefix` in for `duration`; `None` is for good. Who tries is told `answer`, or nothing. An
    /// earlier ban of the same prefix is replaced. Connections that stand are not ended: see [`Self::disconnect_from`].
    pub fn ban(&self, prefix: Prefix, duration: Option<Duration>, answer: Option<u32>) {
        self.0.shared.ban(prefix, duration, answer);
    }

    /// Ends a ban; `false` if there is none of exactly this prefix that holds.
    pub fn unban(&self, prefix: Prefix) -> bool {
        let held = self.bans().iter().any(|(held, _)| *held == prefix);
        self.0
            .shared
            .with_engine(|engine| engine.host.unban(prefix));
        held
    }

    /// The bans that hold, in order of their prefixes, and how long they will; `None` is for good.
    #[must_use]
    pub fn bans(&self) -> Vec<(Prefix, Option<Duration>)> {
        self.0.shared.bans()
    }

    /// Disconnects, as [`UdpPeer::disconnect`] does, everybody who is connected from `prefix`, and who was to leave later.
    /// Of who has connected and was not reported yet, both events follow.
    pub fn disconnect_from(&self, prefix: Prefix, data: u32) {
        let connected = self.0.shared.with_engine(|engine| {
            let states = [PeerState::Connected, PeerState::DisconnectLater];
            engine.peers_in(&states, |address| prefix.contains(address))
        });
        for peer in connected.into_iter().flatten() {
            peer.expel(data);
        }
    }

    /// Sends, as [`UdpPeer::disconnect_now`] does, a goodbye to everybody who is connected, whether the game has heard of
    /// that or not; it hears of none of them any more. Meant to come before [`Self::close`].
    pub fn disconnect_all_now(&self, data: u32) {
        let connected = self
            .0
            .shared
            .with_engine(|engine| engine.peers_in(&[PeerState::Connected], |_| true));
        for peer in connected.into_iter().flatten() {
            peer.dismiss(data);
        }
    }

    /// The next connection that somebody asks for and that waits for [`Self::answer`], because the admission said
    /// [`Verdict::Wait`]. Each is handed out once, and waits for some seconds at most.
    #[must_use]
    pub fn next_waiting(&self) -> Option<(WaitingId, ConnectRequest)> {
        self.0
            .shared
            .with_engine(|engine| engine.host.next_waiting())
            .flatten()
    }

    /// Decides about a connection of [`Self::next_waiting`]. What the remote is to be told leaves at once by the network
    /// thread, without it by the next `poll`, `service` or `flush`.
    pub fn answer(&self, id: WaitingId, verdict: Verdict) {
        self.0.shared.answer(id, verdict);
    }

    /// The socket's address; `None` when closed, and on an unbound host before the first datagram left.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.0.shared.local_address()
    }

    /// Counters since the host was opened; raw datagrams of [`Self::socket_send`] are not in them.
    #[must_use]
    pub fn statistics(&self) -> HostStatistics {
        self.0
            .shared
            .with_engine(|engine| engine.host.statistics())
            .unwrap_or_default()
    }

    /// Events that have arrived and were not taken: packets among them, which the game has still to read.
    #[must_use]
    pub fn events_waiting(&self) -> usize {
        self.0.shared.inbox.len()
    }

    /// The active peers, in the order in which they appeared.
    #[must_use]
    pub fn peers(&self) -> Vec<UdpPeer> {
        self.0.shared.inbox.lock().peers().to_vec()
    }

    /// Whether the host still works: not closed, and its socket not dead.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.shared.is_open()
    }

    /// Sends the goodbyes already queued, closes the socket and makes every peer inactive; remotes are not told.
    ///
    /// The port can be bound again when this returns. Events not taken are dropped. Closing twice is harmless.
    pub fn close(&self) {
        self.0.close();
    }

    pub(crate) const fn from_handle(handle: Arc<HostHandle>) -> Self {
        Self(handle)
    }
}

impl HostHandle {
    fn close(&self) {
        self.shared.close();
        if self.shared.is_threaded() {
            self.driver.detach();
        } else if !self.shared.is_carried() {
            // Ends a service call that waits elsewhere.
            self.shared.sleeper().wake();
            self.driver.direct.lock().take();
            self.shared.sleeper().dismantle();
        }
        // Who drives a transport keeps nothing of the system's, and may be the one that calls.
    }
}

impl Drop for HostHandle {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for UdpHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpHost")
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

impl PartialEq for UdpHost {
    /// Whether both are handles to the same host.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for UdpHost {}

/// Locks `mutex`, or gives up at `deadline`; `None` is no deadline.
fn lock_until<T>(mutex: &Mutex<T>, deadline: Option<Instant>) -> Option<MutexGuard<'_, T>> {
    match deadline {
        Some(deadline) => mutex.try_lock_until(deadline),
        None => Some(mutex.lock()),
    }
}
