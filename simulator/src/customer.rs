//! Who stands behind a payment code.

use std::collections::HashMap;

use crate::gateway::Gateway;
use crate::wallet::Wallet;

/// What the customer behind a payment code does (docs: E.3, POS flows 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Customer {
    /// Pays without a password.
    #[default]
    PaysAtOnce,
    /// Is asked for the password: the call and so many questions are answered USERPAYING, then it is paid. `None`, or
    /// sooner: paid by [`Simulator::pay_order`](crate::Simulator::pay_order). Unpaid after 45 s, it is revoked, when
    /// the code is WeChat's.
    AsksPassword {
        /// The questions before it is paid.
        pays_after: Option<u32>,
    },
    /// The call and so many questions are answered USERPAYING, then the query says REVOKED.
    RevokedAfter(u32),
    /// Is asked for the password and closes the dialog: the query says PAYERROR until it is reversed.
    Refuses,
    /// Is asked for the password, and the telephone is switched off: NOTPAY. Revoked after 45 s, when the code is
    /// WeChat's.
    Silent,
    /// The code is another wallet's: AUTH_CODE_INVALID.
    OtherWallet,
    /// The code may be charged by another merchant only: AUTH_CODE_ERROR.
    OtherMerchant,
    /// The code is too old: AUTHCODEEXPIRE.
    Expired,
    /// NOTENOUGH.
    NotEnough,
    /// NOTSUPORTCARD, as the documents spell it.
    CardNotSupported,
}

impl Customer {
    /// Whose code it is where nobody said so: WeChat's customers pay at once, Alipay's and UnionPay's are at the wrong
    /// counter (POS flows 13). A code of a face may have any form.
    pub fn of_wechat(auth_code: &str) -> Customer {
        match Wallet::of(auth_code) {
            Wallet::Alipay | Wallet::UnionPay => Customer::OtherWallet,
            _ => Customer::PaysAtOnce,
        }
    }

    /// Why no order is made; code and words (docs: E.3).
    pub(crate) fn refusal(self) -> Option<(&'static str, &'static str)> {
        self.of_code().or(match self {
            Customer::NotEnough => Some(("NOTENOUGH", "余额不足")),
            Customer::CardNotSupported => Some(("NOTSUPORTCARD", "不支持卡类型")),
            _ => None,
        })
    }

    /// What is wrong with the code itself.
    pub(crate) fn of_code(self) -> Option<(&'static str, &'static str)> {
        match self {
            Customer::OtherWallet => Some(("AUTH_CODE_INVALID", "请扫描微信支付被扫条码/二维码")),
            Customer::OtherMerchant => Some(("AUTH_CODE_ERROR", "授权码参数错误")),
            Customer::Expired => Some(("AUTHCODEEXPIRE", "二维码已过期，请用户在微信上刷新后再试")),
            _ => None,
        }
    }
}

/// Who was said to stand behind which code.
#[derive(Debug)]
pub(crate) struct Customers {
    named: HashMap<String, Customer>,
    others: fn(&str) -> Customer,
}

impl Default for Customers {
    fn default() -> Customers {
        Customers { named: HashMap::new(), others: Customer::of_wechat }
    }
}

impl Customers {
    /// `on_phone`: what the phone says that showed it.
    pub(crate) fn of(&self, gateway: Gateway, auth_code: &str, on_phone: Option<Customer>) -> Customer {
        let unnamed = || match on_phone.unwrap_or_else(|| (self.others)(auth_code)) {
            // All wallets are welcome there (POS flows 9).
            Customer::OtherWallet if gateway == Gateway::Swiftpass && Wallet::of(auth_code) != Wallet::Wechat => {
                Customer::PaysAtOnce
            }
            customer => customer,
        };
        self.named.get(auth_code).copied().unwrap_or_else(unnamed)
    }

    pub(crate) fn name(&mut self, auth_code: &str, customer: Customer) {
        self.named.insert(auth_code.to_owned(), customer);
    }

    pub(crate) fn others(&mut self, of: fn(&str) -> Customer) {
        self.others = of;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_code_it_is() {
        assert_eq!(Customer::of_wechat("120061098828009406"), Customer::PaysAtOnce);
        assert_eq!(Customer::of_wechat("283456789012345678"), Customer::OtherWallet);
        assert_eq!(Customer::of_wechat("6223456789012345678"), Customer::OtherWallet);
        assert_eq!(Customer::of_wechat("8812345678901234567"), Customer::PaysAtOnce);
    }
}
