//! What a text is made of: its columns by their names, in all generations that are documented, and the sums of its last line.
//!
//! Document: POS flows 7.1, 7.2.

use alloc::vec::Vec;

use super::columns::Column;
use super::row::BillRow;
use super::yuan::Yuan;

/// What a text is made of: a bill, or a fund flow.
pub(super) struct Form {
    /// By which names the columns go.
    names: &'static [(&'static str, Column)],
    /// Without these it is no such text.
    due: &'static [Column],
    /// The columns of free text, beside each other.
    pub free: &'static [Column],
    /// What the last line sums up, by the names of its own header: a place among the [`Sums`]. `None`: the number of rows.
    sums: &'static [(&'static str, Option<usize>)],
    /// Adds a row to the sums. `false`: they are not all readable.
    pub add: fn(&BillRow<'_>, &mut Sums) -> bool,
    /// Whether each fixed column of a row is of its kind. Free text may be anything.
    pub is_readable: fn(&BillRow<'_>) -> bool,
}

/// Sums of a text's rows.
pub(super) type Sums = [Yuan; 6];

/// The merchant's bill.
pub(super) const BILL: Form = Form {
    names: NAMES,
    due: &[Column::Time, Column::OutTradeNo, Column::TransactionId, Column::MchId],
    free: &[Column::Body, Column::Attach],
    sums: SUMS,
    add: |row, sums| {
        let mut sound = true;
        for (sum, column) in sums.iter_mut().zip(SUMMED).filter(|(_, column)| row.has(*column)) {
            match row.yuan(column).and_then(|yuan| sum.plus(yuan)) {
                Some(more) => *sum = more,
                None => sound = false,
            }
        }
        sound
    },
    is_readable: |row| row.is_readable(),
};

/// The fund flow: 11 columns (POS flows 7.1).
pub(super) const FUND_FLOW: Form = Form {
    names: &[
        ("记账时间", Column::Time),
        ("微信支付业务单号", Column::BusinessId),
        ("资金流水单号", Column::FlowId),
        ("业务名称", Column::BusinessName),
        ("业务类型", Column::BusinessType),
        ("收支类型", Column::Direction),
        ("收支金额", Column::Amount),
        ("账户结余", Column::Balance),
        ("资金变更提交申请人", Column::Applicant),
        ("备注", Column::Note),
        ("业务凭证号", Column::Voucher),
    ],
    due: &[Column::Time, Column::FlowId, Column::Direction, Column::Amount],
    free: &[Column::Applicant, Column::Note],
    sums: &[
        ("资金流水总笔数", None),
        ("收入笔数", Some(COUNT_IN)),
        ("收入金额", Some(SUM_IN)),
        ("支出笔数", Some(COUNT_OUT)),
        ("支出金额", Some(SUM_OUT)),
    ],
    add: |row, sums| {
        let (count, sum) = match row.get(Column::Direction) {
            Some("收入") => (COUNT_IN, SUM_IN),
            Some("支出") => (COUNT_OUT, SUM_OUT),
            _ => return false,
        };
        let amount = row.yuan(Column::Amount);
        [(count, Some(Yuan::whole(1))), (sum, amount)].into_iter().all(|(at, more)| {
            let place = sums.get_mut(at).zip(more);
            place.is_some_and(|(sum, more)| sum.plus(more).map(|total| *sum = total).is_some())
        })
    },
    is_readable: |row| row.is_readable_flow(),
};

/// Places among the sums of a fund flow.
pub(super) const COUNT_IN: usize = 0;
pub(super) const SUM_IN: usize = 1;
pub(super) const COUNT_OUT: usize = 2;
pub(super) const SUM_OUT: usize = 3;

/// By which names the columns of a bill go.
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

/// Places in [`SUMMED`], by the names of the last line's header.
const SUMS: &[(&str, Option<usize>)] = &[
    ("总交易单数", None),
    ("应结订单总金额", Some(0)),
    ("总交易额", Some(0)),
    ("退款总金额", Some(1)),
    ("总退款金额", Some(1)),
    ("充值券退款总金额", Some(2)),
    ("总代金券或立减优惠退款金额", Some(2)),
    ("总企业红包退款金额", Some(2)),
    ("手续费总金额", Some(3)),
    ("订单总金额", Some(4)),
    ("申请退款总金额", Some(5)),
];

/// Every column of a bill whose sum the last line may have.
const SUMMED: [Column; 6] = [
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

/// Names between commas; a documented header has full-width ones, and says its unit in brackets.
fn names(header: &str) -> impl Iterator<Item = &str> {
    let bare = |name: &'_ str| name.find(['(', '（']).unwrap_or(name.len());
    header.split([',', '，']).map(move |name| name.get(..bare(name)).unwrap_or_default().trim().trim_start_matches('`'))
}

impl Form {
    /// The columns of a header, in their order. `None`: it is no header of such a text.
    pub fn columns(&self, header: &str) -> Option<Vec<Column>> {
        let known = |name: &str| self.names.iter().find(|(have, _)| *have == name);
        let columns: Vec<Column> =
            names(header).map(|name| known(name).map_or(Column::Other, |found| found.1)).collect();
        let twice = columns.iter().enumerate().any(|(at, column)| {
            *column != Column::Other && columns.iter().skip(at.saturating_add(1)).any(|other| other == column)
        });
        (self.due.iter().all(|column| columns.contains(column)) && !twice).then_some(columns)
    }

    /// What the last line has, in its order. `None`: a name that is in no document, or no number of rows.
    pub fn sums(&self, header: &str) -> Option<Vec<Option<usize>>> {
        let of = |name| self.sums.iter().find(|(have, _)| *have == name).map(|(_, sum)| *sum);
        let sums: Vec<Option<usize>> = names(header).map(of).collect::<Option<_>>()?;
        (sums.iter().filter(|sum| sum.is_none()).count() == 1).then_some(sums)
    }
}
