//! Everything from the horizon down: hills, mountains, sea and skyline.

use std::f64::consts::TAU;
use std::fmt::Write;

use super::svg::Svg;
use super::{HEIGHT, HORIZON, WIDTH};
use crate::server::assistant::tools::colour::{Palette, Rgb};
use crate::server::assistant::tools::random::Random;

/// A line of rolling hills, on which things can be put.
#[derive(Debug)]
pub struct Ridge {
    base: f64,
    waves: [(f64, f64, f64); 3],
}

impl Ridge {
    /// Hills around `base`, at most `height` above or below it.
    pub fn new(base: f64, height: f64, random: &mut Random) -> Self {
        let mut wave = |share: f64, low: f64, high: f64| {
            (
                height * share,
                random.between(low, high),
                random.between(0.0, TAU),
            )
        };
        Self {
            base,
            waves: [
                wave(0.6, 0.6, 1.2),
                wave(0.3, 1.6, 2.6),
                wave(0.1, 4.0, 6.0),
            ],
        }
    }

    /// The height of the ground at `x`, counted from the top of the picture.
    pub fn at(&self, x: f64) -> f64 {
        self.base
            - self
                .waves
                .iter()
                .map(|(height, times, phase)| height * (x / WIDTH * TAU * times + phase).sin())
                .sum::<f64>()
    }

    /// Fills the ground from the line of hills to the lower edge.
    pub fn draw(&self, svg: &mut Svg, colour: Rgb) {
        let mut data = format!("M0 {HEIGHT}");
        for x in (0..=WIDTH as u32).step_by(16) {
            write!(data, "L{x} {:.1}", self.at(f64::from(x)))
                .expect("writing to a string cannot fail");
        }
        data.push_str(&format!("V{HEIGHT}Z"));
        svg.path(&data, colour);
    }
}

/// Three ranges of hills, paler the farther.
pub fn hills(svg: &mut Svg, palette: &Palette, random: &mut Random) {
    for (step, base) in [HORIZON - 28.0, HORIZON + 4.0, HORIZON + 42.0]
        .into_iter()
        .enumerate()
    {
        Ridge::new(base, 34.0 - 6.0 * step as f64, random)
            .draw(svg, palette.ground(0.12 + 0.24 * step as f64));
    }
}

/// A chain of peaks with snow on their lit side.
pub fn mountains(svg: &mut Svg, palette: &Palette, random: &mut Random) {
    for (nearness, height, count) in [(0.1, 150.0, 6), (0.34, 205.0, 4)] {
        let (rock, base) = (palette.ground(nearness), HORIZON + 30.0);
        for place in 0..count {
            let x = WIDTH * (f64::from(place) + random.between(0.2, 0.8)) / f64::from(count);
            let (top, half) = (
                base - height * random.between(0.62, 1.0),
                height * random.between(0.8, 1.1),
            );
            let (left, right) = (x - half, x + half * random.between(0.8, 1.1));
            svg.path(
                &format!("M{left:.0} {base:.0}L{x:.0} {top:.0}L{right:.0} {base:.0}Z"),
                rock,
            );
            let fold = x + half * 0.12;
            let shade = rock.mix(palette.land, 0.22);
            svg.path(
                &format!(
                    "M{x:.0} {top:.0}L{right:.0} {base:.0}H{fold:.0}l{:.0} {:.0}Z",
                    -half * 0.2,
                    (top - base) * 0.5
                ),
                shade,
            );
            let (deep, left, right) = ((base - top) * 0.3, (x - left) * 0.3, (right - x) * 0.3);
            svg.path(
                &format!(
                    "M{x:.1} {top:.1}l{right:.1} {deep:.1}l{:.1} {:.1}l{:.1} {:.1}l{:.1} {:.1}L{:.1} {:.1}Z",
                    -right * 0.55,
                    -deep * 0.22,
                    -right * 0.4,
                    deep * 0.42,
                    -left * 0.4,
                    -deep * 0.4,
                    x - left,
                    top + deep
                ),
                palette.pale.mix(palette.sky[1], if palette.dark { 0.3 } else { 0.06 }),
            );
        }
    }
    Ridge::new(HORIZON + 34.0, 22.0, random).draw(svg, palette.ground(0.62));
}

/// Water to the lower edge, with the light's path on it.
pub fn sea(svg: &mut Svg, palette: &Palette, light_x: f64, random: &mut Random) {
    Ridge::new(HORIZON - 6.0, 16.0, random).draw(svg, palette.ground(0.16));
    svg.rect((0.0, HORIZON), (WIDTH, HEIGHT - HORIZON), 0.0, "url(#sea)");
    let glint = |svg: &mut Svg, x: f64, y: f64, width: f64, colour: Rgb, opacity: f64| {
        svg.raw(format_args!(
            "<rect x=\"{:.0}\" y=\"{y:.1}\" width=\"{width:.0}\" height=\"2\" rx=\"1\" fill=\"{colour}\" opacity=\"{opacity:.2}\"/>",
            x - width / 2.0
        ));
    };
    for row in 0..26 {
        let (depth, y) = (
            f64::from(row) / 26.0,
            HORIZON + 3.0 + f64::from(row * row) * 0.09 + f64::from(row) * 3.4,
        );
        let spread = 12.0 + 62.0 * depth;
        for _ in 0..2 {
            let (x, width) = (
                light_x + random.between(-spread, spread) * 0.6,
                random.between(0.3, 1.0) * spread,
            );
            glint(svg, x, y, width, palette.light, 0.75 - 0.55 * depth);
        }
        let (x, width) = (
            random.between(0.0, WIDTH),
            random.between(20.0, 90.0) * (0.4 + depth),
        );
        glint(svg, x, y, width, palette.pale, 0.14);
    }
}

/// Two rows of houses, the near ones with windows.
pub fn skyline(svg: &mut Svg, palette: &Palette, random: &mut Random) {
    for (nearness, tallest) in [(0.22, 190.0), (0.72, 140.0)] {
        let (wall, mut x) = (palette.ground(nearness), -12.0);
        while x < WIDTH {
            let (width, height) = (
                random.between(34.0, 74.0),
                tallest * random.between(0.35, 1.0),
            );
            let top = HORIZON + 44.0 - height;
            svg.rect((x, top), (width, HEIGHT - top), 1.5, wall);
            match random.below(5) {
                0 => svg.rect((x + width / 2.0 - 1.0, top - 26.0), (2.0, 28.0), 1.0, wall),
                1 => svg.rect(
                    (x + width * 0.2, top - 10.0),
                    (width * 0.6, 12.0),
                    1.0,
                    wall,
                ),
                2 => svg.path(
                    &format!(
                        "M{x:.1} {top:.1}l{:.1} -18l{:.1} 18Z",
                        width / 2.0,
                        width / 2.0
                    ),
                    wall,
                ),
                _ => {}
            }
            if nearness > 0.5 {
                windows(svg, palette, (x, top), width, random);
            }
            x += width + random.between(1.0, 5.0);
        }
    }
}

fn windows(
    svg: &mut Svg,
    palette: &Palette,
    (x, top): (f64, f64),
    width: f64,
    random: &mut Random,
) {
    let lamp = Rgb::hex(0xffd98a);
    let columns = ((width - 8.0) / 11.0).floor() as u32;
    let left = x + (width - f64::from(columns) * 11.0) / 2.0 + 2.5;
    for row in 0..9 {
        for column in 0..columns {
            let lit = random.once_in(if palette.dark { 2 } else { 9 });
            let pane = if lit && palette.dark {
                lamp
            } else {
                palette.ground(if palette.dark { 0.84 } else { 0.45 })
            };
            svg.rect(
                (
                    left + f64::from(column) * 11.0,
                    top + 10.0 + f64::from(row) * 15.0,
                ),
                (6.0, 8.0),
                0.8,
                pane,
            );
        }
    }
}
