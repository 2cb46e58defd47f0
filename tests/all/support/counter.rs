//! A counter that takes payment codes: a till, its clock, and a gateway that answers from a list and writes down what was asked when.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_terminal::*;

use super::memory_journal::MemoryJournal;
use super::wxpay::{order_state, wxpay_account, wxpay_signed};
use super::*;
use crate::till::modelled::Time;

pub const CODE: &str = "120061098828009406";

/// An answer, by the order number that was asked about.
type Says = Box<dyn Fn(&str) -> Result<String, Fault> + Send>;

/// The gateway's answers, and each request: when it came, the call, and its body.
#[derive(Clone)]
pub struct Desk {
    time: Time,
    answers: Arc<Mutex<VecDeque<Says>>>,
    log: Arc<Mutex<Vec<(Duration, SentPost)>>>,
    certificate: Arc<Mutex<ClientCertificate>>,
    timeless: Arc<AtomicBool>,
}

impl Transport for Desk {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let body = String::from_utf8(post.body.to_vec()).unwrap();
        let number = ["out_refund_no", "out_trade_no"].iter().find_map(|name| xml_value(&body, name)).unwrap();
        let sent = SentPost {
            url: post.url.into(),
            content_type: post.content_type,
            body,
            own_connection: post.own_connection,
            within: post.within,
        };
        self.log.lock().unwrap().push((self.time.world(), sent));
        let answer = self.answers.lock().unwrap().pop_front();
        let says = answer.unwrap_or_else(|| panic!("not in the list: {} of {number}", post.url));
        let received = Received { reused: false, ..Received::new(200, says(&number)?) };
        let date = (!self.timeless.load(Ordering::Relaxed)).then(|| self.time.right());
        Ok(Received { date, ..received })
    }

    fn client_certificate(&self) -> ClientCertificate {
        self.certificate.lock().unwrap().clone()
    }
}

pub struct Counter {
    pub desk: Desk,
    pub journal: MemoryJournal,
    pub time: Time,
}

impl Counter {
    pub fn new() -> Counter {
        let time = Time::new();
        let desk = Desk {
            time: time.clone(),
            answers: Arc::default(),
            log: Arc::default(),
            certificate: Arc::new(Mutex::new(ClientCertificate::NotTold)),
            timeless: Arc::default(),
        };
        Counter { desk, journal: MemoryJournal::default(), time }
    }

    /// A till, as after a start of the program.
    pub fn till(&self) -> Till {
        self.till_of(wxpay_account())
    }

    pub fn till_of<A: Account + 'static>(&self, account: A) -> Till {
        self.till_without_accounts().with(self.client_of(account, terminal()))
    }

    pub fn till_without_accounts(&self) -> Till {
        let journal = Box::new(self.journal.reopened());
        Till::with_inputs(journal, Box::new(self.time.clone()), Box::new(self.time.clone()))
    }

    pub fn client_of<A: Account>(&self, account: A, terminal: Terminal) -> Client<A> {
        let random = Box::new(Counting::new());
        let inputs = Inputs { transport: Box::new(self.desk.clone()), clock: Box::new(self.time.clone()), random };
        Client::with_inputs(account, terminal, inputs).unwrap()
    }

    /// The gateway tells no time from here on.
    pub fn tells_no_time(&self) {
        self.desk.timeless.store(true, Ordering::Relaxed);
    }

    pub fn certificate(&self, certificate: ClientCertificate) {
        *self.desk.certificate.lock().unwrap() = certificate;
    }

    /// What was asked: the call, and how many seconds after the first request.
    pub fn calls(&self) -> Vec<(u64, String)> {
        let log = self.desk.log.lock().unwrap();
        let first = log.first().map_or(Duration::ZERO, |(at, _)| *at);
        // Of a gateway with one URL, by its service.
        let path = |sent: &SentPost| sent.url.rsplit('/').next().unwrap().to_owned();
        let call = |sent: &SentPost| xml_value(&sent.body, "service").unwrap_or_else(|| path(sent));
        log.iter().map(|(at, sent)| ((*at - first).as_secs(), call(sent))).collect()
    }

    pub fn names(&self) -> Vec<String> {
        self.calls().into_iter().map(|(_, call)| call).collect()
    }

    pub fn sent(&self) -> Vec<SentPost> {
        self.desk.log.lock().unwrap().iter().map(|(_, sent)| sent.clone()).collect()
    }

    /// What the gateway was to say and was not asked for.
    pub fn left(&self) -> usize {
        self.desk.answers.lock().unwrap().len()
    }

    /// What the gateway was to say is forgotten, but for so much of it.
    pub fn keep_answers(&self, most: usize) {
        self.desk.answers.lock().unwrap().truncate(most);
    }

    /// From here on both lists begin anew.
    pub fn forget(&self) {
        self.desk.log.lock().unwrap().clear();
        self.desk.answers.lock().unwrap().clear();
    }

    pub fn states(&self) -> Vec<&'static str> {
        self.journal.states()
    }

    pub fn pass(&self, seconds: u64) {
        Pause::pause(&self.time, Duration::from_secs(seconds));
    }

    // ---- what the gateway answers ----

    pub fn then(&self, says: impl Fn(&str) -> String + Send + 'static) -> &Counter {
        self.desk.answers.lock().unwrap().push_back(Box::new(move |number| Ok(says(number))));
        self
    }

    /// The customer paid without a password.
    pub fn pays(&self) -> &Counter {
        self.then(|number| micro_paid(number, &[]))
    }

    /// `result_code=FAIL` of whatever call.
    pub fn fails(&self, code: &str) -> &Counter {
        let failure = failure(code);
        self.then(move |_| failure.clone())
    }

    /// The query says so; so many times.
    pub fn says(&self, state: &'static str, times: usize) -> &Counter {
        for _ in 0..times {
            self.then(move |number| order_state(state, number, &[]));
        }
        self
    }

    /// The gateway takes the reversal, which says nothing.
    pub fn reverses(&self) -> &Counter {
        self.then(|_| wxpay_signed(SignType::Md5, &[("recall", "N")]))
    }

    /// No answer, and the request may have arrived.
    pub fn is_silent(&self) -> &Counter {
        let silence = |_: &str| Err(Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "scripted".into() });
        self.desk.answers.lock().unwrap().push_back(Box::new(silence));
        self
    }

    /// No answer to a question, from neither host.
    pub fn answers_nothing(&self) -> &Counter {
        self.is_silent().is_silent()
    }

    /// Not one byte leaves.
    pub fn is_away(&self) -> &Counter {
        let away = |_: &str| Err(Fault::unsent(Stage::Connect, "scripted"));
        self.desk.answers.lock().unwrap().push_back(Box::new(away));
        self
    }
}

pub fn failure(code: &str) -> String {
    wxpay_signed(SignType::Md5, &[("result_code", "FAIL"), ("err_code", code), ("err_code_des", "失败")])
}

pub fn micro_paid(number: &str, change: &[(&str, &str)]) -> String {
    let paid = [
        ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ("trade_type", "MICROPAY"),
        ("bank_type", "CMC"),
        ("total_fee", "888"),
        ("cash_fee", "888"),
        ("transaction_id", "1009660380201506130728806387"),
        ("out_trade_no", number),
        ("time_end", "20261121120000"),
    ];
    wxpay_signed(SignType::Md5, &[&paid[..], change].concat())
}

pub fn micro_pay(auth_code: &str) -> MicroPay<'_> {
    MicroPay {
        auth_code,
        body: "形象店-深圳腾大-QQ公仔",
        total_fee: fen(888),
        spbill_create_ip: "8.8.8.8",
        ..MicroPay::default()
    }
}

pub fn scan(till: &Till) -> Result<Outcome<Receipt<MicroPaid>>, Error> {
    till.pay("sale 1", &micro_pay(CODE))
}

/// Cancels once the watcher was told this phase.
pub struct CancelsAt(pub Phase, AtomicBool);

impl CancelsAt {
    pub fn new(phase: Phase) -> CancelsAt {
        CancelsAt(phase, AtomicBool::new(false))
    }
}

impl Watch for CancelsAt {
    fn progress(&self, progress: &Progress<'_>) {
        if progress.phase == self.0 {
            self.1.store(true, Ordering::Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }
}
