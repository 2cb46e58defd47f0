//! What a question about a refund says, and what the reply to a reversal says, under every fault. Written out from the documents (E.2,
//! E.3; POS flows 3.3, 5 and 14, ruling 2), not from the library.

use wxpay_simulator::{Fault, Simulator};
use wxpay_terminal::*;

use crate::support::gateways::{Gateway, Prep, https};

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
    std::thread::scope(|scope| {
        for part in 0..PARTS {
            let case = &case;
            scope.spawn(move || {
                let simulator = Simulator::start().unwrap();
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
        assert_eq!(gateway.send(&mut prepared), crate::support::gateways::Came::Done);
        // On a connection of its own: on a warm one it may be asked twice.
        let Gateway::Refund(client, _) = Gateway::new("refund", simulator, &https(simulator)) else { panic!() };
        simulator.fault_next_query(fault);
        let answer = client.ask(&RefundQuery { out_refund_no: number });
        simulator.clear_faults();
        let said = Said::of(&answer);
        said.is(
            fault,
            match fault {
                // A state, and rows that name another refund or amount: the reply is the gateway's, and the row is not ours.
                Fault::Processing | Fault::OtherOrder | Fault::OtherAmount => Said::Known,
                Fault::NotFound => Said::NotKnown,
                fault => expected(fault),
            },
        );
        if let Ok(Answer::Known(known)) = &answer {
            let field = |name| known.field(number, name);
            let amount =
                (fault != Fault::OtherOrder).then_some(if fault == Fault::OtherAmount { "301" } else { "300" });
            assert_eq!(field("refund_fee"), amount, "{}", fault.name());
            assert_eq!(field("refund_status"), amount.map(|_| "PROCESSING"), "{}", fault.name());
        }
    });
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
                // It names no order in the first place: one that does is another's. An amount it has none.
                Fault::OtherOrder => Said::Nothing(Reason::OtherOrder),
                Fault::OtherAmount => Said::Known,
                fault => expected(fault),
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
