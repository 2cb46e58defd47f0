//! Connections that wait for a request: kept ones, which carried an exchange, and warmed ones, which were made beforehand and carried
//! nothing.
//!
//! Rules only. What a connection is, who makes it and what time it is come from outside.

use std::time::Duration;

use crate::moment::Moment;
use crate::transport::host::Host;

/// A kept connection that idled longer is not used again: gateways and modems forget silently.
const IDLE: Duration = Duration::from_secs(10);
/// Kept connections at most.
const KEPT: usize = 4;
/// A warmed connection whose making began longer ago is not used: docs/design.md, "Transport", says why it is so short.
pub(crate) const WARM: Duration = Duration::from_secs(9);
/// One that is younger makes another one needless. More than half of [`WARM`]: so at most two wait for a host.
const FRESH: Duration = Duration::from_secs(5);
/// Warmed connections at most, and as many that are being made.
const WARMED: usize = 4;

/// A look at a connection that waits. It never waits itself.
pub(crate) trait Look {
    /// After an exchange: there is nothing to read.
    fn is_silent(&mut self) -> bool;
    /// Before the first one: nothing but what TLS has to say for itself.
    fn is_quiet(&mut self) -> bool;
}

/// The connections of one transport.
pub(crate) struct Pool<C> {
    kept: Vec<Waiting<C>>,
    warmed: Vec<Waiting<C>>,
    /// To whom a connection is being made beforehand.
    warming: Vec<Host>,
}

struct Waiting<C> {
    host: Host,
    connection: C,
    since: Moment,
}

/// A connection for an exchange.
pub(crate) struct Taken<C> {
    pub(crate) connection: C,
    /// It carried another exchange before.
    pub(crate) reused: bool,
}

impl<C> Default for Pool<C> {
    fn default() -> Pool<C> {
        Pool { kept: Vec::new(), warmed: Vec::new(), warming: Vec::new() }
    }
}

impl<C: Look> Pool<C> {
    /// A connection that is fit for use now. `own`: one that carried nothing.
    pub(crate) fn take(&mut self, host: &Host, own: bool, now: &Moment) -> Option<Taken<C>> {
        self.drop_old(now);
        // Warmed ones first, because no late reply can come on them; of these the newest, which was unseen for the shortest time.
        while let Some(at) = self.warmed.iter().rposition(|warmed| warmed.host == *host) {
            let mut connection = self.warmed.remove(at).connection;
            if connection.is_quiet() {
                return Some(Taken { connection, reused: false });
            }
        }
        if own {
            return None;
        }
        // The oldest: a late reply to what it carried has had the most time to come, and to be seen.
        while let Some(at) = self.kept.iter().position(|kept| kept.host == *host) {
            let mut connection = self.kept.remove(at).connection;
            if connection.is_silent() {
                return Some(Taken { connection, reused: true });
            }
        }
        None
    }

    /// Keeps a connection after an exchange that ended cleanly.
    pub(crate) fn keep(&mut self, host: Host, connection: C, since: Moment) {
        put(&mut self.kept, KEPT, Waiting { host, connection, since });
    }

    /// Gives the kept connections to a host up: a late reply may come on them.
    pub(crate) fn forget(&mut self, host: &Host) {
        self.kept.retain(|kept| kept.host != *host);
    }

    /// Gives the warmed connections to a host up, because an exchange with it broke off: they lie on the same way.
    pub(crate) fn cool(&mut self, host: &Host) {
        self.warmed.retain(|warmed| warmed.host != *host);
    }

    /// Whether a connection is to be made beforehand. If so, [`Pool::end`] says what came of it.
    pub(crate) fn begin(&mut self, host: &Host, now: &Moment) -> bool {
        self.drop_old(now);
        self.warmed.retain_mut(|warmed| warmed.host != *host || warmed.connection.is_quiet());
        let is_fresh = |warmed: &Waiting<C>| warmed.host == *host && warmed.since.age_at(now) < FRESH;
        let is_needless = self.warmed.iter().any(is_fresh) || self.warming.contains(host);
        if is_needless || self.warming.len() >= WARMED {
            return false;
        }
        self.warming.push(host.clone());
        true
    }

    /// The making that began has ended: with a connection, and when it began.
    pub(crate) fn end(&mut self, host: &Host, made: Option<(C, Moment)>) {
        self.warming.retain(|other| other != host);
        if let Some((connection, since)) = made {
            put(&mut self.warmed, WARMED, Waiting { host: host.clone(), connection, since });
        }
    }

    fn drop_old(&mut self, now: &Moment) {
        self.kept.retain(|kept| kept.since.age_at(now) < IDLE);
        self.warmed.retain(|warmed| warmed.since.age_at(now) < WARM);
    }
}

/// The newest stands last. The oldest goes where there are too many.
fn put<C>(all: &mut Vec<Waiting<C>>, most: usize, new: Waiting<C>) {
    if all.len() >= most {
        all.remove(0);
    }
    all.push(new);
}

#[cfg(test)]
#[path = "../../tests/unit/transport/pool.rs"]
mod tests;
