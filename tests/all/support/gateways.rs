//! The five gateways, with payment codes, refunds and the other red packets, as one thing, for tests that run over all of them against the
//! simulator.

use std::sync::Arc;
use std::time::Duration;

use wxpay_simulator::{SignType as MerchantSigns, Simulator, credentials};
use wxpay_terminal::*;

use crate::support::counter::micro_pay;
use crate::support::red_packets::{company_packet, group_packet, miniprogram_packet};
use crate::support::unified_https::{SERVICES, Unified, unified_of};
use crate::support::wxpay::native_order;
use crate::support::{accepted, charge, employee, fen, red_packet, terminal, wap_order};

/// What one attempt came to, without the reply's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Came {
    /// Accepted, or, of an order, Ordered.
    Done,
    Declined(String, Next),
    Unknown(Reason),
    Error(ErrorKind),
}

impl Came {
    pub fn of<T>(outcome: Result<Outcome<T>, Error>) -> Came {
        match outcome {
            Ok(Outcome::Accepted(_) | Outcome::Ordered(_)) => Came::Done,
            Ok(Outcome::PaidLate(_)) => panic!("of a client"),
            Ok(Outcome::Taken(_)) => Came::Done,
            Ok(Outcome::Declined(refusal)) => Came::Declined(refusal.code, refusal.next),
            Ok(Outcome::Unknown(doubt)) => Came::Unknown(doubt.reason),
            Err(error) => Came::Error(error.kind()),
        }
    }
}

/// A client of one of the five gateways. Of WeChat Pay's own: for orders, for payment codes, and for refunds.
pub enum Gateway {
    Wxpay(Client<WxpayAccount>),
    Micropay(Client<WxpayAccount>),
    /// With a client of its own for the sales, which no fault meets.
    Refund(Client<WxpayAccount>, Box<Client<WxpayAccount>>),
    Redpack(Client<RedpackAccount>),
    Workwx(Client<WorkwxAccount>),
    Swiftpass(Client<SwiftpassAccount>),
    Webgate(Client<WebgateAccount>),
    GroupRedpack(Client<RedpackAccount>),
    MiniprogramHb(Client<RedpackAccount>),
    WorkwxRedpack(Client<WorkwxAccount>),
    /// One call of the counter at a Swiftpass-type gateway.
    Unified(Unified),
}

/// A prepared payment of one of them.
pub enum Prep {
    Wxpay(Prepared<NativeOrderMade>),
    Micropay(Prepared<MicroPaid>),
    Refund(Prepared<RefundTaken>),
    Redpack(Prepared<RedPackSent>),
    Workwx(Prepared<EmployeePaid>),
    Swiftpass(Prepared<WapOrderMade>),
    Webgate(Prepared<WxCharged>),
    GroupRedpack(Prepared<RedPackSent>),
    MiniprogramHb(Prepared<MiniProgramHbSent>),
    WorkwxRedpack(Prepared<WorkwxRedPackSent>),
    Unified(Box<dyn FnMut() -> Came + Send>),
}

pub const NAMES: [&str; 10] = [
    "redpack",
    "workwx",
    "swiftpass",
    "webgate",
    "wxpay",
    "micropay",
    "refund",
    "group_redpack",
    "miniprogram_hb",
    "workwx_redpack",
];

/// A payment code for an order number of digits: each is shown once.
pub fn auth_code(number: &str) -> String {
    format!("13{number:0>16}")
}

/// The number of the sale that a refund with this number is of.
pub fn sale_of(number: &str) -> String {
    format!("S{number}")
}

/// A part of that sale's 8.88 yuan.
pub fn part_of_sale<'a>(number: &'a str, sale: &'a str) -> Refund<'a> {
    let of = RefundOf::OutTradeNo(sale);
    Refund {
        out_refund_no: number, refund_desc: Some("六月出差报销费用"), ..Refund::new(of, fen(888), fen(300))
    }
}

/// A sale that was paid, to be refunded.
fn sell(cashier: &Client<WxpayAccount>, number: &str) {
    let (code, sale) = (auth_code(number), sale_of(number));
    let payment = MicroPay { out_trade_no: &sale, ..micro_pay(&code) };
    accepted(cashier.send(&mut cashier.prepare(&payment).unwrap()));
}

/// The transport for a simulator, with the merchant's certificate.
pub fn https(simulator: &Simulator) -> Arc<Https> {
    let files = simulator.files();
    let p12 = std::fs::read(&files.p12_rc2).unwrap();
    let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID).unwrap();
    let roots = std::fs::read(&files.ca_pem).unwrap();
    Arc::new(Https::builder().only_roots(&roots).unwrap().identity(identity).build().unwrap())
}

/// A service provider's, which signs with HMAC-SHA256: what a plain one does is in the till's tests.
fn wxpay_account(hosts: &[&str]) -> WxpayAccount {
    let account = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY)).unwrap();
    let account = account.sub_merchant(credentials::SUB_MCH_ID, None).unwrap();
    account.sign_type(SignType::HmacSha256).hosts(hosts).unwrap()
}

pub fn redpack_account(hosts: &[&str]) -> RedpackAccount {
    let key = Secret::from(credentials::KEY);
    RedpackAccount::new(credentials::MCH_ID, credentials::APPID, key).unwrap().hosts(hosts).unwrap()
}

fn workwx_account(hosts: &[&str]) -> WorkwxAccount {
    let (key, secret) = (Secret::from(credentials::KEY), Secret::from(credentials::WORKWX_SECRET));
    WorkwxAccount::new(credentials::MCH_ID, credentials::CORPID, key, secret).unwrap().hosts(hosts).unwrap()
}

fn webgate_account(simulator: &Simulator) -> WebgateAccount {
    let public = std::fs::read(&simulator.files().webgate_public_key_pem).unwrap();
    let rule = RsaReply::new(PublicKey::read(&public).unwrap(), RsaDigest::Sha1);
    let key = Secret::from(credentials::PARTNER_KEY);
    WebgateAccount::new(&simulator.base_url(), credentials::PARTNER_ID, key, rule).unwrap()
}

impl Gateway {
    /// The gateway of this name, one host, with a deadline of one second: more with `WXPAY_WITHIN`, for emulators.
    pub fn new(name: &str, simulator: &Simulator, https: &Arc<Https>) -> Gateway {
        Gateway::signing(name, MerchantSigns::Md5, simulator, https)
    }

    /// The same, where the merchant of a Swiftpass-type gateway signs so.
    pub fn signing(name: &str, signs: MerchantSigns, simulator: &Simulator, https: &Arc<Https>) -> Gateway {
        let seconds = std::env::var("WXPAY_WITHIN").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
        let within = Duration::from_secs(seconds);
        let url = simulator.base_url();
        let hosts = [url.as_str()];
        match name {
            "wxpay" => Gateway::Wxpay(client(wxpay_account(&hosts), https, within)),
            "micropay" => Gateway::Micropay(client(wxpay_account(&hosts), https, within)),
            "refund" => {
                let sells = client(wxpay_account(&hosts), &self::https(simulator), Duration::from_secs(30));
                Gateway::Refund(client(wxpay_account(&hosts), https, within), Box::new(sells))
            }
            "redpack" => Gateway::Redpack(client(redpack_account(&hosts), https, within)),
            "workwx" => Gateway::Workwx(client(workwx_account(&hosts), https, within)),
            "swiftpass" => Gateway::Swiftpass(client(unified_of(simulator, signs), https, within)),
            "webgate" => Gateway::Webgate(client(webgate_account(simulator), https, within)),
            "group_redpack" => Gateway::GroupRedpack(client(redpack_account(&hosts), https, within)),
            "miniprogram_hb" => Gateway::MiniprogramHb(client(redpack_account(&hosts), https, within)),
            "workwx_redpack" => Gateway::WorkwxRedpack(client(workwx_account(&hosts), https, within)),
            other => {
                let service = SERVICES.into_iter().find(|service| *service == other).unwrap();
                Gateway::Unified(Unified::new(service, signs, simulator, (https, within)))
            }
        }
    }

    pub fn prepare(&self, number: &str) -> Prep {
        match self {
            Gateway::Wxpay(client) => Prep::Wxpay(client.prepare(&native_order(number)).unwrap()),
            Gateway::Micropay(client) => {
                let code = auth_code(number);
                let payment = MicroPay { out_trade_no: number, ..micro_pay(&code) };
                Prep::Micropay(client.prepare(&payment).unwrap())
            }
            Gateway::Refund(client, cashier) => {
                sell(cashier, number);
                Prep::Refund(client.prepare(&part_of_sale(number, &sale_of(number))).unwrap())
            }
            Gateway::Redpack(client) => Prep::Redpack(client.prepare(&red_packet(number)).unwrap()),
            Gateway::Workwx(client) => Prep::Workwx(client.prepare(&employee(number)).unwrap()),
            Gateway::Swiftpass(client) => Prep::Swiftpass(client.prepare(&wap_order(number)).unwrap()),
            Gateway::Webgate(client) => Prep::Webgate(client.prepare(&charge(number)).unwrap()),
            Gateway::GroupRedpack(client) => Prep::GroupRedpack(client.prepare(&group_packet(number)).unwrap()),
            Gateway::MiniprogramHb(client) => Prep::MiniprogramHb(client.prepare(&miniprogram_packet(number)).unwrap()),
            Gateway::WorkwxRedpack(client) => Prep::WorkwxRedpack(client.prepare(&company_packet(number)).unwrap()),
            Gateway::Unified(unified) => unified.prepare(number),
        }
    }

    /// A connection for the next payment, made in this thread or not.
    pub fn warm(&self, how: Warm) -> Result<(), Error> {
        match self {
            Gateway::Wxpay(client) | Gateway::Micropay(client) | Gateway::Refund(client, _) => client.warm(how),
            Gateway::Redpack(client) | Gateway::GroupRedpack(client) | Gateway::MiniprogramHb(client) => {
                client.warm(how)
            }
            Gateway::Workwx(client) | Gateway::WorkwxRedpack(client) => client.warm(how),
            Gateway::Swiftpass(client) => client.warm(how),
            Gateway::Webgate(client) => client.warm(how),
            Gateway::Unified(_) => panic!("has no client to show"),
        }
    }

    pub fn send(&self, prepared: &mut Prep) -> Came {
        match (self, prepared) {
            (Gateway::Wxpay(client), Prep::Wxpay(prepared)) => Came::of(client.send(prepared)),
            (Gateway::Micropay(client), Prep::Micropay(prepared)) => Came::of(client.send(prepared)),
            (Gateway::Refund(client, _), Prep::Refund(prepared)) => Came::of(client.send(prepared)),
            (Gateway::Redpack(client), Prep::Redpack(prepared)) => Came::of(client.send(prepared)),
            (Gateway::Workwx(client), Prep::Workwx(prepared)) => Came::of(client.send(prepared)),
            (Gateway::Swiftpass(client), Prep::Swiftpass(prepared)) => Came::of(client.send(prepared)),
            (Gateway::Webgate(client), Prep::Webgate(prepared)) => Came::of(client.send(prepared)),
            (Gateway::GroupRedpack(client), Prep::GroupRedpack(prepared)) => Came::of(client.send(prepared)),
            (Gateway::MiniprogramHb(client), Prep::MiniprogramHb(prepared)) => Came::of(client.send(prepared)),
            (Gateway::WorkwxRedpack(client), Prep::WorkwxRedpack(prepared)) => Came::of(client.send(prepared)),
            (Gateway::Unified(_), Prep::Unified(send)) => send(),
            _ => panic!("prepared by another gateway"),
        }
    }
}

pub fn client<A: Account>(account: A, https: &Arc<Https>, within: Duration) -> Client<A> {
    Client::new(account, terminal(), https.clone()).unwrap().within(within).unwrap()
}
