//! Carries out the steps that `rules/` decides: sends, asks, repeats, waits, writes. It decides nothing.

use alloc::string::{String, ToString};
use core::time::Duration;

use super::desk::{Desk, Till};
use super::receipt::{Evidence, Found, Read};
use super::rules::{self, Answered, Asking, Ended, Event, Step};
use super::told::{self, Ran, Written};
use super::trust::{Unfit, fit};
use super::watch::{Call, Phase};
use crate::client::{Asked, Draft};
use crate::endpoint::{Endpoint, ResolvedBy};
use crate::error::Error;
use crate::journal::{Entry, EntryId, JournalFault, JournalFaultKind, Settlement};
use crate::outcome::{Answer, Doubt, Outcome, Reason, Refusal, Words};
use crate::wire::pairs::Pairs;

/// What a call without patience adds, so that it comes to its one question. Shorter than the pause before another one.
pub(super) const ONE_QUESTION: Duration = Duration::from_millis(500);
/// A question on a slow line, with its TLS handshake.
pub(super) const ENOUGH: Duration = Duration::from_secs(10);

/// What one payment or resolution works on.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub desk: &'a Desk,
    pub endpoint: &'static Endpoint,
    pub entry: &'a Entry,
    pub call: Call<'a>,
    pub read: Read,
}

/// How far a call came with taking a payment back.
#[derive(Default)]
pub(super) struct Reversing {
    /// The first reversal of this call was sent, or could not be.
    pub begun: bool,
    /// Why it cannot be sent from here.
    pub unable: Option<String>,
}

impl Till {
    pub(super) fn decide(&self, work: &Work<'_>, event: Event) -> Step {
        self.of_case(work.desk, work.endpoint, work.entry, |case| rules::step(case, event))
    }

    // ---- sending ----

    /// The first attempt of an entry, and the attempts after refusals that ask to come again.
    pub(super) fn attempt(&self, work: &Work<'_>, refused: Option<Refusal>) -> Result<Ran, Error> {
        let Work { desk, entry, call, .. } = *work;
        // Told first, because who is told may cancel.
        call.progress(&entry.order_number, Phase::Sending, Duration::ZERO);
        let draft = match call.is_cancelled() {
            true => Err(Unfit::Rule(Error::setting("watch", "the call was cancelled before anything was sent"))),
            false => self.draft(work),
        };
        let mut draft = match draft {
            Ok(draft) => draft,
            Err(unfit) => {
                let (changed, error) = match unfit {
                    Unfit::Changed(words) => (Some(words), None),
                    Unfit::Rule(error) => (None, Some(error)),
                };
                let error = error.filter(|_| refused.is_none());
                return self.ended(work, self.decide(work, Event::NotMade { changed, refused }), error);
            }
        };
        // Attempts that were never sent do not make this one a repeat.
        draft.attempts = u32::from(refused.is_some());
        draft.refusal = refused;
        loop {
            let attempts = draft.attempts;
            let outcome = desk.pipe.pay(desk.profile(), &mut draft, work.read);
            self.note_attempt(entry.id);
            let ended = match outcome {
                // It was not reached: the refusal is the one before.
                Ok(outcome) if draft.attempts == attempts && outcome.refusal().is_some() => {
                    Event::NotMade { changed: None, refused: outcome.refusal().cloned() }
                }
                Ok(outcome) => {
                    draft.marked |= self.note_outcome(work, &outcome);
                    Event::Attempt(Ended::Judged(outcome))
                }
                Err(error) => {
                    let step = self.decide(work, Event::Attempt(Ended::NotSent(error.to_string())));
                    return self.ended(work, step, Some(error));
                }
            };
            let step = match self.decide(work, ended) {
                Step::SameNumberAfter(wait, refusal) => {
                    // Not durable, not sent: the refusal is what is known.
                    if self.wait(&call, &entry.order_number, wait) && self.count_attempt(desk, entry, None).is_ok() {
                        call.progress(&entry.order_number, Phase::Sending, Duration::ZERO);
                        if !call.is_cancelled() {
                            continue;
                        }
                    }
                    rules::declined(refusal)
                }
                Step::GiveUp(doubt) => return Ok(self.give_up(entry, doubt)),
                step => step,
            };
            return Ok(Ran::Done(self.follow(&self.since_sent(work, &step), Some(draft), step)));
        }
    }

    /// The patience of a payment by code begins when its exchange ended, and whatever it is, one question is asked (POS flows 20.4).
    fn since_sent<'a>(&self, work: &Work<'a>, step: &Step) -> Work<'a> {
        let mut work = *work;
        if let ResolvedBy::Reversal(..) = work.endpoint.resolved_by {
            let patience = work.call.deadline.saturating_sub(work.call.begun);
            work.call.deadline = self.clock.monotonic().saturating_add(patience);
            return self.with_one_question(&work, step);
        }
        work
    }

    /// What an attempt's answer leaves to be known: what it said, and whether it is a refusal that the query has yet to confirm.
    fn note_outcome(&self, work: &Work<'_>, outcome: &Outcome<Pairs>) -> bool {
        let Work { desk, endpoint, entry, .. } = *work;
        let refused = self.of_case(desk, endpoint, entry, |case| rules::to_confirm(case, outcome));
        if let Some(Words { code, text }) = self.of_case(desk, endpoint, entry, |case| rules::words_of(case, outcome)) {
            self.note_words(entry, &code, &text);
        }
        let is_refused = refused.is_some();
        self.with_seen(entry.id, |seen| seen.refused = refused);
        is_refused
    }

    /// The request of an entry, from the fields that were stored.
    fn draft(&self, work: &Work<'_>) -> Result<Draft, Unfit> {
        let Work { desk, endpoint, entry, .. } = *work;
        let fields = fit(entry, endpoint, desk.profile(), work.call.once)?;
        desk.pipe.signed(desk.profile(), endpoint, fields).map_err(Unfit::Rule)
    }

    /// Without an attempt. That nothing was ever sent is an error only when the journal says so too.
    fn ended(&self, work: &Work<'_>, step: Step, error: Option<Error>) -> Result<Ran, Error> {
        match (step, error) {
            (Step::Write(mut settlement, proof), Some(error)) => match self.settle(work.entry, &mut settlement) {
                Ok(_) => Err(error),
                Err(fault) => Ok(Ran::Done(self.outcome(work.entry, settlement, proof, Err(fault)))),
            },
            (step, _) => Ok(Ran::Done(self.follow(work, None, step))),
        }
    }

    // ---- resolving ----

    /// Goes on with an entry whose earlier attempts are from another time or process. It moves money only where `repeats`.
    pub(super) fn resume(&self, work: &Work<'_>, repeats: bool) -> Ran {
        let repeats = repeats && rules::is_repeatable(work.endpoint);
        let draft = match repeats.then(|| self.draft(work)).transpose() {
            Ok(draft) => draft.map(|mut draft| {
                (draft.marked, draft.attempts) = (true, work.entry.attempts.max(1));
                draft
            }),
            Err(unfit) => return Ran::Done(self.only_ask(work, self.decide(work, Event::NotFit(unfit)))),
        };
        match self.decide(work, Event::Resume { repeats }) {
            Step::GiveUp(doubt) => self.give_up(work.entry, doubt),
            step => {
                let outcome = self.follow(&self.with_one_question(work, &step), draft, step);
                let is_fresh = work.call.once.is_some() && work.call.may_begin(self.clock.monotonic());
                told::after_resuming(work.endpoint, outcome, is_fresh)
            }
        }
    }

    /// What cannot be repeated may still be asked about. If that settles nothing, the cause is what is told.
    fn only_ask(&self, work: &Work<'_>, step: Step) -> Outcome<Found> {
        let why = match &step {
            Step::Ask(_, why) | Step::Unknown(why) => Some(why.clone()),
            _ => None,
        };
        match (self.follow(work, None, step), why) {
            (Outcome::Unknown(doubt), Some(why)) if doubt.reason != Reason::ForAPerson => Outcome::Unknown(why),
            (outcome, _) => outcome,
        }
    }

    /// Step by step, until one is final or the time is over. Repeats the draft, if there is one.
    pub(super) fn follow(&self, work: &Work<'_>, draft: Option<Draft>, step: Step) -> Outcome<Found> {
        self.with_words(work.entry, self.follow_each(work, draft, step))
    }

    /// In doubt, with what the gateway said last.
    fn with_words(&self, entry: &Entry, outcome: Outcome<Found>) -> Outcome<Found> {
        match outcome {
            Outcome::Unknown(doubt) => Outcome::Unknown(self.with_last_words(entry, doubt)),
            outcome => outcome,
        }
    }

    fn follow_each(&self, work: &Work<'_>, mut draft: Option<Draft>, mut step: Step) -> Outcome<Found> {
        let mut work = *work;
        let entry = work.entry;
        let mut waited = Duration::ZERO;
        let (mut closed, mut cut) = (false, false);
        let mut reversing = Reversing::default();
        loop {
            if let Step::Ask(_, doubt) = &step {
                work.call.waits_as = self.waits_as(doubt);
            }
            let has_time = |wait: Duration| self.has_time(&work, wait, reversing.begun);
            step = match (step, &mut draft) {
                (Step::Ask(wait, doubt), _) if !wait.is_zero() && !has_time(wait) => {
                    // Whoever cancels ends the wait for the customer, not the duty: it is asked, and taken back.
                    if cut || !work.call.is_cancelled() || self.of_work(&work, |case| case.reversal().is_none()) {
                        return Outcome::Unknown(doubt);
                    }
                    cut = true;
                    self.asked(&work, Asking::Everything, wait)
                }
                // After a cancel, and after the patience, no payment begins.
                (Step::Repeat(wait, doubt), Some(_)) if !self.may_pay(&work.call, wait) || !has_time(wait) => {
                    return Outcome::Unknown(doubt);
                }
                // One question after the first close, whatever the patience; another close only within it.
                (Step::Close(doubt), _) if closed && !has_time(Duration::ZERO) => return Outcome::Unknown(doubt),
                (Step::Close(doubt), _) => {
                    if let Some(paid) = self.paid_meanwhile(entry.id) {
                        return self.report(paid);
                    }
                    self.ask_to_close(&work);
                    // Its answer is the query's.
                    if !closed {
                        self.leave_one_question(&mut work);
                    }
                    closed = true;
                    Step::Ask(rules::APART, doubt)
                }
                (Step::Reverse(wait, doubt), _) => match self.take_back(&mut work, &mut reversing, (wait, doubt)) {
                    Ok(step) => step,
                    Err(outcome) => return outcome,
                },
                (Step::Ask(wait, _), _) => {
                    waited = wait;
                    self.asked(&work, Asking::Everything, wait)
                }
                (Step::Repeat(wait, _), Some(draft)) => {
                    waited = waited.max(wait);
                    self.decide(&work, Event::Repeat(self.repeat(&work, draft), waited))
                }
                (Step::Repeat(_, doubt), None) => rules::without_repeat(waited, doubt),
                (Step::Write(settlement, proof), _) => return self.write(entry, settlement, proof),
                (Step::Report, _) => return self.report(entry.clone()),
                (Step::Unknown(doubt), _) => return Outcome::Unknown(doubt),
                (_, _) => return Outcome::Unknown(Doubt::new(Reason::Broken, "no step of a resolution")),
            }
        }
    }

    /// Waits if the patience allows it. Nobody cancels what is being taken back.
    fn has_time(&self, work: &Work<'_>, wait: Duration, reversing: bool) -> bool {
        let number = &work.entry.order_number;
        match reversing {
            false => self.wait(&work.call, number, wait),
            true => {
                self.clock.monotonic().saturating_add(wait) <= work.call.deadline
                    && self.wait_all(&work.call, number, wait)
            }
        }
    }

    pub(super) fn leave_one_question(&self, work: &mut Work<'_>) {
        let soon = self.clock.monotonic().saturating_add(rules::APART).saturating_add(ONE_QUESTION);
        work.call.deadline = work.call.deadline.max(soon);
    }

    fn of_work<T>(&self, work: &Work<'_>, judge: impl FnOnce(&rules::Case<'_>) -> T) -> T {
        self.of_case(work.desk, work.endpoint, work.entry, judge)
    }

    /// Whether a payment may still begin after this wait.
    pub(super) fn may_pay(&self, call: &Call<'_>, wait: Duration) -> bool {
        self.clock.monotonic().saturating_add(wait) <= call.payments_until
    }

    /// The same payment again, counted before its first byte leaves, with the payee's pause before it.
    fn repeat(&self, work: &Work<'_>, draft: &mut Draft) -> Ended {
        let Work { desk, endpoint, entry, call, read } = *work;
        loop {
            match self.count_attempt(desk, entry, endpoint.payee_pause) {
                Ok(None) => break,
                Ok(Some(left)) if self.may_pay(&call, left) && self.wait(&call, &entry.order_number, left) => {}
                Ok(Some(_)) => return Ended::NoTime,
                Err(fault) => return Ended::NotCounted(fault),
            }
        }
        self.with_seen(entry.id, |seen| {
            seen.attempts = seen.attempts.max(entry.attempts).saturating_add(1);
            seen.refused = None;
        });
        call.progress(&entry.order_number, Phase::Repeating, Duration::ZERO);
        if call.is_cancelled() {
            return Ended::NoTime;
        }
        let outcome = desk.pipe.pay(desk.profile(), draft, read);
        self.note_attempt(entry.id);
        if let Ok(Outcome::Unknown(doubt)) = &outcome {
            self.note_words(entry, &doubt.code, &doubt.text);
        }
        if let Ok(outcome) = &outcome {
            let refused = self.of_work(work, |case| rules::refuses_a_refund(case, outcome));
            let now = self.clock.monotonic();
            self.with_seen(entry.id, |seen| {
                let first = seen.repeat_refused.map(|(first, _)| first).or(refused.then_some(now));
                seen.repeat_refused = first.map(|first| (first, refused));
            });
        }
        outcome.map_or_else(|error| Ended::NotSent(error.to_string()), Ended::Judged)
    }

    // ---- asking ----

    /// One question, and what follows from its answer.
    pub(super) fn asked(&self, work: &Work<'_>, asking: Asking, waited: Duration) -> Step {
        let Some(resolution) = work.endpoint.by_query() else { return Step::Report };
        let id = work.entry.id;
        // Whoever reads "enter the password" or "cancelling" goes on reading that between two questions.
        let phase = if work.call.waits_as == Phase::Waiting { Phase::Asking } else { work.call.waits_as };
        work.call.progress(&work.entry.order_number, phase, Duration::ZERO);
        self.note_asked(id);
        let asked = self.question(work, resolution.query, resolution.fixed);
        let Asked { answer, date, first_host } =
            asked.unwrap_or_else(|error| Asked::nothing(Doubt::new(Reason::Broken, error.to_string())));
        let state = match &answer {
            Answer::Known(pairs) => Some(rules::state_in_words(resolution, pairs)),
            _ => None,
        };
        if asking == Asking::Everything {
            self.note_answer(work, &answer, first_host);
        }
        let cancelled = work.call.ends || work.call.is_cancelled();
        let step = match self.decide(work, Event::Answer(Answered { answer, date, asking, waited, cancelled })) {
            Step::Refunds => self.decide(work, Event::Refunds(self.refunds_of_order(work))),
            step => step,
        };
        // Kept, unless it comes to its end.
        if !matches!(&step, Step::Write(settlement, _) if !rules::is_still_asked(settlement)) {
            self.note(work.entry, state.is_some(), state);
        }
        step
    }

    pub(super) fn note_asked(&self, id: EntryId) {
        let now = self.clock.monotonic();
        self.with_seen(id, |seen| seen.asked = Some(now));
    }

    /// What an answer leaves to be known of it.
    fn note_answer(&self, work: &Work<'_>, answer: &Answer<Pairs>, first_host: bool) {
        match answer {
            Answer::NotKnown { first_host } => self.note_not_found(work, *first_host),
            Answer::Known(pairs) => self.note_state(work, pairs, first_host),
            Answer::NoAnswer(_) => {}
        }
    }

    fn note_not_found(&self, work: &Work<'_>, first_host: bool) {
        let counts =
            |case: &rules::Case<'_>| rules::counts_as_not_found(case, first_host).then_some(case.times.monotonic);
        let counted = self.of_work(work, counts);
        let now = self.clock.monotonic();
        if self.of_work(work, |case| rules::confirms(case, first_host)) {
            self.with_seen(work.entry.id, |seen| {
                let times = seen.not_known.map_or(0, |(_, times)| times);
                seen.not_known = Some((now, times.saturating_add(1)));
            });
        }
        if let Some(now) = counted {
            self.with_seen(work.entry.id, |seen| {
                seen.not_found_since.get_or_insert(now);
            });
        }
    }

    /// Asks the gateway to close an order. Whatever it answers, only the query's word counts.
    pub(super) fn ask_to_close(&self, work: &Work<'_>) {
        let ResolvedBy::Order(_, rules) = work.endpoint.resolved_by else { return };
        let answer = self.question(work, rules.close, &[]);
        self.note_asked(work.entry.id);
        let now = self.clock.monotonic();
        self.with_seen(work.entry.id, |seen| seen.closed = Some(now));
        let number = &work.entry.order_number;
        match answer {
            Ok(Asked { answer: Answer::Known(_), .. }) => {}
            Ok(Asked { answer: Answer::NotKnown { .. }, .. }) => log::info!("{number}: not known when closed"),
            Ok(Asked { answer: Answer::NoAnswer(doubt), .. }) => log::warn!("{number}: not closed: {doubt}"),
            Err(error) => log::warn!("{number}: not closed: {error}"),
        }
    }

    /// A question about an entry's order.
    pub(super) fn question(
        &self,
        work: &Work<'_>,
        endpoint: &'static Endpoint,
        fixed: &[(&'static str, &str)],
    ) -> Result<Asked<Pairs>, Error> {
        let pipe = &work.desk.pipe;
        let left = work.call.questions_until.saturating_sub(self.clock.monotonic()).max(rules::APART);
        pipe.question(work.desk.profile(), endpoint, (&work.entry.order_number, fixed), pipe.within.min(left))
    }

    /// Asks once whether it is paid, when it is time to ask. `None`: the answer does not say so.
    pub(super) fn ask_if_paid(&self, work: &Work<'_>, wait: Duration) -> Option<Outcome<Found>> {
        if !wait.is_zero() && !self.wait(&work.call, &work.entry.order_number, wait) {
            return None;
        }
        match self.asked(work, Asking::IfPaid, wait) {
            Step::Report => None,
            step => Some(self.follow(work, None, step)),
        }
    }

    /// Asks once about an entry that a bill contradicts.
    pub(super) fn ask_after_a_bill(&self, work: &Work<'_>, wait: Duration) -> Option<Doubt> {
        if !wait.is_zero() && !self.wait(&work.call, &work.entry.order_number, wait) {
            return Some(Doubt::new(Reason::EarlierAttempt, "there was no time to ask"));
        }
        match self.asked(work, Asking::AfterABill, wait) {
            Step::Report => None,
            step => self.follow(work, None, step).doubt(),
        }
    }

    /// Asks once whether it is paid. Otherwise what is recorded stands.
    pub(super) fn asked_if_paid(&self, work: &Work<'_>, wait: Duration) -> Outcome<Found> {
        self.ask_if_paid(work, wait).unwrap_or_else(|| self.report(work.entry.clone()))
    }

    /// What is recorded of an entry, or what the gateway says where that is not final. An order that was given up is asked
    /// for all the same: money may have come late.
    pub(super) fn ask_of(&self, work: &Work<'_>) -> Outcome<Found> {
        let entry = work.entry;
        let step = match self.decide(work, Event::Question) {
            Step::AskIfPaid => {
                return self.asked_if_paid(work, Duration::ZERO);
            }
            Step::GiveUp(lost) => {
                // The journal may fail: then it is only asked about.
                let _ = self.give_up(entry, lost);
                self.of_case(work.desk, work.endpoint, entry, rules::ask_now)
            }
            step => step,
        };
        self.follow(&self.with_one_question(work, &step), None, step)
    }

    /// One question at least, whatever the patience. The clock moves on until then.
    pub(super) fn with_one_question<'a>(&self, work: &Work<'a>, step: &Step) -> Work<'a> {
        let mut work = *work;
        if let Step::Ask(wait, _) = step {
            let enough = self.clock.monotonic().saturating_add(*wait).saturating_add(ONE_QUESTION);
            work.call.deadline = work.call.deadline.max(enough);
        }
        work
    }

    // ---- writing and telling ----

    fn write(&self, entry: &Entry, mut settlement: Settlement, proof: Option<Evidence<Pairs>>) -> Outcome<Found> {
        let written = self.settle(entry, &mut settlement);
        self.outcome(entry, settlement, proof, written)
    }

    pub(super) fn outcome(
        &self,
        entry: &Entry,
        settlement: Settlement,
        proof: Option<Evidence<Pairs>>,
        written: Result<i64, JournalFault>,
    ) -> Outcome<Found> {
        if written.is_ok() && rules::is_handed_out(&settlement) {
            let now = self.clock.monotonic();
            self.with_seen(entry.id, |seen| seen.ordered = Some(now));
        }
        let paid = match &written {
            Err(_) => self.paid_meanwhile(entry.id),
            Ok(_) if rules::is_handed_out(&settlement) => self.paid_otherwise(entry),
            Ok(_) => None,
        };
        let settlement = match &written {
            Err(fault) if paid.is_none() => match self.not_taken(entry, settlement, fault) {
                Ok(settlement) => settlement,
                Err(doubt) => return Outcome::Unknown(doubt),
            },
            _ => settlement,
        };
        let called_paid = self.is_called_paid(entry.id);
        told::outcome(entry, settlement, proof, Written { revision: written, paid, called_paid })
    }

    /// What the journal could not take is kept, and held against its intent before it is told. Under one lock: late money that another
    /// thread keeps comes before it, or finds it. `Err`: whether another number was accepted cannot be read, so nobody says that this
    /// one is.
    fn not_taken(&self, entry: &Entry, settlement: Settlement, fault: &JournalFault) -> Result<Settlement, Doubt> {
        self.journal.with(|journal| {
            let once = self.once(&mut **journal, entry, settlement.clone());
            let known = once.as_ref().unwrap_or(&settlement);
            self.with_seen(entry.id, |seen| {
                if fault.kind() != JournalFaultKind::Refused {
                    seen.keep(known);
                    seen.note_refused(rules::first_pause(known, self.clock.monotonic()));
                    seen.told_accepted = once.as_ref().is_ok_and(rules::is_accepted);
                }
                once.as_ref().map_err(|_| rules::not_written(entry, seen)).cloned()
            })
        })
    }

    fn paid_otherwise(&self, entry: &Entry) -> Option<Entry> {
        let of_intent = self.journal.with(|journal| journal.of_intent(&entry.intent));
        of_intent.ok()?.into_iter().find(|other| other.id != entry.id && other.is_paid())
    }

    fn give_up(&self, entry: &Entry, doubt: Doubt) -> Ran {
        match self.settle(entry, &mut { rules::GIVEN_UP }) {
            Ok(_) => Ran::GivenUp(self.with_last_words(entry, doubt)),
            Err(_) if self.is_called_paid(entry.id) => Ran::Done(Outcome::Unknown(rules::contradicted())),
            Err(_) => Ran::Done(Outcome::Unknown(doubt)),
        }
    }

    /// What is recorded, told to the caller. A notification may have brought money since the entry
    /// was read, or say that it did.
    pub(super) fn report(&self, entry: Entry) -> Outcome<Found> {
        let entry = match entry.is_paid() {
            true => entry,
            false => self.paid_meanwhile(entry.id).unwrap_or(entry),
        };
        if !entry.is_paid() && rules::is_given_up(&entry) && self.is_called_paid(entry.id) {
            return Outcome::Unknown(rules::contradicted());
        }
        self.with_words(&entry, told::recorded(&entry))
    }

    /// An entry that contradicts itself: nobody but a person can tell.
    pub(super) fn distrust(&self, work: &Work<'_>, words: String) -> Outcome<Found> {
        log::error!("{} {}: {words}", work.entry.call, work.entry.order_number);
        self.follow(work, None, self.decide(work, Event::Distrust(words)))
    }
}
