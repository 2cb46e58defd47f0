//! The gateway as it may be with payments by code (POS flows 3): what a payment, a question and a reversal can come to. From the
//! documents and their threads, not from the library.

use std::format;
use std::vec::Vec;

use super::super::events::Flow;
use super::gateway::{Ask, Code, Reply, Success, known_as};
use super::mistakes::Carried;
use super::state::{DAY, MINUTE, Number, PowerCut, Run, Truth, World};
use crate::outcome::{Answer, Doubt, Reason};
use crate::till::rules::Refunds;
use crate::wire::pairs::Pairs;

/// WeChat revokes an unpaid payment by itself.
pub(super) const REVOKES_AFTER: i64 = 45;
/// So long a customer can type.
const TYPES: i64 = 2 * MINUTE;
/// A code lives about a minute, and a request so long at most: then it is executed no more.
pub(super) const LIVES: i64 = 5 * MINUTE;
/// The query may be one step behind for so long.
const LAGS: i64 = MINUTE;
/// What was paid can be taken back so long.
const EXPIRES: i64 = 7 * DAY;
/// An answer of the gateway, and how far it is believed: rulings 1 and 6.
const FRESH: i64 = 30;

/// What the one request under a number can come to, and what is replied. The first is the plain course.
pub(super) const ARRIVALS: &[(Truth, Reply)] = &[
    (Truth::Paid, Success),
    (Truth::Working, Code("USERPAYING")),
    (Truth::Absent, Code("NOTENOUGH")),
    (Truth::PayError, Code("TRADE_ERROR")),
];
/// Where the shop sells by order, too: no permission for codes.
pub(super) const NO_PERMISSION: (Truth, Reply) = (Truth::Absent, Code("NOAUTH"));
/// Refused, and charged all the same; or its customer is asked for the password.
pub(super) const FALSE_REFUSALS: &[(Truth, Reply)] =
    &[(Truth::Paid, Code("NOTENOUGH")), (Truth::Working, Code("NOTENOUGH"))];
/// Refused with words that ask for the query (POS flows 9): whatever became of it, nothing is refused.
pub(super) const TO_BE_ASKED: &[(Truth, Reply)] = &[(Truth::Paid, Ask("NOTENOUGH")), (Truth::Absent, Ask("NOTENOUGH"))];
/// A code that was used already, or a number.
pub(super) const USED: &[(Truth, Reply)] = &[(Truth::Paid, Code("ORDERPAID"))];

/// What a reversal comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reversal {
    Works,
    /// It says success, or nothing, and has no effect.
    NoEffect,
    Typing,
    Refused,
    Expired,
    Unknown,
    Flying,
    /// The power is cut. True: it worked.
    Cut(bool),
}

impl Reversal {
    /// The code of its reply.
    pub(super) fn code(self) -> &'static str {
        match self {
            Reversal::Typing => "USERPAYING",
            Reversal::Refused => "TRADE_ERROR",
            Reversal::Expired => "REVERSE_EXPIRE",
            Reversal::Unknown => "ORDERNOTEXIST",
            Reversal::Works | Reversal::NoEffect | Reversal::Flying | Reversal::Cut(_) => "",
        }
    }
}

/// A word of the query, and whether it is a lie.
enum Says {
    Word(&'static str),
    NotFound { first_host: bool },
    Nothing,
}

fn word(truth: Truth) -> Says {
    match truth {
        Truth::Absent | Truth::Unpaid | Truth::Failed => Says::NotFound { first_host: true },
        Truth::Working => Says::Word("USERPAYING"),
        Truth::PayError => Says::Word("PAYERROR"),
        Truth::Paid => Says::Word("SUCCESS"),
        Truth::Closed => Says::Word("REVOKED"),
        Truth::GivenBack => Says::Word("REFUND"),
    }
}

/// Whether its customer can still pay it.
pub(super) fn may_type(number: &Number, real: i64) -> bool {
    number.flow == Flow::Code && number.truth == Truth::Working && real - number.made_at < TYPES
}

/// Whether its money moved, or still may without a new request.
pub(super) fn may_be_charged(number: &Number, real: i64) -> bool {
    let arrives = number.truth == Truth::Absent && number.flying > 0 && real - number.code.sent_at < LIVES;
    number.truth == Truth::Paid || may_type(number, real) || arrives
}

impl World<'_> {
    /// What the gateway says of the refunds of an order that was given back: all of it arrived, or it is on its way; or nothing.
    pub(super) fn refunds_of_order(&mut self, at: usize) -> Result<Refunds, Doubt> {
        let amount = u64::from(self.entry(at).amount.get());
        let answers = [Some((amount, false)), Some((0, true)), None];
        let most = if self.calm || self.state.numbers[at].truth != Truth::GivenBack { 1 } else { answers.len() };
        let Some((arrived, on_their_way)) = answers[self.tape.choose(most)] else {
            return Err(Doubt::new(Reason::Broken, "no answer"));
        };
        let mut refunds = Refunds::default();
        (refunds.arrived, refunds.on_their_way) = (arrived, on_their_way);
        self.say(|| format!("its refunds: {arrived} fen arrived; on their way: {on_their_way}"));
        Ok(refunds)
    }

    /// The one request leaves.
    pub(super) fn note_code_sent(&mut self, at: usize) {
        let (real, now) = (self.state.real, &mut self.now);
        now.sent += 1;
        let (stale, again, cancelled) = (real - now.began >= FRESH, now.sent > 1, now.cancelled);
        let code = &mut self.state.numbers[at].code;
        (code.sent, code.sent_at, code.is_own) = (code.sent + 1, real, true);
        if code.sent > 1 || again {
            self.breaks("a payment code is sent twice".into());
        }
        if stale {
            self.breaks("a payment code is sent that was scanned half a minute ago".into());
        }
        if cancelled {
            self.breaks("a cancelled call sends a payment code".into());
        }
    }

    /// What was refused, and is charged, or may be.
    pub(super) fn note_refusal(&mut self, at: usize, truth: Truth, reply: Reply) {
        let refused = matches!(reply, Code("NOTENOUGH")) && truth != Truth::Absent;
        self.state.numbers[at].code.falsely_refused |= refused;
        if refused {
            self.state.left.lies -= 1;
        }
    }

    /// What the query says of it.
    pub(super) fn question_of_code(&mut self, at: usize) -> (Answer<Pairs>, &'static str) {
        let mut answers = Vec::from([word(self.state.numbers[at].truth)]);
        if !self.calm && self.state.left.lies > 0 && !self.now.silent {
            answers.extend(self.lies(at));
        }
        let chosen = if self.now.silent { 0 } else { self.tape.choose(answers.len()) };
        self.state.left.lies -= u8::from(chosen > 0);
        let says = if self.now.silent { Says::Nothing } else { answers.swap_remove(chosen) };
        let real = self.state.real;
        let number = &mut self.state.numbers[at];
        let unknown = |first_host| (Answer::NotKnown { first_host }, "does not know it");
        match says {
            Says::Word(state) => {
                number.code.said_unknown = 0;
                number.code.said_paid = state == "SUCCESS";
                if matches!(state, "USERPAYING" | "NOTPAY" | "PAYERROR") {
                    let first = number.code.said_unpaid.map_or(real, |(first, _)| first);
                    number.code.said_unpaid = Some((first, real));
                }
                // Of a payment that was reversed these gateways say REVERSE; of Alipay's refunds they cannot be asked by the order.
                let (state, wallet) = match state {
                    "REVOKED" if self.shop.unified => ("REVERSE", Some("pay.alipay.micropay")),
                    state => (state, self.shop.unified.then_some("pay.alipay.micropay")),
                };
                (known_as(number, state, wallet), state)
            }
            Says::NotFound { first_host: true } => {
                number.code.said_unknown = real;
                unknown(true)
            }
            Says::NotFound { first_host: false } => (unknown(false).0, "does not know it, at the second host"),
            Says::Nothing => {
                self.now.silent = true;
                let doubt = Doubt::new(Reason::Broken, "no answer");
                (Answer::NoAnswer(doubt), "gives no answer, from here on")
            }
        }
    }

    fn lies(&self, at: usize) -> Vec<Says> {
        let Number { truth, code, entry, seen, .. } = &self.state.numbers[at];
        let mut lies = Vec::from([Says::NotFound { first_host: false }, Says::Nothing]);
        if let Some(was) = code.was
            && self.state.real - code.changed_at < LAGS
        {
            lies.push(word(was));
        }
        match truth {
            // POS ruling 3: customers were charged under it.
            Truth::Paid => lies.push(Says::Word("PAYERROR")),
            Truth::Working => lies.push(Says::Word("NOTPAY")),
            _ => {}
        }
        if (entry.known || seen.known) && *truth != Truth::Absent {
            lies.push(Says::NotFound { first_host: true });
        }
        lies
    }

    /// One reversal on the wire.
    pub(super) fn pipe_reverse(&mut self, at: usize) -> Run<Reversal> {
        self.check_reversal(at);
        let ways = self.reversals(at);
        let way = ways[self.tape.choose(ways.len())];
        self.say(|| format!("it is reversed: {way:?}"));
        let plain = way == ways[0];
        let real = self.state.real;
        self.state.numbers[at].code.reversed_at = real;
        match way {
            Reversal::Works | Reversal::Cut(true) => self.becomes(at, Truth::Closed),
            Reversal::Flying => {
                self.state.left.delays -= 1;
                self.state.numbers[at].code.reversing += 1;
            }
            _ => {}
        }
        match way {
            Reversal::Cut(_) => {
                self.state.left.power_cuts -= 1;
                return Err(PowerCut);
            }
            Reversal::NoEffect | Reversal::Typing | Reversal::Refused if !plain => self.state.left.lies -= 1,
            _ => {}
        }
        self.note_date(at);
        self.meanwhile();
        Ok(way)
    }

    /// The first is the plain course.
    fn reversals(&self, at: usize) -> Vec<Reversal> {
        let Number { truth, made_at, .. } = self.state.numbers[at];
        let is_old = truth != Truth::Absent && self.state.real - made_at >= EXPIRES;
        let reversible = matches!(truth, Truth::Working | Truth::PayError | Truth::Paid) && !is_old;
        let mut ways = Vec::from([match truth {
            _ if reversible => Reversal::Works,
            _ if is_old => Reversal::Expired,
            Truth::Absent => Reversal::Unknown,
            _ => Reversal::NoEffect,
        }]);
        if self.calm {
            return ways;
        }
        if self.state.left.lies > 0 && reversible {
            ways.extend([Reversal::NoEffect, Reversal::Refused]);
            ways.extend((truth == Truth::Working).then_some(Reversal::Typing));
        }
        if self.state.left.delays > 0 && reversible {
            ways.push(Reversal::Flying);
        }
        if self.state.left.power_cuts > 0 {
            ways.push(Reversal::Cut(false));
            ways.extend(reversible.then_some(Reversal::Cut(true)));
        }
        ways
    }

    /// POS flows 3.2, 3.5, 3.6: what must be so before a reversal leaves.
    fn check_reversal(&mut self, at: usize) {
        let real = self.state.real;
        let number = &self.state.numbers[at];
        let Number { entry, code, .. } = number;
        let twice = code.said_unpaid.is_some_and(|(first, last)| last - first >= MINUTE);
        let waits_for_two = !code.is_own && entry.reversals == 1 && code.reversed_at == 0;
        let wrong = match () {
            () if entry.reversals == 0 => Some("it is reversed, and the journal does not know"),
            () if entry.is_paid() => Some("it is reversed, and was written as paid"),
            () if number.told_in_time => Some("it is reversed, and was told as paid"),
            () if code.is_own && real - code.sent_at < 15 => Some("it is reversed within 15 s"),
            () if waits_for_two && !twice => Some(
                "another process sent it, and it is reversed before two answers, a minute apart, say that it is unpaid",
            ),
            () => None,
        };
        if let Some(words) = wrong {
            self.breaks(format!("{words} (number {})", at + 1));
        }
    }

    /// A reversal that was on its way is executed at last, or never: what became too old is not.
    pub(super) fn reversal_arrives(&mut self, at: usize) {
        let number = &mut self.state.numbers[at];
        number.code.reversing -= 1;
        let in_time = self.state.real - number.code.reversed_at < LIVES;
        let reversible = matches!(number.truth, Truth::Working | Truth::PayError | Truth::Paid);
        self.say(|| format!("a reversal of number {} arrives at last", at + 1));
        if in_time && reversible {
            self.becomes(at, Truth::Closed);
        }
    }

    /// What the gateway had of it before, for a query that is one step behind.
    pub(super) fn note_change(&mut self, at: usize, was: Truth) {
        let real = self.state.real;
        let number = &mut self.state.numbers[at];
        if number.flow == Flow::Code {
            (number.code.was, number.code.changed_at) = (Some(was), real);
        }
    }

    /// A new number begins: each refusal without proof is asked about just before (POS ruling 1).
    pub(super) fn check_unproven(&mut self) {
        let real = self.state.real;
        let asked = |number: &Number| real - number.code.said_unknown < FRESH;
        self.none("a new number begins, and a refusal without proof was not asked about before it", |_, _, number| {
            number.entry.is_unproven() && !asked(number)
        });
    }

    /// Whether the mistake in hand believes a reversal's reply.
    pub(super) fn believes(&self, way: Reversal) -> bool {
        self.mistake.carried == Carried::BelievesReversals && matches!(way, Reversal::Works | Reversal::NoEffect)
    }
}
