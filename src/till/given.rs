//! Paying and ordering with fields that are set by name, as the C ABI does. The same steps as [`Till::pay_with`].

use super::desk::Till;
use super::intent::Verb;
use super::receipt::{Read, Receipt};
use super::watch::Options;
use crate::client::owner;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::journal::Entry;
use crate::outcome::Outcome;
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

impl Till {
    /// Pays, or orders, what the caller calls `intent`, with these fields.
    pub(crate) fn begin_given(
        &self,
        verb: Verb,
        (family, endpoint): (&str, &'static Endpoint),
        (intent, given): (&str, &Fields),
        read: Read,
        options: &Options<'_>,
    ) -> Result<Outcome<Receipt<Pairs>>, Error> {
        let desk = self.payer(family, options.account)?;
        verb.check(endpoint)?;
        self.begin_fields(desk, endpoint, intent, given, read, options)
    }

    /// The newest entry of an intent: a refusal and a doubt do not name theirs.
    pub(crate) fn newest(&self, family: &str, intent: &str, options: &Options<'_>) -> Option<Entry> {
        self.check_process().ok()?;
        let account = owner(self.desk(family, options.account).ok()?.profile());
        let entries = self.journal.with(|journal| journal.of_intent(intent)).ok()?;
        entries.into_iter().rfind(|entry| entry.account == account)
    }

    /// The entry of an order number under one of this till's accounts.
    pub(crate) fn numbered(&self, order_number: &str) -> Option<Entry> {
        self.check_process().ok()?;
        self.find(order_number).ok().flatten().map(|(_, entry)| entry)
    }
}
