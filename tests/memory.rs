//! Budgets of heap memory, counted by the allocator.
//!
//! A binary of its own, because an allocator serves a whole program. It counts for each thread apart, so that the
//! simulator's threads are left out: what a payment allocates, it allocates on the caller's thread. (Only a name that is
//! not an IP address is looked up on a second thread.) OpenSSL takes its memory from `malloc`, so what is counted here is
//! "beyond TLS": this library, ureq, native-tls, and the Rust side of OpenSSL's streams.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, and a count for each thread.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    // `const` and without a destructor: reading them allocates nothing.
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(calls: usize, bytes: isize) {
    CALLS.set(CALLS.get() + calls);
    LIVE.set(LIVE.get() + bytes);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

/// Sizes fit: no allocation is larger than `isize::MAX`.
fn signed(bytes: usize) -> isize {
    bytes as isize
}

// SAFETY: every call goes to the system's allocator unchanged. (`alloc_zeroed` comes here as `alloc`.)
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, signed(layout.size()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(0, -signed(layout.size()));
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The old and the new block may live at the same time.
        count(1, signed(size));
        count(0, -signed(layout.size()));
        unsafe { System.realloc(at, layout, size) }
    }
}

/// What a piece of work took from the heap.
#[derive(Debug)]
struct Taken {
    /// Allocations, and each growth of one.
    allocations: usize,
    /// The most bytes at one time, beyond those at the start.
    peak: isize,
    /// Bytes still held at the end, results included.
    kept: isize,
}

fn taken<T>(work: impl FnOnce() -> T) -> (T, Taken) {
    let (calls, live) = (CALLS.get(), LIVE.get());
    PEAK.set(live);
    let result = work();
    let taken = Taken { allocations: CALLS.get() - calls, peak: PEAK.get() - live, kept: LIVE.get() - live };
    (result, taken)
}

#[test]
fn the_allocator_counts() {
    let (text, one) = taken(|| String::with_capacity(100));
    assert_eq!((one.allocations, one.peak, one.kept), (1, 100, 100));
    let ((), grown) = taken(|| {
        let mut text = text;
        text.reserve_exact(300);
    });
    assert_eq!((grown.allocations, grown.peak, grown.kept), (1, 300, -100));
    let (_, none) = taken(|| 1 + 1);
    assert_eq!((none.allocations, none.peak, none.kept), (0, 0, 0));
}

#[cfg(feature = "https")]
mod https {
    use super::*;
    use wxpay_simulator::{Simulator, credentials};
    use wxpay_terminal::*;

    /// The red packet of document 1: 12 fields with `mch_id`, `wxappid` and `nonce_str`, and `sign`.
    fn red_packet(mch_billno: &str) -> SendRedPack<'_> {
        SendRedPack {
            mch_billno,
            send_name: "send_name",
            re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
            total_amount: Fen::new(200).unwrap(),
            wishing: "恭喜发财",
            client_ip: "127.0.0.1",
            act_name: "新年红包",
            remark: "新年红包",
            ..SendRedPack::default()
        }
    }

    fn client(simulator: &Simulator) -> Client<RedpackAccount> {
        let p12 = std::fs::read(&simulator.files().p12_rc2).unwrap();
        let roots = std::fs::read(&simulator.files().ca_pem).unwrap();
        let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID).unwrap();
        let https = Https::builder().only_roots(&roots).unwrap().identity(identity).build().unwrap();
        let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))
            .and_then(|account| account.hosts(&[&simulator.base_url()]))
            .unwrap();
        Client::new(account, Terminal::new("013467007045764").unwrap(), https).unwrap()
    }

    /// Typed request -> fields -> certificate and table checked -> nonce -> signed -> XML: all of `prepare`, with the real
    /// transport, clock and random numbers.
    #[test]
    fn twelve_fields_are_signed_and_encoded_in_twelve_allocations() {
        let simulator = Simulator::start().unwrap();
        let client = client(&simulator);
        for _ in 0..2 {
            let (prepared, prepare) = taken(|| client.prepare(&red_packet("0010010404202611210000000001")).unwrap());
            println!("prepare: {prepare:?}");
            let body = std::str::from_utf8(prepared.body()).unwrap();
            assert_eq!(body.matches("</").count(), 1 + 12 + 1, "xml, 12 fields and sign: {body}");
            assert!(prepare.allocations <= 12, "{prepare:?}");
        }
    }

    #[test]
    fn a_payment_takes_at_most_64_kib_of_heap_beyond_tls() {
        let simulator = Simulator::start().unwrap();
        let client = client(&simulator);
        for (number, connection) in [
            ("0010010404202611210000000001", "new"),
            ("0010010404202611210000000002", "warm"),
            ("0010010404202611210000000003", "warm"),
        ] {
            let request = red_packet(number);
            let (outcome, payment) =
                taken(|| client.prepare(&request).and_then(|mut prepared| client.send(&mut prepared)));
            println!("a payment on a {connection} connection: {payment:?}");
            assert!(matches!(outcome, Ok(Outcome::Accepted(_))), "{outcome:?}");
            assert!(payment.peak <= 64 * 1024, "{connection}: {payment:?}");
        }
        assert_eq!(simulator.handshakes(), 1);
    }
}
