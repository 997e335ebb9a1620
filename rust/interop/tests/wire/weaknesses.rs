//! What hostile traffic does to ENet and must not do to us: each attack is played on `rusty_enet` and, where there is one,
//! on the C library, which must come to harm, and on our engine, which must not. The numbers at the end of the names are
//! those of the table in SECURITY.md.

use enet_proto::{Compressor as _, RangeCoder};

use crate::endpoint::{Options, Seen};
use crate::stage::Make;
#[cfg(target_os = "linux")]
use crate::victim::Member;
use crate::victim::{Answers, Message, Raw, Victim, address, connect};

const VANILLA: [(&str, Make); 2] = [("rusty_enet", crate::rusty_enet), ("C ENet", crate::c_enet)];
const OURS: [(&str, Make); 2] = [
    ("ours", crate::ours),
    ("ours that recovers as ENet", crate::ours_vanilla),
];
const LARGEST_MESSAGE: u32 = 32 << 20;
/// Far more than an honest datagram is worth, far less than the attacks on memory take.
const MUCH_MEMORY: usize = 1 << 20;

/// Plays an attack on everybody; it answers whether it did harm. Where vanilla is not harmed the attack proves nothing.
fn only_vanilla_is_harmed(options: Options, attack: impl Fn(&mut Victim) -> bool) {
    for (name, make) in VANILLA {
        if let Some(mut victim) = Victim::new(make, options) {
            assert!(attack(&mut victim), "{name} should come to harm");
        }
    }
    assert_unharmed(options, attack);
}

/// The attack does no harm to us, and the next player gets in and is heard.
fn assert_unharmed(options: Options, attack: impl Fn(&mut Victim) -> bool) {
    for (name, make) in OURS {
        let mut victim = Victim::new(make, options).expect("always there");
        assert!(!attack(&mut victim), "{name} came to harm");
        victim.events();
        let player = victim.join(1000).expect("the next one gets in");
        let hello = player.timed(&victim).reliable(1, b"hello");
        victim.take_one(player.from, hello);
        assert_eq!(victim.received(), [b"hello"]);
    }
}

fn with_slots(peer_count: usize) -> Options {
    Options {
        peer_count,
        ..Options::default()
    }
}

fn len_of(answers: &Answers) -> usize {
    answers.iter().map(|(_, data)| data.len()).sum()
}

#[test]
fn connects_of_strangers_keep_no_player_out_11_1() {
    only_vanilla_is_harmed(with_slots(4), |victim| {
        for index in 0..4 {
            victim.take_one(address(index), connect(0));
        }
        victim.join(100).is_none()
    });
}

#[test]
fn a_connect_brings_its_address_no_more_bytes_than_it_has_11_2() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        let forged = connect(0);
        let received = forged.0.len();
        let mut sent = len_of(&victim.take_one(address(1), forged));
        sent += len_of(&victim.pass(20_000));
        sent > received
    });
}

#[test]
fn nobody_joins_who_did_not_read_the_answer_11_3() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        victim.take_one(address(1), connect(0));
        // Slot 0, session 0 and number 1 are what the first one is given; the time need only be near.
        let blind = Raw::untimed(0).acknowledge(0xFF, 1, victim.clock().wrapping_sub(20));
        victim.take_one(address(1), blind);
        victim.events() == [Seen::Connect { data: 7 }]
    });
}

#[test]
fn a_strangers_goodbye_does_not_end_a_session_11_4() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        let member = victim.join(1).expect("a player gets in");
        // The first slot and session as ENet gives them, then as they are; the number is any in both.
        for header in [Raw::untimed(0), member.untimed()] {
            victim.take_one(member.from, header.disconnect(false, 40_000));
        }
        victim.events() == [Seen::Disconnect { data: 5 }]
    });
}

#[test]
fn a_message_that_is_never_whole_does_not_silence_its_sender_11_5() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        let member = victim.join(1).expect("a player gets in");
        let message = Message {
            start: 1,
            count: 2,
            total: LARGEST_MESSAGE,
        };
        let part = member.untimed().unreliable_fragment(0, message, &[0; 100]);
        victim.take_one(member.from, part);
        // It is overtaken, so it will never be handed out.
        let newer = member.untimed().unreliable(2, b"newer");
        victim.take_one(member.from, newer);
        victim.pass(100);
        victim.events();
        let reliable = member.timed(victim).reliable(1, b"reliable");
        victim.take_one(member.from, reliable);
        victim.received() != [b"reliable"]
    });
}

#[test]
fn a_fragment_takes_no_memory_for_what_it_announces_11_6() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        let member = victim.join(1).expect("a player gets in");
        let message = Message {
            start: 1,
            count: 1 << 20,
            total: LARGEST_MESSAGE,
        };
        let before = victim.memory();
        let fragment = member.untimed().fragment(message, 0, 0, b"x");
        assert_eq!(fragment.0.len(), 27);
        victim.take_one(member.from, fragment);
        victim.memory().saturating_sub(before) > MUCH_MEMORY
    });
}

/// Whether a message whose two fragments leave a gap shows some of the one that its sender's victim held before.
///
/// `start` is the first of the 62 reliable numbers that it takes.
#[cfg(target_os = "linux")]
fn shows_old_memory(victim: &mut Victim, member: Member, start: u16) -> bool {
    const LEN: u32 = 20_000;
    const SECRET: u8 = 0xA5;
    // Longer, as the smallest things take the beginning of what it leaves.
    let secret = Message {
        start,
        count: 60,
        total: 3 * LEN,
    };
    for index in 0..60 {
        let part = member.timed(victim);
        let part = part.fragment(secret, index, u32::from(index) * 1000, &[SECRET; 1000]);
        victim.take_one(member.from, part);
    }
    assert_eq!(victim.received(), [[SECRET; 3 * LEN as usize]]);
    let gaping = Message {
        start: start + 60,
        count: 2,
        total: LEN,
    };
    for index in 0..2 {
        let part = member.timed(victim).fragment(gaping, index, 0, b"x");
        victim.take_one(member.from, part);
    }
    let received = victim.received();
    assert_eq!((received.len(), received[0].len()), (1, LEN as usize));
    received[0][1..].contains(&SECRET)
}

/// Where freed memory is handed out again as it was: the allocators of other systems may clear it. More than once, since
/// other tests take memory meanwhile.
#[cfg(target_os = "linux")]
#[test]
fn gaps_in_a_message_show_nothing_of_the_heap_11_6() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        let member = victim.join(1).expect("a player gets in");
        (0..20).any(|round| shows_old_memory(victim, member, 1 + round * 62))
    });
}

#[test]
fn empty_fragments_take_no_memory_11_7() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        let member = victim.join(1).expect("a player gets in");
        let before = victim.memory();
        let fragments = (1..=170).fold(member.untimed(), |raw, start| {
            let message = Message {
                start,
                count: 1 << 20,
                total: 1,
            };
            raw.unreliable_fragment(1, message, b"")
        });
        assert_eq!(fragments.0.len(), 4082);
        victim.take_one(member.from, fragments);
        victim.memory().saturating_sub(before) > MUCH_MEMORY
    });
}

#[test]
fn a_datagram_of_pings_is_answered_by_less_than_it_has_11_8() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        let member = victim.join(1).expect("a player gets in");
        let pings = member.timed(victim).pings(1023);
        let received = pings.0.len();
        assert_eq!(received, 4096);
        len_of(&victim.take_one(member.from, pings)) > received
    });
}

#[test]
fn pings_that_were_packed_small_are_answered_by_less_than_they_have_11_8() {
    let options = Options {
        range_coder: true,
        ..Options::default()
    };
    only_vanilla_is_harmed(options, |victim| {
        let member = victim.join(1).expect("a player gets in");
        let header = member.timed(victim).0;
        let pings = member.timed(victim).pings(1023);
        let mut packed = header.clone();
        packed[0] |= 0x40;
        packed.resize(4096, 0);
        let len = RangeCoder::default().compress(&pings.0[header.len()..], &mut packed[4..]);
        packed.truncate(header.len() + len.expect("it shrinks"));
        assert!(packed.len() < 32, "{} bytes", packed.len());
        let received = packed.len();
        len_of(&victim.take_one(member.from, Raw(packed))) > received
    });
}

/// Vanilla is the C library alone: the sockets of `rusty_enet` tell an empty datagram from none. What our socket layer
/// makes of it is in a test of the same number there.
#[test]
fn an_empty_datagram_does_not_hold_up_the_ones_behind_it_11_9() {
    let is_held_up = |victim: &mut Victim| {
        let empty = (address(1), Raw(Vec::new()));
        let answers = victim.take(vec![empty, (address(2), connect(0))]);
        answers.is_empty()
    };
    if let Some(mut victim) = Victim::new(crate::c_enet, Options::default()) {
        assert!(is_held_up(&mut victim), "C ENet should come to harm");
    }
    assert_unharmed(Options::default(), is_held_up);
}

#[test]
fn a_connect_of_an_impossible_slot_is_not_answered_11_10() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        let answers = victim.take_one(address(1), connect(0x7FFF));
        // The slot has set the bit that says that what follows is compressed.
        answers.iter().any(|(_, data)| data[0] & 0x40 != 0)
    });
}

#[test]
fn acknowledgements_of_nothing_keep_no_dead_player_11_11() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        // The oldest time that 16 bits can name now is 42 s ago. Vanilla takes it for the time of a round trip, and waits
        // accordingly for the player, who is never heard of again.
        assert!(victim.clock() < 0x8000);
        let long_ago = 0x8000;
        let forge = |proof: Raw| {
            let numbers = 40_000..40_005;
            numbers.fold(proof, |raw, number| raw.acknowledge(0, number, long_ago))
        };
        victim.join_saying(1, forge).expect("a player gets in");
        victim.pass(100_000);
        victim.events().is_empty()
    });
}

/// What packets with these numbers and the first one after them cost, in milliseconds of this thread on a processor.
#[cfg(target_os = "linux")]
fn cost_of(victim: &mut Victim, numbers: impl Iterator<Item = u16>) -> u64 {
    const IN_A_DATAGRAM: usize = 30;
    let spent = || -> u64 {
        let counters = std::fs::read_to_string("/proc/thread-self/schedstat");
        let counters = counters.expect("Linux has it");
        let nanoseconds = counters.split(' ').next().map(str::parse::<u64>);
        nanoseconds.expect("the first of three").expect("a number") / 1_000_000
    };
    let member = victim.join(1).expect("a player gets in");
    let numbers: Vec<u16> = numbers.collect();
    let before = spent();
    for numbers in numbers.chunks(IN_A_DATAGRAM) {
        let empty = member.timed(victim);
        let packets = numbers
            .iter()
            .fold(empty, |raw, &number| raw.reliable(number, b"x"));
        victim.take_one(member.from, packets);
    }
    let first = member.timed(victim).reliable(1, b"x");
    victim.take_one(member.from, first);
    let cost = spent() - before;
    assert_eq!(victim.received().len(), numbers.len() + 1);
    cost
}

/// In descending order vanilla takes 10^8 steps for its packets; the bound is five times the sum of 10 ms and what they
/// take in ascending order.
#[cfg(target_os = "linux")]
#[test]
fn the_order_of_packets_does_not_multiply_their_cost_11_12() {
    const LAST: u16 = 16_000;
    let is_multiplied = |name: &str, make: Make| {
        let new = || Victim::new(make, Options::default());
        let ascending = cost_of(&mut new()?, 2..=LAST);
        let descending = cost_of(&mut new()?, (2..=LAST).rev());
        println!("{name}: {ascending} ms ascending, {descending} ms descending");
        Some(descending > 5 * (ascending + 10))
    };
    for (name, make) in VANILLA {
        let is_harmed = is_multiplied(name, make);
        assert_ne!(is_harmed, Some(false), "{name} should come to harm");
    }
    for (name, make) in OURS {
        assert_eq!(is_multiplied(name, make), Some(false), "{name}");
    }
}

#[test]
fn a_packet_numbered_inside_a_message_does_not_block_its_channel_11_13() {
    only_vanilla_is_harmed(Options::default(), |victim| {
        let member = victim.join(1).expect("a player gets in");
        let inside = member.timed(victim).reliable(2, b"inside");
        victim.take_one(member.from, inside);
        let message = Message {
            start: 1,
            count: 3,
            total: 30,
        };
        for index in 0..3 {
            if index == 2 {
                let behind = member.timed(victim).reliable(4, b"behind");
                victim.take_one(member.from, behind);
            }
            let part = member.timed(victim);
            let part = part.fragment(message, index, u32::from(index) * 10, &[7; 10]);
            victim.take_one(member.from, part);
        }
        let last = member.timed(victim).reliable(5, b"last");
        victim.take_one(member.from, last);
        let received = victim.received();
        assert_eq!(received[0], [7; 30]);
        received[1..] != [&b"behind"[..], b"last"]
    });
}

#[test]
fn a_goodbye_without_a_sent_time_does_not_take_its_slot_along_11_14() {
    only_vanilla_is_harmed(with_slots(2), |victim| {
        let members = [1, 2].map(|index| victim.join(index).expect("a player gets in"));
        for member in members {
            let goodbye = member.untimed().disconnect(true, 2);
            victim.take_one(member.from, goodbye);
        }
        victim.pass(300_000);
        victim.join(3).is_none()
    });
}
