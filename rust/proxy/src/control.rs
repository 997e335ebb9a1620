//! [`Order`]: what a client, or whoever started this program, asks of it by a datagram.

/// One order, a word of text and the port that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// `cut PORT`: from now on nothing gets through to or from the client with this port.
    Cut(u16),
    /// `forget PORT`: who comes with this port now is somebody else, whom the server finds at another port. What the
    /// server still sends to the one before reaches nobody: ENet's two bits of a session could not keep it apart.
    Forget(u16),
    /// `end`: print what was done, and end.
    End,
}

impl Order {
    /// What a datagram asks for; `None` if it makes no sense.
    pub(crate) fn parse(data: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(data).ok()?.split(' ');
        let order = words.next()?;
        let port = words.next().map(str::parse);
        match (order, port) {
            ("cut", Some(Ok(port))) => Some(Self::Cut(port)),
            ("forget", Some(Ok(port))) => Some(Self::Forget(port)),
            ("end", None) => Some(Self::End),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_understood_and_noise_is_not() {
        assert_eq!(Order::parse(b"cut 4000"), Some(Order::Cut(4000)));
        assert_eq!(Order::parse(b"forget 1"), Some(Order::Forget(1)));
        assert_eq!(Order::parse(b"end"), Some(Order::End));
        for noise in [&b""[..], b"cut", b"cut x", b"cut 70000", b"end 1", &[0xFF]] {
            assert_eq!(Order::parse(noise), None, "{noise:?}");
        }
    }
}
