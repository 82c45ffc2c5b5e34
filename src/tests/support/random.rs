//! Chance that is the same in every run.

/// A small generator (xorshift64*, Vigna 2014); equal seeds give equal numbers.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// Chance that begins with `seed`.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// 64 random bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 to `end - 1`.
    pub const fn below(&mut self, end: u64) -> u64 {
        (self.bits() >> 16) % end
    }

    /// A number from 0 to 1, with all the digits that a double has.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of `choices`.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Lets other tasks run, 0 to `most - 1` times.
    pub async fn dawdle(&mut self, most: u64) {
        for _ in 0..self.below(most) {
            tokio::task::yield_now().await;
        }
    }
}
