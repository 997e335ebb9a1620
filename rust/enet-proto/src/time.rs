//! The two clocks: [`Time`], the argument of every call, and [`Millis`], the wrapping milliseconds ENet computes with.

use std::ops::Add;
use std::time::Duration;

/// A moment in microseconds since the host began; never wraps.
///
/// The driver turns its clock into `Time` once, at the border. Two hosts need not share an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// The moment the host began.
    pub const ZERO: Self = Self(0);

    /// The moment `micros` microseconds after the host began.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The moment `millis` milliseconds after the host began; saturates after 584,000 years.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Microseconds since the host began.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the host began.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }

    /// The span from `earlier` to `self`, zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// ENet's service time at this moment: whole milliseconds modulo 2^32.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "ENet's clock wraps at 2^32 ms"
    )]
    pub(crate) const fn millis(self) -> Millis {
        Millis(self.as_millis() as u32)
    }

    /// The first moment, seen from `self`, at which ENet's clock reads `deadline`; `self` if it lies in the past.
    pub(crate) fn when(self, deadline: Millis) -> Self {
        let now = self.millis();
        if deadline.before(now) {
            return self;
        }
        Self::from_millis(self.as_millis() + u64::from(deadline.0.wrapping_sub(now.0))).max(self)
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)),
        )
    }
}

/// ENet's clock: milliseconds modulo 2^32, ordered within a day.
///
/// Source: `include/enet/time.h`, ENet 1.3.18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Millis(pub(crate) u32);

impl Millis {
    /// A day: what lies further ahead counts as past.
    const OVERFLOW: u32 = 86_400_000;

    /// Whether `self` is earlier than `other`.
    pub(crate) const fn before(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0) >= Self::OVERFLOW
    }

    /// The absolute distance between the two moments, in milliseconds.
    pub(crate) const fn age(self, other: Self) -> u32 {
        if self.before(other) {
            other.0.wrapping_sub(self.0)
        } else {
            self.0.wrapping_sub(other.0)
        }
    }

    /// The moment `span` milliseconds later.
    pub(crate) const fn plus(self, span: u32) -> Self {
        Self(self.0.wrapping_add(span))
    }

    /// The low half, as a datagram's header carries it.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the wire carries the low 16 bits"
    )]
    pub(crate) const fn sent_time(self) -> u16 {
        self.0 as u16
    }

    /// Rebuilds the moment a datagram was sent from the 16 bits that an acknowledgement echoes at `self`;
    /// `None` if the echo lies in the future.
    pub(crate) const fn rebuild(self, echo: u16) -> Option<Self> {
        let mut sent = (self.0 & 0xFFFF_0000) | echo as u32;
        if (echo as u32 & 0x8000) > (self.0 & 0x8000) {
            sent = sent.wrapping_sub(0x1_0000);
        }
        let sent = Self(sent);
        if self.before(sent) { None } else { Some(sent) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_age_hold_across_the_wrap() {
        let (early, late) = (Millis(u32::MAX - 9), Millis(10));
        assert!(early.before(late) && !late.before(early) && !late.before(late));
        assert_eq!((early.age(late), late.age(early)), (20, 20));
        assert!(Millis(0).before(Millis(1)) && !Millis(Millis::OVERFLOW - 1).before(Millis(0)));
        assert!(
            Millis(Millis::OVERFLOW).before(Millis(0)),
            "a day ahead is past"
        );
    }

    #[test]
    fn echo_is_rebuilt_on_either_side_of_the_16_bit_wrap() {
        assert_eq!(
            Millis(0x0005_0010).rebuild(0x0008),
            Some(Millis(0x0005_0008))
        );
        assert_eq!(
            Millis(0x0005_0010).rebuild(0xFFF0),
            Some(Millis(0x0004_FFF0))
        );
        assert_eq!(
            Millis(0x0000_0010).rebuild(0xFFF0),
            Some(Millis(0xFFFF_FFF0))
        );
        assert_eq!(
            Millis(0x0005_0010).rebuild(0x0011),
            None,
            "one millisecond in the future"
        );
    }

    #[test]
    fn deadlines_become_the_first_microsecond_of_their_millisecond() {
        let now = Time::from_micros(5_300);
        assert_eq!(now.when(Millis(7)), Time::from_millis(7));
        assert_eq!(
            now.when(Millis(5)),
            now,
            "the millisecond that runs now is due"
        );
        assert_eq!(now.when(Millis(4)), now);
        let wrapping = Time::from_millis((1 << 32) - 1);
        assert_eq!(wrapping.when(Millis(1)), Time::from_millis((1 << 32) + 1));
    }
}
