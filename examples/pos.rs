//! A POS in the terminal. A person drives the till, beside the simulator's console in a browser.
//!
//! `make console` starts the simulator, `make pos` in another terminal starts this program. An amount begins a sale; then a payment code is
//! typed, pasted or scanned, or `qr` makes an order. `h` shows everything else. End it in the middle of a payment, with Ctrl-C or
//! `kill -9`, and start it again: it asks what became of that payment.
//!
//! Goods go out on `Outcome::Accepted` alone. For programs that drive it, each answer has one line that begins with `=>`:
//! `=> sale 3 accepted 20261130003E4XMK1S 888` is the name, the state, the order number (`-`: there is none) and the fen.
//!
//! | state | |
//! |---|---|
//! | `begun` | it is in the journal, and is being sent |
//! | `ordered` | the QR is shown, and nobody paid yet |
//! | `accepted` | paid; of a refund: arrived |
//! | `taken` | the gateway took the refund, and it has not arrived |
//! | `late` | paid after it was given up: to be refunded |
//! | `declined`, `cancelled` | refused, or ended unpaid. The second: the cashier wanted it so |
//! | `unsent` | nothing was sent |
//! | `unknown` | nobody can tell yet |
//!
//! A program's `x` cancels where it is its next line; the others wait for their turn. After a start the same lines have `recovered`
//! before the name. `=> day 20261130 closed 0` says how many findings are left,
//! `=> day 20261130 not-closed` that there is no bill to conclude from.

#[path = "pos/day.rs"]
mod day;
#[path = "pos/keys.rs"]
mod keys;
#[path = "pos/place.rs"]
mod place;
#[path = "pos/words.rs"]
mod words;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use wxpay_terminal::{
    Client, Entry, Fen, MicroPay, NativeOrder, Options, Outcome, Receipt, Refund, RefundOf, Reported, Reversals, Till,
    WxpayAccount, wxpay,
};

use keys::{Doing, Keys, Screen};
use place::{Place, Wanted};
use words::{After, Told, draw, spelled, yuan};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const MENU: &str = "
  8.88            收款 8.88 元              take 8.88 yuan
  r [单号] [金额] 退款，默认最后一笔、全额  refund: [number] [amount], else the last sale, what is left of it
  q 单号          查询                      ask what became of a number
  x 单号          撤销，或关闭订单          take a payment back, or close an order
  l               今日流水                  the entries of today
  d [日期]        日终对账                  close the day [yyyymmdd]
  h 帮助 help     e 退出 end
  收款时 x 取消   while it pays, x cancels
  付款码：从控制台的手机上复制，每个只用一次
  payment codes: copy the one on the console's phone; each is good once
";
const USAGE: &str = "pos [--simulator FOLDER] [--journal FILE] [--terminal N]";
const NO_SIMULATOR: &str = "没有运行中的模拟器：请在另一个终端运行 make console
no simulator is running: run `make console` in another terminal";

const GOODS: &str = "天虹百货-矿泉水";
const OWN_IP: &str = "127.0.0.1";

fn main() -> ExitCode {
    let stop = |code: u8, words: &str| {
        eprintln!("{words}");
        ExitCode::from(code)
    };
    let Some(wanted) = Wanted::read(std::env::args().skip(1)) else { return stop(2, USAGE) };
    let Some(place) = Place::find(wanted.simulator.as_deref()) else { return stop(2, NO_SIMULATOR) };
    match Pos::open(&wanted, place).and_then(|pos| pos.work()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stop(1, &error.to_string()),
    }
}

/// The terminal on the counter.
struct Pos {
    till: Till,
    /// For the bills: the till has its own.
    client: Client<WxpayAccount>,
    place: Place,
    keys: Keys,
}

impl Pos {
    fn open(wanted: &Wanted, place: Place) -> Result<Pos> {
        let till = Till::open(place.journal(wanted)?).with(place.client(wanted)?);
        Ok(Pos { till, client: place.client(wanted)?, place, keys: Keys::read() })
    }

    fn work(&self) -> Result<()> {
        println!("模拟器 simulator: {}", self.place.url);
        if let Some(console) = &self.place.console {
            println!("控制台，请用浏览器打开 the console, for your browser: {console}");
        }
        self.recover()?;
        println!("{MENU}");
        while let Some(line) = self.keys.ask("金额或命令 amount or command (h)") {
            let mut words = line.split_whitespace();
            let done = match (words.next().unwrap_or_default(), words.next(), words.next()) {
                ("", ..) => Ok(()),
                ("e", None, None) => break,
                ("h", None, None) => {
                    println!("{MENU}");
                    Ok(())
                }
                ("l", None, None) => self.list(),
                ("d", date, None) => self.close_the_day(date),
                ("q", Some(number), None) => self.ask_about(number),
                ("x", Some(number), None) => self.take_back(number),
                ("r", number, amount) => self.give_back(number, amount),
                ("x" | "c", None, None) => Err("没有正在收的款 nothing is being paid".into()),
                (amount, None, None) => yuan(amount).and_then(|fen| self.sell(fen)),
                _ => Err("h 显示命令 h shows the commands".into()),
            };
            if let Err(error) = done {
                println!("  {error}");
            }
        }
        Ok(())
    }

    /// After a start: what was left open, before the first customer. What was being taken back goes on to be taken back.
    fn recover(&self) -> Result<()> {
        if !self.till.unacknowledged()?.is_empty() {
            println!("查询上次未完的单，x 跳过 (asking about what was left open; x skips it)");
        }
        let screen = Screen::new(&self.keys, Doing::Ask, Fen::ZERO);
        let options = Options::new().patience(Duration::from_secs(10)).reversals(Reversals::Begun).watch(&screen);
        for Reported { entry, outcome, .. } in self.till.recover_with(&options)? {
            println!("上次未完 left open: {} {} 元 yuan", entry.intent, spelled(entry.amount));
            let name = format!("recovered {}", entry.intent);
            Told { name: &name, after: After::Question, ..Told::of_entry(&entry) }.say(&outcome);
            if self.is_over(&entry)? {
                self.till.acknowledge(entry.version())?;
            }
        }
        Ok(())
    }

    // ---- taking money ----

    /// One sale is one name, whatever code is scanned and however often. So it is paid once.
    fn sell(&self, fen: Fen) -> Result<()> {
        let name = self.next("sale")?;
        println!("{name}: {} 元 yuan", spelled(fen));
        loop {
            let again = match self.keys.ask("付款码 payment code, qr, 或回车放弃 or Enter to give up").as_deref()
            {
                None | Some("" | "x" | "c") => {
                    // Nothing of it is open: only after a proven refusal is another code asked for.
                    println!("  未收款 (Not paid)\n=> {name} cancelled - {fen}");
                    false
                }
                Some("qr") => self.sell_by_qr(&name, fen)?,
                Some(code) => self.sell_by_code(&name, fen, code)?,
            };
            if !again {
                return Ok(());
            }
        }
    }

    /// Whether another code may be scanned.
    fn sell_by_code(&self, name: &str, fen: Fen, typed: &str) -> Result<bool> {
        let code: String = typed.split_whitespace().collect();
        let Some(first) = code.get(..2).filter(|_| code.bytes().all(|byte| byte.is_ascii_digit())) else {
            println!("  付款码只有数字 a payment code has digits only");
            return Ok(true);
        };
        // Who has the whole code can charge it.
        println!("  付款码 code {first}…, {} 位 digits", code.len());
        let request =
            MicroPay { auth_code: &code, body: GOODS, total_fee: fen, spbill_create_ip: OWN_IP, ..MicroPay::default() };
        let screen = Screen::new(&self.keys, Doing::Sale, fen);
        let paid = self.till.pay_with(name, &request, &Options::new().watch(&screen));
        self.end_of_sale((name, fen), paid, &screen)
    }

    fn sell_by_qr(&self, name: &str, fen: Fen) -> Result<bool> {
        let screen = Screen::new(&self.keys, Doing::Order, fen);
        let request = NativeOrder {
            body: GOODS,
            total_fee: fen,
            spbill_create_ip: OWN_IP,
            notify_url: "https://shop.example/wxpay/notify",
            product_id: "6901234567892",
            ..NativeOrder::default()
        };
        let receipt = match self.till.order_with(name, &request, &Options::new().watch(&screen)) {
            Ok(Outcome::Ordered(receipt)) => receipt,
            other => return self.end_of_sale((name, fen), other, &screen),
        };
        let number = &receipt.order_number;
        draw(receipt.evidence.field("code_url").ok_or("no QR")?)?;
        println!("=> {name} ordered {number} {fen}");
        println!("  请顾客扫码付款，x 取消 (waiting for the customer to scan and pay; x cancels)");
        println!("  在模拟器的控制台付款 (paid in the simulator's console, or by `pay {number}` in its terminal)");
        // The order lasts six minutes. Then the till closes it by itself.
        let screen = Screen::new(&self.keys, Doing::Scan, fen);
        let options = Options::new().patience(Duration::from_secs(420)).watch(&screen);
        let paid = match self.till.payment_of_with(number, &options) {
            // Nobody waits any more: it is closed, and the gateway says whether the customer was faster.
            Ok(Outcome::Unknown(_)) => {
                println!("  正在关闭订单 (closing the order)");
                self.till.close(number)
            }
            paid => paid,
        };
        // The order may be paid: an error here says nothing of that.
        let paid = paid.inspect_err(|_| println!("=> {name} unknown {number} {fen}"))?;
        self.end_of_sale((name, fen), Ok(paid), &screen)
    }

    /// Tells the cashier, then the journal. Returns whether another code may be scanned for the same sale.
    fn end_of_sale<T>(
        &self,
        (name, fen): (&str, Fen),
        outcome: std::result::Result<Outcome<Receipt<T>>, wxpay_terminal::Error>,
        screen: &Screen<'_>,
    ) -> Result<bool> {
        let cancelled = screen.was_cancelled();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                let cashier = error.cashier();
                println!("  {} ({})\n  {error}", cashier.zh, cashier.en);
                println!("=> {name} unsent {} {fen}", screen.begun());
                return Ok(cashier.scan_again && !cancelled);
            }
        };
        let after = if cancelled { After::Cancel } else { After::Paying };
        Told { after, ..Told::of(name, &self.newest(name), fen) }.say(&outcome);
        self.acknowledge(name, &outcome)?;
        Ok(outcome.cashier().scan_again && !cancelled)
    }

    /// What was said and done needs not be told again after a start. What is open, or late money, does.
    fn acknowledge<T>(&self, name: &str, outcome: &Outcome<Receipt<T>>) -> Result<()> {
        match outcome {
            Outcome::Accepted(receipt) => self.till.acknowledge(receipt.entry)?,
            Outcome::Declined(_) => {
                for refused in self.till.entries_of(name)? {
                    if matches!(refused.outcome, Outcome::Declined(_)) {
                        self.till.acknowledge(refused.entry.version())?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    // ---- asking, taking back, giving back ----

    fn ask_about(&self, number: &str) -> Result<()> {
        let entry = self.find(number)?.entry;
        let screen = Screen::new(&self.keys, Doing::Ask, entry.amount);
        let options = Options::new().patience(Duration::from_secs(10)).reversals(Reversals::Begun).watch(&screen);
        let outcome = self.till.payment_of_with(number, &options)?;
        Told { after: After::Question, ..Told::of_entry(&entry) }.say(&outcome);
        self.acknowledge(&entry.intent, &outcome)
    }

    /// A code's payment is reversed, an order is closed: for what is open after a sale, and after a start.
    fn take_back(&self, number: &str) -> Result<()> {
        let entry = self.find(number)?.entry;
        // Of what another process sent the gateway must say twice, a minute apart, that it is unpaid.
        let screen = Screen::new(&self.keys, Doing::Ask, entry.amount);
        let options = Options::new().patience(Duration::from_secs(100)).watch(&screen);
        let outcome = match entry.call == wxpay::NATIVE_ORDER.name {
            true => self.till.close(number)?,
            false => self.till.reverse_with(number, &options)?,
        };
        Told { after: After::Cancel, ..Told::of_entry(&entry) }.say(&outcome);
        self.acknowledge(&entry.intent, &outcome)
    }

    fn give_back(&self, number: Option<&str>, amount: Option<&str>) -> Result<()> {
        // `r 3.00` is a part of the last sale.
        let (number, amount) = match (number, amount) {
            (Some(text), None) if yuan(text).is_ok() => (None, Some(text)),
            given => given,
        };
        let is_paid = |sale: &Reported| matches!(sale.outcome, Outcome::Accepted(_) | Outcome::PaidLate(_));
        let sale = match number {
            Some(number) => self.find(number)?,
            None => self.entries("sale")?.into_iter().rfind(is_paid).ok_or("没有可退的款 nothing is paid yet")?,
        };
        let (order, total) = (sale.entry.order_number.as_str(), sale.entry.amount);
        let (name, fen) = self.return_of(&sale, amount.map(yuan).transpose()?)?;
        println!("{name}: {order} 退 back {} 元 yuan", spelled(fen));
        let request =
            Refund { refund_desc: Some("顾客退货"), ..Refund::new(RefundOf::OutTradeNo(order), total, fen) };
        let screen = Screen::new(&self.keys, Doing::Refund, fen);
        let patient = Options::new().patience(Duration::from_secs(90)).watch(&screen);
        let outcome = match self.till.refund_with(&name, &request, &patient) {
            Ok(outcome) => outcome,
            Err(error) => {
                println!("  未退款 (Nothing was sent)\n  {error}\n=> {name} unsent {} {fen}", screen.begun());
                return Ok(());
            }
        };
        Told { of: Some(order), ..Told::of(&name, &self.newest(&name), fen) }.say(&outcome);
        if self.is_over(&sale.entry)? {
            self.till.acknowledge(sale.entry.version())?;
        }
        self.acknowledge(&name, &outcome)
    }

    /// The name of a return, and how much it gives back. One that is not known, or was refused, goes on under its own name: the same
    /// return under another name could be given back twice.
    fn return_of(&self, sale: &Reported, wanted: Option<Fen>) -> Result<(String, Fen)> {
        for back in self.returns_of(&sale.entry)? {
            let fen = back.entry.amount;
            match back.outcome {
                Outcome::Unknown(_) => return Ok((back.entry.intent, fen)),
                Outcome::Declined(_) if wanted.is_none_or(|wanted| wanted == fen) => {
                    return Ok((back.entry.intent, fen));
                }
                _ => {}
            }
        }
        match wanted.map_or(self.left_of(&sale.entry)?, Fen::get) {
            0 => Err("这笔已全部退款 all of it was given back".into()),
            fen => Ok((self.next("return")?, Fen::new(fen.into())?)),
        }
    }

    /// The newest entry of each return.
    fn returns_of(&self, sale: &Entry) -> Result<Vec<Reported>> {
        let mut backs = self.entries("return")?;
        backs.retain(|back| back.entry.of.as_ref() == Some(&sale.order_number));
        backs.reverse();
        backs.dedup_by(|older, newer| older.entry.intent == newer.entry.intent);
        Ok(backs)
    }

    /// What was not given back.
    fn left_of(&self, sale: &Entry) -> Result<u32> {
        let backs = self.returns_of(sale)?;
        let given = backs.iter().filter(|back| matches!(back.outcome, Outcome::Taken(_) | Outcome::Accepted(_)));
        Ok(given.fold(sale.amount.get(), |left, back| left.saturating_sub(back.entry.amount.get())))
    }

    /// Late money is told again after each start, until it is given back.
    fn is_over(&self, entry: &Entry) -> Result<bool> {
        Ok(entry.is_settled() && (!entry.is_paid_late() || self.left_of(entry)? == 0))
    }

    // ---- the journal ----

    /// The first name that the journal does not have. What never came into the journal leaves its name to the next one.
    fn next(&self, kind: &str) -> Result<String> {
        for count in 1_u32.. {
            let name = format!("{kind} {count}");
            if self.till.entries_of(&name)?.is_empty() {
                return Ok(name);
            }
        }
        Err("no name is left".into())
    }

    /// All of a kind, the oldest first.
    fn entries(&self, kind: &str) -> Result<Vec<Reported>> {
        let mut all = Vec::new();
        for count in 1_u32.. {
            match self.till.entries_of(&format!("{kind} {count}"))? {
                none if none.is_empty() => break,
                found => all.extend(found),
            }
        }
        Ok(all)
    }

    /// The number that a name has now. What is known of the money is told, whether the journal can be read or not.
    fn newest(&self, name: &str) -> String {
        let newest = self.till.entries_of(name).ok().and_then(|mut all| all.pop());
        newest.map_or_else(|| "-".into(), |reported| reported.entry.order_number)
    }

    fn find(&self, number: &str) -> Result<Reported> {
        let mut all = self.entries("sale")?;
        all.extend(self.entries("return")?);
        let found = all.into_iter().find(|reported| reported.entry.order_number == number);
        Ok(found.ok_or("日志中没有这个单号 the journal has no such number")?)
    }
}
