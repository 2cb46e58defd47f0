//! What WeChat Pay knows of payment codes and of scanned orders, as time passes: customers who pay at once, type a password, close the
//! dialog or do nothing, orders that the platform revokes by itself, and money that goes back.
//!
//! Document: POS flows 3, 4, 18, 20; rulings 1 to 5. It is written from these pages, not from the library.

use std::time::Duration;

use crate::till::modelled::Dice;

/// What the query says of an order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Is {
    NotPay,
    UserPaying,
    PayError,
    Success,
    Revoked,
    Closed,
    Refund,
}

impl Is {
    pub fn word(self) -> &'static str {
        match self {
            Is::NotPay => "NOTPAY",
            Is::UserPaying => "USERPAYING",
            Is::PayError => "PAYERROR",
            Is::Success => "SUCCESS",
            Is::Revoked => "REVOKED",
            Is::Closed => "CLOSED",
            Is::Refund => "REFUND",
        }
    }

    pub fn may_be_paid(self) -> bool {
        matches!(self, Is::NotPay | Is::UserPaying | Is::PayError)
    }
}

/// What is still to come of an order, if it can by then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Then {
    /// The customer pays.
    Pays,
    /// The customer closes the dialog. True: and is charged all the same (ruling 3).
    GivesUp(bool),
    /// The platform revokes what is unpaid.
    RevokesItself,
    /// It gives back what was charged under PAYERROR (POS flows 20.1).
    GivesItBack,
    /// It notices that this was paid.
    FindsIt,
}

/// How an order takes a reversal or a close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stubborn {
    No,
    /// Success, for ever, and nothing happens (ruling 2; POS flows 20.24).
    WithoutEffect,
    /// Refused with one code, for ever.
    Refused,
}

#[derive(Clone, Debug)]
pub struct Order {
    /// What is sold: the tests' name of the intent.
    pub sale: String,
    pub fee: String,
    /// Of a customer's payment code. Else a customer scans it.
    pub by_code: bool,
    /// Until when a scanned order may be opened, as it was asked for.
    pub expire: String,
    pub made: Duration,
    was: Vec<(Duration, Is)>,
    comes: Vec<(Duration, Then)>,
    pub charged: bool,
    pub back: bool,
    pub stubborn: Stubborn,
    /// So long the query does not know it.
    pub hidden: Duration,
}

pub fn secs(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

impl Order {
    pub fn new(sale: &str, fee: &str, made: Duration, is: Is) -> Order {
        Order {
            sale: sale.into(),
            fee: fee.into(),
            by_code: true,
            expire: String::new(),
            made,
            was: vec![(made, is)],
            comes: Vec::new(),
            charged: is == Is::Success,
            back: false,
            stubborn: Stubborn::No,
            hidden: Duration::ZERO,
        }
    }

    /// A customer whose code was taken (POS flows 3.1, 3.2, 20.23, 20.25).
    pub fn of_a_customer(sale: &str, fee: &str, made: Duration, dice: &mut Dice) -> Order {
        let mut order = Order::new(sale, fee, made, Is::UserPaying);
        let itself = (made + secs(45), Then::RevokesItself);
        match dice.roll(24) {
            0..=8 => return Order { was: vec![(made, Is::Success)], charged: true, ..order },
            9..=13 => order.comes = vec![(made + secs(1 + dice.roll(44)), Then::Pays), itself],
            // Too slow: the platform is faster, or is not.
            14 => order.comes = vec![(made + secs(46 + dice.roll(60)), Then::Pays), itself],
            15 => order.comes = vec![(made + secs(30 + dice.roll(90)), Then::Pays)],
            16 | 17 => order.comes = vec![(made + secs(3 + dice.roll(27)), Then::GivesUp(false))],
            // The dialog comes again.
            18 => {
                let gives_up = secs(3 + dice.roll(27));
                let again = gives_up + secs(1 + dice.roll(60));
                order.comes = vec![(made + gives_up, Then::GivesUp(false)), (made + again, Then::Pays)];
            }
            19 => {
                let gives_up = made + secs(1 + dice.roll(27));
                order.comes = vec![(gives_up, Then::GivesUp(true))];
                match dice.roll(3) {
                    0 => order.comes.push((gives_up + secs(10 + dice.roll(900)), Then::FindsIt)),
                    1 => order.comes.push((gives_up + secs(60 + dice.roll(90_000)), Then::GivesItBack)),
                    // What nobody reverses does not stay for ever.
                    _ => order.comes.push((gives_up + secs(3 * 86_400), Then::GivesItBack)),
                }
            }
            20 => order.was[0].1 = Is::NotPay,
            _ => {}
        }
        // Silent.
        if order.comes.is_empty() && dice.roll(4) > 0 {
            order.comes = vec![itself];
        }
        order
    }

    pub fn scanned(sale: &str, fee: &str, made: Duration, expire: &str) -> Order {
        Order { by_code: false, expire: expire.into(), ..Order::new(sale, fee, made, Is::NotPay) }
    }

    pub fn is(&self) -> Is {
        self.was.last().expect("it was something").1
    }

    /// What it was then. `None`: it did not exist.
    pub fn was_at(&self, moment: Duration) -> Option<Is> {
        self.was.iter().rfind(|(at, _)| *at <= moment).map(|(_, is)| *is)
    }

    fn turns(&mut self, at: Duration, is: Is) {
        self.was.push((at, is));
    }

    /// Its wallet revokes nothing by itself: what is unpaid stays so until it is reversed.
    pub fn stays_open(&mut self) {
        self.comes.retain(|(_, then)| *then != Then::RevokesItself);
    }

    pub fn happens(&mut self, at: Duration, then: Then) {
        self.comes.push((at, then));
    }

    /// What was to happen by now happens.
    pub fn catch_up(&mut self, now: Duration) {
        self.comes.sort_by_key(|(at, _)| *at);
        while let Some((at, then)) = self.comes.first().copied().filter(|(at, _)| *at <= now) {
            self.comes.remove(0);
            let charged = self.holds();
            match (then, self.is()) {
                (Then::Pays | Then::FindsIt, is) if is.may_be_paid() && (then == Then::Pays) != charged => {
                    self.charged = true;
                    self.turns(at, Is::Success);
                }
                (Then::GivesUp(charges), Is::NotPay | Is::UserPaying) => {
                    self.charged |= charges;
                    self.turns(at, Is::PayError);
                }
                (Then::RevokesItself, Is::NotPay | Is::UserPaying) => self.turns(at, Is::Revoked),
                (Then::GivesItBack, Is::PayError) if charged => {
                    self.back = true;
                    self.turns(at, Is::Refund);
                }
                _ => {}
            }
        }
    }

    /// Whether the customer's money is here.
    pub fn holds(&self) -> bool {
        self.charged && !self.back
    }

    /// Whether a customer is about to pay it, whoever does nothing more.
    pub fn is_being_paid(&self) -> bool {
        self.is().may_be_paid() && self.comes.iter().any(|(_, then)| matches!(then, Then::Pays | Then::GivesUp(true)))
    }

    /// Whether whoever has its QR can still open it, by the time of the platform in digits. A QR lives two hours (POS flows 4).
    pub fn may_be_opened(&self, now: Duration, digits: &str) -> bool {
        !self.by_code
            && self.is().may_be_paid()
            && !self.charged
            && digits < self.expire.as_str()
            && now < self.made + secs(7_200)
    }

    /// The reversal is carried out: what is paid goes back, what is not is never paid.
    pub fn reverse(&mut self, now: Duration) {
        if matches!(self.is(), Is::NotPay | Is::UserPaying | Is::PayError | Is::Success) {
            self.back = self.charged;
            self.turns(now, Is::Revoked);
        }
    }

    /// The close is carried out. What a customer was charged for is paid.
    pub fn close(&mut self, now: Duration) {
        match self.is() {
            is if is.may_be_paid() && self.charged => self.turns(now, Is::Success),
            is if is.may_be_paid() => self.turns(now, Is::Closed),
            _ => {}
        }
    }

    /// The manager gives the money back on the platform.
    pub fn refund(&mut self, now: Duration) {
        if self.is() == Is::Success {
            self.back = true;
            self.turns(now, Is::Refund);
        }
    }
}
