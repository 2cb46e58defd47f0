//! Taking back what is not proven (撤销), and asking again about refusals that are not.
//!
//! Document: POS flows 3; rulings 1, 2, 4.

use alloc::string::{String, ToString};
use core::time::Duration;

use super::desk::Till;
use super::receipt::{Found, Receipt};
use super::rules::{self, Event, Refunds, Step};
use super::run::{Reversing, Work};
use super::watch::{Options, Phase, Reversals};
use crate::client::Asked;
use crate::endpoint::{ResolvedBy, ReversalRules};
use crate::error::{Error, ErrorKind};
use crate::journal::JournalFaultKind;
use crate::outcome::{Answer, Doubt, Outcome, Reason};
use crate::wire::pairs::Pairs;

impl Till {
    /// Takes back a payment by a customer's code that nothing is proven of, or ends it unpaid (撤销). The gateway is asked first: a
    /// payment in time is `Accepted`, whoever asks. The cashier's button is [`Watch::is_cancelled`](crate::Watch::is_cancelled) of the
    /// call that waits; this is for what is open after it, and after a power cut.
    ///
    /// | | |
    /// |---|---|
    /// | `Declined` | proven: not paid, or given back |
    /// | `Accepted` | it was paid, and no reversal was begun before: refund it, if the customer is to have it back |
    /// | `PaidLate` | it was paid, and can be taken back no more: refund it |
    /// | `Unknown` | not proven yet. Of a payment that another process sent the gateway must say twice, a minute apart, that it is unpaid |
    ///
    /// A thread that waits for this customer lets the payment go.
    ///
    /// # Errors
    ///
    /// As [`Till::payment_of`]; or it is no payment by code, or was accepted: refund it.
    pub fn reverse(&self, order_number: &str) -> Result<Outcome<Receipt<Pairs>>, Error> {
        self.reverse_with(order_number, &Options::new())
    }

    /// [`Till::reverse`] with options: how much patience, and who watches. Cancelling it does not end it.
    ///
    /// # Errors
    ///
    /// As [`Till::reverse`].
    pub fn reverse_with(&self, order_number: &str, options: &Options<'_>) -> Result<Outcome<Receipt<Pairs>>, Error> {
        self.with_order(order_number, options, Some(self.patience), |work| {
            let step = match self.decide(work, Event::Reverse) {
                Step::Refuse(words) => return Err(Error::field("order_number", words)),
                Step::Unknown(doubt) => return Ok(Outcome::Unknown(doubt)),
                step => step,
            };
            let mut work = *work;
            let patience = options.patience.unwrap_or(self.patience_for(work.endpoint));
            work.call.deadline = self.clock.monotonic().saturating_add(patience);
            (work.call.ends, work.call.reversals) = (true, Reversals::Open);
            Ok(self.follow(&self.with_one_question(&work, &step), None, step))
        })
    }

    /// Before another number begins, a refusal without proof is asked about once more. `None`: its end, or the answer that lets another
    /// number begin, is found by the next look.
    pub(super) fn confirm(&self, work: &Work<'_>) -> Option<Outcome<Found>> {
        let step = self.decide(work, Event::Question);
        let outcome = self.follow(&self.with_one_question(work, &step), None, step);
        let confirmed = || rules::is_confirmed(&self.seen_of(work.entry.id), self.clock.monotonic());
        match outcome {
            Outcome::Declined(_) if !work.call.may_begin(self.clock.monotonic()) => Some(outcome),
            Outcome::Declined(_) if self.is_proven(work) || confirmed() => None,
            Outcome::Declined(_) => Some(Outcome::Unknown(Doubt::new(Reason::Unconfirmed, UNCONFIRMED))),
            outcome => Some(outcome),
        }
    }

    fn is_proven(&self, work: &Work<'_>) -> bool {
        let now = self.journal.with(|journal| journal.entry(work.entry.id));
        now.is_ok_and(|entry| entry.is_some_and(|entry| !entry.is_unproven()))
    }

    /// Takes the payment back, after this wait, where the call has leave to. `Err`: this is told.
    pub(super) fn take_back(
        &self,
        work: &mut Work<'_>,
        reversing: &mut Reversing,
        (wait, doubt): (Duration, Doubt),
    ) -> Result<Step, Outcome<Found>> {
        let ResolvedBy::Reversal(_, table) = work.endpoint.resolved_by else { return Err(Outcome::Unknown(doubt)) };
        let begun = work.entry.reversals.max(self.seen_of(work.entry.id).reversals) > 0;
        let may = match work.call.reversals {
            Reversals::None => false,
            Reversals::Begun => begun,
            Reversals::Open => true,
        };
        let text = reversing.unable.clone().map_or(doubt.text.clone(), Into::into);
        if !may || reversing.unable.is_some() {
            return Err(Outcome::Unknown(Doubt { reason: Reason::NeedsReversal, text, ..doubt }));
        }
        // Without time for the question after it, it is left to the next call.
        let over = self.clock.monotonic().saturating_add(wait).saturating_add(rules::APART) > work.call.deadline;
        if reversing.begun && over {
            return Err(Outcome::Unknown(doubt));
        }
        work.call.waits_as = Phase::Reversing;
        if !self.wait_all(&work.call, &work.entry.order_number, wait) {
            return Err(Outcome::Unknown(doubt));
        }
        self.count_reversal(work)?;
        reversing.unable = self.reverse_once(work, table);
        // One question after the first one, whatever the patience.
        if !reversing.begun {
            self.leave_one_question(work);
        }
        reversing.begun = true;
        Ok(Step::Ask(rules::APART, doubt))
    }

    /// The decision is durable before its first byte; also where the journal cannot say whether it is, the payment is never accepted here.
    fn count_reversal(&self, work: &Work<'_>) -> Result<(), Outcome<Found>> {
        let (entry, at) = (work.entry, self.stamp());
        let counted = self.journal.with(|journal| journal.reversing(entry.id, at));
        match counted {
            Err(fault) if fault.kind() == JournalFaultKind::Refused => Err(self.report(self.as_it_is(entry))),
            counted => {
                self.with_seen(entry.id, |seen| {
                    seen.reversals = seen.reversals.max(entry.reversals).saturating_add(1);
                });
                counted.map_err(|fault| Outcome::Unknown(Doubt::new(Reason::Journal, String::from(fault.text()))))
            }
        }
    }

    /// One reversal. Whatever the gateway answers, only the query's word counts. `Some`: it cannot be sent from here, in these words.
    fn reverse_once(&self, work: &Work<'_>, rules: &ReversalRules) -> Option<String> {
        let number = &work.entry.order_number;
        work.call.progress(number, Phase::Reversing, Duration::ZERO);
        let answer = self.question(work, rules.call, &[]);
        let now = self.clock.monotonic();
        self.note_asked(work.entry.id);
        let code = match &answer {
            Ok(Asked { answer: Answer::Known(_), .. }) | Err(_) => "",
            Ok(Asked { answer: Answer::NotKnown { .. }, .. }) => "",
            Ok(Asked { answer: Answer::NoAnswer(doubt), .. }) => {
                log::warn!("{number}: not reversed: {doubt}");
                doubt.code.as_str()
            }
        };
        let counts = !code.is_empty() && !rules.no_refusal.contains(&code);
        self.with_seen(work.entry.id, |seen| {
            seen.not_reversed = match seen.not_reversed.take() {
                _ if !counts => None,
                Some((before, times, since)) if before == code && seen.paid_all_the_same => {
                    Some((before, times.saturating_add(1), since))
                }
                _ => Some((code.into(), 1, now)),
            };
            seen.reversal_expired |= code == rules.expired;
            (seen.reversed, seen.paid_all_the_same) = (Some(now), false);
        });
        match answer {
            Err(error) => {
                log::error!("{number}: not reversed: {error}");
                (error.kind() == ErrorKind::Identity).then(|| error.to_string())
            }
            Ok(_) => None,
        }
    }

    /// What a state of the query leaves to be known of a payment by code.
    pub(super) fn note_state(&self, work: &Work<'_>, pairs: &Pairs, first_host: bool) {
        let ResolvedBy::Reversal(resolution, _) = work.endpoint.resolved_by else { return };
        let state = pairs.filled(resolution.state).unwrap_or_default();
        let counts = self.of_case(work.desk, work.endpoint, work.entry, |case| {
            rules::counts_as_unpaid(case, state, first_host).then_some(case.times.monotonic)
        });
        let is_paid = resolution.paid.contains(&state);
        self.with_seen(work.entry.id, |seen| {
            seen.not_found_since = None;
            seen.paid_all_the_same |= is_paid && seen.reversals.max(work.entry.reversals) > 0;
            // What contradicts a refusal lets no other number begin.
            seen.not_known = seen.not_known.map(|(at, _)| (at, 0));
            if let Some(now) = counts {
                seen.unpaid = Some((seen.unpaid.map_or(now, |(first, _)| first), now));
            }
        });
    }

    /// What the gateway knows of the refunds of an order, all pages; from the first host only.
    pub(super) fn refunds_of_order(&self, work: &Work<'_>) -> Result<Refunds, Doubt> {
        let mut refunds = Refunds::default();
        let ResolvedBy::Reversal(_, ReversalRules { refunds: of, .. }) = work.endpoint.resolved_by else {
            return Ok(refunds);
        };
        while !refunds.are_all {
            let offset = refunds.count().to_string();
            // Where there are no pages, the first one has all rows.
            let next = of.pages.filter(|_| refunds.count() > 0).map(|(name, _)| (name, offset.as_str()));
            match self.question(work, of.query, next.as_slice()) {
                Ok(Asked { answer: Answer::Known(page), first_host: true, .. }) => {
                    refunds.add(of, work.entry.amount, &page)?;
                }
                Ok(Asked { answer: Answer::NoAnswer(doubt), .. }) => return Err(doubt),
                Ok(_) => return Err(Doubt::new(Reason::OpenCode, "the gateway does not know its refunds yet")),
                Err(error) => return Err(Doubt::new(Reason::Broken, error.to_string())),
            }
        }
        Ok(refunds)
    }

    pub(super) fn waits_as(&self, doubt: &Doubt) -> Phase {
        match doubt.reason {
            Reason::CustomerPaying => Phase::Confirming,
            Reason::Reversing => Phase::Reversing,
            _ => Phase::Waiting,
        }
    }
}

const UNCONFIRMED: &str = "it was refused, and the gateway does not say so again: another number is not begun yet";
