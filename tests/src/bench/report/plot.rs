//! Lines over two logarithmic axes, as SVG.

use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const EDGE: f64 = 60.0;
const LEGEND: f64 = 150.0;
const COLOURS: [&str; 5] = ["#0b6e4f", "#2a9d8f", "#c0392b", "#e67e22", "#8e44ad"];

/// One engine.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// A plot.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Plot {
    title: String,
    axis: &'static str,
    lines: Vec<Line>,
}

impl Plot {
    pub(super) const fn new(title: String, axis: &'static str) -> Self {
        Self { title, axis, lines: Vec::new() }
    }

    pub(super) fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// The picture; `None` when there is nothing to show.
    pub(super) fn svg(&self) -> Option<String> {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let xs = Axis::over(points().map(|point| point.0))?;
        let ys = Axis::over(points().map(|point| point.1))?;
        let right = WIDTH - LEGEND;
        let x = |value| EDGE + xs.place(value) * (right - EDGE);
        let y = |value| HEIGHT - EDGE - ys.place(value) * (HEIGHT - 2.0 * EDGE);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
             <text x=\"{EDGE}\" y=\"24\" font-size=\"14\">{}</text>\n",
            self.title
        );
        let (low, high) = (HEIGHT - EDGE, EDGE);
        for tick in ys.ticks() {
            let at = y(tick);
            writeln!(
                svg,
                "<path d=\"M{EDGE} {at:.1}H{right}\" stroke=\"#ddd\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{tick}</text>",
                EDGE - 6.0,
                at + 4.0
            )
            .ok()?;
        }
        let mut marks: Vec<f64> = points().map(|point| point.0).collect();
        marks.sort_by(f64::total_cmp);
        marks.dedup();
        for mark in marks {
            let at = x(mark);
            let below = low + 16.0;
            writeln!(svg, "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{mark}</text>")
                .ok()?;
        }
        writeln!(
            svg,
            "<path d=\"M{EDGE} {high}V{low}H{right}\" stroke=\"black\" fill=\"none\"/>\
             <text x=\"{right}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            low + 34.0,
            self.axis
        )
        .ok()?;
        svg += &self.curves(x, y)?;
        Some(svg + "</svg>\n")
    }

    /// The lines, and their names beside them.
    fn curves(&self, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> Option<String> {
        let mut svg = String::new();
        let right = WIDTH - LEGEND;
        let drawn = self.lines.iter().filter(|line| !line.points.is_empty());
        for ((index, line), colour) in drawn.enumerate().zip(COLOURS) {
            let path: Vec<String> =
                line.points.iter().map(|&(a, b)| format!("{:.1},{:.1}", x(a), y(b))).collect();
            let row = [EDGE, 0.0, 18.0, 36.0, 54.0, 72.0].get(index + 1).copied()? + EDGE;
            writeln!(
                svg,
                "<polyline points=\"{}\" stroke=\"{colour}\" stroke-width=\"2\" fill=\"none\"/>\
                 <text x=\"{}\" y=\"{row}\" fill=\"{colour}\">{}</text>",
                path.join(" "),
                right + 10.0,
                line.name
            )
            .ok()?;
            for (a, b) in &line.points {
                writeln!(
                    svg,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                    x(*a),
                    y(*b)
                )
                .ok()?;
            }
        }
        Some(svg)
    }
}

/// A logarithmic axis.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.filter(|value| *value > 0.0).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(0.0, f64::max);
        (!values.is_empty()).then(|| Self { low: low / 1.3, high: high * 1.3 })
    }

    /// Where a value lies, from 0 to 1.
    fn place(self, value: f64) -> f64 {
        (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
    }

    /// Round values in between.
    fn ticks(self) -> Vec<f64> {
        let powers = (-3..=9).map(|power| 10_f64.powi(power));
        let ticks = powers.flat_map(|power| [power, 2.0 * power, 5.0 * power]);
        ticks.filter(|tick| (self.low..=self.high).contains(tick)).collect()
    }
}
