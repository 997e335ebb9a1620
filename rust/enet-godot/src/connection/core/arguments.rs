//! [`HostArguments`]: what a host is made with.

use enet_proto::consts::{PROTOCOL_MAXIMUM_CHANNEL_COUNT, PROTOCOL_MAXIMUM_PEER_ID};
use enet_udp::{Bind, UdpHostConfig};

use crate::error::CreateError;
use crate::settings;

/// What a host is made with, as scripts give it; [`Self::check`] says what is wrong with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostArguments {
    pub(crate) max_peers: i32,
    pub(crate) max_channels: i32,
    pub(crate) in_bandwidth: i32,
    pub(crate) out_bandwidth: i32,
    /// Whether it only ever connects, and to one remote at a time: then the system can tell that nobody is there.
    pub(crate) only_connects: bool,
}

impl HostArguments {
    /// The first thing that is out of range, in Godot's order.
    fn check(self) -> Result<(), CreateError> {
        if !(1..=i32::from(PROTOCOL_MAXIMUM_PEER_ID)).contains(&self.max_peers) {
            return Err(CreateError::PeerCount(self.max_peers));
        }
        if !usize::try_from(self.max_channels)
            .is_ok_and(|channels| channels <= PROTOCOL_MAXIMUM_CHANNEL_COUNT)
        {
            return Err(CreateError::ChannelCount(self.max_channels));
        }
        if self.in_bandwidth < 0 {
            return Err(CreateError::IncomingBandwidth(self.in_bandwidth));
        }
        if self.out_bandwidth < 0 {
            return Err(CreateError::OutgoingBandwidth(self.out_bandwidth));
        }
        Ok(())
    }

    pub(super) fn config(self, bind: Bind) -> Result<UdpHostConfig, CreateError> {
        self.check()?;
        Ok(UdpHostConfig::new(self.max_peers as usize)
            .bind(bind)
            .threaded(settings::use_network_thread())
            .follow_peer(self.only_connects)
            .channel_limit(self.max_channels as usize)
            .bandwidth(
                self.in_bandwidth.cast_unsigned(),
                self.out_bandwidth.cast_unsigned(),
            ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: HostArguments = HostArguments {
        max_peers: 32,
        max_channels: 0,
        in_bandwidth: 0,
        out_bandwidth: 0,
        only_connects: false,
    };

    #[test]
    fn arguments_are_checked_in_godots_order() {
        assert!(FINE.check().is_ok());
        let mut wrong = HostArguments {
            max_peers: 0,
            max_channels: 256,
            in_bandwidth: -1,
            out_bandwidth: -1,
            only_connects: false,
        };
        assert!(matches!(wrong.check(), Err(CreateError::PeerCount(0))));
        wrong.max_peers = 4096;
        assert!(matches!(wrong.check(), Err(CreateError::PeerCount(4096))));
        wrong.max_peers = 4095;
        assert!(matches!(wrong.check(), Err(CreateError::ChannelCount(256))));
        wrong.max_channels = 255;
        assert!(matches!(
            wrong.check(),
            Err(CreateError::IncomingBandwidth(-1))
        ));
        wrong.in_bandwidth = 0;
        assert!(matches!(
            wrong.check(),
            Err(CreateError::OutgoingBandwidth(-1))
        ));
        wrong.out_bandwidth = 0;
        assert!(wrong.check().is_ok());
    }
}
