//! A customer's phone: the payment code that it shows, and what the customer does when asked (docs: E.3, POS flows 3 and 13).

use std::collections::{HashMap, HashSet};
use std::io;

use openssl::rand::rand_bytes;

use crate::customer::Customer;

/// A code is shown for so long, in seconds (POS flows 13), and is good for as long again: a scan on the way must not fail.
const SHOWN: u64 = 60;
const GOOD: u64 = 2 * SHOWN;

/// What the customer does, as a person chooses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Habit {
    /// Pays without a password.
    #[default]
    Pays,
    /// Is asked for the password, and decides on the phone.
    Password,
    /// Closes the dialog at once.
    Refuses,
    /// The phone is switched off when the dialog comes.
    Silent,
    /// Has not enough money.
    NotEnough,
    /// Has a card that is not supported.
    CardNotSupported,
    /// Shows Alipay's code: foreign at WeChat's own gateway, welcome at a Swiftpass-type one.
    OtherWallet,
    /// Shows a code that another merchant may charge.
    OtherMerchant,
    /// Shows a picture of an old code.
    Expired,
}

impl Habit {
    /// Every one, and its name on the command line.
    pub const ALL: &'static [(&'static str, Habit)] = &[
        ("pays", Habit::Pays),
        ("password", Habit::Password),
        ("refuses", Habit::Refuses),
        ("silent", Habit::Silent),
        ("not-enough", Habit::NotEnough),
        ("card-not-supported", Habit::CardNotSupported),
        ("other-wallet", Habit::OtherWallet),
        ("other-merchant", Habit::OtherMerchant),
        ("expired", Habit::Expired),
    ];

    /// Who then stands behind the code.
    fn customer(self) -> Customer {
        match self {
            Habit::Pays => Customer::PaysAtOnce,
            Habit::Password => Customer::AsksPassword { pays_after: None },
            Habit::Refuses => Customer::Refuses,
            Habit::Silent => Customer::Silent,
            Habit::NotEnough => Customer::NotEnough,
            Habit::CardNotSupported => Customer::CardNotSupported,
            Habit::OtherWallet => Customer::OtherWallet,
            Habit::OtherMerchant => Customer::OtherMerchant,
            Habit::Expired => Customer::Expired,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        Habit::ALL.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

/// When a code was shown first, and what its customer does.
#[derive(Debug)]
struct Shown {
    since: u64,
    habit: Habit,
}

/// The phone.
#[derive(Debug, Default)]
pub(crate) struct Phone {
    habit: Habit,
    /// Every code that it ever showed: an old one is known to be old.
    shown: HashMap<String, Shown>,
    display: Option<String>,
    /// Orders that it scanned or opened, as gateway and number.
    orders: HashSet<(&'static str, String)>,
    asks: Option<(&'static str, String)>,
}

impl Phone {
    pub(crate) fn habit(&self) -> Habit {
        self.habit
    }

    /// The customer will do otherwise, with a new code.
    pub(crate) fn set_habit(&mut self, habit: Habit) {
        self.habit = habit;
        self.renew();
    }

    /// The next look shows another code.
    pub(crate) fn renew(&mut self) {
        self.display = None;
    }

    /// What is on the display: the code, and for how many seconds more. It renews itself, by the gateway's clock, and when it was used.
    pub(crate) fn code(&mut self, now: u64) -> io::Result<(String, u64)> {
        if let Some(code) = &self.display
            && let Some(left) = self.shown.get(code).and_then(|shown| (shown.since + SHOWN).checked_sub(now))
            && left > 0
        {
            return Ok((code.clone(), left));
        }
        let code = new_code(self.habit)?;
        self.shown.insert(code.clone(), Shown { since: now, habit: self.habit });
        self.display = Some(code.clone());
        Ok((code, SHOWN))
    }

    /// Somebody asks for money by this code: if it is on the display, another one comes.
    pub(crate) fn presented(&mut self, code: &str) {
        if self.display.as_deref() == Some(code) {
            self.renew();
        }
    }

    /// Who stands behind this code. `None`: this phone never showed it.
    pub(crate) fn customer(&self, code: &str, now: u64) -> Option<Customer> {
        let shown = self.shown.get(code)?;
        Some(if now < shown.since + GOOD { shown.habit.customer() } else { Customer::Expired })
    }

    pub(crate) fn showed(&self, code: &str) -> bool {
        self.shown.contains_key(code)
    }

    /// The phone scans or opens an order, and asks whether to pay.
    pub(crate) fn open(&mut self, gateway: &'static str, number: &str) {
        self.orders.insert((gateway, number.to_owned()));
        self.asks = Some((gateway, number.to_owned()));
    }

    pub(crate) fn opened(&self, gateway: &'static str, number: &str) -> bool {
        self.orders.contains(&(gateway, number.to_owned()))
    }

    /// Whether the dialog of this order is on the display.
    pub(crate) fn asks_about(&self, gateway: &str, number: &str) -> bool {
        self.asks.as_ref().is_some_and(|(at, known)| (*at, known.as_str()) == (gateway, number))
    }

    /// The dialog is closed.
    pub(crate) fn put_away(&mut self) {
        self.asks = None;
    }
}

/// 18 digits: WeChat's begin with 10 to 15, Alipay's with 25 to 30 (POS flows 13).
fn new_code(habit: Habit) -> io::Result<String> {
    let mut bytes = [0; 18];
    rand_bytes(&mut bytes)?;
    let (tens, ones) = if habit == Habit::OtherWallet { ('2', 5) } else { ('1', 6) };
    // The last two digits of a code that nobody showed are the command line's table: 99 is not in it.
    let first = if tens == '2' { 5 + bytes[1] % ones } else { bytes[1] % ones };
    let middle = bytes[2..16].iter().map(|byte| char::from(b'0' + byte % 10));
    Ok([tens, char::from(b'0' + first)].into_iter().chain(middle).chain(['9', '9']).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_renews_itself_and_old_ones_expire() {
        let mut phone = Phone::default();
        let (first, left) = phone.code(1_000).unwrap();
        assert_eq!((first.len(), left), (18, 60));
        assert_eq!(phone.code(1_059).unwrap(), (first.clone(), 1));
        let (second, _) = phone.code(1_060).unwrap();
        assert_ne!(first, second);
        assert_eq!(phone.customer(&first, 1_119), Some(Customer::PaysAtOnce));
        assert_eq!(phone.customer(&first, 1_120), Some(Customer::Expired));
        phone.presented(&first);
        assert_eq!(phone.code(1_061).unwrap().0, second);
        phone.presented(&second);
        assert_ne!(phone.code(1_061).unwrap().0, second);
        assert_eq!(phone.customer(&second, 1_061), Some(Customer::PaysAtOnce));
        assert_eq!(phone.customer("130000000000000001", 1_061), None);
    }

    #[test]
    fn what_a_code_does_was_chosen_when_it_was_shown() {
        let mut phone = Phone::default();
        for (name, habit) in Habit::ALL {
            phone.set_habit(*habit);
            let (code, _) = phone.code(1_000).unwrap();
            phone.set_habit(Habit::Pays);
            assert_eq!(phone.customer(&code, 1_001), Some(habit.customer()), "{name}");
            let of_wechat = Customer::of_wechat(&code) == Customer::PaysAtOnce;
            assert_eq!(of_wechat, *habit != Habit::OtherWallet, "{name}: {code}");
            assert_eq!(habit.name(), *name);
        }
    }

    #[test]
    fn one_dialog_at_a_time() {
        let mut phone = Phone::default();
        phone.open("wxpay", "A-1");
        phone.open("wxpay", "A-2");
        assert!(phone.asks_about("wxpay", "A-2") && !phone.asks_about("wxpay", "A-1") && phone.opened("wxpay", "A-1"));
        phone.put_away();
        assert!(!phone.asks_about("wxpay", "A-2") && phone.opened("wxpay", "A-2"));
        phone.open("wxpay", "A-1");
        assert!(phone.asks_about("wxpay", "A-1") && !phone.opened("swiftpass", "A-1"));
    }
}
