//! [`note_frame`] and the game clock, which shows how long the program's main loop has run.
//!
//! While the game stalls it stands still, so that what it shows is time in which somebody could have come to a host.

use std::time::Duration;

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Instant, Mutex, process_wide};

/// What a frame counts for at most; a longer one is a stall.
const LONGEST_FRAME: Duration = Duration::from_millis(250);

process_wide! {
    static CLOCK: GameClock = GameClock {
        running: AtomicU64::new(0),
        last: Mutex::new(None),
    };
}

struct GameClock {
    /// Microseconds.
    running: AtomicU64,
    /// When the last frame was noted.
    last: Mutex<Option<Instant>>,
}

impl GameClock {
    fn note(&self, now: Instant) {
        let last = self.last.lock().replace(now);
        let frame = last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        let micros = frame.min(LONGEST_FRAME).subsec_micros();
        self.running.fetch_add(micros.into(), Ordering::SeqCst);
    }

    fn running(&self) -> Duration {
        Duration::from_micros(self.running.load(Ordering::SeqCst))
    }
}

/// To be called once a frame by a program with a main loop, for
/// [`UdpHost::set_max_idle_time`](crate::UdpHost::set_max_idle_time).
pub fn note_frame() {
    CLOCK.note(Instant::now());
}

/// How long the main loop has run; only differences have a meaning.
pub(crate) fn running() -> Duration {
    CLOCK.running()
}

#[cfg(all(test, not(feature = "models")))]
mod tests {
    use super::*;

    #[test]
    fn a_stall_counts_for_one_long_frame() {
        let clock = GameClock {
            running: AtomicU64::new(0),
            last: Mutex::new(None),
        };
        let mut now = Instant::now();
        for (frame, shown) in [(5_000, 0), (16, 16), (250, 266), (20_000, 516), (4, 520)] {
            now += Duration::from_millis(frame);
            clock.note(now);
            assert_eq!(clock.running(), Duration::from_millis(shown));
        }
    }
}
