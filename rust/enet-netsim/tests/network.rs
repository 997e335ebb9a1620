//! The network keeps its promises: fixed seeds, exact where the promise is exact, within stated bounds where it is a mean.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use enet_netsim::{BurstLoss, LinkConfig, LinkStatistics, Network};

const MILLISECOND: Duration = Duration::from_millis(1);

fn address(host: u8) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(10, 0, 0, host), 9000))
}

/// Sends `count` datagrams of 4 bytes holding their number, one each `interval_micros`, and returns (number, delay in
/// microseconds) in order of arrival.
fn stream(network: &mut Network, count: u32, interval_micros: u64) -> Vec<(u32, u64)> {
    for number in 0..count {
        let now = u64::from(number) * interval_micros;
        network.send(now, address(1), address(2), &number.to_be_bytes());
    }
    received(network, interval_micros)
}

fn received(network: &mut Network, interval_micros: u64) -> Vec<(u32, u64)> {
    std::iter::from_fn(|| network.receive(u64::MAX))
        .map(|datagram| {
            let number = u32::from_be_bytes(datagram.data.try_into().unwrap());
            (
                number,
                datagram.arrival_micros - u64::from(number) * interval_micros,
            )
        })
        .collect()
}

fn numbers(arrivals: &[(u32, u64)]) -> Vec<u32> {
    arrivals.iter().map(|&(number, _)| number).collect()
}

#[test]
fn default_link_carries_everything_at_once_and_in_order() {
    let mut network = Network::new(1, LinkConfig::default());
    let arrivals = stream(&mut network, 1000, 7);
    assert_eq!(numbers(&arrivals), (0..1000).collect::<Vec<_>>());
    assert!(arrivals.iter().all(|&(_, delay)| delay == 0));
}

#[test]
fn datagram_arrives_after_the_delay_and_not_a_microsecond_before() {
    let mut network = Network::new(1, LinkConfig::default().delay(25 * MILLISECOND));
    network.send(1_000, address(1), address(2), b"hi");
    assert_eq!(network.next_arrival(), Some(26_000));
    assert_eq!(network.receive(25_999), None);
    let datagram = network.receive(30_000).unwrap();
    assert_eq!(
        (datagram.arrival_micros, datagram.from, datagram.to),
        (26_000, address(1), address(2))
    );
    assert_eq!(
        (network.next_arrival(), network.receive(u64::MAX)),
        (None, None)
    );
}

#[test]
fn datagrams_that_arrive_together_come_in_the_order_sent() {
    let mut network = Network::new(1, LinkConfig::default());
    let sent = [(1, b"z"), (3, b"y"), (1, b"x"), (0, b"w")];
    for (host, data) in sent {
        network.send(0, address(host), address(2), data);
    }
    let received = std::iter::from_fn(|| network.receive(0)).map(|datagram| datagram.data);
    assert!(received.eq(sent.map(|(_, data)| data.to_vec())));
}

#[test]
fn same_seed_gives_the_same_pattern_and_another_seed_another() {
    let config = LinkConfig::default()
        .delay(20 * MILLISECOND)
        .jitter(8 * MILLISECOND)
        .loss(0.1)
        .burst_loss(Some(BurstLoss::from_means(0.05, 4.0)))
        .duplication(0.05)
        .reordering(0.05, 30 * MILLISECOND)
        .rate_limit(200_000, 20_000);
    let run = |seed| stream(&mut Network::new(seed, config), 5000, 500);
    assert_eq!(run(42), run(42));
    assert_ne!(run(42), run(43));
}

#[test]
fn links_are_independent_of_each_other() {
    let config = LinkConfig::default().loss(0.3);
    let alone = numbers(&stream(&mut Network::new(5, config), 1000, 10));

    let mut network = Network::new(5, config);
    for number in 0..500_u32 {
        network.send(0, address(2), address(1), &number.to_be_bytes());
        network.send(0, address(3), address(2), &number.to_be_bytes());
    }
    let others: Vec<_> = std::iter::from_fn(|| network.receive(0)).collect();
    let back: Vec<_> = others
        .iter()
        .filter(|d| d.from == address(2))
        .map(|d| &d.data)
        .collect();
    let third: Vec<_> = others
        .iter()
        .filter(|d| d.from == address(3))
        .map(|d| &d.data)
        .collect();
    assert_ne!(back, third, "each direction has its own random stream");
    assert_eq!(numbers(&stream(&mut network, 1000, 10)), alone);
}

#[test]
fn changing_one_setting_leaves_the_pattern_of_the_others() {
    let config = LinkConfig::default().delay(20 * MILLISECOND).loss(0.2);
    let plain = numbers(&stream(&mut Network::new(9, config), 1000, 10_000));
    let jittered = config
        .jitter(4 * MILLISECOND)
        .duplication(0.0)
        .rate_limit(1_000_000, 1_000_000);
    assert_eq!(
        numbers(&stream(&mut Network::new(9, jittered), 1000, 10_000)),
        plain
    );
}

#[test]
fn loss_is_within_half_a_point_over_a_hundred_thousand_datagrams() {
    for (seed, loss) in [(1, 0.01), (2, 0.05), (3, 0.2), (4, 0.5)] {
        let mut network = Network::new(seed, LinkConfig::default().loss(loss));
        stream(&mut network, 100_000, 10);
        let measured = network.statistics().lost as f64 / 100_000.0;
        assert!(
            (measured - loss).abs() < 0.005,
            "asked for {loss}, measured {measured}"
        );
    }
}

#[test]
fn burst_loss_has_the_mean_loss_and_the_mean_burst_asked_for() {
    let config = LinkConfig::default().burst_loss(Some(BurstLoss::from_means(0.05, 5.0)));
    let mut network = Network::new(11, config);
    let arrived = numbers(&stream(&mut network, 100_000, 10));
    let gaps: Vec<u32> = arrived
        .windows(2)
        .map(|pair| pair[1] - pair[0] - 1)
        .filter(|&gap| gap > 0)
        .collect();
    let loss = network.statistics().lost as f64 / 100_000.0;
    let burst = f64::from(gaps.iter().sum::<u32>()) / gaps.len() as f64;
    assert!((loss - 0.05).abs() < 0.005, "loss {loss}");
    assert!((burst - 5.0).abs() < 0.5, "mean burst {burst}");
}

#[test]
fn jitter_keeps_the_mean_delay_and_its_bounds() {
    let config = LinkConfig::default()
        .delay(50 * MILLISECOND)
        .jitter(30 * MILLISECOND);
    let arrivals = stream(&mut Network::new(3, config), 100_000, 100);
    let mean = arrivals.iter().map(|&(_, delay)| delay as f64).sum::<f64>() / arrivals.len() as f64;
    assert!((mean - 50_000.0).abs() < 2_000.0, "mean delay {mean} us");
    assert!(
        arrivals
            .iter()
            .all(|&(_, delay)| (20_000..=80_000).contains(&delay))
    );
    assert!(
        arrivals.iter().any(|&(_, delay)| delay < 21_000)
            && arrivals.iter().any(|&(_, delay)| delay > 79_000)
    );
    assert!(!arrivals.is_sorted(), "dense datagrams overtake each other");
}

#[test]
fn jitter_above_the_delay_never_delivers_before_sending() {
    let config = LinkConfig::default()
        .delay(MILLISECOND)
        .jitter(5 * MILLISECOND);
    let arrivals = stream(&mut Network::new(3, config), 10_000, 100);
    assert!(arrivals.iter().all(|&(_, delay)| delay <= 6_000));
}

#[test]
fn kept_order_turns_overtaking_into_waiting() {
    let config = LinkConfig::default()
        .delay(50 * MILLISECOND)
        .jitter(30 * MILLISECOND)
        .keep_order(true);
    let arrivals = stream(&mut Network::new(3, config), 10_000, 100);
    assert_eq!(numbers(&arrivals), (0..10_000).collect::<Vec<_>>());
    assert!(
        arrivals
            .iter()
            .all(|&(_, delay)| (20_000..=80_000).contains(&delay))
    );
}

#[test]
fn duplicates_arrive_twice_and_are_counted() {
    let mut network = Network::new(8, LinkConfig::default().duplication(0.1));
    let arrivals = stream(&mut network, 100_000, 10);
    let statistics = network.statistics();
    assert_eq!(arrivals.len() as u64, 100_000 + statistics.duplicated);
    let share = statistics.duplicated as f64 / 100_000.0;
    assert!((share - 0.1).abs() < 0.005, "duplicated {share}");
}

#[test]
fn reordered_datagrams_are_overtaken_by_those_sent_within_the_extra_delay() {
    let config = LinkConfig::default()
        .delay(10 * MILLISECOND)
        .reordering(0.1, 5 * MILLISECOND);
    let mut network = Network::new(8, config);
    let arrivals = stream(&mut network, 100_000, 1000);
    let late = arrivals
        .iter()
        .filter(|&&(_, delay)| delay == 15_000)
        .count();
    assert_eq!(late as u64, network.statistics().reordered);
    assert!((late as f64 / 100_000.0 - 0.1).abs() < 0.005, "late {late}");
    let overtaken = arrivals
        .windows(2)
        .filter(|pair| pair[1].0 < pair[0].0)
        .count();
    assert!(overtaken > 8_000, "overtaken {overtaken}");
}

#[test]
fn rate_limit_spaces_datagrams_and_drops_what_the_queue_cannot_hold() {
    // 4 bytes take 4 ms at 1000 bytes per second; the queue holds five of them.
    let config = LinkConfig::default()
        .delay(10 * MILLISECOND)
        .rate_limit(1000, 20);
    let mut network = Network::new(1, config);
    for number in 0..8_u32 {
        network.send(0, address(1), address(2), &number.to_be_bytes());
    }
    assert_eq!(
        received(&mut network, 0),
        [
            (0, 14_000),
            (1, 18_000),
            (2, 22_000),
            (3, 26_000),
            (4, 30_000)
        ]
    );
    assert_eq!(network.statistics().queue_dropped, 3);

    network.send(16_000, address(1), address(2), &[0; 4]);
    assert_eq!(
        network.next_arrival(),
        Some(34_000),
        "waits for the one still passing"
    );
    network.send(100_000, address(1), address(2), &[0; 4]);
    network.receive(u64::MAX);
    assert_eq!(
        network.next_arrival(),
        Some(114_000),
        "an idle bottleneck starts at once"
    );
}

#[test]
fn rate_limit_is_exact_over_many_small_datagrams() {
    let mut network = Network::new(1, LinkConfig::default().rate_limit(7_000_000, 1 << 30));
    for number in 0..700_000_u32 {
        network.send(0, address(1), address(2), &number.to_be_bytes());
    }
    let last = received(&mut network, 0).last().unwrap().1;
    assert!(
        (399_600..=400_000).contains(&last),
        "2.8 MB at 7 MB/s took {last} us"
    );
}

#[test]
fn drop_next_loses_exactly_that_many() {
    let mut network = Network::new(1, LinkConfig::default());
    network.link(address(1), address(2)).drop_next(3);
    assert_eq!(numbers(&stream(&mut network, 6, 10)), [3, 4, 5]);
    assert_eq!(network.link(address(1), address(2)).statistics().lost, 3);
}

#[test]
fn outage_is_one_way_and_spares_what_is_under_way() {
    let mut network = Network::new(1, LinkConfig::default().delay(10 * MILLISECOND));
    network.send(0, address(1), address(2), b"before");
    network.link(address(1), address(2)).set_down(true);
    network.send(1, address(1), address(2), b"during");
    network.send(1, address(2), address(1), b"back");
    network.link(address(1), address(2)).set_down(false);
    network.send(2, address(1), address(2), b"after");
    let data: Vec<_> = std::iter::from_fn(|| network.receive(u64::MAX))
        .map(|datagram| datagram.data)
        .collect();
    assert_eq!(data, [&b"before"[..], b"back", b"after"]);
}

#[test]
fn datagrams_over_the_maximum_size_never_arrive() {
    let mut network = Network::new(1, LinkConfig::default().maximum_datagram_bytes(1200));
    network.send(0, address(1), address(2), &[0; 1201]);
    network.send(0, address(1), address(2), &[0; 1200]);
    assert_eq!(network.receive(0).unwrap().data.len(), 1200);
    assert_eq!(
        (network.receive(0), network.statistics().oversized),
        (None, 1)
    );
}

#[test]
fn settings_change_for_what_is_sent_afterwards() {
    let mut network = Network::new(1, LinkConfig::default().delay(10 * MILLISECOND));
    network.send(0, address(1), address(2), b"slow");
    network.set_config(LinkConfig::default());
    network.send(1, address(1), address(2), b"fast");
    network.send(1, address(3), address(2), b"new link");
    let arrivals: Vec<_> = std::iter::from_fn(|| network.receive(u64::MAX))
        .map(|d| d.arrival_micros)
        .collect();
    assert_eq!(arrivals, [1, 1, 10_000]);
}

#[test]
fn counters_conserve_datagrams_at_every_moment() {
    let config = LinkConfig::default()
        .delay(20 * MILLISECOND)
        .jitter(20 * MILLISECOND)
        .loss(0.1)
        .duplication(0.2)
        .rate_limit(50_000, 2_000)
        .maximum_datagram_bytes(150);
    let mut network = Network::new(77, config);
    let mut under_way = 0;
    for step in 0..2_000_u32 {
        let now = u64::from(step) * 1000;
        let before = network.statistics();
        network.send(now, address(1), address(2), &vec![0; (step % 160) as usize]);
        under_way += copies(network.statistics()) - copies(before);
        while network.receive(now).is_some() {
            under_way -= 1;
        }
        assert_eq!(network.statistics().in_flight(), under_way);
    }
    let all = network.statistics();
    assert!(
        [all.lost, all.duplicated, all.queue_dropped, all.oversized]
            .iter()
            .all(|&count| count > 0),
        "{all:?}"
    );
}

/// Copies a link let through.
fn copies(statistics: LinkStatistics) -> u64 {
    statistics.sent + statistics.duplicated
        - statistics.lost
        - statistics.queue_dropped
        - statistics.oversized
}

#[test]
#[should_panic(expected = "not a probability")]
fn probability_above_one_is_refused() {
    let _ = LinkConfig::default().loss(1.5);
}

#[test]
fn default_socket_buffer_holds_92_full_datagrams_or_256_small_ones_until_it_is_read() {
    let (from, to) = (address(1), address(2));
    for (len, fit) in [(1392, 92), (100, 256), (10, 256)] {
        let mut network = Network::new(1, LinkConfig::default());
        network.set_receive_buffer(to, 212_992);
        for _ in 0..300 {
            network.send(0, from, to, &vec![0; len]);
        }
        assert_eq!(network.receive(0), None, "a buffered address is read");
        assert_eq!(network.overflowed(to), 300 - fit, "{len} bytes");
        let read = std::iter::from_fn(|| network.read(to)).count();
        assert_eq!(read as u64, fit);
        network.send(0, from, to, b"again");
        assert_eq!(network.receive(0), None);
        assert_eq!(network.read(to).expect("room again").data, b"again");
    }
}
