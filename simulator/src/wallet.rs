//! Whose payment code it is, by its first digits (POS flows 13).

/// A wallet that shows payment codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wallet {
    Wechat,
    Alipay,
    UnionPay,
    Qq,
    Jd,
    Bestpay,
}

impl Wallet {
    /// A code of a face may have any form, and is WeChat's.
    pub(crate) fn of(auth_code: &str) -> Wallet {
        match (auth_code.get(..2).unwrap_or_default(), auth_code.len()) {
            ("25" | "26" | "27" | "28" | "29" | "30", 16..=24) => Wallet::Alipay,
            ("62", 19) => Wallet::UnionPay,
            ("91", 16..=24) => Wallet::Qq,
            ("18", 16..=24) => Wallet::Jd,
            ("51", 16..=24) => Wallet::Bestpay,
            _ => Wallet::Wechat,
        }
    }

    /// `trade_type` of a payment by code (POS flows 9).
    pub(crate) fn trade_type(self) -> &'static str {
        match self {
            Wallet::Wechat => "pay.weixin.micropay",
            Wallet::Alipay => "pay.alipay.micropay",
            Wallet::UnionPay => "pay.unionpay.micropay",
            Wallet::Qq => "pay.qq.micropay",
            Wallet::Jd => "pay.jdpay.micropay",
            Wallet::Bestpay => "pay.bestpay.micropay",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Wallet;

    #[test]
    fn by_the_first_digits() {
        for (code, wallet) in [
            ("134512345678901234", Wallet::Wechat),
            ("283456789012345678", Wallet::Alipay),
            ("3034567890123456", Wallet::Alipay),
            ("6223456789012345678", Wallet::UnionPay),
            ("622345678901234567", Wallet::Wechat),
            ("911234567890123456", Wallet::Qq),
            ("181234567890123456", Wallet::Jd),
            ("511234567890123456", Wallet::Bestpay),
            ("8812345678901234567", Wallet::Wechat),
            ("", Wallet::Wechat),
        ] {
            assert_eq!(Wallet::of(code), wallet, "{code}");
        }
    }
}
