//! The steps that a driver takes with a host: it reads what arrived, lets the engine take it in, and hands on what comes
//! of that.

use std::sync::Arc;

use super::{Attention, HostShared};
use crate::batch::Batch;
use crate::engine::Turn;
use crate::port::Reception;

/// Turns in a row whose timers may wait for datagrams still in the socket: what arrived in time is read before a
/// silence is judged, but a flood does not stop the clock.
const POSTPONED_TIMERS: u8 = 3;
/// What a turn of the network thread came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TurnReport {
    pub(crate) reception: Reception,
    /// Datagrams received and sent.
    pub(crate) datagrams: usize,
}

impl HostShared {
    /// One turn of the network thread: what arrived, what is due, what is to be sent.
    ///
    /// - `readable`: whether the socket may have something.
    /// - `postponed`: turns in a row whose timers waited; kept by the caller.
    pub(crate) fn turn(
        self: &Arc<Self>,
        batch: &mut Batch,
        readable: bool,
        postponed: &mut u8,
    ) -> TurnReport {
        batch.clear();
        let reception = if readable {
            self.receive(batch)
        } else {
            Reception::Drained
        };
        let timers = reception != Reception::More || *postponed >= POSTPONED_TIMERS;
        *postponed = if timers { 0 } else { *postponed + 1 };
        self.with_engine(|engine| {
            let now = self.now();
            engine.release_taken(&self.inbox);
            while let Some((from, data)) = batch.next() {
                engine.host.handle_datagram(now, from, data);
            }
            if timers {
                engine.host.handle_timeout(now);
            }
            engine.publish(self);
        });
        let received = batch.len();
        let (sent, more) = self.transmit_batches(&mut self.port.lock());
        if more {
            self.raise(Attention::Now);
        }
        TurnReport {
            reception,
            datagrams: received + sent,
        }
    }

    /// Reads datagrams into `batch` as far as it has room.
    pub(crate) fn receive(&self, batch: &mut Batch) -> Reception {
        let (reception, unreachable) = {
            let mut port = self.port.lock();
            (port.receive(batch), port.take_unreachable())
        };
        if let Some(address) = unreachable {
            self.with_engine(|engine| engine.host.handle_unreachable(address));
        }
        reception
    }

    /// Lets the engine take the next datagrams of `batch`, `limit` at most, up to one by which a connection begins or
    /// ends; returns how many these were, and whether that happened.
    ///
    /// Events stay with the engine until [`Self::finish_pass`].
    pub(crate) fn take_in(self: &Arc<Self>, batch: &mut Batch, limit: usize) -> (usize, Turn) {
        let mut taken = 0;
        let turn = self.with_engine(|engine| {
            let now = self.now();
            engine.release_taken(&self.inbox);
            while taken < limit {
                let Some((from, data)) = batch.next() else {
                    break;
                };
                taken += 1;
                engine.host.handle_datagram(now, from, data);
                let turn = engine.collect(self);
                if turn != Turn::None {
                    return turn;
                }
            }
            Turn::None
        });
        (taken, turn.unwrap_or_default())
    }

    /// Runs the timers and hands the events of a pass to the inbox, the peers taking turns.
    pub(crate) fn finish_pass(self: &Arc<Self>) {
        self.with_engine(|engine| {
            engine.host.handle_timeout(self.now());
            engine.collect(self);
            engine.take_turns();
            engine.publish(self);
        });
    }
}
