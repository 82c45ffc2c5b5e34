//! Things that grow and live: tree, flowers, cat, birds. Each stands on the point that it is given.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::svg::Svg;
use super::{HEIGHT, WIDTH};
use crate::server::assistant::tools::colour::{Palette, Rgb};
use crate::server::assistant::tools::random::Random;

/// A tree: branches that fork, then leaves at their ends, light ones last.
pub fn tree(svg: &mut Svg, palette: &Palette, (x, y): (f64, f64), random: &mut Random) {
    let trunk = palette
        .land
        .mix(Rgb::hex(0x6b4630), if palette.dark { 0.15 } else { 0.5 });
    let mut tips = Vec::new();
    svg.path(
        &format!(
            "M{:.0} {:.0}q12 -8 12 -46h12q0 38 14 46Z",
            x - 19.0,
            y + 4.0
        ),
        trunk,
    );
    branch(svg, trunk, (x, y - 30.0, -FRAC_PI_2), 5, random, &mut tips);
    let leaf = if palette.dark {
        palette.land.mix(palette.accent, 0.4)
    } else {
        palette.land.mix(palette.accent, 0.12)
    };
    for share in [0.0, 0.22, 0.48] {
        for &(x, y) in &tips {
            let at = (
                x + random.between(-9.0, 9.0),
                y + random.between(-10.0, 6.0) - 14.0 * share,
            );
            svg.circle(
                at,
                random.between(9.0, 20.0) * (1.0 - 0.75 * share),
                leaf.mix(palette.accent.mix(palette.light, 0.35), share),
            );
        }
    }
}

fn branch(
    svg: &mut Svg,
    colour: Rgb,
    (x, y, angle): (f64, f64, f64),
    left: u32,
    random: &mut Random,
    tips: &mut Vec<(f64, f64)>,
) {
    let length = f64::from(left) * random.between(8.0, 10.5) + 4.0;
    let (to_x, to_y) = (x + angle.cos() * length, y + angle.sin() * length);
    svg.stroke(
        &format!("M{x:.1} {y:.1}L{to_x:.1} {to_y:.1}"),
        colour,
        f64::from(left) * 2.5,
    );
    if left <= 2 {
        tips.push((to_x, to_y));
    }
    if left > 1 {
        for turn in [-1.0, 1.0] {
            branch(
                svg,
                colour,
                (to_x, to_y, angle + turn * random.between(0.28, 0.62)),
                left - 1,
                random,
                tips,
            );
        }
    }
}

/// A meadow of flowers over the whole foreground, tall ones in front.
pub fn flowers(svg: &mut Svg, palette: &Palette, random: &mut Random) {
    let petals = [
        palette.accent,
        palette.accent.mix(palette.pale, 0.55),
        palette.light,
        palette.accent.mix(palette.sky[0], 0.45),
    ];
    let stem = palette
        .land
        .mix(Rgb::hex(0x5d8a4a), if palette.dark { 0.3 } else { 0.6 });
    for row in 0..34 {
        let near = f64::from(row) / 33.0;
        let (x, foot) = (
            random.between(-10.0, WIDTH + 10.0),
            HEIGHT - 58.0 + 70.0 * near,
        );
        let (size, height, lean) = (
            5.0 + 13.0 * near,
            26.0 + 72.0 * near * random.between(0.6, 1.2),
            random.between(-14.0, 14.0),
        );
        let (head_x, head_y) = (x + lean, foot - height);
        svg.stroke(
            &format!(
                "M{x:.1} {foot:.1}Q{x:.1} {:.1} {head_x:.1} {head_y:.1}",
                foot - height * 0.6
            ),
            stem,
            1.2 + 1.8 * near,
        );
        svg.ellipse(
            (x + size * 0.7, foot - height * 0.4),
            (size * 0.8, size * 0.28),
            stem,
        );
        let (petal, count, start) = (
            petals[random.below(petals.len())],
            5 + random.below(4),
            random.between(0.0, TAU),
        );
        for index in 0..count {
            let angle = start + TAU * index as f64 / count as f64;
            svg.circle(
                (
                    head_x + angle.cos() * size * 0.62,
                    head_y + angle.sin() * size * 0.62,
                ),
                size * 0.48,
                petal,
            );
        }
        svg.circle((head_x, head_y), size * 0.36, Rgb::hex(0xf3c04b));
    }
}

/// A sitting cat that looks at the light.
pub fn cat(svg: &mut Svg, palette: &Palette, (x, y): (f64, f64)) {
    let fur = palette.land.mix(palette.sky[0], 0.08);
    svg.stroke(
        &format!("M{:.0} {:.0}c-46 6 -62 -22 -42 -48", x - 22.0, y - 6.0),
        fur,
        11.0,
    );
    svg.path(
        &format!(
            "M{:.0} {y:.0}c-6 -44 12 -66 26 -92h34c14 30 18 60 16 92Z",
            x - 38.0
        ),
        fur,
    );
    svg.path(
        &format!(
            "M{:.0} {:.0}l-3 -40l20 15q11 -4 22 0l20 -15l-3 40q2 32 -28 33q-30 -1 -28 -33Z",
            x - 24.0,
            y - 108.0
        ),
        fur,
    );
    let edge = palette.light.mix(palette.accent, 0.25);
    svg.stroke(
        &format!(
            "M{:.0} {:.0}l3 22q2 18 -12 27q16 34 14 70",
            x + 33.0,
            y - 130.0
        ),
        edge,
        1.8,
    );
    for side in [-9.0, 17.0] {
        svg.ellipse((x + side, y - 101.0), (4.6, 5.4), edge);
        svg.ellipse((x + side + 1.0, y - 101.0), (1.5, 4.6), fur);
    }
    svg.path(
        &format!("M{:.0} {:.0}h8l-4 4Z", x, y - 91.0),
        palette.accent,
    );
    let whiskers = format!(
        "M{:.0} {:.0}l-26 -4m26 8l-25 3M{:.0} {:.0}l26 -4m-26 8l25 3",
        x - 5.0,
        y - 89.0,
        x + 13.0,
        y - 89.0
    );
    svg.group("opacity=\".6\"", |svg| {
        svg.stroke(&whiskers, palette.pale, 1.0)
    });
}

/// A loose flock, far away.
pub fn birds(svg: &mut Svg, palette: &Palette, random: &mut Random, count: usize) {
    let (x, y) = (
        random.between(WIDTH * 0.3, WIDTH * 0.7),
        random.between(70.0, 150.0),
    );
    for _ in 0..count {
        let (x, y, size) = (
            x + random.between(-110.0, 110.0),
            y + random.between(-40.0, 40.0),
            random.between(6.0, 13.0),
        );
        let wing = format!(
            "M{:.1} {y:.1}q{:.1} {:.1} {size:.1} 0q{:.1} {:.1} {size:.1} 0",
            x - size,
            size * 0.5,
            -size * 0.7,
            size * 0.5,
            -size * 0.7
        );
        svg.stroke(&wing, palette.land.mix(palette.sky[1], 0.15), 2.0);
    }
}
