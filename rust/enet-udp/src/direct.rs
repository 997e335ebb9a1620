//! [`Direct`]: drives one host on the threads that call it, in the steps of ENet's own service call.
//!
//! A socket wakes who waits for it. A transport cannot: it is asked every millisecond.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::Batch;
use crate::engine::Turn;
use crate::event::HostEvent;
use crate::port::Reception;
use crate::shared::{Attention, HostShared};
use crate::sleeper::{Sleeper, Until};
use crate::sync::{Events, Instant, Poll, thread};

/// Datagrams read by one pass.
///
/// Source: `enet_protocol_receive_incoming_commands`, ENet 1.3.18 `protocol.c`.
const PASS_LEN: usize = 256;
/// Datagrams read at once.
const BATCH: usize = 32;

/// How long a `service` call rests before it asks a transport again.
const TRANSPORT_REST: Duration = Duration::from_millis(1);

/// What a host needs that no thread drives.
pub(crate) struct Direct {
    /// `None` for a host without a socket.
    system: Option<System>,
    batch: Batch,
    /// Whether the last pass ended before the socket was empty, of which the system tells only once.
    readable: bool,
    /// Whether the last pass left to the next one what it had to send.
    is_sending_due: bool,
}

/// The means to wait for a socket.
struct System {
    poll: Poll,
    events: Events,
}

impl Direct {
    /// A driver and the sleeper of its host.
    pub(crate) fn new() -> io::Result<(Self, Sleeper)> {
        let (sleeper, poll) = Sleeper::new()?;
        let events = Events::with_capacity(2);
        Ok((Self::with(Some(System { poll, events })), sleeper))
    }

    /// A driver for a host that has a transport.
    pub(crate) fn without_socket() -> Self {
        Self::with(None)
    }

    fn with(system: Option<System>) -> Self {
        Self {
            system,
            batch: Batch::new(BATCH),
            readable: false,
            is_sending_due: false,
        }
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
        host.exchange();
        let mut room = PASS_LEN;
        self.readable = true;
        let mut is_dead = false;
        while room > 0 {
            if self.batch.is_exhausted() {
                if !self.readable || is_dead {
                    break;
                }
                self.batch.clear();
                match host.receive(&mut self.batch) {
                    Reception::More => {}
                    Reception::Drained => self.readable = false,
                    Reception::Dead => is_dead = true,
                }
            }
            let (taken, turn) = host.take_in(&mut self.batch, room);
            if taken == 0 {
                // Nothing was there, or another thread has closed the host and waits for this pass to end.
                break;
            }
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
        if is_dead && self.batch.is_exhausted() && host.inbox.is_empty() {
            return host.fail();
        }
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
            if is_over(host, self.system.is_some())
                || deadline.is_some_and(|deadline| Instant::now() >= deadline)
            {
                return None;
            }
            self.wait(host, deadline);
        }
    }

    /// Whether this drives a socket whose place a transport has taken: another driver is on its way.
    pub(crate) fn is_outdated(&self, host: &HostShared) -> bool {
        self.system.is_some() && host.is_open() && host.is_carried()
    }

    /// Waits for the socket, a timer, work that another thread queued, the host's end or `deadline`; for a transport only
    /// as long as it may be left alone.
    fn wait(&mut self, host: &HostShared, deadline: Option<Instant>) {
        let has_socket = self.system.is_some();
        let until = || {
            if self.readable
                || self.is_sending_due
                || is_over(host, has_socket)
                || host.attention() != Attention::None
            {
                return Until::Now;
            }
            let moments = deadline.into_iter().chain(host.deadline());
            moments.min().map_or(Until::Woken, Until::Moment)
        };
        let Some(System { poll, events }) = &mut self.system else {
            return rest(until());
        };
        if let Err(error) = host.sleeper().sleep(poll, events, until) {
            log::error!("cannot wait for a socket: {error}");
            host.fail();
        }
    }
}

/// Whether a driver is done with the host, which is closed, or has lost the socket that the driver waits for.
fn is_over(host: &HostShared, has_socket: bool) -> bool {
    !host.is_open() || (has_socket && host.is_carried())
}

/// Waits `until` then, but no longer than a transport may be left alone.
fn rest(until: Until) {
    let rest = match until {
        Until::Now => return,
        Until::Moment(moment) => moment.saturating_duration_since(Instant::now()),
        Until::Woken => TRANSPORT_REST,
    };
    thread::sleep(rest.min(TRANSPORT_REST));
}
