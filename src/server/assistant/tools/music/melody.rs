//! The score: which notes sound when. A pentatonic scale has no wrong note, so chance may lead the melody.

use super::super::prompt::Prompt;
use super::super::random::Random;

/// Semitones of the major pentatonic scale.
const MAJOR: [i32; 5] = [0, 2, 4, 7, 9];
/// Semitones of the minor pentatonic scale.
const MINOR: [i32; 5] = [0, 3, 5, 7, 10];
/// Lengths of melody notes, in beats; each row fills one bar of four.
const RHYTHMS: [&[f64]; 5] = [
    &[1.0, 1.0, 2.0],
    &[1.5, 0.5, 1.0, 1.0],
    &[2.0, 1.0, 1.0],
    &[0.5, 0.5, 1.0, 2.0],
    &[3.0, 1.0],
];
/// Bass notes of the bars, as steps of the scale.
const BASS: [usize; 4] = [0, 3, 4, 2];

/// A note in the score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// When it begins, in seconds.
    pub start: f64,
    /// How long it is held, in seconds.
    pub length: f64,
    /// Its pitch, in hertz.
    pub pitch: f64,
    /// Whether it belongs to the bass.
    pub bass: bool,
}

/// Bars of melody and bass that begin within `seconds`.
pub fn compose(prompt: &Prompt, seconds: f64) -> Vec<Note> {
    let mut random = prompt.random();
    let minor = prompt.has(&[
        "sad",
        "dark",
        "night",
        "rain",
        "cello",
        "melancholy",
        "minor",
        "storm",
        "winter",
    ]) || random.once_in(3);
    let scale = if minor { MINOR } else { MAJOR };
    let beat = 60.0 / tempo(prompt, &mut random);
    let root = 55 + random.below(8) as i32;
    let (mut notes, mut step, mut bar) = (Vec::new(), 5 + random.below(3), 0);
    while (bar * 4) as f64 * beat < seconds {
        let start = (bar * 4) as f64 * beat;
        let low = BASS[bar % BASS.len()];
        for half in 0..2 {
            let pitch = pitch(&scale, root - 24, if half == 0 { low } else { low + 2 });
            notes.push(Note {
                start: start + f64::from(half) * 2.0 * beat,
                length: 2.0 * beat,
                pitch,
                bass: true,
            });
        }
        let mut at = start;
        for &beats in RHYTHMS[random.below(RHYTHMS.len())] {
            step = walk(step, &mut random);
            notes.push(Note {
                start: at,
                length: beats * beat,
                pitch: pitch(&scale, root, step),
                bass: false,
            });
            at += beats * beat;
        }
        bar += 1;
    }
    notes
}

fn tempo(prompt: &Prompt, random: &mut Random) -> f64 {
    if prompt.has_stem(&["slow", "calm", "sleep", "lullab", "soft"]) {
        random.between(56.0, 68.0)
    } else if prompt.has_stem(&["fast", "quick", "danc", "happy", "upbeat", "lively"]) {
        random.between(120.0, 138.0)
    } else {
        random.between(80.0, 104.0)
    }
}

/// The next step of the melody: mostly to a neighbour, now and then a leap, within two octaves.
fn walk(step: usize, random: &mut Random) -> usize {
    let change = [-1, 1, -1, 1, 2, -2, 0, 3][random.below(8)];
    match step as i32 + change {
        below if below < 2 => 3,
        above if above > 11 => 9,
        next => next as usize,
    }
}

fn pitch(scale: &[i32; 5], root: i32, step: usize) -> f64 {
    let semitones = root + scale[step % scale.len()] + 12 * (step / scale.len()) as i32;
    440.0 * 2.0_f64.powf(f64::from(semitones - 69) / 12.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_piece_has_fewer_notes_than_a_fast_one() {
        let count = |text| compose(&Prompt::parse(text).expect("a short prompt"), 30.0).len();
        assert!(count("slow cello") < count("fast fiddle"));
    }

    #[test]
    fn every_note_begins_in_time_and_can_be_heard() {
        for note in compose(&Prompt::parse("a walk").expect("a short prompt"), 30.0) {
            assert!(note.start >= 0.0 && note.length > 0.0);
            assert!((40.0..2_000.0).contains(&note.pitch), "{note:?}");
        }
    }
}
