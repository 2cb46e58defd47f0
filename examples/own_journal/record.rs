//! What lies in the chip: records, one after the other, and two marks that say how far they go.
//!
//! ```text
//! mark 0, mark 1     sequence, end, check       written in turns, after its record
//! record             length, sequence, kind and body, check
//! ```

use wxpay_terminal::*;

/// Where the records begin.
pub const FIRST: usize = 2 * MARK;
pub const MARK: usize = 24;

/// FNV-1a. It finds each flipped bit. Your chip's CRC does as well.
fn check(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// How far the records went when this mark was written.
pub fn mark(sequence: u64, end: usize) -> Vec<u8> {
    let mut mark = [sequence.to_le_bytes(), (end as u64).to_le_bytes()].concat();
    mark.extend(check(&mark).to_le_bytes());
    mark
}

/// The end of the newest mark that is whole.
pub fn marked_end(chip: &[u8]) -> Option<usize> {
    let whole = |at: usize| {
        let good = number(chip, at + 16)? == check(chip.get(at..at + 16)?);
        good.then_some((number(chip, at)?, number(chip, at + 8)? as usize))
    };
    [0, MARK].into_iter().filter_map(whole).max().map(|(_, end)| end)
}

pub fn record(sequence: u64, body: &[u8]) -> Vec<u8> {
    let mut record = (body.len() as u64).to_le_bytes().to_vec();
    record.extend(sequence.to_le_bytes());
    record.extend(body);
    record.extend(check(&record).to_le_bytes());
    record
}

/// The body of the record here, and where it ends. `None`: there is none of this sequence that is whole.
pub fn read(chip: &[u8], at: usize, sequence: u64) -> Option<(&[u8], usize)> {
    let length = number(chip, at)? as usize;
    let end = at.checked_add(16)?.checked_add(length)?;
    let good = number(chip, at + 8)? == sequence && number(chip, end)? == check(chip.get(at..end)?);
    good.then_some((chip.get(at + 16..end)?, end + 8))
}

// -- values --

#[derive(Default)]
pub struct Out(pub Vec<u8>);

impl Out {
    pub fn integer(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }

    pub fn text(&mut self, value: &str) {
        self.integer(value.len() as i64);
        self.0.extend(value.as_bytes());
    }

    fn is_some(&mut self, is_some: bool) -> bool {
        self.0.push(is_some.into());
        is_some
    }

    pub fn optional(&mut self, value: Option<i64>) {
        if self.is_some(value.is_some()) {
            self.integer(value.unwrap_or_default());
        }
    }

    pub fn optional_text(&mut self, value: Option<&str>) {
        if self.is_some(value.is_some()) {
            self.text(value.unwrap_or_default());
        }
    }

    fn pairs(&mut self, pairs: &[(String, String)]) {
        self.integer(pairs.len() as i64);
        for (name, value) in pairs {
            self.text(name);
            self.text(value);
        }
    }
}

pub struct In<'a>(pub &'a [u8]);

impl In<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn integer(&mut self) -> Option<i64> {
        Some(i64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    pub fn small(&mut self) -> Option<u32> {
        self.integer()?.try_into().ok()
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn flag(&mut self) -> Option<bool> {
        Some(self.byte()? == 1)
    }

    pub fn text(&mut self) -> Option<String> {
        let length = self.integer()?.try_into().ok()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    pub fn optional(&mut self) -> Option<Option<i64>> {
        if self.flag()? { self.integer().map(Some) } else { Some(None) }
    }

    pub fn optional_text(&mut self) -> Option<Option<String>> {
        if self.flag()? { self.text().map(Some) } else { Some(None) }
    }

    fn pairs(&mut self) -> Option<Vec<(String, String)>> {
        let count = self.integer()?;
        (0..count).map(|_| Some((self.text()?, self.text()?))).collect()
    }
}

// -- entries --

/// All of an entry, and its digest: what the chip changed is not believed.
pub fn write_entry(out: &mut Out, entry: &Entry) {
    out.0.extend(entry.digest());
    out.integer(entry.id);
    for text in [&entry.account, &entry.call, &entry.intent, &entry.order_number] {
        out.text(text);
    }
    out.integer(entry.amount.get().into());
    out.optional_text(entry.of.as_deref());
    out.pairs(&entry.fields);
    out.integer(entry.begun_at);
    out.integer(entry.attempts.into());
    out.integer(entry.last_attempt_at);
    out.integer(entry.known.into());
    out.optional_text(entry.last_words.as_ref().map(|words| words.code.as_str()));
    out.optional_text(entry.last_words.as_ref().map(|words| words.text.as_str()));
    write_state(out, &entry.state);
    out.integer(entry.reversals.into());
    out.optional(entry.last_reversal_at);
    out.optional(entry.settled_at);
    out.optional(entry.acknowledged_at);
    let decided = entry.decided.map(|decided| decided.map(char::from).iter().collect::<String>());
    out.optional_text(decided.as_deref());
    out.integer(entry.revision);
}

/// `None`: it is not as it was written.
pub fn read_entry(from: &mut In<'_>) -> Option<Entry> {
    let digest: [u8; 16] = from.take(16)?.try_into().ok()?;
    let id = from.integer()?;
    let (account, call, intent, order_number) = (from.text()?, from.text()?, from.text()?, from.text()?);
    let amount = Fen::new(from.integer()?).ok()?;
    let of = from.optional_text()?;
    let fields = from.pairs()?;
    let (account, call, intent, of) = (&account, &call, &intent, of.as_deref());
    let new = NewEntry { account, call, intent, amount, of, at: from.integer()? };
    let mut entry = Entry::new(id, &new, order_number, fields);
    entry.attempts = from.small()?;
    entry.last_attempt_at = from.integer()?;
    entry.known = from.integer()? == 1;
    let words = (from.optional_text()?, from.optional_text()?);
    entry.last_words = words.0.zip(words.1).map(|(code, text)| Words { code, text });
    entry.state = read_state(from)?;
    entry.reversals = from.small()?;
    entry.last_reversal_at = from.optional()?;
    entry.settled_at = from.optional()?;
    entry.acknowledged_at = from.optional()?;
    if let Some(decided) = from.optional_text()? {
        let bytes: Vec<u8> = decided.chars().map(|c| u8::try_from(c).ok()).collect::<Option<_>>()?;
        entry.decided = Some(bytes.try_into().ok()?);
    }
    entry.revision = from.integer()?;
    (entry.digest() == digest).then_some(entry)
}

fn write_state(out: &mut Out, state: &EntryState) {
    use Settlement::*;
    let EntryState::Recorded(settlement) = state else { return out.0.push(0) };
    match settlement {
        Accepted { queried, evidence } => {
            out.0.extend([1, (*queried).into()]);
            out.pairs(evidence);
        }
        Declined { code, text, next } => write_refusal(out, 2, (code, text), *next),
        Unproven { code, text, next } => write_refusal(out, 3, (code, text), *next),
        NotSent => out.0.push(4),
        Abandoned => out.0.push(5),
        Ordered { evidence } => write_evidence(out, 6, evidence),
        Refunding { evidence } => write_evidence(out, 7, evidence),
        PaidLate { evidence } => write_evidence(out, 8, evidence),
        ForAPerson { reason } => {
            out.0.push(9);
            out.text(reason);
        }
        ByHand { paid, name, reason } => {
            out.0.extend([10, (*paid).into()]);
            out.text(name);
            out.text(reason);
        }
        // What a later version of the library may add: it does not read back, so the entry is not stored.
        _ => out.0.push(255),
    }
}

fn write_evidence(out: &mut Out, kind: u8, evidence: &[(String, String)]) {
    out.0.push(kind);
    out.pairs(evidence);
}

fn write_refusal(out: &mut Out, kind: u8, (code, text): (&str, &str), next: Next) {
    out.0.push(kind);
    out.text(code);
    out.text(text);
    let (next, wait) = match next {
        Next::SameNumber => (0, Default::default()),
        Next::SameNumberLater(wait) => (1, wait),
        Next::NewNumber => (2, Default::default()),
        Next::Stop => (3, Default::default()),
    };
    out.0.push(next);
    out.integer(wait.as_secs() as i64);
    out.integer(wait.subsec_nanos().into());
}

fn read_state(from: &mut In<'_>) -> Option<EntryState> {
    let settlement = match from.byte()? {
        0 => return Some(EntryState::Open),
        1 => Settlement::Accepted { queried: from.flag()?, evidence: from.pairs()? },
        2 => {
            let (code, text, next) = read_refusal(from)?;
            Settlement::Declined { code, text, next }
        }
        3 => {
            let (code, text, next) = read_refusal(from)?;
            Settlement::Unproven { code, text, next }
        }
        4 => Settlement::NotSent,
        5 => Settlement::Abandoned,
        6 => Settlement::Ordered { evidence: from.pairs()? },
        7 => Settlement::Refunding { evidence: from.pairs()? },
        8 => Settlement::PaidLate { evidence: from.pairs()? },
        9 => Settlement::ForAPerson { reason: from.text()?.into() },
        10 => Settlement::ByHand { paid: from.flag()?, name: from.text()?, reason: from.text()? },
        _ => return None,
    };
    Some(EntryState::Recorded(settlement))
}

fn read_refusal(from: &mut In<'_>) -> Option<(String, String, Next)> {
    let (code, text, next) = (from.text()?, from.text()?, from.byte()?);
    let (seconds, nanoseconds) = (from.integer()?, from.small()?);
    let next = match next {
        0 => Next::SameNumber,
        1 => Next::SameNumberLater(std::time::Duration::new(seconds.try_into().ok()?, nanoseconds)),
        2 => Next::NewNumber,
        3 => Next::Stop,
        _ => return None,
    };
    Some((code, text, next))
}
