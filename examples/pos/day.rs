//! The entries of today, and the closing of a day.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wxpay_terminal::{
    BillFault, BillSource, Bills, ChinaTime, Clock, DownloadBill, EntryId, ReconcileFault, Reconciled, SystemClock,
};

use super::words::{in_yuan, spelled, state};
use super::{Pos, Result};

const DAY: Duration = Duration::from_secs(86_400);
const NO_BILL_YET: &str = "  模拟器：用 --bills-at-once 启动，或在控制台把时钟拨到次日 10:00 以后
  (the simulator: start it with --bills-at-once, or put its clock behind 10:00 of the next day, in its console)";

/// What a bill laid beside the journal gave.
struct Laid {
    done: Reconciled,
    findings: Vec<String>,
    entries: Vec<EntryId>,
}

impl Pos {
    pub fn list(&self) -> Result<()> {
        let today = midnight(&today()?)?;
        let mut all = self.entries("sale")?;
        all.extend(self.entries("return")?);
        all.retain(|reported| reported.entry.begun_at >= today.unix_seconds());
        for reported in &all {
            let entry = &reported.entry;
            let of = entry.of.as_ref().map_or(String::new(), |order| format!("  退 of {order}"));
            let (name, number, state) = (&entry.intent, &entry.order_number, state(&reported.outcome));
            println!("  {name:<10} {number:<20} {:>9}  {state}{of}", spelled(entry.amount));
        }
        println!("  今日 {} 笔 (entries today)", all.len());
        Ok(())
    }

    /// The merchant's bill of a day beside the journal. The till asks about each entry that differs.
    pub fn close_the_day(&self, date: Option<&str>) -> Result<()> {
        let date = date.map_or_else(today, |date| Ok(date.into()))?;
        let day = midnight(&date)?;
        let not_closed = |error: &dyn std::error::Error| println!("  {error}\n=> day {date} not-closed");
        let bills = match (self.download(day), self.download(day.plus(DAY)?)) {
            (Ok(of_day), Ok(next)) => (of_day, next),
            (Err(error), _) | (_, Err(error)) => {
                not_closed(&*error);
                return Ok(());
            }
        };
        let laid = match self.lay_beside(day, &bills) {
            Ok(laid) => laid,
            Err(fault) => {
                not_closed(&fault);
                if matches!(fault, ReconcileFault::Bill(BillFault::Creating)) {
                    println!("{NO_BILL_YET}");
                }
                return Ok(());
            }
        };
        laid.findings.iter().for_each(|finding| println!("  {finding}"));
        for id in &laid.entries {
            let told = self.till.ask_about(*id)?;
            println!("  {}: {} ({})", told.entry.order_number, told.outcome.cashier().zh, told.outcome.cashier().en);
        }
        self.print_for_the_bookkeeper(day, &laid.done)?;
        // What the gateway proved is in the journal now. What still differs is a person's.
        let left = match laid.entries.is_empty() {
            true => laid.done.findings,
            false => self.lay_beside(day, &bills)?.done.findings,
        };
        println!("  {left} 项需人工处理 ({left} for a person to look at)\n=> day {date} closed {left}");
        Ok(())
    }

    fn lay_beside(
        &self,
        day: ChinaTime,
        (of_day, next): &(PathBuf, PathBuf),
    ) -> std::result::Result<Laid, ReconcileFault> {
        match self.lay(day, of_day, Some(next)) {
            // There is none before the next day is over: what only it can say waits.
            Err(ReconcileFault::NextBill(_)) => self.lay(day, of_day, None),
            laid => laid,
        }
    }

    fn lay(&self, day: ChinaTime, of_day: &Path, next: Option<&PathBuf>) -> std::result::Result<Laid, ReconcileFault> {
        let not_read = |error: std::io::Error| ReconcileFault::Bill(BillFault::NotRead(error.to_string()));
        let mut of_day = File::open(of_day).map_err(not_read)?;
        let mut next = next.map(File::open).transpose().map_err(not_read)?;
        let of_next_day = next.as_mut().map(|file| file as &mut dyn BillSource);
        let (mut findings, mut entries) = (Vec::new(), Vec::new());
        // Nothing counts before `reconcile` returns: the bill may turn out to be torn.
        let bills = Bills { of_day: &mut of_day, of_next_day };
        let done = self.till.reconcile(day, bills, &mut |finding| {
            findings.push(format!("{}\n  ({})", finding.zh(), finding.en()));
            entries.extend(finding.entry.map(|entry| entry.id));
        })?;
        Ok(Laid { done, findings, entries })
    }

    fn print_for_the_bookkeeper(&self, day: ChinaTime, done: &Reconciled) -> Result<()> {
        println!("  账单共 {} 行，其他终端 {} 行 (rows, of others)", done.rows, done.foreign);
        println!("  收款一致 {} (payments that agree)", done.agrees);
        println!("  撤销一致 {} (reversals that agree)", done.reversed_agrees);
        println!("  退款一致 {} (refunds that agree)", done.refund_agrees);
        println!("  待次日账单 {} (wait for the next day's bill)", done.waits);
        println!("  差异 {} (findings)", done.findings);
        let from = day.unix_seconds();
        for sum in self.till.summary(from, day.plus(DAY)?.unix_seconds())? {
            println!("  日志 journal: {} {} {} 笔 {} 元", sum.call, sum.outcome, sum.count, in_yuan(sum.fen));
        }
        Ok(())
    }

    /// Into a file: it is read several times, and a long one does not fit into memory.
    fn download(&self, day: ChinaTime) -> Result<PathBuf> {
        let path = self.place.folder.join(format!("bill-{}", day.date_digits()));
        let mut file = File::create(&path)?;
        let mut written = Ok(());
        self.client.download(&DownloadBill::of(day), &mut |piece| {
            if written.is_ok() {
                written = file.write_all(piece);
            }
        })?;
        written?;
        Ok(path)
    }
}

/// The day in China, by this machine's clock.
fn today() -> Result<String> {
    Ok(ChinaTime::from_unix(SystemClock.unix_seconds())?.date_digits())
}

fn midnight(date: &str) -> Result<ChinaTime> {
    Ok(ChinaTime::read(&format!("{date}000000")).ok_or("日期如 20261130 a date is as 20261130")?)
}
