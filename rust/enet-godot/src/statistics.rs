//! The dictionaries of `get_statistics`, alike on the three classes. Keys and units stand in the help pages.

use enet_proto::{DropCause, HostStatistics, PeerStatistics};
use enet_udp::UdpHost;
use godot::builtin::VarDictionary;

/// Which number of a host is meant.
type Number = fn(&HostStatistics) -> u64;

/// Numbers of one host, or of several together.
#[derive(Default)]
pub(crate) struct HostNumbers {
    engine: Vec<HostStatistics>,
    peers: usize,
    events: usize,
}

impl HostNumbers {
    pub(crate) fn add(&mut self, host: &UdpHost) {
        self.engine.push(host.statistics());
        self.peers += host.peers().len();
        self.events += host.events_waiting();
    }

    fn sum(&self, number: impl Fn(&HostStatistics) -> u64) -> i64 {
        whole(self.engine.iter().map(number).sum())
    }

    pub(crate) fn dictionary(&self) -> VarDictionary {
        let mut dictionary = VarDictionary::new();
        let numbers: [(&str, Number); 16] = [
            ("bytes_sent", |host| host.bytes_sent),
            ("datagrams_sent", |host| host.datagrams_sent),
            ("datagrams_refused", |host| host.datagrams_refused),
            ("bytes_received", |host| host.bytes_received),
            ("datagrams_received", |host| host.datagrams_received),
            ("datagrams_dropped", |host| host.datagrams_dropped),
            ("datagrams_aborted", |host| host.datagrams_aborted),
            ("connects_refused", |host| host.connects_refused),
            ("half_open", |host| host.half_open),
            ("waiting", |host| host.waiting),
            ("unproven_bytes_sent", |host| host.unproven_bytes_sent),
            ("unproven_bytes_received", |host| {
                host.unproven_bytes_received
            }),
            ("commands_resent", |host| host.commands_resent),
            ("commands_lost", |host| host.commands_lost),
            ("commands_queued", |host| host.commands_queued),
            ("bytes_waiting", |host| host.waiting_data),
        ];
        for (key, number) in numbers {
            dictionary.set(key, self.sum(number));
        }
        dictionary.set("events_waiting", whole(self.events as u64));
        dictionary.set("peers", whole(self.peers as u64));
        let mut dropped = VarDictionary::new();
        for cause in DropCause::ALL {
            dropped.set(cause.name(), self.sum(|host| host.dropped(cause)));
        }
        dictionary.set("dropped", &dropped);
        dictionary
    }
}

/// Numbers of one peer; `packets_unread` are those that its object holds.
pub(crate) fn of_peer(peer: &PeerStatistics, packets_unread: i32) -> VarDictionary {
    let mut dictionary = VarDictionary::new();
    let numbers = [
        ("bytes_sent", peer.bytes_sent),
        ("datagrams_sent", peer.datagrams_sent),
        ("bytes_received", peer.bytes_received),
        ("datagrams_received", peer.datagrams_received),
        ("commands_resent", peer.commands_resent),
        ("commands_lost", peer.commands_lost),
        ("commands_queued", peer.commands_queued as u64),
        ("bytes_in_flight", peer.reliable_data_in_transit.into()),
        ("bytes_waiting", peer.waiting_data as u64),
        ("round_trip_time", peer.round_trip_time.into()),
        (
            "round_trip_time_variance",
            peer.round_trip_time_variance.into(),
        ),
        ("mtu", peer.mtu.into()),
        ("path_mtu", peer.path_mtu.into()),
    ];
    for (key, number) in numbers {
        dictionary.set(key, whole(number));
    }
    dictionary.set("packets_unread", i64::from(packets_unread));
    if let Some(window) = peer.congestion_window {
        dictionary.set("congestion_window", i64::from(window));
    }
    let mut dropped = VarDictionary::new();
    dropped.set("throttle", i64::from(peer.packets_dropped_by_throttle));
    dropped.set("bandwidth", i64::from(peer.packets_dropped_by_bandwidth));
    dictionary.set("dropped", &dropped);
    dictionary
}

/// A counter as scripts have it.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
