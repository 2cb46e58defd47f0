//! What every request and every reply has in common.

use crate::endpoint::Endpoint;
use crate::gateways::account::Account;
use crate::gateways::account::sealed::Tables;
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;

pub(crate) mod sealed {
    /// Requests and replies are this crate's.
    pub trait Sealed {}
}

/// A request of one gateway family. Sealed.
pub trait Request: sealed::Sealed {
    /// The account family it belongs to.
    type Account: Account;
    /// What a success brings.
    type Reply: Reply<Account = Self::Account>;
    /// Its table.
    const ENDPOINT: &'static Endpoint;

    /// Writes the fields that the caller set.
    #[doc(hidden)]
    fn fields(&self, out: &mut Fields);
}

/// A request that moves money, or makes an order.
pub trait Payment: Request {}

/// A request that only asks.
pub trait Query: Request {}

/// A request that ends an order which nobody paid.
pub trait Close: Request {}

/// A request for a text that is too long for a reply: a bill. Sealed.
pub trait Download: sealed::Sealed {
    /// The account family it belongs to.
    type Account: Account;
    /// Its table.
    const ENDPOINT: &'static Endpoint;

    /// Writes the fields that the caller set.
    #[doc(hidden)]
    fn fields(&self, out: &mut Fields);
}

/// A reply that was proven a success, with every field of it (`AsRef`). Sealed.
pub trait Reply: sealed::Sealed + Sized + AsRef<Pairs> + core::fmt::Debug {
    /// The account family it belongs to.
    type Account: Account;

    /// Takes the values out. `None` when one has not its documented form.
    #[doc(hidden)]
    fn read(pairs: Pairs) -> Option<Self>;
}

/// Whether its table is one of its account's: a till that sent another one would not know its entry after a restart. Asked by the compiler.
pub(crate) const fn is_listed<R: Request>() -> bool {
    has(<R::Account as Tables>::CALLS, R::ENDPOINT.name.as_bytes())
}

const fn has(calls: &[&Endpoint], name: &[u8]) -> bool {
    match calls {
        [call, calls @ ..] => is_same(call.name.as_bytes(), name) || has(calls, name),
        [] => false,
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    match (one, other) {
        ([a, one @ ..], [b, other @ ..]) => *a == *b && is_same(one, other),
        ([], []) => true,
        _ => false,
    }
}

/// A request of this crate, and what it is for: `Payment`, `Query` or `Close`.
macro_rules! request {
    ($kind:ident: $name:ident) => {
        impl $crate::gateways::request::sealed::Sealed for $name<'_> {}
        impl $crate::gateways::request::$kind for $name<'_> {}
        const _: () = assert!($crate::gateways::request::is_listed::<$name<'static>>(), "not in its account's `CALLS`");
    };
}

/// A reply of this crate, which keeps every field.
macro_rules! reply {
    ($name:ident) => {
        impl $crate::gateways::request::sealed::Sealed for $name {}
        impl AsRef<$crate::wire::pairs::Pairs> for $name {
            fn as_ref(&self) -> &$crate::wire::pairs::Pairs {
                &self.reply
            }
        }
    };
}

/// A request for a bill.
macro_rules! download {
    ($name:ident) => {
        impl $crate::gateways::request::sealed::Sealed for $name {}
    };
}

pub(crate) use {download, reply, request};
