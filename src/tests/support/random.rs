//! Seeded random numbers, the same in every run.

/// A small generator (xorshift64*, Vigna 2014).
#[derive(Debug)]
pub struct TestRng(u64);

impl TestRng {
    /// Equal seeds give equal numbers.
    pub const fn new(seed: u64) -> Self {
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

    /// A number from 0 to 1 with all 53 bits of precision.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of `choices`.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Yields to other tasks, 0 to `end - 1` times.
    pub async fn yield_randomly(&mut self, end: u64) {
        for _ in 0..self.below(end) {
            tokio::task::yield_now().await;
        }
    }
}
