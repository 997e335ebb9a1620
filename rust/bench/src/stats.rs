//! Medians and spreads of repeated measurements.

use std::convert::Infallible;

/// The measurements of one thing, in its row's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Summary {
    /// The middle one; of an even number the mean of the middle two.
    pub(crate) median: f64,
    /// The least and the greatest.
    pub(crate) range: [f64; 2],
}

impl Summary {
    /// Of at least one measurement.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn of(samples: &[f64]) -> Self {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (first, last) = (sorted[0], sorted[sorted.len() - 1]);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        Self {
            median,
            range: [first, last],
        }
    }
}

/// Measures each of `N` sides once a round, in turn, and the other way round in every second round: what slows the
/// machine down for a while hits all sides alike.
///
/// `turn` gets a side's index and measures it; answers what it measured of each side, in the order of the rounds.
///
/// # Errors
/// The first error of `turn`, which nothing is measured after.
pub(crate) fn in_turns<const N: usize, T, E>(
    rounds: usize,
    mut turn: impl FnMut(usize) -> Result<T, E>,
) -> Result<[Vec<T>; N], E> {
    let mut measured = [(); N].map(|()| Vec::with_capacity(rounds));
    for round in 0..rounds {
        for step in 0..N {
            let side = if round % 2 == 0 { step } else { N - 1 - step };
            measured[side].push(turn(side)?);
        }
    }
    Ok(measured)
}

/// The summaries of `sides`, measured [`in_turns`].
pub(crate) fn interleaved<const N: usize>(
    rounds: usize,
    sides: &mut [&mut dyn FnMut() -> f64; N],
) -> [Summary; N] {
    let Ok(samples) = in_turns(rounds, |side| Ok::<_, Infallible>(sides[side]()));
    samples.map(|samples| Summary::of(&samples))
}

/// The value below which `share` of the samples lie; sorts them.
pub(crate) fn quantile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index between 0 and the length, which is far below 2^52"
    )]
    let index = (samples.len() as f64 * share) as usize;
    samples[index.min(samples.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_the_range_goes_to_both_ends() {
        let summary = Summary::of(&[5.0, 1.0, 3.0]);
        assert_eq!((summary.median, summary.range), (3.0, [1.0, 5.0]));
        assert_eq!(Summary::of(&[4.0, 1.0, 3.0, 2.0]).median, 2.5);
    }

    #[test]
    fn quantiles_of_a_hundred_numbers_are_the_numbers() {
        let mut samples: Vec<f64> = (0..100).rev().map(f64::from).collect();
        assert_eq!(quantile(&mut samples, 0.99), 99.0);
        assert_eq!(quantile(&mut samples, 0.5), 50.0);
        assert_eq!(quantile(&mut samples, 1.0), 99.0);
    }

    #[test]
    fn sides_take_turns_and_change_who_goes_first() {
        let order = std::cell::RefCell::new(String::new());
        let side = |name: &'static str, value: f64| {
            let order = &order;
            move || {
                order.borrow_mut().push_str(name);
                value
            }
        };
        let [a, b] = interleaved(3, &mut [&mut side("a", 1.0), &mut side("b", 2.0)]);
        assert_eq!(*order.borrow(), "abbaab");
        assert_eq!((a.median, b.median), (1.0, 2.0));
    }

    #[test]
    fn nothing_is_measured_after_an_error() {
        let mut turns = Vec::new();
        let measured = in_turns::<2, (), &str>(3, |side| {
            turns.push(side);
            if turns.len() < 3 { Ok(()) } else { Err("hung") }
        });
        assert_eq!(measured, Err("hung"));
        assert_eq!(turns, [0, 1, 1]);
    }
}
