//! `reversal.rs` of the till.

use std::string::String;
use std::time::Duration;

use super::codes::Reversal;
use super::gateway::unknown;
use super::mistakes::Carried;
use super::run::{Reversing, Told, Work};
use super::state::{Run, World};
use crate::endpoint::ResolvedBy;
use crate::error::Error;
use crate::journal::JournalFaultKind;
use crate::outcome::{Doubt, Outcome, Reason};
use crate::till::receipt::Found;
use crate::till::rules::{self, APART, Event, Step};
use crate::till::watch::Reversals;
use crate::wire::pairs::Pairs;

impl World<'_> {
    pub(super) fn reverse(&mut self, at: usize) -> Told {
        self.settle_unwritten(at);
        let patience = Duration::from_secs(self.patience);
        let work = self.work(at, self.call(Duration::ZERO));
        let step = match self.decide(&work, Event::Reverse) {
            Step::Refuse(words) => return Ok(Err(Error::field("order_number", words))),
            Step::Unknown(doubt) => return Ok(Ok(unknown(doubt))),
            step => step,
        };
        let mut work = work;
        work.call.deadline = self.state.monotonic() + patience;
        (work.call.ends, work.call.reversals) = (true, Reversals::Open);
        let work = self.with_one_question(&work, &step);
        self.follow(&work, None, step).map(Ok)
    }

    pub(super) fn confirm(&mut self, work: &Work) -> Run<Option<Outcome<Found>>> {
        let step = self.decide(work, Event::Question);
        let follow = self.with_one_question(work, &step);
        let outcome = self.follow(&follow, None, step)?;
        let confirmed = rules::is_confirmed(&self.state.numbers[work.at].seen, self.state.monotonic());
        let proven = !self.entry(work.at).is_unproven();
        Ok(match outcome {
            Outcome::Declined(_) if !self.may_begin(&work.call) => Some(outcome),
            Outcome::Declined(_) if proven || confirmed => None,
            Outcome::Declined(_) => Some(unknown(Doubt::new(Reason::Unconfirmed, "it is not said again"))),
            outcome => Some(outcome),
        })
    }

    pub(super) fn take_back(
        &mut self,
        work: &mut Work,
        reversing: &mut Reversing,
        (wait, doubt): (Duration, Doubt),
    ) -> Run<Result<Step, Outcome<Found>>> {
        let begun = work.entry.reversals.max(self.state.numbers[work.at].seen.reversals) > 0;
        let may = match work.call.reversals {
            Reversals::None => false,
            Reversals::Begun => begun,
            Reversals::Open => true,
        };
        if !may {
            return Ok(Err(unknown(Doubt { reason: Reason::NeedsReversal, ..doubt })));
        }
        let over = self.state.monotonic() + wait + APART > work.call.deadline;
        if reversing.begun && over {
            return Ok(Err(unknown(doubt)));
        }
        self.wait_all(wait);
        if self.mistake.carried != Carried::ReversesUncounted
            && let Err(outcome) = self.count_reversal(work)
        {
            return Ok(Err(outcome));
        }
        let way = self.reverse_once(work)?;
        if self.believes(way) {
            return Ok(Ok(rules::declined(rules::unpaid("MISTAKE", "the reversal said so"))));
        }
        if !reversing.begun {
            self.leave_one_question(work);
        }
        reversing.begun = true;
        Ok(Ok(Step::Ask(APART, doubt)))
    }

    fn count_reversal(&mut self, work: &Work) -> Result<(), Outcome<Found>> {
        let (at, now) = (work.at, self.stamp());
        match self.store_reversing(at, now) {
            Err(fault) if fault.kind() == JournalFaultKind::Refused => Err(self.report(at, &self.entry(at))),
            counted => {
                let before = work.entry.reversals;
                let seen = self.seen(at);
                seen.reversals = seen.reversals.max(before) + 1;
                counted.map_err(|fault| unknown(Doubt::new(Reason::Journal, String::from(fault.text()))))
            }
        }
    }

    fn reverse_once(&mut self, work: &Work) -> Run<Reversal> {
        let ResolvedBy::Reversal(_, table) = self.account(work.at).endpoint.resolved_by else {
            return Ok(Reversal::NoEffect);
        };
        let way = self.pipe_reverse(work.at)?;
        let (now, code) = (self.state.monotonic(), way.code());
        let counts = !code.is_empty() && !table.no_refusal.contains(&code);
        let seen = self.seen(work.at);
        seen.asked = Some(now);
        seen.not_reversed = match seen.not_reversed.take() {
            _ if !counts => None,
            Some((before, times, since)) if before == code && seen.paid_all_the_same => {
                Some((before, times + 1, since))
            }
            _ => Some((code.into(), 1, now)),
        };
        seen.reversal_expired |= code == table.expired;
        (seen.reversed, seen.paid_all_the_same) = (Some(now), false);
        Ok(way)
    }

    pub(super) fn note_state(&mut self, work: &Work, pairs: &Pairs, first_host: bool) {
        let ResolvedBy::Reversal(resolution, _) = self.account(work.at).endpoint.resolved_by else { return };
        let state = pairs.filled(resolution.state).unwrap_or_default();
        let counts = self.of_case(work.at, &work.entry, |case| {
            rules::counts_as_unpaid(case, state, first_host).then_some(case.times.monotonic)
        });
        let is_paid = resolution.paid.contains(&state);
        let before = work.entry.reversals;
        let seen = self.seen(work.at);
        seen.not_found_since = None;
        seen.paid_all_the_same |= is_paid && seen.reversals.max(before) > 0;
        seen.not_known = seen.not_known.map(|(at, _)| (at, 0));
        if let Some(now) = counts {
            seen.unpaid = Some((seen.unpaid.map_or(now, |(first, _)| first), now));
        }
    }
}
