//! Looks into datagrams: to show them, and to find what the recorded library chose or sent.

use crate::checksum::crc32;
use crate::compress::{Compressor, RangeCoder};
use crate::wire::{Command, CommandHeader, ProtocolHeader};

/// A datagram taken apart.
pub(super) struct Decoded {
    pub(super) header: ProtocolHeader,
    pub(super) commands: Vec<(CommandHeader, Command, Vec<u8>)>,
}

/// Takes `datagram` apart; `checksum` says whether it carries one.
pub(super) fn decode(datagram: &[u8], checksum: bool) -> Option<Decoded> {
    let header = ProtocolHeader::decode(datagram)?;
    let body = datagram.get(header.len() + if checksum { 4 } else { 0 }..)?;
    let mut plain = body.to_vec();
    if header.compressed {
        plain = vec![0; 4096];
        let len = RangeCoder::new().decompress(body, &mut plain)?;
        plain.truncate(len);
    }
    let mut commands = Vec::new();
    let mut rest = plain.as_slice();
    while let Some((command_header, command)) = Command::decode(rest) {
        let (start, len) = (command.kind().size(), command.payload_len().unwrap_or(0));
        let Some(payload) = rest.get(start..start + len) else {
            break;
        };
        commands.push((command_header, command, payload.to_vec()));
        rest = &rest[start + len..];
    }
    Some(Decoded { header, commands })
}

/// One line for the header and one for each command.
pub(super) fn describe(datagram: &[u8], checksum: bool) -> String {
    let Some(Decoded { header, commands }) = decode(datagram, checksum) else {
        return format!("{} undecodable bytes", datagram.len());
    };
    let mut text = format!("{} bytes, {header:?}", datagram.len());
    for (header, command, payload) in commands {
        text += &format!(
            "\n      {command:?} {header:?} payload crc32={:08x}",
            crc32(&payload)
        );
    }
    text
}

#[test]
fn all_2725_recorded_datagrams_are_read_to_the_end_and_written_alike() {
    let mut count = 0;
    for file in super::setup::SESSIONS.into_iter().chain(["receive_rules"]) {
        let checksum = super::setup::has_checksum(file);
        for record in crate::tests::vectors::load(file) {
            let super::records::Record::Datagram(recorded) = record else {
                continue;
            };
            count += 1;
            let datagram = crate::tests::vectors::bytes(&recorded.hex);
            assert_eq!(datagram.len(), recorded.len, "{file}");
            let decoded = decode(&datagram, checksum).expect("a sender made it");
            let header = decoded.header;
            let front = header.len() + if checksum { 4 } else { 0 };
            assert_eq!(
                header.encode()[..header.len()],
                datagram[..header.len()],
                "{file}"
            );
            let mut body = Vec::new();
            for (header, command, payload) in &decoded.commands {
                command.encode(*header, &mut body);
                body.extend_from_slice(payload);
            }
            if header.compressed {
                let mut packed = vec![0; body.len()];
                let len = RangeCoder::new()
                    .compress(&body, &mut packed)
                    .expect("it shrank");
                packed.truncate(len);
                body = packed;
            }
            assert_eq!(body, datagram[front..], "{file} t={}", recorded.t);
        }
    }
    assert_eq!(count, 2725);
}
