//! What a question about a refund says, and what the reply to a reversal says, under every fault. Written out from the documents (E.2,
//! E.3; POS flows 3.3, 5 and 14, ruling 2), not from the library.

use wxpay_simulator::{Fault, Settings, SignType as MerchantSigns, Simulator};
use wxpay_terminal::*;

use crate::support::gateways::{Came, Gateway, Prep, https};
use crate::support::unified_https::Unified;

/// What a question came to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    /// Signed, and of this merchant.
    Known,
    NotKnown,
    Nothing(Reason),
    Error(ErrorKind),
    /// Of two events in two processes either may come first; it is never "not known".
    Broken,
}

impl Said {
    fn of<T>(answer: &Result<Answer<T>, Error>) -> Said {
        match answer {
            Ok(Answer::Known(_)) => Said::Known,
            Ok(Answer::NotKnown { .. }) => Said::NotKnown,
            Ok(Answer::NoAnswer(doubt)) => Said::Nothing(doubt.reason),
            Err(error) => Said::Error(error.kind()),
        }
    }

    #[track_caller]
    fn is(self, fault: Fault, expected: Said) {
        match expected {
            Said::Broken => assert!(
                matches!(self, Said::Nothing(_)) || (fault == Fault::SlowBytes && self == Said::Known),
                "{}: {self:?}",
                fault.name()
            ),
            expected => assert_eq!(self, expected, "{}", fault.name()),
        }
    }
}

/// Where both calls are the same: what is no signed success of this merchant's says nothing.
fn expected(fault: Fault) -> Said {
    use Fault::*;
    match fault {
        CloseOnAccept | CloseInHandshake => Said::Error(ErrorKind::Connect),
        TlsCloseNoNotify | SurplusBytes | LateSecondReply | LateDuplicate | ErrCodeOnSuccess | DuplicateEqual => {
            Said::Known
        }
        // Every code but one says nothing (POS flows 3.3).
        SystemErrorBeforeCommit
        | SystemErrorAfterCommit
        | UnknownCodeBeforeCommit
        | UnknownCode
        | UnknownCodeBusinessBeforeCommit
        | UnknownCodeBusiness
        | GateErrorBeforeCommit
        | GateErrorAfterCommit
        | RefusedNotEnough
        | RefusedFreqLimit
        | RefusedSendFailed
        | FatalError
        | FatalErrorAfterCommit
        | AlreadySent => Said::Nothing(Reason::OpenCode),
        WrongSignatureBeforeCommit | WrongSignature | MissingSignature => Said::Nothing(Reason::Unverified),
        OtherMerchant | NoIdentifiers => Said::Nothing(Reason::OtherOrder),
        BadGatewayBeforeCommit | BadGatewayAfterCommit | Redirect | RedirectAfterCommit => {
            Said::Nothing(Reason::Status)
        }
        HtmlWith200BeforeCommit
        | HtmlWith200
        | EmptyBodyBeforeCommit
        | EmptyBody
        | NoLengthTruncated
        | DuplicateDifferent
        | ReplyDtd
        | ReplyInvalidUtf8
        | ReplyGbk => Said::Nothing(Reason::Unreadable),
        _ => Said::Broken,
    }
}

/// Parts of a table at a time: they wait more than they compute.
const PARTS: usize = 4;

fn each_fault(case: impl Fn(&Simulator, Fault, &str) + Sync) {
    each_fault_signed(MerchantSigns::Md5, case);
}

fn each_fault_signed(signs: MerchantSigns, case: impl Fn(&Simulator, Fault, &str) + Sync) {
    std::thread::scope(|scope| {
        for part in 0..PARTS {
            let case = &case;
            scope.spawn(move || {
                let settings = Settings { swiftpass_sign_type: signs, ..Settings::default() };
                let simulator = Simulator::start_with(settings).unwrap();
                for (at, fault) in Fault::ALL.iter().enumerate().skip(part).step_by(PARTS) {
                    case(&simulator, *fault, &format!("{at:08}"));
                }
            });
        }
    });
}

/// A row is the refund's own only under its own number and with its own amount (POS flows 5).
#[test]
fn refundquery_times_every_fault() {
    each_fault(|simulator, fault, number| {
        let gateway = Gateway::new("refund", simulator, &https(simulator));
        let mut prepared = gateway.prepare(number);
        assert_eq!(gateway.send(&mut prepared), Came::Done);
        // On a connection of its own: on a warm one it may be asked twice.
        let Gateway::Refund(client, _) = Gateway::new("refund", simulator, &https(simulator)) else { panic!() };
        simulator.fault_next_query(fault);
        let answer = client.ask(&RefundQuery { out_refund_no: number });
        simulator.clear_faults();
        let said = Said::of(&answer);
        said.is(fault, of_a_row(fault));
        if let Ok(Answer::Known(known)) = &answer {
            has_the_row(fault, |name| known.field(number, name));
        }
    });
}

/// What a question about a refund says.
fn of_a_row(fault: Fault) -> Said {
    match fault {
        // A state, and rows that name another refund or amount: the reply is the gateway's, and the row is not ours.
        Fault::Processing | Fault::OtherOrder | Fault::OtherAmount => Said::Known,
        Fault::NotFound => Said::NotKnown,
        fault => expected(fault),
    }
}

fn has_the_row<'a>(fault: Fault, field: impl Fn(&str) -> Option<&'a str>) {
    let amount = (fault != Fault::OtherOrder).then_some(if fault == Fault::OtherAmount { "301" } else { "300" });
    assert_eq!(field("refund_fee"), amount, "{}", fault.name());
    assert_eq!(field("refund_status"), amount.map(|_| "PROCESSING"), "{}", fault.name());
}

/// The same behind an acquirer, whose merchant signs with RSA (POS flows 9).
#[test]
fn an_acquirers_refundquery_times_every_fault() {
    each_fault_signed(MerchantSigns::Rsa256, |simulator, fault, number| {
        let refund = unified("unified.trade.refund", MerchantSigns::Rsa256, simulator);
        pays(&refund, number);
        let asks = unified("unified.trade.refund", MerchantSigns::Rsa256, simulator);
        simulator.fault_next_query(fault);
        let answer = asks.client.ask(&UnifiedRefundQuery { out_refund_no: number });
        simulator.clear_faults();
        Said::of(&answer).is(fault, of_a_row(fault));
        if let Ok(Answer::Known(known)) = &answer {
            has_the_row(fault, |name| known.field(number, name));
        }
    });
}

fn unified(service: &'static str, signs: MerchantSigns, simulator: &Simulator) -> Unified {
    let Gateway::Unified(unified) = Gateway::signing(service, signs, simulator, &https(simulator)) else { panic!() };
    unified
}

fn pays(unified: &Unified, number: &str) {
    let Prep::Unified(mut send) = unified.prepare(number) else { panic!() };
    assert_eq!(send(), Came::Done, "{number}");
}

/// A query counts signed, of this merchant and of the order that was asked about (protocol C.4; POS flows 3.1, 9).
#[test]
fn an_acquirers_query_times_every_fault() {
    each_fault(|simulator, fault, number| {
        pays(&unified("unified.trade.micropay", MerchantSigns::Md5, simulator), number);
        // On a connection of its own: on a warm one it may be asked twice.
        let asks = unified("unified.trade.micropay", MerchantSigns::Md5, simulator);
        simulator.fault_next_query(fault);
        let answer = asks.client.ask(&TradeQuery { out_trade_no: number });
        simulator.clear_faults();
        Said::of(&answer).is(
            fault,
            match fault {
                Fault::Processing | Fault::OtherAmount => Said::Known,
                Fault::OtherOrder => Said::Nothing(Reason::OtherOrder),
                Fault::NotFound => Said::NotKnown,
                fault => expected(fault),
            },
        );
        if let Ok(Answer::Known(trade)) = &answer {
            let state = if fault == Fault::Processing { TradeState::UserPaying } else { TradeState::Success };
            assert_eq!(trade.trade_state, state, "{}", fault.name());
            // The till compares it.
            let fee = if fault == Fault::OtherAmount { "889" } else { "888" };
            assert_eq!(trade.reply.get("total_fee"), Some(fee), "{}", fault.name());
        }
    });
}

/// What the replies to a reversal and to a closing say, which name no order: thrown away, whatever it is.
fn of_no_order(fault: Fault) -> Said {
    match fault {
        // It names no order in the first place: one that does is another's. An amount it has none.
        Fault::OtherOrder => Said::Nothing(Reason::OtherOrder),
        Fault::OtherAmount => Said::Known,
        fault => expected(fault),
    }
}

#[test]
fn an_acquirers_close_times_every_fault() {
    each_fault(|simulator, fault, number| {
        let order = unified("unified.trade.native", MerchantSigns::Md5, simulator);
        pays(&order, number);
        simulator.fault_next_query(fault);
        let answer = order.client.close(&TradeClose { out_trade_no: number });
        simulator.clear_faults();
        Said::of(&answer).is(
            fault,
            match fault {
                // Of a closing it is no state.
                Fault::Processing => Said::Known,
                // Nothing proven (POS flows 3.3).
                Fault::NotFound => Said::NotKnown,
                fault => of_no_order(fault),
            },
        );
        let is_closed = fault.commits() == Some(true);
        let known = state_of(&order.client, number);
        assert_eq!(known, Some(if is_closed { TradeState::Closed } else { TradeState::NotPay }), "{}", fault.name());
        assert_eq!(simulator.entry(number).unwrap().paid, 0);
    });
}

#[test]
fn an_acquirers_reverse_times_every_fault() {
    each_fault_signed(MerchantSigns::Rsa1, |simulator, fault, number| {
        let sale = unified("unified.trade.micropay", MerchantSigns::Rsa1, simulator);
        pays(&sale, number);
        simulator.fault_next_reversal(fault);
        let answer = sale.client.close(&UnifiedReverse { out_trade_no: number });
        simulator.clear_faults();
        Said::of(&answer).is(
            fault,
            match fault {
                // USERPAYING, and ORDERNOTEXIST, which a lost payment gets: no end of it (POS flows 20.6).
                Fault::Processing | Fault::NotFound => Said::Nothing(Reason::OpenCode),
                fault => of_no_order(fault),
            },
        );
        let entry = simulator.entry(number).unwrap();
        let is_back = fault.commits() == Some(true);
        assert_eq!((entry.reversed, entry.charges), (u32::from(is_back), 1), "{}", fault.name());
        let known = state_of(&sale.client, number);
        assert_eq!(known, Some(if is_back { TradeState::Revoked } else { TradeState::Success }), "{}", fault.name());
    });
}

/// What the query says. A late second reply may spoil the first question.
fn state_of(client: &Client<SwiftpassAccount>, number: &str) -> Option<TradeState> {
    (0..3).find_map(|_| match client.ask(&TradeQuery { out_trade_no: number }) {
        Ok(Answer::Known(trade)) => Some(trade.trade_state),
        _ => None,
    })
}

/// The reply to a reversal names no order, so whatever it says is thrown away; this is what it says. Once it is there, the ledger gave
/// the money back once at most, and the query knows.
#[test]
fn reverse_times_every_fault() {
    each_fault(|simulator, fault, number| {
        let gateway = Gateway::new("micropay", simulator, &https(simulator));
        let Gateway::Micropay(client) = &gateway else { panic!() };
        let Prep::Micropay(mut paid) = gateway.prepare(number) else { panic!() };
        let paid = client.send(&mut paid).unwrap();
        assert!(matches!(paid, Outcome::Accepted(_)), "{number}: {paid:?}");
        simulator.fault_next_reversal(fault);
        let answer = client.close(&Reverse { out_trade_no: number });
        simulator.clear_faults();
        Said::of(&answer).is(
            fault,
            match fault {
                // USERPAYING: the customer types.
                Fault::Processing => Said::Nothing(Reason::OpenCode),
                // ORDERNOTEXIST of a reversal is what a lost payment gets, and no end of it (POS flows 20.6).
                Fault::NotFound => Said::Nothing(Reason::OpenCode),
                fault => of_no_order(fault),
            },
        );
        let entry = simulator.entry(number).unwrap();
        let is_back = fault.commits() == Some(true);
        assert_eq!((entry.reversed, entry.charges), (u32::from(is_back), 1), "{}", fault.name());
        // A late second reply may spoil the first question.
        let known = (0..3).find_map(|_| match client.ask(&OrderQuery { out_trade_no: number }) {
            Ok(Answer::Known(order)) => Some(order.trade_state),
            _ => None,
        });
        assert_eq!(known, Some(if is_back { TradeState::Revoked } else { TradeState::Success }), "{}", fault.name());
    });
}
