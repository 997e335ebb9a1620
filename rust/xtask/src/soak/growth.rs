//! Whether memory, threads and descriptors grow.

use super::account::Resident;
use super::trend::Trend;
use super::usage::COUNTS;

/// Until then what is made once has been made, the slots of the longest silences have been filled and freed some times,
/// and the heaps have seen their most; in seconds.
pub(super) const WARM_UP: f64 = 120.0;
/// In a run shorter than this, in seconds, the growth of a heap that fills up cannot be told from a leak.
pub(super) const LONG: f64 = 600.0;
/// What a player can rightly have more of at one moment than at another: a full window of ENet in flight.
const KIB_OF_A_PLAYER: u32 = 64;
/// The least that is called growth: the C library takes memory in steps of 128 KiB for each of its arenas, and a
/// process has up to eight threads here.
const LEAST_KIB: u32 = 1024;
/// How much more memory a process may have in the end, in KiB, steps included: while it has no time, about 400 KiB a
/// second wait for a server with these players, and when it had none for 20 s it would have lost them.
const RISE_KIB: f64 = 8.0 * 1024.0;
/// Objects that Godot may have more than at first: of the waiting itself.
const OBJECTS: u64 = 4;

/// How much the memory of a process may creep upwards in the time that is judged, in KiB. More than that nothing explains that
/// comes and goes.
pub(super) fn allowed_kib(players: u32) -> u32 {
    (players * KIB_OF_A_PLAYER).max(LEAST_KIB)
}

/// How the memory of a process moves after the warm-up, in KiB; `None` in a short run.
pub(super) fn memory(resident: &Resident, seconds: f64) -> Option<Trend> {
    (seconds >= LONG).then(|| resident.series.memory(WARM_UP, seconds))?
}

/// Everything that grew in `resident`, in a soak of so many seconds.
pub(super) fn problems(resident: &Resident, seconds: f64) -> Vec<String> {
    let name = &resident.name;
    let (Some(begin), Some(end)) = (&resident.begin, &resident.end) else {
        return vec![format!("{name}: has not told how it stands")];
    };
    let mut problems = Vec::new();
    let mut no_more = |what: &str, before: u64, after: u64| {
        if after > before {
            problems.push(format!("{name}: {what}: {before} before, {after} after"));
        }
    };
    no_more("threads at rest", begin.threads, end.threads);
    no_more("descriptors at rest", begin.descriptors, end.descriptors);
    no_more("objects at rest", begin.objects + OBJECTS, end.objects);
    if seconds < LONG {
        return problems;
    }
    for (what, value) in COUNTS {
        let (before, after) = resident.series.most(WARM_UP, value);
        no_more(
            &format!("{what} after warm-up"),
            before.into(),
            after.into(),
        );
    }
    let Some(trend) = memory(resident, seconds) else {
        problems.push(format!("{name}: memory was not looked at"));
        return problems;
    };
    let (growth, span) = (trend.growth(), trend.span);
    if growth > f64::from(allowed_kib(resident.players)) {
        problems.push(format!(
            "{name}: memory creeps, by {growth:.0} KiB in {span:.0} s"
        ));
    }
    if trend.risen > RISE_KIB {
        problems.push(format!("{name}: memory rose by {:.0} KiB", trend.risen));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::account::Rest;
    use super::super::usage::{Series, Usage};
    use super::*;

    const SECONDS: u32 = 1800;

    /// A server that is looked at every second, `change`d at each.
    fn resident(change: impl Fn(u32, &mut Usage)) -> Resident {
        let mut resident = Resident::new("server".to_owned(), true, 24);
        for second in 0..SECONDS {
            // It fills up at first, and then its heap breathes.
            let filled = 3000 * second.min(60) / 60;
            let breath = second.wrapping_mul(7919) % 200;
            let mut usage = Usage {
                resident_kib: 130_000 + filled + breath,
                threads: 7,
                descriptors: 13,
            };
            change(second, &mut usage);
            resident.series.push(f64::from(second), usage);
        }
        let rest = Rest {
            threads: 7,
            descriptors: 13,
            objects: 1500,
            ..Rest::default()
        };
        resident.begin = Some(rest.clone());
        resident.end = Some(rest);
        resident
    }

    fn found(change: impl Fn(u32, &mut Usage)) -> Vec<String> {
        problems(&resident(change), SECONDS.into())
    }

    #[test]
    fn a_heap_that_fills_up_and_breathes_is_no_leak() {
        assert_eq!(found(|_, _| ()), [""; 0]);
    }

    #[test]
    fn a_slow_leak_is_found_and_only_in_a_long_run() {
        // 1 KiB a second, with about two connections a second.
        let leak = |second: u32, usage: &mut Usage| usage.resident_kib += second;
        let problems_found = found(leak);
        assert_eq!(problems_found.len(), 1, "{problems_found:?}");
        assert!(
            problems_found[0].starts_with("server: memory creeps, by 1"),
            "{problems_found:?}"
        );
        assert_eq!(problems(&resident(leak), LONG - 1.0), [""; 0]);
    }

    #[test]
    fn one_step_is_no_leak() {
        // What waited while a busy machine had no time for the process; its heap keeps the room.
        for when in [200, 500, 960, 1500] {
            let step = |second: u32, usage: &mut Usage| {
                usage.resident_kib += if second > when { 3000 } else { 0 };
            };
            assert_eq!(found(step), [""; 0], "at {when} s");
        }
        let steps = |second: u32, usage: &mut Usage| usage.resident_kib += 3000 * (second / 450);
        assert_eq!(found(steps), ["server: memory rose by 8999 KiB"]);
    }

    #[test]
    fn one_thread_or_descriptor_more_after_the_warm_up_is_found() {
        let thread = found(|second, usage| usage.threads += u32::from(second > 1700));
        assert_eq!(thread, ["server: threads after warm-up: 7 before, 8 after"]);
        let descriptor = found(|second, usage| usage.descriptors += u32::from(second > 1700));
        assert_eq!(
            descriptor,
            ["server: descriptors after warm-up: 13 before, 14 after"]
        );
        assert_eq!(
            found(|second, usage| usage.threads += u32::from(second > 60)),
            [""; 0]
        );
    }

    #[test]
    fn what_is_left_when_all_are_gone_is_found_in_a_short_run_too() {
        let left = |change: fn(&mut Rest)| {
            let mut resident = resident(|_, _| ());
            change(resident.end.as_mut().unwrap());
            problems(&resident, 15.0)
        };
        assert_eq!(
            left(|rest| rest.threads += 1),
            ["server: threads at rest: 7 before, 8 after"]
        );
        assert_eq!(
            left(|rest| rest.descriptors += 1),
            ["server: descriptors at rest: 13 before, 14 after"]
        );
        assert_eq!(
            left(|rest| rest.objects += 5),
            ["server: objects at rest: 1504 before, 1505 after"]
        );
    }

    #[test]
    fn who_told_nothing_or_was_not_looked_at_is_a_problem() {
        let mut silent = resident(|_, _| ());
        silent.end = None;
        assert_eq!(
            problems(&silent, 15.0),
            ["server: has not told how it stands"]
        );
        let mut unseen = resident(|_, _| ());
        unseen.series = Series::default();
        assert_eq!(
            problems(&unseen, SECONDS.into()),
            ["server: memory was not looked at"]
        );
    }
}
