//! What the gateways know of one order number, and what may happen to it.

use crate::clock;
use crate::credentials::SWIFTPASS_MCH_ID;
use crate::customer::Customer;
use crate::fields::Fields;
use crate::gateway::Gateway;
use crate::refund::Refund;

/// What the gateway knows of one order number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// `"wxpay"`, `"redpack"`, `"workwx"`, `"workwx_redpack"`, `"swiftpass"` or `"webgate"`.
    pub gateway: &'static str,
    /// `mch_billno`, `partner_trade_no` or `out_trade_no`.
    pub order_number: String,
    /// In fen.
    pub amount: u64,
    /// The openid that gets the money, or whoever pays; for orders of Swiftpass `sub_openid`, which may be empty.
    pub payee: String,
    /// How often money really moved. For an order it is 0 until the customer pays, and 0 again when the payment was
    /// reversed. A refund leaves it.
    pub paid: u32,
    /// Requests that reached the ledger with this number.
    pub attempts: u32,
    /// What the query says.
    pub state: String,
    /// How often money was taken, given back or not. More than 1 must never be.
    pub charges: u32,
    /// How often a reversal gave money back.
    pub reversed: u32,
    /// The fen of all refunds that were taken and have not failed, arrived or not.
    pub refunded: u64,
}

/// A payment code's order that nobody paid is revoked after so many seconds (POS flows 3.2).
const REVOKED_AFTER: u64 = 45;

/// An entry, and what is needed to answer for it again.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) entry: Entry,
    /// What must be equal in a repeat.
    pub(crate) content: Fields,
    /// Makes the gateway's own numbers.
    pub(crate) serial: u64,
    /// Seconds since 1970.
    pub(crate) made_at: u64,
    pub(crate) paid_at: u64,
    /// Whose payment code it was; nobody's where there is none.
    pub(crate) customer: Option<Customer>,
    /// Whether a payment code's order that nobody paid ends by itself.
    pub(crate) revokes: bool,
    /// Questions that were answered while the customer had not decided.
    pub(crate) questions: u32,
    pub(crate) refunds: Vec<Refund>,
    /// Each state that it was in, and since when. A query may lag behind.
    turns: Vec<(u64, String)>,
}

impl Record {
    /// As a draft: the ledger gives it its number and its time.
    pub(crate) fn new(entry: Entry, content: Fields) -> Record {
        let now = clock::now();
        Record {
            paid_at: if entry.paid > 0 { now } else { 0 },
            entry,
            content,
            serial: 0,
            made_at: now,
            customer: None,
            revokes: true,
            questions: 0,
            refunds: Vec::new(),
            turns: Vec::new(),
        }
    }

    /// The ledger takes it.
    pub(crate) fn made(&mut self, serial: u64, now: u64) {
        self.serial = serial;
        self.made_at = now;
        self.paid_at = if self.paid_at > 0 { now } else { 0 };
        self.entry.attempts = 1;
        self.entry.charges = self.entry.paid;
        self.turns = vec![(now, self.entry.state.clone())];
    }

    /// A number of the gateway's own: 28 digits, always the same for this record.
    pub(crate) fn own_number(&self) -> String {
        format!("1000{}{:010}", clock::packed(self.made_at), self.serial)
    }

    /// The gateway's own number of an order (POS flows 13: 28 digits; C.6: the merchant's number goes before).
    pub(crate) fn transaction_id(&self) -> String {
        match self.entry.gateway == Gateway::Swiftpass.name() {
            true => format!("{SWIFTPASS_MCH_ID}{:018}", self.serial),
            false => format!("4200000{:021}", self.serial),
        }
    }

    /// Whether its gateway has a counter.
    pub(crate) fn has_counter(&self) -> bool {
        [Gateway::Wxpay, Gateway::Swiftpass].iter().any(|gateway| gateway.name() == self.entry.gateway)
    }

    pub(crate) fn is_micropay(&self) -> bool {
        self.customer.is_some()
    }

    /// Not paid, and it still may be.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.entry.state.as_str(), "NOTPAY" | "USERPAYING" | "PAYERROR")
    }

    pub(crate) fn turn(&mut self, state: &str, now: u64) {
        self.entry.state = state.to_owned();
        self.turns.push((now, state.to_owned()));
    }

    /// A payment code's customer who would have paid at once is asked for the password.
    pub(crate) fn not_yet(&mut self) {
        self.customer = Some(Customer::AsksPassword { pays_after: None });
        self.unpaid("USERPAYING");
        self.entry.charges = 0;
        self.turns = vec![(self.made_at, self.entry.state.clone())];
    }

    /// A draft that is not paid yet.
    pub(crate) fn unpaid(&mut self, state: &str) {
        self.entry.paid = 0;
        self.paid_at = 0;
        self.entry.state = state.to_owned();
    }

    /// Money moves, unless it has: one number pays at most once.
    pub(crate) fn charge(&mut self, now: u64) {
        if self.entry.paid == 0 {
            self.entry.paid = 1;
            self.entry.charges += 1;
            self.paid_at = now;
        }
    }

    /// The customer pays.
    pub(crate) fn pay(&mut self, now: u64) {
        self.charge(now);
        self.turn("SUCCESS", now);
    }

    /// A reversal: the money goes back, or the order ends unpaid.
    pub(crate) fn reverse(&mut self, state: &str, now: u64) {
        if self.entry.paid > 0 {
            self.entry.paid = 0;
            self.entry.reversed += 1;
        }
        self.turn(state, now);
    }

    /// When a reversal gave money back, the last time.
    pub(crate) fn reversed_at(&self) -> Option<u64> {
        let mut reversals =
            self.turns.iter().rev().filter(|(_, state)| matches!(state.as_str(), "REVOKED" | "REVERSE"));
        reversals.next().filter(|_| self.entry.reversed > 0).map(|(at, _)| *at)
    }

    /// A refund is taken. REFUND is said of a part, too (docs: E.3).
    pub(crate) fn refund(&mut self, refund: Refund, now: u64) {
        self.refunds.push(refund);
        self.add_up();
        self.turn("REFUND", now);
    }

    /// Whatever may have become of its refunds.
    pub(crate) fn add_up(&mut self) {
        self.entry.refunded =
            self.refunds.iter().filter(|refund| refund.counts()).map(|refund| refund.entry.amount).sum();
    }

    /// What time alone does. PAYERROR stays until somebody reverses it (POS flows 20, row 23).
    pub(crate) fn age(&mut self, now: u64) {
        let waits = matches!(self.entry.state.as_str(), "NOTPAY" | "USERPAYING");
        if self.is_micropay() && self.revokes && waits && now >= self.made_at + REVOKED_AFTER {
            self.turn("REVOKED", self.made_at + REVOKED_AFTER);
        }
    }

    /// A question is asked: the customer types the password, and in the end decides.
    pub(crate) fn asked(&mut self, now: u64) {
        let Some(customer) = self.customer.filter(|_| self.entry.state == "USERPAYING") else { return };
        match customer {
            Customer::AsksPassword { pays_after: Some(questions) } if self.questions >= questions => self.pay(now),
            Customer::RevokedAfter(questions) if self.questions >= questions => self.turn("REVOKED", now),
            _ => self.questions += 1,
        }
    }

    /// As it was at that time; `None`: not known then.
    pub(crate) fn at(&self, time: u64) -> Option<Record> {
        self.in_turn(self.turns.iter().rposition(|(since, _)| *since <= time)?)
    }

    /// As it was before its last change; `None`: not known then.
    pub(crate) fn one_step_behind(&self) -> Option<Record> {
        self.in_turn(self.turns.len().checked_sub(2)?)
    }

    fn in_turn(&self, turn: usize) -> Option<Record> {
        let mut earlier = self.clone();
        earlier.entry.state = self.turns.get(turn)?.1.clone();
        Some(earlier)
    }
}
