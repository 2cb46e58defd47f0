//! `refund.rs`, `pay.rs`, `run.rs`, `desk.rs` and `recover.rs` of the till, as far as they are about refunds: the functions have the names
//! of those that they stand for. What is not here: threads, watchers, and what `trust.rs` finds.

use std::rc::Rc;
use std::string::ToString;
use std::time::Duration;
use std::vec::Vec;

use super::gateway::{Draft, unknown};
use super::mistakes::Planted;
use super::state::{Run, World};
use crate::error::Error;
use crate::gateways::refund::REFUND;
use crate::journal::{Entry, JournalFault, JournalFaultKind, Settlement};
use crate::outcome::{Answer, Doubt, Outcome, Reason, Refusal, Words};
use crate::till::receipt::{Evidence, Found};
use crate::till::rules::{self, APART, Answered, Asking, Case, Ended, Event, Look, Looked, Step};
use crate::till::seen::{Seen, Times};
use crate::till::told::{self, Written};
use crate::wire::pairs::Pairs;

const ONE_QUESTION: Duration = Duration::from_millis(500);
/// How long a call has: an attempt and a question or two. What takes longer is another call.
const PATIENCE: Duration = Duration::from_secs(2);

/// What one refund or resolution works on.
#[derive(Clone)]
struct Work {
    at: usize,
    entry: Rc<Entry>,
    deadline: Duration,
    payments_until: Duration,
}

enum Advanced {
    Ran(Outcome<Found>),
    Waited,
}

enum LookedAt {
    Attempt(usize, Option<Refusal>),
    Resume(usize),
    Confirm(usize),
    Wait(Option<usize>),
    Elsewhere(usize),
    Report(usize),
    Unknown(Doubt),
}

type Told = Run<Result<Outcome<Found>, Error>>;

fn not_begun(_: JournalFault) -> Error {
    Error::field("journal", "it is not begun")
}

fn at_of(entry: &Entry) -> usize {
    usize::try_from(entry.id).unwrap()
}

impl World<'_> {
    // ---- desk.rs ----

    fn seen(&mut self, at: usize) -> &mut Seen {
        &mut self.state.numbers[at].seen
    }

    fn of_case<T>(&self, at: usize, entry: &Entry, judge: impl FnOnce(&Case<'_>) -> T) -> T {
        let state = &self.state;
        let gateway = state.gateway_known.then_some(state.real);
        let times = Times { now: state.real, monotonic: state.monotonic(), opened: state.opened, gateway };
        let is_from_before = state.begun.is_none_or(|first| at < first);
        let seen = &state.numbers[at].seen;
        judge(&Case { endpoint: &REFUND, profile: self.shop.profile(), entry, seen, times, is_from_before })
    }

    fn decide(&mut self, work: &Work, event: Event) -> Step {
        let step = self.of_case(work.at, &work.entry, |case| self.mistake.decide(case, event));
        self.say(|| ["[", &super::super::words(&step), "]"].concat());
        step
    }

    fn wait(&mut self, work: &Work, time: Duration) -> bool {
        if self.state.monotonic() + time > work.deadline {
            return false;
        }
        self.state.real += i64::try_from(time.as_secs()).unwrap();
        true
    }

    fn note_attempt(&mut self, at: usize) {
        let now = self.state.monotonic();
        let seen = self.seen(at);
        (seen.last_attempt, seen.not_found_since) = (Some(now), None);
    }

    fn note(&mut self, at: usize, entry: &Entry, knows: bool, words: Option<Words>) {
        let seen = self.seen(at);
        seen.known |= knows;
        seen.words = words.or(seen.words.take());
        let want = (seen.known || entry.known, seen.words.clone().or(entry.last_words.clone()));
        let have = seen.noted.clone().unwrap_or((entry.known, entry.last_words.clone()));
        if want != have && self.store_note(at, want.0, want.1.as_ref()).is_ok() {
            self.seen(at).noted = Some(want);
        }
    }

    fn settle(&mut self, at: usize, settlement: &Settlement) -> Result<i64, JournalFault> {
        let revision = self.store(at, settlement)?;
        let first = rules::first_pause(settlement, self.state.monotonic());
        match rules::is_still_asked(settlement) {
            true => self.seen(at).note_refused(first),
            false => *self.seen(at) = Seen::default(),
        }
        Ok(revision)
    }

    fn settle_unwritten(&mut self, at: usize) {
        let seen = self.state.numbers[at].seen.clone();
        if seen.unwritten.is_none() {
            return;
        }
        let Some(settlement) = rules::to_write(&self.entry(at), &seen) else {
            self.seen(at).unwritten = None;
            return;
        };
        if self.store(at, &settlement).is_ok() {
            self.seen(at).unwritten = None;
        }
    }

    /// The process begins anew, and remembers nothing.
    pub(super) fn restart(&mut self) {
        self.state.opened = self.state.monotonic();
        (self.state.gateway_known, self.state.begun) = (false, None);
        for number in &mut self.state.numbers {
            number.seen = Seen::default();
        }
    }

    fn work(&self, at: usize, patience: Duration) -> Work {
        let deadline = self.state.monotonic() + patience;
        Work { at, entry: self.entry(at), deadline, payments_until: deadline }
    }

    // ---- pay.rs, refund.rs ----

    pub(super) fn refund(&mut self, of: usize) -> Told {
        let until = self.state.monotonic() + PATIENCE;
        loop {
            match self.advance(of, until)? {
                Ok(Advanced::Waited) => {}
                Ok(Advanced::Ran(outcome)) => return Ok(Ok(outcome)),
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    fn advance(&mut self, of: usize, until: Duration) -> Run<Result<Advanced, Error>> {
        let looked = match self.look(of) {
            Ok(looked) => looked,
            Err(error) => return Ok(Err(error)),
        };
        let within = |mut work: Work| {
            (work.deadline, work.payments_until) = (until, until);
            work
        };
        let outcome = match looked {
            // A pause is a minute: this call does not wait for it.
            LookedAt::Wait(None) => return Ok(Err(Error::field("till", "a pause is due"))),
            LookedAt::Wait(Some(at)) => told::recorded(&self.entry(at)),
            LookedAt::Unknown(doubt) => unknown(doubt),
            LookedAt::Report(at) => told::recorded(&self.entry(at)),
            LookedAt::Elsewhere(at) => {
                let work = within(self.work(at, PATIENCE));
                return self.ask_elsewhere(of, &work);
            }
            LookedAt::Resume(at) => self.resume(&within(self.work(at, PATIENCE)), true)?,
            LookedAt::Confirm(at) => match self.confirm(&within(self.work(at, PATIENCE)))? {
                None => return Ok(Ok(Advanced::Waited)),
                Some(outcome) => outcome,
            },
            LookedAt::Attempt(at, refused) => {
                let work = within(self.work(at, PATIENCE));
                return Ok(self.attempt(&work, refused)?.map(Advanced::Ran));
            }
        };
        Ok(Ok(Advanced::Ran(outcome)))
    }

    fn look(&mut self, of: usize) -> Result<LookedAt, Error> {
        let own: Vec<usize> = (0..self.state.numbers.len()).filter(|at| self.state.numbers[*at].of == of).collect();
        for at in &own {
            self.settle_unwritten(*at);
        }
        let now = self.state.monotonic();
        let is_open =
            |at: &usize| self.entry(*at).is_unproven() && !rules::is_confirmed(&self.state.numbers[*at].seen, now);
        let unconfirmed = own.iter().copied().find(is_open);
        let entries: Vec<Entry> = own.iter().map(|at| Entry::clone(&self.entry(*at))).collect();
        let latest = rules::deciding(entries, |entry| rules::is_paid_unwritten(&self.state.numbers[at_of(entry)].seen));
        let mut pause = None;
        if latest.as_ref().is_none_or(rules::begins) {
            match self.refundable(of, latest.as_ref())? {
                Ok(last) => pause = last,
                Err(first) => return Ok(LookedAt::Elsewhere(first)),
            }
        }
        let step = self.step_to_pay(latest.as_ref(), pause);
        match (step, unconfirmed) {
            (Step::NewNumber, Some(at)) => Ok(LookedAt::Confirm(at)),
            (step, _) => self.take_up(of, step, latest.as_ref()),
        }
    }

    /// The pause after the last of the order's refunds. `Err`: this one is asked about first.
    fn refundable(&self, of: usize, latest: Option<&Entry>) -> Result<Result<Option<(Duration, i64)>, usize>, Error> {
        let refunds: Vec<Entry> = self.state.numbers.iter().map(|number| Entry::clone(&number.entry)).collect();
        let (but, now) = (latest.map(|entry| entry.id), self.state.monotonic());
        let seen = |id| self.state.numbers[usize::try_from(id).unwrap()].seen.clone();
        if let Some(first) = rules::to_confirm_first(&refunds, but, seen, now)
            && !self.plants(Planted::FreesUnconfirmed)
        {
            return Ok(Err(at_of(first)));
        }
        let fen = |fen: i64| crate::money::Fen::new(fen).unwrap();
        let forgets = self.plants(Planted::ForgetsOpen);
        let counted: Vec<Entry> = refunds.iter().filter(|entry| !forgets || !entry.is_pending()).cloned().collect();
        let (amount, total) = (fen(self.shop.returns[of]), fen(super::state::TOTAL));
        if let Some(words) = rules::not_refundable(amount, total, &counted, but) {
            return Err(Error::field("refund_fee", words));
        }
        let others = refunds.iter().filter(|entry| Some(entry.id) != but && rules::was_sent(entry));
        let last = others.map(|entry| entry.last_attempt_at).max();
        Ok(Ok(last.map(|last| (self.rules().apart, last))))
    }

    fn step_to_pay(&mut self, latest: Option<&Entry>, payee: Option<(Duration, i64)>) -> Step {
        let pause = rules::pause_left(latest, payee, self.state.real, &|_| Duration::ZERO);
        let mut look = Look { pause, ..Look::default() };
        let Some(entry) = latest else { return rules::first(&look) };
        let at = at_of(entry);
        if look.pause.is_none() {
            look.goes_again = self.of_case(at, entry, rules::goes_again).unwrap();
        }
        let work = self.work(at, Duration::ZERO);
        self.decide(&work, Event::Pay(look))
    }

    fn take_up(&mut self, of: usize, step: Step, latest: Option<&Entry>) -> Result<LookedAt, Error> {
        Ok(match (step, latest.map(at_of)) {
            (Step::Wait(_), at) => LookedAt::Wait(at.filter(|at| rules::was_sent(&self.entry(*at)))),
            (Step::Confirm, Some(at)) => LookedAt::Confirm(at),
            (Step::NewNumber, _) => {
                let now = self.state.monotonic();
                let at = self.begin(of).inspect_err(|_| self.state.opened = now).map_err(not_begun)?;
                self.state.begun.get_or_insert(at);
                self.seen(at).begun = Some(now);
                LookedAt::Attempt(at, None)
            }
            (Step::SameNumber, Some(at)) => {
                let before = self.entry(at).state.clone();
                self.reopen(at).map_err(not_begun)?;
                LookedAt::Attempt(at, rules::refusal(before))
            }
            (Step::Resume, Some(at)) => LookedAt::Resume(at),
            (Step::Unknown(doubt), _) => LookedAt::Unknown(doubt),
            (_, Some(at)) => LookedAt::Report(at),
            (_, None) => panic!("the first look at an intent begins or waits"),
        })
    }

    fn ask_elsewhere(&mut self, of: usize, work: &Work) -> Run<Result<Advanced, Error>> {
        let outcome = self.ask_of(work)?;
        let goes_on = outcome.is_paid() || self.state.monotonic() <= work.payments_until;
        let own = self.state.numbers.iter().filter(|number| number.of == of);
        Ok(match outcome.doubt() {
            Some(doubt) => Ok(Advanced::Ran(unknown(doubt))),
            None if goes_on => Ok(Advanced::Waited),
            None if own.clone().any(|number| number.entry.is_paid()) => Ok(Advanced::Waited),
            None if own.clone().all(|number| number.entry.is_settled()) => {
                Err(Error::field("till", "the time is over"))
            }
            None => Ok(Advanced::Ran(unknown(Doubt::new(Reason::EarlierAttempt, "the time is over")))),
        })
    }

    fn confirm(&mut self, work: &Work) -> Run<Option<Outcome<Found>>> {
        let outcome = self.ask_of(work)?;
        let number = &self.state.numbers[work.at];
        let confirmed = rules::is_confirmed(&number.seen, self.state.monotonic());
        Ok(match outcome {
            Outcome::Declined(_) if !number.entry.is_unproven() || confirmed => None,
            Outcome::Declined(_) => Some(unknown(Doubt::new(Reason::Unconfirmed, "words"))),
            outcome => Some(outcome),
        })
    }

    // ---- run.rs ----

    fn attempt(&mut self, work: &Work, refused: Option<Refusal>) -> Told {
        let mut draft = Draft { marked: false, attempts: u32::from(refused.is_some()), refusal: refused };
        let attempts = draft.attempts;
        let outcome = self.pipe_pay(work.at, &mut draft)?;
        self.note_attempt(work.at);
        let ended = match outcome {
            Ok(outcome) if draft.attempts == attempts && outcome.refusal().is_some() => {
                Event::NotMade { changed: None, refused: outcome.refusal().cloned() }
            }
            Ok(outcome) => {
                self.note_outcome(work, &outcome);
                Event::Attempt(Ended::Judged(outcome))
            }
            Err(error) => {
                let step = self.decide(work, Event::Attempt(Ended::NotSent(error.to_string())));
                let Step::Write(settlement, proof) = step else { panic!("it is not sent") };
                return Ok(match self.settle(work.at, &settlement) {
                    Ok(_) => Err(error),
                    Err(fault) => Ok(self.outcome(work, settlement, proof, Err(fault))),
                });
            }
        };
        let step = self.decide(work, ended);
        Ok(Ok(self.follow(work, Some(draft), step)?))
    }

    fn note_outcome(&mut self, work: &Work, outcome: &Outcome<Pairs>) {
        let refused = self.of_case(work.at, &work.entry, |case| rules::to_confirm(case, outcome));
        let words = self.of_case(work.at, &work.entry, |case| rules::words_of(case, outcome));
        if let Some(words) = words.filter(|words| !words.code.is_empty()) {
            self.note(work.at, &work.entry, false, Some(words));
        }
        self.seen(work.at).refused = refused;
    }

    fn note_words(&mut self, work: &Work, outcome: &Outcome<Pairs>) {
        if let Outcome::Unknown(Doubt { code, text, .. }) = outcome
            && !code.is_empty()
        {
            let words = Words { code: code.clone(), text: text.clone().into_owned() };
            self.note(work.at, &work.entry, false, Some(words));
        }
    }

    fn resume(&mut self, work: &Work, repeats: bool) -> Run<Outcome<Found>> {
        let attempts = work.entry.attempts.max(1);
        let draft = repeats.then_some(Draft { marked: true, attempts, refusal: None });
        let step = self.decide(work, Event::Resume { repeats });
        let work = self.with_one_question(work, &step);
        self.follow(&work, draft, step)
    }

    fn follow(&mut self, work: &Work, mut draft: Option<Draft>, mut step: Step) -> Run<Outcome<Found>> {
        let mut waited = Duration::ZERO;
        loop {
            step = match (step, &mut draft) {
                (Step::Ask(wait, doubt), _) if !wait.is_zero() && !self.wait(work, wait) => return Ok(unknown(doubt)),
                (Step::Repeat(wait, doubt), Some(_))
                    if self.state.monotonic() + wait > work.payments_until || !self.wait(work, wait) =>
                {
                    return Ok(unknown(doubt));
                }
                (Step::Ask(wait, _), _) => {
                    waited = wait;
                    self.asked(work, wait)
                }
                (Step::Repeat(wait, _), Some(draft)) => {
                    waited = waited.max(wait);
                    let ended = self.repeat(work, draft)?;
                    self.decide(work, Event::Repeat(ended, waited))
                }
                (Step::Repeat(_, doubt), None) => rules::without_repeat(waited, doubt),
                (Step::Write(settlement, proof), _) => {
                    let written = self.settle(work.at, &settlement);
                    return Ok(self.outcome(work, settlement, proof, written));
                }
                (Step::Report, _) => return Ok(told::recorded(&work.entry)),
                (Step::Unknown(doubt), _) => return Ok(unknown(doubt)),
                (_, _) => panic!("no step of a refund"),
            }
        }
    }

    fn repeat(&mut self, work: &Work, draft: &mut Draft) -> Run<Ended> {
        if let Err(fault) = self.count(work.at) {
            return Ok(Ended::NotCounted(fault));
        }
        let seen = self.seen(work.at);
        seen.attempts = seen.attempts.max(work.entry.attempts) + 1;
        seen.refused = None;
        let outcome = self.pipe_pay(work.at, draft)?;
        self.note_attempt(work.at);
        if let Ok(outcome) = &outcome {
            self.note_words(work, outcome);
            let refused = self.of_case(work.at, &work.entry, |case| rules::refuses_a_refund(case, outcome));
            let now = self.state.monotonic();
            let seen = self.seen(work.at);
            let first = seen.repeat_refused.map(|(first, _)| first).or(refused.then_some(now));
            seen.repeat_refused = first.map(|first| (first, refused));
        }
        Ok(outcome.map_or_else(|error| Ended::NotSent(error.to_string()), Ended::Judged))
    }

    fn asked(&mut self, work: &Work, waited: Duration) -> Step {
        let now = self.state.monotonic();
        self.seen(work.at).asked = Some(now);
        let (answer, date) = self.pipe_question(work.at);
        let knows = matches!(answer, Answer::Known(_));
        if let Answer::NotKnown { first_host } = &answer {
            let confirms = self.of_case(work.at, &work.entry, |case| rules::confirms(case, *first_host));
            if confirms || self.plants(Planted::SecondHost) {
                let seen = self.seen(work.at);
                seen.not_known = Some((now, seen.not_known.map_or(0, |(_, times)| times) + 1));
            }
        }
        let asking = Asking::Everything;
        let step = self.decide(work, Event::Answer(Answered { answer, date, asking, waited, cancelled: false }));
        if !matches!(&step, Step::Write(settlement, _) if !rules::is_still_asked(settlement)) {
            // Of a refund the query's words have neither state nor reason outside the rows.
            self.note(work.at, &work.entry, knows, knows.then(Words::default));
        }
        step
    }

    fn ask_of(&mut self, work: &Work) -> Run<Outcome<Found>> {
        let step = self.decide(work, Event::Question);
        let work = self.with_one_question(work, &step);
        self.follow(&work, None, step)
    }

    fn with_one_question(&self, work: &Work, step: &Step) -> Work {
        let mut work = work.clone();
        if let Step::Ask(wait, _) = step {
            work.deadline = work.deadline.max(self.state.monotonic() + *wait + ONE_QUESTION);
        }
        work
    }

    /// Also `not_taken`: what the journal could not take is kept.
    fn outcome(
        &mut self,
        work: &Work,
        settlement: Settlement,
        proof: Option<Evidence<Pairs>>,
        written: Result<i64, JournalFault>,
    ) -> Outcome<Found> {
        let paid = written.is_err().then(|| Entry::clone(&self.entry(work.at))).filter(Entry::is_paid);
        if paid.is_none() && written.as_ref().is_err_and(|fault| fault.kind() != JournalFaultKind::Refused) {
            let first = rules::first_pause(&settlement, self.state.monotonic());
            let forgets = self.plants(Planted::ForgetsRefusals);
            let seen = self.seen(work.at);
            seen.keep(&settlement);
            if !forgets {
                seen.note_refused(first);
            }
        }
        told::outcome(&work.entry, settlement, proof, Written { revision: written, paid, called_paid: false })
    }

    // ---- recover.rs, orders.rs ----

    pub(super) fn recover(&mut self) -> Run<()> {
        for at in 0..self.state.numbers.len() {
            if self.is_to_ask(at) {
                self.settle_unwritten(at);
                if self.is_to_ask(at) {
                    self.resume(&self.work(at, APART), false).map(drop)?;
                }
            }
            self.settle_unwritten(at);
            let entry = self.entry(at);
            if rules::doubted(&entry, &self.state.numbers[at].seen).is_none() {
                self.check_told(&told::recorded(&entry));
            }
        }
        Ok(())
    }

    fn is_to_ask(&self, at: usize) -> bool {
        let (entry, seen, now) = (self.entry(at), &self.state.numbers[at].seen, self.state.monotonic());
        match entry.is_unproven() {
            true => rules::is_due(seen, now),
            false => entry.is_pending() && rules::is_time_to_look(&entry, self.rules(), seen, now),
        }
    }

    pub(super) fn payment_of(&mut self, at: usize) -> Run<Outcome<Found>> {
        self.settle_unwritten(at);
        self.ask_of(&self.work(at, Duration::ZERO))
    }

    pub(super) fn settle_by_hand(&mut self, at: usize, paid: bool) -> Result<(), &'static str> {
        self.settle_unwritten(at);
        if self.state.numbers[at].seen.unwritten.is_some() {
            return Err("its end is known, and not written");
        }
        let entry = self.entry(at);
        let own = self.state.numbers.iter().filter(|number| number.of == self.state.numbers[at].of);
        let of_intent: Vec<Entry> = own.map(|number| Entry::clone(&number.entry)).collect();
        let (name, reason, since) = ("n", "r", Duration::ZERO);
        let looked = Looked { paid, name, reason, busy: false, of_intent: &of_intent, since, reversal_is_over: false };
        match rules::by_hand(&entry, Some(&REFUND), &looked, self.state.real) {
            Step::Write(settlement, _) => {
                self.store(at, &settlement).map_err(|_| "the journal does not take it")?;
                let seen = self.seen(at);
                if seen.unwritten.is_none() && seen.not_known.is_none() {
                    *seen = Seen::default();
                }
                Ok(())
            }
            Step::Refuse(words) => Err(words),
            _ => Err("it is settled already"),
        }
    }
}
