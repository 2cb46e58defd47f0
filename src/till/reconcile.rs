//! The books of a day: the merchant's bill beside the journal.
//!
//! Document: POS flows 7.2 to 7.5. It settles nothing, and sends nothing: what differs is told, and the caller lets the till ask
//! ([`Till::ask_about`]).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
#[cfg(feature = "std")]
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use sha1::Digest as _;

use super::desk::{Desk, Till};
use super::recover::{Reported, refused};
use super::rules::{self, FindingKind, Others, Verdict};
use super::run::{ONE_QUESTION, Work};
use super::watch::Options;
use crate::client::owner;
use crate::clock::ChinaTime;
use crate::endpoint::{Endpoint, Numbers};
use crate::error::Error;
use crate::journal::{Entry, EntryId, JournalFault};
use crate::outcome::{Doubt, Reason};
use crate::wire::bill::{BillFault, BillLine, BillReader, BillRow, BillState, BillTotals, Column, Yuan};

/// A bill that can be read several times: a file that was downloaded, or bytes.
pub trait BillSource {
    /// Hands all of it to `sink`, from its beginning, in pieces of any length.
    ///
    /// # Errors
    ///
    /// [`BillFault::NotRead`], where not all of it was handed over.
    fn read(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<(), BillFault>;
}

impl BillSource for &[u8] {
    fn read(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<(), BillFault> {
        sink(self);
        Ok(())
    }
}

/// A file is read from its beginning each time, in pieces of 4 KiB.
#[cfg(feature = "std")]
impl BillSource for std::fs::File {
    fn read(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<(), BillFault> {
        use std::io::{Read, Seek};
        let failed = |error: std::io::Error| BillFault::NotRead(error.to_string());
        self.rewind().map_err(failed)?;
        let mut piece = [0_u8; 4096];
        loop {
            match Read::read(self, &mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => sink(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

/// The bills of a day.
pub struct Bills<'a> {
    /// The bill of the day, `bill_type` ALL.
    pub of_day: &'a mut dyn BillSource,
    /// The one of the day after, where it is there: a payment of 23:59 may be reversed at 00:01. Without it what only it can say is counted in
    /// [`Reconciled::waits`].
    pub of_next_day: Option<&'a mut dyn BillSource>,
}

impl fmt::Debug for Bills<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bills").field("of_next_day", &self.of_next_day.is_some()).finish_non_exhaustive()
    }
}

/// One thing that differs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct BillFinding<'a> {
    /// What.
    pub kind: FindingKind,
    /// The journal's side.
    pub entry: Option<&'a Entry>,
    /// The bill's side.
    pub row: Option<&'a BillRow<'a>>,
    /// The line of the bill.
    pub line: Option<u32>,
}

impl BillFinding<'_> {
    /// For the bookkeeper, in Chinese, with both sides.
    pub fn zh(&self) -> String {
        let (journal, bill) = self.sides("日志", "账单", ("没有", "第", "行", "分"));
        format!("{}｜{journal}｜{bill}", self.kind.zh())
    }

    /// In English.
    pub fn en(&self) -> String {
        let (journal, bill) = self.sides("journal", "bill", ("nothing", "line ", "", "fen"));
        format!("{}; {journal}; {bill}", self.kind.en())
    }

    /// What the row is about, in fen.
    pub fn fen(&self) -> Option<i64> {
        self.yuan()?.fen()
    }

    fn yuan(&self) -> Option<Yuan> {
        let row = self.row?;
        let columns = [Column::TotalFee, Column::SettlementTotal, Column::AppliedRefundFee, Column::RefundFee];
        columns.iter().find_map(|column| row.yuan(*column).filter(|yuan| yuan.get() != 0))
    }

    fn sides(
        &self,
        journal: &str,
        bill: &str,
        (nothing, line, after, fen): (&str, &str, &str, &str),
    ) -> (String, String) {
        let journal = match self.entry {
            Some(entry) => {
                let state = format!("{:?}", entry.state);
                let state =
                    state.split([' ', '{', '(']).find(|word| !matches!(*word, "" | "Recorded")).unwrap_or_default();
                format!("{journal}: {} {} {fen} {}", entry.order_number, entry.amount, state.trim_end_matches(')'))
            }
            None => format!("{journal}: {nothing}"),
        };
        let place = self.line.map_or(String::new(), |at| format!("{line}{at}{after}"));
        let bill = match self.row {
            Some(row) => {
                let of = |column| crate::text::shown(row.get(column).unwrap_or_default(), 64);
                let (number, refund) = (of(Column::OutTradeNo), of(Column::OutRefundNo));
                let refund = if matches!(refund.as_str(), "" | "0") { String::new() } else { format!("/{refund}") };
                let (state, yuan) = (of(Column::TradeState), self.yuan().unwrap_or_default());
                format!("{bill}: {place} {number}{refund} {yuan} {state}")
            }
            None => format!("{bill}: {place}{}", if self.line.is_some() { "" } else { nothing }),
        };
        (journal, bill)
    }
}

/// What a day came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconciled {
    /// Rows of the day's bill.
    pub rows: u32,
    /// Rows of other terminals, other appids or other systems: counted, not compared.
    pub foreign: u32,
    /// Payments that both have.
    pub agrees: u32,
    /// Payments that were reversed, or given back, in both.
    pub reversed_agrees: u32,
    /// Refunds that both have.
    pub refund_agrees: u32,
    /// What only the next day's bill can say, which was not given.
    pub waits: u32,
    /// How many findings were told.
    pub findings: u32,
}

/// Why the day was not concluded. Whatever was told before does not count.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReconcileFault {
    /// The day's bill is not there, or not whole.
    Bill(BillFault),
    /// The next day's bill is given, and is not there, or not whole.
    NextBill(BillFault),
    /// The journal cannot be read.
    Journal(JournalFault),
    /// The till has no such account, or none whose gateway makes bills.
    Account(Error),
}

impl fmt::Display for ReconcileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReconcileFault::Bill(fault) => fault.fmt(f),
            ReconcileFault::NextBill(fault) => write!(f, "of the next day: {fault}"),
            ReconcileFault::Journal(fault) => fault.fmt(f),
            ReconcileFault::Account(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ReconcileFault {}

impl From<JournalFault> for ReconcileFault {
    fn from(fault: JournalFault) -> ReconcileFault {
        ReconcileFault::Journal(fault)
    }
}

/// Findings are told in this order: one reading of the bill each.
const RANKS: [&[FindingKind]; 3] = [
    &[FindingKind::ChargedThoughDeclined, FindingKind::ReversedThoughAccepted],
    &[FindingKind::AmountDiffers, FindingKind::NotInBill, FindingKind::PaidThoughOpen, FindingKind::UnknownOwnNumber],
    &[FindingKind::RefundUnknown, FindingKind::RefundNotInBill, FindingKind::Unreadable],
];

/// So many entries are read at a time.
const PAGE: usize = 32;
/// An order can be paid for two hours, a payment asked about for a day: what is that much older than a day has nothing to do with it.
const MARGIN: i64 = 8 * 86_400;

impl Till {
    /// Lays the merchant's bill of a day beside the journal, and tells `findings` what differs, the worst first. `day` is any time of that day, in
    /// China.
    ///
    /// Only rows with a number of this terminal are compared; others are counted. Nothing is settled, nothing is sent: what a finding
    /// asks for is the caller's to do, [`Till::ask_about`] first. The bill is read four times; memory does not grow with it. A bill that is not
    /// whole gives no finding at all.
    ///
    /// # Errors
    ///
    /// A bill is not whole, is another day's or another merchant's, or was another one when it was read again; the journal cannot be read;
    /// there is no account whose gateway makes bills. What was told before does not count then.
    pub fn reconcile(
        &self,
        day: ChinaTime,
        bills: Bills<'_>,
        findings: &mut dyn FnMut(&BillFinding<'_>),
    ) -> Result<Reconciled, ReconcileFault> {
        self.reconcile_with(day, bills, &Options::new(), findings)
    }

    /// [`Till::reconcile`] with options: of which account, where the till has several.
    ///
    /// # Errors
    ///
    /// As [`Till::reconcile`].
    pub fn reconcile_with(
        &self,
        day: ChinaTime,
        bills: Bills<'_>,
        options: &Options<'_>,
        findings: &mut dyn FnMut(&BillFinding<'_>),
    ) -> Result<Reconciled, ReconcileFault> {
        self.check_process()?;
        let desk = self.desk_with_bills(options)?;
        let Bills { of_day, mut of_next_day } = bills;
        let mut books = Books {
            till: self,
            desk,
            account: owner(desk.profile()),
            date: day.date_digits(),
            day: (day.midnight(0), day.midnight(1)),
            has_next_day: of_next_day.is_some(),
            marks: Marks::default(),
            done: Reconciled::default(),
        };
        books.mark_range()?;
        let first = books.mark(of_day, None)?;
        if let Some(next) = &mut of_next_day {
            let tomorrow = ChinaTime::from_unix(books.day.1).map_err(ReconcileFault::Account)?;
            books.mark(*next, Some(tomorrow.date_digits())).map_err(|fault| match fault {
                ReconcileFault::Bill(fault) => ReconcileFault::NextBill(fault),
                other => other,
            })?;
        }
        for (rank, kinds) in RANKS.iter().enumerate() {
            let again = books.tell_rows(of_day, (rank, kinds), findings)?;
            if again != first {
                return Err(ReconcileFault::Bill(BillFault::Incomplete("it was another one when it was read again")));
            }
            books.tell_missing((rank, kinds), findings)?;
        }
        Ok(books.done)
    }

    /// Asks the gateway about an entry that a bill contradicts, whatever the journal has of it, and reports what came of it. Only the query's word
    /// that it is paid, in full, is written: `Accepted`, or `PaidLate` of what was refused or taken back. Nothing is closed, taken back or sent
    /// again. A refund is asked about as [`Till::recover`] does it.
    ///
    /// # Errors
    ///
    /// There is no such entry, a thread works on it, or the journal cannot be read.
    pub fn ask_about(&self, entry: EntryId) -> Result<Reported, JournalFault> {
        self.check_process()?;
        let held = self.hold(entry)?.ok_or(refused("there is no such entry, or another thread works on it"))?;
        let doubt = match (self.desk_of(&held.entry), self.endpoint_of(&held.entry)) {
            (Some(desk), Some(endpoint)) => self.asked_about(desk, endpoint, &held.entry),
            _ => Some(Doubt::new(Reason::NoAccount, "this till has no account for it")),
        };
        drop(held);
        let now = self.journal.with(|journal| journal.entry(entry))?.ok_or(refused("there is no such entry"))?;
        if now.is_paid_late() {
            self.close_beside(now.id, self.clock.monotonic().saturating_add(ONE_QUESTION));
        }
        Ok(self.reported(now, doubt))
    }

    fn asked_about(&self, desk: &Desk, endpoint: &'static Endpoint, entry: &Entry) -> Option<Doubt> {
        let options = Options::new();
        let wait = self.of_case(desk, endpoint, entry, |case| case.apart());
        let mut call = self.call(&entry.intent, &options, wait.saturating_add(ONE_QUESTION));
        call.questions_until = self.clock.monotonic().saturating_add(wait).saturating_add(ONE_QUESTION);
        let work = Work { desk, endpoint, entry, call, read: Some };
        if let Some(words) = desk.contradiction(entry, endpoint) {
            return self.distrust(&work, words).doubt();
        }
        if endpoint.refund().is_some() {
            return self.ask_of(&work).doubt();
        }
        self.ask_after_a_bill(&work, wait)
    }

    fn desk_with_bills(&self, options: &Options<'_>) -> Result<&Desk, ReconcileFault> {
        let named = |desk: &&Desk| {
            let identifiers = &desk.profile().identifiers;
            options.account.is_none_or(|account| identifiers.iter().any(|(_, value)| value == account))
        };
        let mut desks = self.desks.iter().filter(|desk| desk.profile().bill.is_some()).filter(named);
        match (desks.next(), desks.next()) {
            (Some(desk), None) => Ok(desk),
            (None, _) => Err(ReconcileFault::Account(Error::setting("account", "no account here has bills"))),
            (Some(_), Some(_)) => Err(ReconcileFault::Account(Error::setting(
                "account",
                "the till has several: say which one in the options",
            ))),
        }
    }
}

/// What a bill was like: its totals and a digest.
type Whole = (BillTotals, [u8; 20]);

/// Three bits for each entry since the day.
#[derive(Default)]
struct Marks {
    lowest: EntryId,
    in_day: Bits,
    in_next_day: Bits,
    reversed: Bits,
}

impl Marks {
    fn place(&self, id: EntryId) -> Option<usize> {
        usize::try_from(id.checked_sub(self.lowest)?).ok()
    }
}

#[derive(Default)]
struct Bits(Box<[u8]>);

impl Bits {
    fn of(count: usize) -> Bits {
        Bits(alloc::vec![0; count.div_ceil(8)].into_boxed_slice())
    }

    fn set(&mut self, at: Option<usize>) {
        if let Some((byte, bit)) = at.and_then(|at| Some((self.0.get_mut(at / 8)?, at % 8))) {
            *byte |= 1 << bit;
        }
    }

    fn has(&self, at: Option<usize>) -> bool {
        at.and_then(|at| Some(self.0.get(at / 8)? & (1 << (at % 8)) != 0)).unwrap_or_default()
    }
}

/// One day, one account.
struct Books<'a> {
    till: &'a Till,
    desk: &'a Desk,
    account: String,
    date: String,
    day: (i64, i64),
    has_next_day: bool,
    marks: Marks,
    done: Reconciled,
}

impl Books<'_> {
    // ---- the journal ----

    fn page(&self, before: EntryId) -> Result<Vec<Entry>, JournalFault> {
        self.till.journal.with(|journal| journal.before(before, PAGE))
    }

    /// Whether a page lies wholly before the day: by the gateway's own times, and only where a page has none by those of the settlements.
    fn is_long_before(&self, page: &[Entry]) -> bool {
        let oldest = self.day.0.saturating_sub(MARGIN);
        let of_gateway = |entry: &Entry| ChinaTime::read(entry.evidence("time_end")?).map(ChinaTime::unix_seconds);
        let times: Vec<i64> = page.iter().filter_map(of_gateway).collect();
        let settled = page.iter().filter_map(|entry| entry.settled_at);
        match times.is_empty() {
            false => times.into_iter().all(|time| time < oldest),
            true => settled.clone().next().is_some() && settled.into_iter().all(|time| time < oldest),
        }
    }

    /// Each entry from the newest back to the day, page by page.
    fn walk(&self, each: &mut dyn FnMut(&Entry)) -> Result<(), JournalFault> {
        let mut before = EntryId::MAX;
        loop {
            let page = self.page(before)?;
            let Some(last) = page.last() else { return Ok(()) };
            before = last.id;
            page.iter().for_each(&mut *each);
            if self.is_long_before(&page) {
                return Ok(());
            }
        }
    }

    fn mark_range(&mut self) -> Result<(), JournalFault> {
        let (mut lowest, mut highest) = (EntryId::MAX, 0);
        self.walk(&mut |entry| {
            lowest = lowest.min(entry.id);
            highest = highest.max(entry.id);
        })?;
        let count = usize::try_from(highest.saturating_sub(lowest).saturating_add(1)).unwrap_or_default();
        let bits = || Bits::of(count);
        self.marks = Marks { lowest, in_day: bits(), in_next_day: bits(), reversed: bits() };
        Ok(())
    }

    // ---- the bill ----

    /// Reads a bill to its end. `Ok`: it is whole.
    fn read(
        source: &mut dyn BillSource,
        each: &mut dyn FnMut(BillLine<'_>) -> Result<(), JournalFault>,
    ) -> Result<Whole, ReconcileFault> {
        let (mut reader, mut sha1, mut failed) = (BillReader::new(), sha1::Sha1::new(), None);
        let read = source.read(&mut |piece| {
            sha1.update(piece);
            reader.read(piece, &mut |line| {
                if failed.is_none() {
                    failed = each(line).err();
                }
            });
        });
        read.map_err(ReconcileFault::Bill)?;
        if let Some(fault) = failed {
            return Err(fault.into());
        }
        let totals = match reader.end() {
            // Nobody paid on that day: what the journal has of it is told.
            Err(BillFault::Empty) => Ok(BillTotals::default()),
            end => end.map_err(ReconcileFault::Bill),
        };
        Ok((totals?, sha1.finalize().into()))
    }

    /// The number that a row is about, where this terminal made it, for this merchant.
    fn own_number<'r>(&self, row: &BillRow<'r>) -> Option<&'r str> {
        let profile = self.desk.profile();
        let is = |column, name| match (row.get(column), profile.identifier(name)) {
            (Some(value), Some(own)) => value == own,
            // Without a sub-merchant the column says 0.
            (Some(value), None) => matches!(value, "" | "0"),
            (None, _) => true,
        };
        let own = is(Column::MchId, "mch_id") && is(Column::AppId, "appid") && is(Column::SubMchId, "sub_mch_id");
        let mine = |number: &&str| self.till.numbers.is_mine(Numbers::DateSerial, "", number);
        let number = row.out_trade_no();
        match row.state() {
            Some(BillState::Refund) => {
                let refund = row.out_refund_no().filter(mine);
                // A refund of our order that was made elsewhere.
                refund.or_else(|| row.out_refund_no().filter(|_| mine(&number)))
            }
            _ => Some(number).filter(mine),
        }
        .filter(|_| own)
    }

    fn entry_of(&self, number: &str) -> Result<Option<Entry>, JournalFault> {
        self.till.journal.with(|journal| journal.by_order_number(&self.account, number))
    }

    /// The first reading: whether it is whole, the day's and the merchant's, and which entries it has. `next`: the date of the next day, of whose bill it is.
    fn mark(&mut self, source: &mut dyn BillSource, next: Option<String>) -> Result<Whole, ReconcileFault> {
        let mut marks = core::mem::take(&mut self.marks);
        let this = &*self;
        let date = next.as_ref().unwrap_or(&this.date);
        let (mut ours, mut another) = (false, false);
        let whole = Books::read(source, &mut |line| {
            let BillLine::Row(row) = line else { return Ok(()) };
            let merchant = row.get(Column::MchId).zip(this.desk.profile().identifier("mch_id"));
            match (date_of(&row), merchant.is_none_or(|(value, own)| value == own)) {
                (Some(day), true) if day == *date => ours = true,
                (None, true) => {}
                _ => another = true,
            }
            let Some(number) = this.own_number(&row) else { return Ok(()) };
            let Some(entry) = this.entry_of(number)? else { return Ok(()) };
            let at = marks.place(entry.id);
            match row.state() {
                Some(BillState::Revoked) => marks.reversed.set(at),
                _ if next.is_some() => marks.in_next_day.set(at),
                _ => marks.in_day.set(at),
            }
            Ok(())
        });
        self.marks = marks;
        if whole.is_ok() && another && !ours {
            return Err(ReconcileFault::Bill(BillFault::Another));
        }
        whole
    }

    /// One more reading, which tells the findings of a rank.
    fn tell_rows(
        &mut self,
        source: &mut dyn BillSource,
        (rank, kinds): (usize, &[FindingKind]),
        findings: &mut dyn FnMut(&BillFinding<'_>),
    ) -> Result<Whole, ReconcileFault> {
        let (this, mut done, counts) = (&*self, self.done, rank == 0);
        let whole = Books::read(source, &mut |line| {
            let (verdict, entry, row, at) = match &line {
                BillLine::Row(row) => match this.own_number(row) {
                    Some(number) => {
                        let entry = this.entry_of(number)?;
                        let is_reversed =
                            entry.as_ref().is_some_and(|entry| this.marks.reversed.has(this.marks.place(entry.id)));
                        let others = Others { is_reversed, has_next_day: this.has_next_day };
                        (rules::of_row(entry.as_ref(), row, others), entry, Some(row), row.line())
                    }
                    None => {
                        done.foreign = done.foreign.saturating_add(counts.into());
                        return Ok(());
                    }
                },
                BillLine::Unreadable { line, .. } => (Verdict::Differs(FindingKind::Unreadable), None, None, *line),
            };
            count(&mut done, verdict, counts);
            if let Verdict::Differs(kind) = verdict
                && kinds.contains(&kind)
            {
                done.findings = done.findings.saturating_add(1);
                findings(&BillFinding { kind, entry: entry.as_ref(), row, line: Some(at) });
            }
            Ok(())
        })?;
        done.rows = whole.0.rows;
        self.done = done;
        Ok(whole)
    }

    /// The entries that the bill does not have.
    fn tell_missing(
        &mut self,
        (rank, kinds): (usize, &[FindingKind]),
        findings: &mut dyn FnMut(&BillFinding<'_>),
    ) -> Result<(), JournalFault> {
        let (this, mut done) = (&*self, self.done);
        this.walk(&mut |entry| {
            let Some(endpoint) = this.till.endpoint_of(entry).filter(|_| entry.account == this.account) else { return };
            let at = this.marks.place(entry.id);
            if this.marks.in_day.has(at) {
                return;
            }
            let day = rules::day_of(entry, &this.date, this.day);
            match rules::of_no_row(entry, endpoint, day, (this.marks.in_next_day.has(at), this.has_next_day)) {
                Some(Verdict::Differs(kind)) if kinds.contains(&kind) => {
                    done.findings = done.findings.saturating_add(1);
                    findings(&BillFinding { kind, entry: Some(entry), row: None, line: None });
                }
                Some(Verdict::Waits) => count(&mut done, Verdict::Waits, rank == 0),
                _ => {}
            }
        })?;
        self.done = done;
        Ok(())
    }
}

/// Eight digits: the day on which a payment succeeded, which is the bill's own (POS flows 7.3). Samples print it in two ways.
fn date_of(row: &BillRow<'_>) -> Option<String> {
    row.state().filter(|state| *state == BillState::Success)?;
    let day: String = row.get(Column::Time)?.chars().filter(char::is_ascii_digit).take(8).collect();
    Some(day).filter(|day| day.len() == 8)
}

fn count(done: &mut Reconciled, verdict: Verdict, counts: bool) {
    let place = match verdict {
        Verdict::Agrees => &mut done.agrees,
        Verdict::ReversedAgrees => &mut done.reversed_agrees,
        Verdict::RefundAgrees => &mut done.refund_agrees,
        Verdict::Waits => &mut done.waits,
        Verdict::Differs(_) => return,
    };
    *place = place.saturating_add(counts.into());
}
