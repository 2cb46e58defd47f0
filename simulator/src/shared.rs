//! What all connections share: the settings, the ledger, the plan of faults, and what was seen.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::behaviour::{Behaviour, Behaviours};
use crate::bills::Changes;
use crate::customer::{Customer, Customers};
use crate::exchange::Exchanges;
use crate::gateway::{Act, Gateway};
use crate::ledger::Ledger;
use crate::network::Network;
use crate::parcel::Parcel;
use crate::phone::Phone;
use crate::plan::Plan;
use crate::settings::Settings;

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The path of the request line.
    pub path: String,
    /// The headers in the order they came; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The CN of the client's certificate, when there was one that verifies.
    pub client_certificate_cn: Option<String>,
}

/// Which of the gateway's hosts a client has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    First,
    Second,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) ledger: Ledger,
    plan: Mutex<Plan>,
    customers: Mutex<Customers>,
    phone: Mutex<Phone>,
    network: Mutex<Network>,
    exchanges: Mutex<Exchanges>,
    behaviours: Mutex<Behaviours>,
    bill_changes: Mutex<Changes>,
    seen: Mutex<Vec<Seen>>,
    moved: Mutex<Vec<Parcel>>,
    open: Mutex<Vec<Weak<TcpStream>>>,
    second_lags: AtomicU64,
    requests: AtomicU64,
    handshakes: AtomicU64,
    stop: AtomicBool,
}

// A thread that panicked leaves complete values behind, so the lock is taken all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Shared {
        Shared {
            settings,
            ledger: Ledger::default(),
            plan: Mutex::default(),
            customers: Mutex::default(),
            phone: Mutex::default(),
            network: Mutex::default(),
            exchanges: Mutex::default(),
            behaviours: Mutex::default(),
            bill_changes: Mutex::default(),
            seen: Mutex::default(),
            moved: Mutex::default(),
            open: Mutex::default(),
            second_lags: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            handshakes: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    pub(crate) fn plan(&self) -> MutexGuard<'_, Plan> {
        lock(&self.plan)
    }

    /// Never ask for the ledger while this is held: who holds the ledger may ask for it.
    pub(crate) fn behaviours(&self) -> MutexGuard<'_, Behaviours> {
        lock(&self.behaviours)
    }

    /// Who holds this may ask for the ledger, never the other way round.
    pub(crate) fn bill_changes(&self) -> MutexGuard<'_, Changes> {
        lock(&self.bill_changes)
    }

    /// What the gateway does otherwise in this call.
    pub(crate) fn behaviour(&self, act: Act, number: &str) -> Option<Behaviour> {
        self.behaviours().take(act, number)
    }

    /// So many seconds old is what the host knows.
    pub(crate) fn lag(&self, host: Host) -> u64 {
        match host {
            Host::First => 0,
            Host::Second => self.second_lags.load(Ordering::SeqCst),
        }
    }

    pub(crate) fn second_lags(&self, seconds: u64) {
        self.second_lags.store(seconds, Ordering::SeqCst);
    }

    pub(crate) fn customers(&self) -> MutexGuard<'_, Customers> {
        lock(&self.customers)
    }

    /// Never ask for the ledger while this is held: who holds the ledger may ask for it.
    pub(crate) fn phone(&self) -> MutexGuard<'_, Phone> {
        lock(&self.phone)
    }

    /// Who stands behind a payment code.
    pub(crate) fn customer_of(&self, gateway: Gateway, auth_code: &str) -> Customer {
        let on_phone = self.phone().customer(auth_code, self.ledger.now());
        self.customers().of(gateway, auth_code, on_phone)
    }

    pub(crate) fn network(&self) -> MutexGuard<'_, Network> {
        lock(&self.network)
    }

    pub(crate) fn exchanges(&self) -> MutexGuard<'_, Exchanges> {
        lock(&self.exchanges)
    }

    pub(crate) fn see(&self, seen: Seen) {
        lock(&self.seen).push(seen);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    /// Keeps what another path answers; the number is part of that path.
    pub(crate) fn keep_moved(&self, parcel: Parcel) -> usize {
        let mut moved = lock(&self.moved);
        moved.push(parcel);
        moved.len() - 1
    }

    pub(crate) fn moved(&self, number: &str) -> Parcel {
        let number = number.parse().unwrap_or(usize::MAX);
        let kept = lock(&self.moved).get(number).cloned();
        kept.unwrap_or_else(|| Parcel::page(404, ""))
    }

    /// Connections that are open are shut down at the end.
    pub(crate) fn remember(&self, tcp: &Arc<TcpStream>) {
        let mut open = lock(&self.open);
        open.retain(|known| known.strong_count() > 0);
        open.push(Arc::downgrade(tcp));
    }

    pub(crate) fn connections(&self) -> usize {
        lock(&self.open).iter().filter(|known| known.strong_count() > 0).count()
    }

    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn count_handshake(&self) {
        self.handshakes.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn handshakes(&self) -> u64 {
        self.handshakes.load(Ordering::SeqCst)
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Ends every open connection.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        for tcp in lock(&self.open).drain(..).filter_map(|tcp| tcp.upgrade()) {
            let _ = tcp.shutdown(Shutdown::Both);
        }
    }
}
