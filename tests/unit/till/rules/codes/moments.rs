//! What the query can say of a payment by code, and when.

use std::time::Duration;
use std::vec::Vec;

use super::super::events::{State, State as S};
use super::super::{MINUTE, MONOTONIC, Scene, pairs};
use super::{refusal, seconds_ago};
use crate::gateways::account::WxpayAccount;
use crate::outcome::{Answer, Doubt, Reason, Words};
use crate::secret::Secret;
use crate::till::rules::{Answered, Asking, Event, Refunds};

/// One answer of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Paid,
    OtherAmount,
    NoAmount,
    Revoked,
    RevokedOfOther,
    GivenBack,
    Typing,
    NotPay,
    PayError,
    Unknown,
    NotFound,
    NotFoundAtSecondHost,
    Nothing,
    /// After `REFUND`: what refundquery says.
    RefundsArrived,
    RefundsOnTheirWay,
    RefundsLess,
    RefundsNotSaid,
}

pub(super) const WORDS: &[Word] = &[
    Word::Paid,
    Word::OtherAmount,
    Word::NoAmount,
    Word::Revoked,
    Word::RevokedOfOther,
    Word::GivenBack,
    Word::Typing,
    Word::NotPay,
    Word::PayError,
    Word::Unknown,
    Word::NotFound,
    Word::NotFoundAtSecondHost,
    Word::Nothing,
    Word::RefundsArrived,
    Word::RefundsOnTheirWay,
    Word::RefundsLess,
    Word::RefundsNotSaid,
];

/// When it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// This process sent it 10 s ago.
    Waiting,
    /// This process sent it 50 s ago.
    Over,
    /// This process sent it 10 s ago, and the cashier cancelled.
    Cancelled,
    /// This process sent it just now, and it was refused.
    Refused,
    /// This process sent it just now, and the code is one after which nobody is waited for.
    AskedOnce,
    /// This process sent it five minutes ago, and nobody asked since; and a minute after "not found".
    Lost,
    LostTwice,
    /// The same, and the gateway once knew it; and it was not found for a day.
    LostOfKnown,
    KnownADay,
    /// Another process sent it, or it was told as refused.
    FirstAnswer,
    SecondAnswer,
    /// The last reversal of this process was sent a second ago; or it is so long ago that another one may go.
    Reversed,
    ReversedBefore,
    /// The gateway refused to reverse it three times over five minutes, while the query said that it is paid.
    RefusedForGood,
    /// The gateway said that it is too late to reverse it.
    Expired,
    /// Refused, and known all the same; and not found for a day.
    Known,
    KnownThenADay,
    /// Refused a day ago.
    ADay,
    /// Begun seven days ago.
    SevenDays,
    /// Begun 30 days ago.
    AMonth,
    /// Nobody here can reverse: 10 s, and 61 s after this process sent it; and a day after.
    NoCertificate,
    NoCertificateOver,
    NoCertificateADay,
}

use Moment as M;

pub(super) const MOMENTS: &[Moment] = &[
    M::Waiting,
    M::Over,
    M::Cancelled,
    M::Refused,
    M::AskedOnce,
    M::Lost,
    M::LostTwice,
    M::LostOfKnown,
    M::KnownADay,
    M::FirstAnswer,
    M::SecondAnswer,
    M::Reversed,
    M::ReversedBefore,
    M::RefusedForGood,
    M::Expired,
    M::Known,
    M::KnownThenADay,
    M::ADay,
    M::SevenDays,
    M::AMonth,
    M::NoCertificate,
    M::NoCertificateOver,
    M::NoCertificateADay,
];

pub(super) const UNPROVEN: &[State] = &[S::Unproven, S::UnprovenStop];
pub(super) const TAKEN_BACK: &[State] = &[S::Reversing, S::UnprovenReversing];

impl Moment {
    /// Whether the query is asked in it of a payment in this state.
    pub(super) fn is_of(self, state: State) -> bool {
        match self {
            M::Lost | M::LostTwice | M::LostOfKnown => matches!(state, S::Open | S::Reversing),
            M::Waiting | M::Over | M::Cancelled | M::Refused | M::AskedOnce => state == S::Open,
            M::NoCertificate | M::NoCertificateOver | M::NoCertificateADay => state == S::Open,
            M::FirstAnswer => matches!(state, S::Open | S::Unproven | S::UnprovenStop | S::ForAPerson),
            M::SecondAnswer => matches!(state, S::Open | S::Unproven | S::UnprovenStop),
            M::Reversed | M::ReversedBefore | M::RefusedForGood | M::Expired => TAKEN_BACK.contains(&state),
            M::Known | M::KnownThenADay => UNPROVEN.contains(&state),
            M::ADay => matches!(state, S::Unproven | S::UnprovenStop | S::UnprovenReversing),
            M::SevenDays => state == S::Open || TAKEN_BACK.contains(&state) || UNPROVEN.contains(&state),
            M::AMonth => matches!(state, S::Open | S::Reversing) || UNPROVEN.contains(&state),
            M::KnownADay => state == S::Open,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            M::Waiting => "10 s after this process sent it",
            M::Over => "50 s after this process sent it",
            M::Cancelled => "10 s after this process sent it, cancelled",
            M::Refused => "just after it was refused",
            M::AskedOnce => "just after `TRADE_ERROR` and the like",
            M::Lost => "5 min after this process sent it, for the first time",
            M::LostTwice => "5 min after this process sent it, a minute after \"not found\"",
            M::LostOfKnown => "the same, and the gateway once knew it",
            M::FirstAnswer => "in a process that did not send it, for the first time, or long after",
            M::KnownADay => "not found for a day, and the gateway once knew it",
            M::AMonth => "30 days after it was begun",
            M::SecondAnswer => "in a process that did not send it, a minute after an answer that says unpaid",
            M::Reversed => "a second after the last reversal",
            M::ReversedBefore => "where the last reversal was another process's",
            M::RefusedForGood => "its reversal refused three times over five minutes, paid all the same",
            M::Expired => "the gateway said `REVERSE_EXPIRE`",
            M::Known => "the gateway knew it once",
            M::KnownThenADay => "the gateway knew it once, and a day after it is not found",
            M::ADay => "a day after it was begun",
            M::SevenDays => "seven days after it was begun",
            M::NoCertificate => "without a certificate, 10 s after",
            M::NoCertificateOver => "without a certificate, 61 s after",
            M::NoCertificateADay => "without a certificate, a day after",
        }
    }

    /// What goes with it in the scene. The age that the gateway's time shows.
    fn set(self, at: &mut Scene) -> i64 {
        let sent = |at: &mut Scene, seconds| {
            at.seen.last_attempt = seconds_ago(seconds);
            at.seen.asked = seconds_ago(1);
        };
        match self {
            M::Waiting | M::Cancelled | M::NoCertificate => sent(at, 10),
            M::Over => sent(at, 50),
            M::NoCertificateOver => sent(at, 61),
            M::Refused => {
                sent(at, 0);
                at.seen.refused = Some(refusal());
            }
            M::AskedOnce => {
                sent(at, 1);
                at.seen.words = Some(Words { code: "TRADE_ERROR".into(), text: "words".into() });
            }
            M::Lost => sent(at, 300),
            M::LostTwice | M::LostOfKnown => {
                sent(at, 360);
                at.seen.not_found_since = seconds_ago(60);
                at.entry.known = self == M::LostOfKnown;
            }
            M::KnownADay => {
                sent(at, 0);
                at.times.monotonic += Duration::from_secs(86_400);
                at.seen.not_found_since = Some(MONOTONIC);
                at.entry.known = true;
            }
            M::SecondAnswer => at.seen.unpaid = seconds_ago(60).zip(seconds_ago(60)),
            M::Reversed => {
                sent(at, 60);
                at.seen.reversed = seconds_ago(1);
            }
            M::RefusedForGood => {
                sent(at, 400);
                at.seen.reversed = seconds_ago(6);
                at.seen.not_reversed = seconds_ago(300).map(|since| ("TRADE_ERROR".into(), 3, since));
            }
            M::Expired => {
                sent(at, 60);
                at.seen.reversed = seconds_ago(6);
                at.seen.reversal_expired = true;
            }
            M::Known => at.entry.known = true,
            M::KnownThenADay => {
                at.entry.known = true;
                at.seen.not_found_since = seconds_ago(0);
                at.times.monotonic += Duration::from_secs(86_400);
            }
            M::FirstAnswer | M::ReversedBefore | M::ADay | M::SevenDays | M::AMonth | M::NoCertificateADay => {}
        }
        if matches!(self, M::NoCertificate | M::NoCertificateOver | M::NoCertificateADay) {
            let key = Secret::new("8934e7d15453e97507ef794cf7b0519d");
            let account = WxpayAccount::new("10000098", "wx8888888888888888", key).unwrap();
            at.account = std::boxed::Box::new(account.without_certificate());
        }
        match self {
            M::ADay | M::KnownThenADay | M::NoCertificateADay => 86_400,
            M::SevenDays => 7 * 86_400,
            M::AMonth => 31 * 86_400,
            _ => MINUTE,
        }
    }
}

impl Word {
    pub(super) fn words(self) -> &'static str {
        match self {
            Word::Paid => "`SUCCESS`, with the same amount",
            Word::OtherAmount => "`SUCCESS`, with another amount",
            Word::NoAmount => "`SUCCESS`, and no amount",
            Word::Revoked => "`REVOKED` or `CLOSED`",
            Word::RevokedOfOther => "`REVOKED` of another amount, or without a number",
            Word::GivenBack => "`REFUND`",
            Word::Typing => "`USERPAYING`",
            Word::NotPay => "`NOTPAY`",
            Word::PayError => "`PAYERROR`",
            Word::Unknown => "`ACCEPT`, or a word of no document",
            Word::NotFound => "not found",
            Word::NotFoundAtSecondHost => "not found, at the second host",
            Word::Nothing => "no usable answer",
            Word::RefundsArrived => "`REFUND`, and refunds of all of it in `SUCCESS`",
            Word::RefundsOnTheirWay => "`REFUND`, and a refund in `PROCESSING`",
            Word::RefundsLess => "`REFUND`, and refunds of less, in `CHANGE` or `REFUNDCLOSE`",
            Word::RefundsNotSaid => "`REFUND`, and no usable answer about its refunds",
        }
    }

    fn answer(self) -> Answer<crate::wire::pairs::Pairs> {
        let says = |state, amount: Option<&str>| {
            let fields = [("trade_state", state), ("out_trade_no", "n")].into_iter();
            let fields: Vec<(&str, &str)> = fields.chain(amount.map(|amount| ("total_fee", amount))).collect();
            Answer::Known(pairs(&fields))
        };
        match self {
            Word::Paid => says("SUCCESS", Some("100")),
            Word::OtherAmount => says("SUCCESS", Some("101")),
            Word::NoAmount => says("SUCCESS", None),
            Word::Revoked => says("REVOKED", None),
            Word::RevokedOfOther => says("REVOKED", Some("101")),
            Word::GivenBack => says("REFUND", Some("100")),
            Word::Typing => says("USERPAYING", None),
            Word::NotPay => says("NOTPAY", None),
            Word::PayError => says("PAYERROR", None),
            Word::Unknown => says("ACCEPT", None),
            Word::NotFound => Answer::NotKnown { first_host: true },
            Word::NotFoundAtSecondHost => Answer::NotKnown { first_host: false },
            Word::Nothing
            | Word::RefundsArrived
            | Word::RefundsOnTheirWay
            | Word::RefundsLess
            | Word::RefundsNotSaid => Answer::NoAnswer(Doubt::new(Reason::Broken, "words")),
        }
    }
}

/// What refundquery says, by the order's number.
fn refunds(word: Word) -> Option<Event> {
    let of = |arrived, on_their_way| {
        let mut refunds = Refunds::default();
        (refunds.arrived, refunds.on_their_way) = (arrived, on_their_way);
        Ok(refunds)
    };
    Some(Event::Refunds(match word {
        Word::RefundsArrived => of(100, false),
        Word::RefundsOnTheirWay => of(99, true),
        Word::RefundsLess => of(99, false),
        Word::RefundsNotSaid => Err(Doubt::new(Reason::Broken, "words")),
        _ => return None,
    }))
}

/// The answer, after what goes with the moment was changed in the scene.
pub(super) fn answer(at: &mut Scene, word: Word, moment: Moment) -> Event {
    let age = moment.set(at);
    // What `Till::note_state` leaves of this answer.
    let counts = matches!(word, Word::Typing | Word::NotPay | Word::PayError);
    if let Some((_, last)) = at.seen.unpaid.as_mut().filter(|_| counts) {
        *last = at.times.monotonic;
    }
    let (date, cancelled) = (Some(at.entry.begun_at + age), moment == Moment::Cancelled);
    let waited = Duration::from_secs(1);
    if let Some(event) = refunds(word) {
        return event;
    }
    Event::Answer(Answered { answer: word.answer(), date, asking: Asking::Everything, waited, cancelled })
}
