//! [`Trend`]: whether a series of measurements rises, and how much it moves by itself.

/// A straight line through measurements that a few outliers do not move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trend {
    /// Change per second: the median of the slopes between each two measurements (Theil-Sen).
    pub(super) slope: f64,
    /// Half of all measurements are within this distance of the line.
    pub(super) noise: f64,
    /// From the first measurement to the last, in seconds.
    pub(super) span: f64,
}

impl Trend {
    /// The trend of measurements at increasing times, in seconds; `None` of fewer than two.
    pub(super) fn of(points: &[(f64, f64)]) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        let pairs = points.iter().enumerate().flat_map(|(index, a)| {
            let later = &points[index + 1..];
            later.iter().map(move |b| (b.1 - a.1) / (b.0 - a.0))
        });
        let slope = median(pairs.filter(|slope| slope.is_finite()).collect())?;
        let level = median(points.iter().map(|(x, y)| y - slope * x).collect())?;
        let distances = points.iter().map(|(x, y)| (y - slope * x - level).abs());
        Some(Self {
            slope,
            noise: median(distances.collect())?,
            span: last.0 - first.0,
        })
    }

    /// The rise of the line over the whole span.
    pub(super) const fn growth(&self) -> f64 {
        self.slope * self.span
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
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

    #[test]
    fn a_line_is_found_through_noise_and_outliers() {
        let points: Vec<(f64, f64)> = (0..1000)
            .map(|index| {
                let x = f64::from(index);
                let spike = if index % 10 == 3 { 5000.0 } else { 0.0 };
                (x, 700.0 + 0.5 * x + shaken(index, 40.0) + spike)
            })
            .collect();
        let trend = Trend::of(&points).unwrap();
        assert!((trend.slope - 0.5).abs() < 0.02, "{trend:?}");
        assert!((trend.growth() - 500.0).abs() < 20.0, "{trend:?}");
        assert!((10.0..40.0).contains(&trend.noise), "{trend:?}");
    }

    #[test]
    fn a_flat_series_has_neither_slope_nor_noise_and_one_measurement_no_trend() {
        let flat = Trend::of(&[(1.0, 7.0), (2.0, 7.0), (4.0, 7.0)]).unwrap();
        assert_eq!((flat.slope, flat.noise, flat.span), (0.0, 0.0, 3.0));
        assert_eq!(Trend::of(&[(1.0, 7.0)]), None);
        assert_eq!(Trend::of(&[]), None);
    }
}
