//! Choices out of an input: what a generator is driven by. At its end every choice is the first one.

#[derive(Clone)]
pub struct Tape<'a>(&'a [u8]);

impl<'a> Tape<'a> {
    pub fn new(bytes: &'a [u8]) -> Tape<'a> {
        Tape(bytes)
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub fn below(&mut self, most: usize) -> usize {
        match most {
            0 | 1 => 0,
            2..=256 => usize::from(self.byte()) % most,
            _ => self.number() as usize % most,
        }
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == of - 1
    }

    pub fn number(&mut self) -> u32 {
        u32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    pub fn long(&mut self) -> u64 {
        u64::from(self.number()) << 32 | u64::from(self.number())
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let length = usize::from(self.byte()).min(most).min(self.0.len());
        let (now, later) = self.0.split_at(length);
        self.0 = later;
        now
    }

    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// Text of any characters, some of which mean something to somebody.
    pub fn text(&mut self, most: usize) -> String {
        const MEANT: &[&str] = &[
            "&",
            "=",
            "<",
            ">",
            "]]>",
            "'",
            "\"",
            "%26",
            "+",
            "\\",
            "\r\n",
            "\n",
            "\t",
            " ",
            "\u{FEFF}",
            "\u{FFFD}",
            "成功",
            "😀",
            "&amp;",
            "<![CDATA[",
            "&#65;",
            ",`",
            "`",
            "\u{202E}",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "null",
            "http://a.b/?c=d&e=f",
        ];
        let mut text = String::new();
        for byte in self.bytes(most) {
            match byte {
                0x20..=0x7e => text.push(char::from(*byte)),
                _ => text.push_str(MEANT[usize::from(*byte) % MEANT.len()]),
            }
        }
        text
    }
}
