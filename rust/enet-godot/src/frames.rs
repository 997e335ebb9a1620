//! Tells `enet_udp` of the game's frames, for hosts that are let go when the game runs on without them.
//!
//! A game with a main loop of its own that is no `SceneTree` has no such signal: its hosts wait for `max_stall_time`. So do
//! those of the editor, where the library may be loaded anew below the tree's feet. Elsewhere the tree, which alone holds
//! what its signal calls, is gone before the library is.

use std::sync::atomic::{AtomicBool, Ordering};

use godot::builtin::Callable;
use godot::classes::{Engine, SceneTree};
use godot::init::is_main_thread;
use godot::obj::{Gd, Singleton as _};

/// Whether the signal of the tree calls us.
static IS_FOLLOWING: AtomicBool = AtomicBool::new(false);

/// Follows the frames from now on, or soon when another thread than the main one asks. Called where nothing is locked.
pub(crate) fn follow() {
    if IS_FOLLOWING.load(Ordering::Acquire) {
        return;
    }
    if is_main_thread() {
        connect();
    } else {
        Callable::from_sync_fn("follow_frames", |_| connect()).call_deferred(&[]);
    }
}

/// Called by the main thread.
fn connect() {
    if let Some(mut tree) = tree()
        && !IS_FOLLOWING.swap(true, Ordering::AcqRel)
    {
        let callable = Callable::from_sync_fn("note_frame", |_| enet_udp::note_frame());
        tree.connect("process_frame", &callable);
    }
}

/// The tree of a game.
fn tree() -> Option<Gd<SceneTree>> {
    let engine = Engine::singleton();
    if engine.is_editor_hint() {
        return None;
    }
    engine.get_main_loop()?.try_cast().ok()
}
