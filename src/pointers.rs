//! What a caller brings may be shared: a pointer to a clock is a clock.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use crate::clock::Clock;
use crate::error::Error;
use crate::nonce::Random;
use crate::pairs::Pairs;
#[cfg(feature = "https")]
use crate::resolver::Resolve;
use crate::till::{Pause, Progress, Watch};
use crate::transport::{ClientCertificate, Fault, Post, Received, Transport};
use crate::verify::ReplyRule;

/// Each method of a trait, through `&`, `Box` and `Arc`. (`Send`, because what is in an `Arc` may be dropped by any thread.)
macro_rules! through_pointers {
    ($name:ident { $(fn $method:ident(&self $(, $argument:ident: $kind:ty)*) $(-> $result:ty)?;)* }) => {
        through_pointers!(@ $name, &T, { $(fn $method(&self $(, $argument: $kind)*) $(-> $result)?;)* });
        through_pointers!(@ $name, Box<T>, { $(fn $method(&self $(, $argument: $kind)*) $(-> $result)?;)* });
        through_pointers!(@ $name, Arc<T>, { $(fn $method(&self $(, $argument: $kind)*) $(-> $result)?;)* });
    };
    (@ $name:ident, $pointer:ty, { $(fn $method:ident(&self $(, $argument:ident: $kind:ty)*) $(-> $result:ty)?;)* }) => {
        impl<T: $name + Send + ?Sized> $name for $pointer {
            $(fn $method(&self $(, $argument: $kind)*) $(-> $result)? {
                (**self).$method($($argument),*)
            })*
        }
    };
}

through_pointers!(Clock {
    fn unix_seconds(&self) -> i64;
    fn monotonic(&self) -> Duration;
});

through_pointers!(Random {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error>;
});

through_pointers!(Pause {
    fn pause(&self, time: Duration);
});

through_pointers!(Watch {
    fn progress(&self, progress: &Progress<'_>);
    fn is_cancelled(&self) -> bool;
});

through_pointers!(ReplyRule {
    fn read(&self, body: &[u8], content_type: Option<&str>) -> Result<Pairs, &'static str>;
    fn verify(&self, reply: &Pairs) -> Result<(), &'static str>;
    fn weakness(&self) -> Option<&'static str>;
});

through_pointers!(Transport {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault>;
    fn client_certificate(&self) -> ClientCertificate;
    fn forget(&self, url: &str);
    fn reach(&self, url: &str, within: Duration) -> Result<(), Fault>;
});

#[cfg(feature = "https")]
through_pointers!(Resolve {
    fn resolve(&self, host: &str, port: u16) -> std::io::Result<std::vec::Vec<std::net::SocketAddr>>;
});
