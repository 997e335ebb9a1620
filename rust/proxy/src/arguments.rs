//! The command line.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "\
usage: enet-proxy --listen PORT --server PORT --control PORT [--seed N]

  --listen      where clients find the server through us
  --server      where the server is, on this machine
  --control     where to cut a client off, and to end this program
  --seed        what decides about delay, loss and all else; default 0";

/// Where to listen, and what for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) listen: SocketAddr,
    pub(crate) server: SocketAddr,
    pub(crate) control: SocketAddr,
    pub(crate) seed: u64,
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let (mut listen, mut server, mut control, mut seed) = (None, None, None, 0);
        while let Some(word) = words.next() {
            let text = words.next();
            let text = text.with_context(|| format!("{word} needs a number\n{USAGE}"))?;
            let wrong = || format!("{word}: {text:?} is no number for this");
            match word.as_str() {
                "--listen" => listen = Some(text.parse().with_context(wrong)?),
                "--server" => server = Some(text.parse().with_context(wrong)?),
                "--control" => control = Some(text.parse().with_context(wrong)?),
                "--seed" => seed = text.parse().with_context(wrong)?,
                other => bail!("there is no argument {other:?}\n{USAGE}"),
            }
        }
        let address = |port: Option<u16>, name: &str| {
            let port = port.with_context(|| format!("{name} is missing\n{USAGE}"))?;
            anyhow::Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        };
        Ok(Self {
            listen: address(listen, "--listen")?,
            server: address(server, "--server")?,
            control: address(control, "--control")?,
            seed,
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
    fn ports_are_on_this_machine_and_the_seed_may_be_left_out() {
        let arguments = parse("--listen 7 --server 8 --control 9").unwrap();
        assert_eq!(arguments.listen, "127.0.0.1:7".parse().unwrap());
        assert_eq!(arguments.server, "127.0.0.1:8".parse().unwrap());
        assert_eq!(arguments.control, "127.0.0.1:9".parse().unwrap());
        assert_eq!(arguments.seed, 0);
        let seeded = parse("--seed 5 --listen 7 --server 8 --control 9").unwrap();
        assert_eq!(seeded.seed, 5);
    }

    #[test]
    fn wrong_lines_say_what_is_wrong() {
        for (line, part) in [
            ("--server 8 --control 9", "--listen is missing"),
            ("--listen 70000", "\"70000\""),
            ("--listen", "needs a number"),
            ("--to 8", "--to"),
        ] {
            let error = format!("{:#}", parse(line).unwrap_err());
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
