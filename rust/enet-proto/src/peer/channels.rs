//! [`ChannelTable`]: the channels of a connection, made when they are first used.

use crate::channel::{Channel, Range};

/// A connection has up to 255 channels and uses a few.
#[derive(Debug, Default)]
pub(crate) struct ChannelTable {
    count: usize,
    used: Vec<Option<Box<Channel>>>,
}

impl ChannelTable {
    /// Channels of the connection.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Sets how many channels there are, without touching those in use.
    pub(crate) const fn set_count(&mut self, count: usize) {
        self.count = count;
    }

    /// Whether the connection has the channel.
    pub(crate) fn contains(&self, channel_id: u8) -> bool {
        usize::from(channel_id) < self.count
    }

    /// The lowest number on the channel that is not acknowledged.
    pub(crate) fn oldest_unacknowledged(&self, channel_id: u8) -> Option<u16> {
        let channel = self.used.get(usize::from(channel_id))?.as_deref()?;
        let (number, _) = channel.unacknowledged.oldest()?;
        Some(number)
    }

    /// The channel, if the connection has it and it was used.
    pub(crate) fn used(&mut self, channel_id: u8) -> Option<&mut Channel> {
        self.used.get_mut(usize::from(channel_id))?.as_deref_mut()
    }

    /// The channel, if the connection has it.
    pub(crate) fn get_mut(&mut self, channel_id: u8) -> Option<&mut Channel> {
        if !self.contains(channel_id) {
            return None;
        }
        let index = usize::from(channel_id);
        if self.used.len() <= index {
            self.used.resize_with(index + 1, || None);
        }
        Some(self.used[index].get_or_insert_default())
    }

    /// What the receiving side of the channel thinks of a reliable number; `None` if there is no such channel.
    pub(crate) fn range_of(&self, channel_id: u8, number: u16) -> Option<Range> {
        if !self.contains(channel_id) {
            return None;
        }
        match self.used.get(usize::from(channel_id)) {
            Some(Some(channel)) => Some(channel.range_of(number)),
            _ => Some(Channel::default().range_of(number)),
        }
    }

    /// Drops all channels; the connection has none from here on.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
