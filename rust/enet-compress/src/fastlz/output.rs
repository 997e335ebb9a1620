//! [`Output`]: a slice that is filled from the front and never past its end.

/// What has been written so far, and where to write on.
pub(super) struct Output<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl<'a> Output<'a> {
    pub(super) const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, len: 0 }
    }

    /// Bytes written so far.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Appends `data`; `None`, with nothing written, if it does not fit.
    pub(super) fn append(&mut self, data: &[u8]) -> Option<()> {
        let end = self.len.checked_add(data.len())?;
        self.bytes.get_mut(self.len..end)?.copy_from_slice(data);
        self.len = end;
        Some(())
    }

    /// Appends `len` bytes from `distance` bytes back; where they overlap, the new bytes repeat. `None`, with nothing
    /// written, if that is before the start or does not fit.
    pub(super) fn repeat(&mut self, distance: usize, len: usize) -> Option<()> {
        let start = self.len.checked_sub(distance)?;
        let end = self.len.checked_add(len)?;
        let written = self.bytes.get_mut(start..end)?;
        let mut done = distance;
        // What is there doubles with each step, so a long run of one byte takes few.
        while done < written.len() {
            let step = done.min(written.len() - done);
            written.copy_within(..step, done);
            done += step;
        }
        self.len = end;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn overlapping_repeats_go_on_with_the_new_bytes() {
        for distance in 1..=5 {
            for len in 1..=20 {
                let mut bytes = [0; 25];
                let mut output = Output::new(&mut bytes);
                output.append(b"abcde").unwrap();
                output.repeat(distance, len).unwrap();
                let mut expected = b"abcde".to_vec();
                for _ in 0..len {
                    expected.push(expected[expected.len() - distance]);
                }
                assert_eq!(output.len(), expected.len());
                assert_eq!(
                    bytes[..expected.len()],
                    expected,
                    "distance {distance}, length {len}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_written_past_the_end_or_read_from_before_the_start() {
        let mut bytes = [0; 6];
        let mut output = Output::new(&mut bytes);
        assert_eq!(output.append(b"abcd"), Some(()));
        assert_eq!(output.append(b"efg"), None);
        assert_eq!(output.repeat(5, 1), None);
        assert_eq!(output.repeat(4, 3), None);
        assert_eq!(output.repeat(usize::MAX, usize::MAX), None);
        assert_eq!(output.repeat(4, 2), Some(()));
        assert_eq!(&bytes, b"abcdab");
    }
}
