//! A simulator with its console, the console in a browser, and the POS program in front of it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use wxpay_simulator::{Console, Entry, Settings, Simulator};

use crate::browser::Browser;
use crate::page::{Page, PageOptions, quoted};

/// Finds a hang: the till waits up to 45 s for a customer, and 15 s before it takes a payment back.
const PATIENCE: Duration = Duration::from_secs(180);

pub struct Shop {
    pub simulator: Arc<Simulator>,
    pub console: Console,
}

impl Shop {
    pub fn open() -> Shop {
        let settings = Settings { bills_at_once: true, ..Settings::default() };
        let simulator = Arc::new(Simulator::start_with(settings).unwrap());
        let console = Console::open(simulator.clone(), 0).unwrap();
        // As the simulator's program writes it, for the POS program.
        let address = format!("{}\n{}\n", simulator.base_url(), console.url());
        fs::write(simulator.files().directory.join("address"), address).unwrap();
        Shop { simulator, console }
    }

    pub fn page(&self, browser: &Browser, options: &PageOptions) -> Page {
        let page = browser.page(self.console.url(), options);
        page.wait_for("document.querySelector('#code').textContent.length > 18", "the phone's code");
        page
    }

    #[track_caller]
    pub fn entry(&self, number: &str) -> Entry {
        self.simulator.entry(number).unwrap_or_else(|| panic!("the ledger has no {number}"))
    }

    /// What the page shows of an order is what the ledger holds.
    #[track_caller]
    pub fn shows(&self, page: &Page, number: &str) {
        page.poll(&format!("the row of {number}"), || {
            let entry = self.simulator.entry(number).ok_or("the ledger has it not yet")?;
            let held = json!([
                entry.gateway,
                yuan(entry.amount),
                entry.state,
                entry.charges > 1,
                if entry.refunded > 0 { yuan(entry.refunded) } else { String::new() },
            ]);
            let row = row(page, number);
            if row == held { Ok(()) } else { Err(format!("the page shows {row}, the ledger holds {held}")) }
        });
    }

    /// Every order, and the sums.
    #[track_caller]
    pub fn agrees(&self, page: &Page) {
        let ledger = self.simulator.ledger();
        ledger.iter().for_each(|entry| self.shows(page, &entry.order_number));
        let paid: u64 = ledger.iter().map(|entry| entry.amount * u64::from(entry.paid)).sum();
        let refunded: u64 = ledger.iter().map(|entry| entry.refunded).sum();
        let held = json!([ledger.len().to_string(), yuan(paid), yuan(refunded)]);
        page.poll("the sums", || {
            let shown = page.eval(
                "['orders', 'sum', 'refunded'].map(name => document.querySelector(`[data-total=${name}]`).textContent)",
            );
            if shown == held { Ok(()) } else { Err(format!("the page shows {shown}, the ledger holds {held}")) }
        });
    }
}

fn row(page: &Page, number: &str) -> Value {
    let find = format!("tr[data-number={}]", quoted(number));
    page.eval(&format!(
        "(() => {{ const row = document.querySelector({}); const text = (of) => row.querySelector(of).firstChild?.textContent ?? '';
        return row && [row.children[1].textContent, text('.amount-cell'), text('.state'), row.classList.contains('twice'), text('.refunded')]; }})()",
        quoted(&find)
    ))
}

/// As the page writes it.
fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// What the customer with the phone does from now on; returns the code that the phone then shows. On the way to it the keyboard
/// chooses others, each with a code of its own.
#[track_caller]
pub fn customer(page: &Page, habit: &str) -> String {
    page.choose("#habit", habit);
    let shown = format!("document.querySelector('#code').dataset.habit === {}", quoted(habit));
    page.wait_for(&shown, "a code of this customer");
    code(page)
}

#[track_caller]
pub fn code(page: &Page) -> String {
    page.eval("document.querySelector('#code').dataset.code").as_str().unwrap_or_default().to_owned()
}

/// The POS program, as another process.
pub struct Pos {
    child: Child,
    keys: ChildStdin,
    lines: Receiver<String>,
    told: Vec<String>,
}

impl Pos {
    pub fn start(shop: &Shop) -> Pos {
        let mut child = Command::new(program())
            .arg("--simulator")
            .arg(&shop.simulator.files().directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (keys, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Pos { child, keys, lines, told: Vec::new() }
    }

    pub fn types(&mut self, line: &str) {
        writeln!(self.keys, "{line}").unwrap();
    }

    /// Waits for its line of this sale and state; returns the order's number.
    #[track_caller]
    pub fn says(&mut self, name: &str, state: &str) -> String {
        let wanted = format!("=> {name} {state} ");
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("the POS never said {wanted:?}; it said:\n{}", self.told.join("\n"));
            };
            self.told.push(line.clone());
            if let Some(rest) = line.strip_prefix(&wanted) {
                return rest.split(' ').next().unwrap_or_default().to_owned();
            }
        }
    }

    /// The plug is pulled.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
    }

    pub fn ends(mut self) {
        self.types("e");
        assert!(self.child.wait().unwrap().success(), "{}", self.told.join("\n"));
    }
}

impl Drop for Pos {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `cargo test` builds the examples, unless it was told which tests to run.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let program = own.ancestors().nth(2).unwrap().join("examples").join("pos");
    let changed = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let parts = fs::read_dir(examples.join("pos")).unwrap().map(|part| part.unwrap().path());
    let is_new = parts.chain([examples.join("pos.rs")]).all(|source| changed(&program) > changed(&source));
    assert!(is_new, "build it first: cargo build --features sqlite --example pos");
    program
}
