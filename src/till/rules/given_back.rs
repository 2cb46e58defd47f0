//! What the refunds of an order come to, by the gateway's rows.
//!
//! Document: protocol E.2 refundquery; POS flows 5, 20.1.

use alloc::string::String;
use alloc::vec::Vec;

use crate::endpoint::RefundsOf;
use crate::money::Fen;
use crate::outcome::{Doubt, Reason};
use crate::wire::pairs::Pairs;

const CONTRADICTS: &str = "the gateway's rows of the refunds of this order contradict each other";

/// The refunds of an order, page by page.
#[derive(Default)]
pub(in crate::till) struct Refunds {
    numbers: Vec<String>,
    /// In fen.
    pub arrived: u64,
    pub on_their_way: bool,
    /// There is no row after these.
    pub are_all: bool,
}

impl Refunds {
    pub fn count(&self) -> usize {
        self.numbers.len()
    }

    /// One more page. `Err`: it is not the next one of the same order.
    pub fn add(&mut self, of: &RefundsOf, total: Fen, page: &Pairs) -> Result<(), Doubt> {
        self.read(of, total, page).ok_or_else(|| Doubt::new(Reason::OtherOrder, CONTRADICTS))
    }

    fn read(&mut self, of: &RefundsOf, total: Fen, page: &Pairs) -> Option<()> {
        let number = |name: &str| page.filled(name)?.parse::<usize>().ok();
        let rows = number(of.rows).filter(|rows| (1..=of.most).contains(rows))?;
        let all = of.pages.and_then(|(_, all)| number(all)).unwrap_or_else(|| self.count().saturating_add(rows));
        if of.total.is_some_and(|name| page.fen(name) != Some(Some(total))) {
            return None;
        }
        for row in 0..rows {
            let refund = page.in_row(of.number, row)?;
            // A page that moved on meanwhile would count a refund twice.
            if self.numbers.iter().any(|before| before == refund) {
                return None;
            }
            self.numbers.push(refund.into());
            let fen = page.in_row(of.amount, row).and_then(Fen::read)?;
            let state = page.in_row(of.state, row)?;
            if of.arrived.contains(&state) {
                self.arrived = self.arrived.saturating_add(u64::from(fen.get()));
            }
            self.on_their_way |= of.taken.contains(&state);
        }
        self.are_all = self.count() == all;
        (self.count() <= all && all <= of.most).then_some(())
    }
}
