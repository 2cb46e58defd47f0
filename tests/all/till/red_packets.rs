//! The red packets beside sendredpack, from a till: paid, lost and found, recovered; and who can claim a mini-program's.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::red_packets::*;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::till::{hb, redpack_till, state};

fn workwx_till(canned: &Canned, journal: &MemoryJournal, time: &Time) -> Till {
    let account = WorkwxAccount::new(MCH_ID, CORPID, key(), Secret::from(WORKWX_SECRET)).unwrap();
    let account = account.hosts(&["https://gateway.example"]).unwrap();
    Till::with_inputs(Box::new(journal.clone()), Box::new(time.clone()), Box::new(time.clone()))
        .with(Client::with_inputs(account, terminal(), time.inputs(canned)).unwrap())
}

/// What was paid, with some fields of its proof.
type Told = Result<Outcome<Vec<(String, String)>>, Error>;

/// One of the three, with what its till needs.
struct Kind {
    call: &'static str,
    query: &'static str,
    amount: &'static str,
    till: fn(&Canned, &MemoryJournal, &Time) -> Till,
    pay: fn(&Till, &str) -> Told,
    success: fn(&str, &[(&str, &str)]) -> String,
    /// The same intent, with more money.
    more: fn(&Till, &str) -> Told,
}

const PICKED: [&str; 4] = ["mch_billno", "send_listid", "package", "status"];

fn told<T: AsRef<Pairs>>(came: Result<Outcome<Receipt<T>>, Error>) -> Told {
    let fields = |receipt: Receipt<T>| -> Vec<(String, String)> {
        let of = |name: &&str| Some((name.to_string(), receipt.evidence.field(name)?.to_string()));
        PICKED.iter().filter_map(of).collect()
    };
    Ok(match came? {
        Outcome::Accepted(receipt) => Outcome::Accepted(fields(receipt)),
        Outcome::Declined(refusal) => Outcome::Declined(refusal),
        Outcome::Unknown(doubt) => Outcome::Unknown(doubt),
        Outcome::Ordered(_) | Outcome::Taken(_) | Outcome::PaidLate(_) => panic!("of a red packet"),
    })
}

const KINDS: [Kind; 3] = [
    Kind {
        call: "sendgroupredpack",
        query: "gethbinfo",
        amount: "1000",
        till: redpack_till,
        pay: |till, intent| told(till.pay(intent, &group_packet(""))),
        success: group_success,
        more: |till, intent| told(till.pay(intent, &SendGroupRedPack { total_num: 4, ..group_packet("") })),
    },
    Kind {
        call: "sendminiprogramhb",
        query: "gethbinfo",
        amount: "200",
        till: redpack_till,
        pay: |till, intent| told(till.pay(intent, &miniprogram_packet(""))),
        success: miniprogram_success,
        more: |till, intent| {
            told(till.pay(intent, &SendMiniProgramHb { total_amount: fen(201), ..miniprogram_packet("") }))
        },
    },
    Kind {
        call: "sendworkwxredpack",
        query: "queryworkwxredpack",
        amount: "200",
        till: workwx_till,
        pay: |till, intent| told(till.pay(intent, &company_packet(""))),
        success: company_success,
        more: |till, intent| {
            told(till.pay(intent, &SendWorkwxRedPack { total_amount: fen(201), ..company_packet("") }))
        },
    },
];

fn urls(canned: &Canned) -> Vec<String> {
    canned.sent().iter().map(|sent| sent.url.rsplit('/').next().unwrap().to_string()).collect()
}

#[test]
fn a_reply_proves_it_and_the_same_intent_tells_it_again() {
    for kind in KINDS {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let till = (kind.till)(&canned, &journal, &time);
        canned.then(&(kind.success)("{number}", &[]));
        let first = accepted((kind.pay)(&till, "prize"));
        assert!(first.iter().any(|(name, _)| name == "send_listid"), "{}: {first:?}", kind.call);
        let number = journal.all()[0].order_number.clone();
        // mch_id, the day, ten more (protocol A.1).
        assert_eq!((number.len(), number.starts_with(MCH_ID)), (28, true), "{}", kind.call);
        // What lets the mini-program claim it is stored, and told again after a restart.
        let again = (kind.till)(&canned, &journal.reopened(), &time);
        assert_eq!(accepted((kind.pay)(&again, "prize")), first, "{}", kind.call);
        assert_eq!(urls(&canned), [kind.call]);
        assert!(
            matches!((kind.more)(&again, "prize"), Err(error) if error.kind() == ErrorKind::Field),
            "{}",
            kind.call
        );
        let entries = format!("{:?}", journal.all());
        assert!(!entries.contains("sendid") && !entries.contains("onqOjjmM1tad"), "{entries}");
    }
}

#[test]
fn a_lost_answer_is_asked_for_and_nothing_is_sent_again() {
    for kind in KINDS {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let till = (kind.till)(&canned, &journal, &time);
        canned.then_fault(Sent::Maybe).then(&hb("SENDING", kind.amount)).then(&hb("SENT", kind.amount));
        let found = accepted((kind.pay)(&till, "prize"));
        assert_eq!(found, [("status".into(), "SENT".into())], "{}", kind.call);
        assert_eq!(urls(&canned), [kind.call, kind.query, kind.query]);
        assert!(matches!(state(&journal), EntryState::Recorded(Settlement::Accepted { queried: true, .. })));
    }
}

/// As sendredpack: "not found" is followed by the identical request (protocol R.6), REFUND is a packet that was issued, and FAILED
/// alone allows another number.
#[test]
fn the_states_and_the_repeat_are_those_of_sendredpack() {
    for kind in KINDS {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let till = (kind.till)(&canned, &journal, &time);
        canned.then_fault(Sent::Maybe).then(&tenpay_failure("NOT_FOUND")).then(&(kind.success)("{number}", &[]));
        accepted((kind.pay)(&till, "repeated"));
        assert_eq!(urls(&canned), [kind.call, kind.query, kind.call]);
        assert_eq!((journal.all().len(), journal.all()[0].attempts), (1, 2));
        for word in ["RECEIVED", "RFUND_ING", "REFUND"] {
            canned.then_fault(Sent::Maybe).then(&hb(word, kind.amount));
            accepted((kind.pay)(&till, word));
        }
        canned.then_fault(Sent::Maybe).then(&hb("FAILED", kind.amount));
        let refusal = declined((kind.pay)(&till, "failed"));
        assert_eq!((refusal.code.as_str(), refusal.next), ("FAILED", Next::NewNumber), "{}", kind.call);
        canned.then_fault(Sent::Maybe).then(&hb("SENT", "1"));
        assert_eq!(unknown((kind.pay)(&till, "another amount")).reason, Reason::ForAPerson, "{}", kind.call);
    }
}

#[test]
fn recover_asks_by_the_query_of_its_own() {
    for kind in KINDS {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let till = (kind.till)(&canned, &journal, &time).patience(Duration::ZERO);
        canned.then_fault(Sent::Maybe);
        unknown((kind.pay)(&till, "prize"));
        let later = (kind.till)(&canned, &journal.reopened(), &time);
        canned.then(&hb("RECEIVED", kind.amount));
        let report = later.recover(Duration::from_secs(6)).unwrap();
        assert!(matches!(&report[0].outcome, Outcome::Accepted(_)), "{}: {:?}", kind.call, report[0].outcome);
        let all = urls(&canned);
        assert_eq!((all.first().unwrap().as_str(), all.last().unwrap().as_str()), (kind.call, kind.query));
        assert_eq!(all.iter().filter(|url| *url == kind.call).count(), 1);
    }
}

/// POS flows 10: whose answer was lost is issued, and nobody can claim it.
#[test]
fn who_can_claim_a_mini_programs_packet() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then(&miniprogram_success("{number}", &[]));
    let told = accepted(till.pay("claimed", &miniprogram_packet("")));
    assert_eq!(told.evidence.claim(), HbClaim::Package(PACKAGE));
    let text = format!("{told:?} {:?}", told.evidence.claim());
    assert!(!text.contains("sendid"), "{text}");
    let recorded = accepted(till.pay("claimed", &miniprogram_packet("")));
    assert!(matches!(recorded.evidence, Evidence::Recorded(_)));
    assert_eq!(recorded.evidence.claim(), HbClaim::Package(PACKAGE));
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    for _ in 0..2 {
        let lost = accepted(till.pay("lost", &miniprogram_packet("")));
        assert_eq!(lost.evidence.claim(), HbClaim::Nobody);
    }
    // A reply without it is no better.
    canned.then(&miniprogram_success("{number}", &[("package", "")])).then(&hb("SENT", "200"));
    assert_eq!(accepted(till.pay("without", &miniprogram_packet(""))).evidence.claim(), HbClaim::Nobody);
    // What a person found has none either.
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "1"));
    unknown(till.pay("by hand", &miniprogram_packet("")));
    till.settle_by_hand(journal.all().last().unwrap().id, true, "王", "银行流水").unwrap();
    assert_eq!(accepted(till.pay("by hand", &miniprogram_packet(""))).evidence.claim(), HbClaim::Nobody);
}

/// 领取红包接口 (page 18_3): the package is url-encoded, signType is MD5; beside OpenSSL over appId, nonceStr, package and timeStamp.
#[test]
fn the_mini_program_is_given_signed_fields() {
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap();
    let fields = account.hb_fields(PACKAGE, 1_514_363_815, "Ww213sdad").unwrap();
    let encoded = "sendid%3D242e8abd163d300019b2cae74ba8e8c06e3f0e51ab84d16b3c80d%26ver%3D8%26sign%3D4110d649a5aef52d\
                   %26mchid%3D11475856%26appid%3Dwxd27ebc41b85ce36d";
    assert_eq!((fields.package.as_str(), fields.time_stamp.as_str()), (encoded, "1514363815"));
    assert_eq!((fields.nonce_str.as_str(), fields.sign_type), ("Ww213sdad", "MD5"));
    let signed = [("appId", APPID), ("nonceStr", "Ww213sdad"), ("package", encoded), ("timeStamp", "1514363815")];
    assert_eq!(fields.pay_sign, openssl_md5(&signed, KEY));
    let text = format!("{fields:?}");
    assert!(!text.contains("sendid") && !text.contains(&fields.pay_sign), "{text}");
    for (package, time, nonce, field) in [
        ("", 1, "n", "package"),
        ("sendid=1 2", 1, "n", "package"),
        (encoded, 1, "n", "package"),
        (&"x".repeat(1025), 1, "n", "package"),
        (PACKAGE, -1, "n", "timeStamp"),
        (PACKAGE, 1, "", "nonceStr"),
        (PACKAGE, 1, "a-b", "nonceStr"),
        (PACKAGE, 1, &"n".repeat(33), "nonceStr"),
    ] {
        refused(account.hb_fields(package, time, nonce), field);
    }
}

/// One journal, one intent: a group's packet is not the ordinary one.
#[test]
fn another_call_is_another_intent() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then(&miniprogram_success("{number}", &[]));
    accepted(till.pay("prize", &miniprogram_packet("")));
    let other = till.pay("prize", &red_packet(""));
    assert!(matches!(&other, Err(error) if error.kind() == ErrorKind::Field), "{other:?}");
    assert_eq!(urls(&canned), ["sendminiprogramhb"]);
}

/// A company that paid employees before it sent red packets has one journal, and it still opens.
#[test]
fn a_companys_red_packets_and_payments_share_a_till() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = workwx_till(&canned, &journal, &time);
    canned.then(&workwx_success("{number}", &[]));
    accepted(till.pay("wages", &employee("")));
    canned.then(&company_success("{number}", &[]));
    accepted(till.pay("prize", &company_packet("")));
    let owners: Vec<String> = journal.all().iter().map(|entry| entry.account.clone()).collect();
    // As versions before red packets wrote it.
    assert_eq!(owners, [format!("workwx https://gateway.example {MCH_ID} {CORPID}"), owners[0].clone()]);
}
