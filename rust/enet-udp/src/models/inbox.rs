//! Models of [`Inbox`]: no wait outlasts what ends it.

use std::sync::Arc;

use super::every_order;
use super::system::atomic::{AtomicBool, Ordering};
use super::system::thread;
use crate::inbox::Inbox;

#[test]
fn a_close_ends_every_wait() {
    every_order(|| {
        let inbox = Arc::new(Inbox::default());
        let waiter = {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || inbox.wait_while(None, || true))
        };
        inbox.close();
        assert!(waiter.join().unwrap().is_none());
    });
}

#[test]
fn a_wait_whose_reason_is_gone_ends_by_a_wake_up() {
    every_order(|| {
        let shared = Arc::new((Inbox::default(), AtomicBool::new(true)));
        let waiter = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let go_on = || shared.1.load(Ordering::Acquire);
                shared.0.wait_while(None, go_on)
            })
        };
        shared.1.store(false, Ordering::Release);
        shared.0.wake();
        assert!(waiter.join().unwrap().is_none());
    });
}
