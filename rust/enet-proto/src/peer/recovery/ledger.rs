//! [`Ledger`]: the datagrams that wanted an acknowledgement, and what became of them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::{Millis, Time};

/// Weight of one datagram in the share of lost ones: about the last 256 count.
const LOSS_WEIGHT: f64 = 1.0 / 256.0;

/// What was known when a datagram left, for the rate sample that its acknowledgement gives.
///
/// Source: draft-cheng-iccrg-delivery-rate-estimation-02, section 3.2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Departure {
    pub(super) at: Time,
    /// Bytes delivered by then, and when the last of them was.
    pub(super) delivered: u64,
    pub(super) delivered_at: Time,
    /// When the datagram left that was acknowledged last by then.
    pub(super) first_sent_at: Time,
    /// Whether there was less to send than the path could have carried.
    pub(super) application_limited: bool,
    /// Length of the datagram.
    pub(super) bytes: u32,
    acknowledged: bool,
}

impl Departure {
    pub(super) const fn new(
        at: Time,
        delivered: u64,
        delivered_at: Time,
        first_sent_at: Time,
        application_limited: bool,
    ) -> Self {
        Self {
            at,
            delivered,
            delivered_at,
            first_sent_at,
            application_limited,
            bytes: 0,
            acknowledged: false,
        }
    }
}

/// A ring of departures by number, and the share of datagrams whose acknowledgement never came.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Number of the front of the ring.
    first: u64,
    /// Number after the newest that was acknowledged.
    acknowledged_before: u64,
    ring: VecDeque<Departure>,
    loss: f64,
}

impl Ledger {
    /// Enters a departure and returns its number.
    pub(super) fn enter(&mut self, departure: Departure) -> u64 {
        self.ring.push_back(departure);
        self.first + self.ring.len() as u64 - 1
    }

    /// The datagram with this number turned out `bytes` long.
    pub(super) fn measure(&mut self, number: u64, bytes: u32) {
        if let Some(index) = number.checked_sub(self.first)
            && let Ok(index) = usize::try_from(index)
            && let Some(departure) = self.ring.get_mut(index)
        {
            departure.bytes = bytes;
        }
    }

    /// The departure with this number, unless it was retired.
    pub(super) fn get(&self, number: u64) -> Option<&Departure> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.ring.get(index)
    }

    /// Something in this datagram was acknowledged.
    pub(super) fn acknowledge(&mut self, number: u64) {
        if let Some(index) = number.checked_sub(self.first)
            && let Ok(index) = usize::try_from(index)
            && let Some(departure) = self.ring.get_mut(index)
        {
            departure.acknowledged = true;
            self.acknowledged_before = self.acknowledged_before.max(number + 1);
        }
    }

    /// Something was acknowledged that left in this millisecond, in the first datagram of it that still lacks one.
    pub(super) fn acknowledge_moment(&mut self, moment: Millis) {
        let from = self
            .ring
            .partition_point(|departure| departure.at.millis().before(moment));
        if let Some(departure) = self
            .ring
            .range_mut(from..)
            .take_while(|departure| departure.at.millis() == moment)
            .find(|departure| !departure.acknowledged)
        {
            departure.acknowledged = true;
        }
    }

    /// Forgets what was acknowledged, unless it is the newest such, and what left more than `age` ago; counts what of
    /// it was never acknowledged.
    pub(super) fn retire(&mut self, now: Time, age: Duration) {
        while let Some(departure) = self.ring.front() {
            let is_done = departure.acknowledged && self.first + 1 < self.acknowledged_before;
            if !is_done && departure.at + age >= now {
                break;
            }
            let lost = if departure.acknowledged { 0.0 } else { 1.0 };
            self.loss += (lost - self.loss) * LOSS_WEIGHT;
            self.ring.pop_front();
            self.first += 1;
        }
        if self.ring.is_empty() {
            self.ring.shrink_to(64);
        }
    }

    /// Share of datagrams that were lost, or whose acknowledgements were.
    pub(super) const fn loss(&self) -> f64 {
        self.loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Departure {
        let moment = Time::from_millis(millis);
        Departure::new(moment, 0, moment, moment, false)
    }

    #[test]
    fn what_was_acknowledged_is_kept_until_something_newer_is() {
        let mut ledger = Ledger::default();
        let numbers = [10, 11, 12].map(|millis| ledger.enter(at(millis)));
        let age = Duration::from_secs(1);
        ledger.acknowledge(numbers[0]);
        ledger.retire(Time::from_millis(13), age);
        assert!(ledger.get(numbers[0]).is_some());
        ledger.acknowledge(numbers[1]);
        ledger.retire(Time::from_millis(13), age);
        assert!(ledger.get(numbers[0]).is_none() && ledger.get(numbers[1]).is_some());
        assert!(ledger.get(numbers[2]).is_some());
    }

    #[test]
    fn datagrams_without_an_acknowledgement_count_as_lost_once_they_retire() {
        let mut ledger = Ledger::default();
        let numbers: Vec<u64> = [10, 10, 11, 30]
            .map(|millis| ledger.enter(at(millis)))
            .into();
        assert_eq!(numbers, [0, 1, 2, 3]);
        ledger.acknowledge(0);
        ledger.acknowledge_moment(Time::from_millis(10).millis());
        ledger.retire(Time::from_millis(111), Duration::from_millis(100));
        assert!(ledger.get(1).is_none() && ledger.get(2).is_some());
        assert!(
            ledger.loss() == 0.0,
            "both of the tenth millisecond arrived"
        );
        ledger.retire(Time::from_millis(200), Duration::from_millis(100));
        assert!(ledger.get(3).is_none() && ledger.loss() > 1.9 * LOSS_WEIGHT);
        ledger.acknowledge(2);
        assert_eq!(ledger.enter(at(300)), 4, "numbers go on");
    }
}
