//! The columns of bills and fund flows.
//!
//! Document: POS flows 7.1, 7.2.

/// What a column holds, of a bill or of a fund flow.
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
    /// 微信支付业务单号, of a fund flow: a payment's, a refund's.
    BusinessId,
    /// 资金流水单号
    FlowId,
    /// 业务名称
    BusinessName,
    /// 业务类型
    BusinessType,
    /// 收支类型: 收入 or 支出.
    Direction,
    /// 收支金额(元)
    Amount,
    /// 账户结余(元)
    Balance,
    /// 资金变更提交申请人: free text, which may hold what separates columns.
    Applicant,
    /// 备注: free text, too.
    Note,
    /// 业务凭证号
    Voucher,
    /// Another one: 用户标识, 付款银行, 退款类型, 费率 …
    Other,
}
