//! All five gateways, over real mutual TLS, against the simulator: `make tour`.
//!
//! Each line says what happened and is checked: the tour exits non-zero if one is not what it must be.

use std::error::Error;
use std::io::Read;
use std::time::{Duration, Instant};

use wxpay_simulator::{Customer, Fault, Simulator, credentials};
use wxpay_terminal::*;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let simulator = Simulator::start()?;
    println!("simulator  listening at {}", simulator.base_url());
    let tour = Tour { simulator: &simulator, https: https(&simulator)?, terminal: Terminal::new("013467007045764")? };
    tour.wxpay()?;
    tour.payment_codes()?;
    tour.refund()?;
    tour.acquirer()?;
    tour.redpack()?;
    tour.workwx()?;
    tour.swiftpass()?;
    tour.webgate()?;
    tour.lost_answer()?;
    tour.checks()?;
    tour.ledger()
}

struct Tour<'a> {
    simulator: &'a Simulator,
    https: std::sync::Arc<Https>,
    terminal: Terminal,
}

/// The transport: the merchant's certificate as the merchant platform hands it out (RC2-40), and the simulator's CA.
fn https(simulator: &Simulator) -> Result<std::sync::Arc<Https>> {
    let p12 = std::fs::read(&simulator.files().p12_rc2)?;
    let roots = std::fs::read(&simulator.files().ca_pem)?;
    let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID)?;
    Ok(Https::builder().only_roots(&roots)?.identity(identity).build()?.into())
}

impl Tour<'_> {
    fn wxpay_client(&self) -> Result<Client<WxpayAccount>> {
        let account = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?
            .sign_type(SignType::HmacSha256)
            .hosts(&[&self.simulator.base_url()])?;
        Ok(Client::new(account, self.terminal.clone(), self.https.clone())?)
    }

    /// A customer scans a QR and pays.
    fn wxpay(&self) -> Result<()> {
        let number = "202611210001QR";
        let client = self.wxpay_client()?;
        let order = NativeOrder {
            out_trade_no: number,
            body: "天虹百货-矿泉水",
            total_fee: Fen::new(888)?,
            spbill_create_ip: "14.23.150.211",
            notify_url: "https://shop.example/wxpay/notify",
            product_id: "6901234567892",
            ..NativeOrder::default()
        };
        let mut prepared = client.prepare(&order)?;
        let start = Instant::now();
        let outcome = client.send(&mut prepared)?;
        self.line("wxpay", number, &outcome, start)?;
        if let Outcome::Ordered(made) = &outcome {
            println!("wxpay      shown as a QR: {}", made.code_url);
        }
        must("wxpay      an order is not a payment", self.paid(number), 0)?;
        self.simulator.pay_order(number)?;
        must("wxpay      the customer scanned and paid", trade_state(&client, number)?, TradeState::Success)
    }

    /// Customers show their payment codes. (`sell_by_code` does it with a till, which asks, waits and takes back by itself.)
    fn payment_codes(&self) -> Result<()> {
        let client = self.wxpay_client()?;
        let number = "202611210002CODE";
        let start = Instant::now();
        let outcome = client.send(&mut client.prepare(&micro_pay(number, "130000000000000001")?)?)?;
        self.line("wxpay", number, &outcome, start)?;

        // A password: the answer says that the customer types, and the query, when it is paid.
        let number = "202611210003CODE";
        self.simulator.customer("130000000000000002", Customer::AsksPassword { pays_after: Some(1) });
        unknown(number, client.send(&mut client.prepare(&micro_pay(number, "130000000000000002")?)?)?)?;
        must("wxpay      orderquery, at once", trade_state(&client, number)?, TradeState::UserPaying)?;
        must("wxpay      ledger: paid times", self.paid(number), 0)?;
        must("wxpay      orderquery, with the password", trade_state(&client, number)?, TradeState::Success)?;
        must("wxpay      ledger: paid times", self.paid(number), 1)?;

        // The dialog is closed. That is no proof of anything, so it is taken back; a till waits until 15 s have passed.
        let number = "202611210004CODE";
        self.simulator.customer("130000000000000003", Customer::Refuses);
        unknown(number, client.send(&mut client.prepare(&micro_pay(number, "130000000000000003")?)?)?)?;
        must("wxpay      orderquery, the dialog closed", trade_state(&client, number)?, TradeState::PayError)?;
        match client.close(&Reverse { out_trade_no: number })? {
            Answer::Known(reversed) => println!("wxpay      {number} reverse: recall={}", reversed.recall),
            other => return Err(format!("reverse: {other:?}").into()),
        }
        must("wxpay      orderquery, whose word alone counts", trade_state(&client, number)?, TradeState::Revoked)?;
        must("wxpay      ledger: paid times", self.paid(number), 0)
    }

    /// A part of the first payment is given back. Taken is not arrived.
    fn refund(&self) -> Result<()> {
        let client = self.wxpay_client()?;
        let (order, number) = ("202611210002CODE", "202611210005BACK");
        let of = RefundOf::OutTradeNo(order);
        let refund = Refund { out_refund_no: number, ..Refund::new(of, Fen::new(888)?, Fen::new(300)?) };
        match client.send(&mut client.prepare(&refund)?)? {
            Outcome::Taken(taken) => println!("wxpay      {number} Taken, refund_id {}", taken.refund_id),
            other => return Err(format!("refund: {other:?}").into()),
        }
        must("wxpay      ledger: fen given back", self.given_back(order), 300)?;
        // The same number again is the same refund.
        let _ = client.send(&mut client.prepare_repeat(&refund)?)?;
        must("wxpay      sent again: fen given back", self.given_back(order), 300)?;
        match client.ask(&RefundQuery { out_refund_no: number })? {
            Answer::Known(rows) => {
                let status = rows.field(number, "refund_status").unwrap_or_default();
                println!("wxpay      refundquery: {status}");
                Ok(())
            }
            other => Err(format!("refundquery: {other:?}").into()),
        }
    }

    fn swiftpass_client(&self) -> Result<Client<SwiftpassAccount>> {
        let (url, key) = (self.simulator.base_url() + "/pay/gateway", Secret::from(credentials::SWIFTPASS_KEY));
        let account = SwiftpassAccount::new(&url, credentials::SWIFTPASS_MCH_ID, key)?;
        let account = account.sub_appid(credentials::SWIFTPASS_APPID)?;
        Ok(Client::new(account, self.terminal.clone(), self.https.clone())?)
    }

    /// The same behind a bank: a customer shows an Alipay code, types a password, and gets a part back.
    fn acquirer(&self) -> Result<()> {
        let client = self.swiftpass_client()?;
        let (sale, number, code) = ("202611210006BANK", "202611210007BACK", "280000000000000004");
        self.simulator.customer(code, Customer::AsksPassword { pays_after: Some(1) });
        let payment = UnifiedMicropay {
            out_trade_no: sale,
            auth_code: code,
            body: "天虹百货-矿泉水",
            total_fee: Fen::new(888)?,
            mch_create_ip: "14.23.150.211",
            ..UnifiedMicropay::default()
        };
        match client.send(&mut client.prepare(&payment)?)? {
            Outcome::Unknown(doubt) => println!("swiftpass  {sale} Unknown: {doubt}"),
            other => return Err(format!("a customer who is asked for a password is Unknown, not {other:?}").into()),
        }
        let state = || match client.ask(&TradeQuery { out_trade_no: sale })? {
            Answer::Known(trade) => Ok::<_, Box<dyn Error>>(trade),
            other => Err(format!("unified.trade.query: {other:?}").into()),
        };
        must("swiftpass  query, at once", state()?.trade_state, TradeState::UserPaying)?;
        let paid = state()?;
        must("swiftpass  query, with the password", paid.trade_state, TradeState::Success)?;
        let wallet = paid.reply.get("trade_type").unwrap_or_default();
        must("swiftpass  of the wallet", wallet, "pay.alipay.micropay")?;
        must("swiftpass  ledger: paid times", self.paid(sale), 1)?;

        let of = RefundOf::OutTradeNo(sale);
        let refund = UnifiedRefund { out_refund_no: number, ..UnifiedRefund::new(of, Fen::new(888)?, Fen::new(300)?) };
        match client.send(&mut client.prepare(&refund)?)? {
            Outcome::Taken(taken) => println!("swiftpass  {number} Taken, refund_id {}", taken.refund_id),
            other => return Err(format!("refund: {other:?}").into()),
        }
        must("swiftpass  ledger: fen given back", self.given_back(sale), 300)?;
        match client.ask(&UnifiedRefundQuery { out_refund_no: number })? {
            Answer::Known(rows) => {
                println!("swiftpass  refundquery: {}", rows.field(number, "refund_status").unwrap_or_default());
                Ok(())
            }
            other => Err(format!("refundquery: {other:?}").into()),
        }
    }

    fn redpack_client(&self, key: &str) -> Result<Client<RedpackAccount>> {
        let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(key))?
            .hosts(&[&self.simulator.base_url()])?;
        Ok(Client::new(account, self.terminal.clone(), self.https.clone())?.within(Duration::from_secs(2))?)
    }

    fn redpack(&self) -> Result<()> {
        let client = self.redpack_client(credentials::KEY)?;
        let mut prepared = client.prepare(&red_packet("0010010404202611210000000001")?)?;
        let start = Instant::now();
        let outcome = client.send(&mut prepared)?;
        self.line("redpack", prepared.order_number(), &outcome, start)
    }

    fn workwx(&self) -> Result<()> {
        let account = WorkwxAccount::new(
            credentials::MCH_ID,
            credentials::CORPID,
            Secret::from(credentials::KEY),
            Secret::from(credentials::WORKWX_SECRET),
        )?
        .hosts(&[&self.simulator.base_url()])?;
        let client = Client::new(account, self.terminal.clone(), self.https.clone())?;
        let pay = PayEmployee {
            partner_trade_no: "100000982026112100000001",
            openid: "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s",
            amount: Fen::new(100)?,
            desc: "六月出差报销费用",
            spbill_create_ip: "10.2.3.10",
            act_name: "示例项目",
            ..PayEmployee::new(CheckName::NoCheck { re_user_name: None }, WwMsgType::Normal)
        };
        let mut prepared = client.prepare(&pay)?;
        let start = Instant::now();
        let outcome = client.send(&mut prepared)?;
        self.line("workwx", prepared.order_number(), &outcome, start)
    }

    fn swiftpass(&self) -> Result<()> {
        let client = self.swiftpass_client()?;
        let (notify_url, notified) = listen_for_one_notification()?;
        let total_fee = Fen::new(1)?;
        let order = WapOrder {
            out_trade_no: "T202611210001",
            body: "H5支付测试",
            total_fee,
            mch_create_ip: "14.23.150.211",
            notify_url: &notify_url,
            sub_openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
            ..WapOrder::default()
        };
        let mut prepared = client.prepare(&order)?;
        let start = Instant::now();
        let outcome = client.send(&mut prepared)?;
        self.line("swiftpass", prepared.order_number(), &outcome, start)?;
        must("swiftpass  an order is not a payment", self.paid("T202611210001"), 0)?;

        let customer = self.simulator.pay_order("T202611210001");
        let body = notified.join().map_err(|_| "the notification did not come")??;
        let notice = client.account().notification(&body)?;
        let paid = notice.matches(&StoredOrder { out_trade_no: "T202611210001", total_fee })?;
        // Only the query's word counts as a payment.
        let state = match client.ask(&TradeQuery { out_trade_no: "T202611210001" })? {
            Answer::Known(trade) => trade.trade_state,
            other => return Err(format!("swiftpass: {other:?}").into()),
        };
        must("swiftpass  the query agrees", state, TradeState::Success)?;
        let reply = paid.reply_after(|_| Ok::<(), Box<dyn Error>>(()))?;
        println!("swiftpass  the customer paid: notification verified, query asked, answered {reply:?}");
        drop(customer);
        Ok(())
    }

    fn webgate(&self) -> Result<()> {
        let key = std::fs::read(&self.simulator.files().webgate_public_key_base64)?;
        let rule = RsaReply::new(PublicKey::read(&key)?, RsaDigest::Sha1);
        let key = Secret::from(credentials::PARTNER_KEY);
        let account = WebgateAccount::new(&self.simulator.base_url(), credentials::PARTNER_ID, key, rule)?;
        let client = Client::new(account, self.terminal.clone(), self.https.clone())?;
        let charge = WxCharge {
            openid: "2010021010",
            netid: "210",
            out_trade_no: "2026112115020100000001",
            amount: Fen::new(20_000)?,
            remark: Some("校园卡充值"),
        };
        let mut prepared = client.prepare(&charge)?;
        let start = Instant::now();
        let outcome = client.send(&mut prepared)?;
        self.line("webgate", prepared.order_number(), &outcome, start)
    }

    /// The gateway pays, and its answer is lost.
    fn lost_answer(&self) -> Result<()> {
        let number = "0010010404202611210000000002";
        self.simulator.fault_for_order(number, Fault::SilenceAfterCommit);
        let client = self.redpack_client(credentials::KEY)?;
        let mut prepared = client.prepare(&red_packet(number)?)?;
        match client.send(&mut prepared)? {
            Outcome::Unknown(doubt) => println!("redpack    {number} Unknown: {doubt}"),
            other => return Err(format!("a lost answer must be Unknown, not {other:?}").into()),
        }
        match client.ask(&GetHbInfo { mch_billno: number })? {
            Answer::Known(HbInfo { status: HbStatus::Sent, .. }) => {
                println!("redpack    {number} gethbinfo: SENT, so it was paid");
            }
            other => return Err(format!("gethbinfo: {other:?}").into()),
        }
        must("redpack    ledger: paid times", self.paid(number), 1)
    }

    /// Three terminals that do not work, one readable line each.
    fn checks(&self) -> Result<()> {
        let good = self.redpack_client(credentials::KEY)?.check();
        must("check      all good", good.is_good(), true)?;

        let wrong_key = self.redpack_client("ffffffffffffffffffffffffffffffff")?.check();
        bad_part("check      wrong key", &wrong_key, Part::Key)?;

        let p12 = std::fs::read(&self.simulator.files().p12_other_merchant)?;
        let roots = std::fs::read(&self.simulator.files().ca_pem)?;
        let other = Identity::from_pkcs12(&p12, credentials::OTHER_MCH_ID)?;
        let foreign = Https::builder().only_roots(&roots)?.identity(other).build()?;
        let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?
            .hosts(&[&self.simulator.base_url()])?;
        let client = Client::new(account, self.terminal.clone(), foreign)?;
        bad_part("check      wrong certificate", &client.check(), Part::Certificate)?;

        let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?
            .hosts(&[&self.simulator.base_url()])?;
        let inputs = Inputs {
            transport: Box::new(self.https.clone()),
            clock: Box::new(FlatBattery),
            random: Box::new(SystemRandom),
        };
        let client = Client::with_inputs(account, self.terminal.clone(), inputs)?;
        bad_part("check      clock at 1970", &client.check(), Part::Clock)
    }

    fn line<T: std::fmt::Debug>(
        &self,
        gateway: &str,
        number: &str,
        outcome: &Outcome<T>,
        start: Instant,
    ) -> Result<()> {
        let time = start.elapsed();
        let said = match outcome {
            Outcome::Accepted(_) => "Accepted",
            Outcome::Ordered(_) => "Ordered",
            _ => return Err(format!("{gateway}: {outcome:?}").into()),
        };
        let entry = self.simulator.entry(number).ok_or("the ledger has no such order")?;
        println!(
            "{gateway:10} {number} {said} in {:.1} ms; ledger: {} fen, {}, paid {} times",
            time.as_secs_f64() * 1000.0,
            entry.amount,
            entry.state,
            entry.paid
        );
        Ok(())
    }

    fn paid(&self, number: &str) -> u32 {
        self.simulator.entry(number).map_or(0, |entry| entry.paid)
    }

    fn given_back(&self, number: &str) -> u64 {
        self.simulator.entry(number).map_or(0, |entry| entry.refunded)
    }

    fn ledger(&self) -> Result<()> {
        let ledger = self.simulator.ledger();
        must("ledger     orders", ledger.len(), 10)?;
        must("ledger     orders that were taken back", ledger.iter().filter(|e| e.state == "REVOKED").count(), 1)?;
        let others = ledger.iter().filter(|e| e.state != "REVOKED");
        must("ledger     others that were not paid exactly once", others.filter(|e| e.paid != 1).count(), 0)
    }
}

/// What the query says. Only its word counts.
fn trade_state(client: &Client<WxpayAccount>, number: &str) -> Result<TradeState> {
    match client.ask(&OrderQuery { out_trade_no: number })? {
        Answer::Known(order) => Ok(order.trade_state),
        other => Err(format!("orderquery: {other:?}").into()),
    }
}

/// The customer has the next word.
fn unknown<T: std::fmt::Debug>(number: &str, outcome: Outcome<T>) -> Result<()> {
    match outcome {
        Outcome::Unknown(doubt) => println!("wxpay      {number} Unknown: {doubt}"),
        other => return Err(format!("a customer who is asked for a password is Unknown, not {other:?}").into()),
    }
    Ok(())
}

fn micro_pay<'a>(out_trade_no: &'a str, auth_code: &'a str) -> Result<MicroPay<'a>> {
    Ok(MicroPay {
        out_trade_no,
        auth_code,
        body: "天虹百货-矿泉水",
        total_fee: Fen::new(888)?,
        spbill_create_ip: "14.23.150.211",
        ..MicroPay::default()
    })
}

fn red_packet(mch_billno: &str) -> Result<SendRedPack<'_>> {
    Ok(SendRedPack {
        mch_billno,
        send_name: "天虹百货",
        re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
        total_amount: Fen::new(200)?,
        wishing: "恭喜发财",
        client_ip: "127.0.0.1",
        act_name: "新年红包",
        remark: "新年红包",
        ..SendRedPack::default()
    })
}

/// A board whose battery died.
struct FlatBattery;

impl Clock for FlatBattery {
    fn unix_seconds(&self) -> i64 {
        3600
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }
}

type Listening = std::thread::JoinHandle<std::io::Result<Vec<u8>>>;

/// Takes one notification on loopback, as the merchant's server would, and answers `success`.
fn listen_for_one_notification() -> Result<(String, Listening)> {
    use std::io::Write;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/notify", listener.local_addr()?);
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        let body = loop {
            let read = stream.read(&mut buffer)?;
            request.extend_from_slice(&buffer[..read]);
            let head = request.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
            if let Some(at) = head.filter(|_| request.ends_with(b"</xml>")) {
                break request.split_off(at);
            }
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        };
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nsuccess")?;
        Ok(body)
    });
    Ok((url, thread))
}

fn must<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<()> {
    if got != expected {
        return Err(format!("{what}: {got:?}, must be {expected:?}").into());
    }
    println!("{what}: {got:?}");
    Ok(())
}

/// Prints the one line that a technician needs.
fn bad_part(what: &str, report: &Report, part: Part) -> Result<()> {
    match report.steps.iter().find(|step| step.verdict == Verdict::Bad) {
        Some(step) if step.part == part => println!("{what}: {step}"),
        _ => return Err(format!("{what}: must be bad in {part:?}\n{report}").into()),
    }
    Ok(())
}
