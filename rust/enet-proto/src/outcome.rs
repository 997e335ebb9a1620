//! [`Reason`]: why a connection was refused or ended, as it travels in the user data of a DISCONNECT.
//!
//! ENet gives a DISCONNECT 32 bits of user data and no meaning. A reason of ours is told from whatever number another
//! program puts there by its upper half, which spells [`TAG`]: a program that takes its numbers at random is
//! misread once in a million times (4105 of 2^32 numbers are reasons), one that counts from 0 never. What does not fit
//! exactly is no reason: [`Reason::from_data`] answers `None`, and the number is the application's own.
//!
//! ```text
//! bits 31..16  0xE4E7
//! bits 15..12  kind
//! bits 11..0   code of a kick; 0 in all other kinds
//! ```

use std::fmt;

/// What the upper half of the user data is when the lower half is a reason.
const TAG: u32 = 0xE4E7;

/// Why the remote refused or ended a connection. Complete, so that who tells people of it leaves none out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nobody is let in at present.
    Refused,
    /// All slots are taken.
    Full,
    /// The address is banned.
    Banned,
    /// The id that the remote asked for is held by somebody else.
    IdTaken,
    /// The id that the remote asked for cannot be one.
    IdInvalid,
    /// The application decided against the remote.
    Filtered,
    /// The application threw the remote out, with a code of its own, at most [`Reason::MAXIMUM_CODE`].
    Kicked(u16),
    /// The remote's application closed the connection, or itself.
    Closed,
    /// The remote's application has been away for too long: it takes nothing of what arrives.
    Stalled,
    /// Too many connections were begun, by this address or by all.
    TooMany,
}

impl Reason {
    /// The largest code of a kick.
    pub const MAXIMUM_CODE: u16 = 0xFFF;

    /// The user data that carries the reason. A kick's code above [`MAXIMUM_CODE`](Self::MAXIMUM_CODE) becomes that.
    #[must_use]
    pub const fn to_data(self) -> u32 {
        let (kind, code) = match self {
            Self::Refused => (1, 0),
            Self::Full => (2, 0),
            Self::Banned => (3, 0),
            Self::IdTaken => (4, 0),
            Self::IdInvalid => (5, 0),
            Self::Filtered => (6, 0),
            Self::Kicked(code) if code > Self::MAXIMUM_CODE => (7, Self::MAXIMUM_CODE),
            Self::Kicked(code) => (7, code),
            Self::Closed => (8, 0),
            Self::Stalled => (9, 0),
            Self::TooMany => (10, 0),
        };
        TAG << 16 | kind << 12 | code as u32
    }

    /// The reason in a DISCONNECT's user data; `None` if the number is something else.
    #[must_use]
    pub const fn from_data(data: u32) -> Option<Self> {
        if data >> 16 != TAG {
            return None;
        }
        let (kind, code) = (data >> 12 & 0xF, data & 0xFFF);
        #[expect(clippy::cast_possible_truncation, reason = "12 bits")]
        let reason = match (kind, code) {
            (1, 0) => Self::Refused,
            (2, 0) => Self::Full,
            (3, 0) => Self::Banned,
            (4, 0) => Self::IdTaken,
            (5, 0) => Self::IdInvalid,
            (6, 0) => Self::Filtered,
            (7, code) => Self::Kicked(code as u16),
            (8, 0) => Self::Closed,
            (9, 0) => Self::Stalled,
            (10, 0) => Self::TooMany,
            _ => return None,
        };
        Some(reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "lets nobody in at present",
            Self::Full => "is full",
            Self::Banned => "has banned this address",
            Self::IdTaken => "has given this id to somebody else",
            Self::IdInvalid => "does not take this id",
            Self::Filtered => "decided against the connection",
            Self::Kicked(code) => return write!(f, "kicked this side with code {code}"),
            Self::Closed => "closed the connection",
            Self::Stalled => "has heard nothing of its application for too long",
            Self::TooMany => "has too many connections for now",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reason without a code.
    const PLAIN: [Reason; 9] = [
        Reason::Refused,
        Reason::Full,
        Reason::Banned,
        Reason::IdTaken,
        Reason::IdInvalid,
        Reason::Filtered,
        Reason::Closed,
        Reason::Stalled,
        Reason::TooMany,
    ];

    #[test]
    fn every_reason_survives_the_way_to_the_other_side() {
        let kicks = (0..=Reason::MAXIMUM_CODE).map(Reason::Kicked);
        let mut seen = std::collections::HashSet::new();
        for reason in PLAIN.into_iter().chain(kicks) {
            let data = reason.to_data();
            assert!(seen.insert(data), "{reason:?} has the data of another");
            assert_eq!(Reason::from_data(data), Some(reason));
        }
        assert_eq!(seen.len(), 9 + 4096);
        let most = Reason::Kicked(Reason::MAXIMUM_CODE);
        assert_eq!(Reason::Kicked(u16::MAX).to_data(), most.to_data());
    }

    #[test]
    fn all_numbers_with_the_tag_that_were_never_written_are_no_reason() {
        let reasons = (0..=0xFFFF_u32)
            .filter(|low| Reason::from_data(TAG << 16 | low).is_some())
            .count();
        assert_eq!(reasons, 9 + 4096);
    }

    #[test]
    fn numbers_of_other_programs_are_no_reason() {
        let counted = 0..200_000;
        let odd = [u32::MAX, i32::MAX as u32, 0xDEAD_BEEF, 0x1234_5678, 1 << 31];
        let powers = (0..32).map(|bit| 1_u32 << bit);
        for data in counted.chain(odd).chain(powers) {
            assert_eq!(Reason::from_data(data), None, "{data:#x}");
        }
    }
}
