//! Without the library's quirks: the sessions in which the engine is safer on purpose, and nothing else, differ.

use super::session::replay;
use super::setup::SESSIONS;

/// The sessions that show one of the defences.
const DIFFERING: [&str; 6] = [
    "disconnect_connecting",
    "rtt_trace",
    "stress_checksum_rangecoder",
    "stress_loss",
    "stress_loss_heavy",
    "throttle_drop",
];

#[test]
fn without_quirks_28_of_34_sessions_are_still_identical() {
    let mut identical = 0;
    let mut failures = String::new();
    for file in SESSIONS
        .into_iter()
        .filter(|file| !DIFFERING.contains(file))
    {
        let report = replay(file, false);
        identical += 1;
        if !report.is_identical() {
            failures += &format!("\n{}", report.summary());
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert_eq!(identical, 28);
}

/// The library repeats its VERIFY_CONNECT to a client that has gone; here it answers a CONNECT once.
#[test]
fn a_verification_is_not_repeated_without_a_connect_11_2() {
    let report = replay("disconnect_connecting", false);
    println!("{}", report.summary());
    assert_eq!(report.events, [""; 0]);
    let missing: Vec<_> = report.datagrams.iter().map(|it| it.nth).collect();
    assert_eq!(missing.len(), 5, "six were recorded, in 15.5 s");
}

/// The second acknowledgement of a packet that was resent without need comes at 101129 ms. It matches nothing, so its
/// round-trip time is no sample; other timeouts follow.
#[test]
fn acknowledgements_that_match_nothing_leave_the_estimate_alone() {
    let report = replay("rtt_trace", false);
    println!("{}", report.summary());
    assert_eq!(report.events, [""; 0]);
    assert_eq!(report.states.first().map(|state| state.t), Some(101_129));
    assert_eq!(
        report.datagrams.first().and_then(|datagram| datagram.nth),
        Some(25)
    );
}

/// In the library an unsequenced packet that the throttle drops takes all unsequenced packets behind it along.
#[test]
fn a_dropped_unsequenced_packet_does_not_take_its_followers_along() {
    let report = replay("throttle_drop", false);
    println!("{}", report.summary());
    assert_eq!(
        report.datagrams.first().and_then(|datagram| datagram.nth),
        Some(20)
    );
    assert!(
        report.states.iter().all(|state| state.t > 101_400),
        "the packets are queued at 101400 ms"
    );
}

/// The library never takes packets that it drops off the sum that it limits.
#[test]
fn dropped_packets_are_not_charged() {
    for (file, count) in [
        ("stress_loss", 3),
        ("stress_loss_heavy", 9),
        ("stress_checksum_rangecoder", 2),
    ] {
        let report = replay(file, false);
        println!("{}", report.summary());
        assert!(
            report.datagrams.is_empty() && report.events.is_empty(),
            "{}",
            report.summary()
        );
        assert_eq!(report.states.len(), count, "{file}");
        for state in &report.states {
            assert_eq!(state.fields, ["waitingData"], "{}", state.text);
        }
    }
}
