//! Tells `enet_udp` of the game's frames, for hosts that are let go when the game runs on without them.
//!
//! A game with a main loop of its own that is no `SceneTree` has no such signal: its hosts wait for `max_stall_time`.

use godot::builtin::Callable;
use godot::classes::{Engine, SceneTree};
use godot::init::is_main_thread;
use godot::obj::{Gd, Singleton as _};
use parking_lot::Mutex;

use crate::raw::SharedCallable;

const SIGNAL: &str = "process_frame";

/// What the signal of the tree calls, once it does.
static FOLLOWER: Mutex<Option<SharedCallable>> = Mutex::new(None);

/// Follows the frames from now on, or soon when another thread than the main one asks. Called where nothing is locked.
pub(crate) fn follow() {
    if FOLLOWER.lock().is_some() {
        return;
    }
    if is_main_thread() {
        connect();
    } else {
        Callable::from_sync_fn("follow_frames", |_| connect()).call_deferred(&[]);
    }
}

/// Follows them no longer, for the end of the library: the tree outlives it when the editor loads it anew.
pub(crate) fn shutdown() {
    let follower = FOLLOWER.lock().take();
    if let (Some(follower), Some(mut tree)) = (follower, tree())
        && tree.is_connected(SIGNAL, follower.get())
    {
        tree.disconnect(SIGNAL, follower.get());
    }
}

fn connect() {
    let Some(mut tree) = tree() else {
        return;
    };
    let callable = Callable::from_sync_fn("note_frame", |_| enet_udp::note_frame());
    {
        let mut follower = FOLLOWER.lock();
        if follower.is_some() {
            return;
        }
        *follower = Some(SharedCallable::new(callable.clone()));
    }
    tree.connect(SIGNAL, &callable);
}

fn tree() -> Option<Gd<SceneTree>> {
    Engine::singleton().get_main_loop()?.try_cast().ok()
}
