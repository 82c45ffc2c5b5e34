//! What the films show below the sky: hills, sea, skyline, lighthouse and boat.

use std::f64::consts::TAU;

use super::canvas::{ACCENT, Canvas, DARK, HEIGHT, HORIZON, LIGHT, PALE, WIDTH, ground, water};
use crate::server::assistant::tools::random::Random;

/// Waves of light on the water, brightest below the sun or the moon.
pub fn sea(canvas: &mut Canvas, light_x: f64, phase: f64) {
    for row in HORIZON..HEIGHT {
        let depth = (row - HORIZON) as f64 / (HEIGHT - HORIZON) as f64;
        let length = 7.0 + 26.0 * depth;
        for column in 0..WIDTH {
            let x = column as f64;
            let along = x / length + (row as f64 * 0.7).sin() * 2.0;
            let swell = (along + TAU * phase).sin()
                + 0.7 * (along * 0.43 - TAU * phase + row as f64 * 0.4).sin();
            let path = (1.0 - (x - light_x).abs() / (16.0 + 46.0 * depth)).max(0.0);
            let colour = if swell + path * 1.1 > 1.75 {
                LIGHT
            } else {
                water(0.62 - 0.5 * depth + (swell * 2.0).round() * 0.045 + path * 0.12)
            };
            canvas.dot(x, row as f64, colour);
        }
    }
}

/// Three ranges of still hills; `shift` sets one film's hills apart from another's.
pub fn hills(canvas: &mut Canvas, shift: f64) {
    for (tone, base, height) in [(0_u8, 112.0, 15.0), (1, 127.0, 12.0), (3, 152.0, 10.0)] {
        for column in 0..WIDTH {
            let x = column as f64 / WIDTH as f64 * TAU;
            let bend =
                (x * 1.3 + shift * f64::from(tone + 1)).sin() + 0.4 * (x * 3.1 + shift * 2.0).sin();
            let top = base - height * bend;
            canvas.rect(
                (column as f64, top),
                (1.0, HEIGHT as f64 - top),
                ground(tone),
            );
        }
    }
}

/// Houses whose windows light up and go out. The same chance must be given for each frame.
pub fn skyline(canvas: &mut Canvas, mut random: Random, phase: f64) {
    for (tone, tallest) in [(1, 92.0), (3, 66.0)] {
        let mut x = -6.0;
        while x < WIDTH as f64 {
            let (width, height) = (
                random.between(18.0, 34.0).round(),
                random.between(0.4, 1.0) * tallest,
            );
            let top = (158.0 - height).round();
            canvas.rect((x, top), (width, HEIGHT as f64 - top), ground(tone));
            for pane in 0..if tone == 3 { 24 } else { 0 } {
                let (own, place) = (random.between(0.0, 1.0), f64::from(pane));
                let (left, down) = (
                    x + 3.0 + (place % 4.0) * 6.0,
                    top + 5.0 + (place / 4.0).floor() * 8.0,
                );
                if left + 3.0 < x + width
                    && own > 0.4
                    && (own < 0.8 || (TAU * (phase + own * 9.0)).sin() > 0.0)
                {
                    canvas.rect((left, down), (3.0, 4.0), ACCENT);
                }
            }
            x += width + 1.0;
        }
    }
}

/// A tower on a rock; its beam goes round once in a loop.
pub fn lighthouse(canvas: &mut Canvas, phase: f64) {
    let (x, foot, top) = (84.0, 138.0, 62.0);
    let reach = (TAU * phase).cos();
    for step in 0..190 {
        let along = f64::from(step);
        let half = 2.0 + along * 0.13;
        for across in -half as i32..=half as i32 {
            canvas.brighten(
                x + along * reach,
                top - 5.0 + f64::from(across),
                if step < 90 { 2 } else { 1 },
            );
        }
    }
    canvas.ellipse((x - 6.0, foot + 16.0), (74.0, 22.0), DARK);
    for row in 0..(foot - top) as u32 {
        let share = f64::from(row) / (foot - top);
        let half = (5.0 + 5.0 * share).round();
        let colour = if (share * 5.0) as u32 % 2 == 1 {
            ACCENT
        } else {
            PALE
        };
        canvas.rect((x - half, top + f64::from(row)), (half * 2.0, 1.0), colour);
    }
    canvas.rect((x - 7.0, top - 1.0), (14.0, 2.0), DARK);
    canvas.rect((x - 4.0, top - 10.0), (8.0, 9.0), LIGHT);
    canvas.ellipse((x, top - 11.0), (6.0, 4.0), DARK);
}

/// A sailing boat that rides the waves.
pub fn boat(canvas: &mut Canvas, phase: f64) {
    let (x, y) = (
        172.0 + 5.0 * (TAU * phase).sin(),
        144.0 + 2.5 * (TAU * 2.0 * phase).sin(),
    );
    let lean = 2.0 * (TAU * phase).cos();
    for row in 0..46 {
        let share = f64::from(row) / 46.0;
        let mast = x + lean * (1.0 - share);
        canvas.rect(
            (mast + 1.0, y - 50.0 + f64::from(row)),
            (22.0 * share.sqrt(), 1.0),
            PALE,
        );
        canvas.rect(
            (mast - 17.0 * share, y - 50.0 + f64::from(row)),
            (17.0 * share, 1.0),
            ACCENT,
        );
        canvas.dot(mast, y - 50.0 + f64::from(row), DARK);
    }
    for row in 0..9 {
        let half = 26.0 - f64::from(row) * 1.4;
        canvas.rect(
            (x - half, y - 3.0 + f64::from(row)),
            (half * 2.0, 1.0),
            DARK,
        );
    }
}
