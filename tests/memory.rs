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
    fn twelve_fields_are_signed_and_encoded_in_six_allocations() {
        let simulator = Simulator::start().unwrap();
        let client = client(&simulator);
        for _ in 0..2 {
            let (prepared, prepare) = taken(|| client.prepare(&red_packet("0010010404202611210000000001")).unwrap());
            println!("prepare: {prepare:?}");
            let body = std::str::from_utf8(prepared.body()).unwrap();
            assert_eq!(body.matches("</").count(), 1 + 12 + 1, "xml, 12 fields and sign: {body}");
            assert!(prepare.allocations <= 6, "{prepare:?}");
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

/// What a till keeps of orders that are over: nothing.
#[cfg(feature = "https")]
mod till {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use wxpay_terminal::*;

    use super::taken;

    const KEY: &str = "58bb7db599afc86ea7f7b262c32ff42f";

    /// It has one entry at a time, so that what grows is the till's.
    #[derive(Clone, Default)]
    struct One(Arc<Mutex<(i64, Option<Entry>)>>);

    impl One {
        fn change(&self, change: impl FnOnce(&mut Entry)) -> Result<i64, JournalFault> {
            let mut one = self.0.lock().unwrap();
            let entry = one.1.as_mut().unwrap();
            change(entry);
            entry.revision += 1;
            Ok(entry.revision)
        }

        fn now(&self) -> Option<Entry> {
            self.0.lock().unwrap().1.clone()
        }
    }

    impl Journal for One {
        fn owner(&self) -> Owner {
            Owner { terminal: 7, device_info: None }
        }

        fn of_intent(&mut self, intent: &str) -> Result<Vec<Entry>, JournalFault> {
            Ok(self.now().into_iter().filter(|entry| entry.intent == intent).collect())
        }

        fn begin(
            &mut self,
            new: &NewEntry<'_>,
            number: &mut dyn FnMut(Serial) -> Result<Numbered, Error>,
        ) -> Result<Entry, JournalFault> {
            let mut one = self.0.lock().unwrap();
            one.0 += 1;
            let Numbered { order_number, fields } =
                number(Serial { epoch: one.0 as u32 / COUNTERS, counter: one.0 as u32 % COUNTERS }).unwrap();
            let entry = Entry::new(one.0, new, order_number, fields);
            one.1 = Some(entry.clone());
            Ok(entry)
        }

        fn attempt(&mut self, _: EntryId, _: i64) -> Result<(), JournalFault> {
            self.change(|entry| entry.attempts += 1).map(drop)
        }

        fn reversing(&mut self, _: EntryId, _: i64) -> Result<(), JournalFault> {
            self.change(|entry| entry.reversals += 1).map(drop)
        }

        fn refunds_of(&mut self, _: &str, _: &str) -> Result<Vec<Entry>, JournalFault> {
            Ok(Vec::new())
        }

        fn by_evidence(&mut self, _: &str, _: &str, _: &str) -> Result<Option<Entry>, JournalFault> {
            Ok(None)
        }

        fn before(&mut self, id: EntryId, _: usize) -> Result<Vec<Entry>, JournalFault> {
            Ok(self.now().into_iter().filter(|entry| entry.id < id).collect())
        }

        fn unproven(&mut self) -> Result<Vec<Entry>, JournalFault> {
            Ok(self.now().into_iter().filter(Entry::is_unproven).collect())
        }

        fn settle(&mut self, _: EntryId, settlement: &Settlement, _: i64) -> Result<i64, JournalFault> {
            self.change(|entry| entry.state = EntryState::Recorded(settlement.clone()))
        }

        fn reopen(&mut self, _: EntryId, _: i64, _: Option<&Mended>) -> Result<(), JournalFault> {
            self.change(|entry| entry.state = EntryState::Open).map(drop)
        }

        fn allow_again(&mut self, _: EntryId, _: &str, _: &str, _: i64) -> Result<(), JournalFault> {
            Ok(())
        }

        fn note(&mut self, _: EntryId, known: bool, _: Option<&Words>) -> Result<(), JournalFault> {
            self.change(|entry| entry.known |= known).map(drop)
        }

        fn acknowledge(&mut self, _: EntryId, at: i64) -> Result<(), JournalFault> {
            self.change(|entry| entry.acknowledged_at = Some(at)).map(drop)
        }

        fn entry(&mut self, _: EntryId) -> Result<Option<Entry>, JournalFault> {
            Ok(self.now())
        }

        fn by_order_number(&mut self, _: &str, number: &str) -> Result<Option<Entry>, JournalFault> {
            Ok(self.now().filter(|entry| entry.order_number == number))
        }

        fn last_attempt_to(&mut self, _: &str, _: &str, _: &str) -> Result<Option<i64>, JournalFault> {
            Ok(None)
        }

        fn unacknowledged(&mut self) -> Result<Vec<Entry>, JournalFault> {
            Ok(self.now().into_iter().collect())
        }

        fn prune(&mut self, _: i64, _: i64, _: &dyn Fn(&Entry) -> Option<[u8; 16]>) -> Result<u32, JournalFault> {
            Ok(0)
        }

        fn summary(&mut self, _: i64, _: i64) -> Result<Vec<Summary>, JournalFault> {
            Ok(Vec::new())
        }
    }

    fn signed(fields: &[(&str, &str)]) -> String {
        let sign = signature(endpoint::Digest::Md5, fields, Some("&key="), &Secret::from(KEY));
        let body: String = fields.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
        format!("<xml>{body}<sign>{sign}</sign></xml>")
    }

    /// Pauses take no time. In seconds since the till was opened.
    #[derive(Clone, Default)]
    struct Time(Arc<Mutex<Duration>>);

    impl Clock for Time {
        fn unix_seconds(&self) -> i64 {
            1_795_248_000 + self.0.lock().unwrap().as_secs() as i64
        }

        fn monotonic(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    impl Pause for Time {
        fn pause(&self, time: Duration) {
            *self.0.lock().unwrap() += time;
        }
    }

    /// Takes each order, and says of each that it is paid.
    struct Gateway;

    impl Transport for Gateway {
        fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
            let body = std::str::from_utf8(post.body).unwrap();
            let (_, rest) = body.split_once("<out_trade_no>").unwrap();
            let number = rest.split_once('<').unwrap().0;
            let number = number.trim_start_matches("![CDATA[").trim_end_matches("]]>");
            let mut fields =
                vec![("status", "0"), ("result_code", "0"), ("mch_id", "7551000001"), ("out_trade_no", number)];
            match body.contains("unified.trade.query") {
                true => fields.extend([("trade_state", "SUCCESS"), ("total_fee", "1"), ("transaction_id", "1")]),
                false => fields.extend([("mweb_url", "https://wx.tenpay.com/x"), ("trade_type", "MWEB")]),
            }
            Ok(Received::new(200, signed(&fields).into_bytes()))
        }
    }

    /// Many orders, each told by a notification: what the till holds is what it held after the first hundred. 1,000, and 10,000 at
    /// length.
    #[test]
    fn memory_is_flat_over_many_notified_orders() {
        let orders = if std::env::var_os("WXPAY_AT_LENGTH").is_some() { 10_000 } else { 1_000 };
        for suffices in [true, false] {
            let account =
                SwiftpassAccount::new("https://gateway.example/pay", "7551000001", Secret::from(KEY)).unwrap();
            let account = account.without_sub_fields();
            let account = if suffices { account.notifications_suffice() } else { account };
            let time = Time::default();
            let inputs =
                Inputs { transport: Box::new(Gateway), clock: Box::new(time.clone()), random: Box::new(SystemRandom) };
            let client = Client::with_inputs(account, Terminal::unnamed(), inputs).unwrap();
            let till = Till::with_inputs(Box::new(One::default()), Box::new(time.clone()), Box::new(time)).with(client);
            let order = |at: u32| {
                let intent = format!("receipt {at}");
                let request = WapOrder {
                    body: "x",
                    total_fee: Fen::new(1).unwrap(),
                    mch_create_ip: "127.0.0.1",
                    notify_url: "https://shop.example/paid",
                    ..WapOrder::default()
                };
                let Outcome::Ordered(receipt) = till.order(&intent, &request).unwrap() else { panic!("no order") };
                let notice = signed(&[
                    ("status", "0"),
                    ("result_code", "0"),
                    ("pay_result", "0"),
                    ("mch_id", "7551000001"),
                    ("out_trade_no", &receipt.order_number),
                    ("total_fee", "1"),
                    ("transaction_id", "1"),
                ]);
                till.notified(notice.as_bytes()).unwrap();
            };
            (0..100).for_each(order);
            let ((), grown) = taken(|| (100..100 + orders).for_each(order));
            println!("{orders} notified orders: {grown:?}");
            assert!(grown.kept.abs() < 1024, "{grown:?}");
        }
    }
}

/// A day's bill: read in bounded memory, whatever its length (POS flows 7.2, 18).
#[cfg(feature = "https")]
mod bills {
    use std::collections::HashMap;
    use std::fmt::Write as _;
    use std::fs::File;
    use std::io::Write as _;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use wxpay_simulator::{BillRow, Settings, Simulator, credentials};
    use wxpay_terminal::*;

    use super::taken;

    const ROWS: u32 = 20_000;
    const DAY: &str = "20261121000000";

    /// Entries that were there before the count began, and an index of them: what it takes for itself is the journal's.
    #[derive(Clone, Default)]
    struct Books(Arc<Mutex<Vec<Entry>>>, Arc<Mutex<HashMap<String, usize>>>);

    impl Books {
        fn add(&self, entry: Entry) {
            let mut entries = self.0.lock().unwrap();
            self.1.lock().unwrap().insert(entry.order_number.clone(), entries.len());
            entries.push(entry);
        }
    }

    impl Journal for Books {
        fn owner(&self) -> Owner {
            Owner { terminal: 7, device_info: None }
        }

        fn of_intent(&mut self, _: &str) -> Result<Vec<Entry>, JournalFault> {
            Ok(Vec::new())
        }

        fn begin(
            &mut self,
            new: &NewEntry<'_>,
            number: &mut dyn FnMut(Serial) -> Result<Numbered, Error>,
        ) -> Result<Entry, JournalFault> {
            let Numbered { order_number, fields } = number(Serial { epoch: 1, counter: 0 }).unwrap();
            let entry = Entry::new(1, new, order_number, fields);
            self.add(entry.clone());
            Ok(entry)
        }

        fn attempt(&mut self, _: EntryId, _: i64) -> Result<(), JournalFault> {
            Ok(())
        }

        fn reversing(&mut self, _: EntryId, _: i64) -> Result<(), JournalFault> {
            Ok(())
        }

        fn refunds_of(&mut self, _: &str, _: &str) -> Result<Vec<Entry>, JournalFault> {
            Ok(Vec::new())
        }

        fn by_evidence(&mut self, _: &str, _: &str, _: &str) -> Result<Option<Entry>, JournalFault> {
            Ok(None)
        }

        fn before(&mut self, id: EntryId, most: usize) -> Result<Vec<Entry>, JournalFault> {
            let entries = self.0.lock().unwrap();
            let below = entries.partition_point(|entry| entry.id < id);
            Ok(entries[..below].iter().rev().take(most).cloned().collect())
        }

        fn unproven(&mut self) -> Result<Vec<Entry>, JournalFault> {
            Ok(Vec::new())
        }

        fn settle(&mut self, _: EntryId, settlement: &Settlement, at: i64) -> Result<i64, JournalFault> {
            let entry = &mut self.0.lock().unwrap()[0];
            (entry.state, entry.settled_at) = (EntryState::Recorded(settlement.clone()), Some(at));
            Ok(1)
        }

        fn reopen(&mut self, _: EntryId, _: i64, _: Option<&Mended>) -> Result<(), JournalFault> {
            Ok(())
        }

        fn allow_again(&mut self, _: EntryId, _: &str, _: &str, _: i64) -> Result<(), JournalFault> {
            Ok(())
        }

        fn note(&mut self, _: EntryId, _: bool, _: Option<&Words>) -> Result<(), JournalFault> {
            Ok(())
        }

        fn acknowledge(&mut self, _: EntryId, _: i64) -> Result<(), JournalFault> {
            Ok(())
        }

        fn entry(&mut self, id: EntryId) -> Result<Option<Entry>, JournalFault> {
            Ok(self.0.lock().unwrap().iter().find(|entry| entry.id == id).cloned())
        }

        fn by_order_number(&mut self, _: &str, number: &str) -> Result<Option<Entry>, JournalFault> {
            let at = self.1.lock().unwrap().get(number).copied();
            Ok(at.map(|at| self.0.lock().unwrap()[at].clone()))
        }

        fn last_attempt_to(&mut self, _: &str, _: &str, _: &str) -> Result<Option<i64>, JournalFault> {
            Ok(None)
        }

        fn unacknowledged(&mut self) -> Result<Vec<Entry>, JournalFault> {
            Ok(Vec::new())
        }

        fn prune(&mut self, _: i64, _: i64, _: &dyn Fn(&Entry) -> Option<[u8; 16]>) -> Result<u32, JournalFault> {
            Ok(0)
        }

        fn summary(&mut self, _: i64, _: i64) -> Result<Vec<Summary>, JournalFault> {
            Ok(Vec::new())
        }
    }

    /// Takes the one sale that the others are copies of.
    struct Gateway;

    impl Transport for Gateway {
        fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
            let body = std::str::from_utf8(post.body).unwrap();
            let number = body.split_once("<out_trade_no>").unwrap().1.split_once('<').unwrap().0;
            let fields = [
                ("return_code", "SUCCESS"),
                ("result_code", "SUCCESS"),
                ("appid", credentials::APPID),
                ("mch_id", credentials::MCH_ID),
                ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
                ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
                ("trade_type", "MICROPAY"),
                ("bank_type", "OTHERS"),
                ("total_fee", "888"),
                ("fee_type", "CNY"),
                ("cash_fee", "888"),
                ("transaction_id", "4200002511202611260000000001"),
                ("out_trade_no", number),
                ("time_end", "20261121120000"),
            ];
            let sign = signature(endpoint::Digest::Md5, &fields, Some("&key="), &Secret::from(credentials::KEY));
            let body: String = fields.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
            Ok(Received::new(200, format!("<xml>{body}<sign>{sign}</sign></xml>").into_bytes()))
        }
    }

    struct Time;

    impl Clock for Time {
        fn unix_seconds(&self) -> i64 {
            ChinaTime::read(DAY).unwrap().unix_seconds() + 43_200
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    impl Pause for Time {
        fn pause(&self, _: Duration) {}
    }

    fn account() -> WxpayAccount {
        WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY)).unwrap()
    }

    /// A till whose journal has a sale for each row.
    fn till(books: &Books) -> Till {
        let inputs = Inputs { transport: Box::new(Gateway), clock: Box::new(Time), random: Box::new(SystemRandom) };
        let client = Client::with_inputs(account(), Terminal::unnamed(), inputs).unwrap();
        let till = Till::with_inputs(Box::new(books.clone()), Box::new(Time), Box::new(Time)).with(client);
        let request = MicroPay {
            auth_code: "120061098828009406",
            body: "形象店-深圳腾大-QQ公仔",
            total_fee: Fen::new(888).unwrap(),
            spbill_create_ip: "8.8.8.8",
            ..MicroPay::default()
        };
        let Ok(Outcome::Accepted(_)) = till.pay("sale", &request) else { panic!("not paid") };
        let one = books.0.lock().unwrap()[0].clone();
        for at in 1..ROWS {
            let mut entry = one.clone();
            let serial = Serial { epoch: 2 + at / COUNTERS, counter: at % COUNTERS };
            let number =
                OrderNumbers::new(7).make(endpoint::Numbers::DateSerial, "", ChinaTime::read(DAY).unwrap(), serial);
            (entry.id, entry.order_number) = (1 + EntryId::from(at), number.unwrap());
            books.add(entry);
        }
        till
    }

    /// As the gateway prints it (POS flows 7.2), with a row for each entry.
    fn bill(books: &Books) -> String {
        let mut text = String::from(
            "\u{FEFF}交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,\
             应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,\
             订单金额,申请退款金额,费率备注\r\n",
        );
        for entry in books.0.lock().unwrap().iter() {
            write!(
                text,
                "`2026-11-21 12:00:00,`{},`{},`0,`POS-0007,`4200002511202611260000000001,`{},`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,\
                 `MICROPAY,`SUCCESS,`OTHERS,`CNY,`8.88,`0.00,`0,`0,`0.00,`0.00,`,`,`天虹百货南山店-矿泉水,`一号柜台,`0.05000,`0.60%,\
                 `8.88,`0.00,`\r\n",
                credentials::APPID, credentials::MCH_ID, entry.order_number,
            )
            .unwrap();
        }
        let (all, fees) = (ROWS * 888, ROWS * 5);
        write!(
            text,
            "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n\
             `{ROWS}.0,`{all}.00,`0.00,`0.0,`{fees}.00,`{all}.00,`0.00\r\n",
            all = all / 100,
            fees = fees / 100,
        )
        .unwrap();
        text
    }

    #[test]
    fn a_bill_of_20_000_rows_is_reconciled_in_64_kib_of_heap() {
        let books = Books::default();
        let till = till(&books);
        let text = bill(&books);
        let path = std::env::temp_dir().join(format!("wxpay-memory-{}", std::process::id()));
        File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        let mut file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let day = ChinaTime::read(DAY).unwrap();
        let (done, reconcile) =
            taken(|| till.reconcile(day, Bills { of_day: &mut file, of_next_day: None }, &mut |_| {}));
        println!("{ROWS} rows, {} bytes, {ROWS} entries: {reconcile:?}", text.len());
        let done = done.unwrap();
        assert_eq!((done.rows, done.agrees, done.findings), (ROWS, ROWS, 0));
        assert!(reconcile.peak <= 64 * 1024, "{reconcile:?}");
        assert_eq!(reconcile.kept, 0, "{reconcile:?}");
    }

    /// Over TLS, as it comes: what the transport takes does not grow with it either.
    #[test]
    fn a_bill_of_20_000_rows_is_downloaded_in_64_kib_of_heap_beyond_tls() {
        let simulator = Simulator::start_with(Settings { bills_at_once: true, ..Settings::default() }).unwrap();
        let now = simulator.now();
        for at in 0..ROWS {
            simulator.add_to_bill(BillRow::paid(now, &format!("OTHER-SYSTEM-{at:06}"), 500));
        }
        let roots = std::fs::read(&simulator.files().ca_pem).unwrap();
        let https = Https::builder().only_roots(&roots).unwrap().build().unwrap();
        let account = account().hosts(&[&simulator.base_url()]).unwrap();
        let client = Client::new(account, Terminal::unnamed(), https).unwrap();
        let day = ChinaTime::from_unix(i64::try_from(now).unwrap()).unwrap();
        let (mut reader, mut bytes) = (BillReader::new(), 0);
        let (came, download) = taken(|| {
            client.download(&DownloadBill::of(day), &mut |piece| {
                bytes += piece.len();
                reader.read(piece, &mut |_| {});
            })
        });
        println!("{bytes} bytes: {download:?}");
        came.unwrap();
        assert_eq!(reader.end().unwrap().rows, ROWS);
        assert!(download.peak <= 64 * 1024, "{download:?}");
    }
}
