//! What a prompt's words put into a film, and in which order each frame is painted: from far to near.

use std::f64::consts::TAU;

use super::canvas::{Canvas, HORIZON, LIGHT, colours};
use super::land;
use super::weather::{self, Mote};
use crate::server::assistant::tools::colour::Palette;
use crate::server::assistant::tools::prompt::Prompt;
use crate::server::assistant::tools::random::Random;

const SEA: &[&str] = &[
    "sea",
    "ocean",
    "wave",
    "beach",
    "boat",
    "ship",
    "sail",
    "harbour",
    "harbor",
    "lighthouse",
    "lake",
    "water",
    "coast",
];
const CITY: &[&str] = &[
    "city", "town", "street", "skyline", "traffic", "building", "window", "berlin", "york",
    "paris", "tokyo",
];

/// A film before it is shot.
#[derive(Debug)]
pub struct Scene {
    prompt: Prompt,
    palette: Palette,
    motes: Vec<Mote>,
    light: (f64, f64),
    random: Random,
}

impl Scene {
    /// Sets the scene. The same prompt gives the same film.
    pub fn new(prompt: &Prompt) -> Self {
        let (palette, mut random) = (Palette::of(prompt), prompt.random());
        let height = if palette.night {
            random.between(26.0, 44.0)
        } else {
            HORIZON as f64 - random.between(22.0, 62.0)
        };
        let light = (random.between(180.0, 280.0), height);
        Self {
            prompt: prompt.clone(),
            palette,
            motes: weather::scatter(150, &mut random),
            light,
            random,
        }
    }

    /// The table of colours of all frames.
    pub fn colours(&self) -> Vec<u8> {
        colours(&self.palette)
    }

    /// The frame at `phase`, from 0 at the beginning up to 1 at the end of a loop of `seconds`.
    pub fn frame(&self, phase: f64, seconds: f64) -> Canvas {
        let light = self.light_at(phase);
        let mut canvas = Canvas::sky(light, 78.0 + 4.0 * (TAU * phase).sin());
        let rainy = self.prompt.has(&["rain", "rainy", "storm", "stormy"]);
        if self.palette.night && !rainy {
            weather::stars(&mut canvas, &self.motes, phase);
        }
        canvas.ellipse(light, (14.0, 14.0), LIGHT);
        if !self.palette.night || rainy {
            weather::clouds(&mut canvas, &self.motes, phase);
        }
        if !self.palette.night && !rainy {
            weather::birds(&mut canvas, &self.motes, phase);
        }
        self.land(&mut canvas, light.0, phase);
        if rainy {
            weather::rain(&mut canvas, &self.motes, phase, (seconds * 1.6).ceil());
        }
        if self.prompt.has(&["snow", "snowy", "winter", "snowfall"]) {
            weather::snow(&mut canvas, &self.motes, phase, seconds);
        }
        if self.prompt.has(&["window"]) {
            weather::window(&mut canvas, &self.motes, phase, rainy);
        }
        canvas
    }

    fn land(&self, canvas: &mut Canvas, light_x: f64, phase: f64) {
        if self.prompt.has(SEA) {
            land::sea(canvas, light_x, phase);
        } else if self.prompt.has(CITY) {
            land::skyline(canvas, self.random.clone(), phase);
        } else {
            land::hills(canvas, self.light.0);
        }
        if self.prompt.has(&["lighthouse", "beacon"]) {
            land::lighthouse(canvas, phase);
        }
        if self.prompt.has(&["boat", "ship", "sail"]) {
            land::boat(canvas, phase);
        }
    }

    /// The light rises or sets where the prompt says so, and stands still otherwise.
    fn light_at(&self, phase: f64) -> (f64, f64) {
        let way = 84.0 * phase;
        let y = if self.prompt.has(&["sunrise", "moonrise", "rising", "rise"]) {
            HORIZON as f64 + 16.0 - way
        } else if self.prompt.has(&["sunset", "setting", "sinking"]) {
            HORIZON as f64 - 68.0 + way
        } else {
            self.light.1
        };
        (self.light.0, y)
    }
}
