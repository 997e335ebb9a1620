//! [`Network`]: carries datagrams between addresses over links of their own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, SocketAddr};

use crate::buffer::ReceiveBuffer;
use crate::config::LinkConfig;
use crate::link::{Link, LinkStatistics};

/// A datagram that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// When it arrived; not later than the moment it was asked for.
    pub arrival_micros: u64,
    /// Its sender.
    pub from: SocketAddr,
    /// Its receiver.
    pub to: SocketAddr,
    /// What was sent.
    pub data: Vec<u8>,
}

/// Any number of addresses and the datagrams under way between them.
///
/// Addresses need no registration: the [`Link`] of a direction comes into being with its first use. What a link does
/// depends on the seed, its two addresses and its own traffic, not on other links.
#[derive(Debug)]
pub struct Network {
    seed: u64,
    default_config: LinkConfig,
    index: BTreeMap<(SocketAddr, SocketAddr), usize>,
    links: Vec<Link>,
    under_way: BinaryHeap<Reverse<UnderWay>>,
    /// Breaks ties between equal arrivals: first sent, first received.
    order: u64,
    buffers: BTreeMap<SocketAddr, ReceiveBuffer<Datagram>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct UnderWay {
    arrival_micros: u64,
    order: u64,
    link: usize,
    from: SocketAddr,
    to: SocketAddr,
    data: Vec<u8>,
}

impl Network {
    /// A network whose links all start with `config`.
    #[must_use]
    pub fn new(seed: u64, config: LinkConfig) -> Self {
        Self {
            seed,
            default_config: config,
            index: BTreeMap::new(),
            links: Vec::new(),
            under_way: BinaryHeap::new(),
            order: 0,
            buffers: BTreeMap::new(),
        }
    }

    /// The direction from `from` to `to`: to change its settings, lose datagrams on purpose or read its counters.
    pub fn link(&mut self, from: SocketAddr, to: SocketAddr) -> &mut Link {
        let index = self.link_index(from, to);
        &mut self.links[index]
    }

    /// Changes the settings of all links, those to come included.
    pub fn set_config(&mut self, config: LinkConfig) {
        self.default_config = config;
        self.links
            .iter_mut()
            .for_each(|link| link.set_config(config));
    }

    /// Takes in a datagram; `now_micros` must not go back between calls that use the same link.
    pub fn send(&mut self, now_micros: u64, from: SocketAddr, to: SocketAddr, data: &[u8]) {
        let link = self.link_index(from, to);
        for arrival_micros in self.links[link]
            .admit(now_micros, data.len())
            .into_iter()
            .flatten()
        {
            let order = self.order;
            self.order += 1;
            let data = data.to_vec();
            self.under_way.push(Reverse(UnderWay {
                arrival_micros,
                order,
                link,
                from,
                to,
                data,
            }));
        }
    }

    /// The moment at which the next datagram arrives anywhere; `None` if nothing is under way.
    #[must_use]
    pub fn next_arrival(&self) -> Option<u64> {
        self.under_way
            .peek()
            .map(|Reverse(next)| next.arrival_micros)
    }

    /// Gives `address` a socket buffer of `capacity_bytes`, as the system reckons them: what arrives there waits until
    /// [`read`](Self::read) asks for it, and is dropped when the buffer is full.
    pub fn set_receive_buffer(&mut self, address: SocketAddr, capacity_bytes: usize) {
        self.buffers
            .insert(address, ReceiveBuffer::new(capacity_bytes));
    }

    /// Reads the next datagram from the buffer of `address`. [`receive`](Self::receive) is what fills it.
    pub fn read(&mut self, address: SocketAddr) -> Option<Datagram> {
        self.buffers.get_mut(&address)?.take()
    }

    /// Datagrams that found the buffer of `address` full.
    #[must_use]
    pub fn overflowed(&self, address: SocketAddr) -> u64 {
        self.buffers.get(&address).map_or(0, ReceiveBuffer::dropped)
    }

    /// Hands out the next datagram that has arrived by `now_micros`, earliest first. What arrives where there is a
    /// receive buffer goes into that instead.
    pub fn receive(&mut self, now_micros: u64) -> Option<Datagram> {
        loop {
            let datagram = self.arrive(now_micros)?;
            match self.buffers.get_mut(&datagram.to) {
                Some(buffer) => buffer.put(datagram.data.len(), datagram),
                None => return Some(datagram),
            }
        }
    }

    fn arrive(&mut self, now_micros: u64) -> Option<Datagram> {
        if self.next_arrival()? > now_micros {
            return None;
        }
        let Reverse(UnderWay {
            arrival_micros,
            link,
            from,
            to,
            data,
            ..
        }) = self.under_way.pop()?;
        let statistics = &mut self.links[link].statistics;
        statistics.delivered += 1;
        statistics.bytes_delivered += data.len() as u64;
        Some(Datagram {
            arrival_micros,
            from,
            to,
            data,
        })
    }

    /// The counters of all links together.
    #[must_use]
    pub fn statistics(&self) -> LinkStatistics {
        self.links
            .iter()
            .fold(LinkStatistics::default(), |sum, link| {
                let part = link.statistics();
                LinkStatistics {
                    sent: sum.sent + part.sent,
                    bytes_sent: sum.bytes_sent + part.bytes_sent,
                    delivered: sum.delivered + part.delivered,
                    bytes_delivered: sum.bytes_delivered + part.bytes_delivered,
                    lost: sum.lost + part.lost,
                    duplicated: sum.duplicated + part.duplicated,
                    queue_dropped: sum.queue_dropped + part.queue_dropped,
                    oversized: sum.oversized + part.oversized,
                    reordered: sum.reordered + part.reordered,
                }
            })
    }

    fn link_index(&mut self, from: SocketAddr, to: SocketAddr) -> usize {
        *self.index.entry((from, to)).or_insert_with(|| {
            self.links.push(Link::new(
                self.seed,
                stream_of(from, to),
                self.default_config,
            ));
            self.links.len() - 1
        })
    }
}

/// The number of the random stream of a direction: FNV-1a over both addresses.
fn stream_of(from: SocketAddr, to: SocketAddr) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for address in [from, to] {
        match address.ip() {
            IpAddr::V4(ip) => add(&ip.octets()),
            IpAddr::V6(ip) => add(&ip.octets()),
        }
        add(&address.port().to_be_bytes());
    }
    hash
}
