//! The keyboard, or the scanner that types like one; and the screen, while a call of the till goes on.

use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wxpay_terminal::{Fen, Phase, Progress, Watch};

/// The lines of stdin. A thread reads them, so that a cancel is seen while a payment waits.
pub struct Keys {
    typed: Mutex<Typed>,
    /// At a terminal. Otherwise a program writes its lines, perhaps all at once.
    is_person: bool,
}

struct Typed {
    lines: Receiver<String>,
    /// What came while a payment waited.
    early: VecDeque<String>,
    is_over: bool,
}

impl Keys {
    pub fn read() -> Keys {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in io::stdin().lock().lines().map_while(std::result::Result::ok) {
                if sender.send(line.trim().to_owned()).is_err() {
                    return;
                }
            }
        });
        let typed = Typed { lines, early: VecDeque::new(), is_over: false };
        Keys { typed: Mutex::new(typed), is_person: io::stdin().is_terminal() }
    }

    /// The next line. `None`: there is no more.
    pub fn ask(&self, words: &str) -> Option<String> {
        // A program reads whole lines.
        let end = if self.is_person { " " } else { "\n" };
        print!("{words} >{end}");
        io::stdout().flush().ok()?;
        let mut typed = locked(&self.typed);
        typed.early.pop_front().or_else(|| typed.lines.recv().ok())
    }

    /// Whether the cashier cancels. What else a person types meanwhile is dropped: a code that is scanned twice must not be the next
    /// sale's. A program's lines are for later.
    fn cancels(&self) -> bool {
        let mut typed = locked(&self.typed);
        loop {
            match typed.lines.try_recv() {
                Ok(line) => typed.early.push_back(line),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    typed.is_over = true;
                    break;
                }
            }
        }
        let is_cancel = |line: &String| matches!(line.as_str(), "x" | "c");
        if !self.is_person {
            let is_next = typed.early.front().is_some_and(is_cancel);
            return is_next && typed.early.pop_front().is_some();
        }
        let dropped: Vec<String> = typed.early.drain(..).collect();
        let cancels = dropped.iter().any(is_cancel);
        if !cancels && !dropped.is_empty() {
            println!("  请稍候 (please wait)");
        }
        cancels
    }

    /// Whether nobody is there any more.
    fn is_over(&self) -> bool {
        let typed = locked(&self.typed);
        typed.is_over && typed.early.is_empty()
    }
}

/// What the till is called for.
#[derive(Clone, Copy, PartialEq)]
pub enum Doing {
    Sale,
    /// The QR is made.
    Order,
    /// The QR is shown.
    Scan,
    Refund,
    /// What became of something.
    Ask,
}

/// The cashier's screen, and her button.
pub struct Screen<'a> {
    keys: &'a Keys,
    doing: Doing,
    fen: Fen,
    shown: Mutex<&'static str>,
    begun: Mutex<Option<String>>,
    cancelled: AtomicBool,
}

impl Screen<'_> {
    pub fn new(keys: &Keys, doing: Doing, fen: Fen) -> Screen<'_> {
        Screen { keys, doing, fen, shown: Mutex::new(""), begun: Mutex::new(None), cancelled: AtomicBool::new(false) }
    }

    pub fn was_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The number that was begun last.
    pub fn begun(&self) -> String {
        locked(&self.begun).clone().unwrap_or_else(|| "-".into())
    }

    /// The phase's words are a sale's.
    fn words(&self, progress: &Progress<'_>) -> Option<(&'static str, &'static str)> {
        match (self.doing, progress.phase) {
            (Doing::Order, Phase::Sending) => Some(("正在下单", "Making the order")),
            (Doing::Scan, Phase::Asking | Phase::Waiting) => None,
            (Doing::Refund, Phase::Sending | Phase::Repeating) => Some(("正在退款", "Giving the money back")),
            (Doing::Refund, Phase::Waiting) if progress.order_number.is_empty() => {
                Some(("请稍候：两次退款须间隔一分钟", "A minute passes between two refunds of one order"))
            }
            (_, phase) => Some((phase.cashier().zh, phase.cashier().en)),
        }
    }
}

impl Watch for Screen<'_> {
    fn progress(&self, progress: &Progress<'_>) {
        // It is in the journal. The first byte comes after this.
        if progress.phase == Phase::Sending {
            println!("=> {} begun {} {}", progress.intent, progress.order_number, self.fen);
            *locked(&self.begun) = Some(progress.order_number.into());
        }
        let mut shown = locked(&self.shown);
        match self.words(progress) {
            Some((zh, en)) if *shown != zh => {
                println!("  {zh} ({en})");
                *shown = zh;
            }
            _ => {}
        }
    }

    fn is_cancelled(&self) -> bool {
        // A customer who pays a code is waited for, whoever reads this. A QR that nobody looks at is closed.
        let wanted = self.keys.cancels() || (self.doing == Doing::Scan && self.keys.is_over());
        if wanted && !self.cancelled.swap(true, Ordering::Relaxed) {
            println!("  收到：取消 (noted: cancel)");
            if self.doing == Doing::Sale {
                println!("  顾客正在输密码时，最多需 45 秒 (up to 45 s, while the customer is asked for the password)");
            }
        }
        self.was_cancelled()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
