//! The flood: CONNECTs from forged addresses, as fast as one core can send them.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::connect::Connect;
use crate::forged::Forged;
use crate::random::Random;

/// Ports that the flood comes from.
const PORTS: usize = 16;
/// Addresses that it comes from, and the first of them.
const ADDRESSES: usize = 1 << 16;
const FIRST_ADDRESS: u32 = u32::from_be_bytes([127, 64, 0, 0]);
/// Bursts sent from a port before its answers are read.
const BATCH: usize = 64;
/// How long answers are still read after the last datagram.
const AFTERMATH: Duration = Duration::from_millis(500);

/// What a flood came to.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) seconds: f64,
    pub(crate) sources: usize,
    pub(crate) datagrams_sent: u64,
    pub(crate) datagrams_per_second: f64,
    pub(crate) bytes_sent: u64,
    /// Datagrams that the system did not take.
    pub(crate) refused: u64,
    pub(crate) answers: u64,
    pub(crate) answer_bytes: u64,
    /// Answers after which a source had got more bytes than it had sent.
    pub(crate) amplified: u64,
}

/// Bytes sent and received of each source.
struct Ledger(Vec<[u32; 2]>);

impl Ledger {
    fn entry(&mut self, port: usize, address: Ipv4Addr) -> Option<&mut [u32; 2]> {
        let index = u32::from(address).checked_sub(FIRST_ADDRESS)?;
        let index = usize::try_from(index)
            .ok()
            .filter(|index| *index < ADDRESSES)?;
        self.0.get_mut(port * ADDRESSES + index)
    }
}

/// Floods `target` for `span`, each time with `burst` CONNECTs of one source: the system sends 16 in a tenth of the
/// time that they take one by one.
pub(crate) fn flood(target: SocketAddrV4, span: Duration, burst: usize) -> Result<Report> {
    let mut sockets = Forged::open(PORTS)?;
    let mut ledger = Ledger(vec![[0; 2]; PORTS * ADDRESSES]);
    let (mut random, mut connect) = (Random::new(0x0F10_0D5E), Connect::new());
    let mut report = Report {
        sources: PORTS * ADDRESSES,
        ..Report::default()
    };
    let started = Instant::now();
    let (mut port, mut datagrams) = (0, Vec::new());
    while started.elapsed() < span {
        port = (port + 1) % PORTS;
        for _ in 0..BATCH {
            let offset = u32::try_from(random.below(ADDRESSES)).expect("fewer than 2^32");
            let from = Ipv4Addr::from(FIRST_ADDRESS + offset);
            datagrams.clear();
            (0..burst).for_each(|_| datagrams.extend_from_slice(connect.redrawn(&mut random)));
            if let Some([sent, _]) = ledger.entry(port, from) {
                *sent += u32::try_from(datagrams.len()).expect("a burst is short");
            }
            if sockets.send(port, from, target, &datagrams, Connect::LEN) {
                report.datagrams_sent += burst as u64;
                report.bytes_sent += datagrams.len() as u64;
            } else {
                report.refused += burst as u64;
            }
        }
        drain(&mut sockets, port, &mut ledger, &mut report);
    }
    report.seconds = started.elapsed().as_secs_f64();
    report.datagrams_per_second = report.datagrams_sent as f64 / report.seconds;
    let end = Instant::now() + AFTERMATH;
    while Instant::now() < end {
        (0..PORTS).for_each(|port| drain(&mut sockets, port, &mut ledger, &mut report));
    }
    Ok(report)
}

/// Reads and books the answers to one port.
fn drain(sockets: &mut Forged, port: usize, ledger: &mut Ledger, report: &mut Report) {
    while let Some((to, answer)) = sockets.receive(port) {
        let len = u32::try_from(answer.len()).expect("a datagram is shorter");
        report.answers += 1;
        report.answer_bytes += u64::from(len);
        if let Some([sent, received]) = ledger.entry(port, to) {
            *received += len;
            report.amplified += u64::from(*received > *sent);
        }
    }
}
