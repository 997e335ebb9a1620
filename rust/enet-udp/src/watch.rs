//! [`Watch`] and [`Vigil`]: whether the game still looks after its host.
//!
//! A call of the game leaves a mark, and the network thread looks for it, so that a call costs no look at the clock.

use std::time::Duration;

use crate::shared::HostShared;
use crate::sleeper::Until;
use crate::sync::Instant;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// How often the thread looks within the span that the game may stay away: it is that exact.
const LOOKS: u32 = 16;

/// The marks of the game's calls.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Microseconds that the game may stay away; 0 is for ever.
    limit: AtomicU64,
    /// Whether a call came since the last look.
    attended: AtomicBool,
    /// Calls that wait for an event now.
    waiting: AtomicUsize,
    /// Whether the host is suspended because nobody came.
    stalled: AtomicBool,
}

impl Watch {
    /// Changes how long the game may stay away; `None` is for ever.
    pub(crate) fn set_limit(&self, limit: Option<Duration>) {
        let micros = limit.map_or(0, |limit| {
            u64::try_from(limit.as_micros()).unwrap_or(u64::MAX).max(1)
        });
        self.limit.store(micros, Ordering::SeqCst);
    }

    /// Notes a call; `true` if the host was suspended meanwhile and is to be resumed.
    pub(crate) fn attend(&self) -> bool {
        self.attended.store(true, Ordering::Relaxed);
        self.stalled.load(Ordering::SeqCst) && self.stalled.swap(false, Ordering::SeqCst)
    }

    /// Notes that the host was suspended; `true` if it is to be resumed, for a call that waits and may have come before
    /// this note.
    pub(crate) fn stall(&self) -> bool {
        self.stalled.store(true, Ordering::SeqCst);
        self.waiting.load(Ordering::SeqCst) > 0 && self.stalled.swap(false, Ordering::SeqCst)
    }

    /// Counts as a call until it is dropped. To be followed by [`Self::attend`].
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(self)
    }

    fn limit(&self) -> Option<Duration> {
        let micros = self.limit.load(Ordering::SeqCst);
        (micros > 0).then(|| Duration::from_micros(micros))
    }

    /// Whether a call came since this was asked last, or waits.
    pub(crate) fn was_attended(&self) -> bool {
        self.attended.swap(false, Ordering::SeqCst) || self.waiting.load(Ordering::SeqCst) > 0
    }
}

/// A call of the game that lasts.
pub(crate) struct Waiting<'a>(&'a Watch);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.attended.store(true, Ordering::SeqCst);
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What the network thread keeps of a host to notice that nobody comes.
#[derive(Debug, Default)]
pub(crate) struct Vigil {
    limit: Option<Duration>,
    next: Option<Instant>,
    /// Looks in a row that found no mark.
    missed: u32,
}

impl Vigil {
    /// When to look next, as seen at `now`.
    pub(crate) fn until(&mut self, host: &HostShared, now: Instant) -> Until {
        let limit = host.watch.limit();
        if limit != self.limit {
            *self = Self {
                limit,
                ..Self::default()
            };
        }
        let Some(limit) = limit else {
            return Until::Woken;
        };
        let next = self
            .next
            .get_or_insert_with(|| now.checked_add(limit / LOOKS).unwrap_or(now));
        Until::Moment(*next)
    }

    /// Looks, if it is time to: suspends a host to which nobody came for too long.
    pub(crate) fn look(&mut self, host: &HostShared, now: Instant) {
        if self.next.is_none_or(|next| next > now) {
            return;
        }
        self.next = None;
        if host.watch.was_attended() {
            self.missed = 0;
            return;
        }
        self.missed += 1;
        if self.missed >= LOOKS {
            self.missed = LOOKS;
            host.suspend();
            if host.watch.stall() {
                host.resume();
            }
        }
    }
}
