//! A chart of stacked bars as SVG, drawn on the server; the table with the same numbers stands behind it.

use crate::api::Bar;
use leptos::prelude::*;

const WIDTH: f64 = 632.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 34.0;

/// Bars from left to right, their parts from the bottom up. Fills and grid come from the style sheet.
#[component]
pub fn BarChart(
    /// What it shows, for those who do not see it.
    title: &'static str,
    /// The bars.
    bars: Vec<Bar>,
    /// Series and their words.
    legend: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let most = bars.iter().map(total).max().unwrap_or(0).max(1);
    let ends = [bars.first(), bars.last().filter(|_| bars.len() > 1)].map(|bar| bar.map(|bar| bar.label.clone()).unwrap_or_default());
    let width = (WIDTH - LEFT) / bars.len().max(1) as f64;
    let lines = [0, most / 2, most].into_iter().map(|value| grid_line(value, most)).collect_view();
    let drawn = bars.into_iter().enumerate().map(|(n, bar)| drawn(&bar, LEFT + n as f64 * width, width, most)).collect_view();
    let words = legend.into_iter().map(|(series, word)| view! { <li><i data-series=series></i>{word}</li> }).collect_view();
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

fn total(bar: &Bar) -> i64 {
    bar.parts.iter().map(|(_, value)| *value).sum()
}

fn height(value: i64, most: i64) -> f64 {
    value.max(0) as f64 / most as f64 * (HEIGHT - 14.0)
}

fn grid_line(value: i64, most: i64) -> impl IntoView {
    let y = HEIGHT - height(value, most);
    view! {
        <line x1=LEFT x2=WIDTH y1=y y2=y></line>
        <text x=LEFT - 6.0 y=y + 3.0 text-anchor="end">{value.to_string()}</text>
    }
}

fn drawn(bar: &Bar, x: f64, width: f64, most: i64) -> impl IntoView + use<> {
    let mut top = HEIGHT;
    let mut parts = Vec::new();
    for (series, value) in bar.parts.iter().filter(|(_, value)| *value > 0) {
        let tall = height(*value, most);
        top -= tall;
        parts.push((series.clone(), top, tall));
    }
    let words = format!("{}: {}", bar.label, total(bar));
    let part = move |(series, y, tall): (String, f64, f64)| {
        view! { <rect data-series=series x=x + width * 0.15 y=y width=width * 0.7 height=tall></rect> }
    };
    view! { <g><title>{words}</title>{parts.into_iter().map(part).collect_view()}</g> }
}
