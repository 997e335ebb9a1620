//! [`Trend`]: whether a series of measurements creeps upwards, and how much it moves beside that.

/// How far apart two measurements are that are compared, in seconds: enough to see a slow creep between them, and so
/// little that a step lies between few of the pairs.
const APART: [f64; 2] = [60.0, 180.0];

/// How measurements move over time. A few outliers or steps do not change the slope.
///
/// A step is what a process that has no time for a while leaves behind: what waits for it takes memory, which its heap
/// then keeps. It shows in [`risen`](Self::risen) alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trend {
    /// Change per second: the median of the slopes between measurements that are near each other, as Theil and Sen fit
    /// a line, who take all pairs.
    pub(super) slope: f64,
    /// Half of these pairs differ by no more than this, beside the slope.
    pub(super) noise: f64,
    /// By how much the last measurements are above the first, medians of a tenth of them each.
    pub(super) risen: f64,
    /// From the first measurement to the last, in seconds.
    pub(super) span: f64,
}

impl Trend {
    /// The trend of measurements at increasing times, in seconds; `None` if they cover less than a minute.
    pub(super) fn of(points: &[(f64, f64)]) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        let steps: Vec<(f64, f64)> = near_pairs(points).collect();
        let slope = median(steps.iter().map(|(x, y)| y / x))?;
        let noise = median(steps.iter().map(|(x, y)| (y - slope * x).abs()))?;
        let tenth = points.len().div_ceil(10);
        let level = |part: &[(f64, f64)]| median(part.iter().map(|(_, y)| *y));
        Some(Self {
            slope,
            noise,
            risen: level(&points[points.len() - tenth..])? - level(&points[..tenth])?,
            span: last.0 - first.0,
        })
    }

    /// What the slope makes over the whole span.
    pub(super) const fn growth(&self) -> f64 {
        self.slope * self.span
    }
}

/// By how much the two of each near pair differ, in time and value.
fn near_pairs(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    points.iter().enumerate().flat_map(|(index, a)| {
        let later = points[index + 1..].iter();
        later
            .map(|b| (b.0 - a.0, b.1 - a.1))
            .skip_while(|(x, _)| *x < APART[0])
            .take_while(|(x, _)| *x <= APART[1])
    })
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let (_, median, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise without a trend, of ±`width`.
    fn shaken(index: u32, width: f64) -> f64 {
        let turned = f64::from(index.wrapping_mul(0x9E37_79B9) >> 8) / f64::from(1_u32 << 24);
        (turned * 2.0 - 1.0) * width
    }

    fn points(value: impl Fn(u32) -> f64) -> Vec<(f64, f64)> {
        (0..1000)
            .map(|index| (f64::from(index), value(index)))
            .collect()
    }

    #[test]
    fn a_line_is_found_through_noise_outliers_and_a_step() {
        let points = points(|index| {
            let spike = if index % 10 == 3 { 5000.0 } else { 0.0 };
            let step = if index > 480 { 3000.0 } else { 0.0 };
            700.0 + 0.5 * f64::from(index) + shaken(index, 40.0) + spike + step
        });
        let trend = Trend::of(&points).unwrap();
        assert!((trend.slope - 0.5).abs() < 0.1, "{trend:?}");
        assert!((trend.growth() - 500.0).abs() < 100.0, "{trend:?}");
        assert!((10.0..80.0).contains(&trend.noise), "{trend:?}");
        assert!((trend.risen - 3450.0).abs() < 80.0, "{trend:?}");
    }

    #[test]
    fn a_flat_series_does_not_move_and_a_short_one_has_no_trend() {
        let flat = points(|_| 7.0);
        let trend = Trend::of(&flat).unwrap();
        let expected = Trend {
            slope: 0.0,
            noise: 0.0,
            risen: 0.0,
            span: 999.0,
        };
        assert_eq!(trend, expected);
        assert_eq!(Trend::of(&flat[..60]), None);
        assert_eq!(Trend::of(&[]), None);
    }
}
