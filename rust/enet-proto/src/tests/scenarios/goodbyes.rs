//! What it takes to end the connection of somebody else by a DISCONNECT in his name.

use super::*;
use crate::HostConfig;

/// Whether a DISCONNECT with this number ends a connection after PINGs with those.
fn killed(quirks: bool, pings: impl Iterator<Item = u16>, number: u16) -> bool {
    let mut pair = Setup::plain(10)
        .server(|config: HostConfig| config.vanilla_quirks(quirks))
        .connected();
    let sweep = pings.fold(Raw::timed(0, 1000), |raw, number| {
        raw.command(0x85, 0xFF, number, &[])
    });
    let forged = sweep.disconnect(false, number, 5);
    pair.inject(pair.client.address, &forged.0);
    !pair.server.disconnects().is_empty()
}

#[test]
fn a_goodbye_must_follow_closely_what_was_seen_11_4() {
    let none = std::iter::empty::<u16>;
    // CONNECT was 1, PING 2, BANDWIDTH_LIMIT 3 after a second; all of it is seen.
    let reach = (0..=u16::MAX).filter(|number| number % 512 == 0 || *number < 64);
    let hits = reach
        .filter(|&number| killed(false, none(), number))
        .count();
    assert!((28..=32).contains(&hits), "{hits}");
    assert!(killed(true, none(), 40_000), "C ENet takes any number");
}

/// Which of `guesses` end the connection of a client, which is made anew after each that does.
fn hits(seed: u64, guesses: impl Iterator<Item = (u16, Raw)>) -> Vec<u16> {
    let mut pair = Setup::new(seed).connected();
    let mut hits = Vec::new();
    for (guess, datagram) in guesses {
        pair.inject(pair.client.address, &datagram.0);
        if !pair.server.disconnects().is_empty() {
            hits.push(guess);
            pair = Setup::new(seed).connected();
        }
    }
    hits
}

/// Whoever knows address and port of a client that counts from a random number, as ours do, hits one header of 16,384
/// with one of 32 numbers of 65,536: one in 2^25. He may double that, as `CONTROL_REACH` says.
#[test]
fn a_blind_goodbye_ends_a_session_by_one_in_2_to_the_24_at_most_11_4() {
    const SEED: u64 = 15;
    let mut pair = Setup::new(SEED).pair();
    pair.record();
    pair.connect(7);
    pair.run_until_idle();
    let sent = pair.record();
    let verify = sent.iter().find(|it| it.data.len() == 48);
    let verify = &verify.expect("answered").data;
    let label = u16::from_be_bytes([verify[8], verify[9]]);
    let right = u16::from(verify[11]) << 12 | label;
    let goodbye = |header: u16, number: u16| Raw::untimed(header).disconnect(false, number, 5);
    let numbers = hits(
        SEED,
        (0..=u16::MAX).map(|number| (number, goodbye(right, number))),
    );
    assert!((1..=32).contains(&numbers.len()), "{numbers:?}");
    // Label and session are 14 bits; the flags are above them.
    let headers = hits(
        SEED,
        (0..1 << 14).map(|header| (header, goodbye(header, numbers[0]))),
    );
    assert_eq!(headers, [right]);
    assert!((1 << (14 + 16)) / numbers.len() >= 1 << 25);
}

#[test]
fn pings_in_the_same_datagram_do_not_help_a_goodbye_11_4() {
    let sweep = || (0..900).map(|step| step * 32);
    assert!(!killed(false, sweep(), 28_800));
    assert!(killed(true, sweep(), 28_800));
}
