//! [`Signal`]: how the game says that all play, and hears that the attack is over.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// How long the game may take until all play, and for its end after the attack.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// After this long without a word the game is over: peers ping each other twice a second.
pub(crate) const QUIET: Duration = Duration::from_secs(2);
/// The end is told some times, for a busy machine may lose it.
const REPEATS: u32 = 5;

/// The port where the game reports.
pub(crate) struct Signal(UdpSocket);

impl Signal {
    pub(crate) fn listen(port: u16) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
        let socket = socket.with_context(|| format!("cannot listen to the game on port {port}"))?;
        Ok(Self(socket))
    }

    /// Waits until all play; answers who said so.
    pub(crate) fn await_game(&self) -> Result<SocketAddr> {
        self.0.set_nonblocking(false)?;
        self.0.set_read_timeout(Some(PATIENCE))?;
        let heard = self.0.recv_from(&mut [0; 64]);
        let (_, game) = heard.context("the game has not said that all play")?;
        Ok(game)
    }

    /// Who has said that all play, if somebody has.
    pub(crate) fn heard(&self) -> Option<SocketAddr> {
        self.0.set_nonblocking(true).ok()?;
        Some(self.0.recv_from(&mut [0; 64]).ok()?.1)
    }

    pub(crate) fn tell_end(&self, game: SocketAddr) {
        for _ in 0..REPEATS {
            // It may have heard already and be gone.
            let _ = self.0.send_to(b"over", game);
        }
    }
}
