//! The counter, whoever acquires the merchant: what firmware writes once for WeChat's own gateway and for a Swiftpass-type one.
//!
//! Document: POS flows 3, 4, 5, 9. The calls themselves are in [`micropay`](super::micropay), [`wxpay`](super::wxpay),
//! [`refund`](super::refund) and in [`unified_micropay`](super::unified_micropay), [`unified_order`](super::unified_order),
//! [`unified_refund`](super::unified_refund): what only one gateway has is set there.

use crate::gateways::account::{Account, SwiftpassAccount, WxpayAccount};
use crate::gateways::micropay::MicroPay;
use crate::gateways::refund::{Refund, RefundOf};
use crate::gateways::request::Payment;
use crate::gateways::unified_micropay::UnifiedMicropay;
use crate::gateways::unified_order::UnifiedNative;
use crate::gateways::unified_refund::UnifiedRefund;
use crate::gateways::wxpay::NativeOrder;
use crate::money::Fen;

/// A sale, in the words that both kinds of gateway have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CounterSale<'a> {
    /// 商品描述, ≤127 characters: `店名-类目`.
    pub body: &'a str,
    /// 附加数据, ≤127 characters. It comes back in the query and the bill.
    pub attach: Option<&'a str>,
    /// The amount in fen, 1 or more.
    pub total_fee: Fen,
    /// 终端IP, IPv4.
    pub create_ip: &'a str,
}

/// An account that takes money at a counter. A till's code that is written for any `C: CounterAccount` runs with either account:
///
/// ```
/// use wxpay_terminal::{Cashier, CounterAccount, Error, Fen, CounterSale, Till};
///
/// fn sell<C: CounterAccount>(till: &Till, receipt: &str, auth_code: &str) -> Result<Cashier, Error> {
///     let sale = CounterSale { body: "天虹百货-矿泉水", total_fee: Fen::new(888)?, create_ip: "14.23.150.211", attach: None };
///     Ok(till.pay(receipt, &C::by_code(sale, auth_code))?.cashier())
/// }
/// ```
pub trait CounterAccount: Account {
    /// A payment by the customer's code: for [`Till::pay`](crate::Till::pay).
    type ByCode<'a>: Payment<Account = Self>;
    /// An order that the customer scans: for [`Till::order`](crate::Till::order). What to show is its reply's `code_url`.
    type ByQr<'a>: Payment<Account = Self>;
    /// A refund: for [`Till::refund`](crate::Till::refund).
    type Back<'a>: Payment<Account = Self>;

    /// Takes a sale by the code that the scanner read.
    fn by_code<'a>(sale: CounterSale<'a>, auth_code: &'a str) -> Self::ByCode<'a>;

    /// Makes an order of a sale. `product_id`: the shop's own number of it, ≤32 visible ASCII characters; a Swiftpass-type gateway has no
    /// field for it. `notify_url`: an absolute https URL without a query string, ≤255: WeChat takes no other.
    fn by_qr<'a>(sale: CounterSale<'a>, product_id: &'a str, notify_url: &'a str) -> Self::ByQr<'a>;

    /// Gives back a part of an order, or all of it.
    fn back<'a>(of: RefundOf<'a>, total_fee: Fen, refund_fee: Fen) -> Self::Back<'a>;
}

impl CounterAccount for WxpayAccount {
    type ByCode<'a> = MicroPay<'a>;
    type ByQr<'a> = NativeOrder<'a>;
    type Back<'a> = Refund<'a>;

    fn by_code<'a>(sale: CounterSale<'a>, auth_code: &'a str) -> MicroPay<'a> {
        let CounterSale { body, attach, total_fee, create_ip } = sale;
        MicroPay { auth_code, body, attach, total_fee, spbill_create_ip: create_ip, ..MicroPay::default() }
    }

    fn by_qr<'a>(sale: CounterSale<'a>, product_id: &'a str, notify_url: &'a str) -> NativeOrder<'a> {
        let CounterSale { body, attach, total_fee, create_ip: spbill_create_ip } = sale;
        NativeOrder { body, attach, total_fee, spbill_create_ip, product_id, notify_url, ..NativeOrder::default() }
    }

    fn back<'a>(of: RefundOf<'a>, total_fee: Fen, refund_fee: Fen) -> Refund<'a> {
        Refund::new(of, total_fee, refund_fee)
    }
}

impl CounterAccount for SwiftpassAccount {
    type ByCode<'a> = UnifiedMicropay<'a>;
    type ByQr<'a> = UnifiedNative<'a>;
    type Back<'a> = UnifiedRefund<'a>;

    fn by_code<'a>(sale: CounterSale<'a>, auth_code: &'a str) -> UnifiedMicropay<'a> {
        let CounterSale { body, attach, total_fee, create_ip } = sale;
        UnifiedMicropay { auth_code, body, attach, total_fee, mch_create_ip: create_ip, ..UnifiedMicropay::default() }
    }

    fn by_qr<'a>(sale: CounterSale<'a>, _: &'a str, notify_url: &'a str) -> UnifiedNative<'a> {
        let CounterSale { body, attach, total_fee, create_ip: mch_create_ip } = sale;
        UnifiedNative { body, attach, total_fee, mch_create_ip, notify_url, ..UnifiedNative::default() }
    }

    fn back<'a>(of: RefundOf<'a>, total_fee: Fen, refund_fee: Fen) -> UnifiedRefund<'a> {
        UnifiedRefund::new(of, total_fee, refund_fee)
    }
}
