//! [`Congestion`]: how fast to send and how much to keep in flight, from a model of the path.
//!
//! The algorithm is BBR (Cardwell, Cheng, Gunn, Yeganeh, Jacobson: "BBR: Congestion-Based Congestion Control", ACM
//! Queue 14, 2016; draft-cardwell-iccrg-bbr-congestion-control-00): the bandwidth is the largest delivery rate of the
//! last ten rounds, the length of the path the least round trip of the last ten seconds, and packets are paced at the
//! one while their product is in flight. From its successors (draft-ietf-ccwg-bbr, BBRv3) come the allowance for
//! aggregated acknowledgements, the ceiling after congestion loss and the half window while the round trip is measured.
//!
//! Differs where ENet's users are hurt otherwise:
//! - loss without a grown round trip is the path's own and slows nothing down (ENet's paths are radio links), unless
//!   nearly a third of what otherwise arrives is lost, or half at the start; the look for more bandwidth makes up for
//!   a loss of a quarter and more, or would find less and less;
//! - a path that became slower by half or more is believed after two rounds, not ten;
//! - outside of the start the window is 1.25 times the product, not 2, so that small packets on other channels do not
//!   wait in a queue that we made;
//! - the window starts at ENet's 64 KiB and, but for the moments of measuring, never falls below.

use std::time::Duration;

use super::bandwidth::RoundMaximum;
use super::ledger::Departure;
use crate::time::Time;

/// ENet's window: the first one, and the least.
const LEAST_WINDOW: f64 = 65_536.0;
/// Half of what ENet's receivers buffer for a peer.
const LARGEST_WINDOW: f64 = 16.0 * 1024.0 * 1024.0;
/// Least window while the round trip is measured, and least data per round trip to pace by.
const MEASURING_WINDOW: f64 = 4.0 * 1392.0;
/// `2 / ln 2`: the rate doubles each round.
const STARTUP_GAIN: f64 = 2.885;
/// Rate in the phases of a cycle, each about a round trip long: more, less, and six times what was found.
const CYCLE: [f64; 8] = [1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
/// Phases of a cycle in which what is lost was sent at the rate that was found.
const CRUISING: std::ops::RangeInclusive<usize> = 4..=7;
/// Shares of lost bytes that a look for more bandwidth makes up for. Where less is lost it finds more without, and what a
/// short queue loses of two flows is less: more must not be sent for that. Four flows or more may lose as much there.
const LEAST_MADE_UP_LOSS: f64 = 0.25;
const LARGEST_MADE_UP_LOSS: f64 = 0.5;
/// Window in multiples of bandwidth times round trip, in the start and later.
const STARTUP_WINDOW_GAIN: f64 = 2.885;
const WINDOW_GAIN: f64 = 1.25;
/// The start is over after this many rounds that did not bring this growth.
const FULL_GROWTH: f64 = 1.25;
const FULL_ROUNDS: u8 = 3;
/// How long the least round trip counts, and how long the next one is looked for.
const ROUND_TRIP_LIFETIME: Duration = Duration::from_secs(10);
const MEASURING_TIME: Duration = Duration::from_millis(200);
/// Share of lost bytes that means congestion when round trips grew by a quarter too.
const CONGESTION_LOSS: f64 = 0.02;
/// Share that does when they did not, of what the path does not lose by itself, at the start and later.
const STARTUP_HOPELESS_LOSS: f64 = 0.5;
const HOPELESS_LOSS: f64 = 0.3;
/// Least loss that says anything, in bytes: a handful of datagrams.
const TELLING_LOSS_BYTES: u64 = 8 * 1392;
/// Least round that does: the first overtaking on a path looks like loss for a moment.
const TELLING_ROUND_BYTES: u64 = 32 * 1024;
/// A path has become slower when it brings less than this part of what the model says, for so many rounds in a row.
const COLLAPSE: f64 = 0.5;
const COLLAPSE_ROUNDS: usize = 2;
/// What is left of the data in flight after congestion.
const CEILING_FACTOR: f64 = 0.85;

/// What was acknowledged and lost since the model last looked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Acknowledged {
    pub(super) bytes: u64,
    pub(super) lost_bytes: u64,
    /// What had been declared lost and had arrived all the same.
    pub(super) spurious_bytes: u64,
    /// The latest departure among it.
    pub(super) newest: Option<(u64, Departure)>,
    pub(super) least_round_trip: Option<Duration>,
}

#[derive(Debug, Clone, Copy, Default)]
enum Mode {
    /// Doubling the rate each round until the bandwidth stops growing.
    #[default]
    Startup,
    /// Emptying the queue that the start made.
    Drain,
    /// Cruising, with a look for more bandwidth once a cycle.
    Cycle { phase: usize, since: Time },
    /// Keeping little in flight to see the length of the path.
    Measure {
        until: Time,
        least: Option<Duration>,
    },
}

/// Sums over the running round.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    /// Bytes delivered in all at its end.
    end: u64,
    bytes: u64,
    lost_bytes: u64,
    least_round_trip: Option<Duration>,
    most_in_flight: usize,
    /// Whether a rate was seen that the application did not limit.
    saw_bandwidth: bool,
}

impl Round {
    const fn sent_bytes(&self) -> u64 {
        self.bytes + self.lost_bytes
    }

    /// Whether enough was sent for what became of it to say anything.
    const fn is_telling(&self) -> bool {
        self.sent_bytes() >= TELLING_ROUND_BYTES
    }
}

/// Bytes acknowledged at once beyond what the bandwidth explains: receivers answer in batches.
#[derive(Debug, Clone, Copy, Default)]
struct Aggregation {
    since: Time,
    bytes: f64,
    extra: RoundMaximum,
}

/// What the path itself loses, however little is sent: summed over the cruising rounds of a cycle.
#[derive(Debug, Clone, Copy, Default)]
struct OwnLoss {
    bytes: u64,
    lost_bytes: u64,
    /// Share of the last cycle.
    share: f64,
}

impl OwnLoss {
    /// What has to leave for so much to arrive.
    fn made_up(&self, arriving: f64) -> f64 {
        arriving / (1.0 - self.share)
    }

    fn end_cycle(&mut self) {
        let sent = self.bytes + self.lost_bytes;
        let share = self.lost_bytes as f64 / sent.max(1) as f64;
        *self = Self {
            share: if share < LEAST_MADE_UP_LOSS {
                0.0
            } else {
                share.min(LARGEST_MADE_UP_LOSS)
            },
            ..Self::default()
        };
    }
}

/// The model and what follows from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Congestion {
    mode: Mode,
    delivered: u64,
    delivered_at: Time,
    first_sent_at: Time,
    /// Until this many bytes are delivered, rates are the application's.
    limited_until: u64,
    round: Round,
    bandwidth: RoundMaximum,
    least_round_trip: Option<Duration>,
    least_seen_at: Time,
    full_bandwidth: f64,
    full_rounds: u8,
    aggregation: Aggregation,
    own_loss: OwnLoss,
    /// Rounds in a row that brought far less than the model says.
    poor_rounds: usize,
    window: f64,
    ceiling: f64,
}

impl Default for Congestion {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            delivered: 0,
            delivered_at: Time::ZERO,
            first_sent_at: Time::ZERO,
            limited_until: 0,
            round: Round::default(),
            bandwidth: RoundMaximum::default(),
            least_round_trip: None,
            least_seen_at: Time::ZERO,
            full_bandwidth: 0.0,
            full_rounds: 0,
            aggregation: Aggregation::default(),
            own_loss: OwnLoss::default(),
            poor_rounds: 0,
            window: LEAST_WINDOW,
            ceiling: LARGEST_WINDOW,
        }
    }
}

impl Congestion {
    /// Bytes that may be in flight.
    pub(super) fn window(&self) -> f64 {
        match self.mode {
            Mode::Measure { .. } => self
                .window
                .min((self.product() / 2.0).max(MEASURING_WINDOW)),
            _ => self.window,
        }
    }

    /// Bytes a second to send, given the smoothed round trip, and whether the path reorders much.
    pub(super) fn rate(&self, smoothed: Duration, reorders: bool) -> f64 {
        let least = self.least_round_trip.unwrap_or(smoothed);
        let each = |span: Duration, bytes: f64| bytes / span.as_secs_f64().max(1e-4);
        let bandwidth = self.bandwidth.get();
        let rate = match self.mode {
            Mode::Startup => STARTUP_GAIN * bandwidth.max(each(least, LEAST_WINDOW)),
            Mode::Drain => bandwidth / STARTUP_GAIN,
            Mode::Cycle { phase: 0, .. } => self.own_loss.made_up(bandwidth * CYCLE[0]),
            Mode::Cycle { phase, .. } => bandwidth * CYCLE[phase],
            Mode::Measure { .. } => bandwidth,
        };
        // A longer round trip is a queue, which more would only overflow, unless it comes of what reorders.
        let present = if reorders { least } else { least.max(smoothed) };
        rate.max(each(present, MEASURING_WINDOW))
    }

    /// The least round trip seen lately.
    pub(super) fn least_round_trip(&self, smoothed: Duration) -> Duration {
        self.least_round_trip.unwrap_or(smoothed)
    }

    /// What to remember of a datagram that leaves now, when `in_flight` bytes are.
    pub(super) fn departure(&mut self, now: Time, in_flight: usize) -> Departure {
        if in_flight == 0 {
            // A flow that begins or goes on measures from here.
            (self.delivered_at, self.first_sent_at) = (now, now);
        }
        Departure::new(
            now,
            self.delivered,
            self.delivered_at,
            self.first_sent_at,
            self.delivered < self.limited_until,
        )
    }

    /// There is nothing left to send although `in_flight` would allow for more.
    pub(super) fn limited_by_application(&mut self, in_flight: usize) {
        if (in_flight as f64) < self.window() {
            self.limited_until = self.delivered + in_flight as u64 + 1;
        }
    }

    /// `bytes` arrived.
    pub(super) const fn delivered(&mut self, now: Time, bytes: usize) {
        self.delivered += bytes as u64;
        self.delivered_at = now;
    }

    /// Brings the model up to date; `in_flight` is what is left of it.
    pub(super) fn update(&mut self, now: Time, acknowledged: &Acknowledged, in_flight: usize) {
        self.round.lost_bytes = (self.round.lost_bytes + acknowledged.lost_bytes)
            .saturating_sub(acknowledged.spurious_bytes);
        self.round.most_in_flight = self.round.most_in_flight.max(in_flight);
        let Some((_, departure)) = acknowledged.newest else {
            return;
        };
        self.round.bytes += acknowledged.bytes;
        if let Some(sample) = acknowledged.least_round_trip {
            self.see_round_trip(now, sample);
        }
        let round_over = departure.delivered >= self.round.end;
        self.see_rate(now, &departure);
        if round_over {
            self.end_round();
        }
        self.aggregate(now, acknowledged.bytes);
        self.change_mode(now, in_flight);
        self.resize(acknowledged.bytes as f64);
    }

    /// Bandwidth times least round trip: what the path itself holds.
    fn product(&self) -> f64 {
        let round_trip = self.least_round_trip.unwrap_or_default();
        self.bandwidth.get() * round_trip.as_secs_f64()
    }

    fn see_round_trip(&mut self, now: Time, sample: Duration) {
        let round = &mut self.round.least_round_trip;
        *round = Some(round.map_or(sample, |least| least.min(sample)));
        if let Mode::Measure { least, .. } = &mut self.mode {
            *least = Some(least.map_or(sample, |least| least.min(sample)));
        }
        let known = self.least_round_trip.unwrap_or(sample);
        self.least_round_trip = Some(known.min(sample));
        // Close to the least is as good a proof of it.
        if sample <= known + known / 16 {
            self.least_seen_at = now;
        }
    }

    /// Source: draft-cheng-iccrg-delivery-rate-estimation-02, section 3.3.
    fn see_rate(&mut self, now: Time, departure: &Departure) {
        let sending = departure.at.saturating_since(departure.first_sent_at);
        let arriving = now.saturating_since(departure.delivered_at);
        let interval = sending.max(arriving);
        self.first_sent_at = self.first_sent_at.max(departure.at);
        if interval.is_zero() || self.least_round_trip.is_some_and(|least| interval < least) {
            return;
        }
        let rate = (self.delivered - departure.delivered) as f64 / interval.as_secs_f64();
        if !departure.application_limited || rate >= self.bandwidth.get() {
            self.bandwidth.offer(rate);
        }
        self.round.saw_bandwidth |= !departure.application_limited;
    }

    fn end_round(&mut self) {
        let round = std::mem::take(&mut self.round);
        self.round.end = self.delivered;
        if self.is_congested(&round) {
            let product = self.product();
            self.ceiling = (round.most_in_flight as f64 * CEILING_FACTOR).max(product);
            self.full_rounds = FULL_ROUNDS;
        } else if matches!(self.mode, Mode::Cycle { phase: 0, .. }) {
            self.ceiling = (self.ceiling * FULL_GROWTH).min(LARGEST_WINDOW);
        }
        if let Mode::Cycle { phase, .. } = self.mode
            && CRUISING.contains(&phase)
            && !self.has_grown(&round)
        {
            self.own_loss.bytes += round.bytes;
            self.own_loss.lost_bytes += round.lost_bytes;
        }
        if !round.saw_bandwidth {
            return;
        }
        if matches!(self.mode, Mode::Startup) {
            let bandwidth = self.bandwidth.get();
            if bandwidth >= self.full_bandwidth * FULL_GROWTH {
                (self.full_bandwidth, self.full_rounds) = (bandwidth, 0);
            } else {
                self.full_rounds += 1;
            }
        }
        self.notice_collapse(&round);
        self.bandwidth.next_round();
        self.aggregation.extra.next_round();
    }

    /// Believes the last rounds alone when the path has become slower: eight more at the old rate would drown all else
    /// on it.
    fn notice_collapse(&mut self, round: &Round) {
        let is_poor =
            self.own_loss.made_up(self.bandwidth.latest()) < COLLAPSE * self.bandwidth.get();
        self.poor_rounds = if round.is_telling() && is_poor {
            self.poor_rounds + 1
        } else {
            0
        };
        if self.poor_rounds == COLLAPSE_ROUNDS {
            self.poor_rounds = 0;
            self.bandwidth.keep(COLLAPSE_ROUNDS);
            self.aggregation.extra.keep(COLLAPSE_ROUNDS);
        }
    }

    /// Whether what a round lost was lost in a full queue.
    fn is_congested(&self, round: &Round) -> bool {
        if round.lost_bytes < TELLING_LOSS_BYTES || !round.is_telling() {
            return false;
        }
        let loss = round.lost_bytes as f64 / round.sent_bytes() as f64;
        let arrived = self.own_loss.made_up(1.0 - loss);
        let hopeless = match self.mode {
            Mode::Startup => STARTUP_HOPELESS_LOSS,
            _ => HOPELESS_LOSS,
        };
        arrived < 1.0 - hopeless || (loss > CONGESTION_LOSS && self.has_grown(round))
    }

    /// Whether round trips were longer than the path is, all through a round.
    fn has_grown(&self, round: &Round) -> bool {
        match (round.least_round_trip, self.least_round_trip) {
            (Some(seen), Some(least)) => seen > least + least / 4,
            _ => false,
        }
    }

    /// Source: draft-ietf-ccwg-bbr, `BBRUpdateACKAggregation`.
    fn aggregate(&mut self, now: Time, bytes: u64) {
        let elapsed = now.saturating_since(self.aggregation.since);
        let mut expected = self.bandwidth.get() * elapsed.as_secs_f64();
        if self.aggregation.bytes <= expected {
            (self.aggregation.since, self.aggregation.bytes, expected) = (now, 0.0, 0.0);
        }
        self.aggregation.bytes += bytes as f64;
        let extra = (self.aggregation.bytes - expected).min(self.window);
        self.aggregation.extra.offer(extra);
    }

    fn change_mode(&mut self, now: Time, in_flight: usize) {
        let in_flight = in_flight as f64;
        let product = self.product();
        let cycle = |phase| Mode::Cycle { phase, since: now };
        match self.mode {
            Mode::Startup | Mode::Drain | Mode::Cycle { .. }
                if now.saturating_since(self.least_seen_at) > ROUND_TRIP_LIFETIME =>
            {
                self.mode = Mode::Measure {
                    until: now + MEASURING_TIME,
                    least: None,
                };
            }
            Mode::Startup if self.full_rounds >= FULL_ROUNDS => self.mode = Mode::Drain,
            Mode::Drain if in_flight <= product => self.mode = cycle(2),
            Mode::Cycle { phase, since } => {
                let lasted = now.saturating_since(since);
                let over = lasted > self.least_round_trip.unwrap_or_default();
                let next = match phase {
                    1 => over || in_flight <= product,
                    _ => over,
                };
                if next {
                    if phase + 1 == CYCLE.len() {
                        self.own_loss.end_cycle();
                    }
                    self.mode = cycle((phase + 1) % CYCLE.len());
                }
            }
            Mode::Measure { until, least } if now >= until => {
                self.least_round_trip = least.or(self.least_round_trip);
                self.least_seen_at = now;
                self.mode = if self.full_rounds < FULL_ROUNDS {
                    Mode::Startup
                } else {
                    cycle(2)
                };
            }
            Mode::Startup | Mode::Drain | Mode::Measure { .. } => {}
        }
    }

    fn resize(&mut self, acknowledged_bytes: f64) {
        let grown = self.window + acknowledged_bytes;
        let product = self.product();
        let target = match self.mode {
            Mode::Startup => grown.min((product * STARTUP_WINDOW_GAIN).max(self.window)),
            _ => {
                let for_path = self.own_loss.made_up(product * WINDOW_GAIN);
                grown.min(for_path + self.aggregation.extra.get())
            }
        };
        self.window = target.min(self.ceiling).clamp(LEAST_WINDOW, LARGEST_WINDOW);
    }
}
