//! [`Transport`]: what carries the datagrams of a host in place of a socket of its own.

use std::collections::HashMap;
use std::net::SocketAddr;

use enet_proto::PeerId;

/// A way to send and receive datagrams that is not a plain socket, for [`UdpHost::replace_socket`].
///
/// It is called by one thread at a time, always one that calls the host or its peers, and with no lock that anybody
/// waits for. So it may run code that is not ours, and that code may call the same host: what it sends is carried after
/// the call that is under way. Dropping a transport closes it.
///
/// [`UdpHost::replace_socket`]: crate::UdpHost::replace_socket
pub trait Transport: Send {
    /// Sends one datagram. What cannot be sent is lost, as any datagram may be; never waits.
    fn send(&mut self, to: SocketAddr, data: &[u8]);

    /// Does what is due and hands at most `room` datagrams that have arrived to `take`; never waits.
    fn receive(&mut self, room: usize, take: &mut dyn FnMut(SocketAddr, &[u8]));

    /// Told before each round whom the host has connections with or is about to, and where they are. What was kept for
    /// others can go: all that the host had to say to them has been sent.
    fn keep_only(&mut self, peers: &HashMap<PeerId, SocketAddr>);

    /// The address that others see, as far as it is known.
    fn local_address(&self) -> Option<SocketAddr>;

    /// Whether nothing can be sent or received any more. The host then ends, once its last events are handed out.
    fn is_broken(&self) -> bool;
}
