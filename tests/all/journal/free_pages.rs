//! The list of free pages, and pointers that lead to another table: SQLite writes where they say. No opening reads all of them.

use std::collections::BTreeSet;
use std::fs;

use wxpay_terminal::*;

use crate::journal::flips::{PAGE, begin_at, open, rows};
use crate::journal::journal::{Folder, accepted, copy_folder};
use crate::journal::years::years;
use crate::support::{NOW, size};

const DAY: i64 = 86_400;

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn put(bytes: &mut [u8], at: usize, number: usize) {
    bytes[at..at + 4].copy_from_slice(&(number as u32).to_be_bytes());
}

fn with(folder: &Folder, bytes: &[u8]) -> Folder {
    let copy = Folder::new();
    copy_folder(&folder.0, &copy.0);
    fs::write(copy.journal(), bytes).unwrap();
    copy
}

/// A journal whose oldest day was pruned, and payments that are under way.
fn pruned() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    years(&folder, 600);
    let mut journal = open(&folder.journal()).unwrap();
    assert!(journal.prune(NOW - 3 * DAY, NOW - 3 * DAY, &|_| None).unwrap() > 250);
    // The next ones put some away.
    for count in 0..60 {
        let id = begin_at(&mut journal, "sendredpack", &format!("today {count}"), NOW).unwrap().id;
        journal.settle(id, &accepted(), NOW + 2).unwrap();
        journal.acknowledge(id, NOW + 3).unwrap();
    }
    (0..UNDER_WAY).for_each(|at| drop(begin_at(&mut journal, "sendredpack", &under_way(at), NOW).unwrap()));
    drop(journal);
    let bytes = fs::read(folder.journal()).unwrap();
    (folder, bytes)
}

const UNDER_WAY: usize = 20;

fn under_way(number: usize) -> String {
    format!("{number:02} is under way")
}

/// Some days of work, as far as the journal lets them be. Whatever becomes of it: what is under way is never unknown, and never begun again.
/// Returns whether anything was refused.
fn work(folder: &Folder, at: &str) -> bool {
    let Ok(mut journal) = open(&folder.journal()) else { return true };
    let mut refused = false;
    for count in 0..24 {
        let paid = begin_at(&mut journal, "sendredpack", &format!("next {count}"), NOW).and_then(|entry| {
            journal.settle(entry.id, &accepted(), NOW + 2)?;
            journal.acknowledge(entry.id, NOW + 3)
        });
        refused |= paid.is_err();
        let intent = under_way(count % UNDER_WAY);
        match journal.of_intent(&intent) {
            Ok(found) => assert_eq!(found.len(), 1, "{at}: {intent}, after {count}"),
            Err(_) => refused = true,
        }
        assert!(begin_at(&mut journal, "sendredpack", &intent, NOW).is_err(), "{at}: {intent} begins again");
    }
    // What goes makes pages of a tree one.
    refused |= (0..10).any(|_| journal.prune_step(NOW - 2 * DAY, NOW - 2 * DAY, &|_| None, 16).is_err());
    for number in 0..UNDER_WAY {
        let found = journal.of_intent(&under_way(number));
        refused |= found.is_err();
        assert!(found.map_or(1, |found| found.len()) == 1, "{at}: {number} is unknown");
        assert!(begin_at(&mut journal, "sendredpack", &under_way(number), NOW).is_err(), "{at}: {number} begins again");
    }
    refused |= journal.verify().is_err();
    drop(journal);
    let Ok(mut journal) = open(&folder.journal()) else { return true };
    for number in 0..UNDER_WAY {
        let begun = begin_at(&mut journal, "sendredpack", &under_way(number), NOW);
        assert!(begun.is_err(), "{at}: {} begins again, later", under_way(number));
    }
    refused
}

#[test]
fn a_page_in_use_that_is_named_free_is_damage() {
    let (folder, whole) = pruned();
    let (part, count) = (number(&whole, 32), number(&whole, 36));
    assert!(count > 20 && part > 1, "{count} free pages");
    let begin = (part - 1) * PAGE;
    let named = number(&whole, begin + 4);
    assert!(named > 10, "{named}");
    assert!(!work(&with(&folder, &whole), "as it is"));
    let roots = rows(&folder.journal(), "SELECT rootpage FROM sqlite_schema WHERE rootpage > 0").unwrap();
    let roots = roots.iter().map(|root| root["Integer(".len()..root.len() - 1].parse().unwrap());
    // Each place of the list in turn names each of these, and itself, and what is not there.
    let others: BTreeSet<usize> =
        roots.chain([1, part, number(&whole, begin + 8), whole.len() / PAGE + 1, 0]).collect();
    for (place, other) in (0..named).zip(others.iter().cycle()).take(60) {
        let mut bytes = whole.clone();
        let at = begin + 8 + 4 * place;
        if number(&bytes, at) == *other {
            continue;
        }
        put(&mut bytes, at, *other);
        let fault = open(&with(&folder, &bytes).journal()).map(drop).unwrap_err();
        assert_eq!(fault.kind(), JournalFaultKind::Damaged, "place {place}, page {other}");
    }
    // Each bit of it: refused, or it goes on as it would have.
    let mut bits: Vec<usize> = (32 * 8..40 * 8).chain(begin * 8..(begin + 8 + 4 * named) * 8).collect();
    let stride = size("WXPAY_FREE_BITS", 97, 7) as usize;
    bits.retain(|bit| bit % stride == 0);
    let mut refused = 0;
    for bit in &bits {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        refused += usize::from(work(&with(&folder, &bytes), &format!("bit {bit}")));
    }
    println!("bits of the list of free pages: {}, refused {refused}", bits.len());
    assert!(refused * 2 > bits.len());
}

/// Another program may leave bytes in free pages: then the whole file is read, and it opens.
#[test]
fn free_pages_that_hold_something_are_free() {
    let folder = Folder::new();
    years(&folder, 100);
    let shell = rusqlite::Connection::open(folder.journal()).unwrap();
    shell
        .execute_batch("PRAGMA secure_delete = OFF; CREATE TABLE other (words BLOB); INSERT INTO other VALUES (randomblob(30000)); DROP TABLE other")
        .unwrap();
    drop(shell);
    let bytes = fs::read(folder.journal()).unwrap();
    let part = (number(&bytes, 32) - 1) * PAGE;
    let free = number(&bytes, part + 8) - 1;
    assert!(
        bytes[free * PAGE..(free + 1) * PAGE].iter().any(|byte| *byte != 0),
        "another program blanks what it frees"
    );
    let mut journal = open(&folder.journal()).unwrap();
    journal.verify().unwrap();
}

/// The pages below a page of a tree, where it has some, with the places of the pointers.
fn below(bytes: &[u8], page: usize) -> Vec<(usize, usize)> {
    let begin = (page - 1) * PAGE;
    if !matches!(bytes[begin], 2 | 5) {
        return Vec::new();
    }
    let cells = u16::from_be_bytes([bytes[begin + 3], bytes[begin + 4]]) as usize;
    let cell =
        |cell: usize| begin + u16::from_be_bytes([bytes[begin + 12 + 2 * cell], bytes[begin + 13 + 2 * cell]]) as usize;
    (0..cells).map(cell).chain([begin + 8]).map(|at| (at, number(bytes, at))).collect()
}

fn pointers(bytes: &[u8], root: usize) -> Vec<(usize, usize)> {
    let own = below(bytes, root);
    let deeper: Vec<_> = own.iter().flat_map(|(_, page)| pointers(bytes, *page)).collect();
    [own, deeper].concat()
}

/// A pointer of what no opening reads leads to a page of what decides: SQLite may write there.
#[test]
fn a_pointer_that_leads_to_another_table_never_makes_an_intent_unknown() {
    let (folder, whole) = pruned();
    let root = |name: &str| -> usize {
        let root =
            rows(&folder.journal(), &format!("SELECT rootpage FROM sqlite_schema WHERE name = '{name}'")).unwrap();
        root[0]["Integer(".len()..root[0].len() - 1].parse().unwrap()
    };
    let leaves = |name: &str| -> Vec<usize> {
        let all: Vec<usize> =
            pointers(&whole, root(name)).into_iter().map(|(_, page)| page).chain([root(name)]).collect();
        all.into_iter().filter(|page| matches!(whole[(page - 1) * PAGE], 10 | 13)).collect()
    };
    let (mut tried, mut refused) = (0, 0);
    for (from, to) in
        [("keys", "entries_by_intent"), ("keys", "sqlite_autoindex_entries_1"), ("past", "entries"), ("past", "fields")]
    {
        let from = pointers(&whole, root(from));
        let to = leaves(to);
        assert!(from.len() > 20 && !to.is_empty(), "{} {}", from.len(), to.len());
        // The last ones are where entries that are put away are written next.
        let some =
            from.iter().step_by(from.len() / size("WXPAY_POINTERS", 3, 40) as usize).chain(from.iter().rev().take(4));
        for ((at, _), page) in some.zip(to.iter().rev().cycle()) {
            let mut bytes = whole.clone();
            put(&mut bytes, *at, *page);
            tried += 1;
            refused += usize::from(work(&with(&folder, &bytes), &format!("the pointer at {at} to page {page}")));
        }
    }
    println!("pointers that lead to another table: {tried}, noticed {refused}");
    assert_eq!(tried, refused);
}
