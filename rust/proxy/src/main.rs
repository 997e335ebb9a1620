//! A bad network between clients and a server; `cargo xtask soak` runs it.
//!
//! It ends when it is told so, and then prints what it did as one line, `PROXY {...}`.

mod arguments;
mod control;
mod flow;
mod outages;
mod proxy;

use anyhow::Result;

use arguments::Arguments;
use proxy::Proxy;

fn main() -> Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let report = Proxy::open(&arguments)?.run()?;
    println!("PROXY {}", serde_json::to_string(&report)?);
    Ok(())
}
