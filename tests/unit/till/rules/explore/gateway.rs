//! The gateway as it may be: what can become of a request, what the query can say, and what goes on without the till.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::super::events::Flow;
use super::super::pairs;
use super::codes;
use super::state::{DAY, JournalIs, MINUTE, Number, PowerCut, Run, State, Truth, World};
use crate::endpoint::{Endpoint, Means};
use crate::error::{Error, ErrorKind};
use crate::outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal};
use crate::wire::pairs::Pairs;

/// How long a page that a customer opened can be paid (protocol C.4: `prepay_id` lives 2 h).
const PAGE_LIVES: i64 = 120 * MINUTE;
/// How long the query may be behind a payment, and behind a new order (the table's margin; R.4).
const LAGS: i64 = MINUTE;

/// How far back the query knows orders (each table's `look_back`). A payment under the same number is the same for ever.
pub(super) const LOOK_BACK: i64 = 30 * DAY;

/// The gateway's reply to a payment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    Success,
    Code(&'static str),
    /// The same, and the gateway wants to be asked (need_query Y, protocol C.4.4).
    Ask(&'static str),
}

pub(super) use Reply::{Ask, Code, Success};

/// What a payment request can do to a number, and what the gateway then replies. The first is the plain course.
fn arrivals(flow: Flow, truth: Truth) -> &'static [(Truth, Reply)] {
    use Truth::*;
    match (flow, truth) {
        (Flow::Redpack, Absent) => &[
            (Paid, Success),
            (Working, Code("PROCESSING")),
            (Failed, Code("SEND_FAILED")),
            (Absent, Code("NOTENOUGH")),
            (Absent, Code("FREQ_LIMIT")),
            (Absent, Code("NO_AUTH")),
            (Absent, Code("SYSTEMERROR")),
        ],
        // A repeat may be refused before the gateway looks up what became of the first.
        (Flow::Redpack, Paid) => {
            &[(Paid, Success), (Paid, Code("SEND_FAILED")), (Paid, Code("NOTENOUGH")), (Paid, Code("SUCCESS"))]
        }
        (Flow::Redpack, Working) => &[
            (Paid, Success),
            (Working, Code("PROCESSING")),
            (Working, Code("SEND_FAILED")),
            (Working, Code("NO_AUTH")),
        ],
        (Flow::Redpack, Failed) => &[(Failed, Code("SEND_FAILED")), (Failed, Code("SYSTEMERROR"))],
        // B.4: refused, and to be asked about all the same: what the gateway has of it may be anything.
        (Flow::Workwx, Absent) => &[
            (Paid, Success),
            (Absent, Code("NOTENOUGH")),
            (Paid, Code("NOTENOUGH")),
            (Working, Code("NAME_MISMATCH")),
            (Absent, Code("AMOUNT_LIMIT")),
            (Absent, Code("PARAM_ERROR")),
            (Working, Code("SYSTEMERROR")),
        ],
        (Flow::Workwx, Paid) => &[(Paid, Success), (Paid, Code("NOTENOUGH")), (Paid, Code("PARAM_ERROR"))],
        (Flow::Workwx, Working) => &[(Paid, Success), (Working, Code("SYSTEMERROR")), (Working, Code("PARAM_ERROR"))],
        (Flow::Workwx, Failed) => &[(Failed, Code("SYSTEMERROR")), (Failed, Code("PARAM_ERROR"))],
        (Flow::Wap, Absent) => &[
            (Unpaid, Success),
            (Absent, Code("AUTHCODE_EXPIRE")),
            (Unpaid, Code("SYSTEMERROR")),
            (Absent, Code("SYSTEMERROR")),
        ],
        (Flow::Native, Absent) => &[
            (Unpaid, Success),
            (Absent, Code("PARAM_ERROR")),
            (Absent, Code("NOAUTH")),
            (Unpaid, Code("SYSTEMERROR")),
            (Absent, Code("SYSTEMERROR")),
        ],
        (Flow::Code, Absent) => codes::ARRIVALS,
        (Flow::Code, Paid) => codes::USED,
        (Flow::Webgate, Absent) => &[(Paid, Success), (Absent, Code("1001"))],
        // Seed 3 allows the repeat while it is unpaid. What it answers when it is paid is in no document.
        (Flow::Webgate, Paid) => &[(Paid, Success), (Paid, Code("1002"))],
        (_, truth) => match truth {
            Failed => &[(Failed, Code("OUT_TRADE_NO_USED"))],
            Closed => &[(Closed, Code("OUT_TRADE_NO_USED"))],
            Paid => &[(Paid, Code("ORDERPAID"))],
            GivenBack => &[(GivenBack, Code("ORDERPAID"))],
            PayError => &[(PayError, Code("OUT_TRADE_NO_USED"))],
            _ => &[(Unpaid, Code("OUT_TRADE_NO_USED"))],
        },
    }
}

/// What becomes of one request.
#[derive(Clone, Copy)]
enum Way {
    Answered(Truth, Reply),
    /// No byte left.
    NotSent,
    /// The answer is lost, and this is what the gateway did.
    Lost(Truth),
    /// It is still on its way when the till gives up waiting.
    Flying,
    /// The power is cut, and this is what the gateway does. `None`: the request is still on its way.
    Cut(Option<Truth>),
}

/// A signed request, of which several attempts are made.
pub(super) struct Draft {
    pub marked: bool,
    pub attempts: u32,
    pub refusal: Option<Refusal>,
}

/// What `judge.rs` says of a reply, by the endpoint's table.
fn judged(endpoint: &Endpoint, reply: Reply, marked: bool, sent_before: bool) -> Outcome<Pairs> {
    let code = match reply {
        Success => {
            let pairs = pairs(&[("mweb_url", "https://wx.example/"), ("retcode", "0"), ("transaction_id", "1")]);
            return if endpoint.makes_order() { Outcome::Ordered(pairs) } else { Outcome::Accepted(pairs) };
        }
        Code(code) | Ask(code) => code,
    };
    let open = |reason| unknown(Doubt { code: code.into(), ..Doubt::new(reason, "words") });
    if let Ask(_) = reply {
        return open(Reason::OpenCode);
    }
    match endpoint.reply.meaning(code) {
        Means::Open | Means::NotKnown => open(Reason::OpenCode),
        Means::RefusedUnlessKnown(_) if marked || sent_before => open(Reason::EarlierAttempt),
        Means::RefusedUnlessKnown(_) => open(Reason::Unconfirmed),
        Means::Refused(Next::NewNumber) if sent_before => open(Reason::EarlierAttempt),
        Means::Refused(_) if marked => open(Reason::EarlierAttempt),
        Means::Refused(next) => declined(Refusal { code: code.into(), text: "words".into(), next }),
    }
}

pub(super) fn declined<T>(refusal: Refusal) -> Outcome<T> {
    Outcome::Declined(refusal)
}

pub(super) fn unknown<T>(doubt: Doubt) -> Outcome<T> {
    Outcome::Unknown(doubt)
}

pub(super) fn not_reached() -> Error {
    Error::new(ErrorKind::Setting, "connect", "the gateway was not reached")
}

impl World<'_> {
    /// One attempt on the wire (`Pipe::pay`, `Pipe::send`).
    pub(super) fn pipe_pay(&mut self, at: usize, draft: &mut Draft) -> Run<Result<Outcome<Pairs>, Error>> {
        let endpoint = self.shop.account(self.state.numbers[at].flow).endpoint;
        let ways = self.ways(at);
        let way = ways[self.tape.choose(ways.len())];
        self.say(|| way_in_words(way));
        self.check_sending();
        let marked = draft.marked;
        if let Way::NotSent = way {
            if marked {
                draft.refusal = None;
                return Ok(Ok(unknown(Doubt::new(Reason::EarlierAttempt, "not reached"))));
            }
            return Ok(draft.refusal.clone().map(declined).ok_or_else(not_reached));
        }
        draft.attempts += 1;
        if self.state.numbers[at].flow == Flow::Code {
            self.note_code_sent(at);
        }
        let outcome = match way {
            Way::Answered(truth, reply) => {
                if self.state.numbers[at].flow == Flow::Code {
                    self.note_refusal(at, truth, reply);
                }
                self.becomes(at, truth);
                self.state.numbers[at].sure |= matches!(reply, Code("NOTENOUGH" | "NAME_MISMATCH" | "AMOUNT_LIMIT"));
                self.note_date(at);
                judged(endpoint, reply, marked, draft.attempts > 1)
            }
            Way::Lost(truth) => {
                self.becomes(at, truth);
                unknown(Doubt::new(Reason::Broken, "the answer is lost"))
            }
            Way::Flying => {
                self.fly(at);
                unknown(Doubt::new(Reason::Broken, "the answer is lost"))
            }
            Way::Cut(truth) => {
                self.state.left.power_cuts -= 1;
                match truth {
                    Some(truth) => self.becomes(at, truth),
                    None => self.fly(at),
                }
                return Err(PowerCut);
            }
            Way::NotSent => return Ok(Err(not_reached())),
        };
        draft.refusal = outcome.refusal().cloned();
        draft.marked = draft.refusal.is_none();
        self.meanwhile();
        Ok(Ok(outcome))
    }

    fn ways(&self, at: usize) -> Vec<Way> {
        let Number { flow, truth, .. } = self.state.numbers[at];
        let arrivals = arrivals(flow, truth);
        let mut ways: Vec<Way> = arrivals.iter().map(|(truth, reply)| Way::Answered(*truth, *reply)).collect();
        if self.calm {
            return ways;
        }
        if flow == Flow::Code && truth == Truth::Absent {
            let answered = |(truth, reply): &(Truth, Reply)| Way::Answered(*truth, *reply);
            ways.extend((self.shop.flows.len() > 1).then(|| answered(&codes::NO_PERMISSION)));
            ways.extend(codes::TO_BE_ASKED.iter().filter(|_| self.shop.unified).map(answered));
            if self.state.left.lies > 0 {
                ways.extend(codes::FALSE_REFUSALS.iter().map(answered));
            }
        }
        let mut after: Vec<Truth> = arrivals.iter().map(|(truth, _)| *truth).chain([truth]).collect();
        after.sort_unstable_by_key(|truth| *truth as u8);
        after.dedup();
        ways.push(Way::NotSent);
        ways.extend(after.iter().map(|truth| Way::Lost(*truth)));
        let flies = self.state.left.delays > 0;
        if flies {
            ways.push(Way::Flying);
        }
        if self.state.left.power_cuts > 0 {
            ways.extend(after.iter().map(|truth| Way::Cut(Some(*truth))));
            if flies {
                ways.push(Way::Cut(None));
            }
        }
        ways
    }

    fn fly(&mut self, at: usize) {
        self.state.left.delays -= 1;
        self.state.numbers[at].flying += 1;
    }

    pub(super) fn note_date(&mut self, at: usize) {
        if self.state.dates {
            let flow = self.state.numbers[at].flow;
            self.state.gateway_known[flow as usize] = true;
        }
    }

    /// What the gateway has of a number from now on.
    pub(super) fn becomes(&mut self, at: usize, truth: Truth) {
        let real = self.state.real;
        let number = &mut self.state.numbers[at];
        if number.truth == truth {
            return;
        }
        let was = core::mem::replace(&mut number.truth, truth);
        if number.made_at == 0 {
            number.made_at = real;
        }
        if truth == Truth::Paid {
            number.paid_at = real;
        }
        self.note_change(at, was);
        self.check_money();
    }

    /// The gateway's query, with the time that comes with its answer.
    pub(super) fn pipe_question(&mut self, at: usize) -> (Answer<Pairs>, Option<i64>) {
        if self.state.numbers[at].flow == Flow::Code {
            let (answer, words) = self.question_of_code(at);
            return self.answered(at, answer, words);
        }
        let number = &self.state.numbers[at];
        let not_known = |first_host| (Answer::NotKnown { first_host }, "does not know it");
        let mut answers = Vec::new();
        for state in self.query_states(number) {
            let answer = match state {
                Some(state) => (known_as(number, state, None), state),
                None => not_known(true),
            };
            answers.push(answer);
        }
        if !self.calm {
            answers.push((Answer::NotKnown { first_host: false }, "does not know it, at the second host"));
            answers.push((Answer::NoAnswer(Doubt::new(Reason::Broken, "no answer")), "gives no answer"));
        }
        let (answer, words) = answers.swap_remove(self.tape.choose(answers.len()));
        self.answered(at, answer, words)
    }

    fn answered(&mut self, at: usize, answer: Answer<Pairs>, words: &str) -> (Answer<Pairs>, Option<i64>) {
        self.say(|| format!("the query says: {words}"));
        let mut date = None;
        if !matches!(answer, Answer::NoAnswer(_)) {
            self.note_date(at);
            date = self.state.dates.then_some(self.state.real);
        }
        self.meanwhile();
        (answer, date)
    }

    /// What the first host can say of a number. The first is the truth. `None`: it does not know it.
    fn query_states(&self, number: &Number) -> Vec<Option<&'static str>> {
        let Number { flow, truth, sure, made_at, paid_at, .. } = *number;
        let real = self.state.real;
        let mut says = match (truth, flow) {
            (Truth::Absent, _) => return Vec::from([None]),
            _ if real - made_at >= LOOK_BACK => return Vec::from([None]),
            (Truth::Working, Flow::Redpack) => Vec::from([Some("SENDING")]),
            (Truth::Working, _) => Vec::from([Some("PROCESSING")]),
            (Truth::Unpaid, _) => Vec::from([Some("NOTPAY")]),
            (Truth::PayError, _) => Vec::from([Some("PAYERROR")]),
            (Truth::Paid, Flow::Redpack) => Vec::from([Some("SENT")]),
            (Truth::Paid, _) => Vec::from([Some("SUCCESS")]),
            (Truth::Failed, _) => Vec::from([Some("FAILED")]),
            (Truth::Closed, _) => Vec::from([Some("CLOSED")]),
            (Truth::GivenBack, _) => Vec::from([Some("REFUND")]),
        };
        if self.calm {
            return says;
        }
        if flow.is_order() && truth == Truth::Paid && real - paid_at < LAGS {
            says.push(Some("NOTPAY"));
        }
        // POS ruling 3: customers were charged under it.
        if flow == Flow::Native && truth == Truth::Paid {
            says.push(Some("PAYERROR"));
        }
        // What it told the till once, it may forget.
        let forgets = number.entry.known || number.seen.known;
        let lags = if flow.is_order() { real - made_at < LAGS } else { !sure };
        if lags || forgets {
            says.push(None);
        }
        says
    }

    /// The gateway is asked to close an order. What it answers decides nothing.
    pub(super) fn pipe_close(&mut self, at: usize) {
        let may_close = matches!(self.state.numbers[at].truth, Truth::Unpaid | Truth::PayError);
        let ways = if self.calm { 1 } else { 2 };
        if may_close && self.tape.choose(ways) == 0 {
            self.say(|| "the gateway closes it".into());
            self.becomes(at, Truth::Closed);
            self.note_date(at);
        } else {
            self.say(|| "it cannot be closed".into());
        }
        self.meanwhile();
    }

    /// What may happen while the till waits for an answer: a customer pays, a notification comes, the journal begins to fail.
    pub(super) fn meanwhile(&mut self) {
        if self.calm {
            return;
        }
        let mut happens: Vec<Meanwhile> = Vec::from([Meanwhile::Nothing]);
        if self.state.journal == JournalIs::Working && self.state.left.journal_faults > 0 {
            happens.extend([JournalIs::Failing, JournalIs::StoringOnce].map(Meanwhile::JournalFails));
        }
        for (at, number) in self.state.numbers.iter().enumerate() {
            if number.url_out && may_pay(&self.state, number) {
                happens.push(Meanwhile::Pays(at));
            }
            if codes::may_type(number, self.state.real) {
                happens.push(Meanwhile::Pays(at));
                happens.extend((self.now.began > 0).then_some(Meanwhile::Fails(at)));
            }
            if number.flow.is_order() && number.truth == Truth::Paid {
                happens.push(Meanwhile::Notified(at));
            }
        }
        match happens[self.tape.choose(happens.len())] {
            Meanwhile::Nothing => {}
            Meanwhile::JournalFails(how) => self.journal_fails(how),
            Meanwhile::Pays(at) => {
                self.say(|| format!("meanwhile the customer pays number {}", at + 1));
                self.becomes(at, Truth::Paid);
            }
            Meanwhile::Fails(at) => {
                self.say(|| format!("meanwhile the customer of number {} closes the dialog", at + 1));
                self.becomes(at, Truth::PayError);
            }
            Meanwhile::Notified(at) => {
                self.say(|| format!("meanwhile the notification of number {} comes", at + 1));
                // The thread that holds the entry asks; this one only notes what it was told.
                self.settle_notified(at);
            }
        }
    }

    pub(super) fn journal_fails(&mut self, how: JournalIs) {
        self.say(|| match how {
            JournalIs::StoringOnce => "the journal stores one more word, and says that it failed".into(),
            _ => "the journal begins to fail".into(),
        });
        self.state.journal = how;
        self.state.left.journal_faults -= 1;
    }

    /// A request that was on its way is executed at last, or never.
    pub(super) fn arrives_late(&mut self, at: usize, executed: bool) {
        self.state.numbers[at].flying -= 1;
        if !executed {
            self.say(|| format!("a request for number {} that was on its way is lost for good", at + 1));
            return;
        }
        let Number { flow, truth, .. } = self.state.numbers[at];
        if flow == Flow::Code && self.state.real - self.state.numbers[at].code.sent_at >= codes::LIVES {
            self.say(|| format!("a request for number {} arrives at last, with a code that is too old", at + 1));
            return;
        }
        let mut after: Vec<Truth> = arrivals(flow, truth).iter().map(|(truth, _)| *truth).collect();
        after.dedup();
        let after = after[self.tape.choose(after.len())];
        self.say(|| format!("a request for number {} arrives at last: now it is {after:?}", at + 1));
        self.becomes(at, after);
    }
}

#[derive(Clone, Copy)]
enum Meanwhile {
    Nothing,
    JournalFails(JournalIs),
    Pays(usize),
    Fails(usize),
    Notified(usize),
}

/// Whether whoever has its page can pay an order now.
pub(super) fn may_pay(state: &State, number: &Number) -> bool {
    matches!(number.truth, Truth::Unpaid | Truth::PayError) && state.real - number.made_at < PAGE_LIVES
}

/// Whether the gateway may still pay a number by itself.
pub(super) fn may_be_paid_out(number: &Number) -> bool {
    match number.truth {
        Truth::Working => number.flow != Flow::Code,
        Truth::Absent => number.flying > 0,
        _ => false,
    }
}

/// The query's answer, in the words of the flow and with the number and the amount of the entry.
pub(super) fn known_as(number: &Number, state: &str, wallet: Option<&str>) -> Answer<Pairs> {
    let (field, own, amount) = match number.flow {
        Flow::Redpack => ("status", "mch_billno", "total_amount"),
        Flow::Workwx => ("status", "partner_trade_no", "payment_amount"),
        Flow::Wap | Flow::Native | Flow::Webgate | Flow::Code => ("trade_state", "out_trade_no", "total_fee"),
    };
    let about = [(field, state), (own, &number.entry.order_number), (amount, "100")];
    let wallet = wallet.map(|wallet| ("trade_type", wallet));
    Answer::Known(pairs(&about.into_iter().chain(wallet).collect::<Vec<_>>()))
}

fn way_in_words(way: Way) -> String {
    match way {
        Way::Answered(truth, Success) => format!("it is sent and accepted (at the gateway: {truth:?})"),
        Way::Answered(truth, Code(code)) => format!("it is sent and answered {code} (at the gateway: {truth:?})"),
        Way::Answered(truth, Ask(code)) => {
            format!("it is sent and answered {code}, need_query Y (at the gateway: {truth:?})")
        }
        Way::NotSent => "the gateway is not reached: no byte leaves".into(),
        Way::Lost(truth) => format!("it is sent, and no answer comes (at the gateway: {truth:?})"),
        Way::Flying => "it is sent, no answer comes, and the request is still on its way".into(),
        Way::Cut(Some(truth)) => format!("it is sent, and the power is cut (at the gateway: {truth:?})"),
        Way::Cut(None) => "it is sent, the power is cut, and the request is still on its way".into(),
    }
}
