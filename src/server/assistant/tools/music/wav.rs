//! WAV files: a 44-byte RIFF header, then 16-bit PCM samples of one channel.

/// Samples a second.
pub const SAMPLE_RATE: u32 = 22_050;
/// Bytes a sample.
const SAMPLE_BYTES: u16 = 2;

/// A whole file from samples between -1 and 1.
pub fn encode(samples: &[f64]) -> Vec<u8> {
    let size = samples.len() as u32 * u32::from(SAMPLE_BYTES);
    let mut file = Vec::with_capacity(44 + size as usize);
    file.extend(b"RIFF");
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(SAMPLE_RATE.to_le_bytes());
    file.extend((SAMPLE_RATE * u32::from(SAMPLE_BYTES)).to_le_bytes());
    file.extend(SAMPLE_BYTES.to_le_bytes());
    file.extend((SAMPLE_BYTES * 8).to_le_bytes());
    file.extend(b"data");
    file.extend(size.to_le_bytes());
    for sample in samples {
        file.extend(((sample.clamp(-1.0, 1.0) * f64::from(i16::MAX)).round() as i16).to_le_bytes());
    }
    file
}
