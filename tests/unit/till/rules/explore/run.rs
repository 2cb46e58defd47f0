//! `run.rs` of the till.

use std::rc::Rc;
use std::string::ToString;
use std::time::Duration;

use super::gateway::{Draft, unknown};
use super::mistakes::Carried;
use super::state::{Run, World};
use crate::endpoint::ResolvedBy;
use crate::error::Error;
use crate::journal::{Entry, JournalFault, JournalFaultKind, Settlement};
use crate::outcome::{Answer, Doubt, Outcome, Reason, Refusal, Words};
use crate::till::receipt::{Evidence, Found};
use crate::till::rules::{self, APART, Answered, Asking, Case, Ended, Event, Step};
pub(super) use crate::till::told::Ran;
use crate::till::told::{self, Written};
use crate::till::watch::Reversals;
use crate::wire::pairs::Pairs;

pub(super) const ONE_QUESTION: Duration = Duration::from_millis(500);

/// What one payment or resolution works on.
#[derive(Clone)]
pub(super) struct Work {
    pub at: usize,
    pub entry: Rc<Entry>,
    pub call: Call,
}

#[derive(Clone, Copy)]
pub(super) struct Call {
    pub begun: Duration,
    /// It brings a payment code.
    pub once: bool,
    pub deadline: Duration,
    pub payments_until: Duration,
    pub reversals: Reversals,
    pub ends: bool,
}

#[derive(Default)]
pub(super) struct Reversing {
    pub begun: bool,
}

pub(super) type Told = Run<Result<Outcome<Found>, Error>>;

impl World<'_> {
    // ---- sending ----

    pub(super) fn attempt(&mut self, work: &Work, refused: Option<Refusal>) -> Run<Result<Ran, Error>> {
        if self.is_cancelled() {
            let step = self.decide(work, Event::NotMade { changed: None, refused: refused.clone() });
            let error = Error::setting("watch", "the call was cancelled before anything was sent");
            return self.ended(work, step, refused.is_none().then_some(error));
        }
        let mut draft = Draft { marked: false, attempts: u32::from(refused.is_some()), refusal: refused };
        loop {
            let attempts = draft.attempts;
            let outcome = self.pipe_pay(work.at, &mut draft)?;
            self.note_attempt(work.at);
            let ended = match outcome {
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
                    if self.wait(&work.call, wait) && self.count_attempt(work, false).is_ok() {
                        continue;
                    }
                    rules::declined(refusal)
                }
                Step::GiveUp(doubt) => return Ok(Ok(self.give_up(work, doubt))),
                step => step,
            };
            let work = self.since_sent(work, &step);
            return Ok(Ok(Ran::Done(self.follow(&work, Some(draft), step)?)));
        }
    }

    fn since_sent(&self, work: &Work, step: &Step) -> Work {
        let mut work = work.clone();
        if let ResolvedBy::Reversal(..) = self.account(work.at).endpoint.resolved_by {
            let patience = work.call.deadline.saturating_sub(work.call.begun);
            work.call.deadline = self.state.monotonic() + patience;
            return self.with_one_question(&work, step);
        }
        work
    }

    fn note_outcome(&mut self, work: &Work, outcome: &Outcome<Pairs>) -> bool {
        let refused = self.of_case(work.at, &work.entry, |case| rules::to_confirm(case, outcome));
        if let (Outcome::Unknown(doubt), Carried::ForgetsNeedQuery) = (outcome, self.mistake.carried) {
            self.note_words(work, &doubt.code, &doubt.text);
        } else if let Some(Words { code, text }) =
            self.of_case(work.at, &work.entry, |case| rules::words_of(case, outcome))
        {
            self.note_words(work, &code, &text);
        }
        let is_refused = refused.is_some();
        self.seen(work.at).refused = refused;
        is_refused
    }

    pub(super) fn ended(&mut self, work: &Work, step: Step, error: Option<Error>) -> Run<Result<Ran, Error>> {
        match (step, error) {
            (Step::Write(mut settlement, proof), Some(error)) => match self.settle(work, &mut settlement) {
                Ok(_) => Ok(Err(error)),
                Err(fault) => Ok(Ok(Ran::Done(self.outcome(work, settlement, proof, Err(fault))))),
            },
            (step, _) => Ok(Ok(Ran::Done(self.follow(work, None, step)?))),
        }
    }

    // ---- resolving ----

    pub(super) fn resume(&mut self, work: &Work, repeats: bool) -> Run<Ran> {
        let repeatable = rules::is_repeatable(self.account(work.at).endpoint);
        let repeats = repeats && repeatable;
        let marked = self.mistake.carried != Carried::RepeatIsFirst;
        let attempts = if marked { work.entry.attempts.max(1) } else { 0 };
        let draft = repeats.then_some(Draft { marked, attempts, refusal: None });
        Ok(match self.decide(work, Event::Resume { repeats }) {
            Step::GiveUp(doubt) => self.give_up(work, doubt),
            step => {
                if self.mistake.carried == Carried::RepeatsCodes {
                    let mut again = Draft { marked: true, attempts: 1, refusal: None };
                    let _ = self.pipe_pay(work.at, &mut again)?;
                }
                let work = self.with_one_question(work, &step);
                let outcome = self.follow(&work, draft, step)?;
                told::after_resuming(self.account(work.at).endpoint, outcome, self.may_begin(&work.call))
            }
        })
    }

    pub(super) fn follow(&mut self, work: &Work, mut draft: Option<Draft>, mut step: Step) -> Run<Outcome<Found>> {
        let mut work = work.clone();
        let mut waited = Duration::ZERO;
        let (mut closed, mut cut) = (false, false);
        let mut reversing = Reversing::default();
        loop {
            step = match (step, &mut draft) {
                (Step::Ask(wait, doubt), _) if !wait.is_zero() && !self.has_time(&work, wait, reversing.begun) => {
                    let is_code = self.of_case(work.at, &work.entry, |case| case.reversal().is_some());
                    if cut || !self.is_cancelled() || !is_code {
                        return Ok(unknown(doubt));
                    }
                    cut = true;
                    self.asked(&work, Asking::Everything, wait)
                }
                (Step::Repeat(wait, doubt), Some(_))
                    if !self.may_pay(&work.call, wait) || !self.has_time(&work, wait, reversing.begun) =>
                {
                    return Ok(unknown(doubt));
                }
                (Step::Close(doubt), _) if closed && !self.has_time(&work, Duration::ZERO, reversing.begun) => {
                    return Ok(unknown(doubt));
                }
                (Step::Close(doubt), _) => {
                    if let Some(paid) = self.paid_meanwhile(work.at) {
                        return Ok(self.report(work.at, &paid));
                    }
                    self.ask_to_close(work.at);
                    if !closed {
                        self.leave_one_question(&mut work);
                    }
                    closed = true;
                    Step::Ask(APART, doubt)
                }
                (Step::Reverse(wait, doubt), _) => match self.take_back(&mut work, &mut reversing, (wait, doubt))? {
                    Ok(step) => step,
                    Err(outcome) => return Ok(outcome),
                },
                (Step::Ask(wait, _), _) => {
                    waited = wait;
                    self.asked(&work, Asking::Everything, wait)
                }
                (Step::Repeat(wait, _), Some(draft)) => {
                    waited = waited.max(wait);
                    let ended = self.repeat(&work, draft)?;
                    self.decide(&work, Event::Repeat(ended, waited))
                }
                (Step::Repeat(_, doubt), None) => rules::without_repeat(waited, doubt),
                (Step::Write(settlement, proof), _) => return Ok(self.write(&work, settlement, proof)),
                (Step::Report, _) => return Ok(self.report(work.at, &work.entry)),
                (Step::Unknown(doubt), _) => return Ok(unknown(doubt)),
                (_, _) => return Ok(unknown(Doubt::new(Reason::Broken, "no step of a resolution"))),
            }
        }
    }

    fn has_time(&mut self, work: &Work, wait: Duration, reversing: bool) -> bool {
        match reversing {
            false => self.wait(&work.call, wait),
            true if self.state.monotonic() + wait <= work.call.deadline => {
                self.wait_all(wait);
                true
            }
            true => false,
        }
    }

    pub(super) fn leave_one_question(&self, work: &mut Work) {
        let soon = self.state.monotonic() + APART + ONE_QUESTION;
        work.call.deadline = work.call.deadline.max(soon);
    }

    pub(super) fn may_pay(&self, call: &Call, wait: Duration) -> bool {
        self.state.monotonic() + wait <= call.payments_until
    }

    pub(super) fn repeat(&mut self, work: &Work, draft: &mut Draft) -> Run<Ended> {
        loop {
            match self.count_attempt(work, true) {
                Ok(None) => break,
                Ok(Some(left)) if self.may_pay(&work.call, left) && self.wait(&work.call, left) => {}
                Ok(Some(_)) => return Ok(Ended::NoTime),
                Err(fault) => return Ok(Ended::NotCounted(fault)),
            }
        }
        let attempts = work.entry.attempts;
        let seen = self.seen(work.at);
        seen.attempts = seen.attempts.max(attempts) + 1;
        seen.refused = None;
        self.say(|| "the same payment is sent again".into());
        let outcome = self.pipe_pay(work.at, draft)?;
        self.note_attempt(work.at);
        if let Ok(Outcome::Unknown(doubt)) = &outcome {
            self.note_words(work, &doubt.code, &doubt.text);
        }
        Ok(outcome.map_or_else(|error| Ended::NotSent(error.to_string()), Ended::Judged))
    }

    // ---- asking ----

    pub(super) fn asked(&mut self, work: &Work, asking: Asking, waited: Duration) -> Step {
        let Some(resolution) = self.account(work.at).endpoint.by_query() else { return Step::Report };
        let now = self.state.monotonic();
        self.seen(work.at).asked = Some(now);
        let (answer, date) = self.pipe_question(work.at);
        let state = match &answer {
            Answer::Known(pairs) => Some(rules::state_in_words(resolution, pairs)),
            _ => None,
        };
        match &answer {
            _ if asking != Asking::Everything => {}
            Answer::NotKnown { first_host } => self.note_not_found(work, *first_host),
            Answer::Known(pairs) => self.note_state(work, pairs, true),
            Answer::NoAnswer(_) => {}
        }
        let cancelled = work.call.ends || self.is_cancelled();
        let step = match self.decide(work, Event::Answer(Answered { answer, date, asking, waited, cancelled })) {
            Step::Refunds => {
                let refunds = self.refunds_of_order(work.at);
                self.decide(work, Event::Refunds(refunds))
            }
            step => step,
        };
        if !matches!(&step, Step::Write(settlement, _) if !rules::is_still_asked(settlement)) {
            self.note(work.at, &work.entry, state.is_some(), state);
        }
        step
    }

    pub(super) fn note_not_found(&mut self, work: &Work, first_host: bool) {
        let counts = |case: &Case<'_>| rules::counts_as_not_found(case, first_host).then_some(case.times.monotonic);
        let counted = self.of_case(work.at, &work.entry, counts);
        let now = self.state.monotonic();
        if self.of_case(work.at, &work.entry, |case| rules::confirms(case, first_host)) {
            let seen = self.seen(work.at);
            seen.not_known = Some((now, seen.not_known.map_or(0, |(_, times)| times) + 1));
        }
        if let Some(now) = counted {
            self.seen(work.at).not_found_since.get_or_insert(now);
        }
    }

    pub(super) fn ask_to_close(&mut self, at: usize) {
        self.pipe_close(at);
        let now = self.state.monotonic();
        let seen = self.seen(at);
        (seen.asked, seen.closed) = (Some(now), Some(now));
    }

    pub(super) fn ask_if_paid(&mut self, work: &Work, wait: Duration) -> Run<Option<Outcome<Found>>> {
        if !wait.is_zero() && !self.wait(&work.call, wait) {
            return Ok(None);
        }
        match self.asked(work, Asking::IfPaid, wait) {
            Step::Report => Ok(None),
            step => self.follow(work, None, step).map(Some),
        }
    }

    pub(super) fn asked_if_paid(&mut self, work: &Work, wait: Duration) -> Run<Outcome<Found>> {
        Ok(match self.ask_if_paid(work, wait)? {
            Some(outcome) => outcome,
            None => self.report(work.at, &work.entry),
        })
    }

    pub(super) fn ask_of(&mut self, work: &Work) -> Run<Outcome<Found>> {
        let step = match self.decide(work, Event::Question) {
            Step::AskIfPaid => return self.asked_if_paid(work, Duration::ZERO),
            Step::GiveUp(lost) => {
                let _ = self.give_up(work, lost);
                self.of_case(work.at, &work.entry, rules::ask_now)
            }
            step => step,
        };
        let work = self.with_one_question(work, &step);
        self.follow(&work, None, step)
    }

    pub(super) fn with_one_question(&self, work: &Work, step: &Step) -> Work {
        let mut work = work.clone();
        if let Step::Ask(wait, _) = step {
            let enough = self.state.monotonic() + *wait + ONE_QUESTION;
            work.call.deadline = work.call.deadline.max(enough);
        }
        work
    }

    // ---- writing and telling ----

    pub(super) fn write(
        &mut self,
        work: &Work,
        mut settlement: Settlement,
        proof: Option<Evidence<Pairs>>,
    ) -> Outcome<Found> {
        let written = self.settle(work, &mut settlement);
        self.outcome(work, settlement, proof, written)
    }

    pub(super) fn outcome(
        &mut self,
        work: &Work,
        settlement: Settlement,
        proof: Option<Evidence<Pairs>>,
        written: Result<i64, JournalFault>,
    ) -> Outcome<Found> {
        let at = work.at;
        if written.is_ok() && rules::is_handed_out(&settlement) {
            let now = self.state.monotonic();
            self.seen(at).ordered = Some(now);
        }
        let paid = match &written {
            Err(_) => self.paid_meanwhile(at),
            Ok(_) if rules::is_handed_out(&settlement) => self.paid_otherwise(at),
            Ok(_) => None,
        };
        let settlement = match &written {
            Err(fault) if paid.is_none() => match self.not_taken(work, settlement, fault) {
                Ok(settlement) => settlement,
                Err(doubt) => return unknown(doubt),
            },
            _ => settlement,
        };
        let called_paid = self.is_called_paid(at);
        let url_anyway = self.mistake.carried == Carried::UrlAnyway && rules::is_handed_out(&settlement);
        let revision = if url_anyway { Ok(work.entry.revision) } else { written };
        told::outcome(&work.entry, settlement, proof, Written { revision, paid, called_paid })
    }

    fn not_taken(&mut self, work: &Work, settlement: Settlement, fault: &JournalFault) -> Result<Settlement, Doubt> {
        let at = work.at;
        let once = self.once(at, settlement.clone());
        let known = once.as_ref().unwrap_or(&settlement);
        if fault.kind() != JournalFaultKind::Refused && self.mistake.carried != Carried::ForgetsUnwritten {
            let first = rules::first_pause(known, self.state.monotonic());
            let seen = self.seen(at);
            seen.keep(known);
            seen.note_refused(first);
            seen.told_accepted = once.as_ref().is_ok_and(rules::is_accepted);
        }
        once.map_err(|_| rules::not_written(&work.entry, &self.state.numbers[at].seen))
    }

    pub(super) fn paid_otherwise(&self, at: usize) -> Option<Entry> {
        let mut others = self.state.numbers.iter().enumerate().filter(|(other, _)| *other != at);
        others.find(|(_, number)| number.entry.is_paid()).map(|(_, number)| Entry::clone(&number.entry))
    }

    pub(super) fn give_up(&mut self, work: &Work, doubt: Doubt) -> Ran {
        match self.settle(work, &mut { rules::GIVEN_UP }) {
            Ok(_) => Ran::GivenUp(doubt),
            Err(_) if self.is_called_paid(work.at) => Ran::Done(unknown(rules::contradicted())),
            Err(_) => Ran::Done(unknown(doubt)),
        }
    }

    pub(super) fn report(&mut self, at: usize, entry: &Entry) -> Outcome<Found> {
        let entry = match entry.is_paid() {
            true => entry.clone(),
            false => self.paid_meanwhile(at).unwrap_or_else(|| entry.clone()),
        };
        if !entry.is_paid() && rules::is_given_up(&entry) && self.is_called_paid(at) {
            return unknown(rules::contradicted());
        }
        told::recorded(&entry)
    }
}
