//! The day is closed over TLS (POS flows 7): sales against the simulator, its own bill into a file, and the file beside the journal.

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use wxpay_simulator::{Behaviour, BillRow, BillTrouble, Customer, credentials};
use wxpay_terminal::*;

use super::refunds_https::{Shop, account, part};
use crate::support::counter::micro_pay;
use crate::support::*;

/// A shop's day, begun at noon of the gateway's clock; its bills are files.
struct Day {
    shop: Shop,
    till: Till,
    account: fn() -> WxpayAccount,
    day: ChinaTime,
    folder: PathBuf,
    codes: Cell<u32>,
    /// Of a download, in seconds.
    within: Cell<u64>,
}

impl Drop for Day {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

type Told = (FindingKind, Option<String>, Option<String>);

impl Day {
    fn new(name: &str, account: fn() -> WxpayAccount) -> Day {
        let shop = Shop::new();
        let since_midnight = (shop.simulator.now() + 8 * 3600) % 86_400;
        shop.waited.pause(Duration::from_secs(86_400 + 43_200 - since_midnight));
        let till = shop.till_of(account());
        let day = ChinaTime::from_unix(shop.waited.unix_seconds()).unwrap();
        let folder = std::env::temp_dir().join(format!("wxpay-bills-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Day { shop, till, account, day, folder, codes: Cell::new(0), within: Cell::new(30) }
    }

    /// Ten in the morning, so many days later.
    fn later(&self, days: u64) {
        let since_midnight = (self.shop.simulator.now() + 8 * 3600) % 86_400;
        self.shop.waited.pause(Duration::from_secs(days * 86_400 + 36_000 - since_midnight));
    }

    /// A code that nobody used.
    fn code(&self) -> String {
        self.codes.set(self.codes.get() + 1);
        format!("12006109882800{:04}", self.codes.get())
    }

    fn sold(&self, name: &str) -> String {
        accepted(self.till.pay(name, &micro_pay(&self.code()))).order_number
    }

    fn of(&self, name: &str) -> String {
        self.till.entries_of(name).unwrap()[0].entry.order_number.clone()
    }

    fn not_paid(&self, name: &str, customer: Customer) -> String {
        let code = self.code();
        self.shop.simulator.customer(&code, customer);
        declined(self.till.pay(name, &micro_pay(&code)));
        self.of(name)
    }

    /// Charged a moment before the reversal arrived, which gave the money back.
    fn charged_and_reversed(&self, name: &str) -> String {
        self.shop.simulator.behave_next(Behaviour::PaidBeforeReverse);
        self.not_paid(name, Customer::Refuses)
    }

    fn client(&self) -> Client<WxpayAccount> {
        self.shop.client((self.account)()).within(Duration::from_secs(self.within.get())).unwrap()
    }

    /// Into a file, as a terminal does it.
    fn download<D: Download<Account = WxpayAccount>>(&self, bill: &D, name: &str) -> Result<PathBuf, BillFault> {
        let path = self.folder.join(name);
        let mut file = File::create(&path).unwrap();
        self.client().download(bill, &mut |piece| file.write_all(piece).unwrap())?;
        file.sync_all().unwrap();
        Ok(path)
    }

    fn bill_of(&self, day: ChinaTime, name: &str) -> Result<PathBuf, BillFault> {
        self.download(&DownloadBill::of(day), name)
    }

    fn tomorrow(&self) -> ChinaTime {
        self.day.plus(Duration::from_secs(86_400)).unwrap()
    }

    /// Both bills are fetched, and laid beside the journal.
    fn closed(&self) -> (Vec<Told>, Reconciled) {
        let [of_day, next] = [("day", self.day), ("next", self.tomorrow())].map(|(name, day)| {
            let path = self.bill_of(day, name).unwrap();
            File::open(path).unwrap()
        });
        reconciled(&self.till, self.day, (of_day, Some(next))).unwrap()
    }
}

fn reconciled(
    till: &Till,
    day: ChinaTime,
    (mut of_day, mut next): (File, Option<File>),
) -> Result<(Vec<Told>, Reconciled), ReconcileFault> {
    let mut told = Vec::new();
    let of_next_day = next.as_mut().map(|next| next as &mut dyn BillSource);
    let done = till.reconcile(day, Bills { of_day: &mut of_day, of_next_day }, &mut |finding| {
        let row = finding.row.map(|row| row.out_refund_no().unwrap_or(row.out_trade_no()).to_owned());
        told.push((finding.kind, finding.entry.map(|entry| entry.order_number.clone()), row));
    })?;
    Ok((told, done))
}

fn provider() -> WxpayAccount {
    let account = account().sign_type(SignType::HmacSha256);
    account.sub_merchant(credentials::SUB_MCH_ID, None).unwrap()
}

/// Sold, refused, revoked, reversed, given back, ordered and paid: the simulator's own bill agrees, under both sign types, for the
/// merchant itself and as a service provider.
#[test]
fn what_the_ledger_has_agrees() {
    for (name, account) in [("own", account as fn() -> WxpayAccount), ("provider", provider)] {
        let day = Day::new(name, account);
        let numbers: Vec<String> = (1..=4).map(|at| day.sold(&format!("sale {at}"))).collect();
        day.not_paid("no money", Customer::NotEnough);
        day.not_paid("no answer", Customer::RevokedAfter(2));
        day.charged_and_reversed("too late");
        taken(day.till.refund("return 1", &part(&numbers[0], 300)));
        taken(day.till.refund("return 2", &part(&numbers[1], 888)));
        for (at, text) in ["可乐,`加冰,`大杯", "`,`", "店-`"].into_iter().enumerate() {
            let code = day.code();
            let request = MicroPay { body: text, attach: Some(text), ..micro_pay(&code) };
            accepted(day.till.pay(&format!("hostile {at}"), &request));
        }
        let sub_mch_id = if name == "own" { String::new() } else { credentials::SUB_MCH_ID.into() };
        let foreign = BillRow::paid(day.shop.simulator.now(), "OTHER-SYSTEM-0001", 5);
        day.shop.simulator.add_to_bill(BillRow { sub_mch_id, ..foreign });
        day.later(2);
        let (told, done) = day.closed();
        assert_eq!(told, [], "{name}");
        // The pair of the reversed one are two rows.
        assert_eq!((done.rows, done.foreign), (4 + 2 + 2 + 3 + 1, 1), "{name}");
        assert_eq!((done.agrees, done.reversed_agrees, done.refund_agrees), (7, 2, 2), "{name}");
        assert_eq!((done.waits, done.findings), (0, 0), "{name}");
        // The other two kinds are read, too.
        for (bill_type, rows) in [(BillType::Success, 9), (BillType::Refund, 2)] {
            let path = day.download(&DownloadBill { day: day.day, bill_type }, "kind").unwrap();
            let mut reader = BillReader::new();
            reader
                .read(&std::fs::read(path).unwrap(), &mut |line| assert!(matches!(line, BillLine::Row(_)), "{line:?}"));
            assert_eq!(reader.end().unwrap().rows, rows, "{bill_type:?}");
        }
    }
}

/// Over midnight: charged before it, given back after it. The pair is judged when both bills were read.
#[test]
fn a_pair_over_midnight() {
    let day = Day::new("midnight", account);
    let number = day.not_paid("no money", Customer::NotEnough);
    let before = day.shop.simulator.now();
    day.later(1);
    let after = day.shop.simulator.now();
    day.shop.simulator.add_to_bill(BillRow::paid(before, &number, 888));
    day.shop.simulator.add_to_bill(BillRow::revoked(after, &number, 888));
    let alone = day.bill_of(day.day, "alone").unwrap();
    let (told, done) = reconciled(&day.till, day.day, (File::open(alone).unwrap(), None)).unwrap();
    assert_eq!((told, done.waits), (vec![], 1));
    day.later(1);
    let (told, done) = day.closed();
    assert_eq!((told, done.reversed_agrees, done.waits), (vec![], 1, 0));
}

/// One of each kind, and nothing else.
#[test]
fn what_differs_is_found() {
    use FindingKind::*;
    let day = Day::new("differs", account);
    let (simulator, now) = (&day.shop.simulator, day.shop.simulator.now());
    let fine = day.sold("fine");
    let [given_back, other, missing] = ["sale 1", "sale 2", "sale 3"].map(|name| day.sold(name));
    let refused = day.not_paid("no money", Customer::NotEnough);
    let code = day.code();
    simulator.customer(&code, Customer::AsksPassword { pays_after: None });
    unknown(day.till.pay_with("open", &micro_pay(&code), &Options::new().patience(Duration::ZERO)));
    let refund = taken(day.till.refund("return", &part(&fine, 100))).order_number;
    let elsewhere = simulator.refund_elsewhere(&fine, 50).unwrap();
    let own = OrderNumbers::new(7);
    let lost = own.make(endpoint::Numbers::DateSerial, "", day.day, Serial { epoch: 77, counter: 7 }).unwrap();
    simulator.add_to_bill(BillRow::paid(now, &refused, 888));
    simulator.add_to_bill(BillRow::revoked(now, &given_back, 888));
    simulator.say_in_bill(&other, 889);
    simulator.leave_out_of_bill(&missing);
    simulator.leave_out_of_bill(&refund);
    simulator.add_to_bill(BillRow::paid(now, &day.of("open"), 888));
    simulator.add_to_bill(BillRow::paid(now, &lost, 1));
    simulator.add_to_bill(BillRow { mch_id: "a merchant".into(), ..BillRow::paid(now, "OTHER-SYSTEM-0001", 5) });
    day.later(2);
    let (mut told, done) = day.closed();
    told.sort();
    let of = |number: &String| Some(number.clone());
    let open = day.of("open");
    let mut right = [
        (ChargedThoughDeclined, of(&refused), of(&refused)),
        (ReversedThoughAccepted, of(&given_back), of(&given_back)),
        (AmountDiffers, of(&other), of(&other)),
        (NotInBill, of(&missing), None),
        (PaidThoughOpen, of(&open), of(&open)),
        (UnknownOwnNumber, None, of(&lost)),
        (RefundUnknown, None, of(&elsewhere)),
        (RefundNotInBill, of(&refund), None),
        (Unreadable, None, None),
    ];
    right.sort();
    assert_eq!(told, right);
    // The payment that was reversed, too, has its row.
    assert_eq!((done.agrees, done.findings, done.foreign), (2, 9, 0));
    assert_eq!(FindingKind::ALL.len(), right.len());
}

/// Whatever befalls the bill on its way: there is a fault, and nothing is concluded.
#[test]
fn a_bill_that_does_not_come_whole_concludes_nothing() {
    let day = Day::new("torn", account);
    let number = day.sold("sale");
    day.later(2);
    // Every finding would be told: the bill has no row of it, and one of a number that is lost.
    day.shop.simulator.leave_out_of_bill(&number);
    let lost = OrderNumbers::new(7).make(endpoint::Numbers::DateSerial, "", day.day, Serial { epoch: 77, counter: 7 });
    let sold_at = u64::try_from(day.day.unix_seconds()).unwrap();
    day.shop.simulator.add_to_bill(BillRow::paid(sold_at, &lost.unwrap(), 1));
    let whole = day.shop.simulator.bill(&day.day.date_digits(), "ALL").unwrap().len();
    let cuts = (0..12).chain((12..whole - 24).step_by(97)).chain(whole - 24..whole - 2);
    let mut troubles: Vec<BillTrouble> = Vec::new();
    for at in cuts {
        troubles.extend([BillTrouble::CutAt(at), BillTrouble::ShortenedTo(at)]);
    }
    use BillTrouble::*;
    troubles.extend([CutAt(usize::MAX), WrongTotals, BadGateway, Slow, Creating, SignError]);
    for trouble in troubles {
        day.shop.simulator.trouble_next_download(trouble);
        day.within.set(if trouble == Slow { 2 } else { 30 });
        let came = day.bill_of(day.day, "torn");
        // What the connection did is known at once; what the text is, when it is read.
        let by_transport = matches!(trouble, CutAt(_) | BadGateway | Slow);
        if trouble == CutAt(usize::MAX) {
            // All of it came before the connection ended.
            assert!(came.is_ok(), "{came:?}");
            continue;
        }
        assert_eq!(matches!(came, Err(BillFault::NotRead(_))), by_transport, "{trouble:?}: {came:?}");
        let file = File::open(day.folder.join("torn")).unwrap();
        let said = reconciled(&day.till, day.day, (file, None));
        let Err(ReconcileFault::Bill(fault)) = said else { panic!("{trouble:?}: {said:?}") };
        match trouble {
            Creating => assert_eq!(fault, BillFault::Creating),
            SignError => assert!(matches!(fault, BillFault::Refused(_)), "{fault:?}"),
            _ => assert!(matches!(fault, BillFault::Incomplete(_)), "{trouble:?}: {fault:?}"),
        }
    }
    // In time again: both are told.
    day.shop.simulator.clear_bills();
    day.shop.simulator.leave_out_of_bill(&number);
    let (told, _) = day.closed();
    assert_eq!(told, [(FindingKind::NotInBill, Some(number), None)]);
}

/// Too early, and on a day without a sale.
#[test]
fn a_bill_that_is_not_there() {
    let day = Day::new("early", account);
    day.sold("sale");
    let fault = |path: PathBuf, of: ChinaTime| {
        let said = reconciled(&day.till, of, (File::open(path).unwrap(), None));
        said.map_err(|fault| match fault {
            ReconcileFault::Bill(fault) => fault,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(fault(day.bill_of(day.day, "early").unwrap(), day.day), Err(BillFault::Creating));
    day.later(2);
    // Nobody paid on the next day, and the journal has nothing of it.
    let (told, done) = fault(day.bill_of(day.tomorrow(), "none").unwrap(), day.tomorrow()).unwrap();
    assert_eq!((told.len(), done.rows), (0, 0));
}

/// The fund flow: its Digest is compared where there is one.
#[test]
fn the_fund_flow() {
    let day = Day::new("flow", account);
    let number = day.sold("sale");
    taken(day.till.refund("return", &part(&number, 300)));
    day.later(1);
    let flow = DownloadFundFlow { day: day.day, account_type: FundAccount::Basic };
    let read = |path: PathBuf| {
        let (mut reader, mut rows) = (FundFlowReader::new(), Vec::new());
        reader.read(&std::fs::read(path).unwrap(), &mut |line| match line {
            FlowLine::Row(row) => rows.push((row.is_income(), row.amount().fen().unwrap())),
            unreadable => panic!("{unreadable:?}"),
        });
        reader.end().map(|totals| (rows, totals))
    };
    let (rows, totals) = read(day.download(&flow, "flow").unwrap()).unwrap();
    // 8.88 came, 0.05 of it went as a fee (0.60%), 3.00 went back.
    assert_eq!(rows, [(true, 888), (false, 5), (false, 300)]);
    assert_eq!((totals.rows, totals.income.1.fen(), totals.outgo.1.fen()), (3, Some(888), Some(305)));
    let troubled = |trouble| {
        day.shop.simulator.trouble_next_download(trouble);
        day.download(&flow, "flow")
    };
    assert!(read(troubled(BillTrouble::NoDigest).unwrap()).is_ok());
    for trouble in [
        BillTrouble::WrongDigest,
        BillTrouble::ShortenedTo(0),
        BillTrouble::ShortenedTo(300),
        BillTrouble::CutAt(300),
        BillTrouble::BadGateway,
    ] {
        let came = troubled(trouble);
        assert!(matches!(came, Err(BillFault::NotRead(_))), "{trouble:?}: {came:?}");
    }
    assert!(matches!(read(troubled(BillTrouble::WrongTotals).unwrap()), Err(BillFault::Incomplete(_))));
    assert_eq!(read(troubled(BillTrouble::Creating).unwrap()), Err(BillFault::Creating));
    assert_eq!(read(troubled(BillTrouble::NoBill).unwrap()), Err(BillFault::Empty));
    assert!(matches!(read(troubled(BillTrouble::SignError).unwrap()), Err(BillFault::Refused(_))));
    let none = DownloadFundFlow { day: day.day, account_type: FundAccount::Operation };
    assert_eq!(read(day.download(&none, "flow").unwrap()), Err(BillFault::Empty));
    // Signed with HMAC-SHA256, though the account signs with MD5; with the certificate, which the bill does without.
    let seen = day.shop.simulator.seen();
    let last = |path: &str| seen.iter().rev().find(|seen| seen.path == path).unwrap();
    let flow = last("/pay/downloadfundflow");
    assert!(String::from_utf8_lossy(&flow.body).contains("HMAC-SHA256"));
    assert_eq!(flow.client_certificate_cn.as_deref(), Some(credentials::MCH_ID));
}

/// Asked for compressed. (This gateway cannot compress.)
#[cfg(feature = "gzip")]
#[test]
fn a_compressed_bill_is_asked_for() {
    let day = Day::new("gzip", account);
    day.sold("sale");
    day.later(1);
    let path = day.download(&DownloadBill::of(day.day).gzip(), "gzip").unwrap();
    let said = reconciled(&day.till, day.day, (File::open(path).unwrap(), None));
    let Err(ReconcileFault::Bill(fault)) = said else { panic!("{said:?}") };
    assert_eq!(fault, BillFault::Refused("20007 CompressGZip Error".into()));
    // And a file that is compressed is laid beside the journal as it is: of another day's rows, none is this till's.
    let path = day.folder.join("packed");
    std::fs::write(&path, include_bytes!("../../vectors/bill-all.gz")).unwrap();
    let of = ChinaTime::read("20261126000000").unwrap();
    let (_, done) = reconciled(&day.till, of, (File::open(path).unwrap(), None)).unwrap();
    assert_eq!(done.rows, 6);
}

/// 20,000 rows come in pieces, and each is read; memory is measured in tests/memory.rs.
#[test]
fn a_long_bill_streams() {
    let day = Day::new("long", account);
    let number = day.sold("sale");
    let sold_at = u64::try_from(day.day.unix_seconds()).unwrap();
    for at in 0..20_000 {
        day.shop.simulator.add_to_bill(BillRow {
            body: "天虹百货南山店-矿泉水,`面包".into(),
            ..BillRow::paid(sold_at, &format!("OTHER-SYSTEM-{at:06}"), 500)
        });
    }
    day.later(2);
    let client = day.shop.client(account());
    let (mut bytes, mut longest, mut reader, mut rows) = (0, 0, BillReader::new(), 0_u32);
    let came = client.download(&DownloadBill::of(day.day), &mut |piece| {
        (bytes, longest) = (bytes + piece.len(), longest.max(piece.len()));
        reader.read(piece, &mut |line| rows += u32::from(matches!(line, BillLine::Row(_))));
    });
    came.unwrap();
    let text = day.shop.simulator.bill(&day.day.date_digits(), "ALL").unwrap();
    assert_eq!((bytes, rows, reader.end().unwrap().rows), (text.len(), 20_001, 20_001));
    assert!(longest <= 64 * 1024, "{longest}");
    let path = day.folder.join("long");
    std::fs::write(&path, text).unwrap();
    let (told, done) = reconciled(&day.till, day.day, (File::open(path).unwrap(), None)).unwrap();
    assert_eq!((told, done.agrees, done.foreign), (vec![], 1, 20_000), "{number}");
}
