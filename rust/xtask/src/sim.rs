//! `cargo xtask sim`: random sessions over bad networks, in virtual time.

use anyhow::Result;

use crate::{args, build};

pub(crate) const HELP: &str = "\
Plays one random session a seed, of a server and up to 64 clients, ours and as ENet's C library answers, in virtual time
over bad networks, and holds every event against what was promised. A seed that fails is printed.

  --seeds N    how many sessions to play, default 1000
  --from SEED  the first seed, default 0
  --seed SEED  plays the session of this seed alone";

pub(crate) fn run(args: &[String]) -> Result<()> {
    const VALUED: [&str; 3] = ["--seeds", "--from", "--seed"];
    // enet-sim refuses it too, but a person would wait for its build first.
    if let Some(unknown) = args
        .iter()
        .step_by(2)
        .find(|arg| !VALUED.contains(&arg.as_str()))
    {
        return Err(args::unknown("sim", unknown));
    }
    let mut command = vec!["run", "--release", "--package", "enet-sim", "--"];
    command.extend(args.iter().map(String::as_str));
    build::cargo(&command)
}
