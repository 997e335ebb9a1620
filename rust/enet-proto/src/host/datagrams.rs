//! [`Datagrams`]: what is about to leave, in one buffer, and [`Run`], the parts of it that one system call can send.

use std::net::SocketAddr;

use super::Transmit;

/// Datagrams in the order in which they are to leave, one behind the other in one buffer that is used again.
#[derive(Debug, Default)]
pub struct Datagrams {
    bytes: Vec<u8>,
    /// Where each goes and how, and where it ends in `bytes`.
    ends: Vec<(Transmit, usize)>,
}

/// Datagrams in a row that go to the same address: all of `segment_len` bytes but the last, which may be shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run<'a> {
    /// Where they go.
    pub to: SocketAddr,
    /// The datagrams, one behind the other.
    pub bytes: &'a [u8],
    /// Bytes of each datagram but the last; at least 1.
    pub segment_len: usize,
    /// Whether it is a single datagram that must not be fragmented, see [`Transmit::is_probe`].
    pub is_probe: bool,
}

/// What one system call may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// Most datagrams; 0 counts as 1.
    pub datagrams: usize,
    /// Most bytes, unless a single datagram has more.
    pub bytes: usize,
}

impl Datagrams {
    /// Number of datagrams.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Drops the datagrams and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The datagrams, each with its destination.
    pub fn iter(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(transmit, end)| {
            let from = std::mem::replace(&mut start, end);
            (transmit.to, &self.bytes[from..end])
        })
    }

    /// The datagrams in the same order, gathered into runs as long as `limits` allows.
    pub fn runs(&self, limits: RunLimits) -> impl Iterator<Item = Run<'_>> {
        let (mut first, mut start) = (0, 0);
        std::iter::from_fn(move || {
            let &(Transmit { to, is_probe }, mut end) = self.ends.get(first)?;
            let segment_len = end - start;
            let mut count = 1;
            // One that is shorter than the first ends a run.
            while count < limits.datagrams
                && !is_probe
                && end - start == count * segment_len
                && let Some(&(next, next_end)) = self.ends.get(first + count)
                && next.to == to
                && !next.is_probe
                && next_end - end <= segment_len
                && next_end - start <= limits.bytes
            {
                end = next_end;
                count += 1;
            }
            first += count;
            let bytes = &self.bytes[std::mem::replace(&mut start, end)..end];
            Some(Run {
                to,
                bytes,
                segment_len: segment_len.max(1),
                is_probe,
            })
        })
    }

    /// Where the next datagram is to be appended; [`Self::push`] makes it one.
    pub(super) const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Makes what was appended to the buffer since the last call a datagram, and returns its length.
    pub(super) fn push(&mut self, transmit: Transmit) -> usize {
        let start = self.ends.last().map_or(0, |&(_, end)| end);
        self.ends.push((transmit, self.bytes.len()));
        self.bytes.len() - start
    }
}

impl<'a> Run<'a> {
    /// The datagrams.
    pub fn datagrams(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.bytes.chunks(self.segment_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RunLimits = RunLimits {
        datagrams: 4,
        bytes: 35,
    };

    /// Port of datagrams that are probes.
    const PROBE: u16 = 9;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// The runs of datagrams given as (port, length), in the same way.
    fn runs(datagrams: &[(u16, usize)]) -> Vec<Vec<(u16, usize)>> {
        let mut all = Datagrams::default();
        for &(port, len) in datagrams {
            all.buffer().extend(std::iter::repeat_n(0, len));
            let transmit = Transmit {
                to: address(port),
                is_probe: port == PROBE,
            };
            assert_eq!(all.push(transmit), len);
        }
        let each: Vec<_> = all
            .iter()
            .map(|(to, data)| (to.port(), data.len()))
            .collect();
        assert_eq!(each, datagrams, "one by one nothing is lost");
        all.runs(LIMITS)
            .map(|run| {
                run.datagrams()
                    .map(|data| (run.to.port(), data.len()))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn a_run_ends_with_a_shorter_datagram_before_a_longer_one_and_at_another_address() {
        assert_eq!(runs(&[]), Vec::<Vec<_>>::new());
        assert_eq!(
            runs(&[(1, 9), (1, 9), (1, 5), (1, 5), (1, 6), (2, 6), (2, 6)]),
            [
                vec![(1, 9), (1, 9), (1, 5)],
                vec![(1, 5)],
                vec![(1, 6)],
                vec![(2, 6), (2, 6)]
            ]
        );
    }

    #[test]
    fn a_probe_is_a_run_of_its_own() {
        assert_eq!(
            runs(&[(PROBE, 8); 3]),
            [vec![(PROBE, 8)], vec![(PROBE, 8)], vec![(PROBE, 8)]]
        );
    }

    #[test]
    fn a_run_stays_within_the_limits_and_a_single_datagram_may_go_over_them() {
        assert_eq!(
            runs(&[(1, 8); 6]),
            [vec![(1, 8); 4], vec![(1, 8); 2]],
            "four datagrams"
        );
        assert_eq!(
            runs(&[(1, 15), (1, 15), (1, 15), (1, 99), (1, 1)]),
            [vec![(1, 15); 2], vec![(1, 15)], vec![(1, 99)], vec![(1, 1)]],
            "35 bytes"
        );
    }
}
