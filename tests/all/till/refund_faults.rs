//! A till's refund under every fault of its request and of its question, and a sale taken back under every fault of the reversal. What
//! has to come of it is written out from POS flows 3.1, 5 and 9 and rulings 2, 3 and 8, not from the library. Above all: **a refund keeps its
//! number**, whatever befalls it.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wxpay_simulator::{Behaviour, Fault, SignType as MerchantSigns};
use wxpay_terminal::*;

use super::refunds_https::Shop;
use crate::support::unified_https::AtCounter;
use crate::support::*;

/// Parts of a table at a time: they wait more than they compute.
const PARTS: usize = 4;

/// A till with a sale of 8.88 yuan, for one fault. Its transport has no warm connection yet.
struct Place<'a, C> {
    shop: &'a Shop,
    till: Till,
    intent: String,
    sale: String,
    account: PhantomData<C>,
}

/// What a refund came to.
type Came<'a, C> = Result<Outcome<Receipt<<<C as CounterAccount>::Back<'a> as Request>::Reply>>, Error>;

impl<C: AtCounter> Place<'_, C> {
    fn refund(&self) -> Came<'_, C> {
        self.refund_with(&Options::new())
    }

    fn refund_with(&self, options: &Options<'_>) -> Came<'_, C> {
        self.till.refund_with(&self.intent, &C::part(&self.sale, 300), options)
    }

    /// The refund's entry in the journal, which is the only one of its intent.
    #[track_caller]
    fn entry(&self) -> Entry {
        let mut entries = self.till.entries_of(&self.intent).unwrap();
        assert_eq!(entries.len(), 1, "{}: another number: {entries:?}", self.intent);
        entries.remove(0).entry
    }

    /// How often the refund reached the gateway.
    fn sent(&self) -> u32 {
        let refunds = self.shop.simulator.refunds().into_iter();
        refunds.filter(|refund| refund.order_number == self.sale).map(|refund| refund.attempts).sum()
    }

    /// Called again without a fault: the same refund, under its number, and no more money than it says. Then the rest of the sale is
    /// given back, and not a fen more.
    fn and_then(&self) {
        let first = self.entry();
        self.passes(61);
        // A late reply of the case before may spoil the first try: that is Unknown, rightly.
        let tries = (0..2).map(|_| self.refund().unwrap());
        let last = tries.take_while(|outcome| !is_taken(outcome)).last();
        let outcome = self.refund().unwrap();
        assert!(is_taken(&outcome), "{}: {last:?}, then {outcome:?}", self.intent);
        assert_eq!(self.entry().order_number, first.order_number, "{}", self.intent);
        assert_eq!(self.shop.given_back(&self.sale), (300, 1), "{}", self.intent);
        self.passes(61);
        taken(self.till.refund(&format!("{}, rest", self.intent), &C::part(&self.sale, 588)));
        self.passes(61);
        refused(self.till.refund(&format!("{}, more", self.intent), &C::part(&self.sale, 1)), "refund_fee");
        assert_eq!(self.shop.given_back(&self.sale), (888, 2), "{}", self.intent);
    }

    fn passes(&self, seconds: u64) {
        Pause::pause(&self.shop.waited, Duration::from_secs(seconds));
    }
}

/// Or arrived: the simulator's refunds arrive when they are asked about again.
fn is_taken<T>(outcome: &Outcome<T>) -> bool {
    matches!(outcome, Outcome::Taken(_) | Outcome::Accepted(_))
}

fn each_fault<C: AtCounter>(case: impl Fn(&Place<'_, C>, Fault) + Sync) {
    std::thread::scope(|scope| {
        for part in 0..PARTS {
            let case = &case;
            scope.spawn(move || {
                let shop = Shop::signing(MerchantSigns::ALL[part % MerchantSigns::ALL.len()]);
                for (at, fault) in Fault::ALL.iter().enumerate().skip(part).step_by(PARTS) {
                    let client = || shop.client_of(C::account(&shop.simulator, shop.signs));
                    let code = C::code(&format!("{at:016}"));
                    // The sale is no part of the case: it has the time that it needs.
                    let patient = shop.till_with(client());
                    let sale = accepted(patient.pay(&format!("sale {at}"), &C::sale(&code))).order_number;
                    let till = shop.till_with(client().within(Duration::from_secs(within())).unwrap());
                    let intent = format!("return of {}", fault.name());
                    case(&Place { shop: &shop, till, intent, sale, account: PhantomData }, *fault);
                    shop.simulator.clear_faults();
                }
            });
        }
    });
}

/// Plans a fault when a call comes to a phase for the first time. (One of the connection would meet what was sent before it.)
struct Plans<'a> {
    phase: Phase,
    is_planned: AtomicBool,
    plan: &'a (dyn Fn() + Sync),
}

impl<'a> Plans<'a> {
    fn at(phase: Phase, plan: &'a (dyn Fn() + Sync)) -> Plans<'a> {
        Plans { phase, is_planned: AtomicBool::new(false), plan }
    }
}

impl Watch for Plans<'_> {
    fn progress(&self, progress: &Progress<'_>) {
        if progress.phase == self.phase && !self.is_planned.swap(true, Ordering::SeqCst) {
            (self.plan)();
        }
    }
}

/// Two seconds, which a busy machine keeps: more with `WXPAY_WITHIN`, for emulators.
fn within() -> u64 {
    std::env::var("WXPAY_WITHIN").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// How a refund comes to be taken, or refused.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    /// No byte left.
    NotSent,
    /// Its own reply proves it.
    ByReply,
    /// The question finds it: it was sent once.
    ByQuestion,
    /// The question does not find it, and it is sent again.
    ByRepeat,
    /// Refused, and the question does not find it.
    Refused(&'static str, Next),
    /// Bytes that come in time or not.
    ByReplyOrQuestion,
}

/// POS flows 5: definite refusals by code, and everything else is asked about. `REFUNDNOTEXIST` as the answer: the identical repeat.
fn ends(fault: Fault) -> Ends {
    use Fault::*;
    match fault {
        CloseOnAccept | CloseInHandshake => Ends::NotSent,
        // (A refund has no customer who is still paying.)
        TlsCloseNoNotify | SurplusBytes | LateSecondReply | LateDuplicate | ErrCodeOnSuccess | DuplicateEqual
        | Processing => Ends::ByReply,
        SlowBytes => Ends::ByReplyOrQuestion,
        RefusedNotEnough => Ends::Refused("NOTENOUGH", Next::SameNumber),
        RefusedFreqLimit => Ends::Refused("FREQUENCY_LIMITED", Next::SameNumberLater(Duration::from_secs(60))),
        // Lost on the way, or open codes: REFUND_FEE_MISMATCH, SYSTEMERROR, and those of no table.
        CloseAfterHandshake
        | ResetAfterHandshake
        | CloseAfterHead
        | CloseBeforeCommit
        | ResetBeforeCommit
        | SilenceBeforeCommit
        | HalfHeadBeforeCommit
        | BadGatewayBeforeCommit
        | HtmlWith200BeforeCommit
        | EmptyBodyBeforeCommit
        | Redirect
        | GarbageBeforeCommit
        | WrongSignatureBeforeCommit
        | SystemErrorBeforeCommit
        | UnknownCodeBeforeCommit
        | UnknownCodeBusinessBeforeCommit
        | GateErrorBeforeCommit
        | RefusedSendFailed
        | FatalError => Ends::ByRepeat,
        _ => Ends::ByQuestion,
    }
}

#[test]
fn a_tills_refund_times_every_fault() {
    refund::<WxpayAccount>();
}

/// Of an Alipay customer; the merchants sign in each way.
#[test]
fn a_tills_refund_behind_an_acquirer_times_every_fault() {
    refund::<SwiftpassAccount>();
}

fn refund<C: AtCounter>() {
    each_fault::<C>(|place, fault| {
        place.shop.simulator.fault_next(fault);
        let outcome = place.refund();
        place.shop.simulator.clear_faults();
        let (ends, words) = (ends(fault), place.intent.as_str());
        match (ends, outcome) {
            (Ends::NotSent, outcome) => {
                assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Connect, "{words}");
                assert_eq!(
                    (place.entry().state, place.sent()),
                    (EntryState::Recorded(Settlement::NotSent), 0),
                    "{words}"
                );
            }
            (Ends::Refused(code, next), outcome) => {
                let refusal = declined(outcome);
                assert_eq!((refusal.code.as_str(), refusal.next, place.sent()), (code, next, 0), "{words}");
            }
            (_, Ok(Outcome::Taken(receipt))) => {
                let entry = place.entry();
                assert_eq!(receipt.order_number, entry.order_number, "{words}");
                let is_by_reply = matches!(receipt.evidence, Evidence::Reply(_));
                let fits = match ends {
                    Ends::ByReply => is_by_reply && entry.attempts == 1,
                    Ends::ByQuestion => !is_by_reply && entry.attempts == 1,
                    Ends::ByRepeat => is_by_reply && entry.attempts == 2,
                    _ => entry.attempts == 1,
                };
                assert!(fits && place.sent() == 1, "{words}: {ends:?}, and it is {receipt:?}");
                assert!(receipt.evidence.field("refund_id").is_some(), "{words}");
            }
            (_, outcome) => panic!("{words}: {outcome:?}"),
        }
        place.and_then();
    });
}

/// The refund itself was lost, once with and once without effect, and then its question meets the fault. Whatever that says, the refund
/// is taken once; what names another amount is for a person.
#[test]
fn the_question_about_a_refund_times_every_fault() {
    question::<WxpayAccount>();
}

#[test]
fn the_question_about_a_refund_behind_an_acquirer_times_every_fault() {
    question::<SwiftpassAccount>();
}

fn question<C: AtCounter>() {
    // Each fault meets one of the two in short; the one that names another amount meets a refund that is there.
    let at = |fault| Fault::ALL.iter().position(|one| *one == fault).unwrap();
    let every = size("WXPAY_QUESTIONS", 2, 1) as usize;
    for (which, lost) in [Fault::SystemErrorAfterCommit, Fault::SystemErrorBeforeCommit].into_iter().enumerate() {
        each_fault::<C>(|place, fault| {
            if (which + at(fault)) % every != at(Fault::OtherAmount) % every {
                return;
            }
            place.shop.simulator.fault_next(lost);
            let plan = || place.shop.simulator.fault_next_query(fault);
            let plans = Plans::at(Phase::Asking, &plan);
            let outcome = place.refund_with(&Options::new().watch(&plans));
            assert!(plans.is_planned.into_inner(), "{}: nobody was asked", place.intent);
            place.shop.simulator.clear_faults();
            let (words, entry) = (place.intent.as_str(), place.entry());
            if (lost, fault) == (Fault::SystemErrorAfterCommit, Fault::OtherAmount) {
                assert_eq!(unknown(outcome).reason, Reason::ForAPerson, "{words}");
                assert_eq!((entry.attempts, place.shop.given_back(&place.sale)), (1, (300, 1)), "{words}");
                // It counts: nothing of it is given to another refund.
                place.passes(61);
                let other = place.till.refund(&format!("{words}, other"), &C::part(&place.sale, 589));
                return drop(refused(other, "refund_fee"));
            }
            let outcome = outcome.unwrap();
            assert!(is_taken(&outcome), "{words}: {outcome:?}");
            // It is repeated where the question says, signed, that it is not there; that is never said of what is there, but by the
            // fault whose name that is.
            let most = if lost == Fault::SystemErrorBeforeCommit || fault == Fault::NotFound { 2 } else { 1 };
            assert!(entry.attempts <= most, "{words}: {} attempts", entry.attempts);
            place.and_then();
        });
    }
}

/// Charged, and PAYERROR says otherwise: it is taken back (ruling 3). The reply to the reversal proves nothing (ruling 2), so whatever
/// befalls it, the query's REVOKED is the end; and it is never Accepted.
#[test]
fn the_reversal_of_a_sale_times_every_fault() {
    reversal::<WxpayAccount>();
}

#[test]
fn the_reversal_of_a_sale_behind_an_acquirer_times_every_fault() {
    reversal::<SwiftpassAccount>();
}

fn reversal<C: AtCounter>() {
    each_fault::<C>(|place, fault| {
        let Place { shop, till, .. } = place;
        let words = fault.name();
        shop.simulator.behave_next(Behaviour::ChargedInPayError);
        let plan = || shop.simulator.fault_next_reversal(fault);
        let plans = Plans::at(Phase::Reversing, &plan);
        let code = C::code(&format!("9{:015}", Fault::ALL.iter().position(|one| *one == fault).unwrap()));
        let outcome = till.pay_with(words, &C::sale(&code), &Options::new().watch(&plans));
        shop.simulator.clear_faults();
        let refusal = declined(outcome);
        assert_eq!((refusal.code.as_str(), refusal.next), (C::REVERSED, Next::NewNumber), "{words}");
        let mut entries = till.entries_of(words).unwrap();
        assert_eq!(entries.len(), 1, "{words}");
        let entry = entries.remove(0).entry;
        let at_gateway = shop.simulator.entry(&entry.order_number).unwrap();
        assert_eq!(
            (at_gateway.state.as_str(), at_gateway.reversed, at_gateway.charges),
            (C::REVERSED, 1, 1),
            "{words}"
        );
        // Another one where the first had no effect.
        assert_eq!(entry.reversals, if fault.commits() == Some(true) { 1 } else { 2 }, "{words}");
        assert!(plans.is_planned.into_inner(), "{words}");
        assert_eq!(entry.attempts, 1, "{words}: a code is sent once");
    });
}
