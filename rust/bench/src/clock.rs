//! How much processor time has been spent.

use std::time::Duration;

/// Processor time of the calling thread so far.
pub(crate) fn thread_cpu() -> Duration {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Processor time of all threads of this process so far.
pub(crate) fn process_cpu() -> Duration {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// Processor time that this process spends in `work`, all threads together.
pub(crate) fn process_cpu_of(work: impl FnOnce()) -> Duration {
    let before = process_cpu();
    work();
    process_cpu() - before
}

fn read(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes one timespec.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(result, 0, "every Linux has this clock");
    Duration::new(
        u64::try_from(time.tv_sec).expect("time spent is not negative"),
        u32::try_from(time.tv_nsec).expect("below a second"),
    )
}
