//! Everything above the horizon: the sky itself, stars, sun or moon, clouds, rain and snow.

use super::svg::Svg;
use super::{HEIGHT, HORIZON, WIDTH};
use crate::server::assistant::tools::colour::Palette;
use crate::server::assistant::tools::random::Random;

/// The gradients that the rest of the picture uses.
pub fn definitions(svg: &mut Svg, palette: &Palette) {
    let [zenith, middle, horizon] = palette.sky;
    let light = palette.light;
    let shallow = palette.sky[2].mix(palette.water, 0.45);
    svg.raw(format_args!(
        "<defs><linearGradient id=\"sky\" x2=\"0\" y2=\"1\"><stop stop-color=\"{zenith}\"/><stop offset=\".52\" stop-color=\"{middle}\"/>\
         <stop offset=\"1\" stop-color=\"{horizon}\"/></linearGradient>\
         <linearGradient id=\"sea\" x2=\"0\" y2=\"1\"><stop stop-color=\"{shallow}\"/><stop offset=\".7\" stop-color=\"{}\"/></linearGradient>\
         <radialGradient id=\"glow\"><stop stop-color=\"{light}\" stop-opacity=\".75\"/><stop offset=\".35\" stop-color=\"{light}\" \
         stop-opacity=\".28\"/><stop offset=\"1\" stop-color=\"{light}\" stop-opacity=\"0\"/></radialGradient>\
         <linearGradient id=\"beam\"><stop stop-color=\"{light}\" stop-opacity=\".7\"/><stop offset=\"1\" stop-color=\"{light}\" \
         stop-opacity=\"0\"/></linearGradient></defs>",
        palette.water
    ));
}

/// The sky down to a little below the horizon.
pub fn backdrop(svg: &mut Svg) {
    svg.rect((0.0, 0.0), (WIDTH, HORIZON + 20.0), 0.0, "url(#sky)");
}

/// Stars, most of them high up, a few of them bright.
pub fn stars(svg: &mut Svg, palette: &Palette, random: &mut Random) {
    let count = if palette.night { 130 } else { 40 };
    svg.group(format_args!("fill=\"{}\"", palette.pale), |svg| {
        for _ in 0..count {
            let depth = random.between(0.0, 1.0);
            let (x, y) = (
                random.between(0.0, WIDTH),
                depth * depth * HORIZON * if palette.night { 0.95 } else { 0.5 },
            );
            let radius = if random.once_in(9) {
                random.between(1.4, 2.0)
            } else {
                random.between(0.5, 1.1)
            };
            let opacity = (1.0 - depth) * random.between(0.5, 1.0);
            svg.raw(format_args!(
                "<circle cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"{radius:.1}\" opacity=\"{opacity:.2}\"/>"
            ));
        }
    });
}

/// The sun, or a moon with its seas, in its own light.
pub fn light(svg: &mut Svg, palette: &Palette, (x, y): (f64, f64)) {
    let radius = if palette.night { 30.0 } else { 40.0 };
    svg.circle((x, y), radius * 4.6, "url(#glow)");
    svg.circle((x, y), radius, palette.light);
    if palette.night {
        let shade = palette.light.mix(palette.sky[1], 0.18);
        for (dx, dy, r) in [
            (-10.0, -6.0, 7.0),
            (8.0, 4.0, 5.0),
            (-4.0, 12.0, 4.0),
            (11.0, -12.0, 3.0),
        ] {
            svg.circle((x + dx, y + dy), r, shade);
        }
    }
}

/// Long flat clouds, each of a few overlapping puffs on one base line.
pub fn clouds(svg: &mut Svg, palette: &Palette, random: &mut Random) {
    for _ in 0..4 + random.below(3) {
        let (x, y) = (
            random.between(0.0, WIDTH),
            random.between(36.0, HORIZON * 0.62),
        );
        let size = random.between(0.5, 1.1) * (0.5 + 0.5 * (1.0 - y / HORIZON));
        let colour = palette.pale.mix(
            palette.sky_at(y / HORIZON),
            if palette.dark { 0.62 } else { 0.22 },
        );
        let opacity = random.between(0.45, 0.8);
        svg.group(format_args!("opacity=\"{opacity:.2}\""), |svg| {
            svg.rect(
                (x - 95.0 * size, y - 9.0 * size),
                (190.0 * size, 18.0 * size),
                9.0 * size,
                colour,
            );
            for _ in 0..4 {
                let (dx, r) = (
                    random.between(-58.0, 58.0) * size,
                    random.between(14.0, 27.0) * size,
                );
                svg.ellipse((x + dx, y - 7.0 * size), (r * 1.5, r * 0.9), colour);
            }
        });
    }
}

/// Slanting rain over the whole picture.
pub fn rain(svg: &mut Svg, palette: &Palette, random: &mut Random) {
    svg.group(format_args!("stroke=\"{}\" stroke-linecap=\"round\"", palette.pale), |svg| {
        for _ in 0..190 {
            let (x, y, length) = (random.between(-20.0, WIDTH + 60.0), random.between(-20.0, HEIGHT), random.between(9.0, 26.0));
            let (opacity, dx) = (length / 62.0, length * 0.24);
            svg.raw(format_args!("<path d=\"M{x:.0} {y:.0}l-{dx:.1} {length:.1}\" opacity=\"{opacity:.2}\" stroke-width=\"1.3\"/>"));
        }
    });
}

/// Falling snow, large flakes near and small ones far.
pub fn snow(svg: &mut Svg, random: &mut Random) {
    svg.group("fill=\"#fff\"", |svg| {
        for _ in 0..170 {
            let (x, y, near) = (
                random.between(0.0, WIDTH),
                random.between(0.0, HEIGHT),
                random.between(0.0, 1.0),
            );
            let (radius, opacity) = (0.9 + 2.9 * near * near, 0.45 + 0.5 * near);
            svg.raw(format_args!(
                "<circle cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"{radius:.1}\" opacity=\"{opacity:.2}\"/>"
            ));
        }
    });
}
