//! The time as the gateways print it: China, UTC+8, no summer time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A gateway's clock: the real time, and what a test has put it forward by.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead: AtomicU64,
}

impl Clock {
    /// Seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        now() + self.ahead.load(Ordering::SeqCst)
    }

    /// In whole seconds.
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

/// `yyyy-MM-dd HH:mm:ss`, as in queries (docs: A.2).
pub(crate) fn spelled(unix: u64) -> String {
    let (year, month, day, hour, minute, second) = china(unix);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// `yyyyMMddHHmmss` (docs: C.2 and D).
pub(crate) fn packed(unix: u64) -> String {
    let (year, month, day, hour, minute, second) = china(unix);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

/// The same in UTC, as certificates have it. Not for the first eight hours of 1970.
pub(crate) fn packed_utc(unix: u64) -> String {
    packed(unix.saturating_sub(EAST))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, as the header Date has it (RFC 9110, 5.6.7). Not for 1970's first eight hours.
pub(crate) fn http_date(unix: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let weekday = DAYS[(unix / 86_400 % 7) as usize];
    let (year, month, day, hour, minute, second) = china(unix.saturating_sub(EAST));
    let month = MONTHS[month as usize - 1];
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// China is eight hours ahead.
const EAST: u64 = 8 * 3600;

// Days to a date by counting 400-year eras from March, where the leap day is the last of the year.
fn china(unix: u64) -> (u64, u64, u64, u64, u64, u64) {
    let local = unix + EAST;
    let days = local / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let second = local % 86_400;
    (year, month, day, second / 3600, second / 60 % 60, second % 60)
}

/// Fourteen digits that are a date and a time.
pub(crate) fn is_packed(text: &str) -> bool {
    let part = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<u32>().ok());
    text.len() == 14
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && part(4, 6).is_some_and(|month| (1..=12).contains(&month))
        && part(6, 8).is_some_and(|day| (1..=31).contains(&day))
        && part(8, 10).is_some_and(|hour| hour < 24)
        && part(10, 12).is_some_and(|minute| minute < 60)
        && part(12, 14).is_some_and(|second| second < 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!(packed(0), "19700101080000");
        assert_eq!(spelled(951_782_400), "2000-02-29 08:00:00");
        assert_eq!(packed(1_767_225_599), "20260101075959");
        // Beyond what 32 bits count. From `date -u -d @4102444799`.
        assert_eq!(packed_utc(4_102_444_799), "20991231235959");
        // RFC 9110's own.
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn packed_times() {
        assert!(is_packed("20150119130901"));
        for bad in ["", "2015011913090", "20151319130901", "20150119250901", "2015011913090x"] {
            assert!(!is_packed(bad), "{bad}");
        }
    }
}
