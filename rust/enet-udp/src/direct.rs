//! [`Direct`]: drives one host on the threads that call it, in the steps of ENet's own service call.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use mio::{Events, Poll};

use crate::engine::Turn;
use crate::event::HostEvent;
use crate::port::{Batch, Reception};
use crate::shared::{Attention, HostShared};
use crate::sleeper::{Sleeper, Until};

/// Datagrams read by one pass.
///
/// Source: `enet_protocol_receive_incoming_commands`, ENet 1.3.18 `protocol.c`.
const PASS_LEN: usize = 256;
/// Datagrams read at once.
const BATCH: usize = 32;

/// What a host needs that no thread drives.
pub(crate) struct Direct {
    poll: Poll,
    events: Events,
    batch: Batch,
    /// Whether the last pass ended before the socket was empty, of which the system tells only once.
    readable: bool,
    /// Whether the last pass left to the next one what it had to send.
    is_sending_due: bool,
}

impl Direct {
    /// A driver and the sleeper of its host.
    pub(crate) fn new() -> io::Result<(Self, Sleeper)> {
        let (sleeper, poll) = Sleeper::new()?;
        let direct = Self {
            poll,
            events: Events::with_capacity(2),
            batch: Batch::new(BATCH),
            readable: false,
            is_sending_due: false,
        };
        Ok((direct, sleeper))
    }

    /// Reads up to [`PASS_LEN`] datagrams, fewer if a connection begins or ends by one; then timers; then sends.
    ///
    /// ENet sends before it reads as well. Sending once, behind the acknowledgements, fills fewer datagrams and judges
    /// no silence before what had arrived in time was read. As in ENet, nothing is sent by a pass in which a connection
    /// began: what the game sends when it hears of it travels with the acknowledgement, and if the game ends the
    /// connection instead, the remote never hears of it.
    pub(crate) fn pass(&mut self, host: &Arc<HostShared>) {
        if std::mem::take(&mut self.is_sending_due) {
            host.transmit();
        }
        let mut room = PASS_LEN;
        self.readable = true;
        while room > 0 {
            if self.batch.is_exhausted() {
                if !self.readable {
                    break;
                }
                self.batch.clear();
                match host.receive(&mut self.batch) {
                    Reception::More => {}
                    Reception::Drained => self.readable = false,
                    Reception::Dead => return host.fail(),
                }
            }
            let (taken, turn) = host.take_in(&mut self.batch, room);
            room -= taken;
            match turn {
                Turn::None => {}
                Turn::Began => {
                    self.is_sending_due = true;
                    break;
                }
                Turn::Ended => break,
            }
        }
        // What was read and not handled is for the next pass, as if it still lay in the socket.
        self.readable |= !self.batch.is_exhausted();
        host.finish_pass();
        if !self.is_sending_due {
            host.transmit();
        }
    }

    /// Passes until there is an event, which it returns, or `deadline` has come; `None` is no deadline.
    pub(crate) fn service(
        &mut self,
        host: &Arc<HostShared>,
        deadline: Option<Instant>,
    ) -> Option<HostEvent> {
        loop {
            self.pass(host);
            if let Some(event) = host.inbox.take() {
                return Some(event);
            }
            if !host.is_open() || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return None;
            }
            self.wait(host, deadline);
        }
    }

    /// Waits for the socket, a timer, work that another thread queued, the host's end or `deadline`.
    fn wait(&mut self, host: &HostShared, deadline: Option<Instant>) {
        let until = || {
            if self.readable
                || self.is_sending_due
                || !host.is_open()
                || host.attention() != Attention::None
            {
                return Until::Now;
            }
            let moments = deadline.into_iter().chain(host.deadline());
            moments.min().map_or(Until::Woken, Until::Moment)
        };
        if let Err(error) = host
            .sleeper()
            .sleep(&mut self.poll, &mut self.events, until)
        {
            log::error!("cannot wait for a socket: {error}");
            host.fail();
        }
    }
}
