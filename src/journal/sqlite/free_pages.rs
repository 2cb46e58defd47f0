//! The pages that SQLite will write over next. The list of them is in no table, and an opening checks tables: a flipped bit could name a page
//! there that holds entries.
//!
//! `secure_delete` fills a page with zeros when it becomes free, and no page in use begins with zeros. SQLite takes pages from the first
//! parts of the list only, so these are looked at: at each opening, and whenever the WAL was moved. Where another program left other bytes in
//! a free page, the whole file tells which pages are free.
//!
//! Document: SQLite's "Database File Format", 1.3 (the header) and 1.5 (the freelist).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::faults::{Result, io_fault};

/// Parts of the list that are read. Each names a quarter of a thousand pages: a WAL of usual length takes fewer.
const PARTS: usize = 4;
/// So many bytes of a free page are looked at. Two numbers begin a page that holds the end of a long text: then the text follows.
const LOOKED_AT: usize = 16;
const HEADER: usize = 100;

/// Whether the next pages that SQLite will take are free beyond doubt. The file must hold everything: nothing is left in the WAL.
pub(super) fn are_free(file: &File) -> Result<bool> {
    match look(file) {
        Ok(are_free) => Ok(are_free),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(io_fault("the file", &error)),
    }
}

fn look(file: &File) -> io::Result<bool> {
    let header = read(file, 0, HEADER)?;
    let page = match number(&header, 16) >> 16 {
        1 => 65_536,
        size => size,
    };
    let length = file.metadata()?.len();
    let mut list = List { file, page, pages: length.checked_div(page.into()).unwrap_or(0), seen: BTreeSet::new() };
    let all = usize::try_from(number(&header, 36)).unwrap_or(usize::MAX);
    let mut part = number(&header, 32);
    for _ in 0..PARTS {
        if part == 0 {
            return Ok(list.seen.len() == all);
        }
        match list.part(part)? {
            Some(next) => part = next,
            None => return Ok(false),
        }
    }
    Ok(list.seen.len() <= all)
}

struct List<'a> {
    file: &'a File,
    page: u32,
    pages: u64,
    seen: BTreeSet<u32>,
}

impl List<'_> {
    /// Looks at one part, and says where the next one is. `None`: a page in it may be in use.
    fn part(&mut self, part: u32) -> io::Result<Option<u32>> {
        if !self.claim(part) {
            return Ok(None);
        }
        let bytes = self.read(part, usize::try_from(self.page).unwrap_or(0))?;
        let (next, count) = (number(&bytes, 0), number(&bytes, 4));
        if count > (self.page / 4).saturating_sub(2) || u64::from(next) > self.pages {
            return Ok(None);
        }
        for free in 0..usize::try_from(count).unwrap_or(0) {
            let free = number(&bytes, free.saturating_add(2).saturating_mul(4));
            if !self.claim(free) || self.read(free, LOOKED_AT)?.iter().any(|byte| *byte != 0) {
                return Ok(None);
            }
        }
        Ok(Some(next))
    }

    fn claim(&mut self, page: u32) -> bool {
        (2..=self.pages).contains(&page.into()) && self.seen.insert(page)
    }

    fn read(&self, page: u32, length: usize) -> io::Result<Vec<u8>> {
        let before = u64::from(page).saturating_sub(1);
        read(self.file, before.saturating_mul(self.page.into()), length)
    }
}

fn read(mut file: &File, from: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(from))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Four bytes, the highest first.
fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.iter().skip(at).take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}
