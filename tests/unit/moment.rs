//! Unit tests of `src/moment.rs`.

use super::*;

#[test]
fn uptime_is_read() {
    assert_eq!(read_uptime(b"350735.47 234388.90\n"), Some(Duration::from_millis(350_735_470)));
    for wrong in ["", "350735", ".", "x.47 1", "1.x7"] {
        assert_eq!(read_uptime(wrong.as_bytes()), None, "{wrong}");
    }
}

/// Whichever clock saw the time pass: the one that counts sleep, or the wall clock.
#[test]
fn the_longest_of_three_clocks_counts() {
    let then = Moment::now();
    let (second, hours) = (Duration::from_secs(1), Duration::from_secs(5 * 3600));
    let awake = then.awake + second;
    let boot = |slept| Some(then.boot.unwrap_or_default() + slept);
    let then = Moment { boot: boot(Duration::ZERO), ..then };
    let slept = Moment { awake, boot: boot(hours), wall: then.wall + second };
    assert_eq!(then.age_at(&slept), hours);
    let no_proc = Moment { awake, boot: None, wall: then.wall + hours };
    assert_eq!(then.age_at(&no_proc), hours);
    // A wall clock that went back takes nothing away.
    let back = Moment { awake, boot: boot(second), wall: then.wall - hours };
    assert_eq!(then.age_at(&back), second);
}
