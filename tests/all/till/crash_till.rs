//! The till of the crash test, in the child and in the parent: its clock, its journal, its accounts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use wxpay_simulator::{SignType as MerchantSigns, Simulator, credentials};
use wxpay_terminal::*;

use crate::support::unified_https::unified_account;
use crate::support::*;

/// A hundred times as fast as the system's clock: the till's waits of seconds pass in milliseconds.
struct Quick {
    /// The time of day is ahead by so many seconds.
    ahead: i64,
}

const FASTER: u32 = 100;
/// The application starts again so much later. The 15 s between two payments to one employee, which go by the time of
/// day, are over then.
pub const LATER: i64 = 20;

impl Clock for Quick {
    fn unix_seconds(&self) -> i64 {
        SystemClock.unix_seconds() + self.ahead
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() * FASTER
    }
}

impl Pause for Quick {
    fn pause(&self, time: Duration) {
        std::thread::sleep(time / FASTER);
    }
}

/// Where the process is killed: at the call of the journal with this number, before or after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    pub call: u32,
    pub after: bool,
}

/// The journal on a file, which counts its calls.
pub struct Watched {
    journal: SqliteJournal,
    calls: u32,
    stop: Option<Stop>,
}

impl Watched {
    pub fn open(place: &Place, stop: Option<Stop>) -> Watched {
        let device = Some("013467007045764");
        let journal = SqliteJournal::open(&place.journal, place.terminal, device, &SystemRandom).unwrap();
        Watched { journal, calls: 0, stop }
    }

    fn call<T>(&mut self, run: impl FnOnce(&mut SqliteJournal) -> T) -> T {
        self.calls += 1;
        self.die_at(false);
        let result = run(&mut self.journal);
        self.die_at(true);
        result
    }

    /// Says so and stands still: the parent kills. So it is a SIGKILL without one more instruction of this thread.
    fn die_at(&self, after: bool) {
        if self.stop == Some(Stop { call: self.calls, after }) {
            println!("HERE");
            std::thread::sleep(Duration::from_secs(60));
            panic!("nobody killed");
        }
    }
}

impl Journal for Watched {
    fn owner(&self) -> Owner {
        self.journal.owner()
    }

    fn of_intent(&mut self, intent: &str) -> Result<Vec<Entry>, JournalFault> {
        self.call(|journal| journal.of_intent(intent))
    }

    fn begin(
        &mut self,
        new: &NewEntry<'_>,
        number: &mut dyn FnMut(Serial) -> Result<Numbered, Error>,
    ) -> Result<Entry, JournalFault> {
        self.call(|journal| journal.begin(new, number))
    }

    fn attempt(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault> {
        self.call(|journal| journal.attempt(id, at))
    }

    fn reversing(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault> {
        self.call(|journal| journal.reversing(id, at))
    }

    fn refunds_of(&mut self, account: &str, order: &str) -> Result<Vec<Entry>, JournalFault> {
        self.call(|journal| journal.refunds_of(account, order))
    }

    fn by_evidence(&mut self, account: &str, field: &str, value: &str) -> Result<Option<Entry>, JournalFault> {
        self.call(|journal| journal.by_evidence(account, field, value))
    }

    fn before(&mut self, id: EntryId, most: usize) -> Result<Vec<Entry>, JournalFault> {
        self.call(|journal| journal.before(id, most))
    }

    fn unproven(&mut self) -> Result<Vec<Entry>, JournalFault> {
        self.call(|journal| journal.unproven())
    }

    fn settle(&mut self, id: EntryId, settlement: &Settlement, at: i64) -> Result<i64, JournalFault> {
        self.call(|journal| journal.settle(id, settlement, at))
    }

    fn reopen(&mut self, id: EntryId, at: i64, mended: Option<&Mended>) -> Result<(), JournalFault> {
        self.call(|journal| journal.reopen(id, at, mended))
    }

    fn allow_again(&mut self, id: EntryId, name: &str, reason: &str, at: i64) -> Result<(), JournalFault> {
        self.call(|journal| journal.allow_again(id, name, reason, at))
    }

    fn note(&mut self, id: EntryId, known: bool, words: Option<&Words>) -> Result<(), JournalFault> {
        self.call(|journal| journal.note(id, known, words))
    }

    fn acknowledge(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault> {
        self.call(|journal| journal.acknowledge(id, at))
    }

    fn entry(&mut self, id: EntryId) -> Result<Option<Entry>, JournalFault> {
        self.call(|journal| journal.entry(id))
    }

    fn by_order_number(&mut self, account: &str, order_number: &str) -> Result<Option<Entry>, JournalFault> {
        self.call(|journal| journal.by_order_number(account, order_number))
    }

    fn last_attempt_to(&mut self, account: &str, field: &str, value: &str) -> Result<Option<i64>, JournalFault> {
        self.call(|journal| journal.last_attempt_to(account, field, value))
    }

    fn unacknowledged(&mut self) -> Result<Vec<Entry>, JournalFault> {
        self.call(|journal| journal.unacknowledged())
    }

    fn prune(
        &mut self,
        acknowledged_before: i64,
        keep_intents_since: i64,
        decided: &dyn Fn(&Entry) -> Option<[u8; 16]>,
    ) -> Result<u32, JournalFault> {
        self.call(|journal| journal.prune(acknowledged_before, keep_intents_since, decided))
    }

    fn summary(&mut self, from: i64, until: i64) -> Result<Vec<Summary>, JournalFault> {
        self.call(|journal| journal.summary(from, until))
    }
}

/// What a till needs, in the parent and, through the environment, in the child.
#[derive(Clone)]
pub struct Place {
    url: String,
    roots: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    public_key: PathBuf,
    /// Of the Swiftpass-type gateway: how its merchant signs, her key, and the platform's.
    signs: MerchantSigns,
    rsa: [PathBuf; 2],
    pub journal: PathBuf,
    pub terminal: u16,
}

impl Place {
    pub fn new(simulator: &Simulator, terminal: u16, journal: PathBuf) -> Place {
        let files = simulator.files();
        Place {
            url: simulator.base_url(),
            roots: files.ca_pem.clone(),
            certificate: files.cert_pem.clone(),
            key: files.key_pem_pkcs8.clone(),
            public_key: files.webgate_public_key_pem.clone(),
            signs: MerchantSigns::Md5,
            rsa: [files.swiftpass_merchant_key_pem.clone(), files.swiftpass_public_key_pem.clone()],
            journal,
            terminal,
        }
    }

    pub fn signing(self, signs: MerchantSigns) -> Place {
        Place { signs, ..self }
    }

    pub fn tell(&self, command: &mut Command) {
        command.env("WXPAY_CRASH_URL", &self.url).env("WXPAY_CRASH_TERMINAL", self.terminal.to_string());
        command.env("WXPAY_CRASH_ROOTS", &self.roots).env("WXPAY_CRASH_CERTIFICATE", &self.certificate);
        command.env("WXPAY_CRASH_KEY", &self.key).env("WXPAY_CRASH_PUBLIC_KEY", &self.public_key);
        command.env("WXPAY_CRASH_SIGNS", self.signs.name());
        command.env("WXPAY_CRASH_MERCHANT_KEY", &self.rsa[0]).env("WXPAY_CRASH_PLATFORM_KEY", &self.rsa[1]);
        command.env("WXPAY_CRASH_JOURNAL", &self.journal);
    }

    pub fn told() -> Place {
        Place {
            url: var("URL").unwrap(),
            roots: var("ROOTS").unwrap().into(),
            certificate: var("CERTIFICATE").unwrap().into(),
            key: var("KEY").unwrap().into(),
            public_key: var("PUBLIC_KEY").unwrap().into(),
            signs: *MerchantSigns::ALL.iter().find(|signs| signs.name() == var("SIGNS").unwrap()).unwrap(),
            rsa: ["MERCHANT_KEY", "PLATFORM_KEY"].map(|name| var(name).unwrap().into()),
            journal: var("JOURNAL").unwrap().into(),
            terminal: var("TERMINAL").unwrap().parse().unwrap(),
        }
    }

    pub fn https(&self) -> Arc<Https> {
        let read = |path: &Path| std::fs::read(path).unwrap();
        let identity = Identity::from_pem(&read(&self.certificate), &read(&self.key)).unwrap();
        let roots = read(&self.roots);
        Arc::new(Https::builder().identity(identity).only_roots(&roots).unwrap().build().unwrap())
    }

    pub fn till(&self, https: &Arc<Https>, stop: Option<Stop>, ahead: i64, patience: u64) -> Till {
        let journal = Watched::open(self, stop);
        let (clock, pause) = (Box::new(Quick { ahead }), Box::new(Quick { ahead }));
        Till::with_inputs(Box::new(journal), clock, pause)
            .with(client(self.redpack(), https))
            .with(client(self.workwx(), https))
            .with(client(self.swiftpass(), https))
            .with(client(self.webgate(), https))
            .with(client(self.wxpay(), https))
            .patience(Duration::from_secs(patience))
    }

    pub fn redpack(&self) -> RedpackAccount {
        let key = Secret::from(credentials::KEY);
        RedpackAccount::new(credentials::MCH_ID, credentials::APPID, key).unwrap().hosts(&[&self.url]).unwrap()
    }

    pub fn redpack_url(&self) -> String {
        format!("{}/mmpaymkttransfers/sendredpack", self.url)
    }

    pub fn wxpay(&self) -> WxpayAccount {
        let key = Secret::from(credentials::KEY);
        WxpayAccount::new(credentials::MCH_ID, credentials::APPID, key).unwrap().hosts(&[&self.url]).unwrap()
    }

    fn workwx(&self) -> WorkwxAccount {
        let (key, secret) = (Secret::from(credentials::KEY), Secret::from(credentials::WORKWX_SECRET));
        WorkwxAccount::new(credentials::MCH_ID, credentials::CORPID, key, secret).unwrap().hosts(&[&self.url]).unwrap()
    }

    /// The gateway of an acquirer, as the merchant signs there.
    pub fn acquirer(&self) -> SwiftpassAccount {
        unified_account(&self.url, self.signs, [&self.rsa[0], &self.rsa[1]])
    }

    fn swiftpass(&self) -> SwiftpassAccount {
        self.acquirer().not_found_window(Duration::from_secs(60)).unwrap()
    }

    fn webgate(&self) -> WebgateAccount {
        let public = std::fs::read(&self.public_key).unwrap();
        let rule = RsaReply::new(PublicKey::read(&public).unwrap(), RsaDigest::Sha1);
        let key = Secret::from(credentials::PARTNER_KEY);
        WebgateAccount::new(&self.url, credentials::PARTNER_ID, key, rule).unwrap().repeat_while_unpaid()
    }
}

fn client<A: Account>(account: A, https: &Arc<Https>) -> Client<A> {
    Client::new(account, terminal(), https.clone()).unwrap().within(Duration::from_secs(2)).unwrap()
}

pub fn var(name: &str) -> Option<String> {
    std::env::var(format!("WXPAY_CRASH_{name}")).ok()
}

/// What the application asks for. The payee is the intent: so the ledger knows whom it paid for.
#[derive(Clone)]
pub struct Order {
    pub gateway: &'static str,
    pub intents: Vec<String>,
    pub amount: i64,
}

/// What one call said.
#[derive(Debug)]
pub enum Said {
    Accepted,
    Declined,
    Unknown(Reason),
    Error,
}

impl Order {
    pub fn pay(&self, till: &Till, intent: &str) -> Said {
        let amount = fen(self.amount);
        match self.gateway {
            "redpack" => {
                let request = SendRedPack { re_openid: intent, remark: intent, total_amount: amount, ..red_packet("") };
                acted(till, intent, till.pay(intent, &request))
            }
            "workwx" => {
                let request = PayEmployee { openid: intent, desc: intent, amount, ..employee("") };
                acted(till, intent, till.pay(intent, &request))
            }
            "swiftpass" => {
                let request = WapOrder { sub_openid: Some(intent), body: intent, total_fee: amount, ..wap_order("") };
                match till.order(intent, &request) {
                    // An order is no payment yet.
                    Ok(Outcome::Ordered(receipt)) => acted(till, intent, till.payment_of(&receipt.order_number)),
                    other => acted(till, intent, other),
                }
            }
            _ => {
                let request = WxCharge { openid: intent, remark: Some(intent), amount, ..charge("") };
                acted(till, intent, till.pay(intent, &request))
            }
        }
    }
}

/// The child tells the parent what it knows. The parent pays as well, and is silent.
pub fn say(word: &str, intent: &str) {
    if var("GATEWAY").is_some() {
        println!("{word} {intent}");
    }
}

/// Acknowledges what was paid, as an application does when the ticket is printed.
fn acted<T: std::fmt::Debug>(till: &Till, intent: &str, outcome: Result<Outcome<Receipt<T>>, Error>) -> Said {
    match outcome {
        Ok(Outcome::Ordered(receipt) | Outcome::Taken(receipt)) => panic!("{receipt:?} of a payment"),
        Ok(Outcome::Accepted(receipt) | Outcome::PaidLate(receipt)) => {
            say("ACCEPTED", intent);
            assert_eq!(receipt.journal_fault, None);
            till.acknowledge(receipt.entry).unwrap();
            say("ACKNOWLEDGED", intent);
            Said::Accepted
        }
        Ok(Outcome::Declined(_)) => Said::Declined,
        Ok(Outcome::Unknown(doubt)) => Said::Unknown(doubt.reason),
        Err(_) => Said::Error,
    }
}
