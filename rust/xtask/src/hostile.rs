//! `cargo xtask hostile`: attacks on a server of real processes while players play on it.
//!
//! [`siege`] starts the processes: a game of `godot-project/tests/scenarios/siege.gd` and the attacker, `enet-hostile`.
//! [`account`] is what they tell, [`verdict`] what must hold of it.

mod account;
mod siege;
mod verdict;

use anyhow::{Context as _, Result, ensure};

use crate::build::{self, Profile};
use crate::godot_tests::Class;
use crate::{args, stage};
use siege::{Attack, Siege};
use verdict::Demands;

pub(crate) const HELP: &str = "\
Attacks a server while players play on it, all of them processes of their own, and fails if a player is dropped, a
reliable packet is lost, a newcomer does not get in, or an address that has not proven itself gets more bytes than came
from it (Linux).

  flood          CONNECTs of forged addresses, as many as one core can send, at a server with 16 players of the built-in
                 class, while one newcomer after the other joins; then the same at a built-in server, to compare
  garbage        100,000 broken, altered and repeated datagrams a second, from the addresses of two players and from
                 others, at a server with 4 players of each class; the one of the two that is ours is attacked too

Without a name both are run.

  --seconds N    length of each attack, 1 to 600; default 20 for the flood and 30 for the garbage
  --burst N      CONNECTs that the flood sends at once from each address, 1 to 64; default 1. Linux sends 16 at once
                 in a tenth of the time
  --quick        4 seconds each, without the built-in, and without a judgement of how long anything took";

const QUICK_SECONDS: u64 = 4;

#[derive(Debug, PartialEq, Eq)]
struct Options {
    flood: bool,
    garbage: bool,
    seconds: Option<u64>,
    burst: usize,
    quick: bool,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self {
            flood: false,
            garbage: false,
            seconds: None,
            burst: 1,
            quick: false,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "flood" => options.flood = true,
                "garbage" => options.garbage = true,
                "--quick" => options.quick = true,
                "--seconds" => {
                    let seconds = args.next().and_then(|text| text.parse().ok());
                    let seconds = seconds.filter(|seconds| (1..=600).contains(seconds));
                    let wrong = "--seconds needs a whole number from 1 to 600";
                    options.seconds = Some(seconds.context(wrong)?);
                }
                "--burst" => {
                    let burst = args.next().and_then(|text| text.parse().ok());
                    let burst = burst.filter(|burst| (1..=64).contains(burst));
                    options.burst = burst.context("--burst needs a whole number from 1 to 64")?;
                }
                _ => return Err(args::unknown("hostile", arg)),
            }
        }
        if !(options.flood || options.garbage) {
            (options.flood, options.garbage) = (true, true);
        }
        Ok(options)
    }

    fn seconds(&self, default: u64) -> u64 {
        let default = if self.quick { QUICK_SECONDS } else { default };
        self.seconds.unwrap_or(default)
    }

    fn sieges(&self) -> Vec<Siege> {
        let mut sieges = Vec::new();
        if self.flood {
            let burst = self.burst;
            let servers = if self.quick {
                &[Class::Ours][..]
            } else {
                &[Class::Ours, Class::BuiltIn]
            };
            sieges.extend(servers.iter().map(|&server| Siege {
                attack: Attack::Flood { burst },
                server,
                seconds: self.seconds(20),
            }));
        }
        if self.garbage {
            sieges.push(Siege {
                attack: Attack::Garbage,
                server: Class::Ours,
                seconds: self.seconds(30),
            });
        }
        sieges
    }
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = Options::parse(args)?;
    ensure!(
        cfg!(target_os = "linux"),
        "only Linux lets a socket send from any address of the loopback device"
    );
    build::program("enet-hostile", Profile::Release)?;
    let godot = stage::ready_for_tests()?;
    let mut problems = Vec::new();
    for siege in options.sieges() {
        println!("\n{}", siege.title());
        let outcome = siege.play(&godot)?;
        print!("{}", outcome.table());
        if siege.is_judged() {
            let demands = Demands {
                strict: !options.quick,
                newcomers: siege.has_newcomers(),
            };
            let found = verdict::problems(&outcome, demands);
            if !found.is_empty() {
                outcome.runs.iter().for_each(crate::process::Run::print);
            }
            problems.extend(found);
        }
    }
    ensure!(problems.is_empty(), "\n  {}", problems.join("\n  "));
    println!("\nour server held: nobody dropped, nothing lost");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(&args::words(line))
    }

    fn titles(line: &str) -> Vec<String> {
        parse(line)
            .unwrap()
            .sieges()
            .iter()
            .map(Siege::title)
            .collect()
    }

    #[test]
    fn without_a_name_both_are_run_and_the_flood_on_the_built_in_too() {
        assert_eq!(
            titles(""),
            [
                "flood of 20 s, server ours",
                "flood of 20 s, server built-in, not judged",
                "garbage of 30 s, server ours"
            ]
        );
    }

    #[test]
    fn a_quick_run_is_short_and_judges_only_ours() {
        assert_eq!(titles("--quick flood"), ["flood of 4 s, server ours"]);
        assert_eq!(
            titles("--quick garbage --seconds 9"),
            ["garbage of 9 s, server ours"]
        );
    }

    #[test]
    fn wrong_numbers_are_errors() {
        for line in ["--seconds 0", "--seconds", "--burst 65", "--burst x"] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(&line[..7]), "{line}: {error}");
        }
    }
}
