//! What the journal gives back is checked before anything is done with it: by whatever journal it was kept, in flash it may
//! have changed. What contradicts itself is for a person: nothing is sent of it, nothing is asked by it, nothing believed.
//!
//! `docs/design.md`, "Trust in what is read back".

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::client::owner;
use crate::endpoint::{Endpoint, Field, Required, Source};
use crate::error::{Error, text};
use crate::gateways::account::Profile;
use crate::journal::Entry;
use crate::money::Fen;
use crate::wire::fields::{self, Fields, Limits};

/// Why what is stored is not sent.
pub(super) enum Unfit {
    /// Nobody could have stored this: it was changed since. In words.
    Changed(String),
    /// The account has other rules now.
    Rule(Error),
}

const LOOK: &str = ". The journal's storage may be failing: a person must look it up at the gateway";

/// How an entry contradicts itself or its account. `None`: it does not.
pub(super) fn contradiction(entry: &Entry, endpoint: &Endpoint, profile: &Profile) -> Option<String> {
    let differs = |name: &str, from: &str| Some(text(&["its stored ", name, " is not ", from, LOOK]));
    if entry.account != owner(profile) {
        return differs("account", "the one that it was looked for under");
    }
    // Blanked: what a person or a gateway said of it is all that is left.
    if entry.fields.is_empty() && entry.is_settled() {
        return None;
    }
    if let Some(name) = stranger(entry, endpoint) {
        return Some(text(&["its stored field ", &name.escape_debug().to_string(), " is none of its call's", LOOK]));
    }
    if entry.field(endpoint.order_number) != Some(&entry.order_number) {
        return differs(endpoint.order_number, "its order number");
    }
    if entry.field(endpoint.amount).and_then(Fen::read) != Some(entry.amount) {
        return differs(endpoint.amount, "its amount");
    }
    let other = |row: &&Field| {
        let both = entry.field(row.name).zip(profile.identifier(row.name));
        row.source == Source::Account && both.is_some_and(|(stored, own)| stored != own)
    };
    endpoint.fields.iter().find(other).and_then(|row| differs(row.name, "the account's"))
}

/// A field that this call never stores, or the second one of a name.
fn stranger<'a>(entry: &'a Entry, endpoint: &Endpoint) -> Option<&'a str> {
    let known = |name: &str| endpoint.field(name).is_some_and(|row| row.source != Source::Attempt);
    let mut names = entry.fields.iter().map(|(name, _)| name.as_str()).enumerate();
    let twice = |at: usize, name: &str| entry.fields.iter().take(at).any(|(before, _)| before == name);
    names.find(|(at, name)| !known(name) || twice(*at, name)).map(|(_, name)| name)
}

/// The fields of an entry, checked as a new payment's are: by the table, under the account's limits, with the account's
/// own values. `once`: what is sent once and was not stored.
pub(super) fn fit(
    entry: &Entry,
    endpoint: &'static Endpoint,
    profile: &Profile,
    once: Option<&str>,
) -> Result<Fields, Unfit> {
    if let Some(words) = contradiction(entry, endpoint, profile) {
        return Err(Unfit::Changed(words));
    }
    let mut stored = Fields::with_capacity(endpoint.fields.len(), 512);
    for (name, value) in &entry.fields {
        if let Some(row) = endpoint.field(name) {
            stored.text(row.name, value);
        }
    }
    if let Some((row, value)) = endpoint.one_time().zip(once) {
        stored.text(row.name, value);
    }
    let stored = stored.in_table_order(endpoint);
    // Under no account's limits could these have been stored.
    let waived = endpoint.fields.iter().filter(|row| row.required == Required::UnlessWaived);
    let waived: Vec<_> = waived.map(|row| row.name).collect();
    let widest = Limits { amount: (1, Fen::MAX.get()), waived: &waived, usual: (0, u32::MAX) };
    fields::check(&stored, endpoint, &widest)
        .map_err(|error| Unfit::Changed(text(&["its stored ", error.field_name(), " ", error.rule(), LOOK])))?;
    fields::check(&stored, endpoint, &profile.limits()).map_err(Unfit::Rule)?;
    let mut own = endpoint.fields.iter().filter(|row| row.source == Source::Account);
    match own.find(|row| stored.get(row.name) != profile.value(endpoint, row.name)) {
        Some(row) => Err(Unfit::Rule(Error::field(row.name, "is stored with another value than the account has now"))),
        None => Ok(stored),
    }
}
