//! The gateway as it may be: what becomes of a request, and what the query can say. Document: POS flows 5.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::super::pairs;
use super::state::{MINUTE, PowerCut, Run, TOTAL, Truth, World};
use crate::endpoint::Means;
use crate::error::{Error, ErrorKind};
use crate::gateways::refund::REFUND;
use crate::outcome::{Answer, Doubt, Outcome, Reason, Refusal};
use crate::wire::pairs::Pairs;

/// What becomes of one request.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// It is carried out, or was before.
    Taken,
    /// Not carried out.
    Refused(&'static str),
    /// Carried out, and refused all the same; or refused since it was carried out before.
    Lied(&'static str),
    /// No byte left.
    NotSent,
    /// No answer. True: it is carried out.
    Lost(bool),
    /// It is still on its way when the till gives up waiting. With a code: that is the answer.
    Late(Option<&'static str>),
    /// The power is cut. True: it is carried out.
    Cut(bool),
}

/// A signed request, of which several attempts are made.
pub(super) struct Draft {
    pub marked: bool,
    pub attempts: u32,
    pub refusal: Option<Refusal>,
}

pub(super) fn unknown<T>(doubt: Doubt) -> Outcome<T> {
    Outcome::Unknown(doubt)
}

/// What `judge.rs` says of a code, by the table of the call.
fn judged(code: &str, again: bool) -> Outcome<Pairs> {
    let open = |reason| unknown(Doubt { code: code.into(), ..Doubt::new(reason, "words") });
    match REFUND.reply.meaning(code) {
        Means::RefusedUnlessKnown(_) if again => open(Reason::EarlierAttempt),
        Means::RefusedUnlessKnown(_) => open(Reason::Unconfirmed),
        _ => open(Reason::OpenCode),
    }
}

fn broken() -> Outcome<Pairs> {
    unknown(Doubt::new(Reason::Broken, "the answer is lost"))
}

impl World<'_> {
    /// Whether a request of this number would move money now. A closed number never does again.
    fn moves(&self, at: usize) -> bool {
        let number = &self.state.numbers[at];
        let amount = i64::from(number.entry.amount.get());
        let fits = !self.shop.sums || self.state.given_back() + amount <= TOTAL;
        fits && matches!(number.truth, Truth::Absent | Truth::Fail)
    }

    fn ways(&self, at: usize) -> Vec<Way> {
        let (moves, left) = (self.moves(at), self.state.left);
        let is_live = self.state.numbers[at].truth.is_live();
        // Words that also answer what is more than there is, and a closed number.
        let mut ways = Vec::from([if moves || is_live { Way::Taken } else { Way::Refused("ERROR") }]);
        if self.calm {
            return ways;
        }
        if left.refusals > 0 && moves {
            ways.extend(["NOTENOUGH", "USER_ACCOUNT_ABNORMAL", "SYSTEMERROR"].map(Way::Refused));
        }
        if left.lies > 0 && (moves || is_live) {
            ways.extend(["NOTENOUGH", "USER_ACCOUNT_ABNORMAL", "SYSTEMERROR", "ERROR"].map(Way::Lied));
        }
        if left.lost > 0 {
            ways.extend([Way::NotSent, Way::Lost(false)]);
            ways.extend(moves.then_some(Way::Lost(true)));
        }
        if left.delays > 0 && moves {
            ways.extend([Way::Late(None), Way::Late(Some("SYSTEMERROR"))]);
        }
        if left.power_cuts > 0 {
            ways.push(Way::Cut(false));
            ways.extend(moves.then_some(Way::Cut(true)));
        }
        ways
    }

    /// One attempt on the wire (`Pipe::pay`).
    pub(super) fn pipe_pay(&mut self, at: usize, draft: &mut Draft) -> Run<Result<Outcome<Pairs>, Error>> {
        let ways = self.ways(at);
        let way = ways[self.tape.choose(ways.len())];
        self.say(|| format!("request {}: {way:?}", at + 1));
        self.pays_for(way);
        if let Way::NotSent = way {
            if draft.marked {
                draft.refusal = None;
                return Ok(Ok(unknown(Doubt::new(Reason::EarlierAttempt, "not reached"))));
            }
            let not_reached = || Error::new(ErrorKind::Setting, "connect", "the gateway was not reached");
            return Ok(draft.refusal.clone().map(Outcome::Declined).ok_or_else(not_reached));
        }
        self.check_sending(at);
        draft.attempts += 1;
        if matches!(way, Way::Taken | Way::Lied(_) | Way::Lost(true) | Way::Cut(true)) && self.moves(at) {
            self.becomes(at, Truth::Processing);
        }
        let again = draft.marked || draft.attempts > 1;
        let outcome = match way {
            Way::Taken => Outcome::Taken(pairs(&[("refund_id", "1")])),
            Way::Refused(code) | Way::Lied(code) => judged(code, again),
            Way::Late(code) => {
                self.state.numbers[at].flying += 1;
                code.map_or_else(broken, |code| judged(code, again))
            }
            Way::Lost(_) | Way::NotSent => broken(),
            Way::Cut(_) => return Err(PowerCut),
        };
        draft.refusal = None;
        draft.marked = true;
        self.state.gateway_known |= !matches!(way, Way::Lost(_) | Way::Late(None));
        Ok(Ok(outcome))
    }

    fn pays_for(&mut self, way: Way) {
        let left = &mut self.state.left;
        match way {
            Way::Taken | Way::Refused("ERROR") => {}
            Way::Refused(_) => left.refusals -= 1,
            Way::Lied(_) => left.lies -= 1,
            Way::NotSent | Way::Lost(_) => left.lost -= 1,
            Way::Late(_) => left.delays -= 1,
            Way::Cut(_) => left.power_cuts -= 1,
        }
    }

    /// What the gateway has of a number from now on. What failed since a request was sent stays failed.
    pub(super) fn becomes(&mut self, at: usize, truth: Truth) {
        let real = self.state.real;
        let number = &mut self.state.numbers[at];
        (number.was, number.changed_at) = (number.truth, real);
        number.truth = truth;
        number.taken |= truth.is_live();
        if matches!(truth, Truth::Fail | Truth::Closed) {
            number.flying = 0;
        }
        self.check_money();
    }

    /// A late request arrives.
    pub(super) fn arrives(&mut self, at: usize) {
        self.state.numbers[at].flying -= 1;
        if self.moves(at) {
            self.becomes(at, Truth::Processing);
        }
    }

    /// The query, by the number. A row is at most a minute behind.
    pub(super) fn pipe_question(&mut self, at: usize) -> (Answer<Pairs>, Option<i64>) {
        let number = &self.state.numbers[at];
        let (truth, was, amount) = (number.truth, number.was, number.entry.amount.get());
        let name = number.entry.order_number.clone();
        let known = |truth: Truth| match truth.word() {
            Some(word) => Answer::Known(rows(at % 2, (&name, word, &format!("{amount}")))),
            None => Answer::NotKnown { first_host: true },
        };
        let mut answers = Vec::from([(known(truth), format!("{truth:?}"), 0)]);
        if !self.calm && self.state.real - number.changed_at < MINUTE && was != truth {
            answers.push((known(was), format!("{was:?}, one step behind"), 0));
        }
        if !self.calm && self.state.left.silences > 0 {
            answers.push((Answer::NotKnown { first_host: false }, "unknown at the second host".into(), 1));
            answers.push((Answer::NoAnswer(Doubt::new(Reason::Broken, "words")), "nothing".into(), 1));
            answers.push((Answer::Known(rows(0, ("other", "FAIL", "1"))), "rows of others".into(), 1));
        }
        let (answer, words, silences): (_, String, u8) = answers.swap_remove(self.tape.choose(answers.len()));
        self.state.left.silences -= silences;
        self.say(|| format!("the query says: {words}"));
        let date = (!matches!(answer, Answer::NoAnswer(_))).then_some(self.state.real);
        self.state.gateway_known |= date.is_some();
        (answer, date)
    }
}

/// A row at this index. Another refund's is in the place that is left.
fn rows(at: usize, (number, state, amount): (&str, &str, &str)) -> Pairs {
    let names = |index: usize| ["out_refund_no", "refund_status", "refund_fee"].map(|name| format!("{name}_{index}"));
    let (ours, theirs) = (names(at), names(1 - at));
    pairs(&[
        ("refund_count", "2"),
        (&theirs[0], "another"),
        (&theirs[1], "REFUNDCLOSE"),
        (&theirs[2], "1"),
        (&ours[0], number),
        (&ours[1], state),
        (&ours[2], amount),
    ])
}
