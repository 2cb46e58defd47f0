//! What is known after a payment was sent, and after a question was asked.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

/// What is known about a payment. Every caller must decide all that can come.
///
/// | | what it means | what to do |
/// |---|---|---|
/// | `Accepted` | proven: **money moved**. The reply was read, verified where the gateway signs, and every identifier in it is the one sent | act: print, open, book |
/// | `Ordered` | proven: an order exists, and **nobody paid it yet**. Only where a customer pays | show what the customer needs, then ask |
/// | `Taken` | proven: the gateway took a refund, and **the money has not arrived yet** | say 退款已受理; what becomes of it is asked |
/// | `PaidLate` | proven: money came for an order that nobody was to pay any more. Only from a till | give the money back, or keep it with [`Till::accept_late`](crate::Till::accept_late) |
/// | `Declined` | proven: the gateway's documents say that this code is final | [`Refusal::next`] says what is allowed |
/// | `Unknown` | the money may have moved | never a new order number: ask, or repeat under the same number |
#[derive(Debug)]
#[must_use = "an outcome says whether money moved: match on all of them"]
pub enum Outcome<T> {
    /// Money moved, and there is proof.
    Accepted(T),
    /// The order exists, and there is proof. Nobody paid it yet.
    Ordered(T),
    /// The gateway took the refund, and there is proof. The money is on its way, and has not arrived.
    Taken(T),
    /// The order was paid, and there is proof: after it had been given up. Goods never go out for it.
    PaidLate(T),
    /// The gateway refused it, and there is proof.
    Declined(Refusal),
    /// Nobody can tell yet.
    Unknown(Doubt),
}

impl<T> Outcome<T> {
    /// Whether money moved, in time or late.
    pub(crate) fn is_paid(&self) -> bool {
        matches!(self, Outcome::Accepted(_) | Outcome::PaidLate(_))
    }

    /// What money that came late brought.
    pub(crate) fn late(&self) -> Option<&T> {
        match self {
            Outcome::PaidLate(late) => Some(late),
            _ => None,
        }
    }

    /// What a success brought, whichever it is.
    pub(crate) fn proven(&self) -> Option<&T> {
        match self {
            Outcome::Accepted(proven) | Outcome::Ordered(proven) => Some(proven),
            Outcome::Taken(proven) | Outcome::PaidLate(proven) => Some(proven),
            Outcome::Declined(_) | Outcome::Unknown(_) => None,
        }
    }

    /// The refusal, where it is one.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Outcome::Declined(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The doubt, where it is one.
    pub(crate) fn doubt(self) -> Option<Doubt> {
        match self {
            Outcome::Unknown(doubt) => Some(doubt),
            _ => None,
        }
    }

    /// With what a success brought read as another type. Where it cannot be read, nothing is known.
    pub(crate) fn typed<U>(self, read: impl FnOnce(T) -> Option<U>) -> Outcome<U> {
        let (raw, said): (T, fn(U) -> Outcome<U>) = match self {
            Outcome::Accepted(raw) => (raw, Outcome::Accepted),
            Outcome::Ordered(raw) => (raw, Outcome::Ordered),
            Outcome::Taken(raw) => (raw, Outcome::Taken),
            Outcome::PaidLate(raw) => (raw, Outcome::PaidLate),
            Outcome::Declined(refusal) => return Outcome::Declined(refusal),
            Outcome::Unknown(doubt) => return Outcome::Unknown(doubt),
        };
        let unreadable = || Outcome::Unknown(Doubt::new(Reason::Unreadable, "the reply has not its documented form"));
        read(raw).map_or_else(unreadable, said)
    }
}

/// A proven refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The gateway's code, as it stands in the reply: `NOTENOUGH`, `SIGN_ERROR`, or a `retcode`.
    pub code: String,
    /// The gateway's own words, usually Chinese. Show them; never branch on them.
    pub text: String,
    /// What the documents allow next.
    pub next: Next,
}

/// What may be done after a refusal. From the endpoint's table, one row a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// Mend the cause (parameters, key, balance), then the same order number again.
    SameNumber,
    /// The same order number, not before this time has passed.
    SameNumberLater(Duration),
    /// This number is finished; a new order number is allowed.
    NewNumber,
    /// Do not try again; a person must look at it.
    Stop,
}

/// What a gateway said: its code, and its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// As it stands in the reply: `NOTENOUGH`, `SENDING`, or a `retcode`. With `?` behind it: a code of a refusal, in a reply that was none.
    pub code: String,
    /// Usually Chinese. Show them; never branch on them.
    pub text: String,
}

impl Words {
    /// A code that reads like a refusal, and was none.
    pub(crate) fn no_refusal(code: &str) -> String {
        [code, "?"].concat()
    }

    /// Whether this code was said, as a refusal or not.
    pub(crate) fn is_of(&self, code: &str) -> bool {
        self.code.strip_suffix('?').unwrap_or(&self.code) == code
    }
}

/// Why the outcome of a payment is not known.
///
/// It does not implement `std::error::Error`, so that `?` cannot turn a possible payment into a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Doubt {
    /// Why.
    pub reason: Reason,
    /// The gateway's code where it gave one, else empty.
    pub code: String,
    /// What was seen, in words: the gateway's text, or the transport's.
    pub text: Cow<'static, str>,
    /// From a till: what the gateway said last of this order, in whatever attempt, answer or process, where that is something else.
    pub last: Option<Words>,
}

/// The reason of a [`Doubt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The exchange broke after the request may have left: timeout, reset, closed, a TLS alert.
    Broken,
    /// The HTTP status is not 200.
    Status,
    /// The reply cannot be read: not XML or JSON, cut, too long, a DTD, a name with two values.
    Unreadable,
    /// A signature is due and is missing or wrong.
    Unverified,
    /// The reply does not name this order, or names another one.
    OtherOrder,
    /// The gateway answered with a code that its documents do not call final, or that is in no table.
    OpenCode,
    /// A refusal of a repeat. It says nothing about the attempt before it.
    EarlierAttempt,
    /// The reply came on a connection that had carried another exchange, and nothing ties it to this one.
    StaleConnection,
    /// The library or a callback panicked during the exchange.
    Panic,
    /// The journal failed after the payment may have been sent.
    Journal,
    /// Nobody but a person can tell.
    ForAPerson,
    /// The till has no account for this entry.
    NoAccount,
    /// An order exists, and the customer has not paid it yet.
    NotPaidYet,
    /// A refusal that the document calls "not paid", and that the query has yet to confirm.
    Unconfirmed,
    /// The customer is paying: a password is asked for.
    CustomerPaying,
    /// It is being taken back, and the gateway has yet to say that it is.
    Reversing,
    /// Nobody can tell, and nobody may take it back here: [`Till::reverse`](crate::Till::reverse), or `pay` with the same intent.
    NeedsReversal,
}

impl Doubt {
    pub(crate) fn new(reason: Reason, text: impl Into<Cow<'static, str>>) -> Doubt {
        Doubt { reason, code: String::new(), text: text.into(), last: None }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Broken => "the exchange broke after the request may have left",
            Reason::Status => "the HTTP status is not 200",
            Reason::Unreadable => "the reply cannot be read",
            Reason::Unverified => "the reply is not proven to be the gateway's",
            Reason::OtherOrder => "the reply does not name this order",
            Reason::OpenCode => "the code is not final",
            Reason::EarlierAttempt => "a refused repeat says nothing about the attempt before it",
            Reason::StaleConnection => "the reply may belong to an earlier exchange",
            Reason::Panic => "a panic interrupted the exchange",
            Reason::Journal => "the journal failed",
            Reason::ForAPerson => "a person must look",
            Reason::NoAccount => "the account is missing",
            Reason::NotPaidYet => "not paid yet",
            Reason::Unconfirmed => "refused, and the query has yet to confirm it",
            Reason::CustomerPaying => "the customer is paying",
            Reason::Reversing => "it is being taken back",
            Reason::NeedsReversal => "it is not taken back yet",
        })?;
        for part in [self.code.as_str(), &self.text] {
            if !part.is_empty() {
                f.write_str(": ")?;
                f.write_str(part)?;
            }
        }
        match &self.last {
            Some(words) => write!(f, "; the gateway last said {}: {}", words.code, words.text),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}

/// The answer to a question about an order. Not an [`Outcome`]: "the query worked" is not "the order is paid".
#[derive(Debug)]
#[must_use = "an answer may say that nothing is known"]
pub enum Answer<T> {
    /// The gateway knows the order; `T` holds its state.
    Known(T),
    /// The gateway says that it does not know the order. While the order is young this proves nothing.
    NotKnown {
        /// True when the first host said it. An answer of the second host is weaker: it may lag behind.
        first_host: bool,
    },
    /// No usable answer.
    NoAnswer(Doubt),
}
