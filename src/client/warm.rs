//! A connection made beforehand, while the cashier types.

use super::{Client, Pipe, not_reached, unless_panicked};
use crate::error::Error;
use crate::gateways::account::{Account, Profile};
use crate::transport::{Fault, Stage, Warm};

impl<A: Account> Client<A> {
    /// Makes a connection for the next call, while the cashier still types: that call then waits for one round trip and not for three. Sends
    /// nothing. Call it for each sale, and as often as you like: where a connection of the last 5 seconds is there, or is being made, nothing is
    /// done.
    ///
    /// The connection leads to the account's first host. The next call takes it if that comes within 9 seconds of this one and the server said
    /// nothing and did not close; otherwise it connects by itself, as without this call. The outcome is the same either way.
    ///
    /// # Errors
    ///
    /// No connection was made, and nothing was sent. It may be ignored: the payment connects by itself. In the background the only errors are
    /// another process than the one that made the client, and a thread that could not be had.
    pub fn warm(&self, how: Warm) -> Result<(), Error> {
        self.pipe.warm(self.account.profile(), how)
    }
}

impl Pipe {
    /// A connection to the first host, made beforehand.
    pub(crate) fn warm(&self, profile: &Profile, how: Warm) -> Result<(), Error> {
        self.process.check()?;
        let Some(url) = profile.hosts.first() else { return Ok(()) };
        let warmed = unless_panicked(|| self.inputs.transport.warm(url, self.within, how));
        let fault = || Err(Fault::unsent(Stage::Unable, "the transport panicked"));
        warmed.unwrap_or_else(fault).map_err(|fault| not_reached(&fault))
    }
}
