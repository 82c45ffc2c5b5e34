//! A chart of stacked bars as SVG, drawn on the server; the table with the same numbers stands
//! behind it.

use crate::domain::ChartBar;
use leptos::prelude::*;

const WIDTH: f64 = 632.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 34.0;
const GAP: f64 = 1.0;

/// Bars from left to right, their parts from the bottom up. Fills and grid come from the style
/// sheet.
#[component]
pub fn BarChart(
    /// What it shows, for those who do not see it.
    title: &'static str,
    /// The bars.
    bars: Vec<ChartBar>,
    /// Series and their words.
    legend: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let step = grid_step(bars.iter().map(total).max().unwrap_or(0));
    let most = 2 * step;
    let ends = [bars.first(), bars.last().filter(|_| bars.len() > 1)]
        .map(|bar| bar.map(|bar| bar.label.clone()).unwrap_or_default());
    let width = (WIDTH - LEFT) / bars.len().max(1) as f64;
    let lines = [0, step, most]
        .into_iter()
        .map(|value| grid_line(value, most))
        .collect_view();
    let drawn = bars
        .into_iter()
        .enumerate()
        .map(|(n, bar)| drawn(&bar, &legend, LEFT + n as f64 * width, width, most))
        .collect_view();
    let words = legend
        .into_iter()
        .map(|(series, word)| view! { <li><i data-series=series></i>{word}</li> })
        .collect_view();
    view! {
        <svg class="chart" viewBox="0 0 632 172" role="img" aria-label=title>
            {lines}
            {drawn}
            <text x=LEFT y="166">{ends[0].clone()}</text>
            <text x=WIDTH y="166" text-anchor="end">{ends[1].clone()}</text>
        </svg>
        <ul class="legend">{words}</ul>
    }
}

fn total(bar: &ChartBar) -> i64 {
    bar.parts.iter().map(|(_, value)| *value).sum()
}

fn height(value: i64, most: i64) -> f64 {
    value.max(0) as f64 / most as f64 * (HEIGHT - 14.0)
}

/// The distance of the two grid lines above the ground: a round number, so that all bars end below
/// the second.
fn grid_step(most: i64) -> i64 {
    let half = (most.max(1) + 1) / 2;
    let mut unit = 1;
    while unit * 10 < half {
        unit *= 10;
    }
    let round = [10, 15, 20, 25, 30, 40, 50, 60, 80, 100]
        .into_iter()
        .map(|tenths| unit * tenths);
    round
        .filter(|tenths| tenths % 10 == 0)
        .map(|tenths| tenths / 10)
        .find(|step| *step >= half)
        .unwrap_or(half)
}

/// `1500` is `1500`, `15000` is `15 k`, `1500000` is `1.5 M`.
fn short(value: i64) -> String {
    let of = |unit: i64, word: &str| {
        let tenths = value * 10 / unit;
        if tenths % 10 == 0 {
            format!("{} {word}", tenths / 10)
        } else {
            format!("{}.{} {word}", tenths / 10, tenths % 10)
        }
    };
    match value {
        ..10_000 => value.to_string(),
        10_000..1_000_000 => of(1_000, "k"),
        1_000_000..1_000_000_000 => of(1_000_000, "M"),
        _ => of(1_000_000_000, "G"),
    }
}

fn grid_line(value: i64, most: i64) -> impl IntoView {
    let y = HEIGHT - height(value, most);
    view! {
        <line x1=LEFT x2=WIDTH y1=y y2=y></line>
        <text x=LEFT - 6.0 y=y + 3.0 text-anchor="end">{short(value)}</text>
    }
}

fn drawn(
    bar: &ChartBar,
    legend: &[(&str, &str)],
    x: f64,
    width: f64,
    most: i64,
) -> impl IntoView + use<> {
    let mut top = HEIGHT;
    let mut parts = Vec::new();
    for (series, value) in bar.parts.iter().filter(|(_, value)| *value > 0) {
        let tall = height(*value, most);
        top -= tall;
        // a little ground shows between two parts
        parts.push((series.clone(), top, (tall - GAP).max(tall / 2.0)));
    }
    let named = |(series, value): &(String, i64)| {
        legend
            .iter()
            .find(|(known, _)| known == series)
            .filter(|_| *value > 0)
            .map(|(_, word)| format!("{word} {value}"))
    };
    let named: Vec<String> = bar.parts.iter().filter_map(named).collect();
    let words = std::iter::once(format!("{}: {}", bar.label, total(bar)))
        .chain(named)
        .collect::<Vec<_>>()
        .join("\n");
    let part = move |(series, y, tall): (String, f64, f64)| {
        view! { <rect data-series=series x=x + width * 0.15 y=y width=width * 0.7 height=tall></rect> }
    };
    view! { <g><title>{words}</title>{parts.into_iter().map(part).collect_view()}</g> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_lines_stand_at_round_numbers_not_far_above_the_highest_bar() {
        assert_eq!(
            [0, 1, 2, 5, 9, 88, 21_538].map(grid_step),
            [1, 1, 1, 3, 5, 50, 15_000]
        );
        for most in 1..5_000 {
            let top = 2 * grid_step(most);
            assert!(
                top >= most && (most < 10 || top * 5 <= most * 8),
                "{most} below {top}"
            );
        }
    }

    #[test]
    fn large_numbers_are_short() {
        assert_eq!(
            [0, 1_500, 15_000, 12_500, 3_000_000, 2_500_000_000].map(short),
            ["0", "1500", "15 k", "12.5 k", "3 M", "2.5 G"]
        );
    }
}
