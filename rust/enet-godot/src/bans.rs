//! Bans as scripts give and read them: an address or a prefix as text, and seconds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use enet_proto::{Prefix, Reason};
use enet_udp::UdpHost;
use godot::builtin::VarDictionary;

use crate::convert::address_text;
use crate::error::BanError;

/// Longest ban that has an end, in seconds: more than 31 years.
const LONGEST_SECONDS: f64 = 1e9;

/// Who is banned, and for how long; no duration is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ban {
    pub(crate) prefix: Prefix,
    pub(crate) duration: Option<Duration>,
}

impl Ban {
    /// What a script means by `text` and `seconds`.
    pub(crate) fn parse(text: &str, seconds: f64) -> Result<Self, BanError> {
        let prefix = parse_prefix(text)?;
        if !(0.0..=LONGEST_SECONDS).contains(&seconds) {
            return Err(BanError::Seconds(seconds));
        }
        let duration = (seconds > 0.0).then(|| Duration::from_secs_f64(seconds));
        Ok(Self { prefix, duration })
    }

    /// Lets nobody in from there, and ends the connections that there are.
    pub(crate) fn apply(&self, host: &UdpHost) {
        let answer = Reason::Banned.to_data();
        host.ban(self.prefix, self.duration, Some(answer));
        host.disconnect_from(self.prefix, answer);
    }
}

/// The addresses that a script means by `text`.
pub(crate) fn parse_prefix(text: &str) -> Result<Prefix, BanError> {
    text.parse().map_err(|error| BanError::Prefix {
        text: text.to_owned(),
        error,
    })
}

/// The bans of a multiplayer peer, kept from one session to the next.
#[derive(Debug, Default)]
pub(crate) struct BanList(BTreeMap<Prefix, Option<Instant>>);

impl BanList {
    /// Enters a ban, in place of an earlier one of the same prefix.
    pub(crate) fn insert(&mut self, ban: Ban, now: Instant) {
        self.0
            .retain(|_, until| until.is_none_or(|until| until > now));
        // What is too far away to be told is for ever.
        let until = ban.duration.and_then(|duration| now.checked_add(duration));
        self.0.insert(ban.prefix, until);
    }

    /// Ends a ban; false if there is none that holds.
    pub(crate) fn remove(&mut self, prefix: Prefix, now: Instant) -> bool {
        let removed = self.0.remove(&prefix);
        removed.is_some_and(|until| until.is_none_or(|until| until > now))
    }

    /// The bans that hold, with what is left of them.
    pub(crate) fn iter(&self, now: Instant) -> impl Iterator<Item = Ban> {
        self.0.iter().filter_map(move |(&prefix, until)| {
            let left = until.map(|until| until.saturating_duration_since(now));
            (left != Some(Duration::ZERO)).then_some(Ban {
                prefix,
                duration: left,
            })
        })
    }
}

/// The bans of a host.
pub(crate) fn of_host(host: &UdpHost) -> impl Iterator<Item = Ban> {
    host.bans()
        .into_iter()
        .map(|(prefix, duration)| Ban { prefix, duration })
}

/// Bans for a script: seconds that are left, 0 for ever, by address or prefix. Of two of the same prefix the longer one.
pub(crate) fn dictionary(bans: impl Iterator<Item = Ban>) -> VarDictionary {
    let mut longest: BTreeMap<Prefix, Option<Duration>> = BTreeMap::new();
    for Ban { prefix, duration } in bans {
        longest
            .entry(prefix)
            .and_modify(|known| *known = known.zip(duration).map(|(one, other)| one.max(other)))
            .or_insert(duration);
    }
    let mut dictionary = VarDictionary::new();
    for (prefix, duration) in longest {
        let seconds = duration.map_or(0.0, |left| left.as_secs_f64());
        dictionary.set(prefix_text(prefix).as_str(), seconds);
    }
    dictionary
}

/// `prefix` with its address as Godot prints it.
fn prefix_text(prefix: Prefix) -> String {
    let address = address_text(prefix.address());
    match prefix.partial_len() {
        Some(len) => format!("{address}/{len}"),
        None => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(text: &str, seconds: f64) -> Ban {
        Ban::parse(text, seconds).expect("a ban")
    }

    #[test]
    fn what_is_no_address_or_no_time_is_named() {
        for text in ["", "example.com", "10.0.0", "10.0.0.1/33", "::1/129", "*"] {
            let error = Ban::parse(text, 1.0).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("'{text}' is neither an address nor a prefix: ")),
                "{text}: {error}"
            );
        }
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e10] {
            let error = Ban::parse("10.0.0.1", seconds).unwrap_err();
            assert!(error.to_string().contains("seconds"), "{seconds}: {error}");
        }
        assert_eq!(ban("10.0.0.1", 0.0).duration, None);
        assert_eq!(
            ban("10.0.0.1", 1.5).duration,
            Some(Duration::from_millis(1500))
        );
    }

    #[test]
    fn a_prefix_is_written_with_its_address_as_godot_prints_it() {
        for (given, text) in [
            ("::1", "0:0:0:0:0:0:0:1"),
            ("2001:DB8::7/32", "2001:db8:0:0:0:0:0:0/32"),
            ("::ffff:10.0.0.7/104", "10.0.0.0/8"),
            ("10.0.0.7", "10.0.0.7"),
        ] {
            let prefix = ban(given, 0.0).prefix;
            assert_eq!(prefix_text(prefix), text);
            assert_eq!(ban(text, 0.0).prefix, prefix, "{text} is read again");
        }
    }

    #[test]
    fn bans_of_a_list_end_and_are_forgotten() {
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        let mut list = BanList::default();
        for (text, seconds) in [("10.0.0.0/8", 10.0), ("::1", 0.0), ("10.0.0.1", 20.0)] {
            list.insert(ban(text, seconds), start);
        }
        let texts = |list: &BanList, now| -> Vec<String> {
            list.iter(now).map(|ban| ban.prefix.to_string()).collect()
        };
        assert_eq!(texts(&list, later(9)).len(), 3);
        assert_eq!(texts(&list, later(10)), ["10.0.0.1", "::1"]);
        assert_eq!(
            list.iter(later(5)).find_map(|ban| ban.duration),
            Some(Duration::from_secs(5))
        );
        assert!(!list.remove(ban("10.0.0.0/8", 0.0).prefix, later(10)));
        assert!(list.remove(ban("::1", 0.0).prefix, later(10)));
        list.insert(ban("10.0.0.2", 1.0), later(30));
        assert_eq!(list.0.len(), 1);
    }
}
