//! The caller's own name for what is being paid, and what makes two calls the same intent.

use alloc::string::String;

use super::period::is_of_period;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::journal::Entry;
use crate::money::Fen;
use crate::wire::fields::Fields;

pub(super) fn check_intent(intent: &str) -> Result<(), Error> {
    if !(1..=64).contains(&intent.len()) {
        return Err(Error::field("intent", "must be 1 to 64 bytes"));
    }
    // Scanners and C strings bring blanks: another blank would be another payment.
    if intent.trim() != intent {
        return Err(Error::field("intent", "begins or ends with a blank"));
    }
    if intent.chars().any(char::is_control) {
        return Err(Error::field("intent", "holds a control character"));
    }
    Ok(())
}

/// Whether the intent was used with these fields. The order number is the till's own; a blanked entry has only its call
/// and amount left to compare.
pub(super) fn same_fields(entry: &Entry, endpoint: &Endpoint, fields: &Fields) -> bool {
    let amount = fields.get(endpoint.amount).and_then(Fen::read);
    if entry.call != endpoint.name || amount != Some(entry.amount) {
        return false;
    }
    let own = |name: &str| name == endpoint.order_number || is_terminals(name) || is_of_period(name, endpoint);
    let stored = entry.fields.iter().filter(|(name, _)| !own(name));
    let given = fields.iter().filter(|(name, _)| !own(name));
    let same = |((a, b), (c, d)): ((&String, &String), (&str, &str))| a == c && b == d;
    let count = given.clone().count();
    entry.fields.is_empty() || (stored.clone().count() == count && stored.map(|(n, v)| (n, v)).zip(given).all(same))
}

/// The terminal's own fields may change in its configuration between two runs; a repeat still sends the stored ones.
fn is_terminals(name: &str) -> bool {
    matches!(name, "device_info" | "client_ip" | "spbill_create_ip" | "mch_create_ip")
}
