//! Time as an input, and China's calendar.

use alloc::string::String;
use core::fmt::Write;
use core::time::Duration;

use crate::error::{Error, ErrorKind};

/// 2026-01-01 00:00:00 UTC: this code is younger, so an earlier clock is not believed.
pub(crate) const EARLIEST: i64 = 1_767_225_600;
/// 2056-01-01 00:00:00 UTC: nor is a clock from here on.
pub(crate) const LATEST: i64 = 2_713_910_400;

/// The time source of a client. Tests and boards without a battery bring their own.
pub trait Clock: Send + Sync {
    /// Seconds since 1970-01-01 00:00:00 UTC, as the device believes.
    fn unix_seconds(&self) -> i64;

    /// Time since any fixed moment. It must never go back, and must not follow the wall clock.
    fn monotonic(&self) -> Duration;
}

crate::pointers::through_pointers!(Clock {
    fn unix_seconds(&self) -> i64;
    fn monotonic(&self) -> Duration;
});

/// A point of time in China (GMT+8), to the second. The documents' `yyyyMMddHHmmss` and `yyyyMMddhh24miss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChinaTime(i64);

impl ChinaTime {
    /// 9999-12-31 23:59:59 in China, in seconds since 1970: the last that 14 digits can say.
    pub const LAST: i64 = 253_402_271_999;

    /// From seconds since 1970 (UTC).
    ///
    /// # Errors
    ///
    /// A time before 1970 or after the year 9999, which has no 14-digit form.
    pub fn from_unix(seconds: i64) -> Result<ChinaTime, Error> {
        if (0..=ChinaTime::LAST).contains(&seconds) {
            Ok(ChinaTime(seconds))
        } else {
            Err(Error::new(ErrorKind::System, "clock", "the time must lie in the years 1970 to 9999"))
        }
    }

    /// Seconds since 1970 (UTC).
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// This time plus a duration.
    ///
    /// # Errors
    ///
    /// The result lies after the year 9999.
    pub fn plus(self, duration: Duration) -> Result<ChinaTime, Error> {
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        ChinaTime::from_unix(self.0.saturating_add(seconds))
    }

    /// Reads `yyyyMMddHHmmss`, 14 digits. `None`: it is no time of the years 1970 to 9999.
    pub fn read(digits: &str) -> Option<ChinaTime> {
        if digits.len() != 14 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let part = |range: core::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<i64>().ok());
        let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
        let (h, m, s) = (part(8..10)?, part(10..12)?, part(12..14)?);
        if !(1..=12).contains(&month) || h > 23 || m > 59 || s > 59 {
            return None;
        }
        let second = h.checked_mul(3600)?.checked_add(m.checked_mul(60)?)?.checked_add(s)?;
        let days = day_number(year, month, day);
        let time = days.checked_mul(86_400)?.checked_add(second)?.checked_sub(8 * 3600)?;
        // A day that the month does not have comes back as another one.
        ChinaTime::from_unix(time).ok().filter(|time| time.digits() == digits)
    }

    /// Writes `yyyyMMddHHmmss`, 14 digits.
    pub fn digits(self) -> String {
        let local = self.0.saturating_add(8 * 3600);
        let (year, month, day) = civil_date(local.div_euclid(86_400));
        let second = local.rem_euclid(86_400);
        let (h, m, s) = (second.div_euclid(3600), second.div_euclid(60) % 60, second % 60);
        let mut out = String::with_capacity(14);
        // Writing to a String cannot fail.
        let _ = write!(out, "{year:04}{month:02}{day:02}{h:02}{m:02}{s:02}");
        out
    }

    /// The day in China, `yyyyMMdd`.
    pub fn date_digits(self) -> String {
        let mut digits = self.digits();
        digits.truncate(8);
        digits
    }

    /// The first second of this day in China, and so many days on.
    pub(crate) fn midnight(self, days_on: i64) -> i64 {
        const CHINA: i64 = 8 * 3600;
        let day = self.0.saturating_add(CHINA).div_euclid(86_400).saturating_add(days_on);
        day.saturating_mul(86_400).saturating_sub(CHINA)
    }
}

/// The day number (days since 1970-01-01) of a date in the Gregorian calendar.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin on 1 March put the leap day last.
    let year = if month > 2 { year } else { year.saturating_sub(1) };
    let march_month = if month > 2 { month.saturating_sub(3) } else { month.saturating_add(9) };
    let leaps = (year.div_euclid(4)).saturating_sub(year.div_euclid(100)).saturating_add(year.div_euclid(400));
    let before = march_month.saturating_mul(153).saturating_add(2).div_euclid(5);
    let days = year.saturating_mul(365).saturating_add(leaps).saturating_add(before).saturating_add(day);
    days.saturating_sub(719_469)
}

/// Year, month and day of a day number (days since 1970-01-01), in the Gregorian calendar.
fn civil_date(days: i64) -> (i64, i64, i64) {
    // Years that begin on 1 March put the leap day last; 400 of them have 146,097 days.
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let leaps = (day_of_era.div_euclid(1460))
        .saturating_sub(day_of_era.div_euclid(36_524))
        .saturating_add(day_of_era.div_euclid(146_096));
    let year_of_era = day_of_era.saturating_sub(leaps).div_euclid(365);
    let before = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era.div_euclid(4))
        .saturating_sub(year_of_era.div_euclid(100));
    let day_of_year = day_of_era.saturating_sub(before);
    let march_month = day_of_year.saturating_mul(5).saturating_add(2).div_euclid(153);
    let month_start = march_month.saturating_mul(153).saturating_add(2).div_euclid(5);
    let day = day_of_year.saturating_sub(month_start).saturating_add(1);
    let (month, carry) =
        if march_month < 10 { (march_month.saturating_add(3), 0) } else { (march_month.saturating_sub(9), 1) };
    let year = year_of_era.saturating_add(era.saturating_mul(400)).saturating_add(carry);
    (year, month, day)
}

/// The system's clock.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "std")]
impl Clock for SystemClock {
    fn unix_seconds(&self) -> i64 {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, i64::wrapping_neg),
        }
    }

    /// Counts the time that the machine sleeps, where the system tells it (Linux): the gateway's time goes on meanwhile, and
    /// so do its waiting times.
    fn monotonic(&self) -> Duration {
        use std::sync::OnceLock;
        use std::sync::atomic::{AtomicU64, Ordering};
        static START: OnceLock<(std::time::Instant, Option<Duration>)> = OnceLock::new();
        static SLEPT: AtomicU64 = AtomicU64::new(0);
        let (start, boot) = START.get_or_init(|| (std::time::Instant::now(), crate::moment::since_boot()));
        let awake = start.elapsed();
        let since = boot.and_then(|boot| crate::moment::since_boot()?.checked_sub(boot)).unwrap_or_default();
        let slept = slept(since, awake);
        // It never goes back.
        Duration::from_secs(SLEPT.fetch_max(slept, Ordering::Relaxed).max(slept)).saturating_add(awake)
    }
}

/// The seconds that the machine slept, of the time since a moment and the time that it was awake since. Hundredths of a second
/// and the reading's own time are no sleep.
#[cfg(feature = "std")]
fn slept(since: Duration, awake: Duration) -> u64 {
    since.saturating_sub(awake).as_secs()
}

#[cfg(test)]
#[path = "../tests/unit/clock.rs"]
mod tests;
