//! The simulator as a test sees it.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssl::ssl::SslContext;

use crate::behaviour::Behaviour;
use crate::bill_row::{BillRow, BillType};
use crate::bills::{self, BillTrouble};
use crate::certificates::{self, Files};
use crate::clock;
use crate::customer::Customer;
use crate::exchange::Exchange;
use crate::faults::Fault;
use crate::gateway::{Gateway, Track};
use crate::notify::{self, Delivery};
use crate::phone::Habit;
use crate::record::Entry;
use crate::refund::{RefundEntry, RefundStatus};
use crate::server::{self, Listener};
use crate::settings::Settings;
use crate::shared::{Host, Seen, Shared};
use crate::{dialog, refund_notice, refunding};

/// A running simulator. When it is dropped, its listeners stop, open connections are shut down, and
/// its directory is removed.
pub struct Simulator {
    shared: Arc<Shared>,
    context: SslContext,
    listeners: Mutex<Vec<Listener>>,
    port: u16,
    files: Files,
}

impl Simulator {
    /// Starts on 127.0.0.1, on a port that the system chooses, with `Settings::default()`.
    pub fn start() -> io::Result<Simulator> {
        Simulator::start_with(Settings::default())
    }

    /// Starts with other settings.
    pub fn start_with(settings: Settings) -> io::Result<Simulator> {
        let material = certificates::material()?;
        let context = server::context(material, &settings)?;
        let port = settings.listen_port;
        let shared = Arc::new(Shared::new(settings));
        let listener = Listener::open(Host::First, port, context.clone(), shared.clone())?;
        let simulator =
            |files| Simulator { shared, context, port: listener.port, listeners: Mutex::new(vec![listener]), files };
        let directory = directory()?;
        match Files::write(&directory) {
            Ok(files) => Ok(simulator(files)),
            Err(error) => {
                let _ = fs::remove_dir_all(&directory);
                Err(error)
            }
        }
    }

    /// The port of the first listener.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `https://localhost:PORT`.
    pub fn base_url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Opens one more listener on the same ledger, and returns its base URL. It plays the
    /// disaster-recovery host.
    pub fn second_url(&self) -> io::Result<String> {
        let listener = Listener::open(Host::Second, 0, self.context.clone(), self.shared.clone())?;
        let url = format!("https://localhost:{}", listener.port);
        let listeners = self.listeners.lock();
        listeners.unwrap_or_else(PoisonError::into_inner).push(listener);
        Ok(url)
    }

    /// The hosts of [`Simulator::second_url`] answer queries of orders and of refunds with what was so long ago, in whole
    /// seconds.
    pub fn second_host_behind(&self, by: Duration) {
        self.shared.second_lags(by.as_secs());
    }

    /// The certificates and keys.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The next payment or refund meets `fault`; a fault of the connection meets the next connection. Several
    /// calls queue up. A request that has a fault by order or amount leaves the queue alone.
    pub fn fault_next(&self, fault: Fault) {
        self.shared.plan().next(Track::Payment, fault);
    }

    /// Every payment with this number, or refund with this `out_refund_no`, meets `fault`, until
    /// [`Simulator::clear_faults`].
    ///
    /// The number is known only when the request was read, so a fault of the connection, asked for
    /// by number or amount, closes the connection then, before the ledger.
    pub fn fault_for_order(&self, order_number: &str, fault: Fault) {
        self.shared.plan().number(Track::Payment, order_number, fault);
    }

    /// Every payment or refund of this amount meets `fault`, until [`Simulator::clear_faults`]. A fault by
    /// order goes before one by amount, and that before [`Simulator::fault_next`].
    pub fn fault_for_amount(&self, fen: u64, fault: Fault) {
        self.shared.plan().amount(fen, fault);
    }

    /// The next query, close, refundquery or authcodetoopenid meets `fault`.
    pub fn fault_next_query(&self, fault: Fault) {
        self.shared.plan().next(Track::Question, fault);
    }

    /// The next refund meets `fault`. It goes before one of [`Simulator::fault_next`].
    pub fn fault_next_refund(&self, fault: Fault) {
        self.shared.plan().next(Track::Refund, fault);
    }

    /// Every query or close of this number, or refundquery of this `out_refund_no`, meets `fault`, until
    /// [`Simulator::clear_faults`].
    pub fn fault_for_query(&self, order_number: &str, fault: Fault) {
        self.shared.plan().number(Track::Question, order_number, fault);
    }

    /// The next reversal meets `fault`.
    pub fn fault_next_reversal(&self, fault: Fault) {
        self.shared.plan().next(Track::Reversal, fault);
    }

    /// Every reversal of this number meets `fault`, until [`Simulator::clear_faults`].
    pub fn fault_for_reversal(&self, order_number: &str, fault: Fault) {
        self.shared.plan().number(Track::Reversal, order_number, fault);
    }

    /// A fault as a text: `amount=1201:SystemErrorAfterCommit`; `order=`, `query=`, `reversal=` and a number.
    ///
    /// # Errors
    ///
    /// With words, when it is no such text.
    pub fn plan(&self, text: &str) -> Result<(), String> {
        let (kind, value, fault) = text
            .split_once('=')
            .and_then(|(kind, rest)| rest.rsplit_once(':').map(|(value, fault)| (kind, value, fault)))
            .ok_or_else(|| format!("not a fault: {text}"))?;
        let fault = fault.parse()?;
        match (kind, value.parse()) {
            ("amount", Ok(fen)) => self.fault_for_amount(fen, fault),
            ("order", _) => self.fault_for_order(value, fault),
            ("query", _) => self.fault_for_query(value, fault),
            ("reversal", _) => self.fault_for_reversal(value, fault),
            _ => return Err(format!("not a fault: {text}")),
        }
        Ok(())
    }

    /// Forgets every fault, struck or not.
    pub fn clear_faults(&self) {
        self.shared.plan().clear();
    }

    /// Every order, in the order of arrival.
    pub fn ledger(&self) -> Vec<Entry> {
        self.shared.ledger.entries()
    }

    /// The first order with this number, whatever the gateway.
    pub fn entry(&self, order_number: &str) -> Option<Entry> {
        self.shared.ledger.entry(order_number)
    }

    /// Requests of which at least one byte arrived after the handshake.
    pub fn requests(&self) -> u64 {
        self.shared.requests()
    }

    /// Completed TLS handshakes.
    pub fn handshakes(&self) -> u64 {
        self.shared.handshakes()
    }

    /// Connections that are open. Where there is none, whatever a client sent before it died has had its effect.
    pub fn connections(&self) -> usize {
        self.shared.connections()
    }

    /// Every request whose body was read in full.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen()
    }

    /// What the query will say of an order that is there: `RECEIVED`, `REFUND`, `FAILED`,
    /// `PROCESSING`, `NOTPAY`, `CLOSED`, ... For red packets and WeCom payments `FAILED` takes the
    /// money back.
    pub fn set_status(&self, order_number: &str, status: &str) {
        self.shared.ledger.set_state(order_number, status);
    }

    /// The customer pays an order, and the merchant is notified when `notify_url` is a plain
    /// http URL of 127.0.0.1 or localhost.
    ///
    /// # Errors
    ///
    /// When there is no such order, or it is closed.
    pub fn pay_order(&self, out_trade_no: &str) -> io::Result<Delivery> {
        notify::pay(&self.shared.ledger, out_trade_no)
    }

    /// The customer closes the dialog of an order. A payment code's order is then PAYERROR; one that was scanned stays open.
    ///
    /// # Errors
    ///
    /// When no dialog of such an order is open.
    pub fn refuse_order(&self, out_trade_no: &str) -> io::Result<()> {
        dialog::refuse(&self.shared, out_trade_no)
    }

    /// The phone scans the QR of an order, or opens its page, and asks the customer whether to pay. Returns the order's number.
    ///
    /// # Errors
    ///
    /// When no open order has this link, or this number.
    pub fn scan(&self, text: &str) -> io::Result<String> {
        dialog::scan(&self.shared, text)
    }

    /// The payment code on the phone, and for how many seconds more. It renews itself, and when it was used.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub fn phone_code(&self) -> io::Result<(String, u64)> {
        self.shared.phone().code(self.shared.ledger.now())
    }

    /// The phone shows another code.
    pub fn phone_renew(&self) {
        self.shared.phone().renew();
    }

    /// What the customer does from the next code on.
    pub fn phone_habit(&self, habit: Habit) {
        self.shared.phone().set_habit(habit);
    }

    /// The way to the gateways takes so long, in each direction; until another is said.
    ///
    /// # Errors
    ///
    /// More than a minute.
    pub fn delay(&self, each_way: Duration) -> Result<(), String> {
        match self.shared.network().delayed(each_way) {
            true => Ok(()),
            false => Err("at most 60 s".to_owned()),
        }
    }

    /// So many of 100 requests are lost, and so many of 100 replies; until another is said.
    ///
    /// # Errors
    ///
    /// More than 100.
    pub fn loss(&self, percent: u8) -> Result<(), String> {
        match self.shared.network().losing(percent) {
            true => Ok(()),
            false => Err("at most 100".to_owned()),
        }
    }

    /// From now on the last exchanges are kept, for [`Simulator::exchanges`].
    pub fn keep_exchanges(&self) {
        self.shared.exchanges().keep();
    }

    /// The last exchanges, the newest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.exchanges().all().cloned().collect()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Who stands behind a payment code.
    pub fn customer(&self, auth_code: &str, customer: Customer) {
        self.shared.customers().name(auth_code, customer);
    }

    /// Who stands behind the codes of which nobody said so; [`Customer::of_wechat`] in the beginning.
    pub fn customers(&self, of: fn(&str) -> Customer) {
        self.shared.customers().others(of);
    }

    /// The next call that `behaviour` is about meets it. Several calls queue up.
    pub fn behave_next(&self, behaviour: Behaviour) {
        self.shared.behaviours().next(behaviour);
    }

    /// Every call of this number that `behaviour` is about meets it, until [`Simulator::clear_behaviours`]. For refunds
    /// and their questions, `number` is `out_refund_no`.
    pub fn behave_for(&self, number: &str, behaviour: Behaviour) {
        self.shared.behaviours().number(number, behaviour);
    }

    /// Forgets every behaviour, met or not.
    pub fn clear_behaviours(&self) {
        self.shared.behaviours().clear();
    }

    /// Puts the gateways' clock forward, in whole seconds: an unpaid payment code is revoked after 45 s.
    pub fn advance(&self, by: Duration) {
        self.shared.ledger.advance(by);
    }

    /// Every refund, by order.
    pub fn refunds(&self) -> Vec<RefundEntry> {
        self.shared.ledger.refunds()
    }

    /// A refund ends, or goes on, and stays so; by itself it is SUCCESS from the second question. The merchant is
    /// notified as by [`Simulator::pay_order`], when the refund named a `notify_url`.
    ///
    /// # Errors
    ///
    /// When there is no such refund.
    pub fn end_refund(&self, out_refund_no: &str, status: RefundStatus) -> io::Result<Delivery> {
        notify::end_refund(&self.shared.ledger, out_refund_no, status)
    }

    /// The encrypted notification of a refund, as it is or would be sent. Swiftpass-type gateways have none.
    pub fn refund_notification(&self, out_refund_no: &str) -> Option<String> {
        self.shared.ledger.book(|book| {
            let (record, at) = book.refund(|_, refund| refund.entry.refund_number == out_refund_no)?;
            refund_notice::body(record, &record.refunds[at])
        })
    }

    /// Somebody else refunds a part of an order: another terminal, or a person on the merchant platform. Returns the
    /// refund's number.
    ///
    /// # Errors
    ///
    /// With the gateway's words, when it would not take the refund.
    pub fn refund_elsewhere(&self, out_trade_no: &str, refund_fee: u64) -> io::Result<String> {
        refunding::elsewhere(&self.shared, out_trade_no, refund_fee)
    }

    /// The gateways' time, in seconds since 1970.
    pub fn now(&self) -> u64 {
        self.shared.ledger.now()
    }

    /// Bills have one more row: another terminal's, another system's, one that nobody can explain.
    pub fn add_to_bill(&self, row: BillRow) {
        self.shared.bill_changes().add(row);
    }

    /// Bills have no row of this order, or of this `out_refund_no`.
    pub fn leave_out_of_bill(&self, number: &str) {
        self.shared.bill_changes().leave_out(number);
    }

    /// Bills have another amount in the rows of this order, or of this `out_refund_no`.
    pub fn say_in_bill(&self, number: &str, fen: u64) {
        self.shared.bill_changes().say(number, fen);
    }

    /// The next download meets it. Several queue up.
    pub fn trouble_next_download(&self, trouble: BillTrouble) {
        self.shared.bill_changes().trouble(trouble);
    }

    /// Bills are the ledger's again, and no trouble waits.
    pub fn clear_bills(&self) {
        self.shared.bill_changes().clear();
    }

    /// The bill of a day, `yyyyMMdd`, whether it is time for it or not. `None`: there is none, or no such `bill_type`.
    pub fn bill(&self, date: &str, bill_type: &str) -> Option<String> {
        let rows = bills::rows(&self.shared.ledger, &self.shared.bill_changes(), date, "");
        bills::bill(&rows, BillType::read(bill_type)?, 0)
    }

    /// The fund flow of a day, `yyyyMMdd`, whether it is time for it or not.
    pub fn fund_flow(&self, date: &str) -> Option<String> {
        let rows = bills::rows(&self.shared.ledger, &self.shared.bill_changes(), date, "");
        bills::fund_flow(&rows, 0)
    }

    /// The signed notification of an order, as it is or would be sent.
    pub fn notification(&self, out_trade_no: &str) -> Option<String> {
        let mut gateways = [Gateway::Wxpay, Gateway::Swiftpass].into_iter();
        let record = gateways.find_map(|gateway| self.shared.ledger.find(gateway.name(), out_trade_no))?;
        Some(notify::body(&record))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop();
        let listeners = self.listeners.get_mut();
        for listener in listeners.unwrap_or_else(PoisonError::into_inner) {
            listener.close();
        }
        // Again, for a connection that was accepted in between.
        self.shared.stop();
        let _ = fs::remove_dir_all(&self.files.directory);
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("port", &self.port)
            .field("directory", &self.files.directory)
            .finish_non_exhaustive()
    }
}

/// What every folder's name begins with; the number of its process follows.
const FOLDER: &str = "wxpay-simulator-";

/// For this user alone: keys are in it. The process number alone is not enough for its name: a test binary starts many
/// simulators.
fn directory() -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    let name = format!("{FOLDER}{}-{}-{count}", std::process::id(), clock::now());
    let directory = std::env::temp_dir().join(name);
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&directory)?;
    #[cfg(target_os = "linux")]
    remove_what_was_killed(&directory);
    Ok(directory)
}

/// Folders of this user's simulators whose process is gone: one that was killed could not remove its own.
#[cfg(target_os = "linux")]
fn remove_what_was_killed(own: &std::path::Path) {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(user) = fs::metadata(own).map(|found| found.uid()) else { return };
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(FOLDER)).and_then(|rest| rest.split('-').next());
        let is_gone = process
            .and_then(|process| process.parse::<u32>().ok())
            .is_some_and(|process| !std::path::Path::new("/proc").join(process.to_string()).exists());
        if is_gone && entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == user) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
