//! The performance: notes as sine waves with overtones and an envelope, an echo, waves or rain where asked for.

use std::f64::consts::TAU;

use super::super::prompt::Prompt;
use super::super::random::Random;
use super::melody::Note;
use super::wav::SAMPLE_RATE;

/// Loudest sample, of 1.
const PEAK: f64 = 0.8;
/// Seconds between a note and its echo.
const ECHO_DELAY: f64 = 0.29;
/// Longest fade at the end, in seconds.
const FADE: f64 = 2.0;

/// How an instrument sounds.
#[derive(Clone, Copy, Debug)]
struct Instrument {
    /// Strength of each overtone, beginning with the note itself.
    overtones: [f64; 5],
    /// Seconds until a note is at its loudest.
    attack: f64,
    /// Share of loudness lost each second.
    decay: f64,
    /// Depth of the vibrato, as a share of the pitch.
    vibrato: f64,
}

const PIANO: Instrument = Instrument {
    overtones: [1.0, 0.42, 0.2, 0.1, 0.05],
    attack: 0.008,
    decay: 2.4,
    vibrato: 0.0,
};
const STRINGS: Instrument = Instrument {
    overtones: [1.0, 0.55, 0.36, 0.22, 0.12],
    attack: 0.16,
    decay: 0.35,
    vibrato: 0.003,
};
const FLUTE: Instrument = Instrument {
    overtones: [1.0, 0.22, 0.06, 0.02, 0.0],
    attack: 0.07,
    decay: 0.5,
    vibrato: 0.002,
};
const BELL: Instrument = Instrument {
    overtones: [1.0, 0.15, 0.4, 0.05, 0.22],
    attack: 0.004,
    decay: 3.2,
    vibrato: 0.0,
};
const BASS: Instrument = Instrument {
    overtones: [1.0, 0.3, 0.1, 0.0, 0.0],
    attack: 0.03,
    decay: 0.9,
    vibrato: 0.0,
};

/// The samples of a whole piece, each within [`PEAK`] of zero, with silence at its end.
pub fn perform(score: &[Note], prompt: &Prompt, length: usize) -> Vec<f64> {
    let (lead, mut samples) = (instrument(prompt), vec![0.0; length]);
    for note in score {
        if note.bass {
            play(&mut samples, note, &BASS, 0.5)
        } else {
            play(&mut samples, note, &lead, 0.42)
        }
    }
    echo(&mut samples);
    if prompt.has(&["wave", "sea", "ocean", "rain", "wind", "storm", "beach"]) {
        murmur(&mut samples, prompt.random());
    }
    master(&mut samples);
    samples
}

fn instrument(prompt: &Prompt) -> Instrument {
    if prompt.has(&[
        "cello",
        "violin",
        "string",
        "viola",
        "fiddle",
        "orchestra",
        "organ",
    ]) {
        STRINGS
    } else if prompt.has(&["flute", "whistle", "oboe", "clarinet", "voice", "choir"]) {
        FLUTE
    } else if prompt.has(&["bell", "box", "chime", "star", "snow", "harp"]) {
        BELL
    } else {
        PIANO
    }
}

fn play(samples: &mut [f64], note: &Note, instrument: &Instrument, volume: f64) {
    let rate = f64::from(SAMPLE_RATE);
    let release = 0.25;
    let first = (note.start * rate) as usize;
    let count = ((note.length + release) * rate) as usize;
    for (index, sample) in samples.iter_mut().skip(first).take(count).enumerate() {
        let time = index as f64 / rate;
        let rise = (time / instrument.attack).min(1.0);
        let fall = ((note.length + release - time) / release).clamp(0.0, 1.0);
        let loudness = volume * rise * fall * (-instrument.decay * time).exp();
        let phase = TAU * note.pitch * time
            + instrument.vibrato * note.pitch / 5.5 * (1.0 - (TAU * 5.5 * time).cos());
        let tone: f64 = instrument
            .overtones
            .iter()
            .zip(1..)
            .map(|(strength, times)| strength * (phase * f64::from(times)).sin())
            .sum();
        *sample += loudness * tone;
    }
}

fn echo(samples: &mut [f64]) {
    let delay = (ECHO_DELAY * f64::from(SAMPLE_RATE)) as usize;
    for index in delay..samples.len() {
        samples[index] += 0.28 * samples[index - delay];
    }
}

/// Noise without its highs that swells every few seconds, as surf and rain do.
fn murmur(samples: &mut [f64], mut random: Random) {
    let mut low = 0.0;
    for (index, sample) in samples.iter_mut().enumerate() {
        low += 0.06 * (random.between(-1.0, 1.0) - low);
        let swell = 0.5 - 0.5 * (TAU * index as f64 / f64::from(SAMPLE_RATE) / 5.2).cos();
        *sample += low * (0.12 + 0.5 * swell);
    }
}

/// Fades the end out, then brings the loudest sample to [`PEAK`].
fn master(samples: &mut [f64]) {
    let length = samples.len();
    let fade = (FADE * f64::from(SAMPLE_RATE)).min(length as f64 / 3.0);
    for (index, sample) in samples.iter_mut().enumerate() {
        *sample *= ((length - 1 - index) as f64 / fade).min(1.0).powf(1.5);
    }
    let loudest = samples
        .iter()
        .fold(0.0_f64, |loudest, sample| loudest.max(sample.abs()));
    if loudest > 0.0 {
        samples
            .iter_mut()
            .for_each(|sample| *sample *= PEAK / loudest);
    }
}
