//! Unit tests of `src/wire/json.rs`.

use super::*;
use alloc::string::ToString;

#[test]
fn values_keep_their_spelling() {
    let pairs = read(
        r#" {"retcode":0,"a":-0.10e+2,"s":"\u6210\u529f \ud83d\ude00 \"\\\/\n","t":true,"n":null,"o":{"x":[1,"]"]},"e":""} "#,
    )
    .unwrap();
    let shown: Vec<_> = pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    let expected = [
        ("retcode", "0"),
        ("a", "-0.10e+2"),
        ("s", "成功 😀 \"\\/\n"),
        ("t", "true"),
        ("n", ""),
        ("o", r#"{"x":[1,"]"]}"#),
        ("e", ""),
    ];
    assert_eq!(shown, expected.map(|(k, v)| (k.to_string(), v.to_string())));
}

use alloc::vec::Vec;

#[test]
fn what_is_not_one_flat_object_is_refused() {
    for text in [
        "",
        "[]",
        "1",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":+1}",
        "{\"a\":tru}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\u+123\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":{]}}",
        "{\"a\":[1 2]}",
        "{\"a\":[01]}",
        "{\"a\":[1,]}",
        "{\"a\":[,]}",
        "{\"a\":[a]}",
        "{\"a\":{\"b\"}}",
        "{\"a\":{\"b\":}}",
        "{\"a\":{1:2}}",
        "{\"a\":{\"b\":1,}}",
        "{\"a\":1}x",
        "{\"a\":1}{\"a\":1}",
        "{\"a\":0,\"a\":1}",
        "{\"retcode\":\"0\",\"retcode\":\"1\"}",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    assert!(read("{}").is_ok());
    for nested in ["[]", "{}", "[ ]", "{ \"b\" : [ null , -1e5 , { } ] , \"b\" : \"]\" }", "[[[\"\\u6210\"]]]"] {
        assert_eq!(read(&["{\"a\": ", nested, " }"].concat()).unwrap().get("a"), Some(nested));
    }
    assert!(read(r#"{"a":0,"a":"0"}"#).is_ok(), "equal duplicates collapse");
    let deep = ["{\"a\":", &"[".repeat(40_000), &"]".repeat(40_000), "}"].concat();
    assert_eq!(read(&deep), Err("JSON nested too deep"));
}

#[test]
fn a_cut_text_is_never_an_object() {
    let whole = r#"{"retcode":"0","retmsg":"成功","n":[1,{"a":"b"}],"sign":"a+b/c="}"#;
    for (at, _) in whole.char_indices() {
        assert!(read(&whole[..at]).is_err(), "cut at {at}");
    }
}
