//! [`HostShared`]: one host, as the game's handles and its driver share it.
//!
//! [`turn`] has the steps that every driver takes, [`transmit`] what leaves the host.

mod transmit;
mod turn;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use enet_proto::{
    ConnectError, HostConfig, Limits, PeerId, Prefix, Reason, SendError, Time, Verdict, WaitingId,
};
use mio::Token;

use crate::carrier::{self, Carrier};
use crate::engine::Engine;
use crate::error::ReplaceError;
use crate::host::{HostHandle, UdpHost};
use crate::inbox::Inbox;
use crate::peer::UdpPeer;
use crate::port::Port;
use crate::route;
use crate::sleeper::Sleeper;
use crate::socket::{Socket, normalised};
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use crate::sync::{Instant, Mutex, MutexGuard};
use crate::transport::Transport;
use crate::watch::Watch;

/// No deadline.
const NEVER: u64 = u64::MAX;

/// What the engine's clock shows when a host opens.
///
/// ENet reads the system's clock, which never shows anything near zero: a peer that nothing was received from yet looks
/// silent for long, so a ping leaves with the first acknowledgement, and its answer is the first measure of the
/// round-trip time. By a clock that begins at zero it would wait for half a second.
const CLOCK_START: Duration = Duration::from_secs(60);

/// How soon a host wants to send; the order is the order of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Attention {
    /// Nothing was queued since the last transmission.
    None = 0,
    /// Something was; what else the frame queues may join it.
    Gather = 1,
    /// At once.
    Now = 2,
}

/// One host.
pub(crate) struct HostShared {
    /// When the engine's [`Time`] was [`CLOCK_START`].
    origin: Instant,
    handle: Weak<HostHandle>,
    token: Token,
    sleeper: Arc<Sleeper>,
    /// Whether it began with the network thread; see [`Self::is_threaded`].
    threaded: bool,
    open: AtomicBool,
    started: AtomicBool,
    /// Whether a transport is in the socket's place, or about to be: no thread but those that call the host drives it.
    carried: AtomicBool,
    /// An [`Attention`]; raised after the engine took the packet, lowered before the engine is asked for datagrams.
    attention: AtomicU8,
    /// The engine's deadline in microseconds of its [`Time`], or [`NEVER`].
    deadline: AtomicU64,
    port: Mutex<Port>,
    engine: Mutex<Option<Engine>>,
    pub(crate) inbox: Inbox,
    pub(crate) watch: Watch,
}

impl HostShared {
    /// A host that is driven by whoever sleeps on `sleeper`, where its socket answers to `token`.
    pub(crate) fn new(
        handle: Weak<HostHandle>,
        config: HostConfig,
        socket: Socket,
        sleeper: Arc<Sleeper>,
        threaded: bool,
        token: Token,
    ) -> Self {
        Self {
            origin: Instant::now(),
            handle,
            token,
            sleeper,
            threaded,
            open: AtomicBool::new(true),
            started: AtomicBool::new(false),
            carried: AtomicBool::new(false),
            attention: AtomicU8::new(Attention::None as u8),
            deadline: AtomicU64::new(NEVER),
            port: Mutex::new(Port::new(socket)),
            engine: Mutex::new(Some(Engine::new(config))),
            inbox: Inbox::default(),
            watch: Watch::default(),
        }
    }

    /// Lets the sleeper hear of the socket, if it has a port already.
    pub(crate) fn register(&self) -> io::Result<()> {
        self.port.lock().register(&self.sleeper, self.token)
    }

    pub(crate) fn handle(&self) -> Option<UdpHost> {
        self.handle.upgrade().map(UdpHost::from_handle)
    }

    pub(crate) const fn token(&self) -> Token {
        self.token
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    pub(crate) fn is_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    /// Whether the network thread drives the host, and so may send later than the game queued.
    pub(crate) fn is_threaded(&self) -> bool {
        self.threaded && !self.is_carried()
    }

    /// Whether a [`Transport`] carries the datagrams.
    pub(crate) fn is_carried(&self) -> bool {
        self.carried.load(Ordering::Acquire)
    }

    /// Takes the socket away, for something else to carry the datagrams.
    pub(crate) fn take_socket<E>(&self) -> Result<Socket, ReplaceError<E>> {
        let socket = self.port.lock().take_socket(&self.sleeper);
        let Some(socket) = socket else {
            return Err(if self.is_open() {
                ReplaceError::Replaced
            } else {
                ReplaceError::Closed
            });
        };
        self.carried.store(true, Ordering::Release);
        Ok(socket)
    }

    /// Closes `socket` and lets what `make` returns carry the datagrams in its place.
    pub(crate) fn carry_in_place_of<E>(
        &self,
        socket: Socket,
        make: impl FnOnce(Option<SocketAddr>) -> Result<Box<dyn Transport>, E>,
    ) -> Result<(), ReplaceError<E>> {
        let (local_address, reach) = (socket.local_address(), carrier::reach(&socket));
        drop(socket);
        let carrier = match make(local_address) {
            Ok(transport) => Arc::new(Carrier::new(transport, reach)),
            Err(error) => {
                self.fail();
                return Err(ReplaceError::Transport(error));
            }
        };
        let mut port = self.port.lock();
        if self.is_open() {
            port.carry(carrier);
            return Ok(());
        }
        drop(port);
        carrier.close();
        Err(ReplaceError::Closed)
    }

    /// Lets what carries the datagrams send and receive, if it is no socket. The caller holds no lock but the driver's.
    pub(crate) fn exchange(&self) {
        if let Some(carrier) = self.carrier() {
            carrier.exchange(|| {
                let peers = self.with_engine(|engine| {
                    // Who has left is a peer until the game has heard of it.
                    engine.release_taken(&self.inbox);
                    engine.addresses()
                });
                peers.unwrap_or_default()
            });
        }
    }

    fn carrier(&self) -> Option<Arc<Carrier>> {
        if self.is_carried() {
            self.port.lock().carrier().cloned()
        } else {
            None
        }
    }

    /// Calls the engine; `None` once the host is closed. No system call belongs into `call`.
    pub(crate) fn with_engine<R>(&self, call: impl FnOnce(&mut Engine) -> R) -> Option<R> {
        self.engine.lock().as_mut().map(call)
    }

    /// Starts a connection and shows its peer; without an address it is located later.
    pub(crate) fn connect(
        self: &Arc<Self>,
        address: Option<SocketAddr>,
        channel_count: usize,
        data: u32,
    ) -> Option<Result<UdpPeer, ConnectError>> {
        let address = address.map(normalised);
        self.with_engine(|engine| {
            // The slot may be that of a peer whose end the game has heard of.
            engine.release_taken(&self.inbox);
            let id = match address {
                Some(address) => engine.host.connect(address, channel_count, data)?,
                None => engine.host.connect_later(channel_count, data)?,
            };
            let channel_count = engine.host.channel_count(id);
            let peer = UdpPeer::outgoing(Arc::clone(self), id, address, channel_count);
            engine.remember(peer.clone());
            self.inbox.lock().add(peer.clone());
            Ok(peer)
        })
    }

    /// Tells where a peer is that was started without an address, or that it is nowhere.
    pub(crate) fn locate(&self, peer: PeerId, address: Option<SocketAddr>) {
        self.with_engine(|engine| engine.host.locate(peer, address));
        self.mark(Attention::Gather);
    }

    /// Changes what others may cost the host.
    pub(crate) fn set_limits(&self, limits: Limits) {
        self.with_engine(|engine| engine.host.set_limits(self.now(), limits));
    }

    /// Lets nobody from `prefix` in for a time, and sees to it that who waits is told.
    pub(crate) fn ban(&self, prefix: Prefix, duration: Option<Duration>, answer: Option<u32>) {
        self.with_engine(|engine| engine.host.ban(self.now(), prefix, duration, answer));
        self.mark(Attention::Now);
    }

    /// The bans that hold and how long they will.
    pub(crate) fn bans(&self) -> Vec<(Prefix, Option<Duration>)> {
        let now = self.now();
        let bans = self.with_engine(|engine| engine.host.bans(now));
        let left = |until: Time| Duration::from_micros(until.as_micros() - now.as_micros());
        bans.into_iter()
            .flatten()
            .map(|ban| (ban.prefix, ban.until.map(left)))
            .collect()
    }

    /// Decides about a connection that waits, and sees to it that the remote is told.
    pub(crate) fn answer(&self, id: WaitingId, verdict: Verdict) {
        self.with_engine(|engine| engine.host.answer(self.now(), id, verdict));
        self.mark(Attention::Now);
    }

    /// Queues `packet` and sees to it that it leaves.
    pub(crate) fn send(
        &self,
        peer: PeerId,
        channel_id: u8,
        packet: enet_proto::Packet,
    ) -> Option<Result<(), SendError>> {
        let queued = self.with_engine(|engine| engine.send(peer, channel_id, packet))?;
        Some(queued.map(|attention| self.mark(attention)))
    }

    /// Lets the host read and send from now on, if it did not yet, and send what is queued without more gathering.
    pub(crate) fn start(&self) {
        if !self.started.load(Ordering::Relaxed) {
            self.started.store(true, Ordering::Release);
            self.raise(Attention::Now);
        } else if self.attention() == Attention::Gather {
            self.raise(Attention::Now);
        }
    }

    /// Notes that the game takes what there is, and lets a host go on that was suspended.
    pub(crate) fn attend(&self) {
        if self.watch.attend() {
            self.resume();
        }
    }

    /// Ends what [`Self::suspend`] began.
    pub(crate) fn resume(&self) {
        self.with_engine(|engine| engine.host.resume());
    }

    /// Tells the remotes that the game does not take what they send, and parts from them.
    pub(crate) fn suspend(&self) {
        self.with_engine(|engine| engine.host.suspend(Reason::Stalled.to_data()));
    }

    /// How long the game may stay away before the network thread suspends the host; `None` is for ever.
    pub(crate) fn set_max_stall_time(&self, limit: Option<Duration>) {
        self.watch.set_stall_limit(limit);
        self.wake_thread();
    }

    /// As [`Self::set_max_stall_time`], by the game clock.
    pub(crate) fn set_max_idle_time(&self, limit: Option<Duration>) {
        self.watch.set_idle_limit(limit);
        self.wake_thread();
    }

    /// Lets the network thread look again at when it is needed.
    fn wake_thread(&self) {
        if self.is_threaded() {
            self.sleeper.wake();
        }
    }

    /// Tells the driver that something was queued; costs a load while it knows already.
    pub(crate) fn mark(&self, attention: Attention) {
        if self.started.load(Ordering::Relaxed)
            && self.attention.load(Ordering::Relaxed) < attention as u8
        {
            self.raise(attention);
        }
    }

    /// How soon the host wants to send.
    pub(crate) fn attention(&self) -> Attention {
        match self.attention.load(Ordering::SeqCst) {
            0 => Attention::None,
            1 => Attention::Gather,
            _ => Attention::Now,
        }
    }

    /// When the engine's next timer is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.deadline.load(Ordering::SeqCst) {
            NEVER => None,
            micros => {
                let since_origin = Duration::from_micros(micros).saturating_sub(CLOCK_START);
                self.origin.checked_add(since_origin)
            }
        }
    }

    pub(crate) fn reaches(&self, address: IpAddr) -> bool {
        let from = {
            let port = self.port.lock();
            match (port.carrier(), port.socket()) {
                (Some(carrier), _) if carrier.reaches(address) => None,
                (None, Some(socket)) if socket.reaches(address) => socket.local_address(),
                _ => return false,
            }
        };
        let from = from
            .map(|local| local.ip())
            .filter(|local| !local.is_unspecified());
        route::exists(from, address)
    }

    /// Sends what a started host has queued and ends it; the port is free when this returns.
    pub(crate) fn close(self: &Arc<Self>) {
        let mut port = self.port.lock();
        if self.is_started() {
            self.transmit_all(&mut port);
        }
        self.end(port);
    }

    /// Ends a host that cannot go on, sending nothing.
    pub(crate) fn fail(&self) {
        self.end(self.port.lock());
    }

    pub(crate) fn sleeper(&self) -> &Sleeper {
        &self.sleeper
    }

    fn end(&self, mut port: MutexGuard<'_, Port>) {
        let engine = self.engine.lock().take();
        self.open.store(false, Ordering::Release);
        let carrier = port.close(&self.sleeper);
        drop(port);
        self.inbox.close();
        // A compressor's drop may run code that is not ours, as may a transport: no lock is held any more.
        drop(engine);
        if let Some(carrier) = carrier {
            carrier.close();
        }
    }

    fn raise(&self, attention: Attention) {
        if self.attention.fetch_max(attention as u8, Ordering::SeqCst) < attention as u8
            && !self.is_carried()
        {
            self.sleeper.wake();
        }
    }

    fn now(&self) -> Time {
        let shown = CLOCK_START + self.origin.elapsed();
        Time::from_micros(u64::try_from(shown.as_micros()).unwrap_or(NEVER))
    }
}
