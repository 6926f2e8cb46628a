//! Tests of accepted and rejected input, and comparison with `serde_json`.

use proptest::prelude::*;

use super::string::first_special;
use super::*;

fn read(text: &str) -> Result<Vec<(String, String)>, Malformed> {
    let mut members = Vec::new();
    object(text, |name, value| members.push((name.to_owned(), value.text().to_owned())))?;
    Ok(members)
}

#[test]
fn json_strings_compare_equal_regardless_of_escapes() {
    let table = [
        (r#""a""#, r#""a""#, true),
        (r#""a""#, r#""\u0061""#, true),
        (r#""\u0061""#, r#""\u0061""#, true),
        (r#""a""#, r#""b""#, false),
        (r#""a""#, r#""a\u0000""#, false),
        (r#"1"#, r#"1"#, false),
        (r#"["a"]"#, r#"["a"]"#, false),
        (r#"["\u0061"]"#, r#""a""#, false),
    ];
    for (one, other, expected) in table {
        let [one, other] = [one, other].map(Raw::passed);
        assert_eq!(one.is_same_string(other), expected, "{one:?} {other:?}");
        assert_eq!(other.is_same_string(one), expected, "{other:?} {one:?}");
    }
}

#[test]
fn json_objects_valid_per_rfc_8259_are_parsed() {
    let table = [
        ("{}", vec![]),
        (" {\t\n} \r", vec![]),
        (r#"{"a":1,"b":[{"a":2},[]],"":null}"#, vec![("a", "1"), ("b", r#"[{"a":2},[]]"#), ("", "null")]),
        (r#"{"\u0061":"\ud83d\ude00\n"}"#, vec![("a", r#""\ud83d\ude00\n""#)]),
        (r#"{"n":-0.5e+3,"t":true,"f":false}"#, vec![("n", "-0.5e+3"), ("t", "true"), ("f", "false")]),
    ];
    for (text, expected) in table {
        let expected: Vec<_> = expected.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        assert_eq!(read(text), Ok(expected), "{text}");
    }
}

#[test]
fn ambiguous_or_malformed_json_is_rejected() {
    // JWT-4, T14
    let deep = format!("{}{}{}", r#"{"a":"#, "[".repeat(40), "]".repeat(40));
    let table = [
        "",
        "[]",
        "null",
        "{",
        "{}x",
        "{} {}",
        "\u{feff}{}",
        r#"{"a":1,}"#,
        r#"{"a"}"#,
        r#"{a:1}"#,
        r#"{'a':1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"sub":1,"\u0073ub":2}"#,
        r#"{"\u0073ub":1,"s\u0075b":2}"#,
        r#"{"o":{"x":1,"x":1}}"#,
        r#"{"o":[{"x":1,"x":1}]}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":+1}"#,
        r#"{"a":1e}"#,
        r#"{"a":-}"#,
        r#"{"a":NaN}"#,
        r#"{"a":1e400}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\ud800\u0041"}"#,
        r#"{"a":"\udc00"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":"}"#,
        r#"{"a":"\"#,
        r#"{"a":tru}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[1 2]}"#,
        r#"{"a":1 "b":2}"#,
        deep.as_str(),
    ];
    for text in table {
        assert_eq!(read(text), Err(Malformed), "{text}");
    }
    assert!(read(r#"{"o":{"x":1},"p":{"x":1},"x":1}"#).is_ok(), "names of other objects are not duplicates");
    let nested = |value: &str, depth| read(&format!("{{\"a\":{}{value}{}}}", "[".repeat(depth), "]".repeat(depth)));
    for depth in 0..2 * DEPTH {
        let fits = depth < DEPTH;
        assert!(["1", "\"x\"", "null"].iter().all(|value| nested(value, depth).is_ok() == fits), "{depth}");
    }
}

#[test]
fn json_objects_with_too_many_members_are_rejected() {
    let object_of = |count: usize| {
        let members: Vec<_> = (0..count).map(|number| format!("\"{number}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(read(&object_of(MEMBERS)).is_ok());
    assert_eq!(read(&object_of(MEMBERS + 1)), Err(Malformed));
    assert_eq!(read(&format!("{{\"o\":{}}}", object_of(MEMBERS + 1))), Err(Malformed));
    assert_eq!(small_object(&object_of(33), 32, |_, _| {}), Err(Malformed));
}

#[test]
fn numeric_dates_round_both_ways_and_never_overflow() {
    // JWT-22
    let table: &[(&str, Option<(i64, i64)>)] = &[
        ("0", Some((0, 0))),
        ("-1", Some((-1, -1))),
        ("1.5e9", Some((1_500_000_000, 1_500_000_000))),
        ("100.2", Some((100, 101))),
        ("-0.5", Some((-1, 0))),
        ("18446744073709551615", None),
        ("9223372036854775807", None),
        ("1e300", None),
        ("\"1700000000\"", None),
        ("null", None),
        ("true", None),
        ("[1]", None),
    ];
    for (text, expected) in table {
        let found = Raw::passed(text).numeric_date().map(|(down, up)| (down.seconds(), up.seconds()));
        assert_eq!(found, *expected, "{text}");
    }
}

#[test]
fn raw_json_values_expose_members_elements_and_strings() {
    let value = Raw::passed(r#"{"a":{"b":1},"list":["x", "\u0079",{"c":[2]} ,[]],"end":0}"#);
    assert_eq!(value.member("a").and_then(|a| a.member("b")), Some(Raw::passed("1")));
    assert_eq!(value.member("end"), Some(Raw::passed("0")));
    assert_eq!(value.member("b"), None);
    let elements: Vec<_> = value.member("list").unwrap().elements().unwrap().map(|e| e.text()).collect();
    assert_eq!(elements, [r#""x""#, r#""\u0079""#, r#"{"c":[2]}"#, "[]"]);
    assert_eq!(Raw::passed(r#""\u0079""#).string().as_deref(), Some("y"));
    fn strings(text: &str) -> Option<Vec<Option<String>>> {
        Some(Raw::passed(text).strings()?.map(|one| one.map(Cow::into_owned)).collect())
    }
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(strings(r#"["a" , "\u0062\"" ,"", "]"]"#), Some(vec![some("a"), some("b\""), some(""), some("]")]));
    assert_eq!(strings("[ ]"), Some(Vec::new()));
    let lists = |text: &str| {
        let mut seen = None;
        object(&format!("{{\"a\":{text}}}"), |_, value| seen = Some((value.lists_strings, value.lists_strings())))
            .unwrap();
        let (seen, known) = seen.unwrap();
        assert_eq!((seen, known), (Raw::passed(text).lists_strings(), seen), "{text}, seen and looked at again");
        seen
    };
    assert!(lists("[]") && lists(r#"["a" , "\u0062"]"#) && lists("[ ]"));
    assert!(!lists(r#"["a",[]]"#) && !lists(r#"[[],"a"]"#) && !lists("[1]") && !lists("\"a\"") && !lists("{}"));
    assert_eq!(strings(r#"["a",["b"],"c"]"#), Some(vec![some("a"), None]));
    for other in ["1", "null", "true", "{}"] {
        assert_eq!(strings(other), None);
        assert_eq!(strings(&format!("[{other}]")), Some(vec![None]));
    }
    assert!(
        Raw::passed("1").string().is_none()
            && Raw::passed("1").elements().is_none()
            && Raw::passed("[]").member("a").is_none()
    );
}

#[test]
fn first_special_string_byte_is_found_at_any_position() {
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    for byte in 0..=u8::MAX {
        for (length, at) in (1..20).flat_map(|length| (0..length).map(move |at| (length, at))) {
            // The bytes after it must not matter, including bytes that the borrow of a subtraction could flag by mistake.
            for behind in [b'a', 0, b'!', b'#', 0x20, 0x80, b'"', 0xFF] {
                let mut bytes = vec![b'~'; length];
                bytes[at..].fill(behind);
                bytes[at] = byte;
                let expected = bytes.iter().position(|byte| is_special(*byte));
                assert_eq!(first_special(&bytes), expected, "{bytes:?}");
            }
        }
    }
}

proptest! {
    /// Input that this reader accepts is accepted by `serde_json` with the same values.
    #[test]
    fn accepted_json_is_accepted_identically_by_serde_json(text in r#"\{("[a-c\\u06]{0,7}":([0-9eE.+-]{0,6}|"[\\u0-9da-f"]{0,8}"|\[[1,{}]{0,5}\]|null),?){0,3}\}"#) {
        if let Ok(members) = read(&text) {
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            for (name, raw) in members {
                prop_assert_eq!(&value[&name], &serde_json::from_str::<serde_json::Value>(&raw).unwrap());
            }
        }
    }

    /// Output of `serde_json` is accepted.
    #[test]
    fn serde_json_output_is_accepted(map in proptest::collection::btree_map(".{0,8}", ".{0,8}", 0..6)) {
        let text = serde_json::to_string(&map).unwrap();
        let members = read(&text).unwrap();
        prop_assert_eq!(members.len(), map.len());
        for (name, raw) in members {
            prop_assert_eq!(Raw::passed(&raw).string().unwrap(), map[&name].as_str());
        }
    }

    #[test]
    fn strict_json_parser_never_panics(text in ".{0,64}") {
        let _ = read(&text);
    }
}
