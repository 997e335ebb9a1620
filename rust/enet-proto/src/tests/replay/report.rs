//! Compares what the engine did with what was recorded.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::decode::describe;
use super::network::Network;
use super::records::{Datagram, State};
use super::session::Session;
use super::setup::{address, has_checksum};
use crate::host::Inspection;
use crate::peer::PeerState;
use crate::tests::vectors::{bytes, hex};

/// What was compared in a file, and what differed.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) file: &'static str,
    pub(super) datagrams_compared: usize,
    pub(super) events_compared: usize,
    pub(super) states_compared: usize,
    pub(super) sends: usize,
    pub(super) datagrams: Vec<DatagramDifference>,
    pub(super) events: Vec<String>,
    pub(super) states: Vec<StateDifference>,
}

/// A datagram that was recorded and not sent so, or sent and not recorded.
#[derive(Debug)]
pub(super) struct DatagramDifference {
    /// Position among all datagrams of the file, from 1; `None` if it was not recorded.
    pub(super) nth: Option<usize>,
    pub(super) text: String,
}

/// A state record with other values.
#[derive(Debug)]
pub(super) struct StateDifference {
    pub(super) t: u64,
    /// The fields, by the recorder's names.
    pub(super) fields: Vec<String>,
    pub(super) text: String,
}

impl Report {
    pub(super) const fn new(file: &'static str) -> Self {
        Self {
            file,
            datagrams_compared: 0,
            events_compared: 0,
            states_compared: 0,
            sends: 0,
            datagrams: Vec::new(),
            events: Vec::new(),
            states: Vec::new(),
        }
    }

    /// Compares a peer with its record, every field of it.
    pub(super) fn state(&mut self, ours: Inspection, recorded: &State) {
        self.states_compared += 1;
        self.states.extend(compare_state(&ours, recorded));
    }

    pub(super) const fn is_identical(&self) -> bool {
        self.datagrams.is_empty() && self.events.is_empty() && self.states.is_empty()
    }

    /// The first difference of each kind, in words.
    pub(super) fn summary(&self) -> String {
        let mut text = format!(
            "{}: {} of {} datagrams, {} of {} events, {} of {} states differ",
            self.file,
            self.datagrams.len(),
            self.datagrams_compared,
            self.events.len(),
            self.events_compared,
            self.states.len(),
            self.states_compared,
        );
        let datagram = self.datagrams.first().map(|difference| &difference.text);
        let state = self.states.first().map(|difference| &difference.text);
        for difference in [datagram, self.events.first(), state].into_iter().flatten() {
            text += &format!("\n  {difference}");
        }
        text
    }
}

/// Compares datagrams and events, each host's in their order.
pub(super) fn compare(report: &mut Report, session: &Session, network: &Network) {
    report.datagrams_compared = session.datagrams.len();
    report.events_compared = session.events.len();
    let mut recorded_by: HashMap<&str, Vec<(usize, &Datagram)>> = HashMap::new();
    for (index, datagram) in session.datagrams.iter().enumerate() {
        recorded_by
            .entry(&datagram.from)
            .or_default()
            .push((index + 1, datagram));
    }
    for endpoint in &network.endpoints {
        let recorded = recorded_by.remove(endpoint.name).unwrap_or_default();
        for i in 0..recorded.len().max(endpoint.sent.len()) {
            let ours = endpoint.sent.get(i);
            let theirs = recorded.get(i);
            let equal = ours.zip(theirs).is_some_and(|(ours, (_, theirs))| {
                ours.t == theirs.t
                    && ours.to == address(&theirs.to)
                    && hex(&ours.bytes) == theirs.hex
            });
            if equal {
                continue;
            }
            let checksum = has_checksum(session.file);
            let show = |datagram: Option<(u64, &[u8])>| match datagram {
                Some((t, bytes)) => format!("t={t} {}", describe(bytes, checksum)),
                None => "nothing".to_owned(),
            };
            let theirs_bytes = theirs.map(|(_, theirs)| bytes(&theirs.hex));
            let text = format!(
                "datagram {i} of {}:\n    recorded {}\n    ours     {}",
                endpoint.name,
                show(
                    theirs
                        .map(|(_, theirs)| theirs.t)
                        .zip(theirs_bytes.as_deref())
                ),
                show(ours.map(|ours| (ours.t, ours.bytes.as_slice()))),
            );
            report.datagrams.push(DatagramDifference {
                nth: theirs.map(|(nth, _)| *nth),
                text,
            });
        }
        compare_events(report, session, endpoint.name, &endpoint.events);
    }
    assert!(
        recorded_by.is_empty(),
        "{}: datagrams of an unknown host",
        session.file
    );
    report
        .datagrams
        .sort_by_key(|difference| difference.nth.unwrap_or(usize::MAX));
}

fn compare_events(
    report: &mut Report,
    session: &Session,
    host: &str,
    ours: &[super::records::Happened],
) {
    let theirs: Vec<_> = session
        .events
        .iter()
        .filter(|event| event.host == host)
        .collect();
    for i in 0..theirs.len().max(ours.len()) {
        let (theirs, ours) = (theirs.get(i).copied(), ours.get(i));
        if theirs != ours {
            report.events.push(format!(
                "event {i} of {host}:\n    recorded {theirs:?}\n    ours     {ours:?}"
            ));
        }
    }
}

/// The fields in which `ours` differs from the record, if any.
pub(super) fn compare_state(ours: &Inspection, recorded: &State) -> Option<StateDifference> {
    let mut fields = Vec::new();
    let mut text = format!("state of {} at t={}:", recorded.host, recorded.t);
    for (name, theirs) in &recorded.fields {
        let ours = field(ours, name);
        if ours != *theirs {
            fields.push(name.clone());
            text += &format!(" {name} recorded {theirs}, ours {ours};");
        }
    }
    (!fields.is_empty()).then_some(StateDifference {
        t: recorded.t,
        fields,
        text,
    })
}

/// The field that the recorder calls `name`.
fn field(peer: &Inspection, name: &str) -> Value {
    json!(match name {
        "state" => return json!(state_name(peer.state)),
        "connectID" => return json!(hex(&peer.connect_id)),
        "incomingPeerID" => peer.incoming_peer_id,
        "outgoingPeerID" => peer.outgoing_peer_id,
        "incomingSession" => peer.incoming_session,
        "outgoingSession" => peer.outgoing_session,
        "channels" => peer.channels,
        "mtu" => peer.mtu,
        "window" => peer.window,
        "inTransit" => peer.in_transit,
        "rtt" => peer.rtt,
        "rttVar" => peer.rtt_var,
        "lastRtt" => peer.last_rtt,
        "lastRttVar" => peer.last_rtt_var,
        "lowestRtt" => peer.lowest_rtt,
        "highestRttVar" => peer.highest_rtt_var,
        "throttle" => peer.throttle,
        "throttleLimit" => peer.throttle_limit,
        "throttleCounter" => peer.throttle_counter,
        "throttleEpoch" => peer.throttle_epoch,
        "throttleInterval" => peer.throttle_interval,
        "throttleAccel" => peer.throttle_accel,
        "throttleDecel" => peer.throttle_decel,
        "inBandwidth" => peer.in_bandwidth,
        "outBandwidth" => peer.out_bandwidth,
        "packetsSent" => peer.packets_sent,
        "packetsLost" => peer.packets_lost,
        "packetLoss" => peer.packet_loss,
        "packetLossVar" => peer.packet_loss_var,
        "packetLossEpoch" => peer.packet_loss_epoch,
        "nextTimeout" => peer.next_timeout,
        "earliestTimeout" => peer.earliest_timeout,
        "lastReceiveTime" => peer.last_receive_time,
        "lastSendTime" => peer.last_send_time,
        "waitingData" => peer.waiting_data,
        "outDataTotal" => peer.out_data_total,
        "inDataTotal" => peer.in_data_total,
        other => panic!("no field for {other}"),
    })
}

const fn state_name(state: PeerState) -> &'static str {
    match state {
        PeerState::Disconnected => "DISCONNECTED",
        PeerState::Connecting => "CONNECTING",
        PeerState::AcknowledgingConnect => "ACKNOWLEDGING_CONNECT",
        PeerState::Connected => "CONNECTED",
        PeerState::DisconnectLater => "DISCONNECT_LATER",
        PeerState::Disconnecting => "DISCONNECTING",
        PeerState::AcknowledgingDisconnect => "ACKNOWLEDGING_DISCONNECT",
        PeerState::Zombie => "ZOMBIE",
    }
}
