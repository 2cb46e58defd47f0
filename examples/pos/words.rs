//! Amounts, what the cashier reads, and the QR.

use std::io::{self, IsTerminal};

use qrcode::{QrCode, render::unicode::Dense1x2};
use wxpay_terminal::{Cash, Entry, Fen, Outcome, Receipt};

use super::Result;

/// 0.01 to 50000.00 yuan. No float: 8.88 has none.
pub fn yuan(text: &str) -> Result<Fen> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let fen = match is_number(whole) && is_number(part) && whole.len() <= 5 && part.len() <= 2 {
        true => format!("{whole}{part:0<2}").parse()?,
        false => 0,
    };
    match fen {
        1..=5_000_000 => Ok(Fen::new(fen)?),
        // It may be a payment code that was scanned too early: it is not repeated here.
        _ => {
            Err("金额须为 0.01 至 50000.00，如 8.88；h 显示命令 an amount is 0.01 to 50000.00; h shows the commands"
                .into())
        }
    }
}

pub fn spelled(fen: Fen) -> String {
    in_yuan(fen.get().into())
}

pub fn in_yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// The state that lines for programs have.
pub fn state<T>(outcome: &Outcome<T>) -> &'static str {
    match outcome {
        Outcome::Accepted(_) => "accepted",
        Outcome::Ordered(_) => "ordered",
        Outcome::Taken(_) => "taken",
        Outcome::PaidLate(_) => "late",
        Outcome::Declined(_) => "declined",
        Outcome::Unknown(_) => "unknown",
    }
}

/// After what an outcome is told.
#[derive(Clone, Copy, PartialEq)]
pub enum After {
    /// The customer stands there.
    Paying,
    /// The cashier wanted it to end.
    Cancel,
    /// The goods may be handed over already.
    Question,
}

/// What an outcome is told of.
pub struct Told<'a> {
    pub name: &'a str,
    pub number: &'a str,
    pub fen: Fen,
    /// Of a refund: the order.
    pub of: Option<&'a str>,
    pub after: After,
}

impl<'a> Told<'a> {
    pub fn of(name: &'a str, number: &'a str, fen: Fen) -> Told<'a> {
        Told { name, number, fen, of: None, after: After::Paying }
    }

    pub fn of_entry(entry: &'a Entry) -> Told<'a> {
        Told { of: entry.of.as_deref(), ..Told::of(&entry.intent, &entry.order_number, entry.amount) }
    }

    /// The cashier's words, what the gateway said, the line for programs, and what may be done now.
    pub fn say<T>(&self, outcome: &Outcome<Receipt<T>>) {
        let cashier = if self.of.is_some() { outcome.cashier_of_refund() } else { outcome.cashier() };
        println!("  {} ({})", cashier.zh, cashier.en);
        match outcome {
            Outcome::Declined(refusal) => println!("  {}", refusal.to_string().trim_end_matches(": ")),
            Outcome::Unknown(doubt) => println!("  {doubt}"),
            _ => {}
        }
        if self.of.is_none() && !matches!(outcome, Outcome::Accepted(_)) {
            println!("  {}", cash(cashier.cash));
        }
        let number = self.line(outcome);
        match (outcome, self.of) {
            (Outcome::Unknown(_), Some(order)) => println!("  r {order} 继续这笔退款 (goes on with this refund)"),
            (Outcome::Taken(_), _) => println!("  q {number} 再查 (asks again)"),
            (_, Some(_)) | (Outcome::Declined(_), _) => {}
            (Outcome::Accepted(_), _) if self.after == After::Question => {
                println!("  如货未交，请交货 (hand the goods over, if the customer does not have them)");
            }
            (Outcome::Accepted(_), _) => println!("  请交货 (hand the goods over)"),
            (Outcome::PaidLate(_), _) => println!("  请勿交货；r {number} 退款 (no goods; r {number} gives it back)"),
            (Outcome::Unknown(_) | Outcome::Ordered(_), _) => {
                println!("  q {number} 再查 (asks again)；x {number} 取消 (takes it back)");
            }
        }
    }

    /// The line for programs. Returns the number in it: of what was paid, where something was.
    fn line<'b, T>(&'b self, outcome: &'b Outcome<Receipt<T>>) -> &'b str {
        let number = match outcome {
            Outcome::Accepted(receipt) | Outcome::PaidLate(receipt) => &receipt.order_number,
            _ => self.number,
        };
        let state = match outcome {
            Outcome::Declined(_) if self.after == After::Cancel => "cancelled",
            outcome => state(outcome),
        };
        println!("=> {} {state} {number} {}", self.name, self.fen);
        number
    }
}

fn cash(cash: Cash) -> &'static str {
    match cash {
        Cash::Yes => "现金：可收 (cash: yes)",
        Cash::WithNote => "现金：可收，并注明迟到的付款将退回 (cash: yes, with a note that late money is given back)",
        Cash::No => "现金：不可收 (cash: no)",
    }
}

/// Two rows of the code in each line. Black on white, whatever the terminal's colours are: a telephone reads nothing else for sure.
pub fn draw(url: &str) -> Result<()> {
    let code = QrCode::new(url)?.render::<Dense1x2>().build();
    let (black_on_white, plain) = match io::stdout().is_terminal() {
        true => ("\x1b[38;5;16;48;5;231m", "\x1b[0m"),
        false => ("", ""),
    };
    for line in code.lines() {
        println!("  {black_on_white}{line}{plain}");
    }
    Ok(())
}
