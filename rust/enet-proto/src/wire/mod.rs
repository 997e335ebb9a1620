//! Bytes to values and back: byte order, field widths and bounds live here and nowhere else.
//!
//! Every integer is big-endian. Nothing here knows of time, queues or peers.

mod command;
mod header;

pub(crate) use command::{Command, CommandHeader, CommandKind, Fragment, Handshake};
pub(crate) use header::ProtocolHeader;

/// Channel of the commands that belong to the connection itself.
pub(crate) const CONTROL_CHANNEL: u8 = 0xFF;

/// Takes fixed-width fields off the front of a slice whose length was checked.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self
            .0
            .split_first_chunk()
            .expect("the caller checked the length of the whole command");
        self.0 = rest;
        *field
    }

    fn u8(&mut self) -> u8 {
        self.take::<1>()[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take())
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.take())
    }
}
