//! [`Instant`]: a moment of a clock that only [`advance`] moves.
//!
//! An execution of a model has one thread of the system for all of its threads, so what belongs to the execution is
//! kept in variables of that thread, and nothing but a call of shuttle's can come between two steps.

use std::cell::{Cell, RefCell};
use std::ops::Add;
use std::time::Duration;

use shuttle::sync::mpsc::{Receiver, Sender, channel};

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// Waits that have a deadline.
    static ALARMS: RefCell<Vec<Sender<()>>> = const { RefCell::new(Vec::new()) };
}

/// As [`std::time::Instant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(NOW.get())
    }

    pub(crate) fn elapsed(self) -> Duration {
        NOW.get() - self.0
    }

    pub(crate) fn checked_add(self, span: Duration) -> Option<Self> {
        self.0.checked_add(span).map(Self)
    }

    pub(crate) const fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0 + span)
    }
}

/// Moves the clock, which ends all waits that are due.
pub(crate) fn advance(span: Duration) {
    NOW.set(NOW.get() + span);
    for alarm in ALARMS.take() {
        // Whoever waited may have gone on already.
        let _ = alarm.send(());
    }
}

pub(super) fn begin() {
    NOW.set(Duration::ZERO);
    ALARMS.take();
}

/// A wait of one thread, which it ends by nothing but [`Sender::send`] or its deadline.
pub(super) struct Wait {
    end: Sender<()>,
    ended: Receiver<()>,
}

impl Wait {
    pub(super) fn new() -> Self {
        let (end, ended) = channel();
        Self { end, ended }
    }

    /// What ends the wait, also before it has begun.
    pub(super) fn end(&self) -> Sender<()> {
        self.end.clone()
    }

    /// Waits to be ended, or until `deadline`; whether that has come.
    pub(super) fn until(self, deadline: Option<Instant>) -> bool {
        let is_over = |now: Instant| deadline.is_some_and(|deadline| now >= deadline);
        if is_over(Instant::now()) {
            return true;
        }
        if deadline.is_some() {
            ALARMS.with_borrow_mut(|alarms| alarms.push(self.end.clone()));
        }
        self.ended.recv().expect("the wait has a sender itself");
        is_over(Instant::now())
    }
}
