//! One terminal: what its till wrote into its journal, and what the gateway wrote into the bill. Nothing here is wrong; `planted.rs` adds
//! what is.

use std::path::Path;

use wxpay_terminal::endpoint::Numbers;
use wxpay_terminal::{ChinaTime, Entry, Error, Fen, NewEntry, Next, Numbered, OrderNumbers, Serial, Settlement};

use crate::bill::{APPID, MCH_ID, Printed, Row, State};
use crate::book::Book;
pub use crate::book::Result;
use crate::calendar::{DAY, Dice, Fixed, digits};

/// The bills: of the day before, of the day that is judged, and of the two after it.
pub const BILLS: usize = 4;
pub const JUDGED: usize = 1;

/// An account's name in the journal: family, first address, merchant, appid.
fn account(family: &str) -> String {
    format!("{family} https://api.mch.weixin.qq.com {MCH_ID} {APPID}")
}

/// How a sale was begun.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Micropay,
    Native,
    Refund,
}

pub struct Shop {
    journal: Book,
    terminal: u16,
    account: String,
    red_packets: String,
    pub dice: Dice,
    /// The first second of the judged day, in China.
    pub day: i64,
    sales: u64,
    pub rows: [Vec<Printed>; BILLS],
    /// Kind, and the number or (of an unreadable row) the whole row.
    pub planted: Vec<(&'static str, String)>,
}

/// What is left beside a closed journal.
pub struct Closed {
    pub rows: [Vec<Printed>; BILLS],
    pub planted: Vec<(&'static str, String)>,
}

impl Shop {
    pub fn open(path: &Path, terminal: u16, (day, seed): (i64, u64), in_bulk: bool) -> Result<Shop> {
        let dice = Dice(seed ^ (u64::from(terminal) << 32));
        Ok(Shop {
            journal: Book::open(path, terminal, &Fixed(dice.0), in_bulk)?,
            terminal,
            account: account("wxpay"),
            red_packets: account("redpack"),
            dice,
            day,
            sales: 0,
            rows: Default::default(),
            planted: Vec::new(),
        })
    }

    // ---- the journal ----

    pub fn begin(&mut self, call: Call, begun: i64, fen: i64, of: Option<&str>) -> Result<Entry> {
        self.sales += 1;
        let (name, number_field) = match call {
            Call::Micropay => ("micropay", "out_trade_no"),
            Call::Native => ("unifiedorder", "out_trade_no"),
            Call::Refund => ("refund", "out_refund_no"),
        };
        let (intent, terminal) = (format!("receipt-{}", self.sales), self.terminal);
        let account = self.account.clone();
        let new = NewEntry { account: &account, call: name, intent: &intent, amount: amount(fen), of, at: begun };
        self.journal.begin(&new, &mut |serial| {
            let order_number = number(terminal, begun, serial)?;
            let mut fields = vec![
                ("appid", APPID.into()),
                ("mch_id", MCH_ID.into()),
                ("device_info", format!("POS-{terminal:05}")),
                ("body", "天虹南山店-超市".into()),
                (number_field, order_number.clone()),
                ("total_fee", fen.to_string()),
                ("spbill_create_ip", "10.20.30.40".into()),
            ];
            fields.extend(of.map(|of| ("out_trade_no", of.to_string())));
            let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
            Ok(Numbered { order_number, fields })
        })
    }

    pub fn settle(&mut self, entry: &Entry, settlement: &Settlement, at: i64) -> Result<()> {
        self.journal.settle(entry.id, settlement, at)
    }

    pub fn reversing(&mut self, entry: &Entry, at: i64) -> Result<()> {
        self.journal.reversing(entry.id, at)
    }

    fn acknowledge(&mut self, entry: &Entry, at: i64) -> Result<()> {
        self.journal.acknowledge(entry.id, at)
    }

    pub fn close(self) -> Result<Closed> {
        self.journal.close()?;
        Ok(Closed { rows: self.rows, planted: self.planted })
    }

    // ---- the bill ----

    pub fn row(&mut self, state: State, number: &str, refund_number: &str, fen: i64, time: i64) -> Row {
        Row {
            time,
            state,
            sub_mch_id: "0",
            device: format!("POS-{:05}", self.terminal),
            number: number.into(),
            refund_number: refund_number.into(),
            fen,
            coupon: 0,
            serial: self.dice.next() >> 8,
            spoilt: None,
        }
    }

    /// Into the bill of its day, if that is made.
    pub fn print(&mut self, row: &Row) {
        let day = (row.time - self.day).div_euclid(DAY) + 1;
        if let Some(bill) = usize::try_from(day).ok().and_then(|day| self.rows.get_mut(day)) {
            bill.push(row.print());
        }
    }

    pub fn success(&mut self, number: &str, fen: i64, time: i64) {
        let row = self.row(State::Success, number, "", fen, time);
        self.print(&row);
    }

    pub fn revoked(&mut self, number: &str, fen: i64, time: i64) {
        let row = self.row(State::Revoked, number, "", fen, time);
        self.print(&row);
    }

    pub fn refunded(&mut self, number: &str, refund: &str, fen: i64, time: i64) {
        let row = self.row(State::Refund, number, refund, fen, time);
        self.print(&row);
    }

    /// A number of this terminal that its journal does not have.
    pub fn other_number(&mut self, at: i64) -> String {
        let serial = Serial { epoch: 4_000_000 + u32::try_from(self.dice.below(4_000_000)).unwrap_or(0), counter: 7 };
        number(self.terminal, at, serial).unwrap_or_default()
    }

    // ---- what happens in a shop ----

    pub fn fen(&mut self) -> i64 {
        1 + self.dice.below(20_000)
    }

    /// Between 7 and 23 o'clock, so many days from the judged one.
    pub fn hours(&mut self, days: i64) -> i64 {
        self.day + days * DAY + 7 * 3600 + self.dice.below(16 * 3600)
    }

    pub fn paid(&mut self, begun: i64, fen: i64, settlement: &Settlement) -> Result<Entry> {
        let call = if self.dice.below(5) == 0 { Call::Native } else { Call::Micropay };
        let entry = self.begin(call, begun, fen, None)?;
        self.settle(&entry, settlement, begun + 4)?;
        Ok(entry)
    }

    /// A sale that is paid by the gateway's time `paid`, accepted, and in the bill.
    pub fn sale(&mut self, begun: i64, paid: i64) -> Result<Entry> {
        let fen = self.fen();
        let entry = self.paid(begun, fen, &accepted(Some(paid)))?;
        // Each is a transaction: making them takes longest.
        if self.sales.is_multiple_of(4) {
            self.acknowledge(&entry, paid + 2)?;
        }
        self.success(&entry.order_number, fen, paid);
        Ok(entry)
    }

    /// A sale that was taken back: its rows are paid and reversed at these times.
    pub fn reversed(&mut self, paid: i64, reversed: i64) -> Result<()> {
        let fen = self.fen();
        let entry = self.begin(Call::Micropay, paid - 3, fen, None)?;
        for at in 0..=self.dice.below(2) {
            self.reversing(&entry, paid + 15 + 5 * at)?;
        }
        self.settle(&entry, &declined("REVOKED", Next::NewNumber), paid + 30)?;
        self.success(&entry.order_number, fen, paid);
        self.revoked(&entry.order_number, fen, reversed);
        Ok(())
    }

    pub fn refund(&mut self, of: &str, fen: i64, begun: i64, settlement: &Settlement) -> Result<Entry> {
        let entry = self.begin(Call::Refund, begun, fen, Some(of))?;
        self.settle(&entry, settlement, begun + 2)?;
        Ok(entry)
    }

    /// One thing that happens so many days from the judged one.
    pub fn something(&mut self, days: i64) -> Result<()> {
        let at = self.hours(days);
        match self.dice.below(1000) {
            0..840 => self.ordinary_sale(at)?,
            840..900 => {
                let sale = self.sale(at, at + 3)?;
                let fen = 1 + self.dice.below(i64::from(sale.amount.get()));
                let state = if self.dice.below(2) == 0 { refunding() } else { arrived() };
                let refund = self.refund(&sale.order_number, fen, at + 60, &state)?;
                self.refunded(&sale.order_number, &refund.order_number, fen, at + 61);
            }
            900..925 => self.reversed(at, at + 31)?,
            925..940 => {
                let fen = self.fen();
                let late = Settlement::PaidLate { evidence: evidence(Some(at + 90)) };
                let entry = self.paid(at, fen, &late)?;
                self.success(&entry.order_number, fen, at + 90);
            }
            940..945 => {
                let fen = self.fen();
                let entry = self.paid(at, fen, &by_hand(true))?;
                self.success(&entry.order_number, fen, at + 5);
            }
            _ => self.not_in_the_bill(at)?,
        }
        Ok(())
    }

    fn ordinary_sale(&mut self, at: i64) -> Result<()> {
        let fen = self.fen();
        match self.dice.below(100) {
            // The gateway's time is not in the journal.
            0..2 => {
                let entry = self.paid(at, fen, &accepted(None))?;
                self.success(&entry.order_number, fen, at + 3);
            }
            // The device's clock was not set.
            2 => {
                let unset = self.dice.below(1000);
                let entry = self.paid(unset, fen, &accepted(Some(at)))?;
                self.success(&entry.order_number, fen, at);
            }
            // A coupon: the merchant gets less than the order's amount.
            3..6 if fen > 200 => {
                let entry = self.paid(at, fen, &accepted(Some(at + 3)))?;
                let row = Row { coupon: 100, ..self.row(State::Success, &entry.order_number, "", fen, at + 3) };
                self.print(&row);
            }
            _ => drop(self.sale(at, at + 3)?),
        }
        Ok(())
    }

    /// What leaves nothing in a bill of this merchant's payments.
    fn not_in_the_bill(&mut self, at: i64) -> Result<()> {
        let fen = self.fen();
        match self.dice.below(55) {
            0..20 => drop(self.paid(at, fen, &declined("NOTENOUGH", Next::NewNumber))?),
            20..25 => drop(self.paid(at, fen, &unproven("AUTHCODEEXPIRE"))?),
            25..30 => drop(self.paid(at, fen, &Settlement::NotSent)?),
            30..40 => drop(self.paid(at, fen, &declined("CLOSED", Next::NewNumber))?),
            40..43 => drop(self.begin(Call::Micropay, at, fen, None)?),
            43..45 => drop(self.paid(at, fen, &Settlement::Abandoned)?),
            // Another account of the same journal: paid, and in no bill of payments.
            _ => {
                let red_packets = self.red_packets.clone();
                let own = std::mem::replace(&mut self.account, red_packets);
                let packet = self.paid(at, fen, &accepted(Some(at)));
                self.account = own;
                packet?;
            }
        }
        Ok(())
    }

    /// Around midnight, where the day of a row, a number and a clock differ (POS flows 7.4).
    pub fn midnights(&mut self) -> Result<()> {
        let (start, end) = (self.day, self.day + DAY);
        self.sale(end - 10, end + 5)?;
        self.sale(start - 10, start + 5)?;
        self.reversed(end - 2, end + 20)?;
        self.reversed(end - 2, end + DAY + 9)?;
        self.reversed(start - 2, start + 20)?;
        let fen = self.fen();
        let late = self.paid(end - 4, fen, &accepted(None))?;
        self.success(&late.order_number, fen, end + 1);
        let sale = self.sale(end - 4000, end - 3999)?;
        // Begun today, in tomorrow's bill.
        let refund = self.refund(&sale.order_number, 1, end - 2, &refunding())?;
        self.refunded(&sale.order_number, &refund.order_number, 1, end + 1);
        // By a device's clock that is ahead: begun today, in yesterday's bill.
        let sale = self.sale(start - 4000, start - 3999)?;
        let refund = self.refund(&sale.order_number, 1, start + 3, &refunding())?;
        self.refunded(&sale.order_number, &refund.order_number, 1, start - 4);
        // A refund that the gateway closed leaves its row.
        let closed = self.refund(&sale.order_number, 1, start + 8000, &declined("REFUNDCLOSE", Next::NewNumber))?;
        self.refunded(&sale.order_number, &closed.order_number, 1, start + 8000);
        // What is wrong tomorrow is found tomorrow.
        let charged = self.paid(end + 50_000, fen, &declined("NOTENOUGH", Next::NewNumber))?;
        self.success(&charged.order_number, fen, end + 50_003);
        let missing = self.paid(end + 50_100, fen, &accepted(Some(end + 50_103)));
        missing.map(drop)
    }
}

/// A row of another system under the same merchant.
pub fn foreign(dice: &mut Dice, at: i64, count: u64) -> Row {
    let (digits, own_like) = (digits(at), u32::try_from(count % 4000).unwrap_or(0));
    let serial = Serial { epoch: 77, counter: own_like };
    let mut sub_mch_id = "0";
    let number = match count % 6 {
        0 => format!("SHOP-{count:08}"),
        1 => format!("{}{count:010}", &digits[..8]).to_lowercase(),
        // In the form of a till's number, of a terminal that is not in the fleet, and of none at all.
        2 => number(65_000, at, serial).unwrap_or_default(),
        3 => format!("{}Z{count:09}", &digits[..8]),
        4 => format!("mini_{count}|{}", dice.below(1 << 40)),
        // In the form of the fleet's, of another merchant behind the same provider.
        _ => {
            sub_mch_id = "1900000999";
            number(1, at, serial).unwrap_or_default()
        }
    };
    let refund = count % 10 == 9;
    Row {
        time: at,
        state: if refund { State::Refund } else { State::Success },
        sub_mch_id,
        device: String::new(),
        refund_number: if refund { format!("R{number}") } else { String::new() },
        number,
        fen: 1 + dice.below(90_000),
        coupon: 0,
        serial: dice.next() >> 8,
        spoilt: None,
    }
}

fn number(terminal: u16, at: i64, serial: Serial) -> std::result::Result<String, Error> {
    OrderNumbers::new(terminal).make(Numbers::DateSerial, MCH_ID, ChinaTime::from_unix(at)?, serial)
}

fn amount(fen: i64) -> Fen {
    Fen::new(fen).unwrap_or_else(|error| panic!("{fen}: {error}"))
}

fn evidence(paid: Option<i64>) -> Vec<(String, String)> {
    let state = ("trade_state".into(), "SUCCESS".into());
    let time = paid.map(|paid| ("time_end".into(), digits(paid)));
    std::iter::once(state).chain(time).collect()
}

pub fn accepted(paid: Option<i64>) -> Settlement {
    Settlement::Accepted { queried: paid.is_none(), evidence: evidence(paid) }
}

pub fn refunding() -> Settlement {
    Settlement::Refunding { evidence: vec![("refund_id".into(), "50302611262026112600000000001".into())] }
}

pub fn arrived() -> Settlement {
    Settlement::Accepted { queried: true, evidence: vec![("refund_status".into(), "SUCCESS".into())] }
}

pub fn declined(code: &str, next: Next) -> Settlement {
    Settlement::Declined { code: code.into(), text: "refused".into(), next }
}

pub fn unproven(code: &str) -> Settlement {
    Settlement::Unproven { code: code.into(), text: "refused".into(), next: Next::NewNumber }
}

pub fn by_hand(paid: bool) -> Settlement {
    Settlement::ByHand { paid, name: "王".into(), reason: "seen on the platform".into() }
}
