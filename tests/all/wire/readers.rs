//! What a reader takes, and what it refuses (F7, F24, F25, F26).

use wxpay_simulator::credentials;
use wxpay_terminal::*;

use crate::support::raw_server::{self, RawServer, Tls};
use crate::support::{SaysGood, accepted, charge, unknown};

/// The operator's replies are GBK: 成功, as `iconv -t GBK` writes it.
const GBK_REPLY: &[u8] = b"{\"retcode\":\"0\",\"retmsg\":\"\xb3\xc9\xb9\xa6\",\"sign\":\"good\"}";

struct Gbk;

impl ReplyRule for Gbk {
    fn read(&self, body: &[u8], content_type: Option<&str>) -> Result<Pairs, &'static str> {
        if content_type != Some("text/html; charset=GBK") || body != GBK_REPLY {
            return Err("not what was sent");
        }
        let mut pairs = Pairs::default();
        for (name, value) in [("retcode", "0"), ("retmsg", "成功"), ("sign", "good")] {
            pairs.add(name, value).map_err(|_| "two values")?;
        }
        Ok(pairs)
    }

    fn verify(&self, reply: &Pairs) -> Result<(), &'static str> {
        SaysGood.verify(reply)
    }
}

fn recharge(rule: impl ReplyRule + 'static, content_type: &'static str) -> Outcome<WxCharged> {
    let server = RawServer::tls(Tls::V13, move |visit| {
        visit.request().unwrap();
        let head = format!("HTTP/1.1 200 OK\r\n{content_type}Content-Length: {}\r\n\r\n", GBK_REPLY.len());
        visit.send([head.as_bytes(), GBK_REPLY].concat());
    });
    let key = Secret::from(credentials::PARTNER_KEY);
    let account = WebgateAccount::new(&server.url(), "10001", key, rule).unwrap();
    let https = raw_server::https().build().unwrap();
    let client = Client::new(account, Terminal::new("013467007045764").unwrap(), https).unwrap();
    let outcome = client.send(&mut client.prepare(&charge("2016062115020100000001")).unwrap()).unwrap();
    drop(client);
    server.finish();
    outcome
}

/// F7: a rule of the account's own gets the bytes and the content type, over a real socket.
#[test]
fn a_rule_of_the_accounts_own_reads_bytes_that_are_not_utf_8() {
    accepted(Ok(recharge(Gbk, "Content-Type: text/html; charset=GBK\r\n")));
    // UTF-8 stays the default, and what the rule does not take is Unknown.
    assert_eq!(unknown(Ok(recharge(SaysGood, "Content-Type: text/html; charset=GBK\r\n"))).text, "not UTF-8");
    for other in ["", "Content-Type: text/html\r\n", "Content-Type: \u{e4}\r\n"] {
        assert_eq!(unknown(Ok(recharge(Gbk, other))).text, "not what was sent", "{other}");
    }
}

/// F24: what expat refuses is refused (each line tried with expat 2.5, which answers "reference to invalid character number" or
/// "not well-formed").
#[test]
fn characters_that_xml_does_not_have_are_refused() {
    let inside = |text: &str| format!("<xml><a>{text}</a><b><![CDATA[c]]></b></xml>");
    for reference in [
        "&#xd800;",
        "&#xDFFF;",
        "&#x110000;",
        "&#1114112;",
        "&#0;",
        "&#x0;",
        "&#8;",
        "&#xb;",
        "&#31;",
        "&#xfffe;",
        "&#xFFFF;",
        "&#55296;",
        "&#99999999999999999999;",
        "&#x10000000000000041;",
        "&#;",
        "&#x;",
        "&#X41;",
        "&#-65;",
        "&#+65;",
        "&# 65;",
        "&#65 ;",
        "&#65",
        "&#x4g;",
        "&#４1;",
    ] {
        assert!(read_xml(&inside(reference)).is_err(), "{reference}");
    }
    for raw in ["\u{0}", "\u{1}", "\u{8}", "\u{b}", "\u{c}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
        assert!(read_xml(&inside(raw)).is_err(), "{:?} as text", raw);
        assert!(read_xml(&inside(&format!("<![CDATA[{raw}]]>"))).is_err(), "{raw:?} in CDATA");
        assert!(read_xml(&inside(&format!("<!--{raw}-->"))).is_err(), "{raw:?} in a comment");
    }
    // A reference that is hidden from whoever looks for CDATA by hand; each of these was tried with expat, too.
    for hidden in [
        "<xml><!-- <![CDATA[ --><a>&#xd800;</a><!-- ]]> --></xml>",
        "<xml><b><![CDATA[<!--]]></b><a>&#xd800;</a><!-- --></xml>",
        "<xml><b><![CDATA[x]]></b><a>&#xd800;</a></xml>",
        "<xml><b><![CDATA[x]]]></b><a>&#0;</a><c><![CDATA[]]></c></xml>",
        "<xml><b>]]&gt;<![CDATA[]]></b><a>&#0;</a></xml>",
        "<xml><a>&#<![CDATA[65;]]></a></xml>",
        "<xml><a>&#6<!-- -->5;</a></xml>",
        "<xml><?p <!-- ?><a>&#0;</a><?p --> ?></xml>",
        "<xml><a><![CDATA[&#0;]></a></xml>",
    ] {
        assert!(read_xml(hidden).is_err(), "{hidden}");
    }
    // In CDATA and in a comment it is text.
    for text in ["&#", "&#a ", "&#0;", "&#xd800;", "&<>&#a ", "<!--&#0;", "<![CDATA[&#0;"] {
        let read = read_xml(&inside(&format!("<![CDATA[{text}]]><!-- &#0; <![CDATA[ -->"))).unwrap();
        assert_eq!((read.get("a"), read.get("b")), (Some(text), Some("c")), "{text}");
    }
    assert_eq!(read_xml("<xml><!-->&#0;<a>&#0;</a>--></xml>").unwrap().get("a"), None);
    for (good, value) in [
        ("&#65;", "A"),
        ("&#x000000041;", "A"),
        ("&#0065;", "A"),
        ("&#x6210;", "成"),
        ("&#x1F600;", "😀"),
        ("&#xFFFD;", "\u{fffd}"),
        ("&#x10ffff;", "\u{10ffff}"),
        ("&#9;", "\t"),
        ("\u{7f}", "\u{7f}"),
        ("\u{fffd}", "\u{fffd}"),
        ("<![CDATA[&#65;]]>", "&#65;"),
    ] {
        let read = read_xml(&inside(good)).unwrap();
        assert_eq!(read.get("a"), Some(value), "{good}");
    }
}

/// UTF-8 that a declaration calls GBK would be other characters to another reader.
#[test]
fn a_declaration_that_contradicts_the_bytes_is_refused() {
    let with = |declaration: &str, text: &str| read_xml(&format!("{declaration}<xml><a>{text}</a></xml>"));
    for encoding in ["GBK", "gb2312", "GB18030", "ISO-8859-1", "utf-16", "US-ASCII"] {
        let declaration = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>");
        assert!(with(&declaration, "成功").is_err(), "{encoding}");
        assert!(with(&declaration.replace('"', "'"), "成功").is_err(), "{encoding}");
        assert!(with(&declaration, "SUCCESS").is_ok(), "{encoding}: plain ASCII is the same in all of them");
    }
    for good in [
        "",
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.0' encoding='utf-8' ?>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    ] {
        assert_eq!(with(good, "成功").unwrap().get("a"), Some("成功"), "{good}");
    }
}

/// What expat 2.5 takes for a declaration is one, and what it refuses is refused. A tab behind `<?xml` is a blank like any other (XML 1.0, 2.8).
#[test]
fn a_declaration_is_read_by_the_rules_of_xml() {
    let with = |declaration: &str| read_xml(&format!("{declaration}<xml><a>成功</a></xml>"));
    for good in [
        "<?xml\tversion=\"1.0\"?>",
        "<?xml\nversion = '1.0'\r\nencoding\t=\t\"utf-8\" standalone='no'\t?>",
        "<?xml version=\"1.0\" standalone=\"yes\"?><!-- a comment -->\n",
    ] {
        assert_eq!(with(good).unwrap().get("a"), Some("成功"), "{good}");
    }
    for bad in [
        "<?xml\tversion=\"1.0\" encoding=\"GBK\"?>",
        "<?xml?>",
        "<?xml ?>",
        "<?xml version=\"2.0\"?>",
        "<?xml version=1.0?>",
        "<?xml version=\"1.0?>",
        "<?xml version=\"1.0'?>",
        "<?xml encoding=\"UTF-8\"?>",
        "<?xml encoding=\"UTF-8\" version=\"1.0\"?>",
        "<?xml version=\"1.0\"encoding=\"UTF-8\"?>",
        "<?xml version=\"1.0\" encoding=\"\"?>",
        "<?xml version=\"1.0\" encoding=\"8bit\"?>",
        "<?xml version=\"1.0\" standalone=\"maybe\"?>",
        "<?xml version=\"1.0\" lang=\"zh\"?>",
        "<?xml version=\"1.0\">",
        "<?xml version=\"1.0\"?><?xml version=\"1.0\"?>",
        "<?xml version=\"1.0\"?>\n<?xml version=\"1.0\"?>",
        "<?xml version=\"1.0\"?>\u{FEFF}",
        "<?XML version=\"1.0\"?>",
    ] {
        assert!(with(bad).is_err(), "{bad}");
    }
}

/// A reply has none, and each reader may do with one what it likes.
#[test]
fn a_processing_instruction_is_refused() {
    for text in [
        "<?php echo?><xml><a>1</a></xml>",
        "<xml><?a b?><a>1</a></xml>",
        "<xml><a>1<?b?>2</a></xml>",
        "<xml><a>1</a></xml><?b?>",
        "<?xml-stylesheet href=\"a\"?><xml><a>1</a></xml>",
    ] {
        assert!(read_xml(text).is_err(), "{text}");
    }
    assert_eq!(read_xml("<xml><a><![CDATA[<?b?>]]></a></xml>").unwrap().get("a"), Some("<?b?>"));
}

/// F25: 64 KiB of short names are not compared with each other.
#[test]
fn a_reply_has_at_most_256_fields() {
    let xml = |count: u32| {
        let fields: String = (0..count).map(|number| format!("<n{number}>1</n{number}>")).collect();
        read_xml(&format!("<xml>{fields}</xml>")).map(|pairs| pairs.iter().count())
    };
    assert_eq!(xml(256), Ok(256));
    assert_eq!(xml(257), Err("more than 256 fields"));
    let json = |count: u32| {
        let fields: Vec<String> = (0..count).map(|number| format!("\"n{number}\":1")).collect();
        let body = format!("{{{}}}", fields.join(","));
        SaysGood.read(body.as_bytes(), None).map(|pairs| pairs.iter().count())
    };
    assert_eq!(json(256), Ok(256));
    assert_eq!(json(257), Err("more than 256 fields"));
    assert_eq!(json(4_111), Err("more than 256 fields"));
    // Equal names count once.
    let mut pairs = Pairs::default();
    for number in 0..1_000 {
        pairs.add(&format!("n{}", number % 256), "1").unwrap();
    }
    assert_eq!(pairs.add("another", "1"), Err(PairsFault::TooMany));
    assert_eq!(pairs.add("n0", "2"), Err(PairsFault::TwoValues));
}

/// F26: a code or a text that turns itself around, hides something or breaks the line is shown without that.
#[test]
fn shown_texts_are_cleaned() {
    let canned = crate::support::Canned::default();
    let client = crate::support::redpack(&canned);
    let mut prepared = client.prepare(&crate::support::red_packet("B1")).unwrap();
    let tricky = "余\u{202E}额\u{2028}不\u{200B}足\u{85}。\u{2066}\u{FEFF}";
    canned.then(&crate::support::reply(&[
        ("return_code", "SUCCESS"),
        ("result_code", "FAIL"),
        ("mch_billno", "B1"),
        ("mch_id", crate::support::MCH_ID),
        ("err_code", "NEW\u{202E}CODE"),
        ("err_code_des", tricky),
    ]));
    let doubt = unknown(client.send(&mut prepared));
    assert_eq!((doubt.code.as_str(), doubt.text.as_ref()), ("NEWCODE", "余额不足。"));

    let page = "<html><title>400 Bad\u{202E} Request\u{2029}</title></html>";
    canned.then_with(page, 400, false);
    assert_eq!(unknown(client.send(&mut prepared)).text, "HTTP 400 Bad Request");
    canned.then_with("<title>No required SSL certificate was sent</title>", 496, false);
    assert_eq!(unknown(client.send(&mut prepared)).text, "HTTP 496 No required SSL certificate was sent");
    canned.then_with("", 502, false);
    assert_eq!(unknown(client.send(&mut prepared)).text, "HTTP 502");

    struct Tricky;
    impl Transport for Tricky {
        fn post(&self, _: &Post<'_>) -> Result<Received, Fault> {
            Err(Fault::unsent(Stage::Connect, "no route\u{202E} to \u{2028}host\r\n2026-11-21 paid"))
        }
    }
    let error = raw_server::client_with(Tricky, &["https://a.example"]).within(raw_server::SHORT).unwrap();
    let error = error.send(&mut error.prepare(&crate::support::red_packet("B1")).unwrap()).unwrap_err();
    assert!(error.to_string().contains("no route to host2026-11-21 paid"), "{error}");
}

/// A transport of the firmware's own is tested with a request as a client makes it.
#[test]
fn a_post_can_be_built() {
    let mut post = Post::new("https://a.example/x", "application/xml", b"<xml/>");
    post.own_connection = true;
    let received = Received::new(200, "ok");
    assert_eq!((post.body, post.reply_limit, post.within.as_secs()), (b"<xml/>".as_slice(), 65_536, 30));
    assert!(received.reused && received.date.is_none() && received.content_type.is_none());
}
