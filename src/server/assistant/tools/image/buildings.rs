//! Things that people build: lighthouse, house, boat, balloon. Each stands on the point that it is given.

use super::svg::Svg;
use crate::server::assistant::tools::colour::{Palette, Rgb};

/// Colour of a lit lamp or window.
const LAMP: Rgb = Rgb::hex(0xffe3a0);

/// A striped tower with a lamp that sweeps to the right.
pub fn lighthouse(svg: &mut Svg, palette: &Palette, (x, y): (f64, f64)) {
    let (wall, roof) = (palette.pale.mix(palette.sky[1], 0.05), palette.land);
    let top = y - 178.0;
    if palette.dark {
        svg.path(
            &format!("M{x:.0} {:.0}l330 -74v104Z", top - 14.0),
            "url(#beam)",
        );
        svg.path(
            &format!("M{x:.0} {:.0}l-250 -46v62Z", top - 14.0),
            palette.light.to_string() + "18",
        );
        svg.circle((x, top - 14.0), 46.0, "url(#glow)");
    }
    let half = |height: f64| 28.0 - 13.0 * height;
    let band = |from: f64, to: f64| {
        let (low, high) = (y - 178.0 * from, y - 178.0 * to);
        let (wide, narrow) = (half(from), half(to));
        format!(
            "M{:.1} {low:.1}L{:.1} {high:.1}H{:.1}L{:.1} {low:.1}Z",
            x - wide,
            x - narrow,
            x + narrow,
            x + wide
        )
    };
    svg.path(&band(0.0, 1.0), wall);
    for (from, to) in [(0.14, 0.32), (0.5, 0.66), (0.83, 0.95)] {
        svg.path(&band(from, to), palette.accent);
    }
    let shade = format!(
        "M{x:.1} {y:.1}L{x:.1} {top:.1}H{:.1}L{:.1} {y:.1}Z",
        x - half(1.0),
        x - half(0.0)
    );
    svg.group("opacity=\".2\"", |svg| svg.path(&shade, roof));
    svg.rect((x - 5.0, y - 22.0), (10.0, 22.0), 5.0, roof);
    for height in [74.0, 128.0] {
        svg.rect(
            (x - 3.0, y - height),
            (6.0, 11.0),
            3.0,
            if palette.dark { LAMP } else { roof },
        );
    }
    svg.rect((x - 22.0, top - 3.0), (44.0, 6.0), 2.0, roof);
    svg.rect(
        (x - 11.0, top - 26.0),
        (22.0, 24.0),
        2.0,
        if palette.dark { LAMP } else { palette.sky[2] },
    );
    svg.stroke(
        &format!(
            "M{x:.0} {:.0}v22M{:.0} {:.0}v22M{:.0} {:.0}v22",
            top - 25.0,
            x - 10.0,
            top - 25.0,
            x + 10.0,
            top - 25.0
        ),
        roof,
        1.6,
    );
    svg.path(
        &format!(
            "M{:.0} {:.0}Q{x:.0} {:.0} {:.0} {:.0}Z",
            x - 17.0,
            top - 25.0,
            top - 58.0,
            x + 17.0,
            top - 25.0
        ),
        roof,
    );
    svg.circle((x, top - 44.0), 3.0, roof);
}

/// A small house with a chimney and smoke.
pub fn house(svg: &mut Svg, palette: &Palette, (x, y): (f64, f64)) {
    let (wall, roof) = (
        palette
            .pale
            .mix(palette.land, if palette.dark { 0.55 } else { 0.08 }),
        palette.accent.mix(palette.land, 0.25),
    );
    svg.group("opacity=\".4\"", |svg| {
        svg.stroke(
            &format!("M{:.0} {:.0}q-12 -18 2 -32t4 -30", x + 36.0, y - 122.0),
            palette.pale,
            7.0,
        );
    });
    svg.rect((x + 29.0, y - 118.0), (14.0, 40.0), 1.0, palette.land);
    svg.rect((x - 58.0, y - 66.0), (116.0, 72.0), 1.0, wall);
    svg.path(
        &format!(
            "M{:.0} {:.0}L{x:.0} {:.0}L{:.0} {:.0}Z",
            x - 74.0,
            y - 62.0,
            y - 120.0,
            x + 74.0,
            y - 62.0
        ),
        roof,
    );
    svg.rect((x - 10.0, y - 38.0), (22.0, 44.0), 2.0, palette.land);
    for left in [-44.0, 26.0] {
        svg.rect(
            (x + left, y - 48.0),
            (20.0, 20.0),
            1.5,
            if palette.dark { LAMP } else { palette.sky[0] },
        );
        svg.stroke(
            &format!("M{:.0} {:.0}v20m-10 -10h20", x + left + 10.0, y - 48.0),
            wall,
            2.0,
        );
    }
}

/// A sailing boat and its reflection; the point is where the hull meets the water.
pub fn boat(svg: &mut Svg, palette: &Palette, (x, y): (f64, f64)) {
    let parts = |svg: &mut Svg| {
        svg.path(
            &format!(
                "M{:.0} {:.0}h128q-10 30 -30 30h-70q-22 -4 -28 -30Z",
                x - 66.0,
                y - 24.0
            ),
            palette.land,
        );
        svg.rect((x - 62.0, y - 24.0), (120.0, 5.0), 2.0, palette.accent);
        svg.rect((x - 4.0, y - 158.0), (4.0, 136.0), 1.0, palette.land);
        svg.path(
            &format!("M{:.0} {:.0}q64 62 58 118h-58Z", x + 4.0, y - 152.0),
            palette.pale,
        );
        svg.path(
            &format!("M{:.0} {:.0}q-10 62 -46 104h46Z", x - 8.0, y - 140.0),
            palette.pale.mix(palette.accent, 0.75),
        );
    };
    svg.group(
        format_args!(
            "opacity=\".22\" transform=\"translate(0 {:.0}) scale(1 -.55)\"",
            y * 1.55 + 6.0
        ),
        parts,
    );
    parts(svg);
    svg.group("opacity=\".55\"", |svg| {
        svg.stroke(
            &format!(
                "M{:.0} {:.0}q14 -6 28 0t28 0t28 0t28 0t28 0",
                x - 74.0,
                y + 6.0
            ),
            palette.sky[2],
            2.5,
        );
    });
}

/// A striped balloon with its basket, floating well above the point.
pub fn balloon(svg: &mut Svg, palette: &Palette, (x, y): (f64, f64)) {
    let y = y - 205.0;
    let gore = |half: f64| {
        format!(
            "M{x:.0} {:.0}C{:.1} {:.0} {:.1} {:.0} {x:.0} {:.0}C{:.1} {:.0} {:.1} {:.0} {x:.0} {:.0}Z",
            y - 74.0,
            x - half,
            y - 74.0,
            x - half,
            y + 22.0,
            y + 76.0,
            x + half,
            y + 22.0,
            x + half,
            y - 74.0,
            y - 74.0
        )
    };
    svg.stroke(
        &format!(
            "M{:.0} {:.0}l5 36M{:.0} {:.0}l-5 36",
            x - 15.0,
            y + 62.0,
            x + 15.0,
            y + 62.0
        ),
        palette.land,
        1.4,
    );
    for (half, colour) in [
        (88.0, palette.accent),
        (60.0, palette.pale),
        (28.0, palette.accent.mix(palette.light, 0.4)),
    ] {
        svg.path(&gore(half), colour);
    }
    svg.rect(
        (x - 11.0, y + 96.0),
        (22.0, 17.0),
        4.0,
        palette.land.mix(palette.accent, 0.35),
    );
}
