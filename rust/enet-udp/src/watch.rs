//! [`Watch`] and [`Vigil`]: whether the game still looks after its host.
//!
//! A call of the game leaves a mark, and the network thread looks for it, so that a call costs no look at the clock.

use std::time::Duration;

use crate::frames;
use crate::shared::HostShared;
use crate::sleeper::Until;
use crate::sync::Instant;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// How often the thread looks within the shortest span that the game may stay away: it is that exact.
const LOOKS: u32 = 16;

/// How long the game may stay away; `None` is for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Limits {
    /// By the time of the system; without it `idle` does not count either.
    stall: Option<Duration>,
    /// By the game clock, see [`frames`].
    idle: Option<Duration>,
}

/// The marks of the game's calls.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// [`Limits`] in microseconds; 0 is for ever.
    stall_limit: AtomicU64,
    idle_limit: AtomicU64,
    /// Whether a call came since the last look.
    attended: AtomicBool,
    /// Calls that wait for an event now.
    waiting: AtomicUsize,
    /// Whether the host is suspended because nobody came.
    stalled: AtomicBool,
}

impl Watch {
    /// Changes how long the game may stay away; `None` is for ever.
    pub(crate) fn set_stall_limit(&self, limit: Option<Duration>) {
        self.stall_limit.store(micros_of(limit), Ordering::SeqCst);
    }

    /// Changes for how long of the game clock the game may stay away; `None` is for ever.
    pub(crate) fn set_idle_limit(&self, limit: Option<Duration>) {
        self.idle_limit.store(micros_of(limit), Ordering::SeqCst);
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

    fn limits(&self) -> Limits {
        let limit = |micros: &AtomicU64| match micros.load(Ordering::SeqCst) {
            0 => None,
            micros => Some(Duration::from_micros(micros)),
        };
        Limits {
            stall: limit(&self.stall_limit),
            idle: limit(&self.idle_limit),
        }
    }

    /// Whether a call came since this was asked last, or waits.
    pub(crate) fn was_attended(&self) -> bool {
        self.attended.swap(false, Ordering::SeqCst) || self.waiting.load(Ordering::SeqCst) > 0
    }
}

fn micros_of(limit: Option<Duration>) -> u64 {
    limit.map_or(0, |limit| {
        u64::try_from(limit.as_micros()).unwrap_or(u64::MAX).max(1)
    })
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
    limits: Limits,
    next: Option<Instant>,
    /// Time that looks in a row found no mark for. It is counted by looks: a process that was stopped has missed few.
    away: Duration,
    /// What the game clock showed at the last look that found a mark, or at the first one.
    attended_at: Option<Duration>,
}

impl Vigil {
    /// When to look next, as seen at `now`.
    pub(crate) fn until(&mut self, watch: &Watch, now: Instant) -> Until {
        let limits = watch.limits();
        if limits != self.limits {
            *self = Self {
                limits,
                ..Self::default()
            };
        }
        let Some(interval) = self.interval() else {
            return Until::Woken;
        };
        let next = self
            .next
            .get_or_insert_with(|| now.checked_add(interval).unwrap_or(now));
        Until::Moment(*next)
    }

    /// Looks, if it is time to: suspends a host to which nobody came for too long.
    pub(crate) fn look(&mut self, host: &HostShared, now: Instant) {
        if self.misses(&host.watch, now, frames::running()) {
            host.suspend();
            if host.watch.stall() {
                host.resume();
            }
        }
    }

    /// Whether it is time to look, and nobody came for too long, `now` and by the game clock, which shows `running`.
    fn misses(&mut self, watch: &Watch, now: Instant, running: Duration) -> bool {
        let (Some(stall), Some(interval)) = (self.limits.stall, self.interval()) else {
            return false;
        };
        if self.next.is_none_or(|next| next > now) {
            return false;
        }
        self.next = None;
        if watch.was_attended() {
            self.away = Duration::ZERO;
            self.attended_at = Some(running);
            return false;
        }
        self.away = self.away.saturating_add(interval);
        let idle = running.saturating_sub(*self.attended_at.get_or_insert(running));
        self.away >= stall || self.limits.idle.is_some_and(|limit| idle > limit)
    }

    /// The time between two looks, rounded up so that [`LOOKS`] of them are the span.
    fn interval(&self) -> Option<Duration> {
        let stall = self.limits.stall?;
        let span = self.limits.idle.map_or(stall, |idle| idle.min(stall));
        Some(span / LOOKS + Duration::from_nanos(1))
    }
}

#[cfg(all(test, not(feature = "models")))]
mod tests {
    use super::*;

    const STALL: Duration = Duration::from_secs(120);
    const IDLE: Duration = Duration::from_secs(10);
    /// Longer than the time between two looks.
    const STEP: Duration = Duration::from_millis(700);

    /// Takes the looks of so long a time, in which the game clock shows what `running` makes of the time; how long it
    /// took until the host was missed.
    fn missed_after(
        watch: &Watch,
        span: Duration,
        running: impl Fn(Duration) -> Duration,
        mut each: impl FnMut(),
    ) -> Option<Duration> {
        let (mut vigil, start) = (Vigil::default(), Instant::now());
        (0..)
            .map(|step| STEP * step)
            .take_while(|elapsed| *elapsed < span)
            .find(|&elapsed| {
                each();
                let now = start + elapsed;
                let is_missed = vigil.misses(watch, now, running(elapsed));
                vigil.until(watch, now);
                is_missed
            })
    }

    fn watch(stall: Option<Duration>, idle: Option<Duration>) -> Watch {
        let watch = Watch::default();
        watch.set_stall_limit(stall);
        watch.set_idle_limit(idle);
        watch
    }

    #[test]
    fn a_game_that_runs_and_does_not_come_is_missed_soon_and_one_that_stalls_late() {
        let watch = watch(Some(STALL), Some(IDLE));
        let runs = missed_after(&watch, STALL * 2, |elapsed| elapsed, || {}).unwrap();
        assert!(runs > IDLE && runs < IDLE + STEP * 2, "{runs:?}");
        let stalls = |elapsed: Duration| elapsed.min(IDLE / 2);
        let stalled = missed_after(&watch, STALL * 2, stalls, || {}).unwrap();
        assert!(stalled >= STALL && stalled < STALL * 2, "{stalled:?}");
    }

    #[test]
    fn a_game_that_comes_or_waits_is_not_missed() {
        let watch = watch(Some(STALL), Some(IDLE));
        let comes = || {
            watch.attend();
        };
        assert_eq!(missed_after(&watch, STALL * 2, |now| now, comes), None);
        let waiting = watch.wait();
        assert_eq!(missed_after(&watch, STALL * 2, |now| now, || {}), None);
        drop(waiting);
    }

    #[test]
    fn without_a_limit_of_stalls_nobody_is_missed_and_a_short_one_holds() {
        let for_ever = watch(None, Some(IDLE));
        assert_eq!(missed_after(&for_ever, STALL * 2, |now| now, || {}), None);
        let short = watch(Some(IDLE / 2), Some(IDLE));
        let missed = missed_after(&short, STALL, |_| Duration::ZERO, || {}).unwrap();
        assert!(missed >= IDLE / 2, "{missed:?}");
        let no_frames = watch(Some(STALL), None);
        let missed = missed_after(&no_frames, STALL * 2, |now| now, || {}).unwrap();
        assert!(missed >= STALL, "{missed:?}");
    }
}
