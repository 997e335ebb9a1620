//! [`Profile`]: networks worth playing on, from perfect to hardly usable.

use std::time::Duration;

use enet_netsim::{BurstLoss, LinkConfig};

/// A kind of network between each client and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Nothing is lost; 1 ms each way.
    Perfect,
    /// A local network.
    Lan,
    /// A good line at home.
    Cable,
    /// Losses in bursts of twenty, with jitter.
    WifiBursts,
    /// 60 ms with much jitter and 2 % loss.
    Mobile,
    /// 300 ms each way.
    Satellite,
    /// 20 % loss, 400 ms there and back, and reordering.
    Awful,
    /// Every fourth datagram comes twice.
    Duplicating,
    /// Every third datagram is overtaken by those of the next 80 ms.
    Shuffling,
    /// What the clients send is lost for seconds at a time.
    OutagesUp,
    /// What the server sends is lost for seconds at a time.
    OutagesDown,
    /// Both directions come and go.
    Flapping,
    /// Datagrams above 1280 bytes never arrive.
    DropsLarge,
    /// As perfect, but that remains. Sessions of [`Self::DropsLarge`] end on it; none begins so.
    PerfectButNarrow,
    /// 32 kB/s with a queue of a few datagrams.
    Thin,
    /// 128 kB/s with a queue of two seconds.
    Bloated,
    /// Fast and clean down, slow and lossy up.
    Asymmetric,
    /// The delay jumps between 10 and 900 ms.
    LagSpikes,
    /// Half of everything is lost for a second out of three.
    Interference,
}

/// One direction at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Condition {
    pub(crate) link: LinkConfig,
    pub(crate) is_down: bool,
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn delayed(delay_millis: u64, jitter_millis: u64) -> LinkConfig {
    LinkConfig::default()
        .delay(millis(delay_millis))
        .jitter(millis(jitter_millis))
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Perfect,
        Self::Lan,
        Self::Cable,
        Self::WifiBursts,
        Self::Mobile,
        Self::Satellite,
        Self::Awful,
        Self::Duplicating,
        Self::Shuffling,
        Self::OutagesUp,
        Self::OutagesDown,
        Self::Flapping,
        Self::DropsLarge,
        Self::Thin,
        Self::Bloated,
        Self::Asymmetric,
        Self::LagSpikes,
        Self::Interference,
    ];

    /// What the direction towards the server (`up`), or from it, is like at `second` of the session.
    pub(crate) fn condition(self, up: bool, second: u64) -> Condition {
        let is_down = match self {
            Self::OutagesUp => up && second % 9 < 3,
            Self::OutagesDown => !up && second % 9 < 3,
            Self::Flapping => second % 5 < 1,
            _ => false,
        };
        Condition {
            link: self.link(up, second),
            is_down,
        }
    }

    fn link(self, up: bool, second: u64) -> LinkConfig {
        match self {
            Self::Perfect => delayed(1, 0),
            Self::Lan => delayed(1, 1).loss(0.001),
            Self::Cable | Self::OutagesUp | Self::OutagesDown | Self::Flapping => {
                delayed(15, 4).loss(0.005)
            }
            Self::WifiBursts => delayed(8, 7).burst_loss(Some(BurstLoss::from_means(0.08, 20.0))),
            Self::Mobile => delayed(60, 40).loss(0.02),
            Self::Satellite => delayed(300, 10).loss(0.01),
            Self::Awful => delayed(200, 60).loss(0.2).reordering(0.2, millis(150)),
            Self::Duplicating => delayed(20, 10).duplication(0.25).loss(0.02),
            Self::Shuffling => delayed(25, 5).reordering(0.33, millis(80)),
            Self::DropsLarge => delayed(20, 5).loss(0.01).maximum_datagram_bytes(1280),
            Self::PerfectButNarrow => delayed(1, 0).maximum_datagram_bytes(1280),
            Self::Thin => delayed(30, 5).rate_limit(32_000, 8_000),
            Self::Bloated => delayed(20, 2).rate_limit(128_000, 256_000),
            Self::Asymmetric if up => delayed(40, 20).loss(0.05).rate_limit(64_000, 16_000),
            Self::Asymmetric => delayed(10, 2),
            Self::LagSpikes if second.is_multiple_of(4) => delayed(900, 50),
            Self::LagSpikes => delayed(10, 2),
            Self::Interference if second.is_multiple_of(3) => delayed(10, 5).loss(0.5),
            Self::Interference => delayed(10, 5),
        }
    }
}
