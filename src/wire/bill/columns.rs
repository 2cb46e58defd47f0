//! The columns of a bill by their names, in all generations that are documented, and the sums of its last line.
//!
//! Document: POS flows 7.1, 7.2.

use alloc::vec::Vec;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// 交易时间
    Time,
    /// 公众账号ID
    AppId,
    /// 商户号
    MchId,
    /// 特约商户号
    SubMchId,
    /// 设备号
    DeviceInfo,
    /// 微信订单号
    TransactionId,
    /// 商户订单号
    OutTradeNo,
    /// 交易类型
    TradeType,
    /// 交易状态
    TradeState,
    /// 货币种类
    FeeType,
    /// 应结订单金额: less coupons. 总金额 in the old form.
    SettlementTotal,
    /// 代金券金额
    Coupon,
    /// 微信退款单号
    RefundId,
    /// 商户退款单号
    OutRefundNo,
    /// 退款金额: what goes back to the customer.
    RefundFee,
    /// 充值券退款金额
    CouponRefund,
    /// 退款状态
    RefundStatus,
    /// 商品名称: free text, which may hold what separates columns.
    Body,
    /// 商户数据包: free text, too.
    Attach,
    /// 手续费, in 1/100000 yuan; negative where a refund gives it back.
    Fee,
    /// 订单金额: `total_fee` of the order.
    TotalFee,
    /// 申请退款金额: `refund_fee` of the refund.
    AppliedRefundFee,
    /// Another one: 用户标识, 付款银行, 退款类型, 费率 …
    Other,
}

/// By which names the columns go.
const NAMES: &[(&str, Column)] = &[
    ("交易时间", Column::Time),
    ("公众账号ID", Column::AppId),
    ("商户号", Column::MchId),
    ("特约商户号", Column::SubMchId),
    ("子商户号", Column::SubMchId),
    ("设备号", Column::DeviceInfo),
    ("微信订单号", Column::TransactionId),
    ("商户订单号", Column::OutTradeNo),
    ("交易类型", Column::TradeType),
    ("交易状态", Column::TradeState),
    ("货币种类", Column::FeeType),
    ("应结订单金额", Column::SettlementTotal),
    ("总金额", Column::SettlementTotal),
    ("代金券金额", Column::Coupon),
    ("代金券或立减优惠金额", Column::Coupon),
    ("企业红包金额", Column::Coupon),
    ("微信退款单号", Column::RefundId),
    ("商户退款单号", Column::OutRefundNo),
    ("退款金额", Column::RefundFee),
    ("充值券退款金额", Column::CouponRefund),
    ("代金券或立减优惠退款金额", Column::CouponRefund),
    ("企业红包退款金额", Column::CouponRefund),
    ("退款状态", Column::RefundStatus),
    ("商品名称", Column::Body),
    ("商户数据包", Column::Attach),
    ("手续费", Column::Fee),
    ("订单金额", Column::TotalFee),
    ("申请退款金额", Column::AppliedRefundFee),
];

/// What the last line sums up, by the names of its own header. `None`: the number of rows.
const SUMS: &[(&str, Option<Column>)] = &[
    ("总交易单数", None),
    ("应结订单总金额", Some(Column::SettlementTotal)),
    ("总交易额", Some(Column::SettlementTotal)),
    ("退款总金额", Some(Column::RefundFee)),
    ("总退款金额", Some(Column::RefundFee)),
    ("充值券退款总金额", Some(Column::CouponRefund)),
    ("总代金券或立减优惠退款金额", Some(Column::CouponRefund)),
    ("总企业红包退款金额", Some(Column::CouponRefund)),
    ("手续费总金额", Some(Column::Fee)),
    ("订单总金额", Some(Column::TotalFee)),
    ("申请退款总金额", Some(Column::AppliedRefundFee)),
];

/// Every column whose sum the last line may have.
pub(super) const SUMMED: [Column; 6] = [
    Column::SettlementTotal,
    Column::RefundFee,
    Column::CouponRefund,
    Column::Fee,
    Column::TotalFee,
    Column::AppliedRefundFee,
];

/// Where a column stands among [`SUMMED`].
pub(super) fn place(column: Column) -> Option<usize> {
    SUMMED.iter().position(|have| *have == column)
}

/// Names between commas; a documented header has full-width ones.
fn names(header: &str) -> impl Iterator<Item = &str> {
    header.split([',', '，']).map(|name| name.trim().trim_start_matches('`'))
}

/// The columns of a header, in their order. `None`: it is no header of a bill.
pub(super) fn columns(header: &str) -> Option<Vec<Column>> {
    let of = |name: &str| NAMES.iter().find(|(have, _)| *have == name).map_or(Column::Other, |(_, column)| *column);
    let columns: Vec<Column> = names(header).map(of).collect();
    let due = [Column::Time, Column::OutTradeNo, Column::TransactionId, Column::MchId];
    let twice = columns.iter().enumerate().any(|(at, column)| {
        *column != Column::Other && columns.iter().skip(at.saturating_add(1)).any(|other| other == column)
    });
    (due.iter().all(|column| columns.contains(column)) && !twice).then_some(columns)
}

/// What the last line has, in its order. `None`: a name that is in no document, or no number of rows.
pub(super) fn sums(header: &str) -> Option<Vec<Option<Column>>> {
    let of = |name| SUMS.iter().find(|(have, _)| *have == name).map(|(_, sum)| *sum);
    let sums: Vec<Option<Column>> = names(header).map(of).collect::<Option<_>>()?;
    (sums.iter().filter(|sum| sum.is_none()).count() == 1).then_some(sums)
}
