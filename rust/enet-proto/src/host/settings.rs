//! What can be changed while the host runs: of a peer, and of the host.

use super::Host;
use super::memory::Memory;
use crate::admission::Admission;
use crate::compress::Compressor;
use crate::config::clamp_channel_limit;
use crate::event::PeerId;
use crate::limits::Limits;
use crate::peer::Recovery;
use crate::time::Time;
use crate::times::PeerTimes;
use crate::wire::Command;

/// Settings of a peer.
impl Host {
    /// Sets after how many ms without an acknowledgement the peer is pinged; 0 is the default, 500.
    pub fn set_ping_interval(&mut self, peer: PeerId, millis: u32) {
        if let Some(peer) = self.slots.get_mut(peer) {
            let times = PeerTimes {
                ping_interval: millis,
                ..PeerTimes::default()
            };
            peer.ping_interval = times.or_defaults().ping_interval;
            self.agenda.ready.insert(peer.id.slot);
        }
    }

    /// Sets when a silent peer is given up; 0 is the default of each.
    ///
    /// - `limit`: how far the retransmission timeout must have backed off, as a factor; default 32.
    /// - `minimum`: ms of silence before that counts; default 5000.
    /// - `maximum`: ms of silence after which the peer is given up in any case; default 30000.
    ///
    /// Source: `enet_peer_timeout`, ENet 1.3.18 `peer.c`.
    pub fn set_timeout(&mut self, peer: PeerId, limit: u32, minimum: u32, maximum: u32) {
        if let Some(peer) = self.slots.get_mut(peer) {
            let times = PeerTimes {
                timeout_limit: limit,
                timeout_minimum: minimum,
                timeout_maximum: maximum,
                ..PeerTimes::default()
            };
            peer.recovery.set_timeouts(times);
        }
    }

    /// Sets how the packet throttle reacts, here and at the remote.
    ///
    /// - `interval`: ms over which the best round-trip time is kept; default 5000.
    /// - `acceleration`, `deceleration`: rise and fall after a good and a bad sample, of 32; default 2 each.
    ///
    /// Source: `enet_peer_throttle_configure`, ENet 1.3.18 `peer.c`.
    pub fn throttle_configure(
        &mut self,
        peer: PeerId,
        interval: u32,
        acceleration: u32,
        deceleration: u32,
    ) {
        if let Some(peer) = self.slots.get_mut(peer) {
            peer.throttle
                .configure(interval, acceleration, deceleration);
            peer.queue_control(
                &mut self.stamp,
                Command::ThrottleConfigure {
                    interval,
                    acceleration,
                    deceleration,
                },
            );
            self.agenda.ready.insert(peer.id.slot);
        }
    }
}

/// Settings of the host.
impl Host {
    /// Changes the bandwidths of [`HostConfig::bandwidth`](crate::HostConfig::bandwidth); peers learn of it within about
    /// a second.
    pub fn set_bandwidth(&mut self, incoming: u32, outgoing: u32) {
        self.config.incoming_bandwidth = incoming;
        self.config.outgoing_bandwidth = outgoing;
        self.recalculate = true;
    }

    /// Changes [`HostConfig::recovery`](crate::HostConfig::recovery) for connections to come.
    pub const fn set_recovery(&mut self, recovery: Recovery) {
        self.config.recovery = recovery;
    }

    /// Changes [`HostConfig::peer_times`](crate::HostConfig::peer_times) for connections to come.
    pub const fn set_peer_times(&mut self, times: PeerTimes) {
        self.config.peer_times = times;
    }

    /// Changes [`HostConfig::throttle_enabled`](crate::HostConfig::throttle_enabled), for all connections.
    pub fn set_throttle_enabled(&mut self, enabled: bool) {
        self.config.throttle_enabled = enabled;
        for peer in self.slots.iter_mut() {
            peer.throttle.set_enabled(enabled);
        }
    }

    /// Changes [`HostConfig::channel_limit`](crate::HostConfig::channel_limit) for connections to come.
    pub fn set_channel_limit(&mut self, channels: usize) {
        self.config.channel_limit = clamp_channel_limit(channels);
    }

    /// Changes [`HostConfig::mtu`](crate::HostConfig::mtu) for connections to come, in bytes.
    pub fn set_mtu(&mut self, bytes: u32) {
        self.config = self.config.clone().mtu(bytes);
    }

    /// Compresses what is sent and takes compressed datagrams from here on; `None` ends both.
    pub fn set_compressor(&mut self, compressor: Option<Box<dyn Compressor>>) {
        self.compressor = compressor;
    }

    /// Lets `admission` decide about connections that others ask for from here on; `None` lets in all that find a slot.
    pub fn set_admission(&mut self, admission: Option<Box<dyn Admission>>) {
        self.admission = admission;
    }

    /// What others may cost the host.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.config.limits
    }

    /// Changes [`HostConfig::limits`](crate::HostConfig::limits), for the connections that there are as well. What is
    /// over a limit already stays, and what is used up of a rate stays used up.
    pub fn set_limits(&mut self, now: Time, limits: Limits) {
        self.config.limits = limits;
        self.knocks.set_rate(limits.attempts, now);
        self.joins.change(limits.joins, limits.join_burst, now);
        for bucket in self.joins_by_source.values_mut() {
            bucket.change(limits.joins_per_source, limits.join_burst_per_source, now);
        }
        self.refusals.change(limits.refusals, limits.refusals, now);
        self.log.set_rate(limits.log_lines, now);
        self.memory = Memory::new(&self.config);
        for peer in self.slots.iter_mut() {
            peer.set_quota(&limits, now);
            self.memory.recount(0, peer.counted);
        }
    }

    /// Changes [`HostConfig::duplicate_peers`](crate::HostConfig::duplicate_peers), for connections to come.
    pub const fn set_duplicate_peers(&mut self, peers: usize) {
        self.config.duplicate_peers = peers;
    }

    /// Changes [`HostConfig::maximum_waiting_data`](crate::HostConfig::maximum_waiting_data), in bytes.
    pub const fn set_maximum_waiting_data(&mut self, bytes: usize) {
        self.config.maximum_waiting_data = bytes;
    }
}
