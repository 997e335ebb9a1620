//! Where a packet of `put_packet` goes: which peers, which ENet channel, which flags.

use bytes::Bytes;
use enet_proto::consts::HOST_DEFAULT_MAXIMUM_PACKET_SIZE;
use enet_proto::{Packet, PacketFlags, SendError};
use enet_udp::UdpHost;

use super::core::{Core, State, transfer};
use super::session::{Connection, Role, SERVER_ID, Session, Status};
use crate::error::PutPacketError;

/// ENet channels that scripts use are this much higher than their transfer channels.
const CHANNEL_OFFSET: i32 = 1;
/// The highest ENet channel: 255 channels, counted from 0.
const HIGHEST_CHANNEL_ID: u8 = 254;

impl Core {
    /// Queues `data` for the target peer, by the transfer mode and channel that are set.
    ///
    /// It leaves within about a millisecond, with what else is queued by then, or with the next poll; without the
    /// network thread at once, as the built-in class sends it.
    pub(crate) fn put_packet(&self, data: &[u8]) -> Result<(), PutPacketError> {
        let (sent, hosts) = self.queue_packet(data)?;
        hosts.iter().for_each(UdpHost::flush);
        sent
    }

    /// Queues `data`; answers what became of it, and the hosts that are to be flushed without the lock.
    fn queue_packet(
        &self,
        data: &[u8],
    ) -> Result<(Result<(), PutPacketError>, Vec<UdpHost>), PutPacketError> {
        let state = self.lock();
        let session = state.session()?;
        if session.status != Status::Connected {
            return Err(PutPacketError::NotConnected);
        }
        check_target(session, state.target_peer)?;
        let (channel_id, flags) = route(&state)?;
        if data.len() > HOST_DEFAULT_MAXIMUM_PACKET_SIZE {
            return Err(PutPacketError::TooLarge {
                len: data.len(),
                limit: HOST_DEFAULT_MAXIMUM_PACKET_SIZE,
            });
        }
        let packet = Packet::new(Bytes::copy_from_slice(data), flags);
        let sent = match session.role {
            Role::Client => send_to_each(session, [SERVER_ID], channel_id, &packet),
            Role::Server if state.target_peer == 0 => broadcast(session, channel_id, &packet),
            Role::Server | Role::Mesh if state.target_peer > 0 => {
                send_to_each(session, [state.target_peer], channel_id, &packet)
            }
            // In a mesh this is also target 0: nobody is left out, as no peer has that id.
            Role::Server | Role::Mesh => {
                let others = session
                    .peers
                    .keys()
                    .copied()
                    .filter(|id| *id != -state.target_peer);
                send_to_each(session, others, channel_id, &packet)
            }
        };
        Ok((sent, hosts_to_flush(session, state.target_peer)))
    }
}

/// The hosts that lead to `target`, but for those that the network thread sends over.
fn hosts_to_flush(session: &Session, target: i32) -> Vec<UdpHost> {
    let host_to_flush = |connection: &Connection| connection.core().host_to_flush();
    if target > 0 {
        let connection = session.connection_of(target);
        connection.and_then(host_to_flush).into_iter().collect()
    } else {
        let connections = session.links.connections();
        connections.filter_map(host_to_flush).collect()
    }
}

/// 0 is everyone; a positive id is that peer, a negative one everyone but that peer.
fn check_target(session: &Session, target: i32) -> Result<(), PutPacketError> {
    let is_known = |id: i32| session.peers.contains_key(&id);
    if target != 0 && !target.checked_abs().is_some_and(is_known) {
        return Err(PutPacketError::InvalidTarget(target));
    }
    if session.role == Role::Client && !is_known(SERVER_ID) {
        return Err(PutPacketError::NoServer);
    }
    Ok(())
}

/// The ENet channel and flags for the transfer mode and channel that are set.
fn route(state: &State) -> Result<(u8, PacketFlags), PutPacketError> {
    let channel_id = enet_channel(state.transfer_mode, state.transfer_channel)
        .ok_or(PutPacketError::NoSuchChannel(state.transfer_channel))?;
    Ok((channel_id, enet_flags(state.transfer_mode)))
}

fn enet_flags(transfer_mode: i32) -> PacketFlags {
    match transfer_mode {
        transfer::UNRELIABLE => PacketFlags::UNSEQUENCED | PacketFlags::UNRELIABLE_FRAGMENT,
        transfer::UNRELIABLE_ORDERED => PacketFlags::UNRELIABLE_FRAGMENT,
        transfer::RELIABLE => PacketFlags::RELIABLE,
        _ => PacketFlags::NONE,
    }
}

/// Transfer channel 0 is two ENet channels, so that reliable packets do not hold up the others; the rest are one each.
fn enet_channel(transfer_mode: i32, transfer_channel: i32) -> Option<u8> {
    if transfer_channel > 0 {
        let channel_id = transfer_channel.checked_add(CHANNEL_OFFSET)?;
        return u8::try_from(channel_id)
            .ok()
            .filter(|id| *id <= HIGHEST_CHANNEL_ID);
    }
    match transfer_mode {
        transfer::UNRELIABLE | transfer::UNRELIABLE_ORDERED => Some(1),
        _ => Some(0),
    }
}

fn broadcast(session: &Session, channel_id: u8, packet: &Packet) -> Result<(), PutPacketError> {
    // Without a host there is nobody to send to; the next poll closes the session.
    let Some(Ok(host)) = session
        .shared_connection()
        .map(|connection| connection.core().host())
    else {
        return Ok(());
    };
    if host.broadcast(channel_id, packet) == 0 {
        let limit = host.channel_limit();
        if usize::from(channel_id) >= limit {
            return Err(PutPacketError::OverHostLimit { channel_id, limit });
        }
    }
    Ok(())
}

fn send_to_each(
    session: &Session,
    ids: impl IntoIterator<Item = i32>,
    channel_id: u8,
    packet: &Packet,
) -> Result<(), PutPacketError> {
    let mut unsent: Vec<(i32, SendError)> = Vec::new();
    for id in ids {
        let Some(registered) = session.peers.get(&id) else {
            continue;
        };
        if let Err(reason) = registered
            .peer
            .core()
            .peer()
            .send(channel_id, packet.clone())
        {
            unsent.push((id, reason));
        }
    }
    if unsent.is_empty() {
        Ok(())
    } else {
        Err(PutPacketError::Unsent(unsent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY_OTHER_MODE: i32 = 9;

    #[test]
    fn channel_0_keeps_reliable_packets_apart_from_the_others() {
        for channel in [0, -1, i32::MIN] {
            assert_eq!(enet_channel(transfer::RELIABLE, channel), Some(0));
            assert_eq!(enet_channel(transfer::UNRELIABLE, channel), Some(1));
            assert_eq!(enet_channel(transfer::UNRELIABLE_ORDERED, channel), Some(1));
            assert_eq!(enet_channel(ANY_OTHER_MODE, channel), Some(0));
        }
    }

    #[test]
    fn a_channel_of_scripts_is_shared_by_all_modes() {
        for mode in [
            transfer::UNRELIABLE,
            transfer::UNRELIABLE_ORDERED,
            transfer::RELIABLE,
            ANY_OTHER_MODE,
        ] {
            assert_eq!(enet_channel(mode, 1), Some(2));
            assert_eq!(enet_channel(mode, 253), Some(254));
        }
    }

    #[test]
    fn a_channel_that_cannot_exist_is_never_wrapped_onto_another() {
        for channel in [254, 255, 256, 257, 511, i32::MAX] {
            assert_eq!(enet_channel(transfer::RELIABLE, channel), None, "{channel}");
        }
    }

    #[test]
    fn each_mode_has_its_flags() {
        let bits = [
            transfer::UNRELIABLE,
            transfer::UNRELIABLE_ORDERED,
            transfer::RELIABLE,
            ANY_OTHER_MODE,
        ]
        .map(|mode| enet_flags(mode).bits());
        assert_eq!(bits, [10, 8, 1, 0]);
    }
}
