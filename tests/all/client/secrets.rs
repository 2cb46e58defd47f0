//! Nothing that this library prints holds a secret.

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use wxpay_simulator::{Fault, SignType as MerchantSigns, Simulator, credentials};
use wxpay_terminal::Fault as Fault_;
use wxpay_terminal::*;

use crate::support::counter::micro_pay;
use crate::support::gateways::{Gateway, NAMES, Prep, auth_code, https, part_of_sale, sale_of};
use crate::support::red_packets::{PACKAGE, company_packet, group_packet, miniprogram_packet};
use crate::support::unified_https::{SERVICES, With, unified_of};
use crate::support::wxpay::{h5_order, jsapi_order, native_order};
use crate::support::{charge, employee, red_packet, terminal, wap_order};

thread_local! {
    /// Every log line of the test's own thread, at TRACE. The library works on its caller's thread.
    static LINES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

struct Capture;

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}", record.target(), record.args());
        LINES.with_borrow_mut(|lines| lines.as_mut().map(|lines| lines.push(line)));
    }

    fn flush(&self) {}
}

/// Keys, and what would give them away. The simulator uses the same ones, so real exchanges carry their signatures.
fn canaries(simulator: &Simulator) -> Vec<(&'static str, String)> {
    let files = simulator.files();
    let [private, acquirers] = [&files.key_pem_pkcs8, &files.swiftpass_merchant_key_pem]
        .map(|file| std::fs::read_to_string(file).unwrap().lines().nth(3).unwrap().to_string());
    vec![
        ("API key", credentials::KEY.into()),
        ("WeCom secret", credentials::WORKWX_SECRET.into()),
        ("Swiftpass key", credentials::SWIFTPASS_KEY.into()),
        ("e-pay key", format!("={}", credentials::PARTNER_KEY)),
        ("e-pay key", format!("\"{}\"", credentials::PARTNER_KEY)),
        ("private key", private),
        ("private key", acquirers),
        // The key of a refund notification's req_info (F.3).
        ("API key's MD5", md5(credentials::KEY)),
    ]
}

fn md5(text: &str) -> String {
    let digest = openssl::hash::hash(openssl::hash::MessageDigest::md5(), text.as_bytes()).unwrap();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is personal or lets its bearer pay: never in a `Debug` text. (TRACE lines of the wire do hold it.)
const PERSONAL: [&str; 16] = [
    "onqOjjmM1tad-3ROpncN-yUfa6uI",
    "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s",
    "张三",
    "恭喜发财",
    "2010021010",
    "checkmweb",
    "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "六月出差报销费用",
    "天虹百货",
    "XX活动",
    // What claims a mini-program's red packet.
    "sendid",
    // Where a refund's money goes.
    "支付用户",
    // The beginning of every payment code, and longer than what a time of 13 seconds and a small serial number look like.
    "130000000000",
    // Of those of any wallet; who pays with Alipay, and by what.
    "00000000700",
    "2088102146225135",
    "qr.alipay.com",
];

#[test]
fn no_debug_text_and_no_log_line_holds_a_secret() {
    let _ = log::set_boxed_logger(Box::new(Capture));
    log::set_max_level(log::LevelFilter::Trace);
    LINES.set(Some(Vec::new()));
    let simulator = Simulator::start().unwrap();
    let https = https(&simulator);
    let mut printed =
        vec![format!("{https:?}"), format!("{:?} {:?}", Https::builder(), Secret::from(credentials::KEY))];
    for (which, name) in NAMES.iter().chain(&SERVICES).enumerate() {
        let gateway = Gateway::new(name, &simulator, &https);
        for (at, fault) in
            [None, Some(Fault::RefusedNotEnough), Some(Fault::WrongSignature), Some(Fault::BadGatewayAfterCommit)]
                .into_iter()
                .enumerate()
        {
            let number = format!("{}0{at}0001", which + 20);
            // A refund is of a sale, which no fault meets.
            let _sold = name.ends_with("refund").then(|| gateway.prepare(&number));
            if let Some(fault) = fault {
                simulator.fault_next(fault);
            }
            print_payment(&gateway, &number, &mut printed);
            simulator.clear_faults();
        }
    }
    printed.extend(print_queries(&simulator, &https));
    printed.extend(print_the_rest(&simulator));
    every_public_type_was_printed(&printed);
    let canaries = canaries(&simulator);
    for text in &printed {
        for (what, canary) in &canaries {
            assert!(!text.contains(canary), "{what} in {text}");
        }
        for personal in PERSONAL {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
    }
    let lines = LINES.take().unwrap();
    let wire: String = lines.iter().map(|line| hex_row(line)).collect();
    assert!(wire.contains("POST /mmpaymkttransfers/sendredpack"), "the wire dump was decoded");
    for (what, canary) in &canaries {
        assert!(!wire.contains(canary), "{what} on the wire");
        let line = lines.iter().find(|line| line.contains(canary));
        assert!(line.is_none(), "{what} in the log: {line:?}");
    }
    println!("secrets: {} texts, {} log lines, {} bytes of wire dump", printed.len(), lines.len(), wire.len());
    assert!(printed.len() > 40 && lines.len() > 100);
}

/// Everything that a payment makes, printed.
fn print_payment(gateway: &Gateway, number: &str, printed: &mut Vec<String>) {
    macro_rules! pay {
        ($client:expr, $request:expr) => {
            print_one($client, &$request, printed)
        };
    }
    match gateway {
        Gateway::Wxpay(client) => {
            pay!(client, native_order(number));
            let numbers = [format!("{number}J"), format!("{number}H")];
            pay!(client, JsapiOrder { openid: Some(PERSONAL[0]), ..jsapi_order(&numbers[0]) });
            pay!(client, h5_order(&numbers[1]));
        }
        Gateway::Micropay(client) => {
            let code = auth_code(number);
            pay!(client, MicroPay { out_trade_no: number, ..micro_pay(&code) });
        }
        Gateway::Refund(client, _) => {
            let sale = sale_of(number);
            pay!(client, part_of_sale(number, &sale));
        }
        Gateway::Redpack(client) => pay!(client, red_packet(number)),
        Gateway::Workwx(client) => pay!(client, employee(number)),
        Gateway::Swiftpass(client) => pay!(client, wap_order(number)),
        Gateway::Webgate(client) => pay!(client, charge(number)),
        Gateway::GroupRedpack(client) => pay!(client, group_packet(number)),
        Gateway::MiniprogramHb(client) => pay!(client, miniprogram_packet(number)),
        Gateway::WorkwxRedpack(client) => pay!(client, company_packet(number)),
        Gateway::Unified(unified) => unified.with(number, Print(printed)),
    }
    let _: fn(&Gateway, &str) -> Prep = Gateway::prepare;
}

/// The request, what is prepared of it, and what came of it.
fn print_one<A: Account + Debug, P: Payment<Account = A> + Debug>(
    client: &Client<A>,
    request: &P,
    printed: &mut Vec<String>,
) {
    let mut prepared = client.prepare(request).unwrap();
    let outcome = client.send(&mut prepared);
    printed.push(format!("{request:?} {client:?} {:?}", client.account()));
    printed.push(format!("{prepared:?} {:?}", prepared.endpoint().name));
    match &outcome {
        Ok(Outcome::Accepted(reply) | Outcome::Ordered(reply) | Outcome::PaidLate(reply) | Outcome::Taken(reply)) => {
            printed.push(format!("{reply:?} {reply:#?}"));
        }
        Ok(Outcome::Declined(refusal)) => printed.push(format!("{refusal} {refusal:?}")),
        Ok(Outcome::Unknown(doubt)) => printed.push(format!("{doubt} {doubt:?}")),
        Err(error) => printed.push(format!("{error} {error:?}")),
    }
}

struct Print<'a>(&'a mut Vec<String>);

impl With for Print<'_> {
    type Out = ();

    fn request<P>(self, client: &Arc<Client<SwiftpassAccount>>, request: &P)
    where
        P: Payment<Account = SwiftpassAccount> + Debug,
        P::Reply: Send + 'static,
    {
        print_one(client, request, self.0);
    }
}

/// The answers to questions about the payments that were made.
fn print_queries(simulator: &Simulator, https: &Arc<Https>) -> Vec<String> {
    let client = |name| Gateway::new(name, simulator, https);
    let mut printed = Vec::new();
    if let Gateway::Redpack(client) = client("redpack") {
        simulator.set_status("20000001", "RECEIVED");
        let query = GetHbInfo { mch_billno: "20000001" };
        let answer = client.ask(&query).unwrap();
        assert!(matches!(&answer, Answer::Known(info) if info.hblist.len() == 1));
        printed.push(format!("{query:?} {answer:?} {:?}", client.check()));
    }
    if let Gateway::MiniprogramHb(client) = client("miniprogram_hb") {
        let fields = client.account().hb_fields(PACKAGE, 1_795_248_000, "nonce").unwrap();
        printed.push(format!("{fields:?} {fields:#?} {:?} {:?}", HbClaim::Package(PACKAGE), HbClaim::Nobody));
    }
    if let Gateway::WorkwxRedpack(client) = client("workwx_redpack") {
        simulator.set_status("29000001", "RECEIVED");
        let query = QueryWorkwxRedPack { mch_billno: "29000001" };
        let answer = client.ask(&query).unwrap();
        assert!(matches!(&answer, Answer::Known(info) if info.reply.filled("openid").is_some()));
        printed.push(format!("{query:?} {answer:?} {answer:#?}"));
    }
    if let Gateway::Wxpay(client) = client("wxpay") {
        simulator.pay_order("24000001").unwrap();
        let query = OrderQuery { out_trade_no: "24000001" };
        printed.push(format!("{query:?} {:?}", client.ask(&query).unwrap()));
        let close = CloseOrder { out_trade_no: "24000001H" };
        printed.push(format!("{close:?} {:?}", client.close(&close).unwrap()));
        let fields = client.account().js_fields(credentials::APPID, "wx1", 1_795_248_000, "nonce").unwrap();
        printed.push(format!("{fields:?}"));
    }
    if let Gateway::Micropay(client) = client("micropay") {
        let reverse = Reverse { out_trade_no: "25000001" };
        let reversed = client.close(&reverse).unwrap();
        assert!(matches!(reversed, Answer::Known(_)));
        printed.push(format!("{reverse:?} {reversed:?}"));
    }
    if let Gateway::Workwx(client) = client("workwx") {
        let query = QueryPayEmployee { partner_trade_no: "21000001" };
        printed.push(format!("{query:?} {:?}", client.ask(&query).unwrap()));
    }
    if let Gateway::Swiftpass(client) = client("swiftpass") {
        simulator.pay_order("22000001").unwrap();
        let query = TradeQuery { out_trade_no: "22000001" };
        printed.push(format!("{query:?} {:?}", client.ask(&query).unwrap()));
        let close = TradeClose { out_trade_no: "22020001" };
        printed.push(format!("{close:?} {:?}", client.close(&close).unwrap()));
        let body = simulator.notification("22000001").unwrap();
        let notice = client.account().notification(body.as_bytes()).unwrap();
        printed.push(format!("{notice:?}"));
        let order = StoredOrder { out_trade_no: "22000001", total_fee: Fen::new(1).unwrap() };
        printed.push(format!("{order:?} {:?}", notice.matches(&order).unwrap()));
    }
    if let Gateway::Unified(unified) = client("unified.trade.refund") {
        let query = UnifiedRefundQuery { out_refund_no: "31000001" };
        let answer = unified.client.ask(&query).unwrap();
        assert!(matches!(answer, Answer::Known(_)));
        printed.push(format!("{query:?} {answer:?} {answer:#?}"));
        let own = std::fs::read(&simulator.files().swiftpass_merchant_key_pem).unwrap();
        let with_rsa = unified_of(simulator, MerchantSigns::Rsa256);
        printed.push(format!("{:?} {with_rsa:?} {:?}", PrivateKey::read(&own).unwrap(), CounterSale::default()));
        let reverse = UnifiedReverse { out_trade_no: "30000001" };
        let reversed = unified.client.close(&reverse).unwrap();
        assert!(matches!(reversed, Answer::Known(_)));
        printed.push(format!("{reverse:?} {reversed:?}"));
    }
    if let Gateway::Refund(client, _) = client("refund") {
        printed.extend(print_a_refund(simulator, &client));
    }
    printed
}

/// What is asked about a refund, its notification, right and wrong, and who stands behind a payment code.
fn print_a_refund(simulator: &Simulator, client: &Client<WxpayAccount>) -> Vec<String> {
    const NUMBER: &str = "26000001";
    let query = RefundQuery { out_refund_no: NUMBER };
    let answer = client.ask(&query).unwrap();
    assert!(matches!(&answer, Answer::Known(row) if row.field(NUMBER, "refund_recv_accout").is_some()));
    let mut printed = vec![format!("{query:?} {answer:?} {answer:#?}")];
    let body = simulator.refund_notification(NUMBER).unwrap();
    let hint = client.account().refund_hint(body.as_bytes()).unwrap();
    assert!(hint.fields.get("refund_recv_accout").is_some());
    printed.push(format!("{hint:?} {hint:#?}"));
    let other = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::PARTNER_KEY));
    printed.extend(other.map(|other| format!("{:?}", other.refund_hint(body.as_bytes()))));
    for cut in
        [body.replace("<req_info><![CDATA[", "<req_info><![CDATA[AAAA"), body.replace("mch_id", "id"), String::new()]
    {
        let fault = client.account().refund_hint(cut.as_bytes()).unwrap_err();
        printed.push(format!("{fault} {fault:?}"));
    }
    let code = auth_code("60009001");
    let code = AuthCodeToOpenid { auth_code: &code };
    let Answer::Known(behind) = client.ask(&code).unwrap() else { panic!() };
    let text = format!("{code:?} {behind:?} {behind:#?}");
    assert!(!behind.openid.is_empty() && !text.contains(&behind.openid), "{text}");
    printed.push(text);
    printed
}

/// Types whose `Debug` is not their name followed by fields, each printed all the same.
const PRINTED_OTHERWISE: &[&str] = &[
    "Fields",
    "Pairs",
    "CheckName",
    "WwMsgType",
    "WorkwxSender",
    "HbClaim",
    "HbStatus",
    "TransferStatus",
    "TradeState",
    "SceneId",
    "RefundOf",
    "ErrorKind",
    "Reason",
    "Next",
    "Outcome",
    "Answer",
    "Sent",
    "Stage",
    "Part",
    "Verdict",
    "RsaDigest",
    "SignType",
    "BillType",
    "FundAccount",
    "BillLine",
    "BillState",
    "BillFault",
    "Column",
    "FlowLine",
    "FindingKind",
    "ReconcileFault",
    // Of the feature `gzip`: a `DownloadBill`.
    "GzipBill",
    "PairsFault",
    "SystemClock",
    "SystemRandom",
    "SystemResolver",
    "ClientCertificate",
    "EntryState",
    "Settlement",
    "EntryId",
    "JournalFaultKind",
    "Owner",
    "Summary",
    "Evidence",
    "SystemPause",
    "Phase",
    "Repeats",
    "Reversals",
    "Cash",
    "Inputs",
    "Warm",
];

/// Every public type of `src/lib.rs` is among the printed texts.
fn every_public_type_was_printed(printed: &[String]) {
    let all = printed.join("\n");
    let source = include_str!("../../../src/lib.rs");
    let names = source
        .split("pub use ")
        .skip(1)
        .flat_map(|part| part.split(';').next().unwrap().split(|c: char| !c.is_alphanumeric() && c != '_'))
        .filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()) && name.contains(char::is_lowercase));
    let traits = [
        "Account",
        "Clock",
        "Journal",
        "Pause",
        "Random",
        "Payment",
        "Query",
        "Reply",
        "Request",
        "Resolve",
        "Transport",
        "ReplyRule",
        "Close",
        "Watch",
        "CounterAccount",
        "Download",
        "BillSource",
    ];
    let mut seen = 0;
    for name in names.filter(|name| !traits.contains(name) && !PRINTED_OTHERWISE.contains(name)) {
        let found = [" ", "(", "\n"].iter().any(|end| all.contains(&format!("{name}{end}")));
        assert!(found, "{name} was not printed");
        seen += 1;
    }
    assert!(seen > 35, "{seen}");
}

fn print_the_rest(simulator: &Simulator) -> Vec<String> {
    let p12 = std::fs::read(&simulator.files().p12_rc2).unwrap();
    let wrong = Identity::from_pkcs12_with(&p12, &Secret::from(credentials::KEY)).unwrap_err();
    let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID).unwrap();
    let public = PublicKey::read(&std::fs::read(&simulator.files().webgate_public_key_pem).unwrap()).unwrap();
    let key_error = RedpackAccount::new("1", "wx1", Secret::from("0123456789abcdef0123456789ABCDEF0")).unwrap_err();
    let account =
        SwiftpassAccount::new("https://g.example/pay", "1", Secret::from(credentials::SWIFTPASS_KEY)).unwrap();
    let body = simulator.notification("22000001").unwrap();
    let notice = account.notification(body.as_bytes());
    vec![
        format!("{wrong} {wrong:?}"),
        format!("{identity:?} {public:?}"),
        format!("{key_error} {key_error:?}"),
        format!("{notice:?} {account:?} {:?}", terminal()),
        format!("{:?} {:?}", RsaReply::new(public, RsaDigest::Sha1), account.notification(b"").unwrap_err()),
        print_the_small_ones(),
        print_a_post(),
        print_a_till(),
        print_an_order_in_a_till(),
        print_a_refund_in_a_till(),
        print_a_bill(),
    ]
}

fn print_the_small_ones() -> String {
    let fields = [("mch_id", b"1".as_slice())];
    let explanation = explain(&redpack::SEND_REDPACK, &fields, &Secret::from(credentials::KEY), Some("x"));
    let time = ChinaTime::from_unix(0).unwrap();
    let valid = Valid { start: time, expire: time };
    let refused = Fen::new(-1).unwrap_err();
    let received = Received::new(200, credentials::KEY);
    let fault = Fault_::unsent(Stage::Tls, "TLS");
    let mut pairs = Pairs::default();
    pairs.add("openid", PERSONAL[0]).unwrap();
    let two = pairs.add("openid", "2").unwrap_err();
    let inputs = Inputs {
        transport: Box::new(crate::support::Canned::default()),
        clock: Box::new(SystemClock),
        random: Box::new(SystemRandom),
    };
    let cashier = Phase::Confirming.cashier();
    format!(
        "{cashier:?} {explanation:?} {valid:?} {refused:?} {:?} {received:?} {fault:?} {pairs:?} {two:?} {inputs:?} {:?} {:?} {:?}",
        Fen::MAX,
        (SystemClock, SystemRandom, SystemResolver),
        (Next::Stop, Sent::No, Fields::default(), ENDPOINTS),
        (SceneId::Product1, SignType::Md5, ClientCertificate::None, Warm::default())
    )
}

/// A WAP order in a till: while it waits, once it is paid, and what a watcher is told.
fn print_an_order_in_a_till() -> String {
    use crate::till::modelled::{Modelled, Time};
    use crate::till::simulation::till;
    struct Lines(Mutex<Vec<String>>);
    impl Watch for Lines {
        fn progress(&self, progress: &Progress<'_>) {
            self.0.lock().unwrap().push(format!("{progress:?} {:?}", progress.phase));
        }
    }
    let (journal, time) = (crate::support::memory_journal::MemoryJournal::default(), Time::new());
    let wire = Modelled::at("swiftpass", 1, 0, Some(time.clone()));
    let till = till("swiftpass", journal, &wire, &time);
    let lines = Lines(Mutex::default());
    let options = Options::new().repeats(Repeats::YoungerThan(std::time::Duration::from_secs(60))).watch(&lines);
    let Ok(Outcome::Ordered(made)) = till.order_with("receipt", &wap_order(""), &options) else { panic!() };
    let Ok(Outcome::Ordered(again)) = till.order_with("receipt", &wap_order(""), &options) else { panic!() };
    assert!(again.evidence.field("mweb_url").unwrap().contains("checkmweb"));
    let waiting = till.recover_with(&options).unwrap();
    assert!(wire.customer_pays(&made.order_number));
    let told = till.notified(wire.notification(&made.order_number).as_bytes()).unwrap();
    let paid = till.payment_of(&made.order_number).unwrap();
    let repeats = Repeats::default();
    let lines = lines.0.lock().unwrap().join(" ");
    format!("{made:?} {again:?} {waiting:?} {told:?} {paid:?} {options:?} {repeats:?} {lines}")
}

/// A refund in a till: taken, on its way, arrived; refused; and left open.
fn print_a_refund_in_a_till() -> String {
    use crate::till::refunds::sold;
    let (shop, till, number) = sold();
    let part = |amount| Refund {
        refund_desc: Some("六月出差报销费用"),
        ..Refund::new(RefundOf::OutTradeNo(&number), Fen::new(888).unwrap(), Fen::new(amount).unwrap())
    };
    shop.takes(300);
    let made = till.refund("return 1", &part(300)).unwrap();
    shop.pass(1200);
    shop.row("SUCCESS", 300);
    let arrived = till.recover(std::time::Duration::from_secs(5)).unwrap();
    let again = till.refund("return 1", &part(300)).unwrap();
    let too_much = till.refund("return 3", &part(889)).unwrap_err();
    shop.fails("NOTENOUGH").fails("REFUNDNOTEXIST");
    let refused = till.refund("return 2", &part(500)).unwrap();
    let all = till.entries_of("return 2").unwrap();
    let entries: Vec<String> = shop.journal.all().iter().map(|entry| format!("{entry:?} {:?}", entry.state)).collect();
    format!("{made:?} {arrived:?} {again:?} {refused:?} {too_much:?} {all:?} {entries:?}")
}

/// A bill, a fund flow, and what differs from the journal. Their texts hold openids and what was bought.
fn print_a_bill() -> String {
    use crate::support::bills::{BillPrint, bill};
    let (_, till, number) = crate::till::refunds::sold();
    let day = ChinaTime::read("20261121000000").unwrap();
    let product = PERSONAL[2].to_owned();
    let rows = [
        BillPrint { product, ..BillPrint::paid(&number, 889) },
        BillPrint { time: "then".into(), ..BillPrint::paid("1", 1) },
    ];
    let text = bill(&rows).replace("`openid,", &format!("`{},", PERSONAL[0]));
    let mut printed =
        format!("{:?} {:?}", DownloadBill::of(day), DownloadFundFlow { day, account_type: FundAccount::Fees });
    let mut reader = BillReader::new();
    reader.read(text.as_bytes(), &mut |line| {
        printed += &format!("{line:?} {:?}", line);
        if let BillLine::Row(row) = line {
            printed += &format!("{row:?} {:?} {:?} {:?}", row.state(), row.yuan(Column::TotalFee), Column::Body);
        }
    });
    printed += &format!("{reader:?} ");
    printed += &format!("{:?} ", reader.end());
    let flow = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n\
                `2026-11-21 12:00:00,`420,`1000,`交易,`交易,`收入,`8.88,`8.88,`张三,`张三,`1\r\n\
                资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`1.0,`1.0,`8.88,`0.0,`0.00\r\n";
    let mut reader = FundFlowReader::new();
    reader.read(flow.as_bytes(), &mut |line| printed += &format!("{line:?}"));
    printed += &format!("{reader:?} ");
    printed += &format!("{:?} ", reader.end().unwrap());
    let mut source = text.as_bytes();
    let bills = Bills { of_day: &mut source, of_next_day: None };
    printed += &format!("{bills:?}");
    let done = till.reconcile(day, bills, &mut |finding| {
        printed += &format!("{finding:?} {:?} {} {}", finding.kind, finding.zh(), finding.en());
    });
    let made = OrderNumbers::read(wxpay_terminal::endpoint::Numbers::DateSerial, "", &number);
    let torn = till.reconcile(day, Bills { of_day: &mut &b"1"[..], of_next_day: None }, &mut |_| {}).unwrap_err();
    printed + &format!("{done:?} {made:?} {torn:?} {torn} {:?}", Downloaded::default())
}

/// A till, its entries and what it says of them.
fn print_a_till() -> String {
    use crate::till::modelled::{Modelled, Time};
    use crate::till::simulation::till;
    let (journal, time) = (crate::support::memory_journal::MemoryJournal::default(), Time::new());
    let till = till("redpack", journal, &Modelled::new("redpack", 1, 0), &time);
    let outcome = till.pay("prize", &red_packet(""));
    let receipt = match outcome.unwrap() {
        Outcome::Accepted(receipt) => receipt,
        other => panic!("{other:?}"),
    };
    let recovered = till.recover(std::time::Duration::ZERO).unwrap();
    let refused = till.settle_by_hand(receipt.entry.id, false, "somebody", "a reason").unwrap_err();
    let new = NewEntry { account: "a", call: "sendredpack", intent: "prize", amount: Fen::ZERO, of: None, at: 0 };
    let numbered = Numbered { order_number: "1".into(), fields: vec![("re_openid".into(), PERSONAL[0].into())] };
    let mended = Mended { amount: Fen::ZERO, fields: numbered.fields.clone() };
    let serial = Serial { epoch: 1, counter: 2 };
    let numbers = OrderNumbers::new(7);
    #[cfg(feature = "sqlite")]
    let file = {
        let path = std::env::temp_dir().join(format!("wxpay-secrets-{}.db", std::process::id()));
        let printed = format!("{:?}", SqliteJournal::open(&path, 7, None, &SystemRandom).unwrap());
        for end in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
        printed
    };
    #[cfg(not(feature = "sqlite"))]
    let file = "SqliteJournal ";
    format!(
        "{file} {till:?} {receipt:?} {recovered:?} {refused:?} {new:?} {numbered:?} {mended:?} {serial:?} {numbers:?} {SystemPause:?}"
    )
}

/// A request as a transport of the caller's own would print it.
fn print_a_post() -> String {
    #[derive(Default)]
    struct Prints(Mutex<String>);
    impl Transport for Prints {
        fn post(&self, post: &Post<'_>) -> Result<Received, Fault_> {
            *self.0.lock().unwrap() = format!("{post:?}");
            Err(Fault_::unsent(Stage::Connect, "not sent"))
        }
    }
    let prints = Arc::new(Prints::default());
    let account = crate::support::gateways::redpack_account(&["https://gateway.example"]);
    let client = Client::new(account, terminal(), prints.clone()).unwrap();
    let error = client.send(&mut client.prepare(&red_packet("1")).unwrap()).unwrap_err();
    let printed = prints.0.lock().unwrap();
    format!("{printed} {error:?}")
}

/// The bytes of a hex row as ureq-proto writes them at TRACE: `504f 5354 20-- ----  POST ...`.
fn hex_row(line: &str) -> String {
    let Some((_, row)) = line.split_once("ureq_proto::util ") else { return String::new() };
    let hex: String = row.split("  ").next().unwrap().chars().filter(char::is_ascii_hexdigit).collect();
    let bytes: Vec<u8> =
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// F26: the simulator's keys are their user's alone, and those of a simulator that was killed go with the next start.
#[cfg(target_os = "linux")]
#[test]
fn the_simulators_keys_are_private_and_do_not_stay() {
    use std::os::unix::fs::MetadataExt as _;
    if std::env::var_os("TEST_INNER").is_some() {
        let simulator = Simulator::start().unwrap();
        println!("{}", simulator.files().directory.display());
        std::process::abort();
    }
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().mode() & 0o7777;
    let simulator = Simulator::start().unwrap();
    let folder = simulator.files().directory.clone();
    assert_eq!(mode(&folder), 0o700);
    for file in std::fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    let mut killed = wxpay_simulator::this_program();
    let test = "client::secrets::the_simulators_keys_are_private_and_do_not_stay";
    killed.args(["--nocapture", "--exact", test]).env("TEST_INNER", "1").stderr(std::process::Stdio::null());
    let output = killed.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let left = printed.lines().find(|line| line.contains("wxpay-simulator-")).expect("its folder");
    assert!(!output.status.success());
    // Another test may have started one in between.
    let _next = Simulator::start().unwrap();
    assert!(!std::path::Path::new(left).exists(), "{left}");
    assert!(folder.exists(), "a living one's stays");
}
