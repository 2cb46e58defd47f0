//! Paying with fields that are set by name, as the C ABI does. The same steps as [`Till::pay_with`].

use super::desk::Till;
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
    /// Pays what the caller calls `intent`, with these fields.
    pub(crate) fn pay_given(
        &self,
        family: &str,
        endpoint: &'static Endpoint,
        (intent, given): (&str, &Fields),
        read: Read,
        options: &Options<'_>,
    ) -> Result<Outcome<Receipt<Pairs>>, Error> {
        let desk = self.payer(family, options.account)?;
        self.pay_fields(desk, endpoint, intent, given, read, options)
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
