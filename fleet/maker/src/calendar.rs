//! Times in China as a bill and a reply print them, and random numbers that are the same at each run.

use wxpay_terminal::{ChinaTime, Error, Random};

pub const DAY: i64 = 86_400;

/// `yyyyMMddHHmmss`, as `time_end` has it.
pub fn digits(unix: i64) -> String {
    ChinaTime::from_unix(unix.max(0)).map(ChinaTime::digits).unwrap_or_default()
}

/// `yyyy-MM-dd HH:mm:ss`.
pub fn clock(unix: i64) -> String {
    let d = digits(unix);
    format!("{}-{}-{} {}:{}:{}", &d[..4], &d[4..6], &d[6..8], &d[8..10], &d[10..12], &d[12..])
}

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to `below` - 1.
    pub fn below(&mut self, below: i64) -> i64 {
        i64::try_from(self.next() >> 2).unwrap_or(0) % below.max(1)
    }
}

/// The epoch of a journal: any number does, and the same one at each run.
pub struct Fixed(pub u64);

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        let mut dice = Dice(self.0);
        for byte in bytes {
            *byte = dice.next().to_le_bytes()[0];
        }
        Ok(())
    }
}
