//! A gateway is a table. These are the table's types.
//!
//! One row of [`Endpoint::fields`] drives the check before sending, the redacted `Debug` and the documentation.
//! [`Endpoint::signing`] says which signatures are made, in order. [`Endpoint::reply`] says which names and values
//! mean what. The code that follows the tables is the same for every gateway.

use core::time::Duration;

use crate::bytes;
use crate::outcome::Next;

/// One call of one gateway.
#[derive(Debug)]
#[non_exhaustive]
pub struct Endpoint {
    /// The call's name in its document: `sendredpack`.
    pub name: &'static str,
    /// The path below the account's host. Empty: the account's URL is complete.
    pub path: &'static str,
    /// How the body is written.
    pub body: Body,
    /// Whether TLS needs the merchant's client certificate.
    pub client_certificate: bool,
    /// Whether it asks (and so may go to a second host at any time) or moves money.
    pub asks: bool,
    /// True where the documents' reply does not name the order: then only a connection of its own ties the reply to
    /// the request.
    pub own_connection: bool,
    /// The field that holds the order number.
    pub order_number: &'static str,
    /// How order numbers of this call are made. They fit the call and its query.
    pub numbers: Numbers,
    /// The field that holds the amount, where the call has one.
    pub amount: &'static str,
    /// The request's fields.
    pub fields: &'static [Field],
    /// What one row of `fields` cannot say.
    pub rules: &'static [Rule],
    /// The signatures, in the order in which they are made.
    pub signing: &'static [Step],
    /// How to read the reply.
    pub reply: ReplyTable,
    /// The fields that decide what is paid: who, and how much. A till compares these when an intent is paid again, and no others:
    /// a greeting may change.
    pub decides: &'static [&'static str],
    /// The payee's field, and the least time between two payments to one payee, where the gateway asks for one.
    pub payee_pause: Option<(&'static str, Duration)>,
    /// How a till resolves an unknown outcome.
    pub resolved_by: ResolvedBy,
    /// The document and section that the table was written from.
    pub document: &'static str,
}

/// How a till resolves an unknown outcome.
#[derive(Clone, Copy, Debug)]
pub enum ResolvedBy {
    /// By the gateway's query, and by the identical repeat where the query does not know it. "Not found" never ends it.
    Query(&'static Resolution),
    /// There is no query: by the identical repeat, where the operator allows it.
    Repeat,
    /// The call makes an order that a customer pays: by the gateway's query, and never by a repeat, because the query does
    /// not return what the customer needs.
    Order(&'static Resolution, &'static OrderRules),
    /// The call takes money by a customer's payment code, which is sent once and never again: by the gateway's query, and where that
    /// says nothing in time, by taking the money back (撤销).
    Reversal(&'static Resolution, &'static ReversalRules),
    /// A till does not make this call.
    NotByTill,
}

/// How an unknown outcome is resolved by asking (protocol R.5).
#[derive(Debug)]
pub struct Resolution {
    /// The query.
    pub query: &'static Endpoint,
    /// Fields of the query besides the order number, with their values.
    pub fixed: &'static [(&'static str, &'static str)],
    /// The reply's field that holds the state.
    pub state: &'static str,
    /// The reply's field that holds the amount. It must be there and equal before anything counts as paid.
    pub amount: &'static str,
    /// States in which the money moved.
    pub paid: &'static [&'static str],
    /// States in which it never will: final.
    pub unpaid: &'static [&'static str],
    /// Reply fields worth keeping as evidence.
    pub evidence: &'static [&'static str],
    /// How far back the query knows orders.
    pub look_back: Duration,
    /// How long to wait before the query after these codes.
    pub slow: &'static [(&'static str, Duration)],
    /// Where it is a refund: what is its own.
    pub refund: Option<&'static RefundRules>,
    /// States that do not go on by themselves: so long after the last attempt the identical payment is sent again, for three
    /// days.
    pub repeat_when: &'static [(&'static str, Duration)],
}

/// A refund (POS flows 5): taken by the gateway, and arrived later. Its query answers in rows, `refund_status_0` and so on, and our own row
/// counts, whatever its index.
#[derive(Debug)]
pub struct RefundRules {
    /// The fields of the request, one of them, that name the order that is refunded: by our number, by the platform's.
    pub of: (&'static str, &'static str),
    /// The field that holds the order's total.
    pub total: &'static str,
    /// States in which the refund is on its way.
    pub taken: &'static [&'static str],
    /// States after which the same number is sent again.
    pub again: &'static [&'static str],
    /// Codes that ask for the same refund again, and refuse nothing.
    pub ask_again: &'static [&'static str],
    /// States that a person handles on the platform.
    pub for_a_person: &'static [&'static str],
    /// The least time between two refunds of one order: between two numbers.
    pub apart: Duration,
    /// The pause before a repeat of one number: the first, and the longest.
    pub repeats: (Duration, Duration),
    /// How old a refund is when it is first asked whether it arrived, and the pause between two such questions.
    pub looks: (Duration, Duration),
    /// So old it is for a person.
    pub gives_up: Duration,
    /// How many rows a reply may have.
    pub rows: usize,
}

/// An order that a customer pays (protocol C.2, C.4).
#[derive(Debug)]
pub struct OrderRules {
    /// The call that closes it unpaid.
    pub close: &'static Endpoint,
    /// The fields that say from when to when it may be paid. One without the other has no effect at the gateway.
    pub valid: (&'static str, &'static str),
    /// How long it may be paid, unless the caller says otherwise.
    pub lasts: Duration,
    /// How long it must be payable at least, where the caller says.
    pub least: Duration,
    /// How long after its end a payment may still show.
    pub margin: Duration,
    /// How long after the attempt an order whose answer was lost may still turn up. Then nobody has its URL, and "not found"
    /// is its end.
    pub window: Duration,
    /// The states that mean "not paid yet". Time alone makes none of them final: the order is closed, and asked about.
    pub waiting: &'static [&'static str],
    /// The same, of an order that may have been paid for all that: a customer is paying, or a payment failed and may be tried
    /// again. These end it never, however old it is.
    pub paying: &'static [&'static str],
    /// The states that sound final and are not, until the order is closed: a payment that failed may be tried again.
    pub close_first: &'static [&'static str],
    /// The states of an order that was paid, and given back.
    pub given_back: &'static [&'static str],
    /// Where closing does not get through: how long after it was made an order can be paid at most, whatever else is said.
    pub gone: Duration,
    /// The reply's fields that a restart needs: `mweb_url`.
    pub handed_out: &'static [&'static str],
}

/// A payment that is taken back where nobody can say in time what became of it (POS flows 3).
#[derive(Debug)]
pub struct ReversalRules {
    /// The call that takes it back. Its reply proves nothing: only the query's word counts.
    pub call: &'static Endpoint,
    /// No earlier than this after the payment's exchange ended.
    pub not_before: Duration,
    /// How long the customer is waited for, from then on.
    pub poll: Duration,
    /// The time between two questions meanwhile.
    pub apart: Duration,
    /// The time between two reversals.
    pub again: Duration,
    /// How long reversing is tried after the wait for the customer, within one call.
    pub patience: Duration,
    /// So long after it was begun it can be taken back no more.
    pub expires: Duration,
    /// The code of a reversal that comes too late.
    pub expired: &'static str,
    /// How long after the attempt "not found" may still turn into a payment.
    pub window: Duration,
    /// The states of a customer who is paying: whatever was said before, they are waited for.
    pub paying: &'static [&'static str],
    /// The states that sound final and are not: they lead to the reversal at once.
    pub suspect: &'static [&'static str],
    /// The states of a payment that was given back, by whom and how much is not said: its refunds are asked about.
    pub given_back: &'static [&'static str],
    /// The query for them.
    pub refunds: RefundsOf,
    /// Codes of the payment after which nobody is waited for: one question, then the reversal.
    pub ask_once: &'static [&'static str],
    /// Codes of the reversal that do not count as a refusal of it: they say nothing, or are the settings' fault.
    pub no_refusal: &'static [&'static str],
}

/// The refunds of an order: the query by the order's number, and the fields of its rows.
#[derive(Debug)]
pub struct RefundsOf {
    /// The query.
    pub query: &'static Endpoint,
    /// The rows of a page.
    pub rows: &'static str,
    /// Where there are pages: the field that says where one begins, and the reply's that counts all rows.
    pub pages: Option<(&'static str, &'static str)>,
    /// The order's total, where the reply has it.
    pub total: Option<&'static str>,
    /// Whose refunds are not asked for by the order's number: a field of the order's query, and how its value begins.
    pub not_of: Option<(&'static str, &'static str)>,
    /// In a row: the refund's number.
    pub number: &'static str,
    /// In a row: its amount.
    pub amount: &'static str,
    /// In a row: its state.
    pub state: &'static str,
    /// The states of what arrived.
    pub arrived: &'static [&'static str],
    /// The states of what was taken, and has not arrived.
    pub taken: &'static [&'static str],
    /// So many refunds an order has at most.
    pub most: usize,
}

/// How a payment notification is read.
#[derive(Debug)]
pub struct Notice {
    /// Whether the exchange worked.
    pub transport: Gate,
    /// Each must say success before it is a payment.
    pub paid: &'static [Gate],
    /// The field that holds the order number, and what is said where it is not the stored one.
    pub order_number: (&'static str, &'static str),
    /// The field that holds the amount, and what is said where it is not the stored one.
    pub amount: (&'static str, &'static str),
    /// The fields that identify the merchant, and what is said where one is not the account's, or is there and the account has
    /// none.
    pub identifiers: &'static [(&'static str, &'static str)],
    /// The field that names the sign type, where the document has the message tell it. One that is there must be the account's.
    pub sign_type: Option<&'static str>,
    /// Fields that must have one of these values, where they are there.
    pub unless: &'static [(&'static str, &'static [&'static str])],
    /// Fields that no payment has.
    pub never: &'static [&'static str],
    /// The field that holds the currency: CNY, where it is there.
    pub currency: &'static str,
    /// Fields without which it proves nothing, and what is said then.
    pub must_have: &'static [(&'static str, &'static str)],
    /// The exact text that says "received": the gateway never sends the notification again.
    pub answer: &'static str,
}

/// How order numbers are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Merchant, `yyyymmdd`, ten characters of `0-9A-Z`; at most 28 in all. A `mch_id` of more than 10 digits does not
    /// fit and is refused.
    MerchantDateSerial,
    /// `yyyymmdd` and ten characters of `0-9A-Z`. Numbers are unique per merchant, so the merchant is left out.
    DateSerial,
    /// `yyyymmdd` and 16 digits: digits only.
    DateSerialDigits,
}

/// How a request body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// `text/xml; charset=utf-8`
    Xml,
    /// `application/x-www-form-urlencoded`
    Form,
}

impl Body {
    /// The `Content-Type` header.
    pub const fn content_type(self) -> &'static str {
        match self {
            Body::Xml => "text/xml; charset=utf-8",
            Body::Form => "application/x-www-form-urlencoded",
        }
    }
}

/// One row of a field table.
#[derive(Debug)]
pub struct Field {
    /// The name on the wire.
    pub name: &'static str,
    /// The document's 是/否.
    pub required: Required,
    /// Who fills it.
    pub source: Source,
    /// What it may hold.
    pub kind: Kind,
    /// The longest value, in characters (not bytes). Where documents disagree, the shorter.
    pub longest: u16,
    /// Whether its value may be shown in a log.
    pub shown: bool,
    /// The document's Chinese name.
    pub label: &'static str,
}

/// Whether a field must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// 是
    Yes,
    /// 否
    No,
    /// 是, unless the account says that its gateway does not want it.
    UnlessWaived,
}

/// Who fills a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The caller, in the request.
    Request,
    /// The account: `mch_id`, `wxappid`, `partner_id`.
    Account,
    /// The terminal: `device_info`.
    Terminal,
    /// The pipeline: `nonce_str`, `timestamp`, `sign`, `workwx_sign`. Made anew for each attempt.
    Attempt,
}

/// What a field may hold. Control characters are refused in every kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Visible ASCII without blanks.
    Word,
    /// `0-9A-Za-z`.
    LettersAndDigits,
    /// An order number: at least `shortest` characters of `0-9A-Za-z` and `also`.
    OrderNumber {
        /// The fewest characters.
        shortest: u16,
        /// Characters allowed besides letters and digits.
        also: &'static str,
    },
    /// Fen, at least this many. The account may set a narrower range.
    Fen {
        /// The least amount.
        least: u32,
    },
    /// Fen, at least this many, whatever range the account gives its sales.
    AnyFen {
        /// The least amount.
        least: u32,
    },
    /// A decimal number.
    Digits,
    /// How many: at least this.
    Count {
        /// The fewest.
        least: u32,
    },
    /// A customer's payment code: 16 to 32 digits. It is sent once: not stored, not shown, not compared (POS flows 13).
    AuthCode(Codes),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// An IPv4 address, dotted.
    Ipv4,
    /// An IPv4 or IPv6 address.
    Ip,
    /// An absolute http or https URL.
    Url,
    /// An absolute https URL without a query string.
    NotifyUrl,
    /// `yyyyMMddHHmmss`, GMT+8.
    ChinaTime,
}

/// Whose payment codes a gateway takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codes {
    /// WeChat's: one that is surely another wallet's is refused before it is sent.
    OfWechat,
    /// Any wallet's.
    OfAnyWallet,
}

/// A rule between the fields of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// `field` is required when `when` has the value `is`.
    RequiredWhen {
        /// The field that is needed.
        field: &'static str,
        /// The field that decides.
        when: &'static str,
        /// Its value.
        is: &'static str,
    },
    /// `field` is required when `when` has the value `is`, and must not be there when it has another.
    OnlyWhen {
        /// The field that belongs to the value.
        field: &'static str,
        /// The field that decides.
        when: &'static str,
        /// Its value.
        is: &'static str,
    },
    /// `field` is required when `when` begins with these characters.
    RequiredWhenBegins {
        /// The field that is needed.
        field: &'static str,
        /// The field that decides.
        when: &'static str,
        /// How its value begins.
        with: &'static str,
        /// What that means, for people.
        words: &'static str,
    },
    /// `field` is required when the amount lies outside the range that the account calls usual.
    RequiredForUnusualAmount {
        /// The field that is needed.
        field: &'static str,
    },
    /// The same, of what each of `among` gets on average.
    RequiredForUnusualShare {
        /// The field that is needed.
        field: &'static str,
        /// The field that says how many they are.
        among: &'static str,
    },
    /// `field` is there only where `beside` is.
    OnlyBeside {
        /// The field that belongs to the other one.
        field: &'static str,
        /// The other one.
        beside: &'static str,
    },
    /// The one amount is at most the other one.
    NotAbove {
        /// The smaller one.
        field: &'static str,
        /// What it may be at most.
        most: &'static str,
    },
    /// Exactly one of these.
    OneOf(&'static [&'static str]),
    /// Two times: both or neither, and `until` is the later one.
    Period {
        /// Where it begins.
        from: &'static str,
        /// Where it ends.
        until: &'static str,
    },
}

/// One signature.
#[derive(Debug)]
pub struct Step {
    /// The field it fills.
    pub output: &'static str,
    /// The fields it covers.
    pub over: Over,
    /// The digest. `None`: the account's sign type, which may be RSA: then no suffix and no key follow the fields.
    pub digest: Option<Digest>,
    /// Which of the account's keys.
    pub key: KeyName,
    /// What is put between the sorted fields and the key: `&key=`. Nothing for HMAC-SHA1.
    pub suffix: Option<&'static str>,
}

/// The fields that a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Every field with a value, except `sign`.
    All,
    /// Exactly these.
    Named(&'static [&'static str]),
}

/// A signature's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Digest {
    /// MD5, upper-case hex, 32 characters.
    Md5,
    /// HMAC-SHA256 with the same key, upper-case hex, 64 characters.
    HmacSha256,
    /// HMAC-SHA1, lower-case hex, 40 characters.
    HmacSha1,
}

impl Digest {
    /// As `sign_type` names it.
    pub const fn sign_type(self) -> &'static str {
        match self {
            Digest::Md5 => "MD5",
            Digest::HmacSha256 => "HMAC-SHA256",
            Digest::HmacSha1 => "HMAC-SHA1",
        }
    }
}

/// The account's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyName {
    /// The API key (`key`), or the e-pay `secretkey`.
    Api,
    /// The secret of WeCom's payment application (`secret`).
    WorkwxSecret,
}

/// How to read a reply.
#[derive(Debug)]
pub struct ReplyTable {
    /// Whether the exchange worked: `return_code`, `status`. `None` where the gateway has no such field.
    pub transport: Option<Gate>,
    /// Whether the business worked: `result_code`, `retcode`.
    pub business: Gate,
    /// What else a success must say before money moved: `pay_result`.
    pub paid: &'static [Gate],
    /// What a refusal must say before it is final, with its value: `need_query` N.
    pub refuses: &'static [(&'static str, &'static str)],
    /// The fields that may hold a refusal's code, the first one present counts.
    pub code: &'static [&'static str],
    /// The fields that may hold the gateway's words.
    pub text: &'static [&'static str],
    /// Whether a signature is due.
    pub signature: Due,
    /// Identifiers that must equal what was sent, where the reply has them. (Reply's name, request's name.)
    pub echo: &'static [(&'static str, &'static str)],
    /// Fields without which a success proves nothing. (A signed refusal must name its `mch_id`.) One that the request may have, too,
    /// such as `sub_mch_id`, is due where it was sent.
    pub must_have: &'static [&'static str],
    /// Fields that only a success has. A refusal that carries one contradicts itself.
    pub only_in_success: &'static [&'static str],
    /// What each documented code says.
    pub codes: &'static [Row],
    /// What a code outside the table says.
    pub other_codes: Means,
}

/// A field and its success values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The field.
    pub name: &'static str,
    /// The values that mean success.
    pub success: &'static [&'static str],
    /// The values that mean failure. What is in neither says nothing.
    pub failure: Failure,
}

impl Gate {
    /// Whether this value of its field says success.
    pub(crate) fn passes(&self, value: Option<&str>) -> bool {
        value.is_some_and(|value| self.success.contains(&value))
    }
}

/// The values of a gate that mean failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// This word.
    Word(&'static str),
    /// 非0: an integer that is not zero. `00`, `0.0` or a word may mean success in another spelling.
    NonZero,
}

impl Failure {
    /// Whether this value means failure.
    pub(crate) fn has(self, value: &str) -> bool {
        match self {
            Failure::Word(word) => value == word,
            Failure::NonZero => is_integer_but_zero(value),
        }
    }
}

/// Whether a reply must be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A reply that passed the transport gate must carry a good signature.
    Always,
    /// The gateway does not sign; where a `sign` is present all the same, it must be good.
    IfPresent,
    /// Signed with the operator's own rule, which belongs to the account.
    ByAccount,
}

/// What one code says about the money.
#[derive(Debug)]
pub struct Row {
    /// The code, exactly. A code that documents print in two spellings has two rows.
    pub code: &'static str,
    /// What it means on a first attempt.
    pub means: Means,
    /// The document's words.
    pub words: &'static str,
}

/// What a code means on a first attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Not paid, and final for this attempt.
    Refused(Next),
    /// The gateway does not know this order. Only queries say so.
    NotKnown,
    /// The document calls it "not paid", and asks for the query all the same: final where the query does not know the order.
    RefusedUnlessKnown(Next),
    /// Says nothing final.
    Open,
}

impl ReplyTable {
    /// The row of a code, or the rule for codes outside the table.
    pub(crate) fn meaning(&self, code: &str) -> Means {
        self.codes.iter().find(|row| row.code == code).map_or(self.other_codes, |row| row.means)
    }
}

fn is_integer_but_zero(code: &str) -> bool {
    let digits = code.strip_prefix('-').unwrap_or(code);
    bytes::is_number(digits) && digits.bytes().any(|b| b != b'0')
}

impl Endpoint {
    /// The row of a field.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|row| row.name == name)
    }

    /// The query by which a till resolves it.
    pub(crate) fn by_query(&self) -> Option<&'static Resolution> {
        match self.resolved_by {
            ResolvedBy::Query(how) | ResolvedBy::Order(how, _) | ResolvedBy::Reversal(how, _) => Some(how),
            ResolvedBy::Repeat | ResolvedBy::NotByTill => None,
        }
    }

    /// What is its own, where it is a refund.
    pub fn refund(&self) -> Option<&'static RefundRules> {
        self.by_query()?.refund
    }

    /// The field that is sent once and never stored: a payment code.
    pub(crate) fn one_time(&self) -> Option<&'static Field> {
        self.fields.iter().find(|row| matches!(row.kind, Kind::AuthCode(_)))
    }

    /// Whether a customer pays: by an order, or by a payment code.
    pub fn takes_money(&self) -> bool {
        matches!(self.resolved_by, ResolvedBy::Order(..) | ResolvedBy::Reversal(..))
    }

    /// Whether a success makes an order that a customer has yet to pay: no money moves by the call itself.
    pub fn makes_order(&self) -> bool {
        matches!(self.resolved_by, ResolvedBy::Order(..))
    }
}
