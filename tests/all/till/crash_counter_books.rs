//! What must hold between the ledger of the simulator and the file of a counter's journal, read by SQL and not by the library.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use wxpay_simulator::{Entry, RefundEntry, RefundStatus, Simulator};

/// One row of the journal's file.
#[derive(Debug)]
struct Row {
    intent: String,
    call: String,
    number: String,
    fen: u64,
    state: String,
    of: Option<String>,
    reversals: u32,
    acknowledged: bool,
    reason: Option<String>,
}

/// Reads the file beside the program that has it open, as the shell does.
fn rows(journal: &Path) -> Vec<Row> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = rusqlite::Connection::open_with_flags(journal, flags).unwrap();
    let text = "SELECT intent, call, order_number, amount_fen, outcome, of_order, reversals, acknowledged IS NOT NULL, reason \
                FROM payments ORDER BY id";
    let mut statement = file.prepare(text).unwrap();
    let read = statement.query_map([], |row| {
        Ok(Row {
            intent: row.get(0)?,
            call: row.get(1)?,
            number: row.get(2)?,
            fen: row.get::<_, u32>(3)?.into(),
            state: row.get(4)?,
            of: row.get(5)?,
            reversals: row.get(6)?,
            acknowledged: row.get(7)?,
            reason: row.get(8)?,
        })
    });
    read.unwrap().map(Result::unwrap).collect()
}

/// Both at one moment.
pub struct Books {
    orders: HashMap<String, Entry>,
    refunds: HashMap<String, RefundEntry>,
    rows: Vec<Row>,
}

/// What there is of each.
#[derive(Default)]
pub struct Counted {
    pub sales: u32,
    pub refunds: u32,
    /// Charged, and taken back.
    pub reversed: u32,
    pub late: u32,
    pub for_a_person: u32,
}

impl Counted {
    pub fn add(&mut self, other: &Counted) {
        self.sales += other.sales;
        self.refunds += other.refunds;
        self.reversed += other.reversed;
        self.late += other.late;
        self.for_a_person += other.for_a_person;
    }
}

impl Books {
    pub fn open(simulator: &Simulator, journal: &Path) -> Books {
        // The ledger first: whatever is in it was recorded before.
        let orders = simulator.ledger().into_iter().map(|order| (order.order_number.clone(), order)).collect();
        let refunds = simulator.refunds().into_iter().map(|refund| (refund.refund_number.clone(), refund)).collect();
        // Killed before there was a file.
        Books { orders, refunds, rows: if journal.exists() { rows(journal) } else { Vec::new() } }
    }

    fn paid(&self, number: &str) -> bool {
        self.orders.get(number).is_some_and(|order| order.paid > 0)
    }

    fn is_live(&self, number: &str) -> bool {
        self.refunds
            .get(number)
            .is_some_and(|refund| !matches!(refund.status, RefundStatus::Closed | RefundStatus::Failed))
    }

    /// Whether there is money of this intent: a sale's is with the merchant, a refund's is given back.
    fn moved(&self, intent: &str) -> bool {
        let mut rows = self.rows.iter().filter(|row| row.intent == intent);
        rows.any(|row| if row.of.is_some() { self.is_live(&row.number) } else { self.paid(&row.number) })
    }

    /// All of it. What begins with `open` was cut off just now; nothing else is open.
    pub fn check(&self, open: Option<&str>) {
        for order in self.orders.values() {
            assert!(order.charges <= 1 && order.paid + order.reversed <= order.charges, "{order:?}");
            assert!(order.refunded <= order.amount && (order.refunded == 0 || order.paid == 1), "{order:?}");
            self.is_recorded(&order.order_number, order.amount, None);
        }
        for refund in self.refunds.values() {
            self.is_recorded(&refund.refund_number, refund.amount, Some(&refund.order_number));
        }
        let mut intents: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            intents.entry(&row.intent).or_default().push(row);
            let over = open.is_none_or(|open| !row.intent.starts_with(open));
            match row.of {
                None => self.check_sale(row, over),
                Some(_) => self.check_refund(row, over),
            }
        }
        for (intent, rows) in intents {
            let kept = |row: &&&Row| row.of.is_none() && self.paid(&row.number) && row.state != "paid late";
            assert!(rows.iter().filter(kept).count() <= 1, "{intent} is charged twice: {rows:?}");
            let live = rows.iter().filter(|row| row.of.is_some() && self.is_live(&row.number));
            assert!(live.count() <= 1, "{intent} is refunded under two numbers: {rows:?}");
            let accepted = rows.iter().filter(|row| row.state == "accepted");
            assert!(accepted.count() <= 1, "{intent} is accepted twice: {rows:?}");
        }
    }

    fn is_recorded(&self, number: &str, amount: u64, of: Option<&str>) {
        let row = self.rows.iter().find(|row| row.number == number);
        let row = row.unwrap_or_else(|| panic!("the journal does not know {number}, of {of:?}"));
        assert_eq!((row.fen, row.of.as_deref()), (amount, of), "{row:?}");
        assert!(row.call.ends_with(if of.is_some() { "refund" } else { "micropay" }), "{row:?}");
    }

    fn check_sale(&self, row: &Row, over: bool) {
        let (paid, order) = (self.paid(&row.number), self.orders.get(&row.number));
        match row.state.as_str() {
            "accepted" => {
                assert!(paid, "accepted without money: {row:?}, {order:?}");
                assert!(row.reversals == 0 && order.is_some_and(|order| order.reversed == 0), "{row:?}, {order:?}");
            }
            "paid late" => {
                assert!(paid, "late, and no money: {row:?}, {order:?}");
                assert!(!over || order.is_some_and(|order| order.refunded == order.amount), "{row:?}, {order:?}");
            }
            "declined" | "not sent" | "by hand: not paid" => {
                assert!(!paid, "declined though charged: {row:?}, {order:?}");
            }
            "unproven" => assert!(!paid && !over, "{row:?}, {order:?}"),
            "for a person" => assert!(row.reason.as_ref().is_some_and(|reason| !reason.is_empty()), "{row:?}"),
            other => assert!(other == "open" && !over, "stuck: {row:?}, {order:?}"),
        }
        assert!(!over || row.acknowledged || row.state == "for a person", "not told: {row:?}");
    }

    fn check_refund(&self, row: &Row, over: bool) {
        let refund = self.refunds.get(&row.number);
        let live = self.is_live(&row.number);
        match row.state.as_str() {
            "accepted" => {
                let arrived = refund.is_some_and(|refund| refund.status == RefundStatus::Success);
                assert!(arrived, "arrived, and did not: {row:?}, {refund:?}");
            }
            "declined" | "not sent" => assert!(!live, "declined though refunded: {row:?}, {refund:?}"),
            "unproven" => assert!(!live && !over, "{row:?}, {refund:?}"),
            "refunding" => assert!(refund.is_some() && !over, "stuck: {row:?}, {refund:?}"),
            "for a person" => assert!(row.reason.as_ref().is_some_and(|reason| !reason.is_empty()), "{row:?}"),
            other => assert!(other == "open" && !over, "stuck: {row:?}, {refund:?}"),
        }
        let of_order = self.rows.iter().filter(|other| other.of.is_some() && other.of == row.of);
        let given_up = |other: &&Row| ["declined", "unproven", "not sent"].contains(&other.state.as_str());
        let sum: u64 = of_order.filter(|other| !given_up(other)).map(|other| other.fen).sum();
        let total = self.rows.iter().find(|order| Some(&order.number) == row.of.as_ref()).map(|order| order.fen);
        assert!(total.is_some_and(|total| sum <= total), "{sum} of {total:?} is given back: {row:?}");
    }

    /// The child said what it knew: that must be true whatever came after. Returns how many sales and refunds it had begun and not
    /// finished, and of how many of these money had moved.
    pub fn check_words(&self, said: &[String]) -> [u32; 2] {
        let mut last = BTreeMap::new();
        for (word, intent) in said.iter().filter_map(|line| line.split_once(' ')) {
            let moved = self.moved(intent);
            match word {
                "ACCEPTED" | "LATE" => assert!(moved, "{intent} was told as paid and is not"),
                // REFUNDCLOSE and FAIL come after it.
                "TAKEN" => assert!(self.rows.iter().any(|row| row.intent == intent && row.of.is_some()), "{intent}"),
                "TRY" | "UNPAID" | "UNKNOWN" | "ACKNOWLEDGED" => {}
                _ => continue,
            }
            last.insert(intent, (word, moved));
        }
        for (intent, (word, moved)) in &last {
            assert!(*word != "UNPAID" || !moved, "{intent} was declined or not sent, and money moved");
        }
        let open = last.values().filter(|(word, _)| ["TRY", "UNKNOWN", "ACCEPTED"].contains(word));
        let moved = open.clone().filter(|(_, moved)| *moved);
        [open.count(), moved.count()].map(|count| u32::try_from(count).unwrap())
    }

    /// Late money of a sale, but under this number.
    pub fn late_beside(&self, intent: &str, number: &str) -> Vec<String> {
        let late = self.rows.iter().filter(|row| row.intent == intent && row.state == "paid late");
        late.filter(|row| row.number != number).map(|row| row.number.clone()).collect()
    }

    /// What a sale came to: its money came under this number, in time or late, and all of it was given back.
    pub fn check_given_back(&self, intent: &str, number: &str) {
        let row = self.rows.iter().find(|row| row.number == number && row.intent == intent).unwrap();
        assert!(["accepted", "paid late"].contains(&row.state.as_str()), "{row:?}");
        assert_eq!(self.orders[number].refunded, row.fen, "{row:?}, {:?}", self.orders[number]);
    }

    pub fn counted(&self) -> Counted {
        let count = |wanted: &dyn Fn(&Row) -> bool| -> u32 {
            u32::try_from(self.rows.iter().filter(|row| wanted(row)).count()).unwrap()
        };
        Counted {
            sales: count(&|row| row.of.is_none() && row.state == "accepted"),
            refunds: count(&|row| row.of.is_some() && row.state == "accepted"),
            reversed: self.orders.values().map(|order| order.reversed).sum(),
            late: count(&|row| row.state == "paid late"),
            for_a_person: count(&|row| row.state == "for a person"),
        }
    }
}
