//! What the till promises (docs/design.md, "Outcomes" and "Till"), held against what the gateway really did. Checked at each
//! write, at each new number, whenever money moves, and whenever something is told.

use std::format;
use std::string::String;

use super::super::events::Flow;
use super::codes::may_be_charged;
use super::gateway::{LOOK_BACK, may_be_paid_out, may_pay};
use super::state::{DAY, Number, Truth, World};
use crate::error::Error;
use crate::journal::{Entry, EntryState, Settlement};
use crate::outcome::{Outcome, Reason};
use crate::till::receipt::Found;

/// What a caller hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Money moved for this number, in time or late.
    Paid {
        at: usize,
        late: bool,
    },
    /// An order exists, and here is its URL.
    Ordered(usize),
    Declined,
    Unknown,
    /// Only a person can tell.
    ForAPerson,
    /// It was begun under a clock that was wrong, and nobody knows how old it is: it is not sent again (docs/design.md, "\"Not
    /// found\" is not \"no\""), so only a person ends it.
    Undated,
    /// Nothing was sent.
    Error,
    /// Another payment of the intent is in the way: the error names it.
    InTheWay,
}

/// The one place that reads an outcome.
pub(super) fn told(outcome: Result<Outcome<Found>, Error>) -> Told {
    match outcome {
        Ok(Outcome::Accepted(found)) => Told::Paid { at: at_of(&found), late: false },
        Ok(Outcome::PaidLate(found)) => Told::Paid { at: at_of(&found), late: true },
        Ok(Outcome::Ordered(found)) => Told::Ordered(at_of(&found)),
        Ok(Outcome::Taken(_)) => panic!("no refund is searched"),
        Ok(Outcome::Declined(_)) => Told::Declined,
        Ok(Outcome::Unknown(doubt)) if doubt.reason == Reason::ForAPerson => Told::ForAPerson,
        Ok(Outcome::Unknown(doubt)) if doubt.text.contains("nobody knows how old it is") => Told::Undated,
        Ok(Outcome::Unknown(_)) => Told::Unknown,
        Err(error) if error.field_name() == "intent" => Told::InTheWay,
        Err(_) => Told::Error,
    }
}

fn at_of(found: &Found) -> usize {
    usize::try_from(found.entry.id).unwrap()
}

/// The one place that reads a state of an entry.
fn settlement(entry: &Entry) -> Option<&Settlement> {
    match &entry.state {
        EntryState::Open => None,
        EntryState::Recorded(settlement) => Some(settlement),
    }
}

fn is_for_a_person(entry: &Entry) -> bool {
    matches!(settlement(entry), Some(Settlement::ForAPerson { .. }))
}

pub(super) fn is_abandoned(entry: &Entry) -> bool {
    matches!(settlement(entry), Some(Settlement::Abandoned))
}

fn is_by_hand(entry: &Entry) -> bool {
    matches!(settlement(entry), Some(Settlement::ByHand { .. }))
}

/// It was paid, and taken back after all: a reversal that was on its way may take back what is called late.
fn was_taken_back(number: &Number) -> bool {
    number.flow == Flow::Code && number.truth == Truth::Closed && number.code.was == Some(Truth::Paid)
}

fn was_paid(number: &Number) -> bool {
    matches!(number.truth, Truth::Paid | Truth::GivenBack)
}

fn is_order(number: &Number) -> bool {
    number.flow.is_order()
}

/// Whether the caller could not know yet that another number is paid, or that it can be: an order that a person found unpaid,
/// or whose URL nobody had from the till, is paid late, and told so.
fn may_come_late(number: &Number) -> bool {
    match number.flow {
        // Refused without proof, and charged all the same: a moment that nobody can rule out (POS flows 18). It is found later.
        Flow::Code => is_by_hand(&number.entry) || (number.entry.is_unproven() && number.code.falsely_refused),
        _ => is_order(number) && (is_by_hand(&number.entry) || !number.url_out),
    }
}

/// Whether a second charge beside it is a moment that POS flows 18 names: a false refusal with a query behind, the QR of another order
/// that the till gave up, or a person's word.
fn is_excused(number: &Number) -> bool {
    let order = is_order(number) && !number.url_out;
    number.code.falsely_refused || order || is_by_hand(&number.entry)
}

/// Whether money has moved for it, or still may.
fn may_cost(world: &World<'_>, number: &Number) -> bool {
    match is_order(number) {
        _ if number.flow == Flow::Code => may_be_charged(number, world.state.real),
        true => was_paid(number) || number.url_out && may_pay(&world.state, number),
        false => was_paid(number) || may_be_paid_out(number),
    }
}

impl World<'_> {
    pub(super) fn breaks(&mut self, words: String) {
        self.say(|| format!("BROKEN: {words}"));
        self.broken.get_or_insert(words);
    }

    /// Each number that this is true of breaks a promise, in these words.
    pub(super) fn none(&mut self, words: &str, breaks: impl Fn(&World<'_>, usize, &Number) -> bool) {
        let numbers = self.state.numbers.iter().enumerate();
        let found = numbers.filter(|(at, number)| breaks(self, *at, number)).map(|(at, _)| at).next();
        if let Some(at) = found {
            self.breaks(format!("{words} (number {})", at + 1));
        }
    }

    /// A new number begins.
    pub(super) fn check_new_number(&mut self) {
        self.check_unproven();
        self.none("a new number begins while a payment by code is open", |_, _, number| {
            number.flow == Flow::Code && number.entry.is_pending()
        });
        self.none("a new number begins, and an earlier one was told as paid", |_, _, number| number.told_paid);
        self.none("a new number begins, and an earlier one is called paid by its notification", |_, _, number| {
            number.seen.called_paid
        });
        self.none("a new number begins, and an earlier one is paid, or still may be", |world, _, number| {
            may_cost(world, number) && !may_come_late(number)
        });
    }

    /// Money moved.
    pub(super) fn check_money(&mut self) {
        let taken = |number: &Number| is_order(number) || number.flow == Flow::Code;
        let paid_out = self.state.numbers.iter().filter(|number| !taken(number) && was_paid(number));
        if paid_out.count() > 1 {
            self.breaks("two numbers of one intent are paid out".into());
        }
        let has_code = self.state.numbers.iter().any(|number| number.flow == Flow::Code);
        let paid = self.state.numbers.iter().filter(|number| number.truth == Truth::Paid);
        self.two_charges |= has_code && paid.clone().count() > 1;
        if has_code && paid.filter(|number| !is_excused(number)).count() > 1 {
            self.breaks("a sale is charged twice, and no refusal was false".into());
        }
        self.none("it was accepted, and is taken back", |_, _, number| {
            let accepted = number.told_in_time || (number.entry.is_paid() && !number.entry.is_paid_late());
            number.flow == Flow::Code && number.truth == Truth::Closed && accepted
        });
    }

    /// A payment leaves.
    pub(super) fn check_sending(&mut self) {
        if self.only_asks {
            self.breaks("a call that only asks sends a payment".into());
        }
    }

    /// Something was written of a number.
    pub(super) fn check_written(&mut self, at: usize) {
        let number = &self.state.numbers[at];
        let wrong = match settlement(&number.entry) {
            Some(Settlement::Unproven { .. }) => (may_cost(self, number) && !number.code.falsely_refused)
                .then_some("it is written as refused, and is paid or still may be"),
            Some(Settlement::Declined { .. } | Settlement::NotSent) => {
                may_cost(self, number).then_some("it is written as declined, and is paid or still may be")
            }
            Some(Settlement::Accepted { .. }) if number.entry.reversals > 0 => {
                Some("it is written as paid, and was to be taken back")
            }
            Some(Settlement::Accepted { .. }) => (!was_paid(number)).then_some("it is written as paid, and is not"),
            Some(Settlement::PaidLate { .. }) => (!(was_paid(number) || was_taken_back(number))
                || !(is_order(number) || number.flow == Flow::Code))
                .then_some("it is written as paid late, and is not"),
            Some(Settlement::Ordered { .. }) => {
                (number.truth == Truth::Absent).then_some("it is written as ordered, and there is no order")
            }
            _ => None,
        };
        if let Some(words) = wrong {
            self.breaks(format!("{words} (number {})", at + 1));
        }
        let in_time = |number: &&Number| number.entry.is_paid() && !number.entry.is_paid_late();
        if self.state.numbers.iter().filter(in_time).count() > 1 {
            self.breaks("two numbers of one intent are written as paid in time".into());
        }
    }

    /// Late money is kept.
    pub(super) fn check_kept(&mut self, at: usize) {
        if self.state.numbers[at].truth != Truth::Paid {
            self.breaks(format!("late money is kept, and the gateway does not have it (number {})", at + 1));
        }
    }

    /// Something was told of the intent, or of this number of it.
    pub(super) fn check_told(&mut self, told: Told, of: Option<usize>) {
        match told {
            Told::Paid { at, late } => self.check_told_paid(at, late),
            Told::Ordered(at) => {
                self.none("a URL is handed out, and another number is paid or still may be", |world, other, number| {
                    other != at && may_cost(world, number) && !may_come_late(number)
                });
                self.none("a URL is handed out, and another number was told as paid", |_, other, number| {
                    other != at && number.told_paid
                });
                self.state.numbers[at].url_out = true;
                if self.state.numbers[at].truth == Truth::Absent {
                    self.breaks("a URL is handed out of an order that is not there".into());
                }
            }
            Told::Declined => {
                self.none("it is told as declined, and the query said that it is paid", |_, at, number| {
                    of.is_none_or(|of| of == at) && number.code.said_paid && number.truth == Truth::Paid
                });
                self.none("it is told as declined, and is paid or still may be", |world, at, number| {
                    of.is_none_or(|of| of == at) && may_cost(world, number) && !may_come_late(number)
                });
            }
            Told::Error if of.is_none() => {
                self.none("an error is told, and a number is paid or still may be", |world, _, number| {
                    may_cost(world, number) && !may_come_late(number)
                });
                self.none("an error is told, and a number is still open", |_, _, number| number.entry.is_pending());
            }
            Told::Unknown | Told::Undated | Told::ForAPerson | Told::Error | Told::InTheWay => {}
        }
    }

    fn check_told_paid(&mut self, at: usize, late: bool) {
        let number = &mut self.state.numbers[at];
        number.told_paid = true;
        number.told_in_time |= !late;
        let was_reversed = !late && number.entry.reversals > 0;
        let is_known = was_paid(number) || (late && was_taken_back(number));
        if !is_known {
            self.breaks(format!("it is told as paid, and is not (number {})", at + 1));
        }
        if was_reversed {
            self.breaks(format!("it is told as paid in time, and was to be taken back (number {})", at + 1));
        }
        if self.state.numbers.iter().filter(|number| number.told_in_time).count() > 1 {
            self.breaks("two numbers of one intent are told as paid in time".into());
        }
    }

    /// After an ending without faults: all money that moved is known. What a person called unpaid, and nobody asked about as long as
    /// the query covered it, nobody can find.
    pub(super) fn check_end(&mut self, began: i64) {
        self.none("in the end it is paid, and the journal does not know", |_, _, number| {
            let hidden = is_by_hand(&number.entry) && began - number.made_at > LOOK_BACK - DAY;
            let known = number.entry.is_paid() || is_for_a_person(&number.entry);
            number.truth == Truth::Paid && !known && !hidden
        });
    }
}
