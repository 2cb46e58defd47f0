//! What goes, and what stays without its fields: in steps, from the oldest day on.

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::changes::{Decided, blank};
use super::faults::{OrFault, Result};
use super::gone;
use super::keys::{self, Kind, Prefix};
use super::past;
use super::reading::existing;
use super::seal::{self, Entries};
use crate::clock::EARLIEST;
use crate::journal::entry::{Entry, EntryId, EntryState, Settlement};
use crate::outcome::Next;

/// 48 weeks: so much longer refunds stay, and the orders that they are of.
const LONGER: i64 = 29_030_400;

/// What is old, and what a till keeps of it.
pub(super) struct Rule<'a> {
    pub(super) acknowledged_before: i64,
    pub(super) since: i64,
    pub(super) decided: Decided<'a>,
}

impl Rule<'_> {
    /// Whether the fields of an entry go. Where nobody can say what decides of them, nothing is made of it, and nothing is written: not
    /// with each round, either.
    fn blanks(&self, entry: &Entry, age: &Age) -> bool {
        age.old && !age.again && !entry.fields.is_empty() && (self.decided)(entry).is_some()
    }
}

/// Where a step begins: at a row of days, behind an entry of it.
#[derive(Clone)]
pub(super) struct Place {
    key: Vec<u8>,
    behind: EntryId,
}

impl Place {
    /// Where the first step begins.
    pub(super) fn first() -> Place {
        Place { key: Prefix::of(Kind::Day).0, behind: 0 }
    }
}

/// The entries that a step looks at, and where the next one begins: nowhere, when all that is old was seen.
pub(super) struct Window {
    ids: Vec<EntryId>,
    pub(super) next: Option<Place>,
}

/// Some past entries from a place on, by their days.
pub(super) fn window(connection: &Connection, rule: &Rule<'_>, from: &Place, most: usize) -> Result<Window> {
    let last_day = u32::try_from(rule.acknowledged_before.div_euclid(86_400)).unwrap_or_default();
    let (mut ids, mut next) = (Vec::new(), None);
    keys::each_from(connection, &from.key, &mut |key| {
        let is_old = key.key.first() == Some(&(Kind::Day as u8)) && key.day() <= last_day;
        if !is_old {
            return Ok(false);
        }
        for id in key.ids() {
            if key.key == from.key && id <= from.behind {
                continue;
            }
            if ids.len() >= most {
                let behind = ids.last().filter(|last| key.ids().contains(last)).copied().unwrap_or_default();
                next = Some(Place { key: key.key.clone(), behind });
                return Ok(false);
            }
            ids.push(id);
        }
        Ok(true)
    })?;
    Ok(Window { ids, next })
}

/// What becomes of an entry.
enum Fate {
    Stays,
    Blanked,
    /// With all of its intent.
    Goes(Vec<Entry>),
}

/// Whether a step would change something.
pub(super) fn has_work(connection: &Connection, rule: &Rule<'_>, window: &Window) -> Result<bool> {
    for id in &window.ids {
        let Some(entry) = past::one(connection, *id)? else { continue };
        if !matches!(fate(connection, rule, &entry)?, Fate::Stays) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns how many went.
///
/// An intent goes as a whole: if its newest entry went before an older one, the older one would speak for it. A time
/// from a clock that was not set is replaced by that of the next entry with a plausible one; without one it is young.
/// What may be sent again under its number is not blanked. Refunds stay 48 weeks longer, and so does the order that they are of: it can be
/// refunded for a year, and its refunds are summed up, by whichever of its numbers. A refusal without proof stays until the query said
/// what became of it.
pub(super) fn step(change: &Transaction<'_>, rule: &Rule<'_>, window: &Window) -> Result<u32> {
    let mut gone = 0_u32;
    for id in &window.ids {
        // It may have gone with its intent just now.
        let Some(entry) = past::one(change, *id)? else { continue };
        match fate(change, rule, &entry)? {
            Fate::Stays => {}
            Fate::Blanked => {
                past::awake(change, entry.id)?;
                blank(change, entry.id, rule.decided)?;
                past::put_away(change, &[entry.id])?;
                seal::count_past(change, 1)?;
            }
            Fate::Goes(all) => {
                gone::add(change, &entry.intent)?;
                all.iter().try_for_each(|one| past::take_out(change, one))?;
                gone = gone.saturating_add(u32::try_from(all.len()).unwrap_or(u32::MAX));
            }
        }
    }
    if gone > 0 {
        seal::count_pruned(change, gone.into())?;
    }
    Ok(gone)
}

fn fate(connection: &Connection, rule: &Rule<'_>, entry: &Entry) -> Result<Fate> {
    let age = Age::of(connection, rule, entry)?;
    if !age.old {
        return Ok(Fate::Stays);
    }
    let all = past::of_intent(connection, &entry.intent)?;
    let mut goes = true;
    for one in &all {
        let age = Age::of(connection, rule, one)?;
        // One of the others may be put away in the next step.
        goes = goes && age.old && age.free && !past::is_among_others(connection, one.id)?;
    }
    Ok(match goes {
        true => Fate::Goes(all),
        false if rule.blanks(entry, &age) => Fate::Blanked,
        false => Fate::Stays,
    })
}

/// What is old, and has fields yet, among the entries that cannot be put away.
pub(super) fn others_to_blank(connection: &Connection, rule: &Rule<'_>) -> Result<Vec<EntryId>> {
    let select = "SELECT id FROM entries WHERE acknowledged_at < ?1 AND field_count IS NOT NULL ORDER BY id";
    let mut ids = connection.prepare(select).or_fault()?;
    let ids = ids.query_map([rule.acknowledged_before], |row| row.get(0)).or_fault()?;
    let mut found = Vec::new();
    for id in ids.collect::<rusqlite::Result<Vec<EntryId>>>().or_fault()? {
        let entry = existing(&mut Entries::one(connection)?, id)?;
        let age = Age::of(connection, rule, &entry)?;
        if rule.blanks(&entry, &age) {
            found.push(id);
        }
    }
    Ok(found)
}

/// How an entry stands to a rule.
struct Age {
    old: bool,
    /// Nothing keeps it.
    free: bool,
    /// It may be sent again under its number.
    again: bool,
}

impl Age {
    fn of(change: &Connection, rule: &Rule<'_>, entry: &Entry) -> Result<Age> {
        let again = matches!(
            entry.state,
            EntryState::Recorded(
                Settlement::Declined { next: Next::SameNumber | Next::SameNumberLater(_), .. }
                    | Settlement::Unproven { next: Next::SameNumber | Next::SameNumberLater(_), .. }
            )
        );
        let begun = match entry.begun_at >= EARLIEST {
            true => Some(entry.begun_at.max(entry.last_attempt_at).max(entry.settled_at.unwrap_or(0))),
            false => next_dated(change, entry.id)?,
        };
        let Some((begun, acknowledged)) = begun.zip(entry.acknowledged_at) else {
            return Ok(Age { old: false, free: false, again });
        };
        let latest = begun.max(acknowledged);
        let old = latest < rule.acknowledged_before;
        let longer = if is_of_refund(change, entry)? { LONGER } else { 0 };
        let proven = matches!(entry.state, EntryState::Recorded(ref state) if !matches!(state, Settlement::Unproven { .. } | Settlement::Refunding { .. }));
        let is_free = latest < rule.since.saturating_sub(longer) && proven;
        Ok(Age { old, free: old && is_free && !has_word(change, entry.id)?, again })
    }
}

fn has_word(change: &Connection, id: EntryId) -> Result<bool> {
    let found = "SELECT 1 FROM by_hand WHERE entry = ?1 LIMIT 1";
    Ok(change.query_row(found, [id], |_| Ok(())).optional().or_fault()?.is_some())
}

/// A refund, or an order with refunds.
fn is_of_refund(change: &Connection, entry: &Entry) -> Result<bool> {
    if entry.of.is_some() || !past::refunds_of(change, &entry.account, &entry.order_number)?.is_empty() {
        return Ok(true);
    }
    let found = "SELECT 1 FROM entries WHERE account = ?1 AND of_order = ?2 LIMIT 1";
    let found = change.query_row(found, [&entry.account, &entry.order_number], |_| Ok(()));
    Ok(found.optional().or_fault()?.is_some())
}

/// When the next entry was begun whose time is plausible.
fn next_dated(change: &Connection, id: EntryId) -> Result<Option<i64>> {
    let later = "SELECT id, begun_at FROM entries WHERE id > ?1 AND begun_at >= ?2 ORDER BY id LIMIT 1";
    let other = change.query_row(later, [id, EARLIEST], |row| Ok((row.get(0)?, row.get(1)?))).optional().or_fault()?;
    let found = [past::next_begun(change, id)?, other];
    Ok(found.into_iter().flatten().min().map(|(_, begun)| begun))
}
