//! A firmware's payments and nothing else: a payment and its question on each of the four gateways. Its size is
//! measured, and it runs: `five_gateways URL P12 ROOTS PUBLIC_KEY`, with what the simulator prints.
//!
//! At the counter a payment by code is taken, taken back, and given back. With the feature `journal` all but the WAP order goes through a
//! till.

use std::error::Error;
use std::sync::Arc;

use wxpay_terminal::*;

#[path = "../requests.rs"]
mod requests;

use requests::{red_packet, scanned};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The simulator's.
const MCH_ID: &str = "1900000109";
const KEY: &str = "0123456789abcdef0123456789ABCDEF";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("five_gateways URL P12 ROOTS PUBLIC_KEY");
    let (url, p12, roots, public_key) = (next()?, next()?, next()?, next()?);
    let identity = Identity::from_pkcs12(&std::fs::read(p12)?, MCH_ID)?;
    let https = Https::builder().identity(identity).only_roots(&std::fs::read(roots)?)?.build()?;
    let desk = Desk { https: Arc::new(https), terminal: Terminal::new("013467007045764")? };

    let key = || Secret::from(KEY);
    let redpack = desk.client(RedpackAccount::new(MCH_ID, "wx8888888888888888", key())?.hosts(&[&url])?)?;
    let secret = Secret::from("fY3kq_WeComPaySecret-0123456789abcdefghijkl");
    let workwx = WorkwxAccount::new(MCH_ID, "wxe062425f740c30d8", key(), secret)?.hosts(&[&url])?;
    let workwx = desk.client(workwx)?;
    let swiftpass = Secret::from("9d101c97133837e13dde2d32a5054abb");
    let swiftpass = SwiftpassAccount::new(&(url.clone() + "/pay/gateway"), "7551000001", swiftpass)?;
    let swiftpass = desk.client(swiftpass.sub_appid("wx2421b1c4370ec43b")?)?;
    let rule = RsaReply::new(PublicKey::read(&std::fs::read(public_key)?)?, RsaDigest::Sha1);
    let webgate = desk.client(WebgateAccount::new(&url, "10001", Secret::from("secretkey"), rule)?)?;

    let wxpay = desk.client(WxpayAccount::new(MCH_ID, "wx8888888888888888", key())?.hosts(&[&url])?)?;

    pay_wap_order(&swiftpass)?;
    #[cfg(feature = "journal")]
    return pay_by_till(redpack, workwx, webgate, wxpay);
    #[cfg(not(feature = "journal"))]
    pay(&redpack, &workwx, &webgate)?;
    #[cfg(not(feature = "journal"))]
    sell(&wxpay)
}

struct Desk {
    https: Arc<Https>,
    terminal: Terminal,
}

impl Desk {
    fn client<A: Account>(&self, account: A) -> Result<Client<A>> {
        Ok(Client::new(account, self.terminal.clone(), self.https.clone())?)
    }
}

fn employee(partner_trade_no: &str) -> Result<PayEmployee<'_>> {
    Ok(PayEmployee {
        partner_trade_no,
        openid: "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s",
        amount: Fen::new(100)?,
        desc: "六月出差报销费用",
        spbill_create_ip: "10.2.3.10",
        act_name: "示例项目",
        ..PayEmployee::new(CheckName::NoCheck { re_user_name: None }, WwMsgType::Normal)
    })
}

fn charge(out_trade_no: &str) -> Result<WxCharge<'_>> {
    let amount = Fen::new(20_000)?;
    Ok(WxCharge { openid: "2010021010", netid: "210", out_trade_no, amount, remark: Some("校园卡充值") })
}

fn a_part<'a>(out_refund_no: &'a str, order: &'a str) -> Result<Refund<'a>> {
    Ok(Refund { out_refund_no, ..Refund::new(RefundOf::OutTradeNo(order), Fen::new(888)?, Fen::new(300)?) })
}

/// Tells what happened, as a terminal's log does.
fn tell<T>(gateway: &str, outcome: Outcome<T>) -> Result<T> {
    match outcome {
        Outcome::Accepted(reply) | Outcome::PaidLate(reply) | Outcome::Taken(reply) => {
            println!("{gateway}: accepted");
            Ok(reply)
        }
        Outcome::Ordered(reply) => {
            println!("{gateway}: ordered");
            Ok(reply)
        }
        Outcome::Declined(refusal) => Err(format!("{gateway}: {refusal}").into()),
        Outcome::Unknown(doubt) => Err(format!("{gateway}: {doubt}").into()),
    }
}

fn known<T>(gateway: &str, answer: Answer<T>) -> Result<T> {
    match answer {
        Answer::Known(reply) => {
            println!("{gateway}: the query knows the order");
            Ok(reply)
        }
        Answer::NotKnown { .. } => Err(format!("{gateway}: not known").into()),
        Answer::NoAnswer(doubt) => Err(format!("{gateway}: {doubt}").into()),
    }
}

fn pay_wap_order(client: &Client<SwiftpassAccount>) -> Result<()> {
    let number = "T202611210001";
    let total_fee = Fen::new(1)?;
    let made = tell(
        "swiftpass",
        client.send(&mut client.prepare(&WapOrder {
            out_trade_no: number,
            body: "H5支付测试",
            total_fee,
            mch_create_ip: "14.23.150.211",
            notify_url: "https://shop.example/notify",
            sub_openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
            ..WapOrder::default()
        })?)?,
    )?;
    println!("{}", made.mweb_url);
    let trade = known("swiftpass", client.ask(&TradeQuery { out_trade_no: number })?)?;
    println!("paid: {}", trade.trade_state == TradeState::Success);
    // What a server hands on: nothing here, which is no notification.
    let notified = client
        .account()
        .notification(b"")
        .is_ok_and(|notice| notice.matches(&StoredOrder { out_trade_no: number, total_fee }).is_ok());
    println!("notified: {notified}");
    Ok(())
}

#[cfg(not(feature = "journal"))]
fn pay(
    redpack: &Client<RedpackAccount>,
    workwx: &Client<WorkwxAccount>,
    webgate: &Client<WebgateAccount>,
) -> Result<()> {
    let number = "0010010404202611210000000001";
    let sent = tell("redpack", redpack.send(&mut redpack.prepare(&red_packet(number)?)?)?)?;
    println!("{}", sent.send_listid);
    let info = known("redpack", redpack.ask(&GetHbInfo { mch_billno: number })?)?;
    println!("issued: {}", info.status == HbStatus::Sent);

    let number = "100000982026112100000001";
    let paid = tell("workwx", workwx.send(&mut workwx.prepare(&employee(number)?)?)?)?;
    println!("{}", paid.payment_no);
    let paid = known("workwx", workwx.ask(&QueryPayEmployee { partner_trade_no: number })?)?;
    println!("paid: {}", paid.status == TransferStatus::Success);

    tell("webgate", webgate.send(&mut webgate.prepare(&charge("2026112115020100000001")?)?)?)?;
    Ok(())
}

/// A payment by code and a refund of it; another one, whose customer is asked for the password, is taken back.
#[cfg(not(feature = "journal"))]
fn sell(client: &Client<WxpayAccount>) -> Result<()> {
    // A number and a code are good for once, and this program runs again against one simulator. The last digits of a code say who shows it.
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let of_now = |begins: &str, ends: &str| format!("{begins}{seconds:014}{ends}");
    let (number, refund) = (of_now("T", "1"), of_now("R", "1"));
    tell("wxpay", client.send(&mut client.prepare(&scanned(&number, &of_now("13", "00"))?)?)?)?;
    tell("wxpay", client.send(&mut client.prepare(&a_part(&refund, &number)?)?)?)?;
    known("wxpay", client.ask(&RefundQuery { out_refund_no: &refund })?)?;

    let number = of_now("T", "2");
    println!("{:?}", client.send(&mut client.prepare(&scanned(&number, &of_now("13", "02"))?)?));
    println!("{:?}", client.close(&Reverse { out_trade_no: &number })?);
    known("wxpay", client.ask(&OrderQuery { out_trade_no: &number })?)?;
    Ok(())
}

#[cfg(feature = "journal")]
fn pay_by_till(
    redpack: Client<RedpackAccount>,
    workwx: Client<WorkwxAccount>,
    webgate: Client<WebgateAccount>,
    wxpay: Client<WxpayAccount>,
) -> Result<()> {
    let journal = SqliteJournal::open(std::path::Path::new("pay.db"), 7, None, &SystemRandom)?;
    let till = Till::open(journal).with(redpack).with(workwx).with(webgate).with(wxpay);
    for left in till.recover(std::time::Duration::from_secs(10))? {
        println!("{left:?}");
    }
    till.acknowledge(tell("redpack", till.pay("prize 1", &red_packet("")?)?)?.entry)?;
    till.acknowledge(tell("workwx", till.pay("salary 1", &employee("")?)?)?.entry)?;
    till.acknowledge(tell("webgate", till.pay("card 1", &charge("")?)?)?.entry)?;
    let sold = tell("wxpay", till.pay("sale 1", &scanned("", "130000000000000000")?)?)?;
    tell("wxpay", till.refund("return 1", &a_part("", &sold.order_number)?)?)?;
    Ok(())
}
