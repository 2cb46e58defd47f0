//! Unit tests of `src/transport/http_date.rs`.

/// Expected values from `date -u -d '…' +%s` (GNU date).
#[test]
fn dates_agree_with_gnu_date() {
    for (text, unix) in [
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("Sat, 21 Nov 2026 21:21:07 GMT", Some(1_795_296_067)),
        ("Tue, 29 Feb 2000 23:59:59 GMT", Some(951_868_799)),
        ("Fri, 01 Mar 2024 00:00:00 GMT", Some(1_709_251_200)),
        ("Sat, 21 Nov 2026 21:21:07 +0800", None),
        ("21 Nov 2026", None),
        ("", None),
    ] {
        assert_eq!(super::read(text), unix, "{text}");
    }
}
