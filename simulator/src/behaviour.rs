//! What a gateway with a counter does otherwise than its pages say, and which call it meets (POS flows 18).

use std::str::FromStr;

use crate::gateway::{Act, Gateway};
use crate::reply::Reply;

macro_rules! behaviours {
    ($($(#[$doc:meta])* $act:ident $name:ident,)*) => {
        /// Something that the gateway itself does otherwise. What befalls a reply on its way is a
        /// [`Fault`](crate::Fault); what a customer does is a [`Customer`](crate::Customer)'s.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Behaviour {
            $($(#[$doc])* $name,)*
        }

        impl Behaviour {
            /// Every behaviour.
            pub const ALL: &'static [Behaviour] = &[$(Behaviour::$name,)*];

            /// The name as it is written in this enum.
            pub fn name(self) -> &'static str {
                match self {
                    $(Behaviour::$name => stringify!($name),)*
                }
            }

            fn act(self) -> Act {
                match self {
                    $(Behaviour::$name => Act::$act,)*
                }
            }
        }
    };
}

behaviours! {
    /// An order is answered for another order: the customer would be asked for another amount. Both are in the ledger.
    Pay OrderOfAnother,
    /// A payment out that is sent again under its number moves money again: what no gateway may do. Red packets, WeCom, web gateway.
    Pay RepeatPaysAgain,
    /// micropay takes the money, and says NOTENOUGH (POS ruling 1). The query says SUCCESS.
    Micropay RefusedThoughCharged,
    /// micropay takes the money and says USERPAYING, and the query says PAYERROR (POS ruling 3).
    Micropay ChargedInPayError,
    /// micropay takes the money, and says SYSTEMERROR; on a Swiftpass-type gateway with need_query=N (POS flows 9).
    Micropay NeedQueryLies,
    /// micropay takes the money, and says result_code=0 and pay_result=1 (POS flows 9). Swiftpass-type gateways alone have
    /// a pay_result.
    Micropay PayResultNotZero,
    /// micropay says NOTENOUGH, takes nothing, and has no need_query (C.4.4): a refusal that is not definite. Swiftpass-type
    /// gateways alone have a need_query.
    Micropay RefusedWithoutNeedQuery,
    /// micropay takes the money, and its reply is rightly signed, but by another sign_type than the merchant's (C.3): that counts
    /// for nothing.
    Micropay SignedByAnotherType,
    /// A query sees the order as it was before its last change; a new one is not found.
    Query QueryBehind,
    /// A closing says success, whatever the number, and closes nothing.
    Close CloseOfNothing,
    /// A reversal says success, whatever the number, and does nothing.
    Reverse ReverseOfNothing,
    /// A reversal gets the reply to another order's, byte for byte, and does nothing.
    Reverse ReverseReplayed,
    /// A reversal says success and recall=Y, and does nothing. Plan it twice for two of them. Swiftpass-type gateways
    /// have no recall.
    Reverse ReverseRecall,
    /// A reversal is refused: the customer is typing.
    Reverse ReverseUserPaying,
    /// The customer pays a moment before the reversal arrives, which gives the money back.
    Reverse PaidBeforeReverse,
    /// A reversal says success, and then the customer pays.
    Reverse PaidAfterReverse,
    /// A reversal of a paid order is refused: it is to be refunded. Some acquirers do so (POS flows 9).
    Reverse ReverseOfUnpaidOnly,
    /// A refund is taken, and its second question says CHANGE.
    Refund RefundEndsInChange,
    /// A refund is taken, and its second question says REFUNDCLOSE. Swiftpass-type gateways have FAIL.
    Refund RefundEndsInClose,
    /// A refund is taken, and its second question says FAIL.
    Refund RefundEndsInFail,
    /// A refund is taken, and stays PROCESSING.
    Refund RefundNeverEnds,
    /// A question about one refund answers with another one in row 0, and with it in row 1.
    RefundQuery RefundInSecondRow,
}

impl FromStr for Behaviour {
    type Err = String;

    fn from_str(name: &str) -> Result<Behaviour, String> {
        let found = Behaviour::ALL.iter().find(|behaviour| behaviour.name() == name);
        found.copied().ok_or_else(|| format!("no behaviour {name}"))
    }
}

/// The behaviours that were asked for and have not been met yet, or that stay.
#[derive(Debug, Default)]
pub(crate) struct Behaviours {
    next: Vec<Behaviour>,
    numbers: Vec<(String, Behaviour)>,
    reversal: Option<(String, Reply)>,
}

impl Behaviours {
    pub(crate) fn next(&mut self, behaviour: Behaviour) {
        self.next.push(behaviour);
    }

    pub(crate) fn number(&mut self, number: &str, behaviour: Behaviour) {
        self.numbers.push((number.to_owned(), behaviour));
    }

    /// What is planned and was not met, or stays; each as the command line would ask for it.
    pub(crate) fn planned(&self) -> Vec<String> {
        let next = self.next.iter().map(|behaviour| format!("behave {}", behaviour.name()));
        next.chain(self.numbers.iter().map(|(number, behaviour)| format!("{} {number}", behaviour.name()))).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.next.clear();
        self.numbers.clear();
    }

    /// For a call: number before next, and the number said last before others.
    pub(crate) fn take(&mut self, act: Act, number: &str) -> Option<Behaviour> {
        let mut keyed = self.numbers.iter().rev().filter(|(known, _)| known == number);
        if let Some((_, behaviour)) = keyed.find(|(_, behaviour)| behaviour.act() == act) {
            return Some(*behaviour);
        }
        let position = self.next.iter().position(|behaviour| behaviour.act() == act)?;
        Some(self.next.remove(position))
    }

    /// The reply to a reversal that was carried out.
    pub(crate) fn remember_reversal(&mut self, number: &str, reply: &Reply) {
        self.reversal = Some((number.to_owned(), reply.clone()));
    }

    /// The last one, when it was of another number at this gateway.
    pub(crate) fn reversal_of_another(&self, gateway: Gateway, number: &str) -> Option<Reply> {
        let last = self.reversal.as_ref();
        last.filter(|(known, reply)| known != number && reply.gateway == gateway).map(|(_, reply)| reply.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_before_next_and_each_for_its_call() {
        let mut behaviours = Behaviours::default();
        behaviours.next(Behaviour::ReverseRecall);
        behaviours.next(Behaviour::ReverseRecall);
        behaviours.number("a", Behaviour::ReverseOfNothing);
        behaviours.number("a", Behaviour::QueryBehind);
        assert_eq!(behaviours.take(Act::Reverse, "a"), Some(Behaviour::ReverseOfNothing));
        assert_eq!(behaviours.take(Act::Reverse, "a"), Some(Behaviour::ReverseOfNothing));
        assert_eq!(behaviours.take(Act::Query, "b"), None);
        assert_eq!(behaviours.take(Act::Reverse, "b"), Some(Behaviour::ReverseRecall));
        assert_eq!(behaviours.take(Act::Reverse, "b"), Some(Behaviour::ReverseRecall));
        assert_eq!(behaviours.take(Act::Reverse, "b"), None);
        for behaviour in Behaviour::ALL {
            assert_eq!(behaviour.name().parse(), Ok(*behaviour));
        }
    }
}
