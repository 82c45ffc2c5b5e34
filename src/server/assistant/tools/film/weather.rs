//! What moves in the air: stars, rain, snow, clouds and birds. Each moves in whole rounds, so that the loop has no seam.

use std::f64::consts::TAU;

use super::canvas::{ACCENT, Canvas, DARK, FAINT, HEIGHT, HORIZON, PALE, WIDTH};
use crate::server::assistant::tools::random::Random;

/// Something small at a place, with a number from 0 to 1 that sets it apart.
#[derive(Clone, Copy, Debug)]
pub struct Mote {
    x: f64,
    y: f64,
    own: f64,
}

/// Motes all over the frame.
pub fn scatter(count: usize, random: &mut Random) -> Vec<Mote> {
    let mut mote = || Mote {
        x: random.between(0.0, WIDTH as f64),
        y: random.between(0.0, HEIGHT as f64),
        own: random.between(0.0, 1.0),
    };
    (0..count).map(|_| mote()).collect()
}

/// Twinkling stars, and one that falls.
pub fn stars(canvas: &mut Canvas, motes: &[Mote], phase: f64) {
    for mote in motes {
        let (y, shine) = (
            mote.y * 0.62,
            (TAU * (phase * (1.0 + (mote.own * 3.0).floor()) + mote.own)).sin(),
        );
        if shine > -0.6 {
            canvas.dot(mote.x, y, if shine > 0.1 { PALE } else { FAINT });
        }
        if shine > 0.8 && mote.own > 0.7 {
            canvas.rect((mote.x - 1.0, y), (3.0, 1.0), PALE);
            canvas.rect((mote.x, y - 1.0), (1.0, 3.0), PALE);
        }
    }
    if phase < 0.35 {
        for tail in 0..16 {
            let along = phase * 460.0 - f64::from(tail);
            canvas.dot(
                60.0 + along,
                18.0 + along * 0.36,
                if tail < 7 { PALE } else { FAINT },
            );
        }
    }
}

/// Slanting rain; near drops are long and fast. `rounds` is how often the fastest cross the frame in one loop.
pub fn rain(canvas: &mut Canvas, motes: &[Mote], phase: f64, rounds: f64) {
    for mote in motes {
        let speed = (rounds * (0.5 + 0.5 * mote.own)).ceil();
        let y = (mote.y + phase * speed * HEIGHT as f64).rem_euclid(HEIGHT as f64);
        let length = 4 + (mote.own * 7.0) as i32;
        for part in 0..length {
            canvas.dot(
                mote.x - f64::from(part) * 0.25,
                y + f64::from(part),
                if mote.own > 0.6 { PALE } else { FAINT },
            );
        }
    }
}

/// Snow that sways as it falls.
pub fn snow(canvas: &mut Canvas, motes: &[Mote], phase: f64, rounds: f64) {
    for mote in motes {
        let speed = (rounds * 0.5 * (0.4 + 0.6 * mote.own)).ceil();
        let y = (mote.y + phase * speed * HEIGHT as f64).rem_euclid(HEIGHT as f64);
        let x = mote.x + 5.0 * (TAU * (phase + mote.own)).sin();
        let size = if mote.own > 0.65 { 2.0 } else { 1.0 };
        canvas.rect(
            (x, y),
            (size, size),
            if mote.own > 0.3 { PALE } else { FAINT },
        );
    }
}

/// Clouds that sway with the wind.
pub fn clouds(canvas: &mut Canvas, motes: &[Mote], phase: f64) {
    for mote in motes.iter().take(5) {
        let (x, y) = (
            mote.x + 9.0 * (TAU * (phase + mote.own)).sin(),
            14.0 + mote.y * 0.32,
        );
        let size = 0.7 + 0.6 * mote.own;
        for (dx, dy, rx, ry) in [
            (0.0, 0.0, 30.0, 4.0),
            (-9.0, -4.0, 12.0, 6.0),
            (8.0, -3.0, 14.0, 5.0),
            (0.0, -6.0, 9.0, 5.0),
        ] {
            canvas.ellipse(
                (x + dx * size, y + dy * size),
                (rx * size, ry * size),
                FAINT,
            );
        }
    }
}

/// Birds that fly across once in a loop.
pub fn birds(canvas: &mut Canvas, motes: &[Mote], phase: f64) {
    for mote in motes.iter().rev().take(5) {
        let x =
            (mote.x * 0.4 + phase * (WIDTH as f64 + 40.0)).rem_euclid(WIDTH as f64 + 40.0) - 20.0;
        let y = HORIZON as f64 * 0.3 + mote.y * 0.16 + 4.0 * (TAU * (phase + mote.own)).sin();
        let lift = (TAU * (phase * 6.0 + mote.own)).sin() * 0.7;
        for part in 0..5 {
            let part = f64::from(part);
            canvas.dot(x - part, y - part * lift, DARK);
            canvas.dot(x + part, y - part * lift, DARK);
        }
    }
}

/// A window frame to look through, with drops that run down its panes.
pub fn window(canvas: &mut Canvas, motes: &[Mote], phase: f64, wet: bool) {
    let (width, height) = (WIDTH as f64, HEIGHT as f64);
    for mote in motes.iter().take(if wet { 26 } else { 0 }) {
        let y = (mote.y + phase * height).rem_euclid(height);
        canvas.rect((mote.x, y - 7.0), (1.0, 7.0), FAINT);
        canvas.ellipse((mote.x, y), (2.0, 2.0), PALE);
    }
    for (at, size) in [
        ((0.0, 0.0), (width, 9.0)),
        ((0.0, height - 16.0), (width, 16.0)),
        ((0.0, 0.0), (9.0, height)),
    ] {
        canvas.rect(at, size, DARK);
    }
    canvas.rect((width - 9.0, 0.0), (9.0, height), DARK);
    canvas.rect((width / 2.0 - 3.0, 0.0), (6.0, height), DARK);
    canvas.rect((0.0, height * 0.4), (width, 5.0), DARK);
    canvas.rect((width * 0.78, height - 34.0), (16.0, 18.0), ACCENT);
    canvas.ellipse((width * 0.78 + 8.0, height - 42.0), (13.0, 9.0), DARK);
}
