//! What orders have in common, whoever's they are: how long they may be paid, and their states.

use alloc::string::String;

use crate::clock::ChinaTime;

/// How long an order may be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valid {
    /// 订单生成时间 `time_start`.
    pub start: ChinaTime,
    /// 订单超时时间 `time_expire`.
    pub expire: ChinaTime,
}

/// The state of an order's payment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TradeState {
    /// Paid.
    Success,
    /// Was paid, then (partly) refunded.
    Refund,
    /// Not paid yet. Final only after the order expired.
    NotPay,
    /// Closed unpaid.
    Closed,
    /// Reversed or revoked (`REVERSE`, `REVOKED`).
    Revoked,
    /// The customer is paying.
    UserPaying,
    /// The payment failed.
    PayError,
    /// A state that the document does not list. Not final.
    Other(String),
}

impl TradeState {
    pub(super) fn read(word: &str) -> TradeState {
        match word {
            "SUCCESS" => TradeState::Success,
            "REFUND" => TradeState::Refund,
            "NOTPAY" => TradeState::NotPay,
            "CLOSED" => TradeState::Closed,
            "REVERSE" | "REVOKED" => TradeState::Revoked,
            "USERPAYING" => TradeState::UserPaying,
            "PAYERROR" => TradeState::PayError,
            other => TradeState::Other(other.into()),
        }
    }
}

/// The query and the close of a gateway's orders, by their number, and what they bring.
macro_rules! about_an_order {
    (
        $account:ident,
        $(#[$query_doc:meta])* $query:ident: $query_table:ident -> $found:ident,
        $(#[$close_doc:meta])* $close:ident: $close_table:ident -> $closed:ident,
        $(#[$number_doc:meta])* out_trade_no
    ) => {
        $(#[$query_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $query<'a> {
            $(#[$number_doc])*
            pub out_trade_no: &'a str,
        }

        $(#[$close_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $close<'a> {
            $(#[$number_doc])*
            pub out_trade_no: &'a str,
        }

        request!(Query: $query);
        request!(Close: $close);

        impl Request for $query<'_> {
            type Account = $account;
            type Reply = $found;
            const ENDPOINT: &'static Endpoint = &$query_table;

            fn fields(&self, out: &mut Fields) {
                out.text("out_trade_no", self.out_trade_no);
            }
        }

        impl Request for $close<'_> {
            type Account = $account;
            type Reply = $closed;
            const ENDPOINT: &'static Endpoint = &$close_table;

            fn fields(&self, out: &mut Fields) {
                out.text("out_trade_no", self.out_trade_no);
            }
        }

        /// What the gateway knows of an order.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $found {
            /// The state.
            pub trade_state: TradeState,
            /// 商户订单号, where the reply names it. It is then the one asked for.
            pub out_trade_no: Option<String>,
            /// The amount in fen. Compare it with the order. An unpaid order may come without it.
            pub total_fee: Option<Fen>,
            /// The platform's transaction number. It is text: 28 digits do not fit a number.
            pub transaction_id: Option<String>,
            /// 支付完成时间, `yyyyMMddHHmmss`, GMT+8, as text.
            pub time_end: Option<String>,
            /// Every field of the reply.
            pub reply: Pairs,
        }

        reply!($found);

        impl Reply for $found {
            type Account = $account;

            fn read(reply: Pairs) -> Option<$found> {
                let total_fee = reply.fen("total_fee")?;
                Some($found {
                    trade_state: TradeState::read(reply.filled("trade_state")?),
                    out_trade_no: reply.owned("out_trade_no"),
                    total_fee,
                    transaction_id: reply.owned("transaction_id"),
                    time_end: reply.owned("time_end"),
                    reply,
                })
            }
        }

        /// The gateway took the close. Only the query says whether nobody can pay any more.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $closed {
            /// Every field of the reply.
            pub reply: Pairs,
        }

        reply!($closed);

        impl Reply for $closed {
            type Account = $account;

            fn read(reply: Pairs) -> Option<$closed> {
                Some($closed { reply })
            }
        }
    };
}

/// What a refund brings, and its query by its number.
macro_rules! about_a_refund {
    ($account:ident, $rules:ident, $taken:ident, $query:ident: $query_table:ident -> $found:ident) => {
        /// The gateway took the refund. **Nothing has arrived yet.**
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $taken {
            /// The platform's number of the refund (退款单号), text.
            pub refund_id: String,
            /// Every field of the reply.
            pub reply: Pairs,
        }

        reply!($taken);

        impl Reply for $taken {
            type Account = $account;

            fn read(reply: Pairs) -> Option<$taken> {
                Some($taken { refund_id: reply.owned("refund_id")?, reply })
            }
        }

        /// Asks what became of a refund, by its number. A till does it by itself.
        ///
        /// Document: POS flows 5, 9.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $query<'a> {
            /// 商户退款单号.
            pub out_refund_no: &'a str,
        }

        request!(Query: $query);

        impl Request for $query<'_> {
            type Account = $account;
            type Reply = $found;
            const ENDPOINT: &'static Endpoint = &$query_table;

            fn fields(&self, out: &mut Fields) {
                out.text("out_refund_no", self.out_refund_no);
            }
        }

        /// What the gateway knows of refunds: rows.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $found {
            /// 退款笔数 of this reply.
            pub refund_count: u32,
            /// Every field of the reply: `out_refund_no_0`, `refund_status_0`, `refund_fee_0` …
            pub reply: Pairs,
        }

        reply!($found);

        impl Reply for $found {
            type Account = $account;

            fn read(reply: Pairs) -> Option<$found> {
                Some($found { refund_count: reply.filled("refund_count")?.parse().ok()?, reply })
            }
        }

        impl $found {
            /// A field of the row of this refund number, whatever its index: `refund_status`, `refund_fee`, `refund_id`.
            pub fn field(&self, out_refund_no: &str, name: &str) -> Option<&str> {
                let row = self.reply.row_of(("out_refund_no", out_refund_no), $rules.rows)?;
                self.reply.in_row(name, row)
            }
        }
    };
}

pub(super) use {about_a_refund, about_an_order};
