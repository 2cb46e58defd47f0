//! The counter of a Swiftpass-type gateway: an account as its merchant signs, codes of every wallet, and each call by the name of its
//! service.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wxpay_simulator::{SignType as MerchantSigns, Simulator, credentials};
use wxpay_terminal::*;

use super::gateways::{Came, Prep, client, https, sale_of};
use super::{accepted, fen};

/// The calls that move money or make an order (POS flows 9).
pub const SERVICES: [&str; 8] = [
    "unified.trade.micropay",
    "unified.trade.refund",
    "unified.trade.native",
    "pay.weixin.native",
    "pay.alipay.native",
    "pay.weixin.jspay",
    "pay.alipay.jspay",
    "pay.weixin.wappay",
];

/// WeChat, Alipay, UnionPay, QQ Wallet, JD, 翼支付 (POS flows 13).
pub const WALLETS: [&str; 6] = ["13", "28", "62", "91", "18", "51"];

/// A code of that wallet with these 16 digits. UnionPay's have 19.
pub fn wallet_code(wallet: usize, digits: &str) -> String {
    let begin = WALLETS[wallet % WALLETS.len()];
    format!("{begin}{digits}{}", if begin == "62" { "0" } else { "" })
}

/// At the gateway of this host, whose merchant signs so: her key, and the platform's public one.
pub fn unified_account(host: &str, signs: MerchantSigns, [own, platform]: [&Path; 2]) -> SwiftpassAccount {
    let (url, mch_id) = (format!("{host}/pay/gateway"), credentials::SWIFTPASS_MCH_ID);
    let with_rsa = |digest| {
        let [own, platform] = [own, platform].map(|file| std::fs::read(file).unwrap());
        let (own, platform) = (PrivateKey::read(&own).unwrap(), PublicKey::read(&platform).unwrap());
        SwiftpassAccount::with_rsa(&url, mch_id, digest, own, platform)
    };
    let account = match signs {
        MerchantSigns::Md5 => SwiftpassAccount::new(&url, mch_id, Secret::from(credentials::SWIFTPASS_KEY)),
        MerchantSigns::Rsa256 => with_rsa(RsaDigest::Sha256),
        MerchantSigns::Rsa1 => with_rsa(RsaDigest::Sha1),
    };
    account.unwrap().sub_appid(credentials::SWIFTPASS_APPID).unwrap()
}

/// The same, of a simulator.
pub fn unified_of(simulator: &Simulator, signs: MerchantSigns) -> SwiftpassAccount {
    let files = simulator.files();
    unified_account(&simulator.base_url(), signs, [&files.swiftpass_merchant_key_pem, &files.swiftpass_public_key_pem])
}

/// A counter against the simulator: at WeChat Pay's own gateway, or behind an acquirer.
pub trait AtCounter: CounterAccount + Sized + 'static {
    /// The state of an order that was taken back (E.3; C.4.6).
    const REVERSED: &'static str;

    /// The account, where the merchant of a Swiftpass-type gateway signs so.
    fn account(simulator: &Simulator, signs: MerchantSigns) -> Self;

    /// A code with these 16 digits. Behind an acquirer it is an Alipay code.
    fn code(digits: &str) -> String;

    /// 8.88 yuan by this code.
    fn sale(auth_code: &str) -> Self::ByCode<'_> {
        let sale =
            CounterSale {
                body: "形象店-深圳腾大-QQ公仔", attach: None, total_fee: fen(888), create_ip: "8.8.8.8"
            };
        Self::by_code(sale, auth_code)
    }

    /// A part of that.
    fn part(number: &str, amount: i64) -> Self::Back<'_> {
        Self::back(RefundOf::OutTradeNo(number), fen(888), fen(amount))
    }
}

impl AtCounter for WxpayAccount {
    const REVERSED: &'static str = "REVOKED";

    fn account(simulator: &Simulator, _: MerchantSigns) -> WxpayAccount {
        let key = Secret::from(credentials::KEY);
        let account = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, key).unwrap();
        account.hosts(&[&simulator.base_url()]).unwrap()
    }

    fn code(digits: &str) -> String {
        wallet_code(0, digits)
    }
}

impl AtCounter for SwiftpassAccount {
    const REVERSED: &'static str = "REVERSE";

    fn account(simulator: &Simulator, signs: MerchantSigns) -> SwiftpassAccount {
        unified_of(simulator, signs)
    }

    fn code(digits: &str) -> String {
        wallet_code(1, digits)
    }
}

/// An order of 8.88 yuan.
macro_rules! scanned {
    ($request:ident, $number:expr) => {
        $request {
            out_trade_no: $number,
            body: "形象店-深圳腾大-QQ公仔",
            total_fee: fen(888),
            mch_create_ip: "123.12.12.123",
            notify_url: "https://pay.example/notify",
            ..$request::default()
        }
    };
}

/// A client for one service.
pub struct Unified {
    pub client: Arc<Client<SwiftpassAccount>>,
    /// For the sales that are refunded: no fault meets it.
    sells: Client<SwiftpassAccount>,
    service: &'static str,
}

impl Unified {
    pub fn new(
        service: &'static str,
        signs: MerchantSigns,
        simulator: &Simulator,
        (transport, within): (&Arc<Https>, Duration),
    ) -> Unified {
        let sells = client(unified_of(simulator, signs), &https(simulator), Duration::from_secs(30));
        Unified { client: Arc::new(client(unified_of(simulator, signs), transport, within)), sells, service }
    }

    pub fn prepare(&self, number: &str) -> Prep {
        if self.service.ends_with("refund") {
            let (code, sale) = (code_of(number), sale_of(number));
            let payment = UnifiedMicropay { out_trade_no: &sale, ..unified_micropay(&code) };
            accepted(self.sells.send(&mut self.sells.prepare(&payment).unwrap()));
        }
        self.with(number, Ready)
    }

    /// Does something with this service's request of that number. The sale that a refund is of was made by [`Unified::prepare`].
    pub fn with<W: With>(&self, number: &str, with: W) -> W::Out {
        let client = &self.client;
        match self.service {
            "unified.trade.micropay" => {
                let code = code_of(number);
                with.request(client, &UnifiedMicropay { out_trade_no: number, ..unified_micropay(&code) })
            }
            "unified.trade.refund" => {
                let sale = sale_of(number);
                let refund = UnifiedRefund::new(RefundOf::OutTradeNo(&sale), fen(888), fen(300));
                with.request(client, &UnifiedRefund { out_refund_no: number, ..refund })
            }
            "unified.trade.native" => with.request(client, &scanned!(UnifiedNative, number)),
            "pay.weixin.native" => with.request(client, &scanned!(WeixinNative, number)),
            "pay.alipay.native" => with.request(client, &scanned!(AlipayNative, number)),
            "pay.weixin.jspay" => {
                let sub_openid = Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
                with.request(client, &WeixinJspay { sub_openid, is_raw: true, ..scanned!(WeixinJspay, number) })
            }
            "pay.alipay.jspay" => with
                .request(client, &AlipayJspay { buyer_id: Some("2088102146225135"), ..scanned!(AlipayJspay, number) }),
            _ => with.request(
                client,
                &WeixinWappay {
                    device_info: "AND_WAP",
                    mch_app_name: "天虹百货",
                    mch_app_id: "https://shop.example",
                    ..scanned!(WeixinWappay, number)
                },
            ),
        }
    }
}

/// What is done with a request, whatever it is.
pub trait With {
    type Out;

    fn request<P>(self, client: &Arc<Client<SwiftpassAccount>>, request: &P) -> Self::Out
    where
        P: Payment<Account = SwiftpassAccount> + std::fmt::Debug,
        P::Reply: Send + 'static;
}

/// Prepared, to be sent as often as a test likes.
struct Ready;

impl With for Ready {
    type Out = Prep;

    fn request<P>(self, client: &Arc<Client<SwiftpassAccount>>, request: &P) -> Prep
    where
        P: Payment<Account = SwiftpassAccount> + std::fmt::Debug,
        P::Reply: Send + 'static,
    {
        let (client, mut prepared) = (client.clone(), client.prepare(request).unwrap());
        Prep::Unified(Box::new(move || Came::of(client.send(&mut prepared))))
    }
}

/// A code for an order number of digits: each is shown once. Their wallets go round.
fn code_of(number: &str) -> String {
    let sum: usize = number.bytes().map(usize::from).sum();
    wallet_code(sum, &format!("{number:0>16}"))
}

pub fn unified_micropay(auth_code: &str) -> UnifiedMicropay<'_> {
    UnifiedMicropay {
        auth_code,
        body: "形象店-深圳腾大-QQ公仔",
        total_fee: fen(888),
        mch_create_ip: "8.8.8.8",
        ..UnifiedMicropay::default()
    }
}
