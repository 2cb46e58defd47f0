//! What a decision is made from, what can happen, and what can be done next.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::given_back::Refunds;
use crate::clock::EARLIEST;
use crate::endpoint::{Endpoint, Means, OrderRules, RefundRules, Resolution, ResolvedBy, ReversalRules};
use crate::gateways::account::Profile;
use crate::journal::{Entry, EntryState, JournalFault, Settlement};
use crate::outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal, Words};
use crate::till::period::ordered_at;
use crate::till::receipt::Evidence;
use crate::till::seen::{Seen, Times};
use crate::till::trust::Unfit;
use crate::wire::pairs::Pairs;

/// Attempts and questions about one number are at least this far apart (protocol R.4).
pub(in crate::till) const APART: Duration = Duration::from_secs(1);
/// The longest wait between two questions.
pub(in crate::till) const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// The longest pause before a repeat.
pub(in crate::till) const LONGEST_BEFORE_REPEAT: Duration = Duration::from_secs(300);
/// How many order numbers one call of `pay` may use up, where each answer is lost and nobody can pay without it.
pub(in crate::till) const MOST_NUMBERS: u32 = 3;

/// What a decision is made from.
#[derive(Clone, Copy)]
pub(in crate::till) struct Case<'a> {
    pub endpoint: &'static Endpoint,
    pub profile: &'a Profile,
    pub entry: &'a Entry,
    pub seen: &'a Seen,
    pub times: Times,
    /// An earlier opening of the journal began it. In a backup that was restored it may have been sent since.
    pub is_from_before: bool,
}

/// What happened.
pub(in crate::till) enum Event {
    /// `pay` was called, and this entry decides ([`deciding`]).
    Pay(Look),
    /// `pay` or `recover` goes on with an entry that is pending. True: a repeat is possible.
    Resume { repeats: bool },
    /// Its stored fields cannot be sent again.
    NotFit(Unfit),
    /// An attempt cannot be made, or not the one after this refusal. With words, where the stored fields were changed.
    NotMade { changed: Option<String>, refused: Option<Refusal> },
    /// An attempt ended.
    Attempt(Ended),
    /// A repeat ended. With the wait before it.
    Repeat(Ended, Duration),
    /// Somebody wants to know what became of it.
    Question,
    /// The gateway was asked.
    Answer(Answered),
    /// The gateway was asked what the refunds of its order come to.
    Refunds(Result<Refunds, Doubt>),
    /// A signed notification says that it is paid, with this evidence. True: the account trusts notifications alone.
    Notified(Vec<(String, String)>, bool),
    /// Its customer is not waited for any more.
    Close,
    /// The caller keeps money that came late.
    AcceptLate,
    /// The caller wants it taken back.
    Reverse,
    /// It contradicts itself, in these words.
    Distrust(String),
}

/// What `pay` knows of an intent besides its entries.
#[derive(Default)]
pub(in crate::till) struct Look {
    /// A notification says that an order of it is paid that was given up.
    pub called_paid: bool,
    /// What is left of the pauses that the gateway asks for.
    pub pause: Option<Duration>,
    /// The stored fields may be sent as they are ([`goes_again`]).
    pub goes_again: bool,
    /// The caller brings other fields, or those that were blanked.
    pub mended: bool,
}

/// How an attempt or a repeat ended.
pub(in crate::till) enum Ended {
    Judged(Outcome<Pairs>),
    /// No byte left, for this reason.
    NotSent(String),
    /// There was no time for the gateway's pause before it.
    NoTime,
    /// It could not be counted in the journal first.
    NotCounted(JournalFault),
}

/// What the gateway's query says, and when by its own time.
pub(in crate::till) struct Answered {
    pub answer: Answer<Pairs>,
    pub date: Option<i64>,
    pub asking: Asking,
    /// The wait before it.
    pub waited: Duration,
    /// Its customer is not waited for any more.
    pub cancelled: bool,
}

/// What is wanted of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::till) enum Asking {
    /// What became of it.
    Everything,
    /// Whether it is paid: nothing else ends an order that was given up or that a notification names.
    IfPaid,
    /// Whether late money is still there, to be kept.
    ToKeepIt,
    /// A bill says otherwise than the journal: only "paid" is written, and whatever else is said is told.
    AfterABill,
}

/// What is done next.
pub(in crate::till) enum Step {
    /// A new number for the intent, and its first attempt.
    NewNumber,
    /// The entry is opened again, and its number sent again.
    SameNumber,
    /// Its number is sent again after this wait. Without time for it this refusal stands.
    SameNumberAfter(Duration, Refusal),
    /// Go on with the entry: see [`Event::Resume`].
    Resume,
    /// The identical payment is sent again after this wait. Without time for it, or without leave to repeat, this stands.
    Repeat(Duration, Doubt),
    /// The gateway is asked after this wait. Without time for it this stands.
    Ask(Duration, Doubt),
    /// The gateway is asked whether it is paid, and nothing else.
    AskIfPaid,
    /// The pause that the gateway wants.
    Wait(Duration),
    /// The money is taken back after this wait; then the gateway is asked. Without leave, or time for another one, this stands.
    Reverse(Duration, Doubt),
    /// The gateway is asked what the order's refunds come to.
    Refunds,
    /// Before another number begins the gateway is asked about this refusal once more.
    Confirm,
    /// The gateway closes the order; then it is asked. Without an answer this stands.
    Close(Doubt),
    /// This is written, and told with this proof.
    Write(Settlement, Option<Evidence<Pairs>>),
    /// It is written as abandoned: nobody can pay it. A new number may be used.
    GiveUp(Doubt),
    /// What the journal has is told.
    Report,
    /// Nothing is known.
    Unknown(Doubt),
    /// It is not done, in these words.
    Refuse(&'static str),
}

/// What a person found, and whether a thread works on the entry.
pub(in crate::till) struct Looked<'a> {
    pub paid: bool,
    pub name: &'a str,
    pub reason: &'a str,
    pub busy: bool,
    pub of_intent: &'a [Entry],
    /// This process's own time since it handed out the URL, or since it was opened.
    pub since: Duration,
    /// Five minutes have passed since the last reversal, and the query said since then that it is paid.
    pub reversal_is_over: bool,
}

pub(in crate::till) fn declined(refusal: Refusal) -> Step {
    let Refusal { code, text, next } = refusal;
    Step::Write(Settlement::Declined { code, text, next }, None)
}

pub(in crate::till) fn for_a_person(reason: impl Into<Cow<'static, str>>) -> Step {
    Step::Write(Settlement::ForAPerson { reason: reason.into() }, None)
}

/// Not paid, and never will be: a new number may be used.
pub(in crate::till) fn unpaid(code: &str, words: &str) -> Refusal {
    Refusal { code: code.into(), text: words.into(), next: Next::NewNumber }
}

/// Each wait is twice the one before it.
pub(in crate::till) fn longer(waited: Duration, longest: Duration) -> Duration {
    waited.saturating_mul(2).clamp(APART, longest)
}

/// Whether nobody was to pay it any more.
pub(in crate::till) fn is_given_up(entry: &Entry) -> bool {
    matches!(
        entry.state,
        EntryState::Recorded(
            Settlement::Abandoned
                | Settlement::Declined { .. }
                | Settlement::Unproven { .. }
                | Settlement::NotSent
                | Settlement::ByHand { paid: false, .. }
        )
    )
}

/// Whether nobody but a person could tell.
pub(super) fn is_left_to_a_person(entry: &Entry) -> bool {
    matches!(entry.state, EntryState::Recorded(Settlement::ForAPerson { .. }))
}

/// Whether it ends an order as unpaid by what the gateway said. (By hand, a person looked.)
pub(in crate::till) fn is_unpaid(settlement: &Settlement) -> bool {
    matches!(
        settlement,
        Settlement::Abandoned | Settlement::Declined { .. } | Settlement::Unproven { .. } | Settlement::NotSent
    )
}

/// The answer was lost that would have let a customer pay.
pub(in crate::till) const GIVEN_UP: Settlement = Settlement::Abandoned;

/// Whether its customer may pay it from now on.
pub(in crate::till) fn is_handed_out(settlement: &Settlement) -> bool {
    matches!(settlement, Settlement::Ordered { .. })
}

/// Whether its order is still asked about.
pub(in crate::till) fn is_still_asked(settlement: &Settlement) -> bool {
    matches!(
        settlement,
        Settlement::Ordered { .. }
            | Settlement::Abandoned
            | Settlement::Refunding { .. }
            | Settlement::Unproven { .. }
            | Settlement::ForAPerson { .. }
    )
}

/// Whether this leaves an order to a person that the gateway once handed out: that must not be forgotten.
pub(in crate::till) fn leaves_known(entry: &Entry, seen: &Seen, settlement: &Settlement) -> bool {
    let handed_out = matches!(entry.state, EntryState::Recorded(Settlement::Ordered { .. }));
    matches!(settlement, Settlement::ForAPerson { .. }) && (handed_out || seen.withheld.is_some())
}

/// Whether money moved, in time.
pub(in crate::till) fn is_accepted(settlement: &Settlement) -> bool {
    matches!(settlement, Settlement::Accepted { .. })
}

/// Whether the money came after its order was given up.
pub(in crate::till) fn is_late(settlement: &Settlement) -> bool {
    matches!(settlement, Settlement::PaidLate { .. })
}

/// Whether somebody must look at it: it is logged as a warning.
pub(in crate::till) fn needs_a_look(settlement: &Settlement) -> bool {
    is_late(settlement) || matches!(settlement, Settlement::ForAPerson { .. })
}

/// Whether it is paid, and the journal could not take that.
pub(in crate::till) fn is_paid_unwritten(seen: &Seen) -> bool {
    matches!(seen.unwritten, Some(Settlement::Accepted { .. } | Settlement::PaidLate { .. }))
}

/// What an attempt's refusal comes to that the query has yet to confirm, where what was sent before it is proven unpaid: the document
/// wants the query; or the journal may be a backup, which forgot that this number was sent and paid.
pub(in crate::till) fn to_confirm(case: &Case<'_>, outcome: &Outcome<Pairs>) -> Option<Refusal> {
    let doubt = match outcome {
        Outcome::Declined(refusal) => return Some(refusal.clone()).filter(|_| case.is_from_before),
        Outcome::Unknown(doubt) if matches!(doubt.reason, Reason::Unconfirmed | Reason::EarlierAttempt) => doubt,
        _ => return None,
    };
    match case.endpoint.reply.meaning(&doubt.code) {
        Means::RefusedUnlessKnown(next) => {
            Some(Refusal { code: doubt.code.clone(), text: doubt.text.clone().into_owned(), next })
        }
        _ => None,
    }
}

/// What an attempt's answer leaves as the gateway's last words. After a restart a refusal is known by its code alone: a code that its table
/// calls a refusal, in a reply that makes none of it (without `need_query` N, protocol C.4.4; or tied to no order), gets a mark.
pub(in crate::till) fn words_of(case: &Case<'_>, outcome: &Outcome<Pairs>) -> Option<Words> {
    match (to_confirm(case, outcome), outcome) {
        (Some(Refusal { code, text, .. }), _) => Some(Words { code, text }),
        (None, Outcome::Unknown(doubt)) => {
            let by_table = matches!(case.endpoint.reply.meaning(&doubt.code), Means::RefusedUnlessKnown(_));
            let code = if by_table { Words::no_refusal(&doubt.code) } else { doubt.code.clone() };
            Some(Words { code, text: doubt.text.clone().into_owned() })
        }
        (None, _) => None,
    }
}

/// The same after a restart, by the words of the only attempt.
pub(super) fn unconfirmed_before(case: &Case<'_>) -> Option<Refusal> {
    let only = case.entry.attempts == 1 && case.seen.attempts == 0;
    let Words { code, text } = case.entry.last_words.clone().filter(|_| only)?;
    match case.endpoint.reply.meaning(&code) {
        Means::RefusedUnlessKnown(next) => Some(Refusal { code, text, next }),
        _ => None,
    }
}

pub(in crate::till) const CONTRADICTED: &str =
    "a signed notification says that it is paid, and the gateway's query does not: ask again, or look at the platform";

/// Who says the truth, the notification or the query? Nobody guesses.
pub(in crate::till) fn contradicted() -> Doubt {
    Doubt::new(Reason::OpenCode, CONTRADICTED)
}

impl Case<'_> {
    pub(in crate::till) fn order(&self) -> Option<(&'static Resolution, &'static OrderRules)> {
        match self.endpoint.resolved_by {
            ResolvedBy::Order(resolution, rules) => Some((resolution, rules)),
            _ => None,
        }
    }

    pub(in crate::till) fn reversal(&self) -> Option<(&'static Resolution, &'static ReversalRules)> {
        match self.endpoint.resolved_by {
            ResolvedBy::Reversal(resolution, rules) => Some((resolution, rules)),
            _ => None,
        }
    }

    pub(in crate::till) fn refund(&self) -> Option<(&'static Resolution, &'static RefundRules)> {
        let resolution = self.by_query()?;
        Some((resolution, resolution.refund?))
    }

    /// The query by which it is resolved.
    pub(in crate::till) fn by_query(&self) -> Option<&'static Resolution> {
        self.endpoint.by_query()
    }

    /// How long ago something was, in this process's own time.
    pub(in crate::till) fn since(&self, at: Duration) -> Duration {
        self.times.monotonic.saturating_sub(at)
    }

    /// Whether the query ever knew it.
    pub(in crate::till) fn was_known(&self) -> bool {
        self.entry.known || self.seen.known
    }

    /// Whether "not found" was counted so long ago, and nothing else was said since.
    pub(in crate::till) fn not_found_for(&self, time: Duration) -> bool {
        self.seen.not_found_since.is_some_and(|first| self.since(first) >= time)
    }

    /// Whether the clock of its last attempt was right, as the gateway's time shows. `None`: no gateway tells the time.
    pub(in crate::till) fn had_right_clock(&self, date: Option<i64>) -> Option<bool> {
        let now = date.or(self.times.gateway)?;
        Some((EARLIEST..=now).contains(&self.entry.last_attempt_at))
    }

    /// How often it was to be reversed, also where the journal could not say whether it has that.
    pub(in crate::till) fn reversals(&self) -> u32 {
        self.entry.reversals.max(self.seen.reversals)
    }

    /// How long ago the gateway last heard of this entry from this process must be a second: what is left of it.
    pub(in crate::till) fn apart(&self) -> Duration {
        let last = self.seen.asked.max(self.seen.last_attempt);
        last.map_or(Duration::ZERO, |last| APART.saturating_sub(self.since(last)))
    }

    /// How long ago the last attempt was, in this process's own time: at least so long.
    pub(in crate::till) fn since_attempt(&self) -> Duration {
        self.since(self.seen.last_attempt.unwrap_or(self.times.opened).max(self.times.opened))
    }

    /// What time it is, as far as money may be moved by it: the gateway's, as it came with this very answer or with the last one; or,
    /// where this process began it, the device's.
    pub(in crate::till) fn now(&self, date: Option<i64>) -> Option<i64> {
        date.or(self.times.gateway).or(self.seen.begun.map(|_| self.times.now))
    }

    /// How long ago it was begun, where that is known: by a clock that was plausible then and did not go back since, and by the own time
    /// of the process that began it. A board without a battery boots with the time of its last shutdown: without the gateway's
    /// time the age of what another process began is unknown, and then nothing moves.
    pub(in crate::till) fn age(&self, date: Option<i64>) -> Option<Duration> {
        let (Case { entry, seen, .. }, now) = (self, self.now(date)?);
        let plausible = entry.begun_at >= EARLIEST && now >= entry.last_attempt_at;
        let age = Duration::from_secs(u64::try_from(now.saturating_sub(entry.begun_at)).ok()?);
        let own = seen.begun.map_or(Duration::ZERO, |begun| self.since(begun));
        plausible.then_some(age.max(own))
    }

    /// The same, where being taken for old ends the asking. What this process began is as old as its own time says: the clock that stood
    /// in the entry may have been slow by weeks. What another one began is as old as this process at least, whatever a fast clock stored.
    /// A refusal without proof is as old as its record, which was written after the gateway had told the time.
    pub(in crate::till) fn surely(&self, date: Option<i64>) -> Option<Duration> {
        if let Some(begun) = self.seen.begun {
            return Some(self.since(begun));
        }
        let written = || self.now(date)?.checked_sub(self.entry.settled_at?);
        let by_date = match self.entry.is_unproven() {
            true => written().and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs),
            false => self.age(date),
        };
        by_date.max(self.is_from_before.then(|| self.since(self.times.opened)))
    }

    /// What is left of the pause before the next repeat, which is twice the one before it: 1 s to 5 min. After a restart the
    /// device's clock counts, too: a repeat that comes too early is one more question.
    pub(in crate::till) fn until_repeat(&self) -> Duration {
        let attempts = self.entry.attempts.max(self.seen.attempts);
        // Of a refund the page asks for seconds, and a minute at most (POS flows 20.12).
        let (first, longest) = self.refund().map_or((APART, LONGEST_BEFORE_REPEAT), |(_, rules)| rules.repeats);
        let pause = first.saturating_mul(1 << attempts.saturating_sub(1).min(9)).min(longest);
        let by_clock = u64::try_from(self.times.now.saturating_sub(self.entry.last_attempt_at)).unwrap_or(0);
        let since = match self.seen.last_attempt {
            Some(_) => self.since_attempt(),
            None => self.since_attempt().max(Duration::from_secs(by_clock)),
        };
        pause.saturating_sub(since)
    }

    /// What an order comes to that is paid. Money for one that was given up is late, and so is money for an order that was left to a
    /// person: nobody waits for it any more, and whoever looks at it decides.
    pub(in crate::till) fn payment(&self, queried: bool, evidence: Vec<(String, String)>) -> Settlement {
        let left = self.endpoint.takes_money() && is_left_to_a_person(self.entry);
        match is_given_up(self.entry) || left || self.reversals() > 0 {
            true => Settlement::PaidLate { evidence },
            false => Settlement::Accepted { queried, evidence },
        }
    }

    /// The order exists.
    pub(in crate::till) fn hand_out(&self, mut evidence: Vec<(String, String)>, proof: Evidence<Pairs>) -> Step {
        evidence.extend(ordered_at(self.times.gateway));
        Step::Write(Settlement::Ordered { evidence }, Some(proof))
    }
}
