//! Frames as an endless GIF. Each frame holds only what changed since the one before, which keeps the file small.

use ::gif::{DisposalMethod, Encoder, EncodingError, Frame, Repeat};

use super::canvas::{HEIGHT, UNCHANGED, WIDTH};
use super::scene::Scene;

/// Frames a second.
const FRAME_RATE: u32 = 12;
/// Time that a frame is shown, in hundredths of a second: the unit of the format, so 12.5 frames a second.
const FRAME_DELAY: u16 = 8;

/// The whole film as a file.
pub fn record(scene: &Scene, seconds: u8) -> Vec<u8> {
    let mut file = Vec::new();
    write(&mut file, scene, seconds)
        .expect("encoding indexed frames of one size into memory cannot fail");
    file
}

fn write(file: &mut Vec<u8>, scene: &Scene, seconds: u8) -> Result<(), EncodingError> {
    let mut encoder = Encoder::new(file, WIDTH as u16, HEIGHT as u16, &scene.colours())?;
    encoder.set_repeat(Repeat::Infinite)?;
    let (count, mut shown) = (
        u32::from(seconds) * FRAME_RATE,
        vec![UNCHANGED; WIDTH * HEIGHT],
    );
    for index in 0..count {
        let next = scene
            .frame(f64::from(index) / f64::from(count), f64::from(seconds))
            .pixels;
        let change: Vec<u8> = next
            .iter()
            .zip(&shown)
            .map(|(next, shown)| if next == shown { UNCHANGED } else { *next })
            .collect();
        let mut frame =
            Frame::from_indexed_pixels(WIDTH as u16, HEIGHT as u16, change, Some(UNCHANGED));
        frame.delay = FRAME_DELAY;
        frame.dispose = DisposalMethod::Keep;
        encoder.write_frame(&frame)?;
        shown = next;
    }
    Ok(())
}
