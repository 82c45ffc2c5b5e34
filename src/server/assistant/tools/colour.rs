//! Colours, and the moods of light that a prompt can ask for. Pictures and films share them.

use std::fmt;

use super::prompt::Prompt;

/// A colour in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// From 0xRRGGBB.
    pub const fn hex(value: u32) -> Self {
        Self((value >> 16) as u8, (value >> 8) as u8, value as u8)
    }

    /// This colour with a `share` of 0 to 1 of another.
    pub fn mix(self, other: Self, share: f64) -> Self {
        let blend = |from: u8, to: u8| {
            (f64::from(from) + (f64::from(to) - f64::from(from)) * share.clamp(0.0, 1.0)).round()
                as u8
        };
        Self(
            blend(self.0, other.0),
            blend(self.1, other.1),
            blend(self.2, other.2),
        )
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// A mood of light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// The sky from the zenith to the horizon.
    pub sky: [Rgb; 3],
    /// Sun or moon.
    pub light: Rgb,
    /// The nearest ground.
    pub land: Rgb,
    /// Deep water.
    pub water: Rgb,
    /// What catches the eye: stripes, sails, petals, leaves.
    pub accent: Rgb,
    /// What is pale: walls, clouds, snow.
    pub pale: Rgb,
    /// Whether lamps are lit.
    pub dark: bool,
    /// Whether the moon and the stars are out.
    pub night: bool,
}

const fn palette(
    sky: [u32; 3],
    [light, land, water, accent, pale]: [u32; 5],
    dark: bool,
    night: bool,
) -> Palette {
    Palette {
        sky: [Rgb::hex(sky[0]), Rgb::hex(sky[1]), Rgb::hex(sky[2])],
        light: Rgb::hex(light),
        land: Rgb::hex(land),
        water: Rgb::hex(water),
        accent: Rgb::hex(accent),
        pale: Rgb::hex(pale),
        dark,
        night,
    }
}

const DUSK: Palette = palette(
    [0x2b2a5c, 0xa8507f, 0xf4a77a],
    [0xffe0a8, 0x231f3f, 0x3a2f5e, 0xc94f4a, 0xf3ece2],
    true,
    false,
);
const NIGHT: Palette = palette(
    [0x070d24, 0x14234f, 0x3a5585],
    [0xf6f0d8, 0x0a1226, 0x0f1d3f, 0xe0a64b, 0xcfd8ea],
    true,
    true,
);
const DAWN: Palette = palette(
    [0x6f8fc9, 0xf2b5b5, 0xffe3b8],
    [0xfff3cf, 0x4a4268, 0x6d7fa8, 0xe07a6b, 0xfff6ea],
    false,
    false,
);
const DAY: Palette = palette(
    [0x2f86d0, 0x86c5ea, 0xe2f3f5],
    [0xfff6c9, 0x2f5d43, 0x2672a3, 0xe2574c, 0xffffff],
    false,
    false,
);
const AUTUMN: Palette = palette(
    [0x6a7f9b, 0xe0b98a, 0xf8dca2],
    [0xfff0c4, 0x4f2f23, 0x5b6a78, 0xd9622b, 0xfbf1df],
    false,
    false,
);
const RAIN: Palette = palette(
    [0x2c3a4d, 0x5c7288, 0xa9b8c2],
    [0xe4ebee, 0x1d2935, 0x34495c, 0xe0913f, 0xdfe7ec],
    true,
    false,
);
const WINTER: Palette = palette(
    [0x5f7fae, 0xb3c6de, 0xf3dfdc],
    [0xfff4e0, 0x3d4f70, 0x6d8bb0, 0xc8434a, 0xffffff],
    false,
    false,
);

/// Moods and the words that ask for them; the first that fits is taken, so hours stand before weather.
const MOODS: [(Palette, &[&str]); 7] = [
    (
        NIGHT,
        &[
            "night",
            "midnight",
            "moon",
            "moonlight",
            "star",
            "starry",
            "dark",
            "nacht",
        ],
    ),
    (DUSK, &["dusk", "sunset", "evening", "twilight", "abend"]),
    (DAWN, &["dawn", "sunrise", "morning", "morgen"]),
    (AUTUMN, &["autumn", "fall", "october", "november", "herbst"]),
    (
        RAIN,
        &["rain", "rainy", "storm", "stormy", "fog", "foggy", "regen"],
    ),
    (
        WINTER,
        &["winter", "snow", "snowy", "ice", "december", "schnee"],
    ),
    (
        DAY,
        &["day", "noon", "summer", "spring", "sunny", "sun", "tag"],
    ),
];

impl Palette {
    /// The mood that the prompt asks for, or one that chance picks.
    pub fn of(prompt: &Prompt) -> Self {
        let asked = MOODS
            .iter()
            .find(|(_, words)| prompt.has(words))
            .map(|(palette, _)| *palette);
        asked.unwrap_or_else(|| [DUSK, DAWN, DAY, AUTUMN, NIGHT][prompt.random().below(5)])
    }

    /// The colour of ground that is `nearness` near, from 0 at the horizon to 1 at one's feet: air pales what is far.
    pub fn ground(&self, nearness: f64) -> Rgb {
        self.sky[2]
            .mix(self.sky[1], 0.35)
            .mix(self.land, 0.25 + 0.75 * nearness)
    }

    /// The sky at a height, from 0 at the zenith to 1 at the horizon.
    pub fn sky_at(&self, height: f64) -> Rgb {
        if height < 0.55 {
            self.sky[0].mix(self.sky[1], height / 0.55)
        } else {
            self.sky[1].mix(self.sky[2], (height - 0.55) / 0.45)
        }
    }
}
