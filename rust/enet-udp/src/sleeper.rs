//! [`Sleeper`]: how a thread waits for sockets, and how others wake it only when it sleeps.

use std::io;

use mio::{Interest, Token};

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Events, Instant, Mutex, Poll, Registry, UdpSocket, Waker};

/// The token of the waker; sockets have others.
const WAKER: Token = Token(usize::MAX);
/// The value of `asleep_until` while the thread runs.
const AWAKE: u64 = 0;

/// Until when a thread wants to sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Until {
    /// Not at all: there is work.
    Now,
    /// Until this moment, a readable socket or a wake-up.
    Moment(Instant),
    /// Until a readable socket or a wake-up.
    Woken,
}

/// What the one thread that sleeps and the many that wake it share.
///
/// A wake-up is a system call only if the thread sleeps. That no wake-up is lost rests on one order, sequentially
/// consistent on both sides: the sleeper announces that it sleeps and then looks for work; a waker leaves work and
/// then looks whether anybody sleeps.
pub(crate) struct Sleeper {
    origin: Instant,
    /// [`AWAKE`], or the microsecond since `origin` at which the sleeper wakes by itself.
    asleep_until: AtomicU64,
    /// Gone once nobody sleeps here any more, so that handles which outlive it keep no descriptor open.
    system: Mutex<Option<System>>,
}

struct System {
    registry: Registry,
    waker: Waker,
}

impl Sleeper {
    /// A sleeper and the [`Poll`] of the thread that will sleep.
    pub(crate) fn new() -> io::Result<(Self, Poll)> {
        let poll = Poll::new()?;
        let system = System {
            registry: poll.registry().try_clone()?,
            waker: Waker::new(poll.registry(), WAKER)?,
        };
        let sleeper = Self {
            origin: Instant::now(),
            asleep_until: AtomicU64::new(AWAKE),
            system: Mutex::new(Some(system)),
        };
        Ok((sleeper, poll))
    }

    /// Wakes the sleeper, if it sleeps, to look for work that was left before this call.
    pub(crate) fn wake(&self) {
        self.wake_if_asleep_past(AWAKE);
    }

    /// Wakes the sleeper if it would sleep past `moment`.
    pub(crate) fn wake_before(&self, moment: Instant) {
        self.wake_if_asleep_past(self.micros(moment));
    }

    /// Wakes the sleeper whenever `socket` becomes readable; edge-triggered, so it reads until there is nothing.
    pub(crate) fn register(&self, socket: &mut UdpSocket, token: Token) -> io::Result<()> {
        match &*self.system.lock() {
            Some(system) => system.registry.register(socket, token, Interest::READABLE),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The opposite of [`Self::register`], before the socket is closed.
    pub(crate) fn deregister(&self, socket: &mut UdpSocket) {
        if let Some(system) = &*self.system.lock() {
            // Closing the socket ends its registration as well; this only spares the system a search.
            let _ = system.registry.deregister(socket);
        }
    }

    /// Sleeps as long as `until` says, which is asked after the sleep was announced. `events` then names the sockets.
    pub(crate) fn sleep(
        &self,
        poll: &mut Poll,
        events: &mut Events,
        until: impl FnOnce() -> Until,
    ) -> io::Result<()> {
        self.asleep_until.store(u64::MAX, Ordering::SeqCst);
        let timeout = match until() {
            Until::Now => {
                self.asleep_until.store(AWAKE, Ordering::SeqCst);
                Some(std::time::Duration::ZERO)
            }
            Until::Moment(moment) => {
                // Who lowers a deadline between the announcement and this line saw the announcement and wakes.
                self.asleep_until
                    .store(self.micros(moment), Ordering::SeqCst);
                Some(moment.saturating_duration_since(Instant::now()))
            }
            Until::Woken => None,
        };
        let result = poll.poll(events, timeout);
        self.asleep_until.store(AWAKE, Ordering::SeqCst);
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            result => result,
        }
    }

    /// Gives the system's part back; nobody sleeps here after this.
    pub(crate) fn dismantle(&self) {
        *self.system.lock() = None;
    }

    fn wake_if_asleep_past(&self, micros: u64) {
        if self.asleep_until.load(Ordering::SeqCst) <= micros
            || self.asleep_until.swap(AWAKE, Ordering::SeqCst) == AWAKE
        {
            return;
        }
        if let Some(system) = &*self.system.lock()
            && let Err(error) = system.waker.wake()
        {
            log::warn!("cannot wake the network thread: {error}");
        }
    }

    /// `moment` on this sleeper's scale, never [`AWAKE`].
    fn micros(&self, moment: Instant) -> u64 {
        let micros = moment.saturating_duration_since(self.origin).as_micros();
        u64::try_from(micros).unwrap_or(u64::MAX).max(AWAKE + 1)
    }
}

#[cfg(all(test, not(feature = "models")))]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn work_left_before_the_sleep_is_seen_and_work_left_during_it_wakes() {
        let (sleeper, mut poll) = Sleeper::new().unwrap();
        let mut events = Events::with_capacity(4);
        sleeper
            .sleep(&mut poll, &mut events, || Until::Now)
            .unwrap();
        // Whoever looks after the announcement finds a sleeper and writes to the waker, so the wait cannot block.
        sleeper
            .sleep(&mut poll, &mut events, || {
                sleeper.wake();
                Until::Woken
            })
            .unwrap();
        assert_eq!(
            events
                .iter()
                .map(mio::event::Event::token)
                .collect::<Vec<_>>(),
            [WAKER]
        );
    }

    #[test]
    fn a_later_deadline_does_not_wake_and_an_earlier_one_does() {
        let (sleeper, mut poll) = Sleeper::new().unwrap();
        let mut events = Events::with_capacity(4);
        let soon = Instant::now() + Duration::from_millis(5);
        for (deadline, woken) in [
            (soon + Duration::from_secs(1), false),
            (soon - Duration::from_millis(4), true),
        ] {
            sleeper
                .asleep_until
                .store(sleeper.micros(soon), Ordering::SeqCst);
            sleeper.wake_before(deadline);
            assert_eq!(sleeper.asleep_until.load(Ordering::SeqCst) == AWAKE, woken);
            poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
            assert_eq!(events.is_empty(), !woken);
        }
    }
}
