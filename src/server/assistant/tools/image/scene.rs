//! What a prompt's words put into a picture, and in which order it is painted: from far to near.

use super::ground::{self, Ridge};
use super::svg::Svg;
use super::{HEIGHT, HORIZON, WIDTH, buildings, nature, sky};
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
    "sailboat",
    "harbour",
    "harbor",
    "lighthouse",
    "lake",
    "coast",
];
const CITY: &[&str] = &[
    "city", "town", "street", "skyline", "tower", "building", "porto", "berlin", "york", "paris",
    "tokyo",
];
const MOUNTAINS: &[&str] = &[
    "mountain", "alp", "peak", "summit", "everest", "rock", "cliff",
];
const LIGHTHOUSE: &[&str] = &["lighthouse", "beacon"];
const BOAT: &[&str] = &["boat", "ship", "sail", "sailboat", "yacht"];
const HOUSE: &[&str] = &[
    "house", "home", "cottage", "cabin", "hut", "farm", "village",
];
const BALLOON: &[&str] = &["balloon", "airship"];
const TREE: &[&str] = &[
    "tree", "oak", "forest", "wood", "park", "holly", "orchard", "autumn",
];
const FLOWERS: &[&str] = &[
    "flower", "meadow", "rose", "tulip", "garden", "spring", "daisy", "poppy", "poppies", "blossom",
];
const CAT: &[&str] = &["cat", "kitten"];
const BIRDS: &[&str] = &["bird", "gull", "seagull", "swallow", "geese"];

/// Paints the prompt. The same prompt gives the same text, byte for byte.
pub fn paint(prompt: &Prompt, style: Option<&str>) -> String {
    let (palette, mut random, mut svg) = (Palette::of(prompt), prompt.random(), Svg::default());
    let light = light_position(&palette, &mut random);
    sky::definitions(&mut svg, &palette);
    sky::backdrop(&mut svg);
    let overcast = prompt.has(&["rain", "rainy", "storm", "stormy", "fog", "foggy"]);
    if palette.dark && !overcast {
        sky::stars(&mut svg, &palette, &mut random);
    }
    sky::light(&mut svg, &palette, light);
    if !palette.night || overcast {
        sky::clouds(&mut svg, &palette, &mut random);
    }
    distance(&mut svg, prompt, &palette, light.0, &mut random);
    foreground(&mut svg, prompt, &palette, &mut random);
    if overcast {
        sky::rain(&mut svg, &palette, &mut random);
    }
    if prompt.has(&["snow", "snowy", "winter", "snowfall", "blizzard"]) {
        sky::snow(&mut svg, &mut random);
    }
    let title = style.map_or_else(
        || prompt.text().to_owned(),
        |style| format!("{}, {style}", prompt.text()),
    );
    svg.finish(&title, (WIDTH, HEIGHT))
}

/// The sun stands low at dusk and dawn, the moon high; both on the right, where nothing tall is put.
fn light_position(palette: &Palette, random: &mut Random) -> (f64, f64) {
    let height = match palette {
        Palette { night: true, .. } => random.between(70.0, 130.0),
        Palette { dark: true, .. } => random.between(HORIZON - 62.0, HORIZON - 34.0),
        _ => random.between(80.0, 170.0),
    };
    (random.between(WIDTH * 0.6, WIDTH * 0.86), height)
}

fn distance(svg: &mut Svg, prompt: &Prompt, palette: &Palette, light_x: f64, random: &mut Random) {
    if prompt.has(MOUNTAINS) {
        ground::mountains(svg, palette, random);
    }
    if prompt.has(CITY) {
        ground::skyline(svg, palette, random);
    }
    if prompt.has(SEA) {
        ground::sea(svg, palette, light_x, random);
    } else if !prompt.has(CITY) && !prompt.has(MOUNTAINS) {
        ground::hills(svg, palette, random);
    }
    if prompt.has(BIRDS) || (!palette.night && random.once_in(3)) {
        let count = 5 + random.below(5);
        nature::birds(svg, palette, random, count);
    }
}

fn foreground(svg: &mut Svg, prompt: &Prompt, palette: &Palette, random: &mut Random) {
    let (x, near) = (
        random.between(WIDTH * 0.2, WIDTH * 0.36),
        Ridge::new(HEIGHT - 62.0, 24.0, random),
    );
    if prompt.has(BALLOON) {
        buildings::balloon(svg, palette, (x, HORIZON + 20.0));
    }
    if prompt.has(BOAT) {
        buildings::boat(svg, palette, (WIDTH * 0.47, HORIZON + 62.0));
    }
    let on_ground = |x: f64| (x, near.at(x) + 6.0);
    if prompt.has(LIGHTHOUSE) {
        buildings::lighthouse(svg, palette, on_ground(x));
    }
    if prompt.has(HOUSE) {
        buildings::house(svg, palette, on_ground(x + 190.0));
    }
    if !prompt.has(BOAT) || prompt.has(LIGHTHOUSE) {
        near.draw(svg, palette.ground(1.0));
    }
    let nothing_tall = ![SEA, CITY, MOUNTAINS, HOUSE, FLOWERS, CAT, BALLOON]
        .iter()
        .any(|words| prompt.has(words));
    if prompt.has(TREE) || nothing_tall {
        let at = if prompt.has(LIGHTHOUSE) { x + 330.0 } else { x };
        nature::tree(svg, palette, on_ground(at), random);
    }
    if prompt.has(FLOWERS) {
        nature::flowers(svg, palette, random);
    }
    if prompt.has(CAT) {
        nature::cat(svg, palette, (WIDTH * 0.55, near.at(WIDTH * 0.55) + 8.0));
    }
}
