//! [`Reassembly`]: fragments of one message until it is whole.

use bytes::Bytes;

use crate::wire::Fragment;

/// Bytes reserved at once: what a fragment touches for the first time is zeroed and counted in these.
const CHUNK: usize = 64 * 1024;

/// A message that arrives in fragments, in any order.
///
/// Storage grows with what arrived, not with what the first fragment announced, and is zeroed, so that overlapping
/// fragments cannot bring old memory to light. The fragments were checked against `total` and `count` before.
#[derive(Debug)]
pub(crate) struct Reassembly {
    total: u32,
    count: u32,
    missing: u32,
    /// A bit for each fragment seen; as long as the highest number seen needs.
    seen: Vec<u64>,
    chunks: Vec<Option<Box<[u8]>>>,
}

impl Reassembly {
    /// A message of which nothing has arrived.
    pub(crate) const fn new(fragment: &Fragment) -> Self {
        Self {
            total: fragment.total,
            count: fragment.count,
            missing: fragment.count,
            seen: Vec::new(),
            chunks: Vec::new(),
        }
    }

    /// Whether `fragment` speaks of this message.
    pub(crate) const fn matches(&self, fragment: &Fragment) -> bool {
        self.total == fragment.total && self.count == fragment.count
    }

    /// Takes in `payload`, unless this fragment was seen before.
    pub(crate) fn insert(&mut self, fragment: &Fragment, payload: &[u8]) {
        let (word, bit) = ((fragment.number / 64) as usize, 1 << (fragment.number % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        if self.seen[word] & bit != 0 {
            return;
        }
        self.seen[word] |= bit;
        self.missing -= 1;
        self.write(fragment.offset as usize, payload);
    }

    /// Whether every fragment was seen.
    pub(crate) const fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Bytes of the whole message: what it is charged as, from the first fragment on.
    pub(crate) const fn total(&self) -> usize {
        self.total as usize
    }

    /// Fragments of the whole message.
    pub(crate) const fn count(&self) -> u32 {
        self.count
    }

    /// The message; what no fragment covered is zero.
    pub(crate) fn into_message(mut self) -> Bytes {
        if let [Some(only)] = self.chunks.as_mut_slice() {
            let mut only = std::mem::take(only).into_vec();
            only.resize(self.total(), 0);
            return only.into();
        }
        let mut message = Vec::with_capacity(self.total());
        for chunk in self.chunks {
            let end = (message.len() + CHUNK).min(self.total as usize);
            message.extend_from_slice(chunk.as_deref().unwrap_or_default());
            message.resize(end, 0);
        }
        message.resize(self.total as usize, 0);
        message.into()
    }

    fn write(&mut self, mut offset: usize, mut payload: &[u8]) {
        while !payload.is_empty() {
            let (index, start) = (offset / CHUNK, offset % CHUNK);
            let size = CHUNK.min(self.total() - index * CHUNK);
            if self.chunks.len() <= index {
                self.chunks.resize_with(index + 1, || None);
            }
            let chunk = self.chunks[index].get_or_insert_with(|| vec![0; size].into());
            let (now, later) = payload.split_at(payload.len().min(size - start));
            chunk[start..start + now.len()].copy_from_slice(now);
            offset += now.len();
            payload = later;
        }
    }

    #[cfg(test)]
    fn reserved(&self) -> usize {
        self.seen.len() * 8
            + self
                .chunks
                .iter()
                .flatten()
                .map(|chunk| chunk.len())
                .sum::<usize>()
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "short messages of a pattern"
)]
mod tests {
    use super::*;

    fn message(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8).collect()
    }

    fn fragments(message: &[u8], size: usize) -> Vec<(Fragment, &[u8])> {
        let count = message.len().div_ceil(size) as u32;
        let fragment = |(i, part): (usize, &[u8])| Fragment {
            start: 1,
            len: part.len() as u16,
            count,
            number: i as u32,
            total: message.len() as u32,
            offset: (i * size) as u32,
        };
        message
            .chunks(size)
            .enumerate()
            .map(|(i, part)| (fragment((i, part)), part))
            .collect()
    }

    #[test]
    fn messages_of_one_and_of_many_chunks_come_together_in_any_order() {
        for len in [2, 1000, CHUNK, CHUNK + 1, 3 * CHUNK + 17] {
            let message = message(len);
            let mut parts = fragments(&message, 1 + len / 7);
            let turn = 3 % parts.len();
            parts.rotate_left(turn);
            parts.reverse();
            let mut reassembly = Reassembly::new(&parts[0].0);
            for (fragment, payload) in &parts {
                assert!(!reassembly.is_complete());
                reassembly.insert(fragment, payload);
                reassembly.insert(fragment, &vec![0xAA; payload.len()]);
            }
            assert!(reassembly.is_complete());
            assert_eq!(reassembly.into_message(), message, "{len} bytes");
        }
    }

    #[test]
    fn storage_follows_what_arrived_and_gaps_read_as_zero() {
        let total = 32 * 1024 * 1024;
        let first = Fragment {
            start: 1,
            len: 1,
            count: 2,
            number: 0,
            total,
            offset: 0,
        };
        let mut reassembly = Reassembly::new(&first);
        assert_eq!(reassembly.reserved(), 0);
        reassembly.insert(&first, &[7]);
        assert!(reassembly.reserved() <= CHUNK + 8);
        reassembly.insert(
            &Fragment {
                number: 1,
                offset: total - 1,
                ..first
            },
            &[9],
        );
        assert!(reassembly.reserved() <= 2 * CHUNK + 8);
        let message = reassembly.into_message();
        assert_eq!(
            (message.len(), message[0], message[message.len() - 1]),
            (total as usize, 7, 9)
        );
        assert!(message[1..message.len() - 1].iter().all(|&byte| byte == 0));
    }
}
