//! [`Plain`]: C ENet's choices instead of random ones, for datagrams made by hand and for replays.

use crate::choices::Choices;
use crate::peer::Sessions;
use crate::wire::Handshake;

/// The lowest free label, sessions that step, numbers from 1 and true sent times.
pub(super) struct Plain {
    /// Connect ids still to be given out; then they count.
    ids: std::vec::IntoIter<[u8; 4]>,
    count: u32,
}

impl Plain {
    /// With these connect ids first.
    pub(super) fn new(ids: Vec<[u8; 4]>) -> Box<Self> {
        let ids = ids.into_iter();
        Box::new(Self { ids, count: 0 })
    }
}

impl Choices for Plain {
    fn connect_id(&mut self) -> [u8; 4] {
        self.count += 1;
        self.ids.next().unwrap_or_else(|| self.count.to_be_bytes())
    }

    fn label(&mut self) -> u16 {
        0 // and the next one that is free, if it is taken
    }

    fn named_sessions(&mut self, last: Sessions) -> Sessions {
        last
    }

    fn granted_sessions(&mut self, connect: &Handshake) -> Sessions {
        let follow = |named: u8| named.wrapping_add(1) & 3;
        Sessions {
            incoming: follow(connect.outgoing_session),
            outgoing: follow(connect.incoming_session),
        }
    }

    fn first_number(&mut self) -> u16 {
        1
    }

    fn sent_time(&mut self, clock: u16) -> u16 {
        clock
    }

    fn index(&mut self, _: usize) -> usize {
        0
    }
}
