//! `pay.rs` of the till.

use std::rc::Rc;
use std::time::Duration;
use std::vec::Vec;

use super::super::events::Flow;
use super::gateway::unknown;
use super::mistakes::Carried;
use super::run::{Call, Ran, Told, Work};
use super::state::{DeviceClock, Run, World};
use crate::error::Error;
use crate::journal::{Entry, JournalFault};
use crate::outcome::{Doubt, Reason, Refusal};
use crate::till::rules::{self, APART, Elsewhere, Event, Look, Step};
use crate::till::told;
use crate::till::watch::Reversals;

enum Advanced {
    Ran(Ran),
    Waited,
}

/// What the journal says of an intent before anything is done.
enum LookedAt {
    Attempt(usize, Option<Refusal>),
    Resume(usize),
    AskIfPaid(usize),
    Confirm(usize),
    Wait(Duration, Option<usize>),
    Elsewhere(usize),
    Report(usize),
    Unknown(Doubt),
}

impl World<'_> {
    /// The fields of a new payment: an order says until when it may be paid, which a clock that is not set cannot.
    fn valid(&self, flow: Flow) -> Result<(), Error> {
        let is_set = !flow.is_order() || self.state.clock != DeviceClock::Unset;
        is_set.then_some(()).ok_or_else(|| Error::setting("clock", "is not set"))
    }

    pub(super) fn pay_fields(&mut self, flow: Flow) -> Told {
        let mut valid = Some(self.valid(flow));
        let mut call = self.call(Duration::from_secs(self.patience));
        (call.once, call.reversals) = (flow == Flow::Code, Reversals::Open);
        let mut given_up = None;
        let mut numbers = 0_u32;
        loop {
            match self.advance(flow, call, &mut valid, &mut given_up)? {
                Ok(Advanced::Ran(Ran::Done(outcome))) => return Ok(Ok(outcome)),
                Ok(Advanced::Waited) => {}
                Ok(Advanced::Ran(Ran::Ended(refusal))) => {
                    numbers += 1;
                    if numbers >= rules::MOST_NUMBERS || self.is_cancelled() {
                        return Ok(Ok(told::ended(refusal)));
                    }
                    given_up = None;
                }
                Ok(Advanced::Ran(Ran::GivenUp(doubt))) => {
                    numbers += 1;
                    if numbers >= rules::MOST_NUMBERS || !self.wait(&call, APART) {
                        return Ok(Ok(unknown(doubt)));
                    }
                    given_up = Some(doubt);
                }
                Err(error) => return Ok(given_up.map(unknown).ok_or(error)),
            }
        }
    }

    fn advance(
        &mut self,
        flow: Flow,
        call: Call,
        valid: &mut Option<Result<(), Error>>,
        given_up: &mut Option<Doubt>,
    ) -> Run<Result<Advanced, Error>> {
        let looked = match self.look(flow, valid, given_up) {
            Ok(looked) => looked,
            Err(error) => return Ok(Err(error)),
        };
        let outcome = match looked {
            LookedAt::Wait(wait, _) if self.wait(&call, wait) => return Ok(Ok(Advanced::Waited)),
            LookedAt::Wait(_, Some(at)) => told::recorded(&self.entry(at)),
            LookedAt::Wait(_, None) => return Ok(Err(Error::field("till", "the gateway asks for a pause"))),
            LookedAt::Unknown(doubt) => unknown(doubt),
            LookedAt::Report(at) => self.report(at, &self.entry(at)),
            LookedAt::Elsewhere(at) => {
                let begins = valid.as_ref().is_none_or(Result::is_ok) && !self.is_cancelled();
                return self.ask_elsewhere(flow, begins, call, at);
            }
            LookedAt::AskIfPaid(at) => {
                let work = self.work(at, call);
                let wait = self.of_case(at, &work.entry, |case| case.apart());
                self.asked_if_paid(&work, wait)?
            }
            LookedAt::Resume(at) => {
                let work = self.work(at, call);
                return Ok(Ok(Advanced::Ran(self.resume(&work, true)?)));
            }
            LookedAt::Confirm(at) => {
                let work = self.work(at, call);
                match self.confirm(&work)? {
                    None => return Ok(Ok(Advanced::Waited)),
                    Some(outcome) => outcome,
                }
            }
            LookedAt::Attempt(at, refused) => {
                let work = self.work(at, call);
                return Ok(self.attempt(&work, refused)?.map(Advanced::Ran));
            }
        };
        Ok(Ok(Advanced::Ran(Ran::Done(outcome))))
    }

    fn look(
        &mut self,
        flow: Flow,
        valid: &mut Option<Result<(), Error>>,
        given_up: &mut Option<Doubt>,
    ) -> Result<LookedAt, Error> {
        let (own, others): (Vec<usize>, Vec<usize>) =
            (0..self.state.numbers.len()).partition(|at| self.state.numbers[*at].flow == flow);
        for at in &own {
            self.settle_unwritten(*at);
        }
        let entries: Vec<Entry> = own.iter().map(|at| Entry::clone(&self.entry(*at))).collect();
        let pending = entries.iter().any(Entry::is_pending);
        let at_of = |entry: &Entry| usize::try_from(entry.id).unwrap();
        let called_paid =
            entries.iter().find(|entry| rules::is_given_up(entry) && self.is_called_paid(at_of(entry))).map(at_of);
        let unconfirmed = self.unconfirmed(&own);
        let latest = match self.mistake.carried {
            Carried::NewestDecides => entries.last().cloned(),
            _ => rules::deciding(entries, |entry| rules::is_paid_unwritten(&self.state.numbers[at_of(entry)].seen)),
        };
        if pending && given_up.is_none() {
            *given_up = Some(Doubt::new(Reason::EarlierAttempt, "an earlier order of this intent was given up"));
        }
        if !latest.as_ref().is_some_and(Entry::is_paid)
            && let Some(other) = self.in_the_way(others)?
        {
            return Ok(other);
        }
        let step = self.step_to_pay(flow, latest.as_ref(), called_paid.is_some());
        let latest = latest.as_ref().map(at_of);
        let (step, latest) = match (step, unconfirmed) {
            (Step::NewNumber, Some(at)) if self.mistake.carried != Carried::NewestConfirms => (Step::Confirm, Some(at)),
            (step, _) => (step, latest),
        };
        if matches!(step, Step::NewNumber) {
            valid.take().unwrap_or(Ok(()))?;
        }
        self.take_up(flow, step, latest, called_paid)
    }

    fn unconfirmed(&self, own: &[usize]) -> Option<usize> {
        let now = self.state.monotonic();
        let is_open =
            |at: &usize| self.entry(*at).is_unproven() && !rules::is_confirmed(&self.state.numbers[*at].seen, now);
        own.iter().copied().find(is_open)
    }

    fn take_up(
        &mut self,
        flow: Flow,
        step: Step,
        latest: Option<usize>,
        called_paid: Option<usize>,
    ) -> Result<LookedAt, Error> {
        let now = self.now(flow);
        let not_begun = |_: JournalFault| Error::field("journal", "it is not begun");
        Ok(match (step, latest) {
            (Step::Wait(pause), latest) => LookedAt::Wait(pause, latest.filter(|at| rules::was_sent(&self.entry(*at)))),
            (Step::Confirm, Some(at)) => LookedAt::Confirm(at),
            (Step::AskIfPaid, _) => LookedAt::AskIfPaid(called_paid.unwrap()),
            (Step::NewNumber, _) => {
                let at = self.begin(flow, now).map_err(not_begun)?;
                self.state.begun.get_or_insert(at);
                let begun = self.state.monotonic();
                self.seen(at).begun = (flow == Flow::Code).then_some(begun);
                let last = self.last_to_payee(flow, now);
                self.note_payment(last, now);
                LookedAt::Attempt(at, None)
            }
            (Step::SameNumber, Some(at)) => {
                let before = self.entry(at).state.clone();
                self.reopen(at, now).map_err(not_begun)?;
                let last = self.last_to_payee(flow, now);
                self.note_payment(last, now);
                LookedAt::Attempt(at, rules::refusal(before))
            }
            (Step::Resume, Some(at)) => LookedAt::Resume(at),
            (Step::Unknown(doubt), _) => LookedAt::Unknown(doubt),
            (_, Some(at)) => LookedAt::Report(at),
            (_, None) => panic!("the first look at an intent begins or waits"),
        })
    }

    fn in_the_way(&mut self, others: Vec<usize>) -> Result<Option<LookedAt>, Error> {
        for at in others {
            self.settle_unwritten(at);
            let (endpoint, now) = (self.account(at).endpoint, self.state.monotonic());
            match rules::elsewhere(&self.entry(at), Some(endpoint), &self.state.numbers[at].seen, now) {
                Elsewhere::Ended => {}
                Elsewhere::Pending
                    if matches!(self.mistake.carried, Carried::OtherWaysAreFree | Carried::BesideOpen) => {}
                Elsewhere::Unknown(doubt) => return Ok(Some(LookedAt::Unknown(doubt))),
                Elsewhere::InTheWay(why) => return Err(Error::field("intent", why)),
                Elsewhere::Pending => return Ok(Some(LookedAt::Elsewhere(at))),
            }
        }
        Ok(None)
    }

    fn ask_elsewhere(&mut self, flow: Flow, begins: bool, call: Call, at: usize) -> Run<Result<Advanced, Error>> {
        let mut work = self.work(at, call);
        let begins = begins && self.shop.account(flow).endpoint.takes_money();
        work.call.ends = begins;
        work.call.reversals = if begins { Reversals::Open } else { Reversals::None };
        if begins && matches!(self.decide(&work, Event::Close), Step::Close(_)) {
            self.ask_to_close(at);
        }
        let outcome = self.ask_of(&work)?;
        let goes_on = outcome.is_paid() || (self.may_begin(&call) && self.may_pay(&call, Duration::ZERO));
        Ok(match outcome.doubt() {
            None if goes_on => Ok(Advanced::Waited),
            None => self.ended_elsewhere(),
            Some(doubt) => Ok(Advanced::Ran(Ran::Done(unknown(doubt)))),
        })
    }

    fn ended_elsewhere(&self) -> Result<Advanced, Error> {
        let words = "the time was over when it had ended under another account";
        let numbers = &self.state.numbers;
        match () {
            () if numbers.iter().any(|number| number.entry.is_paid()) => Ok(Advanced::Waited),
            () if !numbers.iter().all(|number| number.entry.is_settled()) => {
                Ok(Advanced::Ran(Ran::Done(unknown(Doubt::new(Reason::EarlierAttempt, words)))))
            }
            () => Err(Error::field("till", words)),
        }
    }

    fn step_to_pay(&mut self, flow: Flow, latest: Option<&Entry>, called_paid: bool) -> Step {
        let now = self.now(flow);
        let begins = latest.is_none_or(rules::begins);
        let payee = if begins { self.last_to_payee(flow, now) } else { None };
        let pause = self.pause_left(latest, payee, now);
        let mut look = Look { called_paid, pause, ..Look::default() };
        let Some(entry) = latest else { return rules::first(&look) };
        let at = usize::try_from(entry.id).unwrap();
        if !called_paid && look.pause.is_none() {
            look.goes_again = self.of_case(at, entry, rules::goes_again).unwrap();
        }
        let call = self.call(Duration::ZERO);
        self.decide(&Work { at, entry: Rc::new(entry.clone()), call }, Event::Pay(look))
    }

    fn last_to_payee(&self, flow: Flow, _now: i64) -> Option<(Duration, i64)> {
        let (_, pause) = self.shop.account(flow).endpoint.payee_pause?;
        Some((pause, self.last_attempt_to_payee(flow)?))
    }
}
