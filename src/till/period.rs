//! From when to when an order may be paid.
//!
//! Document: seed 002; protocol C.2, C.4. The device's clock may be wrong, and made the order's end wrong, too: what ends an
//! order is the gateway's own time.

use alloc::string::String;
use core::time::Duration;

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
        let expires = ChinaTime::read(expires).map(ChinaTime::unix_seconds);
        let starts = given.get(start).and_then(ChinaTime::read).map(ChinaTime::unix_seconds);
        let lasts = expires.zip(starts).map(|(expires, starts)| expires.saturating_sub(starts));
        return match (expires, lasts) {
            (Some(expires), _) if expires <= now => Err(Error::field(expire, "has passed")),
            (_, Some(lasts)) if lasts < seconds(rules.least) => {
                Err(Error::field(expire, alloc::format!("must be {} s after {start}, or later", rules.least.as_secs())))
            }
            _ => Ok(()),
        };
    }
    if !(EARLIEST..LATEST).contains(&now) {
        return Err(Error::setting("clock", "is not set: an order says until when it may be paid"));
    }
    let now = ChinaTime::from_unix(now)?;
    given.time(start, now);
    given.time(expire, now.plus(rules.lasts)?);
    Ok(())
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

/// Whether a customer has what it takes to pay it, and time. By the device's clock: a person may wait, but not for ever. A clock that
/// was years ahead made the end of it, too: by this process's own time no page of it lives any more.
pub(super) fn may_be_paid(entry: &Entry, endpoint: &Endpoint, now: i64, since: Duration) -> bool {
    let ResolvedBy::Order(_, rules) = endpoint.resolved_by else { return false };
    let ordered = matches!(entry.state, EntryState::Recorded(Settlement::Ordered { .. }));
    let lives = since < rules.gone.max(lasts(entry, rules).unwrap_or_default().saturating_add(rules.margin));
    ordered && lives && expires(entry, rules).is_some_and(|expires| now < expires.saturating_add(seconds(rules.margin)))
}

/// Whether an order that was never sent may still be sent as it is: half of its time is left.
pub(super) fn leaves_time(entry: &Entry, rules: &OrderRules, now: i64) -> bool {
    let (Some(starts), Some(expires)) = (time(entry, rules.valid.0), expires(entry, rules)) else { return false };
    let half = expires.saturating_sub(starts) / 2;
    starts <= now && now <= starts.saturating_add(half)
}

/// Whether an order's time is over, and a margin: by the time that came with the very answer, or by this process's own since
/// it handed the URL out. Then it may be closed; it may still be paid.
pub(super) fn is_over(entry: &Entry, rules: &OrderRules, date: Option<i64>, since: Option<Duration>) -> bool {
    let Some(lasts) = lasts(entry, rules) else { return false };
    let end = match ordered_at_of(entry).or_else(|| time(entry, rules.valid.0)) {
        Some(began) => expires(entry, rules).unwrap_or(began).max(began.saturating_add(seconds(lasts))),
        None => return false,
    };
    let by_date = date.is_some_and(|date| date >= end.saturating_add(seconds(rules.margin)));
    by_date || since.is_some_and(|since| since >= lasts.saturating_add(rules.margin))
}

/// Whether an order can no longer be paid although nobody closed it: so long after it was made by the gateway's time, then
/// and now, and by this process's own.
pub(super) fn is_gone(entry: &Entry, rules: &OrderRules, date: Option<i64>, since: Duration) -> bool {
    let Some(lasts) = lasts(entry, rules) else { return false };
    let gone = rules.gone.max(lasts.saturating_add(rules.margin));
    let by_date = ordered_at_of(entry).zip(date);
    since >= gone && by_date.is_some_and(|(began, date)| date >= began.saturating_add(seconds(gone)))
}

/// When it was made, by the gateway's time.
fn ordered_at_of(entry: &Entry) -> Option<i64> {
    let EntryState::Recorded(Settlement::Ordered { evidence }) = &entry.state else { return None };
    let (_, at) = evidence.iter().find(|(name, _)| name == ORDERED_AT)?;
    ChinaTime::read(at).map(ChinaTime::unix_seconds)
}

fn lasts(entry: &Entry, rules: &OrderRules) -> Option<Duration> {
    let lasts = expires(entry, rules)?.saturating_sub(time(entry, rules.valid.0)?);
    u64::try_from(lasts).ok().map(Duration::from_secs)
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// A field of the entry that holds a time, in seconds since 1970.
fn time(entry: &Entry, field: &str) -> Option<i64> {
    entry.field(field).and_then(ChinaTime::read).map(ChinaTime::unix_seconds)
}

/// Until when the order may be paid.
fn expires(entry: &Entry, rules: &OrderRules) -> Option<i64> {
    time(entry, rules.valid.1)
}
