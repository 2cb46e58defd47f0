//! Replies that mean harm, and replies that are merely broken. Never a panic, never a guess.

use wxpay_terminal::*;

use crate::support::*;

const NUMBER: &str = "0010010404201411170000046545";

fn send(body: &[u8]) -> Result<Outcome<RedPackSent>, Error> {
    let canned = Canned::default();
    canned.then_bytes(body, 200, false);
    let client = redpack(&canned);
    client.send(&mut client.prepare(&red_packet(NUMBER)).unwrap())
}

fn good() -> String {
    redpack_success(NUMBER, &[])
}

#[test]
fn a_reply_that_is_no_such_document_is_unknown() {
    let inside = good().replace("<xml>", "").replace("</xml>", "");
    for body in [
        String::new(),
        " ".into(),
        "OK".into(),
        "<html><body>502 Bad Gateway</body></html>".into(),
        "The remote server returned an error: (500)".into(),
        "{\"return_code\":\"SUCCESS\"}".into(),
        inside.clone(),
        format!("<root>{inside}</root>"),
        format!("<XML>{inside}</XML>"),
        format!("{}{}", good(), good()),
        format!("{}x", good()),
        good().replace("</mch_billno>", ""),
    ] {
        assert_eq!(unknown(send(body.as_bytes())).reason, Reason::Unreadable, "{body}");
    }
}

#[test]
fn a_dtd_is_refused() {
    for prolog in [
        "<!DOCTYPE xml>",
        "<!DOCTYPE xml []>",
        "<!DOCTYPE xml [<!ENTITY a \"b\">]>",
        "<!DOCTYPE xml SYSTEM \"file:///etc/passwd\">",
        "<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
        "<?xml version=\"1.0\"?>\n<!DOCTYPE xml>\n",
    ] {
        let doubt = unknown(send(format!("{prolog}{}", good()).as_bytes()));
        assert_eq!((doubt.reason, doubt.text.as_ref()), (Reason::Unreadable, "a DTD"), "{prolog}");
    }
    let bomb =
        "<!DOCTYPE xml [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]><xml>&b;</xml>";
    unknown(send(bomb.as_bytes()));
    unknown(send(good().replace("SUCCESS]]>", "]]>&undefined;<![CDATA[SUCCESS]]>").as_bytes()));
}

#[test]
fn a_reply_cut_at_any_byte_is_unknown() {
    let whole = good();
    for at in 0..whole.len() {
        unknown(send(&whole.as_bytes()[..at]));
    }
    accepted(send(whole.as_bytes()));
    println!("cut at {} places", whole.len());
}

#[test]
fn a_signed_reply_changed_at_any_byte_is_never_declined() {
    let whole = wap_success(&[("result_code", "1"), ("err_code", "NOAUTH")]);
    for at in 0..whole.len() {
        for change in [1_u8, 0x20, 0x80] {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] ^= change;
            let canned = Canned::default();
            canned.then_bytes(&bytes, 200, false);
            let client = swiftpass(&canned);
            let outcome = client.send(&mut client.prepare(&wap_order("1415659990")).unwrap()).unwrap();
            // The case of the signature's own letters does not count (a real gateway signs in lower case), and names
            // and values are inside it.
            let in_sign = whole.find("<sign><![CDATA[").is_some_and(|from| (from + 15..from + 47).contains(&at));
            assert!(matches!(outcome, Outcome::Unknown(_)) || (in_sign && change == 0x20), "byte {at}: {outcome:?}");
        }
    }
}

#[test]
fn bytes_that_are_not_utf8_are_unknown() {
    // 发放成功 in GBK.
    let gbk = [0xB7, 0xA2, 0xB7, 0xC5, 0xB3, 0xC9, 0xB9, 0xA6];
    let (before, after) = good().split_once("发放成功").map(|(a, b)| (a.to_string(), b.to_string())).unwrap();
    let body = [before.as_bytes(), &gbk, after.as_bytes()].concat();
    assert_eq!(unknown(send(&body)).text, "not UTF-8");
    unknown(send(&[0xFF; 100]));
    unknown(send(&[0; 100]));
    let utf16: Vec<u8> = good().encode_utf16().flat_map(u16::to_le_bytes).collect();
    unknown(send(&utf16));
}

#[test]
fn many_elements_deep_nesting_and_long_values_are_bounded() {
    let many = good().replace("<xml>", &format!("<xml>{}", "<a/>".repeat(12_000)));
    assert_eq!(unknown(send(many.as_bytes())).text, "too many elements");
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(8_000), "</a>".repeat(8_000));
    unknown(send(deep.as_bytes()));
    let open = format!("<xml>{}", "<a>".repeat(20_000));
    unknown(send(open.as_bytes()));
    let long = good().replace("</xml>", &format!("<x>{}</x></xml>", "x".repeat(70_000)));
    assert_eq!(unknown(send(long.as_bytes())).text, "longer than 64 KiB");
    let attributes: String = (0..5_000).map(|n| format!(" a{n}=\"x\"")).collect();
    unknown(send(format!("<xml{attributes}><return_code>SUCCESS</return_code></xml>").as_bytes()));
}

/// Random damage: every outcome but a wrong Accepted or Declined is fine, and there is no panic.
#[test]
fn damaged_replies_never_panic() {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    let pieces: [&[u8]; 9] = [b"<", b">", b"]]>", b"<![CDATA[", b"&amp;", b"</xml>", b"\xFF", b"<!--", b"SUCCESS"];
    let whole = good();
    for _ in 0..20_000 {
        let mut bytes = whole.clone().into_bytes();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match random(3) {
                0 => drop(bytes.splice(at..at, pieces[random(9)].iter().copied())),
                1 => bytes[at] = random(256) as u8,
                _ => drop(bytes.drain(at..(at + random(30)).min(bytes.len()))),
            }
        }
        match send(&bytes) {
            Ok(Outcome::Declined(refusal)) => panic!("declined: {refusal:?} {}", String::from_utf8_lossy(&bytes)),
            Ok(Outcome::Accepted(sent)) => assert_eq!(sent.mch_billno, NUMBER),
            Ok(Outcome::Unknown(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The same for the e-pay reply, which our own reader reads.
#[test]
fn damaged_json_never_panics() {
    let whole = webgate_reply("0", r#","out_trade_no":"1","n":[1,{"a":"\u6210"}],"x":null"#);
    let canned = Canned::default();
    let client = webgate(&canned);
    for at in 0..whole.len() {
        for byte in [b'"', b'\\', b'{', b'}', b'[', b']', b',', b':', 0, 0x80, 0xFF, b'u', b'0'] {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] = byte;
            canned.then_bytes(&bytes, 200, false);
            let outcome = client.send(&mut client.prepare(&charge("1")).unwrap()).unwrap();
            if let Outcome::Accepted(charged) = outcome {
                assert_eq!(charged.reply.get("sign"), Some("good"));
            }
        }
        canned.then_bytes(&whole.as_bytes()[..at], 200, false);
        unknown(client.send(&mut client.prepare(&charge("1")).unwrap()));
    }
}

/// What the gateway says is shown to people: cut to a line, without control characters.
#[test]
fn the_gateways_words_cannot_flood_a_log() {
    let text = format!("evil\u{1b}[31m\n{}", "x".repeat(10_000)).replace('\u{1b}', "&#x9;");
    let body = format!(
        "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code><err_code>NOTENOUGH</err_code>\
         <err_code_des>{text}</err_code_des></xml>"
    );
    let refusal = declined(send(body.as_bytes()));
    assert_eq!(refusal.text.chars().count(), 128);
    assert!(!refusal.text.contains(['\n', '\t']));
}
