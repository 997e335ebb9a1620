//! The command line.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "\
usage: enet-hostile flood|garbage --server PORT --control PORT [--seconds N] [--burst N] [--relay PORT]...
                    [--victim PORT]...

  flood         forged CONNECTs, as many as one core can send
  garbage       broken, altered and repeated datagrams, 100,000 a second
  --server      port of the server to attack, on this machine
  --control     port where the game says that all play
  --seconds     how long to attack, default 20
  --burst       for a flood: CONNECTs that a source sends at once, 1 to 64, default 1
  --relay       for garbage: a port where a client finds the server through us; its traffic is what is altered
  --victim      as --relay, and the client is attacked too";

/// What to attack, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) attack: Attack,
    pub(crate) server: SocketAddrV4,
    /// Where the game says that all play.
    pub(crate) control: u16,
    pub(crate) span: Duration,
}

/// The kinds of attack.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    Flood {
        burst: usize,
    },
    Garbage {
        /// Where clients connect to.
        relays: Vec<u16>,
        /// Where clients connect to that are attacked themselves.
        victims: Vec<u16>,
    },
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let attack = words.next();
        let (mut server, mut control, mut seconds, mut burst) = (None, None, 20, 1);
        let (mut relays, mut victims) = (Vec::new(), Vec::new());
        while let Some(word) = words.next() {
            let text = words.next();
            let text = text.with_context(|| format!("{word} needs a number\n{USAGE}"))?;
            let wrong = || format!("{word}: {text:?} is no number for this");
            match word.as_str() {
                "--server" => server = Some(text.parse().with_context(wrong)?),
                "--control" => control = Some(text.parse().with_context(wrong)?),
                "--seconds" => seconds = text.parse().with_context(wrong)?,
                "--burst" => burst = text.parse().with_context(wrong)?,
                "--relay" => relays.push(text.parse().with_context(wrong)?),
                "--victim" => victims.push(text.parse().with_context(wrong)?),
                other => bail!("there is no argument {other:?}\n{USAGE}"),
            }
        }
        let attack = match attack.as_deref() {
            Some("flood") if (1..=64).contains(&burst) => Attack::Flood { burst },
            Some("garbage") if !(relays.is_empty() && victims.is_empty()) => {
                Attack::Garbage { relays, victims }
            }
            _ => bail!("{USAGE}"),
        };
        Ok(Self {
            attack,
            server: SocketAddrV4::new(Ipv4Addr::LOCALHOST, server.context("--server is missing")?),
            control: control.context("--control is missing")?,
            span: Duration::from_secs(seconds),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn both_attacks_are_understood() {
        let flood = parse("flood --server 7 --control 8 --burst 16").unwrap();
        assert_eq!(flood.attack, Attack::Flood { burst: 16 });
        assert_eq!((flood.server.port(), flood.control), (7, 8));
        let garbage = "garbage --relay 9 --victim 10 --server 7 --control 8 --seconds 3";
        let garbage = parse(garbage).unwrap();
        let (relays, victims) = (vec![9], vec![10]);
        assert_eq!(garbage.attack, Attack::Garbage { relays, victims });
        assert_eq!(garbage.span, Duration::from_secs(3));
    }

    #[test]
    fn wrong_lines_say_what_is_wrong() {
        for (line, part) in [
            ("", "usage"),
            ("garbage --server 7 --control 8", "usage"),
            ("flood --server 7 --control 8 --burst 65", "usage"),
            ("flood --control 8", "--server"),
            ("flood --server x --control 8", "\"x\""),
            ("flood --server", "needs a number"),
            ("flood --ports 7", "--ports"),
        ] {
            let error = format!("{:#}", parse(line).unwrap_err());
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
