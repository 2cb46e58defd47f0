//! The states and the events in words, for the page.

use super::events::{Happens, Happens as H, State, State as S};

impl Happens {
    /// In words, for the page.
    pub(super) fn words(self) -> &'static str {
        match self {
            H::Pay => "`pay` is called",
            H::PayFits => "`pay` is called, and the stored fields would be allowed today",
            H::PayMended => "`pay` is called with other fields",
            H::PayConfirmed => {
                "`pay` is called, and the query said within 30 s, again, that it does not know the refused payment"
            }
            H::PayInPause => "`pay` is called within a pause that the gateway wants",
            H::PayCalledPaid => "`pay` is called, and a notification calls a given-up order of the intent paid",
            H::AttemptUnsent => "attempt: no byte left",
            H::AttemptAccepted => "attempt: the reply proves success",
            H::AttemptSameNumber => "attempt: a final refusal that allows the same number",
            H::AttemptLater => "attempt: a final refusal that allows the same number later (here 15 s)",
            H::AttemptNewNumber => "attempt: a final refusal that ends the number",
            H::AttemptStop => "attempt: a final refusal that a person must see",
            H::AttemptUnknown => "attempt: anything else",
            H::AttemptRefusedFromBefore => {
                "attempt: a final refusal, of an entry that an earlier opening of the journal wrote"
            }
            H::AttemptUnconfirmed => {
                "attempt: a refusal that the document calls \"not paid\", and that the query must confirm"
            }
            H::AttemptProcessing => "attempt: `PROCESSING`",
            H::AttemptTyping => "attempt: `USERPAYING`, the customer types the password",
            H::AttemptAskedOnce => "attempt: `TRADE_ERROR` and the like, after which nobody is waited for",
            H::NotMade => "attempt: a rule of today forbids it, or it is cancelled",
            H::NotMadeAfterRefusal => "attempt after a refusal: a rule of today forbids it, or it is cancelled",
            H::NotMadeChanged => "attempt: the stored fields were changed",
            H::RepeatAccepted => "repeat: the reply proves success",
            H::RepeatRefused => "repeat: refused",
            H::RepeatUnknown => "repeat: anything else",
            H::RepeatUnsent => "repeat: no byte left",
            H::RepeatNoTime => "repeat: no time for the payee's pause",
            H::RepeatUncounted => "repeat: the journal cannot count it",
            H::ResumeInPay => "`pay` goes on with it",
            H::ResumeOnlyAsks => "`recover` goes on with it, without leave to repeat",
            H::RuleChanged => "`pay` goes on with it, and a rule of today forbids the repeat",
            H::FieldsChanged => "`pay` goes on with it, and the stored fields were changed",
            H::Question => "`payment_of`, `recover` or `close` wants to know",
            H::SaysPaid => "query: paid, with the same amount",
            H::SaysOtherAmount => "query: paid, with another amount",
            H::SaysNoAmount => "query: paid, and no amount",
            H::SaysUnpaid => "query: never will be paid",
            H::SaysUnpaidOfOther => "query: never will be paid, and another amount, or no number",
            H::SaysWaitingClosed => "query: not paid yet, past the end, and closing it did not get through just now",
            H::SaysWaitingGone => "query: not paid yet, 2 h 10 min after it was made, by both clocks",
            H::SaysPayError => "query: `PAYERROR`",
            H::SaysPayErrorPastEnd => "query: `PAYERROR`, past the end by the gateway's own time",
            H::SaysPayErrorGone => {
                "query: `PAYERROR`, 2 h 10 min after it was made, by both clocks, and closed within 10 s"
            }
            H::SaysGivenBack => "query: paid, and given back",
            H::OnlySaysGivenBack => "asked if paid: paid, and given back",
            H::SaysWaiting => "query: not paid yet",
            H::SaysWaitingPastEnd => "query: not paid yet, past the end by the gateway's own time",
            H::SaysWorking => "query: another state",
            H::SaysNothing => "query: no usable answer",
            H::NotFound => "query: not found, within 20 minutes of the last attempt",
            H::NotFoundAfterRefusal => "query: not found, and the only attempt was refused as \"not paid\"",
            H::NotFoundSoon => "query: not found, three seconds after the fourth attempt",
            H::NotFoundOnce => "query: not found, for the first time after 20 minutes",
            H::NotFoundTwice => "query: not found, again a minute later",
            H::NotFoundAtSecondHost => "query: not found, at the second host",
            H::NotFoundOfKnown => "query: not found, and it knew the order before",
            H::NotFoundWithClockAhead => "query: not found, while the device's clock is 31 days ahead",
            H::NotFoundByWrongClock => "query: not found, by a clock that went back",
            H::NotFoundPastLookBack => "query: not found, 30 days after the last attempt",
            H::SaysUnpaidButCalledPaid => "query: never will be paid; a signed notification says paid",
            H::NotFoundButCalledPaid => "query: not found; a signed notification says paid",
            H::OnlySaysPaid => "asked if paid: paid, with the same amount",
            H::OnlySaysOtherAmount => "asked if paid: paid, with another amount",
            H::OnlySaysWorking => "asked if paid: another state",
            H::OnlySaysUnpaid => "asked if paid: unpaid",
            H::OnlyNotFound => "asked if paid: not found",
            H::OnlySaysNothing => "asked if paid: no usable answer",
            H::AcceptLate => "`accept_late` is called",
            H::LateIsThere => "asked before late money is kept: paid, in full",
            H::LateIsGivenBack => "asked before late money is kept: given back on the platform",
            H::LateIsLess => "asked before late money is kept: paid, with another amount",
            H::LateNotSaid => "asked before late money is kept: no usable answer",
            H::Notified => "a signed notification says paid",
            H::NotifiedTrusted => "the same, where the account says that notifications suffice",
            H::Close => "`close` is called",
            H::Reverse => "`reverse` is called",
            H::Contradiction => "the stored entry contradicts itself",
            H::PersonPaid => "a person says paid",
            H::PersonPaidAfterReversal => {
                "a person says paid, five minutes after the last reversal, and the query said so since"
            }
            H::PersonUnpaid => "a person says unpaid",
            H::PersonBusy => "a person decides while a thread works on it",
        }
    }
}

impl State {
    pub(super) fn words(self) -> &'static str {
        match self {
            S::Open => "open",
            S::Withheld => "open, URL withheld",
            S::Ordered => "ordered",
            S::OrderedEnded => "ordered, time over",
            S::Abandoned => "abandoned",
            S::LateUnwritten => "paid late, not written",
            S::Reversing => "open, being taken back",
            S::Unwritten => "open: paid, not written",
            S::SameNumber => "declined (`SameNumber`)",
            S::SameNumberLater => "declined (`SameNumberLater`)",
            S::NewNumber => "declined (`NewNumber`)",
            S::Stop => "declined (`Stop`)",
            S::Unproven => "refused without proof (`NewNumber`)",
            S::UnprovenStop => "refused without proof (`Stop`)",
            S::UnprovenReversing => "refused without proof, being taken back",
            S::NotSent => "not sent",
            S::Accepted => "accepted",
            S::PaidLate => "paid late",
            S::LateReversed => "paid late, after it was to be taken back",
            S::ForAPerson => "for a person",
            S::HandPaid => "by hand: paid",
            S::HandUnpaid => "by hand: unpaid",
        }
    }
}
