//! A host whose application takes nothing any more: it parts from everybody and lets nobody in.

use super::Host;

impl Host {
    /// Asks every connected remote to part, as by [`Host::disconnect`], and refuses who asks for a connection, all with
    /// `data`, until [`Host::resume`]. An attempt of our own goes on: if it succeeds, the next call of this ends it.
    pub fn suspend(&mut self, data: u32) {
        self.suspended = Some(data);
        let open: Vec<u16> = self
            .slots
            .iter()
            .filter(|peer| peer.is_open())
            .map(|peer| peer.id.slot)
            .collect();
        for slot in open {
            self.begin_disconnect(slot, data);
        }
    }

    /// Ends what [`Host::suspend`] began: others may join again.
    pub const fn resume(&mut self) {
        self.suspended = None;
    }
}
