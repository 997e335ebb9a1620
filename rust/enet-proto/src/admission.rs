//! [`Admission`]: who decides about the connections that others ask for.

use std::net::SocketAddr;

use crate::event::PeerId;

/// Decides who gets in. A [`Host`](crate::Host) without one lets in whoever finds a free slot, as ENet does.
///
/// It is asked while a datagram is handled, so it answers at once and calls nothing that might call the host; what it
/// cannot know at once it leaves to the application by [`Verdict::Wait`]. Repeated copies of a CONNECT that was let in
/// are recognised before, and not asked about; about those of one that waits it is asked again.
pub trait Admission: Send {
    /// What becomes of a CONNECT. Its address may be forged: nothing must be set aside for it here.
    fn decide(&mut self, request: &ConnectRequest) -> Verdict;

    /// The address is proven and the remote becomes `peer`: last chance to turn it away, with `Err` of the user data of
    /// its disconnect event. What two asked for at the same time can be given to one here.
    ///
    /// # Errors
    /// The user data for the remote, which believes itself connected already.
    fn admit(&mut self, request: &ConnectRequest, peer: PeerId) -> Result<(), u32>;

    /// A peer that was let in is leaving or gone: whatever it held is free from here on.
    ///
    /// Called once for each peer let in, before its [`Event::Disconnect`](crate::Event::Disconnect), which comes before
    /// any event of a peer let in later. A peer that we asked to leave holds what it has until it has answered.
    fn left(&mut self, peer: PeerId);
}

/// A CONNECT from an address that has not proven to be real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectRequest {
    /// Where it came from, or claims to come from.
    pub from: SocketAddr,
    /// The user data of the remote's connect call.
    pub data: u32,
    /// Whether all slots are taken.
    pub full: bool,
}

/// What becomes of a [`ConnectRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The remote gets a slot; without a free one this is [`Ignore`](Self::Ignore).
    Accept,
    /// The remote is told, and takes no slot: its attempt ends with a disconnect event that carries `data`.
    Refuse {
        /// For the remote's disconnect event.
        data: u32,
    },
    /// The remote is not answered, and will ask again.
    Ignore,
    /// The application decides later, by [`Host::answer`](crate::Host::answer): the remote takes no slot and is not
    /// answered until then. Without a free slot this is [`Ignore`](Self::Ignore).
    Wait,
}
