//! What the console answers: its page, what the page shows, pictures, and texts to download.

use std::sync::LazyLock;

use crate::behaviour::Behaviour;
use crate::bill_row::BillType;
use crate::console::{pictures, view};
use crate::faults::Fault;
use crate::fields::Fields;
use crate::form;
use crate::http::Head;
use crate::phone::Habit;
use crate::simulator::Simulator;

/// Nothing but what this server sends; no frame, no form, no other host. Scripts and styles are files, so none is inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// The name of the file that it is saved as.
    file: Option<String>,
}

impl Page {
    fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Page {
        Page { status: 200, content_type, body: body.into(), file: None }
    }

    /// It says nothing about why: a stranger learns nothing.
    pub(crate) fn refusal(status: u16) -> Page {
        Page { status, ..Page::new(TEXT, "refused\n") }
    }

    fn saved_as(self, name: String) -> Page {
        Page { file: Some(name), ..self }
    }

    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers: Vec<(&'static str, String)> = [
            ("Content-Security-Policy", POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            // The address is the key: it goes nowhere.
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into();
        if let Some(file) = &self.file {
            headers.push(("Content-Disposition", format!("attachment; filename=\"{file}\"")));
        }
        headers
    }
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// `path` is what stands behind the token.
pub(crate) fn answer(simulator: &Simulator, head: &Head, path: &str, body: &[u8]) -> Page {
    let (name, query) = path.split_once('?').unwrap_or((path, ""));
    let query = if query.is_empty() { Ok(Fields::default()) } else { form::read(query.as_bytes()) };
    let Ok(query) = query else { return Page::refusal(400) };
    match (head.method.as_str(), name) {
        ("POST", "do") => obey(simulator, body),
        ("POST", _) => Page::refusal(405),
        (_, "") => Page::new("text/html; charset=utf-8", include_str!("page/index.html")),
        (_, "console.css") => Page::new("text/css; charset=utf-8", include_str!("page/console.css")),
        (_, "console.js") => Page::new(SCRIPT, include_str!("page/console.js")),
        (_, "words.js") => Page::new(SCRIPT, include_str!("page/words.js")),
        (_, "icon.svg") => Page::new(PICTURE, include_str!("page/icon.svg")),
        (_, "names") => Page::new(JSON, NAMES.as_str()),
        (_, "state") => Page::new(JSON, view::state(simulator, query.get("find")).to_string()),
        (_, "qr.svg") => picture(pictures::qr(query.get("text"))),
        (_, "bars.svg") => picture(pictures::bars(query.get("text"))),
        (_, "ledger.csv") => Page::new(CSV, view::csv(simulator)).saved_as("ledger.csv".to_owned()),
        (_, "bill.csv") => bill(simulator, query.get("date"), query.get("type")),
        (_, "fund-flow.csv") => fund_flow(simulator, query.get("date")),
        _ => Page::refusal(404),
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const CSV: &str = "text/csv; charset=utf-8";

/// What can be chosen on the page.
static NAMES: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<&str> = Fault::ALL.iter().map(Fault::name).collect();
    let behaviours: Vec<&str> = Behaviour::ALL.iter().map(|behaviour| behaviour.name()).collect();
    let habits: Vec<&str> = Habit::ALL.iter().map(|(name, _)| *name).collect();
    serde_json::json!({ "faults": names, "behaviours": behaviours, "habits": habits }).to_string()
});

/// A line of the command line, as `{"line": "pay 1001"}`.
fn obey(simulator: &Simulator, body: &[u8]) -> Page {
    let line = serde_json::from_slice::<serde_json::Value>(body).ok();
    let line = line.as_ref().and_then(|told| told.get("line")).and_then(|line| line.as_str());
    match line {
        Some(line) if !line.contains(['\n', '\r']) => Page::new(TEXT, simulator.obey(line)),
        _ => Page::refusal(400),
    }
}

fn picture(drawn: Option<String>) -> Page {
    drawn.map_or_else(|| Page::refusal(404), |drawn| Page::new(PICTURE, drawn))
}

/// As the gateway sends it, whether it is time for it or not.
fn bill(simulator: &Simulator, date: &str, bill_type: &str) -> Page {
    let kind = if bill_type.is_empty() { "ALL" } else { bill_type };
    let known = BillType::read(kind).is_some() && is_date(date);
    match known.then(|| simulator.bill(date, kind)).flatten() {
        Some(text) => Page::new(CSV, text).saved_as(format!("bill-{date}-{kind}.csv")),
        None => Page { status: 404, ..Page::new(TEXT, "no bill of this day\n") },
    }
}

fn fund_flow(simulator: &Simulator, date: &str) -> Page {
    match is_date(date).then(|| simulator.fund_flow(date)).flatten() {
        Some(text) => Page::new(CSV, text).saved_as(format!("fund-flow-{date}.csv")),
        None => Page { status: 404, ..Page::new(TEXT, "no fund flow of this day\n") },
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}
