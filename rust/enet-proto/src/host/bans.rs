//! [`Bans`]: addresses that are not let in for a time, and [`Prefix`], by which they are named.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use super::Host;
use crate::time::Time;

/// An IP address, or all that share its first bits.
///
/// IPv4 addresses that are mapped into IPv6 are IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix {
    /// The address, all bits behind the prefix 0.
    address: IpAddr,
    len: u8,
}

/// A prefix is longer than its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrefixError {
    /// The number of bits is over 32 or 128.
    #[error("{len} bits are more than an address of {most} bits has")]
    TooLong {
        /// The number of bits asked for.
        len: u8,
        /// Bits of the address.
        most: u8,
    },
    /// The text is neither an address nor `address/bits`.
    #[error("expected an address, or an address and a number of bits with a slash between")]
    NotAPrefix,
}

impl Prefix {
    /// The first `len` bits of `address`.
    ///
    /// # Errors
    /// [`PrefixError::TooLong`] above 32 bits of an IPv4 or 128 of an IPv6 address.
    pub fn new(address: IpAddr, len: u8) -> Result<Self, PrefixError> {
        let most = bits(address);
        if len > most {
            return Err(PrefixError::TooLong { len, most });
        }
        Ok(Self {
            address: mask(address, len),
            len,
        }
        .canonical())
    }

    /// The lowest address in it.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits it fixes, if these are not all bits of its address.
    #[must_use]
    pub fn partial_len(&self) -> Option<u8> {
        (self.len < bits(self.address)).then_some(self.len)
    }

    /// Whether `address` lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && mask(address, self.len) == self.address
    }

    /// A prefix inside the IPv4-mapped addresses, as one of IPv4.
    fn canonical(self) -> Self {
        match (self.address.to_canonical(), self.len.checked_sub(96)) {
            (address @ IpAddr::V4(_), Some(len)) if self.address.is_ipv6() => Self { address, len },
            _ => self,
        }
    }
}

impl From<IpAddr> for Prefix {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self {
            address,
            len: bits(address),
        }
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let address = |text: &str| text.parse::<IpAddr>().map_err(|_| PrefixError::NotAPrefix);
        match text.split_once('/') {
            None => Ok(address(text)?.into()),
            Some((head, len)) => {
                let len = len.parse().map_err(|_| PrefixError::NotAPrefix)?;
                Self::new(address(head)?, len)
            }
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        match self.partial_len() {
            Some(len) => write!(f, "/{len}"),
            None => Ok(()),
        }
    }
}

const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn mask(address: IpAddr, len: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(len.min(32)));
            IpAddr::V4((v4.to_bits() & mask.unwrap_or(0)).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(len.min(128)));
            IpAddr::V6((v6.to_bits() & mask.unwrap_or(0)).into())
        }
    }
}

/// A ban.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ban {
    /// Who is banned.
    pub prefix: Prefix,
    /// When it ends; `None` is never.
    pub until: Option<Time>,
    /// What those who try are told in their disconnect event; `None` leaves them without an answer.
    pub answer: Option<u32>,
}

impl Ban {
    fn holds(&self, now: Time) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// The bans of a host. Looking one up costs a probe for each length of prefix in use.
#[derive(Debug, Default)]
pub(super) struct Bans {
    bans: HashMap<Prefix, Ban>,
    /// When those end that do, soonest first.
    ends: BTreeSet<(Time, Prefix)>,
    /// How many bans have each length, of IPv4 (`true`) and of IPv6.
    lengths: BTreeMap<(bool, u8), usize>,
}

impl Bans {
    /// Enters a ban, and forgets those that have ended by `now`.
    fn insert(&mut self, ban: Ban, now: Time) {
        while let Some(&(until, prefix)) = self.ends.first()
            && until <= now
        {
            self.remove(prefix);
        }
        self.remove(ban.prefix);
        self.bans.insert(ban.prefix, ban);
        self.ends.extend(ban.until.map(|until| (until, ban.prefix)));
        let length = (ban.prefix.address.is_ipv4(), ban.prefix.len);
        *self.lengths.entry(length).or_default() += 1;
    }

    /// Takes a ban out and returns it.
    fn remove(&mut self, prefix: Prefix) -> Option<Ban> {
        let ban = self.bans.remove(&prefix)?;
        if let Some(until) = ban.until {
            self.ends.remove(&(until, prefix));
        }
        let length = (prefix.address.is_ipv4(), prefix.len);
        if let Some(count) = self.lengths.get_mut(&length) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&length);
            }
        }
        Some(ban)
    }

    /// The longest-lasting ban of `address` at `now`.
    pub(super) fn of(&self, address: IpAddr, now: Time) -> Option<Ban> {
        let address = address.to_canonical();
        self.lengths
            .keys()
            .filter(|(v4, _)| *v4 == address.is_ipv4())
            .filter_map(|&(_, len)| {
                let address = mask(address, len);
                self.bans.get(&Prefix { address, len }).copied()
            })
            .filter(|ban| ban.holds(now))
            .max_by_key(|ban| (ban.until.is_none(), ban.until))
    }
}

/// Who is kept out.
impl Host {
    /// Lets nobody from `prefix` in for `duration`; `None` is for good. An earlier ban of the same prefix is replaced.
    ///
    /// - `answer`: what those who try are told, as user data of their disconnect event, for example
    ///   [`Reason::Banned`](crate::Reason::Banned); `None` leaves them without an answer.
    ///
    /// Who waits for [`Host::answer`] is turned away at once. Connections that stand are not ended. A host with
    /// [`vanilla_quirks`](crate::HostConfig::vanilla_quirks) keeps nobody out.
    pub fn ban(
        &mut self,
        now: Time,
        prefix: Prefix,
        duration: Option<Duration>,
        answer: Option<u32>,
    ) {
        let until = duration.map(|duration| now + duration);
        self.bans.insert(
            Ban {
                prefix,
                until,
                answer,
            },
            now,
        );
        for knock in self.waiting.remove_from(prefix) {
            self.turn_away_banned(now, &knock, answer);
        }
    }

    /// Ends a ban; `false` if there was none of exactly this prefix. One that has ended may still be there.
    pub fn unban(&mut self, prefix: Prefix) -> bool {
        self.bans.remove(prefix).is_some()
    }

    /// The bans that hold at `now`, in order of their prefixes.
    #[must_use]
    pub fn bans(&self, now: Time) -> Vec<Ban> {
        let all = self.bans.bans.values().copied();
        let mut bans: Vec<Ban> = all.filter(|ban| ban.holds(now)).collect();
        bans.sort_unstable_by_key(|ban| ban.prefix);
        bans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().expect("a prefix")
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn ban(text: &str, until: Option<Time>) -> Ban {
        Ban {
            prefix: prefix(text),
            until,
            answer: None,
        }
    }

    #[test]
    fn a_prefix_holds_what_shares_its_bits_and_nothing_else() {
        for (text, inside, outside) in [
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("10.1.2.3/16", "10.1.255.0", "10.2.0.0"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "2001:db8::1", "1.2.3.4"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"),
            ("10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.2"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
        ] {
            assert!(prefix(text).contains(address(inside)), "{text}");
            assert!(!prefix(text).contains(address(outside)), "{text}");
        }
    }

    #[test]
    fn prefixes_are_read_and_written_alike_and_nonsense_is_refused() {
        for text in [
            "10.1.2.3",
            "10.1.0.0/16",
            "2001:db8::/32",
            "::1",
            "0.0.0.0/0",
        ] {
            assert_eq!(prefix(text).to_string(), text);
        }
        assert_eq!(prefix("10.1.2.3/16").to_string(), "10.1.0.0/16");
        for text in [
            "",
            "/",
            "10.0.0.1/",
            "10.0.0/8",
            "10.0.0.1/-1",
            "a/8",
            "1.1.1.1/8/8",
        ] {
            assert_eq!(
                text.parse::<Prefix>(),
                Err(PrefixError::NotAPrefix),
                "{text}"
            );
        }
        let too_long = PrefixError::TooLong { len: 33, most: 32 };
        assert_eq!("10.0.0.1/33".parse::<Prefix>(), Err(too_long));
    }

    #[test]
    fn bans_hold_for_their_time_and_the_longest_counts() {
        let second = |seconds: u64| Time::from_millis(seconds * 1000);
        let mut bans = Bans::default();
        for (text, until) in [("10.0.0.0/8", 10), ("10.1.0.0/16", 5), ("10.1.2.3", 20)] {
            bans.insert(ban(text, Some(second(until))), second(0));
        }
        let banned = |bans: &Bans, text, at| {
            let ban = bans.of(address(text), second(at));
            ban.map(|ban| ban.prefix.to_string())
        };
        assert_eq!(banned(&bans, "10.1.2.3", 0).as_deref(), Some("10.1.2.3"));
        assert_eq!(banned(&bans, "10.1.9.9", 4).as_deref(), Some("10.0.0.0/8"));
        assert_eq!(banned(&bans, "10.1.9.9", 10), None);
        assert_eq!(
            banned(&bans, "::ffff:10.1.2.3", 19).as_deref(),
            Some("10.1.2.3")
        );
        assert_eq!(banned(&bans, "10.1.2.3", 20), None);
    }

    #[test]
    fn bans_that_have_ended_are_forgotten_at_the_next_one() {
        let second = |seconds: u64| Time::from_millis(seconds * 1000);
        let mut bans = Bans::default();
        for (text, until) in [("10.0.0.1", 10), ("::1", 5), ("10.2.0.0/16", 20)] {
            bans.insert(ban(text, Some(second(until))), second(0));
        }
        // One of them is prolonged for good.
        bans.insert(ban("10.2.0.0/16", None), second(10));
        assert_eq!((bans.bans.len(), bans.lengths.len()), (1, 1));
        bans.insert(ban("10.0.0.0/8", Some(second(40))), second(30));
        assert_eq!((bans.bans.len(), bans.ends.len()), (2, 1));
        for text in ["10.2.0.0/16", "10.0.0.0/8"] {
            assert!(bans.remove(prefix(text)).is_some(), "{text}");
        }
        assert!(bans.lengths.is_empty() && bans.ends.is_empty());
    }
}
