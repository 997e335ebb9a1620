//! Attacks a server; `cargo xtask hostile` runs it beside the game that it disturbs.

mod arguments;
mod connect;
mod flood;
mod forged;
mod garbage;
mod mutation;
mod random;
mod relay;
mod signal;

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde::Serialize;

use arguments::{Arguments, Attack};
use garbage::Garbage;
use signal::{PATIENCE, Signal};

fn main() -> Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let signal = Signal::listen(arguments.control)?;
    match arguments.attack {
        Attack::Flood { burst } => {
            let game = signal.await_game()?;
            print(&flood::flood(arguments.server, arguments.span, burst)?)?;
            signal.tell_end(game);
        }
        Attack::Garbage { relays, victims } => {
            let mut garbage = Garbage::open(arguments.server, &relays, &victims)?;
            let mut game = None;
            let called = Instant::now();
            garbage.relay_while(|_| {
                game = signal.heard();
                game.is_none() && called.elapsed() < PATIENCE
            });
            let game = game.context("the game has not said that all play")?;
            print(garbage.attack(arguments.span))?;
            signal.tell_end(game);
            // The game ends in good order: its clients are still there behind us.
            let ended = Instant::now();
            garbage.relay_while(|quiet| quiet < signal::QUIET && ended.elapsed() < PATIENCE);
        }
    }
    Ok(())
}

fn print(report: &impl Serialize) -> Result<()> {
    println!("HOSTILE {}", serde_json::to_string(report)?);
    Ok(())
}
