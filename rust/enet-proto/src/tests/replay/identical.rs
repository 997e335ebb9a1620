//! With the library's quirks: every session, bit for bit.

use super::session::replay;
use super::setup::SESSIONS;

#[test]
fn all_34_sessions_of_2677_datagrams_replay_bit_for_bit_with_the_librarys_quirks() {
    let (mut datagrams, mut events, mut states, mut sends) = (0, 0, 0, 0);
    let mut failures = String::new();
    for file in SESSIONS {
        let report = replay(file, true);
        datagrams += report.datagrams_compared;
        events += report.events_compared;
        states += report.states_compared;
        sends += report.sends;
        if !report.is_identical() {
            failures += &format!("\n{}", report.summary());
        }
    }
    println!(
        "{} files: {datagrams} datagrams, {events} events, {states} states, {sends} sends",
        SESSIONS.len()
    );
    assert!(failures.is_empty(), "{failures}");
    assert_eq!((datagrams, events, states, sends), (2677, 1374, 229, 1491));
}
