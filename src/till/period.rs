//! From when to when an order may be paid.
//!
//! Document: seed 002; protocol C.2, C.4. The device's clock may be wrong, and made the order's end wrong, too: what ends an
//! order is the gateway's own time.

use alloc::string::String;

use crate::clock::{ChinaTime, EARLIEST, LATEST};
use crate::endpoint::{Endpoint, OrderRules, ResolvedBy};
use crate::error::Error;
use crate::journal::{Entry, EntryState, Settlement};
use crate::wire::fields::Fields;

/// The evidence of an order says when it was made, by the gateway's own time.
const ORDERED_AT: &str = "ordered_at";

/// Both ends of the time in which an order may be paid, always together: one alone has no effect at the gateway.
pub(super) fn set_valid(given: &mut Fields, rules: &OrderRules, now: i64) -> Result<(), Error> {
    let (start, expire) = rules.valid;
    if given.get(start).is_some() || given.get(expire).is_some() {
        let expires = given.get(expire).unwrap_or_default();
        let late = ChinaTime::read(expires).is_some_and(|expires| expires.unix_seconds() <= now);
        return if late { Err(Error::field(expire, "has passed")) } else { Ok(()) };
    }
    if !(EARLIEST..LATEST).contains(&now) {
        return Err(Error::setting("clock", "is not set: an order says until when it may be paid"));
    }
    let now = ChinaTime::from_unix(now)?;
    given.time(start, now);
    given.time(expire, now.plus(rules.lasts)?);
    Ok(())
}

/// The fields of an order's time, which are new with each number.
pub(super) fn is_of_period(name: &str, endpoint: &Endpoint) -> bool {
    matches!(endpoint.resolved_by, ResolvedBy::Order(_, rules) if rules.valid.0 == name || rules.valid.1 == name)
}

/// A slow clock of the device made the order's end too early. The gateway may take it all the same, so what it says of the
/// time is kept with the order.
pub(super) fn ordered_at(gateway_now: Option<i64>) -> Option<(String, String)> {
    let now = ChinaTime::from_unix(gateway_now?).ok()?;
    Some((ORDERED_AT.into(), now.digits()))
}

/// Whether an order's customer still has time, by the device's clock.
pub(super) fn is_within(entry: &Entry, rules: &OrderRules, now: i64) -> bool {
    expires(entry, rules).is_some_and(|expires| now < expires)
}

/// Whether a customer has what it takes to pay it, and time. By the device's clock: a person may wait, but not for ever.
pub(super) fn may_be_paid(entry: &Entry, endpoint: &Endpoint, now: i64) -> bool {
    let ResolvedBy::Order(_, rules) = endpoint.resolved_by else { return false };
    let ordered = matches!(entry.state, EntryState::Settled(Settlement::Ordered { .. }));
    ordered && expires(entry, rules).is_some_and(|expires| now < expires.saturating_add(margin(rules)))
}

/// Whether an order that was never sent may still be sent as it is: half of its time is left.
pub(super) fn leaves_time(entry: &Entry, rules: &OrderRules, now: i64) -> bool {
    let (Some(starts), Some(expires)) = (time(entry, rules.valid.0), expires(entry, rules)) else { return false };
    let half = expires.saturating_sub(starts) / 2;
    starts <= now && now <= starts.saturating_add(half)
}

/// Whether an order that is not paid yet can no longer be paid: its time is over, and a margin, by the time that came with
/// the very answer that says so. A transport that does not tell the gateway's time leaves the order open until it is closed.
pub(super) fn has_expired(entry: &Entry, endpoint: &Endpoint, date: Option<i64>) -> bool {
    let ResolvedBy::Order(_, rules) = endpoint.resolved_by else { return false };
    let (Some(starts), Some(expires), Some(date)) = (time(entry, rules.valid.0), expires(entry, rules), date) else {
        return false;
    };
    let ordered_at = match &entry.state {
        EntryState::Settled(Settlement::Ordered { evidence }) => {
            let at = evidence.iter().find(|(name, _)| name == ORDERED_AT);
            at.and_then(|(_, at)| ChinaTime::read(at)).map(ChinaTime::unix_seconds)
        }
        _ => None,
    };
    let lasts = expires.saturating_sub(starts);
    let end = ordered_at.map_or(expires, |at| expires.max(at.saturating_add(lasts)));
    date >= end.saturating_add(margin(rules))
}

fn margin(rules: &OrderRules) -> i64 {
    i64::try_from(rules.margin.as_secs()).unwrap_or(i64::MAX)
}

/// A field of the entry that holds a time, in seconds since 1970.
fn time(entry: &Entry, field: &str) -> Option<i64> {
    entry.field(field).and_then(ChinaTime::read).map(ChinaTime::unix_seconds)
}

/// Until when the order may be paid.
fn expires(entry: &Entry, rules: &OrderRules) -> Option<i64> {
    time(entry, rules.valid.1)
}
