//! The pictures of the page, from runs in virtual time.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::path::Engine;
use crate::row::Line;
use crate::rows::{LATENCY, PathRuns, TRANSFER};

/// A picture of the page.
pub(crate) struct Picture {
    /// The row whose results it shows.
    row: &'static str,
    pub(crate) file: &'static str,
    pub(crate) what: &'static str,
    draw: fn(&Path, &PathRuns) -> Result<()>,
}

const PICTURES: [Picture; 2] = [
    Picture {
        row: TRANSFER,
        file: "performance-throughput.svg",
        what: "Throughput of a reliable transfer over loss, ours and C ENet",
        draw: draw_throughput,
    },
    Picture {
        row: LATENCY,
        file: "performance-latency.svg",
        what: "Delivery latency of a stream of small reliable messages, ours and C ENet",
        draw: draw_latency,
    },
];

/// The pictures of the rows that `lines` are of.
pub(crate) fn of(lines: &[Line]) -> impl Iterator<Item = &'static Picture> {
    let has = |row| lines.iter().any(|line| line.row == row);
    PICTURES.iter().filter(move |picture| has(picture.row))
}

impl Picture {
    /// Draws it into the folder `out`; what it shows besides the row's results is measured now.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn draw(&self, out: &Path, runs: &PathRuns) -> Result<()> {
        (self.draw)(&out.join(self.file), runs)
    }
}

const SIZE: (u32, u32) = (800, 420);
const SIDES: [(&str, Engine, RGBColor); 2] = [
    ("C ENet", Engine::VANILLA, RGBColor(200, 90, 40)),
    ("ours", Engine::Ours, RGBColor(30, 100, 180)),
];

/// The ends of the latency picture, in milliseconds and as a share of all messages.
const LATEST: f64 = 400.0;
const RAREST: f64 = 0.0005;

/// Megabytes a second over percent of loss; the scale of the rate is logarithmic.
fn draw_throughput(path: &Path, runs: &PathRuns) -> Result<()> {
    let losses = [0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0];
    let curves = SIDES.map(|(name, engine, colour)| {
        let points = losses.map(|loss| (loss, runs.rate(engine, loss / 100.0).median));
        // A rate of 0, of connections that broke, has no place on a logarithmic scale.
        let points = points.into_iter().filter(|(_, rate)| *rate > 0.0);
        (name, colour, points.collect())
    });
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE).map_err(failed)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(
            "8 MiB reliable, 100 ms round trip, 50 MB/s",
            ("sans-serif", 20),
        )
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..10.0, (0.1..50.0).log_scale())
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_desc("loss each way, %")
        .y_desc("MB/s")
        .draw()
        .map_err(failed)?;
    for curve in curves {
        add(&mut chart, curve)?;
    }
    finish(&mut chart)?;
    area.present().map_err(failed)
}

/// The share of messages that took longer, over milliseconds; that scale is logarithmic.
fn draw_latency(path: &Path, runs: &PathRuns) -> Result<()> {
    let area = SVGBackend::new(path, (SIZE.0, 2 * SIZE.1)).into_drawing_area();
    area.fill(&WHITE).map_err(failed)?;
    for (area, loss) in area.split_evenly((2, 1)).iter().zip([0.01, 0.05]) {
        let caption = format!(
            "20 Hz of 200 B reliable, 100 ms round trip, {} % loss",
            loss * 100.0
        );
        let mut chart = ChartBuilder::on(area)
            .caption(caption, ("sans-serif", 20))
            .margin(10)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(40.0..LATEST, (RAREST..1.0).log_scale())
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc("one-way time, ms")
            .y_desc("messages that take longer")
            .draw()
            .map_err(failed)?;
        for (name, engine, colour) in SIDES {
            let points = longer(&runs.stream(engine, loss).times);
            add(&mut chart, (name, colour, points))?;
        }
        finish(&mut chart)?;
    }
    area.present().map_err(failed)
}

/// For each of the sorted times that the picture shows, the share of all that took longer; one point for a tenth of a
/// millisecond.
fn longer(times: &[f64]) -> Vec<(f64, f64)> {
    let count = times.len() as f64;
    let shares = (0_u32..).map(|index| (count - f64::from(index)) / count);
    let mut points: Vec<(f64, f64)> = times
        .iter()
        .map(|time| (time * 10.0).round() / 10.0)
        .zip(shares)
        .take_while(|(time, share)| *time <= LATEST && *share >= RAREST)
        .collect();
    points.dedup_by_key(|(time, _)| *time);
    points
}

type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<
        plotters::coord::types::RangedCoordf64,
        plotters::coord::combinators::LogCoord<f64>,
    >,
>;

fn add(
    chart: &mut Chart<'_, '_>,
    (name, colour, points): (&str, RGBColor, Vec<(f64, f64)>),
) -> Result<()> {
    chart
        .draw_series(LineSeries::new(points, colour.stroke_width(2)))
        .map_err(failed)?
        .label(name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    Ok(())
}

fn finish<'a>(chart: &mut Chart<'a, 'a>) -> Result<()> {
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()
        .map_err(failed)
}

fn failed(error: impl std::error::Error) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latency_curve_falls_from_all_to_the_last_that_is_shown() {
        let times = [50.0, 50.0, 60.0, 1000.0];
        assert_eq!(longer(&times), [(50.0, 1.0), (60.0, 0.5)]);
    }
}
