//! [`LossDetector`]: which commands are lost, judged by what left later and arrived. [`ProbeTimer`]: what to do when
//! nothing arrives.

use std::time::Duration;

use crate::peer::outgoing::Transmission;
use crate::time::Time;

/// Later datagrams that must have arrived before an earlier one is lost, on a path that keeps order.
const PACKET_THRESHOLD: u64 = 3;
/// Arrivals in order that prove that a path keeps it.
const PROOF_OF_ORDER: u32 = 64;
/// Least allowance for reordering.
const GRANULARITY: Duration = Duration::from_millis(1);
/// The allowance is at most this many quarters of the least round trip.
const MOST_QUARTERS: u32 = 4;
/// Losses in a row that turn out real before the allowance shrinks by a quarter.
const PERSISTENCE: u32 = 16;
/// Longest span between two probes of an open connection.
const LONGEST_PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// A command is lost when one that left after it has arrived and the time for reordering is over.
///
/// Source: RFC 8985 (RACK-TLP), sections 6.1 and 6.2; the packet threshold is RFC 9002's, section 6.1.1. The echo of an
/// acknowledgement says which transmission arrived, so no ambiguity between original and retransmission is left.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LossDetector {
    /// The latest departure known to have arrived, and its round trip.
    newest: Option<Transmission>,
    round_trip: Duration,
    /// Arrivals in order since one came out of it.
    in_order: u32,
    /// The allowance, beyond one quarter of the least round trip, and the losses since it changed.
    extra_quarters: u32,
    losses: u32,
}

impl LossDetector {
    /// Whether what looks lost has often only been overtaken.
    pub(super) const fn is_often_wrong(&self) -> bool {
        self.extra_quarters + 1 == MOST_QUARTERS
    }

    /// A departure arrived after `round_trip`.
    pub(super) fn arrived(&mut self, departure: Transmission, round_trip: Duration) {
        match self.newest {
            Some(newest) if departure.datagram < newest.datagram => self.in_order = 0,
            _ => {
                self.in_order = self.in_order.saturating_add(1);
                self.newest = Some(departure);
                self.round_trip = round_trip;
            }
        }
    }

    /// Something declared lost had arrived all the same.
    pub(super) fn was_wrong(&mut self) {
        self.in_order = 0;
        self.extra_quarters = (self.extra_quarters + 1).min(MOST_QUARTERS - 1);
        self.losses = 0;
    }

    /// A command was declared lost.
    pub(super) fn declared_lost(&mut self) {
        self.losses += 1;
        if self.losses >= PERSISTENCE {
            self.losses = 0;
            self.extra_quarters = self.extra_quarters.saturating_sub(1);
        }
    }

    /// When `departure` is lost, given that something later arrived; `None` if nothing did.
    pub(super) fn lost_at(
        &self,
        departure: Transmission,
        least_round_trip: Duration,
    ) -> Option<Time> {
        let newest = self.newest?;
        if departure.datagram >= newest.datagram {
            return None;
        }
        if self.in_order >= PROOF_OF_ORDER
            && newest.datagram - departure.datagram >= PACKET_THRESHOLD
        {
            return Some(departure.at);
        }
        let allowance = (least_round_trip / 4 * (1 + self.extra_quarters)).max(GRANULARITY);
        Some(departure.at + self.round_trip + allowance)
    }
}

/// Sends the oldest commands again when their acknowledgement is overdue, more and more rarely while nothing at all is
/// acknowledged.
///
/// Source: RFC 9002, section 6.2. Differs: the timer runs from the oldest command, not from the last departure, and
/// while acknowledgements of anything come in it never backs off.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProbeTimer {
    /// Probes since anything was acknowledged.
    probes: u32,
    last_probe: Time,
    /// When the first probe of the present silence left, and the probe timeout then.
    silence: Option<(Time, Duration)>,
}

impl ProbeTimer {
    /// Something was acknowledged.
    pub(super) const fn answered(&mut self) {
        self.probes = 0;
        self.silence = None;
    }

    /// When the next probe is due if the oldest command left at `oldest`. `open`: the connection is.
    pub(super) fn due(&self, oldest: Time, timeout: Duration, open: bool) -> Time {
        let overdue = oldest + timeout;
        if self.probes == 0 {
            // A flow that goes on needs few probes: its losses show in its acknowledgements.
            return overdue.max(self.last_probe + timeout / 8);
        }
        let mut interval =
            timeout.saturating_mul(1u32.checked_shl(self.probes).unwrap_or(u32::MAX));
        if open {
            interval = interval.min(LONGEST_PROBE_INTERVAL.max(timeout));
        }
        overdue.max(self.last_probe + interval)
    }

    /// A probe leaves. Returns how long nothing was acknowledged, and how often the timeout fits into that.
    ///
    /// A silence begins one timeout before its first probe: that is when the oldest command left, unless nobody looked
    /// in time, and a host that stood still must not take its own absence for that of the other side.
    pub(super) fn fire(&mut self, now: Time, timeout: Duration) -> (Duration, u128) {
        let (first_probe, first_timeout) = *self.silence.get_or_insert((now, timeout));
        self.probes = self.probes.saturating_add(1);
        self.last_probe = now;
        let silence = first_timeout + now.saturating_since(first_probe);
        (
            silence,
            silence.as_micros() / first_timeout.as_micros().max(1),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(100);

    fn departure(millis: u64, datagram: u64) -> Transmission {
        Transmission {
            at: Time::from_millis(millis),
            datagram,
        }
    }

    fn orderly() -> LossDetector {
        let mut detector = LossDetector::default();
        for datagram in 0..u64::from(PROOF_OF_ORDER) {
            detector.arrived(departure(datagram, datagram), ROUND_TRIP);
        }
        detector
    }

    #[test]
    fn nothing_is_lost_before_something_later_has_arrived() {
        let mut detector = LossDetector::default();
        assert_eq!(detector.lost_at(departure(0, 7), ROUND_TRIP), None);
        detector.arrived(departure(10, 8), ROUND_TRIP);
        assert_eq!(detector.lost_at(departure(20, 9), ROUND_TRIP), None);
        let lost_at = detector.lost_at(departure(0, 7), ROUND_TRIP);
        assert_eq!(
            lost_at,
            Some(Time::from_millis(125)),
            "a quarter for reordering"
        );
    }

    #[test]
    fn three_later_arrivals_are_enough_on_a_path_that_keeps_order() {
        let mut detector = orderly();
        detector.arrived(departure(203, 103), ROUND_TRIP);
        let immediately = |detector: &LossDetector, number| {
            detector.lost_at(departure(200, number), ROUND_TRIP) == Some(Time::from_millis(200))
        };
        assert!(immediately(&detector, 100) && !immediately(&detector, 101));
        detector.arrived(departure(199, 99), ROUND_TRIP);
        assert!(!immediately(&detector, 100), "one came out of order");
    }

    #[test]
    fn allowance_grows_with_each_mistake_up_to_a_round_trip_and_shrinks_with_many_losses() {
        let mut detector = LossDetector::default();
        detector.arrived(departure(0, 9), ROUND_TRIP);
        let allowance = |detector: &LossDetector| {
            let lost_at = detector.lost_at(departure(0, 1), ROUND_TRIP);
            lost_at.expect("something later arrived").as_millis() - 100
        };
        let grown = [0; 5].map(|_| {
            detector.was_wrong();
            allowance(&detector)
        });
        assert_eq!(grown, [50, 75, 100, 100, 100]);
        for _ in 0..PERSISTENCE {
            detector.declared_lost();
        }
        assert_eq!(allowance(&detector), 75);
    }

    #[test]
    fn probes_back_off_in_silence_to_a_second_and_at_any_answer_no_more() {
        let mut probe = ProbeTimer::default();
        let oldest = Time::from_millis(1000);
        let mut spans = Vec::new();
        let mut last = oldest;
        for _ in 0..7 {
            let due = probe.due(oldest, ROUND_TRIP, true);
            spans.push(due.saturating_since(last).as_millis());
            probe.fire(due, ROUND_TRIP);
            last = due;
        }
        assert_eq!(spans, [100, 200, 400, 800, 1000, 1000, 1000]);
        assert!(
            probe.due(oldest, ROUND_TRIP, false) > last + Duration::from_secs(2),
            "a handshake doubles without end"
        );
        probe.answered();
        assert_eq!(probe.due(last, ROUND_TRIP, true), last + ROUND_TRIP);
    }

    #[test]
    fn silence_is_reckoned_from_the_first_departure_in_timeouts() {
        let mut probe = ProbeTimer::default();
        probe.fire(Time::from_millis(1100), ROUND_TRIP);
        let (silence, timeouts) = probe.fire(Time::from_millis(1300), ROUND_TRIP);
        assert_eq!((silence.as_millis(), timeouts), (300, 3));
    }
}
