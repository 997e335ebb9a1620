//! Does several things side by side: most of what is tested here waits for the network or for a timeout.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;

/// Jobs at a time. Two keep two cores busy; the third is most often one that waits.
const SIDE_BY_SIDE: usize = 3;

/// Does `work` for each of `jobs`, some at a time, begun in their order; answers the results in that order.
pub(crate) fn run_all<J: Send, R: Send>(
    jobs: impl IntoIterator<Item = J>,
    work: impl Fn(J) -> R + Sync,
) -> Vec<R> {
    let waiting: Mutex<VecDeque<(usize, J)>> = Mutex::new(jobs.into_iter().enumerate().collect());
    let done = Mutex::new(Vec::new());
    let next = || waiting.lock().expect("no holder panics").pop_front();
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some((index, job)) = next() {
                    let result = work(job);
                    done.lock().expect("no holder panics").push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no holder panics");
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn jobs_run_side_by_side_and_results_keep_their_order() {
        // Nobody passes it alone.
        let barrier = Barrier::new(SIDE_BY_SIDE);
        let results = run_all(0..2 * SIDE_BY_SIDE, |job| {
            barrier.wait();
            10 * job
        });
        assert_eq!(results, [0, 10, 20, 30, 40, 50]);
    }
}
