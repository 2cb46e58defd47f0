//! What is wrong, on purpose: each finding of POS flows 7.5, in the ways in which it comes about.

use wxpay_terminal::{Next, Settlement};

use crate::bill::{Row, Spoilt, State};
use crate::calendar::DAY;
use crate::shop::{Call, Result, Shop, accepted, arrived, by_hand, declined, refunding, unproven};

/// The kinds, as the SQL names them.
pub const KINDS: [&str; 9] = [
    "charged though declined",
    "paid though open",
    "not in bill",
    "amount differs",
    "refund unknown",
    "refund not in bill",
    "reversed though accepted",
    "unknown own number",
    "unreadable",
];

impl Shop {
    /// Makes one of them. `turn` chooses among its ways.
    pub fn plant(&mut self, kind: usize, turn: usize) -> Result<()> {
        let at = self.hours(0);
        let key = match kind {
            0 => self.charged(at, turn)?,
            1 => self.open_though_paid(at, turn)?,
            2 => self.missing(at, turn)?,
            3 => self.other_amount(at, turn)?,
            4 => self.unknown_refund(at, turn)?,
            5 => {
                let sale = self.sale(at, at + 3)?;
                let state = if turn.is_multiple_of(2) { refunding() } else { arrived() };
                self.refund(&sale.order_number, 1, at + 40, &state)?.order_number
            }
            6 => self.given_back(at, turn)?,
            7 => {
                let (number, fen) = (self.other_number(at), self.fen());
                self.success(&number, fen, at);
                number
            }
            _ => self.unreadable(at, turn)?,
        };
        self.planted.push((KINDS[kind], key));
        Ok(())
    }

    fn charged(&mut self, at: i64, turn: usize) -> Result<String> {
        let fen = self.fen();
        let entry = self.begin(Call::Micropay, at - 3, fen, None)?;
        self.success(&entry.order_number, fen, at);
        match turn % 7 {
            0 => self.settle(&entry, &declined("AUTHCODEEXPIRE", Next::NewNumber), at)?,
            1 => self.settle(&entry, &unproven("NOTENOUGH"), at)?,
            2 => self.settle(&entry, &Settlement::NotSent, at)?,
            3 => self.settle(&entry, &by_hand(false), at)?,
            // Being taken back, and nothing came of it.
            4 => self.reversing(&entry, at + 15)?,
            // The query said REVOKED: the bill never does.
            5 => {
                self.reversing(&entry, at + 15)?;
                self.settle(&entry, &declined("REVOKED", Next::NewNumber), at + 20)?;
            }
            // An order that was closed, and reversed too late to count.
            _ => {
                self.settle(&entry, &declined("CLOSED", Next::NewNumber), at)?;
                self.revoked(&entry.order_number, fen, self.day + 2 * DAY + 3600);
            }
        }
        Ok(entry.order_number)
    }

    fn open_though_paid(&mut self, at: i64, turn: usize) -> Result<String> {
        let fen = self.fen();
        let entry = self.begin(Call::Native, at - 20, fen, None)?;
        self.success(&entry.order_number, fen, at);
        match turn % 4 {
            0 => {}
            1 => self.settle(&entry, &Settlement::Ordered { evidence: Vec::new() }, at)?,
            2 => self.settle(&entry, &Settlement::Abandoned, at)?,
            _ => self.settle(&entry, &Settlement::ForAPerson { reason: "PAYERROR".into() }, at)?,
        }
        Ok(entry.order_number)
    }

    fn missing(&mut self, at: i64, turn: usize) -> Result<String> {
        let fen = self.fen();
        let entry = match turn % 4 {
            0 => self.paid(at, fen, &accepted(Some(at + 3)))?,
            // Looked for in the bills of its day and the next.
            1 => self.paid(at, fen, &accepted(None))?,
            // Begun on the day before: its day is the gateway's.
            2 => self.paid(self.day - 9, fen, &accepted(Some(self.day + 2)))?,
            _ => self.paid(at, fen, &Settlement::PaidLate { evidence: vec![] })?,
        };
        Ok(entry.order_number)
    }

    fn other_amount(&mut self, at: i64, turn: usize) -> Result<String> {
        let fen = 10 + self.fen();
        let other = if turn.is_multiple_of(2) { fen + 1 } else { fen - 1 };
        if turn % 5 == 4 {
            let sale = self.sale(at, at + 3)?;
            let refund = self.refund(&sale.order_number, fen, at + 60, &refunding())?;
            self.refunded(&sale.order_number, &refund.order_number, other, at + 61);
            return Ok(refund.order_number);
        }
        let entry = self.paid(at, fen, &accepted(Some(at)))?;
        self.success(&entry.order_number, other, at);
        Ok(entry.order_number)
    }

    fn unknown_refund(&mut self, at: i64, turn: usize) -> Result<String> {
        let sale = self.sale(at, at + 3)?;
        let number = match turn % 3 {
            // On the merchant's platform.
            0 => format!("MP{:016}", self.dice.below(1 << 50)),
            // By this terminal, whose journal lost it.
            1 => self.other_number(at),
            // Refused, says the journal, and counts it as nothing.
            _ => self.refund(&sale.order_number, 1, at + 50, &declined("NOTENOUGH", Next::SameNumber))?.order_number,
        };
        self.refunded(&sale.order_number, &number, 1, at + 51);
        Ok(number)
    }

    fn given_back(&mut self, at: i64, turn: usize) -> Result<String> {
        // Sold today, or yesterday.
        let sold = if turn.is_multiple_of(2) { at } else { at - DAY };
        let sale = self.sale(sold, sold + 3)?;
        self.revoked(&sale.order_number, i64::from(sale.amount.get()), at + 600);
        Ok(sale.order_number)
    }

    fn unreadable(&mut self, at: i64, turn: usize) -> Result<String> {
        let spoilt = [Spoilt::Time, Spoilt::State, Spoilt::Number, Spoilt::PartOfAFen, Spoilt::Long][turn % 5];
        let fen = self.fen();
        // Where the number can be read it is this terminal's: nothing is concluded from it.
        let entry = self.paid(at, fen, &accepted(Some(at)))?;
        if spoilt == Spoilt::Number {
            self.success(&entry.order_number, fen, at);
        }
        let row = Row { spoilt: Some(spoilt), ..self.row(State::Success, &entry.order_number, "", fen, at) };
        self.print(&row);
        Ok(row.print().line)
    }
}
