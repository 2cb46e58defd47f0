//! Planted mistakes: for each the search must tell a story in which a promise is broken. Without them a search that finds nothing proves
//! little.

use std::string::String;
use std::vec::Vec;

use super::state::Left;
use crate::journal::{EntryState, Settlement};
use crate::outcome::{Answer, Next, Outcome, Reason, Refusal};
use crate::till::rules::{Answered, Case, Ended, Event, Step, declined, step};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Planted {
    Nothing,
    /// SYSTEMERROR ends the number.
    NewNumberOnSystemError,
    /// A refusal is believed without the query.
    BelievesRefusals,
    /// A refusal that the query does not know is final at once.
    ConfirmsOnce,
    /// "Not found" counts from whatever host.
    SecondHost,
    /// "Not found" ends what may have left.
    NotFoundEnds,
    /// The sum forgets what is open or on its way.
    ForgetsOpen,
    /// The amount of a refusal without proof is given to another refund at once.
    FreesUnconfirmed,
    /// FAIL ends a number, whatever was sent since.
    FailEnds,
    /// When it was refused is forgotten where the journal could not take that.
    ForgetsRefusals,
    /// CHANGE counts as arrived.
    ChangeArrived,
    /// What was taken counts as arrived.
    TakenArrived,
    /// A request leaves though the journal took nothing.
    SendsUnwritten,
    /// "Not found" ends what was taken.
    ForgetsTaken,
}

pub(super) struct Mistake {
    pub name: &'static str,
    pub planted: Planted,
    pub left: Left,
}

pub(super) const NO_LUCK: Left = Left {
    power_cuts: 0,
    journal_faults: 0,
    delays: 0,
    lost: 0,
    refusals: 0,
    lies: 0,
    silences: 0,
    people: 0,
    others: 0,
};

pub(super) const NONE: &Mistake = &Mistake { name: "none", planted: Planted::Nothing, left: NO_LUCK };

const LIE: Left = Left { lies: 1, ..NO_LUCK };

pub(super) const MISTAKES: [Mistake; 13] = [
    Mistake { name: "SYSTEMERROR ends the number", planted: Planted::NewNumberOnSystemError, left: LIE },
    Mistake { name: "a refusal is believed at once", planted: Planted::BelievesRefusals, left: LIE },
    Mistake { name: "one \"not found\" proves a refusal", planted: Planted::ConfirmsOnce, left: LIE },
    Mistake {
        name: "\"not found\" at the second host confirms",
        planted: Planted::SecondHost,
        left: Left { lies: 1, silences: 2, ..NO_LUCK },
    },
    Mistake {
        name: "\"not found\" ends what may have left",
        planted: Planted::NotFoundEnds,
        left: Left { delays: 1, ..NO_LUCK },
    },
    Mistake { name: "the sum forgets open refunds", planted: Planted::ForgetsOpen, left: NO_LUCK },
    Mistake {
        name: "an unproven refusal's amount is free at once",
        planted: Planted::FreesUnconfirmed,
        left: Left { lies: 1, ..NO_LUCK },
    },
    Mistake {
        name: "FAIL ends a number that was sent since",
        planted: Planted::FailEnds,
        left: Left { delays: 1, ..NO_LUCK },
    },
    Mistake {
        name: "when it was refused is forgotten with the journal's fault",
        planted: Planted::ForgetsRefusals,
        left: Left { journal_faults: 1, lies: 1, ..NO_LUCK },
    },
    Mistake { name: "CHANGE counts as arrived", planted: Planted::ChangeArrived, left: NO_LUCK },
    Mistake { name: "taken counts as arrived", planted: Planted::TakenArrived, left: NO_LUCK },
    Mistake {
        name: "it is sent though the journal failed",
        planted: Planted::SendsUnwritten,
        left: Left { journal_faults: 1, ..NO_LUCK },
    },
    Mistake {
        name: "\"not found\" ends what was taken",
        planted: Planted::ForgetsTaken,
        left: Left { power_cuts: 1, silences: 1, ..NO_LUCK },
    },
];

fn end(next: Next) -> Step {
    declined(Refusal { code: "CODE".into(), text: String::new(), next })
}

fn row_says(event: &Event, word: &str) -> bool {
    let Event::Answer(Answered { answer: Answer::Known(pairs), .. }) = event else { return false };
    pairs.iter().any(|(name, value)| name.starts_with("refund_status") && value == word)
}

impl Mistake {
    /// The rules, with the mistake in them.
    pub(super) fn decide(&self, case: &Case<'_>, mut event: Event) -> Step {
        if let Some(step) = self.instead(case, &event) {
            return step;
        }
        if self.planted == Planted::SecondHost
            && let Event::Answer(Answered { answer: Answer::NotKnown { first_host }, .. }) = &mut event
        {
            *first_host = true;
        }
        let step = step(case, event);
        match (self.planted, step) {
            (Planted::ConfirmsOnce, Step::Write(Settlement::Unproven { code, text, next }, proof)) => {
                Step::Write(Settlement::Declined { code, text, next }, proof)
            }
            (Planted::TakenArrived, Step::Write(Settlement::Refunding { evidence }, proof)) => {
                Step::Write(Settlement::Accepted { queried: true, evidence }, proof)
            }
            (_, step) => step,
        }
    }

    fn instead(&self, case: &Case<'_>, event: &Event) -> Option<Step> {
        let is_open = case.entry.state == EntryState::Open;
        let not_found = matches!(event, Event::Answer(Answered { answer: Answer::NotKnown { .. }, .. }));
        match (self.planted, event) {
            (Planted::NewNumberOnSystemError, Event::Attempt(Ended::Judged(Outcome::Unknown(doubt)))) => {
                (doubt.code == "SYSTEMERROR").then(|| end(Next::NewNumber))
            }
            (Planted::BelievesRefusals, Event::Attempt(Ended::Judged(Outcome::Unknown(doubt)))) => {
                (doubt.reason == Reason::Unconfirmed).then(|| end(Next::SameNumber))
            }
            (Planted::NotFoundEnds, _) => (is_open && not_found).then(|| end(Next::NewNumber)),
            (Planted::ForgetsTaken, _) => (!is_open && not_found).then(|| end(Next::NewNumber)),
            (Planted::FailEnds, event) => row_says(event, "FAIL").then(|| end(Next::SameNumber)),
            (Planted::ChangeArrived, event) => row_says(event, "CHANGE").then(|| {
                let evidence = Vec::new();
                Step::Write(Settlement::Accepted { queried: true, evidence }, None)
            }),
            _ => None,
        }
    }
}
