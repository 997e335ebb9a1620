//! [`Redundancy`]: how many small commands may ride along a second time.

/// Largest command that rides along, in bytes on the wire.
pub(super) const LARGEST_COPY_BYTES: usize = 512;
/// Share of lost datagrams below which nothing is doubled: one loss keeps it above for some 500 datagrams.
const LEAST_LOSS: f64 = 0.0005;
/// Share of lost datagrams from which on a second copy is worth its bytes.
const HEAVY_LOSS: f64 = 0.2;
/// Bytes of copies that may be saved up.
const MOST_SAVED_BYTES: f64 = 4096.0;

/// A byte budget that grows with what is sent for the first time, by as much as the observed loss asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Redundancy {
    saved_bytes: f64,
}

impl Redundancy {
    /// Copies of each small command that `loss` asks for.
    pub(super) fn copies(loss: f64) -> u8 {
        u8::from(loss > LEAST_LOSS) + u8::from(loss > HEAVY_LOSS)
    }

    /// A small command of `bytes` leaves for the first time.
    pub(super) fn earn(&mut self, bytes: usize, loss: f64) {
        let earned = bytes as f64 * f64::from(Self::copies(loss));
        self.saved_bytes = (self.saved_bytes + earned).min(MOST_SAVED_BYTES);
    }

    /// Pays for a copy of `bytes`; `false` if the budget does not cover it.
    pub(super) fn spend(&mut self, bytes: usize) -> bool {
        let covered = self.saved_bytes >= bytes as f64;
        if covered {
            self.saved_bytes -= bytes as f64;
        }
        covered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_follow_the_loss_and_cost_no_more_than_the_originals() {
        assert_eq!([0.0, 0.01, 0.3].map(Redundancy::copies), [0, 1, 2]);
        let mut redundancy = Redundancy::default();
        redundancy.earn(200, 0.0);
        assert!(!redundancy.spend(200), "a clean path pays for nothing");
        redundancy.earn(200, 0.01);
        assert!(redundancy.spend(200) && !redundancy.spend(1));
        for _ in 0..100 {
            redundancy.earn(200, 0.01);
        }
        let spent = (0..100).filter(|_| redundancy.spend(200)).count();
        assert_eq!(spent, 20, "little is saved up");
    }
}
