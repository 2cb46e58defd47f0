//! The library's own transport keeps the contract, and a small one does; with a slip in it that is found, and the promise named.

use std::io::{self, Write};
use std::net::TcpStream;

use wxpay_terminal::Transport;
use wxpay_terminal::contract::{self, Broken, Promise, Server, Stream, TransportBench, TransportReport};

use crate::contract::modem::{Modem, Slip};

struct OnALine(Slip);

impl TransportBench for OnALine {
    fn transport(&self) -> Box<dyn Transport> {
        Box::new(Modem::new(self.0))
    }

    fn serve(&self, mut tcp: TcpStream, server: Server) -> io::Result<Box<dyn Stream>> {
        tcp.write_all(if server == Server::Gateway { b"gateway\n" } else { b"stranger\n" })?;
        Ok(Box::new(tcp))
    }

    fn impostors(&self) -> usize {
        1
    }
}

fn tried(slip: Slip) -> Result<TransportReport, Broken> {
    contract::transport(&OnALine(slip))
}

#[test]
fn a_small_transport_keeps_the_contract() {
    let report = tried(Slip::Faultless).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{report}");
    assert!(report.posts > 50 && report.faults > 20, "{report}");
    assert!(report.notes.is_empty() && report.left_out.is_empty(), "{report}");
}

#[track_caller]
fn breaks(slip: Slip, promise: Promise, call: &str) {
    let broken = tried(slip).expect_err("the slip was not found");
    println!("{slip:?}: {broken}");
    assert_eq!((broken.promise, broken.call), (promise, call), "{slip:?}: {broken}");
}

macro_rules! slips {
    ($($name:ident: $slip:ident breaks $promise:ident in $call:literal;)*) => {
        $(#[test]
        fn $name() {
            breaks(Slip::$slip, Promise::$promise, $call);
        })*
    };
}

slips! {
    a_request_is_not_sent_again: Resends breaks SentOnce in "post";
    not_after_a_closed_connection_either: ResendsOnClosed breaks SentOnce in "post";
    an_error_is_no_proof: SaysNotSent breaks NothingLeft in "post";
    no_redirect: FollowsRedirects breaks NoOtherHost in "post";
    the_whole_request: CutsRequest breaks WholeRequest in "post";
    its_content_type: OtherType breaks WholeRequest in "post";
    half_a_reply_is_none: TakesHalf breaks WholeReply in "post";
    a_reply_that_is_cut_at_the_limit: CutsAtLimit breaks ReplyLimit in "post";
    the_status_as_it_came: SaysOk breaks AsReceived in "post";
    no_reply_of_its_own: Invents breaks OwnReply in "post";
    a_deadline: NoDeadline breaks Deadline in "post";
    one_deadline_for_all: DeadlineARead breaks Deadline in "post";
    a_connection_of_its_own: KeepsOwn breaks OwnConnection in "post";
    it_says_what_was_used_before: NeverReused breaks SaysReused in "post";
    it_forgets: ForgetsNothing breaks Forgets in "forget";
    the_reply_to_its_own_request: TakesSurplus breaks OwnReply in "post";
    half_a_bill_is_none: DownloadsHalf breaks WholeReply in "download";
    reach_asks_nothing: ReachAsks breaks ReachSendsNothing in "reach";
    it_knows_its_server: BelievesAnyone breaks KnowsItsServer in "post";
}

#[cfg(feature = "https")]
mod over_tls {
    use super::*;

    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::PKey;
    use openssl::ssl::{Ssl, SslContext, SslMethod};

    use crate::support::certificates::{self, Form};
    use crate::support::raw_server::{Clients, Tls, anonymous, both, context};

    struct OverTls {
        gateway: SslContext,
        /// One whose issuer nobody knows.
        stranger: SslContext,
    }

    fn stranger() -> SslContext {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let form = Form {
            name: "localhost",
            digest: MessageDigest::sha256(),
            dns: Some("localhost"),
            ips: &["127.0.0.1"],
            is_ca: false,
        };
        let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
        builder.set_certificate(&certificates::certificate(&form, &key, None)).unwrap();
        builder.set_private_key(&key).unwrap();
        builder.build()
    }

    impl TransportBench for OverTls {
        fn transport(&self) -> Box<dyn Transport> {
            Box::new(anonymous().build().unwrap())
        }

        fn serve(&self, tcp: TcpStream, server: Server) -> io::Result<Box<dyn Stream>> {
            let context = if server == Server::Gateway { &self.gateway } else { &self.stranger };
            let accepted = Ssl::new(context).map_err(io::Error::other)?.accept(tcp);
            Ok(Box::new(accepted.map_err(|_| io::Error::other("no handshake"))?))
        }

        fn impostors(&self) -> usize {
            1
        }
    }

    #[test]
    fn https_keeps_the_contract() {
        both(|tls: Tls| {
            let bench = OverTls { gateway: context(tls, Clients::Any), stranger: stranger() };
            let report = contract::transport(&bench).unwrap_or_else(|broken| panic!("{broken}"));
            println!("{report}");
            assert!(report.posts > 50 && report.faults > 20, "{report}");
            assert!(report.notes.is_empty() && report.left_out.is_empty(), "{report}");
        });
    }
}
