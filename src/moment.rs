//! How long ago something was at most, on a machine that may have slept.
//!
//! `Instant` stands still while the machine is suspended: to a hand-held that slept for hours a kept connection looks
//! seconds old. `/proc/uptime` counts that time (proc(5)), and where there is none the wall clock shows it by a jump.
//!
//! The longest of the three counts. So use it only where more age does no harm: an idle connection, remembered addresses.

use std::time::Duration;
#[cfg(feature = "https")]
use std::time::{Instant, SystemTime};

use crate::proc::number;

/// A moment of this boot.
#[cfg(feature = "https")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    awake: Instant,
    boot: Option<Duration>,
    wall: SystemTime,
}

#[cfg(feature = "https")]
impl Moment {
    pub(crate) fn now() -> Moment {
        Moment { awake: Instant::now(), boot: since_boot(), wall: SystemTime::now() }
    }

    /// At most so long ago.
    pub(crate) fn age(&self) -> Duration {
        self.age_at(&Moment::now())
    }

    /// The same at another moment.
    pub(crate) fn age_at(&self, now: &Moment) -> Duration {
        let awake = now.awake.saturating_duration_since(self.awake);
        let boot = now.boot.zip(self.boot).map_or(Duration::ZERO, |(now, then)| now.saturating_sub(then));
        let wall = now.wall.duration_since(self.wall).unwrap_or_default();
        awake.max(boot).max(wall)
    }

    /// For tests of what grows old.
    #[cfg(test)]
    pub(crate) fn later(&self, by: Duration) -> Moment {
        Moment { awake: self.awake + by, boot: self.boot.map(|boot| boot + by), wall: self.wall + by }
    }
}

/// The time since the boot, sleep included, in hundredths of a second. `None`: the system does not tell.
pub(crate) fn since_boot() -> Option<Duration> {
    read_uptime(crate::proc::read("/proc/uptime", &mut [0; 64])?)
}

/// `350735.47 234388.90`: the first is the one.
fn read_uptime(text: &[u8]) -> Option<Duration> {
    let dot = text.iter().position(|byte| *byte == b'.')?;
    let seconds = number(text.get(..dot)?)?;
    let hundredths = number(text.get(dot.checked_add(1)?..dot.checked_add(3)?)?)?;
    Some(Duration::from_millis(seconds.checked_mul(1000)?.checked_add(hundredths.checked_mul(10)?)?))
}

#[cfg(all(test, feature = "https"))]
#[path = "../tests/unit/moment.rs"]
mod tests;
