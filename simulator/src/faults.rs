//! What can go wrong on the way to a gateway and back.

use std::str::FromStr;

/// How far the gateway gets before the fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// While the connection is made.
    Connection,
    /// When the head of the request has arrived.
    Head,
    /// After the request was read, before the ledger takes it.
    Before,
    /// After the ledger took it.
    After,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $stage:ident $name:ident,)*) => {
        /// A fault. The name says whether the ledger has taken the order when it strikes; where it
        /// does not, [`Fault::commits`] does.
        ///
        /// A fault whose bytes are a correct success has no `BeforeCommit` variant: that would be a
        /// gateway that lies, and no client can do anything about it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            /// Every fault, for tests that go through the table of gateways and faults.
            pub const ALL: &'static [Fault] = &[$(Fault::$name,)*];

            /// The name as it is written in this enum.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Fault::$name => stringify!($name),)*
                }
            }

            pub(crate) fn stage(self) -> Stage {
                match self {
                    $(Fault::$name => Stage::$stage,)*
                }
            }
        }
    };
}

faults! {
    /// TCP is closed before TLS begins.
    Connection CloseOnAccept,
    /// TCP is closed when the ClientHello has arrived.
    Connection CloseInHandshake,
    /// TCP is closed after the handshake, before a byte of the request is read.
    Connection CloseAfterHandshake,
    /// TCP is reset after the handshake, before a byte of the request is read.
    Connection ResetAfterHandshake,
    /// Only the head is read, then TCP is closed.
    Head CloseAfterHead,
    /// TCP is closed (FIN, no close_notify).
    Before CloseBeforeCommit,
    /// The same, but the order was taken.
    After CloseAfterCommit,
    /// TCP is reset (RST).
    Before ResetBeforeCommit,
    /// The same, but the order was taken.
    After ResetAfterCommit,
    /// Not a byte comes, for 30 s or until the client goes.
    Before SilenceBeforeCommit,
    /// The same, but the order was taken.
    After SilenceAfterCommit,
    /// Half of the reply's head, then silence.
    Before HalfHeadBeforeCommit,
    /// The same, but the order was taken.
    After HalfHeadAfterCommit,
    /// The head, half of the body, then TCP is closed.
    After HalfReplyAfterCommit,
    /// The head, half of the body, then TCP is reset.
    After HalfReplyReset,
    /// The head, half of the body, then silence.
    After HalfReplyStall,
    /// No Content-Length; half of the body; TCP is closed without close_notify.
    After NoLengthTruncated,
    /// No Content-Length; the whole body; TCP is closed without close_notify.
    After TlsCloseNoNotify,
    /// HTTP 502 with a page.
    Before BadGatewayBeforeCommit,
    /// The same, but the order was taken.
    After BadGatewayAfterCommit,
    /// HTTP 200 with a page.
    Before HtmlWith200BeforeCommit,
    /// The same, but the order was taken.
    After HtmlWith200,
    /// HTTP 200 with an empty body.
    Before EmptyBodyBeforeCommit,
    /// The same, but the order was taken.
    After EmptyBody,
    /// HTTP 302 to another path, which would answer a success that is not true.
    Before Redirect,
    /// The same, but the order was taken, and the success would be true.
    After RedirectAfterCommit,
    /// Bytes that are not HTTP.
    Before GarbageBeforeCommit,
    /// The same, but the order was taken.
    After Garbage,
    /// `Content-Encoding: gzip`, and bytes that look like it.
    After Gzip,
    /// The body comes one byte per 100 ms.
    After SlowBytes,
    /// A Content-Length larger than the body, then TCP is closed.
    After WrongLength,
    /// More bytes after the body, in the same write.
    After SurplusBytes,
    /// The right reply; 20 ms later, unasked, a refusal without identifiers.
    After LateSecondReply,
    /// The right reply; 20 ms later, unasked, the same reply again.
    After LateDuplicate,
    /// A success with a wrong `sign`, also from gateways that do not sign. It is not true.
    Before WrongSignatureBeforeCommit,
    /// The same, but the order was taken.
    After WrongSignature,
    /// A success without `sign`. Where no signature is due, it is the usual reply.
    After MissingSignature,
    /// The gateway's "system error": unknown by the documents.
    Before SystemErrorBeforeCommit,
    /// The same, but the order was taken.
    After SystemErrorAfterCommit,
    /// Taken, but not finished; the query says SENDING, PROCESSING or USERPAYING.
    After Processing,
    /// `return_code=FAIL` with `err_code` 268458547 (docs: A.3.4).
    Before UnknownCodeBeforeCommit,
    /// The same, but the order was taken.
    After UnknownCode,
    /// `result_code=FAIL` with a code that is in no table.
    Before UnknownCodeBusinessBeforeCommit,
    /// The same, but the order was taken.
    After UnknownCodeBusiness,
    /// The gate refuses: `return_code=FAIL` and a text, or an unsigned status.
    Before GateErrorBeforeCommit,
    /// The same, but the order was taken.
    After GateErrorAfterCommit,
    /// Not enough money. Final for this attempt (docs: A.4).
    Before RefusedNotEnough,
    /// Too many requests. Not accepted (docs: A.4).
    Before RefusedFreqLimit,
    /// SEND_FAILED. The query says FAILED as well, unless the order was paid earlier.
    Before RefusedSendFailed,
    /// FATAL_ERROR: other parameters than the first time (docs: A.4).
    Before FatalError,
    /// The same, but the order was taken.
    After FatalErrorAfterCommit,
    /// `result_code=FAIL`, `err_code=SUCCESS`: already sent (docs: A.3.3).
    After AlreadySent,
    /// NOT_FOUND, although the order is there. For queries (docs: A.3.6).
    After NotFound,
    /// A success with `err_code=SUCCESS`. Legal (docs: A.3.2).
    After ErrCodeOnSuccess,
    /// An element twice with equal values. Legal (docs: seed 2 prints one).
    After DuplicateEqual,
    /// The result twice: success and failure.
    After DuplicateDifferent,
    /// A success that names another order.
    After OtherOrder,
    /// A success that names another amount.
    After OtherAmount,
    /// A success that names another merchant.
    After OtherMerchant,
    /// A success without identifiers.
    After NoIdentifiers,
    /// A success behind a DTD with an entity.
    After ReplyDtd,
    /// A success with a byte that is not UTF-8.
    After ReplyInvalidUtf8,
    /// A success with a text in GBK.
    After ReplyGbk,
    /// A success with 100 MiB of white space inside.
    After ReplyHuge,
    /// A success with 100,000 more elements.
    After ReplyManyElements,
    /// A success with 100,000 elements inside each other.
    After ReplyDeep,
}

impl Fault {
    /// `Some(true)` when the ledger takes a valid new order under this fault, `Some(false)` when it
    /// never does. `None` is not used.
    ///
    /// An order that is taken is carried out: the money moves, or, where the customer pays later, the
    /// order exists and can be paid. `RefusedSendFailed` leaves an entry with state FAILED and nothing paid: that
    /// counts as not taken.
    pub fn commits(&self) -> Option<bool> {
        Some(self.stage() == Stage::After)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Fault, String> {
        let found = Fault::ALL.iter().find(|fault| fault.name() == name);
        found.copied().ok_or_else(|| format!("no fault {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_truth() {
        for fault in Fault::ALL {
            if fault.name().ends_with("BeforeCommit") {
                assert_eq!(fault.commits(), Some(false), "{fault:?}");
            }
            if fault.name().ends_with("AfterCommit") {
                assert_eq!(fault.commits(), Some(true), "{fault:?}");
            }
            assert_eq!(fault.name().parse(), Ok(*fault));
        }
    }
}
