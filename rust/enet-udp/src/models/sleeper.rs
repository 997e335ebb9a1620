//! Models of [`Sleeper`]: whoever sleeps hears of work, whenever it was left.

use std::sync::Arc;
use std::time::Duration;

use super::system::atomic::{AtomicU64, AtomicUsize, Ordering};
use super::system::{Events, Instant, thread};
use super::{every_order, many_orders};
use crate::sleeper::{Sleeper, Until};

#[test]
fn work_that_is_left_is_never_slept_over() {
    every_order(|| sleep_until_all_work_is_found([1]));
}

#[test]
fn work_that_several_leave_is_never_slept_over() {
    many_orders(20_000, || sleep_until_all_work_is_found([1, 2, 4]));
}

#[test]
fn a_deadline_that_comes_nearer_is_never_slept_over() {
    let (near, far) = (Duration::from_secs(1), Duration::from_secs(9));
    every_order(move || {
        let (sleeper, mut poll) = Sleeper::new().unwrap();
        let start = Instant::now();
        let shared = Arc::new((sleeper, AtomicU64::new(far.as_secs())));
        let worker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.store(near.as_secs(), Ordering::SeqCst);
                shared.0.wake_before(start + near);
            })
        };
        let mut events = Events::with_capacity(4);
        let seconds = || shared.1.load(Ordering::SeqCst);
        // The clock stands, so the far deadline never comes.
        while seconds() != near.as_secs() {
            let until = || match seconds() {
                1 => Until::Now,
                seconds => Until::Moment(start + Duration::from_secs(seconds)),
            };
            shared.0.sleep(&mut poll, &mut events, until).unwrap();
        }
        worker.join().unwrap();
    });
}

/// Sleeps until each of `work`, a bit that a thread of its own sets, is found.
fn sleep_until_all_work_is_found<const N: usize>(work: [usize; N]) {
    let (sleeper, mut poll) = Sleeper::new().unwrap();
    let shared = Arc::new((sleeper, AtomicUsize::new(0)));
    let all = work.iter().sum::<usize>();
    for work in work {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            shared.1.fetch_or(work, Ordering::SeqCst);
            shared.0.wake();
        });
    }
    let mut events = Events::with_capacity(4);
    let is_done = || shared.1.load(Ordering::SeqCst) == all;
    let until = || if is_done() { Until::Now } else { Until::Woken };
    loop {
        shared.0.sleep(&mut poll, &mut events, until).unwrap();
        if is_done() {
            return;
        }
    }
}
