//! What a journal must hold after each call, by the words of the trait.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::journal::{Entry, EntryId, EntryState, Mended, NewEntry, Numbered, Settlement};
use crate::money::Fen;
use crate::outcome::{Next, Words};

/// A payment that the contract begins.
#[derive(Clone)]
pub(super) struct Sale {
    pub(super) account: &'static str,
    pub(super) call: &'static str,
    pub(super) intent: String,
    pub(super) amount: Fen,
    pub(super) of: Option<String>,
    pub(super) at: i64,
    /// What is sent, beside the order number.
    pub(super) fields: Vec<(String, String)>,
}

impl Sale {
    pub(super) fn entry(&self) -> NewEntry<'_> {
        let Sale { account, call, intent, amount, of, at, .. } = self;
        NewEntry { account, call, intent, amount: *amount, of: of.as_deref(), at: *at }
    }
}

/// One call that changes something.
#[derive(Clone)]
pub(super) enum Act {
    Begin(Sale),
    Attempt,
    Reversing,
    Settle(Settlement),
    Reopen(Option<Mended>),
    AllowAgain,
    Note(bool, Option<Words>),
    Acknowledge,
}

impl Act {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Act::Begin(_) => "begin",
            Act::Attempt => "attempt",
            Act::Reversing => "reversing",
            Act::Settle(_) => "settle",
            Act::Reopen(_) => "reopen",
            Act::AllowAgain => "allow_again",
            Act::Note(..) => "note",
            Act::Acknowledge => "acknowledge",
        }
    }
}

/// The trait's rules forbid it.
pub(super) struct Forbidden;

/// What the journal must hold.
#[derive(Clone, Default)]
pub(super) struct Model {
    /// In the order of their numbers.
    pub(super) entries: Vec<Entry>,
    /// The highest number that was ever given.
    pub(super) highest: EntryId,
    /// Intents that were pruned.
    pub(super) gone: Vec<String>,
}

impl Model {
    pub(super) fn newest(&self, intent: &str) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.intent == intent)
    }

    pub(super) fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// Whether a new entry of this intent may begin ([`Entry::lets_begin`]).
    pub(super) fn lets_begin(&self, sale: &Sale) -> bool {
        let newest = self.newest(&sale.intent);
        !self.gone.contains(&sale.intent) && newest.is_none_or(|newest| newest.lets_begin(&sale.entry()))
    }

    pub(super) fn begin(&mut self, id: EntryId, sale: &Sale, numbered: Numbered) {
        self.entries.push(Entry::new(id, &sale.entry(), numbered.order_number, numbered.fields));
        self.highest = self.highest.max(id);
    }

    /// Any change but a beginning. `false`: it is allowed, and changes nothing.
    pub(super) fn change(&mut self, id: EntryId, act: &Act, at: i64) -> Result<bool, Forbidden> {
        let entry = self.entries.iter_mut().find(|entry| entry.id == id).ok_or(Forbidden)?;
        if change(entry, act, at)? {
            entry.revision = entry.revision.saturating_add(1);
            return Ok(true);
        }
        Ok(false)
    }
}

fn change(entry: &mut Entry, act: &Act, at: i64) -> Result<bool, Forbidden> {
    let allowed = match act {
        Act::Begin(_) => false,
        Act::Attempt => entry.state == EntryState::Open,
        Act::Reversing => entry.may_be_reversed(),
        Act::Settle(settlement) => entry.takes(settlement),
        Act::Reopen(mended) => entry.allows_same_number() && (mended.is_some() || !entry.fields.is_empty()),
        Act::AllowAgain => entry.is_refused_for_good(),
        Act::Note(..) => true,
        Act::Acknowledge => entry.is_settled(),
    };
    if !allowed {
        return Err(Forbidden);
    }
    match act {
        Act::Begin(_) => {}
        Act::Attempt => count(entry, at),
        Act::Reversing => {
            entry.reversals = entry.reversals.saturating_add(1);
            entry.last_reversal_at = Some(at);
        }
        Act::Settle(settlement) => settle(entry, settlement, at),
        Act::Reopen(mended) => reopen(entry, mended.as_ref(), at),
        Act::AllowAgain => allow_again(entry),
        Act::Note(known, words) => {
            let before = (entry.known, entry.last_words.clone());
            entry.known |= known;
            entry.last_words = words.clone().or(entry.last_words.take());
            return Ok(before != (entry.known, entry.last_words.clone()));
        }
        Act::Acknowledge => {
            let first = entry.acknowledged_at.is_none();
            entry.acknowledged_at.get_or_insert(at);
            return Ok(first);
        }
    }
    Ok(true)
}

fn count(entry: &mut Entry, at: i64) {
    entry.attempts = entry.attempts.saturating_add(1);
    entry.last_attempt_at = at;
}

/// An unproven refusal that is proven stays acknowledged: nothing changed for whoever acted on it.
fn settle(entry: &mut Entry, settlement: &Settlement, at: i64) {
    let proves = entry.is_unproven() && matches!(settlement, Settlement::Declined { .. });
    entry.acknowledged_at = entry.acknowledged_at.filter(|_| proves);
    entry.state = EntryState::Recorded(settlement.clone());
    entry.settled_at = Some(at);
}

fn reopen(entry: &mut Entry, mended: Option<&Mended>, at: i64) {
    if entry.state == EntryState::Recorded(Settlement::NotSent) {
        entry.begun_at = at;
    }
    if let Some(mended) = mended {
        entry.amount = mended.amount;
        entry.fields.clone_from(&mended.fields);
        entry.decided = None;
    }
    entry.state = EntryState::Open;
    (entry.settled_at, entry.acknowledged_at) = (None, None);
    count(entry, at);
}

fn allow_again(entry: &mut Entry) {
    if let EntryState::Recorded(Settlement::Declined { next, .. } | Settlement::Unproven { next, .. }) =
        &mut entry.state
    {
        *next = Next::SameNumber;
    }
}

/// How what was found differs from what must be there, and whether the revision alone does, the acknowledgement alone, or more.
pub(super) enum Difference {
    Missing(String),
    Surplus(String),
    Revision(String),
    Acknowledgement(String),
    Other(String),
}

pub(super) fn difference(expected: &[Entry], found: &[Entry]) -> Option<Difference> {
    for entry in expected {
        let Some(have) = found.iter().find(|have| have.id == entry.id) else {
            return Some(Difference::Missing(say(entry, "is not there")));
        };
        if let Some(differs) = of_one(entry, have) {
            return Some(differs);
        }
    }
    let surplus = found.iter().find(|have| expected.iter().all(|entry| entry.id != have.id));
    if let Some(entry) = surplus {
        return Some(Difference::Surplus(say(entry, "is there, and must not be")));
    }
    let order = |entries: &[Entry]| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    let (wanted, have) = (order(expected), order(found));
    (wanted != have).then(|| Difference::Other(alloc::format!("the numbers are {have:?}; they must be {wanted:?}")))
}

fn say(entry: &Entry, what: &str) -> String {
    alloc::format!("entry {} of the intent {:?} {what}", entry.id, entry.intent)
}

fn of_one(expected: &Entry, found: &Entry) -> Option<Difference> {
    let pairs = members(expected).into_iter().zip(members(found));
    let differing: Vec<_> = pairs.filter(|((_, wanted), (_, have))| wanted != have).collect();
    let ((name, wanted), (_, have)) = differing.first()?;
    let text = say(expected, &alloc::format!("has the {name} {}; it must be {}", cut(have), cut(wanted)));
    let only = |sought: &str| differing.iter().all(|((name, _), _)| *name == sought);
    Some(match () {
        () if only("revision") => Difference::Revision(text),
        () if only("acknowledged_at") => Difference::Acknowledgement(text),
        () => Difference::Other(text),
    })
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Each member in words. All of it was made up by the contract, so it may be shown.
fn members(entry: &Entry) -> [(&'static str, String); 19] {
    fn word(value: &dyn core::fmt::Debug) -> String {
        alloc::format!("{value:?}")
    }
    [
        ("account", entry.account.clone()),
        ("call", entry.call.clone()),
        ("intent", entry.intent.clone()),
        ("order number", entry.order_number.clone()),
        ("amount", entry.amount.to_string()),
        ("of", word(&entry.of)),
        ("fields", word(&entry.fields)),
        ("begun_at", entry.begun_at.to_string()),
        ("attempts", entry.attempts.to_string()),
        ("last_attempt_at", entry.last_attempt_at.to_string()),
        ("known", entry.known.to_string()),
        ("last_words", word(&entry.last_words)),
        ("state", word(&Shown(&entry.state))),
        ("reversals", word(&(entry.reversals, entry.last_reversal_at))),
        ("settled_at", word(&entry.settled_at)),
        ("decided", word(&entry.decided)),
        ("revision", entry.revision.to_string()),
        ("acknowledged_at", word(&entry.acknowledged_at)),
        ("id", entry.id.to_string()),
    ]
}

/// A state with the values of its evidence, which `Debug` hides.
struct Shown<'a>(&'a EntryState);

impl core::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)?;
        let EntryState::Recorded(settlement) = self.0 else { return Ok(()) };
        match settlement {
            Settlement::Accepted { evidence, .. }
            | Settlement::PaidLate { evidence }
            | Settlement::Ordered { evidence }
            | Settlement::Refunding { evidence } => evidence.fmt(f),
            _ => Ok(()),
        }
    }
}
