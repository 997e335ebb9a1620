//! `parking_lot`'s lock and condition variable, on shuttle's.

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;

use shuttle::sync::TryLockError;
use shuttle::sync::mpsc::Sender;

use super::Instant;
use super::clock::Wait;
use super::poll::step;

/// As `parking_lot::Mutex`.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

/// As `parking_lot::MutexGuard`.
pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// `None` only inside [`Condvar`].
    locked: Option<shuttle::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let locked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.guard(locked)
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(locked) => Some(self.guard(locked)),
            Err(TryLockError::Poisoned(error)) => Some(self.guard(error.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(crate) fn try_lock_until(&self, deadline: Instant) -> Option<MutexGuard<'_, T>> {
        loop {
            if let Some(guard) = self.try_lock() {
                return Some(guard);
            }
            if Instant::now() >= deadline {
                return None;
            }
            shuttle::thread::yield_now();
        }
    }

    const fn guard<'a>(&'a self, locked: shuttle::sync::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        MutexGuard {
            mutex: self,
            locked: Some(locked),
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.locked.as_ref().expect("locked outside of waits")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.locked.as_mut().expect("locked outside of waits")
    }
}

/// As `parking_lot::Condvar`.
#[derive(Debug, Default)]
pub(crate) struct Condvar {
    waiting: std::sync::Mutex<Vec<Sender<()>>>,
}

/// Whether a wait has ended by its deadline.
#[derive(Debug)]
pub(crate) struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub(crate) const fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        self.wait_for(guard, None);
    }

    pub(crate) fn wait_until<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        WaitTimeoutResult(self.wait_for(guard, Some(deadline)))
    }

    pub(crate) fn notify_all(&self) {
        step();
        for end in self.take_waiting() {
            // Whoever waited may have gone on by its deadline.
            let _ = end.send(());
        }
    }

    fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, deadline: Option<Instant>) -> bool {
        let wait = Wait::new();
        // Others run before the lock is free and not again before this thread waits: the two are one step.
        guard.locked = None;
        self.waiting
            .lock()
            .expect("no panic in here")
            .push(wait.end());
        let timed_out = wait.until(deadline);
        guard.locked = guard.mutex.lock().locked.take();
        timed_out
    }

    fn take_waiting(&self) -> Vec<Sender<()>> {
        std::mem::take(&mut self.waiting.lock().expect("no panic in here"))
    }
}
