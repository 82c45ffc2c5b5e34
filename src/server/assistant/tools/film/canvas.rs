//! One frame of a film: a grid of numbers into one small table of colours that all frames share.

use crate::server::assistant::tools::colour::{Palette, Rgb};

/// Width of every film, in pixels.
pub const WIDTH: usize = 320;
/// Height of every film, in pixels.
pub const HEIGHT: usize = 180;
/// Where the sky ends, in pixels from the top.
pub const HORIZON: usize = 122;

/// Stands for "as in the frame before"; no pixel is painted with it.
pub const UNCHANGED: u8 = 0;
const SKY: u8 = 1;
const SKY_TONES: usize = 48;
const GLOWS: u8 = 4;
/// The sun or the moon.
pub const LIGHT: u8 = SKY + SKY_TONES as u8 * GLOWS;
/// Rain, stars, snow and sails.
pub const PALE: u8 = LIGHT + 1;
/// The same, farther away.
pub const FAINT: u8 = LIGHT + 2;
/// Stripes and lamps.
pub const ACCENT: u8 = LIGHT + 3;
/// The darkest ground.
pub const DARK: u8 = LIGHT + 4;
const GROUND: u8 = LIGHT + 5;
const GROUND_TONES: u8 = 4;
const WATER: u8 = GROUND + GROUND_TONES;
/// How many tones water has.
pub const WATER_TONES: u8 = 16;

/// The table of colours, three bytes each.
pub fn colours(palette: &Palette) -> Vec<u8> {
    let mut colours = vec![palette.land];
    for tone in 0..SKY_TONES {
        let sky = palette.sky_at(tone as f64 / (SKY_TONES - 1) as f64);
        colours.extend([0.0, 0.12, 0.26, 0.45].map(|share| sky.mix(palette.light, share)));
    }
    let lamp = if palette.dark {
        Rgb::hex(0xffd98a)
    } else {
        palette.accent
    };
    colours.extend([
        palette.light,
        palette.pale,
        palette.pale.mix(palette.sky[1], 0.55),
        lamp,
        palette.land,
    ]);
    colours.extend((0..GROUND_TONES).map(|tone| palette.ground(0.15 + 0.28 * f64::from(tone))));
    colours.extend((0..WATER_TONES).map(|tone| {
        palette
            .water
            .mix(palette.sky[2], f64::from(tone) / f64::from(WATER_TONES - 1))
    }));
    colours
        .into_iter()
        .flat_map(|Rgb(red, green, blue)| [red, green, blue])
        .collect()
}

/// Ground of a tone from 0, far, to 3, near.
pub fn ground(tone: u8) -> u8 {
    GROUND + tone.min(GROUND_TONES - 1)
}

/// Water of a brightness from 0 to 1.
pub fn water(brightness: f64) -> u8 {
    WATER + (brightness.clamp(0.0, 1.0) * f64::from(WATER_TONES - 1)).round() as u8
}

/// The pixels of one frame, row by row.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// One number into the table of colours for each pixel.
    pub pixels: Vec<u8>,
}

impl Canvas {
    /// A clear sky around a light at `(x, y)` whose glow reaches `reach` pixels.
    pub fn sky((x, y): (f64, f64), reach: f64) -> Self {
        let mut pixels = Vec::with_capacity(WIDTH * HEIGHT);
        for row in 0..HEIGHT {
            let tone = (row * (SKY_TONES - 1) / HORIZON).min(SKY_TONES - 1) as u8;
            for column in 0..WIDTH {
                let distance = (column as f64 - x).hypot(row as f64 - y) / reach;
                let glow = ((1.0 - distance).max(0.0) * f64::from(GLOWS)).min(3.0) as u8;
                pixels.push(SKY + tone * GLOWS + glow);
            }
        }
        Self { pixels }
    }

    /// Paints one pixel; outside the frame nothing happens.
    pub fn dot(&mut self, x: f64, y: f64, colour: u8) {
        if (0.0..WIDTH as f64).contains(&x) && (0.0..HEIGHT as f64).contains(&y) {
            self.pixels[y as usize * WIDTH + x as usize] = colour;
        }
    }

    /// Lets light fall on one pixel if it is sky.
    pub fn brighten(&mut self, x: f64, y: f64, by: u8) {
        if (0.0..WIDTH as f64).contains(&x) && (0.0..HEIGHT as f64).contains(&y) {
            let pixel = &mut self.pixels[y as usize * WIDTH + x as usize];
            if (SKY..LIGHT).contains(pixel) {
                let glow = (*pixel - SKY) % GLOWS;
                *pixel += by.min(GLOWS - 1 - glow);
            }
        }
    }

    /// Paints a box from its upper left corner.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: u8) {
        for row in 0..height.round() as u32 {
            for column in 0..width.round() as u32 {
                self.dot(x + f64::from(column), y + f64::from(row), colour);
            }
        }
    }

    /// Paints an ellipse.
    pub fn ellipse(&mut self, (x, y): (f64, f64), (rx, ry): (f64, f64), colour: u8) {
        for row in -ry.ceil() as i32..=ry.ceil() as i32 {
            let half = rx * (1.0 - (f64::from(row) / ry).powi(2)).max(0.0).sqrt();
            self.rect(
                ((x - half).floor(), y + f64::from(row)),
                (half * 2.0, 1.0),
                colour,
            );
        }
    }
}
