//! A model of [`Watch`]: no call waits on a host that stays suspended.

use std::sync::Arc;

use super::every_order;
use super::system::atomic::{AtomicBool, Ordering};
use super::system::thread;
use crate::watch::Watch;

#[test]
fn a_host_that_is_suspended_as_a_call_begins_to_wait_is_resumed() {
    every_order(|| {
        let shared = Arc::new((Watch::default(), AtomicBool::new(false)));
        let looker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let (watch, is_suspended) = &*shared;
                if !watch.was_attended() {
                    is_suspended.store(true, Ordering::SeqCst);
                    if watch.stall() {
                        is_suspended.store(false, Ordering::SeqCst);
                    }
                }
            })
        };
        let (watch, is_suspended) = &*shared;
        let waiting = watch.wait();
        if watch.attend() {
            is_suspended.store(false, Ordering::SeqCst);
        }
        looker.join().unwrap();
        assert!(!is_suspended.load(Ordering::SeqCst));
        drop(waiting);
    });
}
