//! The query language: what it finds, what it refuses, and that no text makes it panic.

use proptest::prelude::*;
use spanwatch::filter::fold::{Folded, bare, nearest};
use spanwatch::filter::{BadFilter, Filter, Value};

const FIELDS: &[&str] = &[
    "id", "name", "area", "state", "mark", "weight", "rtt", "loss", "capacity", "risk",
];

fn thing(field: &str) -> Option<Value> {
    Some(match field {
        "text" => Value::List(vec![
            "thuan-hoa-ubnd".into(),
            "Ủy ban nhân dân phường Thuận Hóa".into(),
        ]),
        "id" => "thuan-hoa-ubnd".into(),
        "name" => "Ủy ban nhân dân phường Thuận Hóa".into(),
        "area" => Value::List(vec!["19789".into(), "Phường Thuận Hóa".into()]),
        "state" => "down".into(),
        "weight" => 5_u32.into(),
        "rtt" => 0.125.into(),
        "loss" => 0.02.into(),
        "capacity" => 1e9.into(),
        "risk" => Value::List(vec!["duct-ql49".into(), "power-north".into()]),
        _ => return None,
    })
}

fn finds(query: &str) -> bool {
    Filter::parse(query, FIELDS)
        .unwrap_or_else(|fault| panic!("{query}: {fault:?}"))
        .matches(&thing)
}

fn refusal(query: &str) -> BadFilter {
    Filter::parse(query, FIELDS).expect_err(query)
}

#[test]
fn word_is_found_in_id_or_name() {
    for query in ["ubnd", "phường", "THUAN-HOA", "\"nhân dân\"", "", "   "] {
        assert!(finds(query), "{query}");
    }
    assert!(!finds("sở"));
    assert!(!finds("\"dân nhân\""));
}

#[test]
fn space_is_and_and_binds_tighter_than_or() {
    assert!(finds("ubnd thuận"));
    assert!(finds("ubnd and thuận"));
    assert!(!finds("ubnd nowhere"));
    assert!(finds("nowhere or ubnd"));
    assert!(finds("nowhere nobody or ubnd thuận"));
    assert!(!finds("(nowhere or ubnd) nobody"));
    assert!(finds("!nowhere !(a1 or b2) ubnd"));
    assert!(!finds("!!nowhere"));
}

#[test]
fn fields_compare_texts_numbers_and_lists() {
    for query in [
        "state=down",
        "state=DOWN",
        "state!=up",
        "area=19789",
        "area=\"phuong thuan hoa\"",
        "area:thuận",
        "risk=duct-ql49",
        "risk!=duct-ql1a",
        "weight=5",
        "weight >= 5",
        "weight<6",
        "name~^ủy",
        "name~(thuận|vỹ) ubnd",
        "(state=down)",
        "(name~^(ủy|sở))",
        "id~\"^thuan-\\w+-ubnd$\"",
        "mark!=maintenance",
    ] {
        assert!(finds(query), "{query}");
    }
    for query in [
        "state=up",
        "state!=down",
        "risk!=duct-ql49",
        "weight>5",
        "area=1978",
        "mark=maintenance",
        "mark:m",
        "weight=five",
        "state>3",
    ] {
        assert!(!finds(query), "{query}");
    }
}

#[test]
fn units_are_understood() {
    for query in [
        "rtt>100ms",
        "rtt=125ms",
        "rtt=0.125s",
        "rtt<1m",
        "rtt<1h",
        "rtt<1d",
        "loss>=2%",
        "loss<=2%",
        "loss=0.02",
        "capacity=1G",
        "capacity=1000M",
        "capacity>=1000000k",
        "rtt>0",
    ] {
        assert!(finds(query), "{query}");
    }
    assert!(!finds("loss>2%"));
    let fault = refusal("rtt>100");
    assert_eq!(fault.span, 4..7);
    assert!(fault.help.expect("a hint").contains("`100ms`"));
}

#[test]
fn marks_matter_only_where_the_query_has_them() {
    let is_in = |query: &str, text: &str| Folded::new(query).is_in(text);
    assert!(is_in("thanh an", "Xã Thạnh An"));
    assert!(is_in("thanh an", "Xã Thanh An"));
    assert!(is_in("thạnh", "Xã Thạnh An"));
    assert!(!is_in("thạnh", "Xã Thanh An"));
    assert!(is_in("dien", "Phong Điền"));
    assert!(is_in("điền", "PHONG ĐIỀN"));
    assert!(!is_in("điền", "Phong Dinh"));
    assert!(!is_in("đinh", "Phong Dinh"));
    assert!(is_in("hue", "Huế"));
    assert!(is_in("huê", "Huế"));
    assert!(!is_in("huè", "Huế"));
}

#[test]
fn tone_may_stand_on_either_vowel() {
    for (one, other) in [("Uỷ", "Ủy"), ("Hoà", "Hòa"), ("thuỷ", "THỦY")] {
        assert!(Folded::new(one).equals(other), "{one} {other}");
        assert!(Folded::new(other).equals(one), "{other} {one}");
    }
    assert!(!Folded::new("hoá").equals("hoà"));
    assert!(!Folded::new("hóa an").equals("hoa án"));
}

#[test]
fn composed_and_decomposed_are_one() {
    let decomposed = "Tha\u{323}nh";
    assert!(Folded::new(decomposed).equals("Thạnh"));
    assert_eq!(bare(decomposed), "thanh");
    assert_eq!(bare("Phường Đúc"), "phuong duc");
}

#[test]
fn unknown_field_is_refused_with_the_nearest() {
    let fault = refusal("ubnd stat=down");
    assert_eq!(fault.span, 5..9);
    assert_eq!(fault.message, "There is no field `stat`");
    assert_eq!(fault.help.as_deref(), Some("Did you mean `state`?"));
    let fault = refusal("fd00::1");
    assert_eq!(fault.span, 0..4);
    assert!(fault.help.expect("a hint").contains("quotation marks"));
}

#[test]
fn each_slip_is_named_at_its_place() {
    for (query, start, end, word) in [
        ("(a1", 0, 1, "never closed"),
        ("a1)", 2, 3, "closes nothing"),
        ("()", 1, 2, "missing before"),
        ("!", 1, 1, "missing here"),
        ("a1 or", 5, 5, "missing here"),
        ("or a1", 0, 2, "stands between"),
        ("\"a1", 0, 3, "never closed"),
        ("weight>heavy", 7, 12, "compares numbers"),
        ("weight>=", 0, 8, "A value is missing"),
        ("name~[", 5, 6, "not a regular expression"),
        ("=5", 0, 1, "A field is missing"),
        ("phường đ>5", 10, 12, "no field"),
    ] {
        let fault = refusal(query);
        assert_eq!(fault.span, start..end, "{query}: {fault:?}");
        assert!(fault.message.contains(word), "{query}: {fault:?}");
    }
}

#[test]
fn depth_is_limited() {
    let deep = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(refusal(&deep).message.contains("inside one another"));
    assert!(
        refusal(&"!".repeat(100_000))
            .message
            .contains("inside one another")
    );
    let fault = refusal(&format!("{}đ", "!".repeat(50)));
    assert_eq!(fault.span, 50..52);
    let wide = "(a1) ".repeat(1_000) + "!nothing";
    assert!(!finds(&wide));
}

#[test]
fn suggestions_are_near_or_none() {
    assert_eq!(nearest("wieght", FIELDS.iter().copied()), Some("weight"));
    assert_eq!(nearest("Näme", FIELDS.iter().copied()), Some("name"));
    assert_eq!(nearest("xyz", FIELDS.iter().copied()), None);
    assert_eq!(nearest("x", FIELDS.iter().copied()), None);
    // Two slips in so short a word would suggest anything.
    assert_eq!(nearest("ix", FIELDS.iter().copied()), None);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}|[a-z!()\" =<>~:%ơđ\\\\]{0,40}") {
        match Filter::parse(&text, FIELDS) {
            Ok(filter) => {
                let _ = filter.matches(&thing);
            }
            Err(fault) => {
                // The place is always one that can be underlined.
                prop_assert!(text.get(fault.span.clone()).is_some(), "{fault:?}");
            }
        }
    }

    #[test]
    fn quoted_text_is_found_in_itself(text in "\\PC{1,20}") {
        let query = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let filter = Filter::parse(&query, FIELDS).expect("quoted");
        prop_assert!(filter.matches(&|_| Some(Value::Text(text.clone()))));
    }
}
