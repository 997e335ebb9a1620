//! The search by itself, on paths that carry what they say.

use super::*;

const MTU: u32 = 1392;
const ROUND_TRIP: Duration = Duration::from_millis(100);

const fn echo(sent: Time) -> u16 {
    sent.millis().sent_time()
}

/// A path that carries datagrams of up to `limit` bytes, and what was asked of it.
struct Path {
    mtu: PathMtu,
    limit: u32,
    now: Time,
    asked: Vec<u32>,
}

impl Path {
    /// As seen by somebody who has heard of the remote.
    fn new(limit: u32) -> Self {
        let mut mtu = PathMtu::default();
        mtu.acknowledged(Time::ZERO, 0);
        Self {
            mtu,
            limit,
            now: Time::ZERO,
            asked: Vec::new(),
        }
    }

    /// Lets `span` pass with a small datagram acknowledged every 100 ms.
    fn pass(&mut self, span: Duration) -> &mut Self {
        let end = self.now + span;
        while self.now < end {
            if let Some(size) = self.mtu.poll(self.now, MTU) {
                let number = u16::try_from(self.asked.len()).unwrap();
                self.asked.push(size);
                self.mtu.asked(self.now, number, size, ROUND_TRIP);
                if size <= self.limit {
                    assert!(self.mtu.answered(number, echo(self.now)));
                }
            }
            self.now = self.now + ROUND_TRIP;
            self.mtu.acknowledged(self.now, 100);
        }
        self
    }

    fn size(&self) -> u32 {
        self.mtu.size(MTU)
    }
}

#[test]
fn the_largest_size_is_found_whatever_it_is() {
    for limit in BASE..=MTU {
        let mut path = Path::new(limit);
        path.pass(Duration::from_mins(1));
        let size = path.size();
        assert!(
            size <= limit && size + RESOLUTION >= limit,
            "{size} of {limit}"
        );
        let refused = path.asked.iter().filter(|&&size| size > limit).count();
        assert!(refused <= 5 * usize::from(MOST_PROBES), "{:?}", path.asked);
        assert!((BASE..=limit).all(|size| path.mtu.may_carry(size)));
    }
}

#[test]
fn a_probe_counts_as_lost_only_where_something_else_was_acknowledged_in_its_time() {
    let mut mtu = PathMtu::default();
    mtu.acknowledged(Time::ZERO, 0);
    for number in 0..20 {
        let now = Time::from_millis(5000 * u64::from(number));
        assert_eq!(mtu.poll(now, MTU), Some(MTU));
        mtu.asked(now, number, MTU, ROUND_TRIP);
        let late = now + Duration::from_secs(2);
        assert_eq!((mtu.deadline(MTU), mtu.poll(late, MTU)), (None, None));
        mtu.acknowledged(late, 100);
    }
    assert!(mtu.may_carry(MTU));
}

#[test]
fn an_answer_that_comes_late_counts_as_well() {
    let mut path = Path::new(BASE);
    path.pass(Duration::from_secs(2));
    assert_eq!((path.asked.len(), path.size()), (2, BASE));
    let sent = echo(Time::ZERO);
    assert!(!path.mtu.answered(0, sent + 1), "of another time");
    assert!(path.mtu.answered(0, sent) && !path.mtu.answered(0, sent));
    assert_eq!(path.size(), MTU);
}

#[test]
fn losses_in_three_round_trips_without_a_large_arrival_begin_the_search_anew() {
    let lose = |path: &mut Path, size| {
        path.now = path.now + ROUND_TRIP;
        path.mtu.lost(path.now, Some(size), ROUND_TRIP);
        path.mtu.lost(path.now, Some(size), ROUND_TRIP);
    };
    let mut path = Path::new(MTU);
    path.pass(Duration::from_secs(1));
    for _ in 0..10 {
        (0..2).for_each(|_| lose(&mut path, 1300));
        path.mtu.acknowledged(path.now, 1350);
        (0..10).for_each(|_| lose(&mut path, BASE));
    }
    assert_eq!(path.size(), MTU, "small ones are lost, large ones arrive");
    (0..2).for_each(|_| lose(&mut path, 1300));
    path.mtu.acknowledged(path.now, 1250);
    lose(&mut path, 1300);
    assert_eq!(path.size(), BASE, "1250 says nothing of 1300");
    path.limit = 1260;
    path.pass(Duration::from_mins(1));
    assert!((1245..=1260).contains(&path.size()));
    (0..20).for_each(|_| lose(&mut path, 1392));
    assert!(path.size() >= 1245, "what was cut for the old path");
}

#[test]
fn a_size_in_use_that_nobody_acknowledges_is_asked_for_and_given_up() {
    let mut path = Path::new(MTU);
    path.pass(Duration::from_secs(1));
    path.limit = 1200;
    path.pass(CONFIRM_AFTER * 3);
    assert_eq!(path.asked, [MTU], "nothing large has left");
    path.mtu.left(path.now, 1300, false);
    path.pass(CONFIRM_AFTER);
    assert_eq!(path.size(), MTU, "too soon to ask");
    path.pass(Duration::from_secs(4));
    assert!(path.size() <= 1200 && !path.mtu.may_carry(MTU));
}

#[test]
fn large_datagrams_that_arrive_do_not_vouch_for_larger_ones() {
    let mut path = Path::new(MTU);
    path.pass(Duration::from_secs(1));
    path.limit = 1250;
    for _ in 0..40 {
        path.mtu.left(path.now, 1300, false);
        path.mtu.left(path.now, 1220, true);
        path.pass(Duration::from_secs(1));
        path.mtu.acknowledged(path.now, 1220);
    }
    assert!(path.size() <= 1250, "{} of 1250", path.size());
}
