//! `wxpay-fleet FOLDER SCRATCH DAY TERMINALS ROWS EACH`: a fleet's journals and its merchant's bills, for `ci/fleet`.
//!
//! The journals of the first 20 terminals are written by the library (`SqliteJournal`), the others in bulk (`book.rs`): in SCRATCH, then
//! collected into `FOLDER/journals`. The bill of DAY (`2026-11-21`) has exactly ROWS rows. EACH discrepancies of each kind are listed in `FOLDER/planted.tsv`, which the SQL never sees.

mod bill;
mod book;
mod calendar;
mod planted;
mod shop;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use wxpay_terminal::ChinaTime;

use bill::Printed;
use calendar::{DAY, Dice, clock};
use planted::KINDS;
use shop::{BILLS, Closed, JUDGED, Shop, foreign};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const SEED: u64 = 2026;
/// So many journals are the library's own.
const BY_LIBRARY: u16 = 20;

struct Plan {
    folder: PathBuf,
    scratch: PathBuf,
    day: i64,
    terminals: usize,
    rows: usize,
    each: usize,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, scratch, day, terminals, rows, each] = &arguments[..] else {
        return Err("wxpay-fleet FOLDER SCRATCH DAY TERMINALS ROWS EACH".into());
    };
    let day = ChinaTime::read(&format!("{}000000", day.replace('-', ""))).ok_or("DAY is a day: 2026-11-21")?;
    let plan = Plan {
        folder: folder.into(),
        scratch: scratch.into(),
        day: day.unix_seconds(),
        terminals: terminals.parse()?,
        rows: rows.parse()?,
        each: each.parse()?,
    };
    make(&plan)
}

fn make(plan: &Plan) -> Result<()> {
    fs::create_dir_all(plan.folder.join("journals"))?;
    fs::create_dir_all(plan.folder.join("bills"))?;
    fs::create_dir_all(&plan.scratch)?;
    let threads = thread::available_parallelism().map_or(1, |many| many.get());
    let (next, (send, receive)) = (AtomicUsize::new(0), mpsc::channel());
    thread::scope(|scope| {
        for _ in 0..threads {
            let (next, send) = (&next, send.clone());
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= plan.terminals || send.send(terminal(plan, at)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
    });
    let (mut rows, mut planted) = (<[Vec<Printed>; BILLS]>::default(), Vec::new());
    for made in receive {
        let shop = made?;
        for (bill, rows) in rows.iter_mut().zip(shop.rows) {
            bill.extend(rows);
        }
        planted.extend(shop.planted);
    }
    fill(plan, &mut rows)?;
    for (at, rows) in (0_i64..).zip(rows.iter_mut()) {
        let day = clock(plan.day + (at - 1) * DAY);
        bill::write(&plan.folder.join("bills").join(format!("{}.csv", &day[..10])), rows)?;
    }
    let mut list: Vec<String> = planted.iter().map(|(kind, key)| format!("{kind}\t{key}\n")).collect();
    list.sort();
    fs::write(plan.folder.join("planted.tsv"), list.concat())?;
    let mut counts = BTreeMap::new();
    planted.iter().for_each(|(kind, _)| *counts.entry(kind).or_insert(0) += 1);
    println!("journals {}, rows of the bill {}, planted {counts:?}", plan.terminals, plan.rows);
    Ok(())
}

fn terminal(plan: &Plan, at: usize) -> Result<Closed> {
    let number = u16::try_from(at + 1)?;
    let name = format!("{number:05}.db");
    let path = plan.scratch.join(&name);
    let mut shop = Shop::open(&path, number, (plan.day, SEED), number > BY_LIBRARY)?;
    for (kind, turn) in its_share(plan, at) {
        shop.plant(kind, turn)?;
    }
    shop.midnights()?;
    // The rest of the bill is other systems'.
    let own = (plan.rows * 97 / 100).saturating_sub(plan.each * KINDS.len() * 2) / plan.terminals;
    while shop.rows[JUDGED].len() < own {
        shop.something(0)?;
    }
    for days in [-1, 1, 2] {
        (0..own / 50).try_for_each(|_| shop.something(days))?;
    }
    let closed = shop.close()?;
    collect(&path, &plan.folder.join("journals").join(&name))?;
    Ok(closed)
}

/// Which of the discrepancies lie at this terminal.
fn its_share(plan: &Plan, at: usize) -> impl Iterator<Item = (usize, usize)> {
    let all = plan.each * KINDS.len();
    let terminals = plan.terminals;
    // 7919 is a prime: neighbours lie apart.
    (0..all).filter(move |one| one * 7919 % terminals == at).map(|one| (one % KINDS.len(), one / KINDS.len()))
}

/// A closed journal is one file: its WAL was moved into it. The lock file stays with the terminal.
fn collect(path: &Path, to: &Path) -> Result<()> {
    fs::copy(path, to)?;
    for end in ["", ".lock", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Other systems of the merchant share its bill.
fn fill(plan: &Plan, rows: &mut [Vec<Printed>; BILLS]) -> Result<()> {
    let mut dice = Dice(SEED);
    for (days, bill) in (-1_i64..).zip(rows.iter_mut()) {
        let missing =
            if days == 0 { plan.rows.checked_sub(bill.len()).ok_or("too few rows for so many terminals")? } else { 20 };
        for count in 0..missing {
            let at = plan.day + days * DAY + dice.below(DAY);
            bill.push(foreign(&mut dice, at, u64::try_from(count)?).print());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use rusqlite::Connection;
    use wxpay_terminal::ChinaTime;

    use super::{KINDS, SEED, Shop};

    /// All that a person or the SQL reads of a journal, and the fields and evidence of these entries.
    fn rows(path: &Path, of: &str) -> Vec<String> {
        let connection = Connection::open(path).unwrap();
        let of = format!("WHERE entry IN ({of}) ORDER BY entry, position");
        let mut all = Vec::new();
        for (columns, table, which) in [
            ("*", "payments", "ORDER BY id"),
            ("*", "evidence", &*of),
            ("*", "fields", &*of),
            ("terminal, device_info", "journal", ""),
        ] {
            let mut select = connection.prepare(&format!("SELECT {columns} FROM {table} {which}")).unwrap();
            let width = select.column_count();
            let read = select.query_map([], |row| {
                (0..width).map(|at| row.get_ref(at).map(|value| format!("{value:?}"))).collect::<Result<String, _>>()
            });
            all.extend(read.unwrap().map(Result::unwrap));
        }
        all
    }

    /// The entries that the library did not put away: of the others the fields are its own business.
    fn others(path: &Path) -> String {
        let connection = Connection::open(path).unwrap();
        connection.query_row("SELECT group_concat(id) FROM entries", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn both_ways_give_the_same_rows() {
        let folder = std::env::temp_dir().join(format!("wxpay-fleet-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut of = String::new();
        let made = [false, true].map(|in_bulk| {
            let path = folder.join(format!("{in_bulk}.db"));
            let day = ChinaTime::read("20261121000000").unwrap().unix_seconds();
            let mut shop = Shop::open(&path, 7, (day, SEED), in_bulk).unwrap();
            for one in 0..KINDS.len() * 7 {
                shop.plant(one % KINDS.len(), one / KINDS.len()).unwrap();
            }
            shop.midnights().unwrap();
            (0..300).for_each(|_| shop.something(0).unwrap());
            let closed = shop.close().unwrap();
            let lines: Vec<String> = closed.rows.into_iter().flatten().map(|row| row.line).collect();
            if !in_bulk {
                of = others(&path);
            }
            (rows(&path, &of), lines, closed.planted)
        });
        fs::remove_dir_all(&folder).unwrap();
        let [library, bulk] = made;
        assert!(library.0.len() > 1000 && library.1.len() > 300, "{} {}", library.0.len(), library.1.len());
        assert!(library == bulk);
    }
}
