//! What a peer does with the five commands that carry data.

use bytes::Bytes;

use super::{Peer, PeerState};
use crate::channel::{Abort, Allowance, Intake};
use crate::config::HostConfig;
use crate::packet::PacketFlags;
use crate::wire::{Command, CommandHeader};

impl Peer {
    /// Takes in a command with its `payload`, if no more waits then than the `allowance`.
    pub(crate) fn take_in(
        &mut self,
        header: CommandHeader,
        command: &Command,
        payload: &[u8],
        config: &HostConfig,
        allowance: Allowance,
    ) -> Result<(), Abort> {
        let CommandHeader {
            channel_id, number, ..
        } = header;
        if !self.channels.contains(channel_id)
            || !self.is_open()
            || payload.len() > config.maximum_packet_size
        {
            return Err(Abort::UNACCEPTABLE);
        }
        let mut intake = Intake {
            waiting: &mut self.waiting,
            held: &mut self.held,
            unreleased: self.unreleased,
            ready: &mut self.ready,
            channel_id,
            open: self.state == PeerState::Connected,
            allowance,
            maximum_packet_size: config.maximum_packet_size,
            vanilla_quirks: config.vanilla_quirks,
        };
        if let Command::SendUnsequenced { group, .. } = *command {
            if let Some(fresh) = self.unsequenced.check(group).filter(|_| intake.open) {
                intake.charge(payload.len(), false)?;
                intake.deliver(Bytes::copy_from_slice(payload), PacketFlags::UNSEQUENCED);
                self.unsequenced.mark(fresh);
            }
            return Ok(());
        }
        let channel = self
            .channels
            .get_mut(channel_id)
            .ok_or(Abort::UNACCEPTABLE)?
            .incoming();
        match command {
            Command::SendReliable { .. } => channel.reliable(number, payload, intake),
            Command::SendUnreliable { number: own, .. } => {
                channel.unreliable(number, *own, payload, intake)
            }
            Command::SendFragment(fragment) => channel.fragment(fragment, payload, intake),
            Command::SendUnreliableFragment(fragment) => {
                channel.unreliable_fragment(number, fragment, payload, intake)
            }
            _ => Err(Abort::UNACCEPTABLE),
        }
    }
}
