//! Unit tests of `src/clock.rs`.

use super::*;

#[cfg(feature = "std")]
#[test]
fn sleep_counts() {
    let (hours, second) = (Duration::from_secs(5 * 3600), Duration::from_secs(1));
    assert_eq!(slept(hours + second, second), 5 * 3600);
    for since in [Duration::ZERO, second, second + Duration::from_millis(990)] {
        assert_eq!(slept(since, second), 0, "{since:?}: awake all the time, or no clock that tells");
    }
    // By the machine's own clocks it was awake just now, and time goes on.
    let before = SystemClock.monotonic();
    std::thread::sleep(Duration::from_millis(20));
    let passed = SystemClock.monotonic().checked_sub(before).unwrap();
    assert!(passed >= Duration::from_millis(20));
}

/// Expected values from `TZ=Asia/Shanghai date -d @N +%Y%m%d%H%M%S` (GNU date).
#[test]
fn china_time_agrees_with_gnu_date() {
    for (unix, digits) in [
        (0, "19700101080000"),
        (951_782_399, "20000229075959"),
        (951_839_999, "20000229235959"),
        (951_840_000, "20000301000000"),
        (1_421_643_789, "20150119130309"),
        (1_709_222_400, "20240301000000"),
        (1_795_302_067, "20261122070107"),
        (4_102_444_800, "21000101080000"),
        (4_107_513_599, "21000228235959"),
        (4_107_513_600, "21000301000000"),
        (253_402_271_999, "99991231235959"),
    ] {
        assert_eq!(ChinaTime::from_unix(unix).unwrap().digits(), digits, "{unix}");
        assert_eq!(ChinaTime::read(digits).unwrap().unix_seconds(), unix);
    }
    for wrong in ["", "20260229000000", "20261301000000", "20260100000000", "20260101240000", "19700101075959"] {
        assert_eq!(ChinaTime::read(wrong), None, "{wrong}");
    }
    assert!(ChinaTime::from_unix(-1).is_err());
    assert!(ChinaTime::from_unix(253_402_272_000).is_err());
}
