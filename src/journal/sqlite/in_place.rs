//! Lines of the lock file that are written in place, so that it is as long after years as on the first day. Each kind has two, next to each
//! other: one flipped bit, or one torn write, leaves the other. Their check tells a line that is whole from one that is not.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::marker::PhantomData;

use crate::journal::digest::Digest;

/// A kind of line.
pub(super) trait Line: Copy {
    const BEGINS: &'static str;
    /// With its check and its line break it is always the same.
    const LENGTH: usize;

    /// What it says, behind `BEGINS`.
    fn words(self) -> String;

    /// Reads these words.
    fn read(words: &str) -> Option<Self>;

    fn line(self) -> String {
        let words = [Self::BEGINS, &self.words(), " check "].concat();
        let check = check(&words);
        words + &check + "\n"
    }

    /// Torn or changed, it says nothing. Without its line break.
    fn whole(line: &str) -> Option<Self> {
        let (words, _) = line.strip_prefix(Self::BEGINS)?.split_once(" check ")?;
        let read = Self::read(words)?;
        (read.line().trim_end() == line).then_some(read)
    }
}

fn check(words: &str) -> String {
    let mut digest = Digest::of("note");
    digest.text(words.as_bytes());
    digest.finish().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Where the first of the two lines is.
#[derive(Debug)]
pub(super) struct InPlace<L>(Option<u64>, PhantomData<L>);

impl<L: Line> InPlace<L> {
    /// Finds the two lines in the lock file's bytes, and all that whole ones say, with their places.
    pub(super) fn find(bytes: &[u8]) -> (InPlace<L>, Vec<(usize, L)>) {
        let (mut place, mut said, mut before) = (None, Vec::new(), None);
        // Not by lines: a flipped line break would join the two.
        let places = bytes.windows(L::BEGINS.len()).enumerate().filter(|(_, part)| *part == L::BEGINS.as_bytes());
        for at in places.map(|(at, _)| at) {
            let line = bytes.get(at..at.saturating_add(L::LENGTH).saturating_sub(1)).unwrap_or_default();
            said.extend(core::str::from_utf8(line).ok().and_then(L::whole).map(|line| (at, line)));
            let is_second = before.and_then(|before: usize| before.checked_add(L::LENGTH)) == Some(at);
            place = if is_second { before } else { place };
            // The second one of a pair begins no other pair.
            before = (!is_second).then_some(at);
        }
        (InPlace(place.and_then(|place| u64::try_from(place).ok()), PhantomData), said)
    }

    /// Whether the file has them.
    pub(super) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the second one is here.
    pub(super) fn is_second(&self, at: usize) -> bool {
        let second = self.0.and_then(|first| usize::try_from(first).ok()?.checked_add(L::LENGTH));
        second == Some(at)
    }

    /// Adds the two lines, behind these words.
    pub(super) fn add(&mut self, mut file: &File, words: &str, line: L) -> io::Result<()> {
        // The line break ends what a power cut may have torn.
        let end = file.seek(SeekFrom::End(0))?;
        file.write_all([words, "\n", &line.line(), &line.line()].concat().as_bytes())?;
        let length = u64::try_from(words.len()).unwrap_or_default().saturating_add(1);
        self.0 = Some(end.saturating_add(length));
        Ok(())
    }

    /// Writes both. Before [`InPlace::add`] it writes nothing.
    pub(super) fn write(&self, file: &File, line: L) -> io::Result<()> {
        self.put(file, 0, &line.line().repeat(2))
    }

    /// Writes the first or the second.
    pub(super) fn write_one(&self, file: &File, second: bool, line: L) -> io::Result<()> {
        self.put(file, if second { L::LENGTH } else { 0 }, &line.line())
    }

    fn put(&self, mut file: &File, behind: usize, text: &str) -> io::Result<()> {
        let Some(at) = self.0 else { return Ok(()) };
        file.seek(SeekFrom::Start(at.saturating_add(u64::try_from(behind).unwrap_or_default())))?;
        file.write_all(text.as_bytes())
    }
}
