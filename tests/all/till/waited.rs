//! Nobody waits for real: who waits puts the clocks forward, the till's and the gateway's.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_simulator::Simulator;
use wxpay_terminal::*;

/// The system's clock, and what was waited.
#[derive(Clone)]
pub struct Waited {
    simulator: Arc<Simulator>,
    time: Arc<Mutex<Duration>>,
    /// A gateway whose own clock stands: it revokes nothing by itself.
    stands: bool,
}

impl Waited {
    pub fn at(simulator: &Arc<Simulator>, stands: bool) -> Waited {
        Waited { simulator: Arc::clone(simulator), time: Arc::default(), stands }
    }

    pub fn moment(&self) -> Moment {
        Moment { clock: self.monotonic(), waited: self.time() }
    }

    pub fn time(&self) -> Duration {
        *self.time.lock().unwrap()
    }
}

impl Clock for Waited {
    fn unix_seconds(&self) -> i64 {
        SystemClock.unix_seconds() + i64::try_from(self.time().as_secs()).unwrap()
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() + self.time()
    }
}

impl Pause for Waited {
    fn pause(&self, time: Duration) {
        let mut waited = self.time.lock().unwrap();
        let before = waited.as_secs();
        *waited += time;
        if !self.stands {
            self.simulator.advance(Duration::from_secs(waited.as_secs() - before));
        }
    }
}

/// A time by the till's clock, and how much was waited until then. (The rest is the machine's, and in an emulator no little.)
#[derive(Clone, Copy)]
pub struct Moment {
    pub clock: Duration,
    pub waited: Duration,
}

impl Moment {
    /// Until now so many seconds have passed, and fewer than so many were waited.
    pub fn lasted(self, now: Moment, seconds: std::ops::Range<u64>) {
        let (clock, waited) = (now.clock - self.clock, now.waited - self.waited);
        let holds = clock.as_secs() >= seconds.start && waited.as_secs() < seconds.end;
        assert!(holds, "{clock:?} passed, {waited:?} of it waited: not {seconds:?}");
    }
}
