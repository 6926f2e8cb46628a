//! Tests of keys in bodies and queries that no rule has checked.

use auth_actix::object::Unchecked;
use serde::Deserialize;

use super::Note;

#[derive(Deserialize)]
struct Plain {
    id: Unchecked<Note>,
}

#[derive(Deserialize)]
struct Flat {
    #[serde(flatten)]
    inner: Plain,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Any {
    One { id: Unchecked<Note> },
    Other { id: Vec<Unchecked<Note>> },
}

fn key(found: Option<Unchecked<Note>>) -> Option<u64> {
    found.map(|key| key.into_unchecked("a test reads it"))
}

#[test]
fn unchecked_keys_are_read_like_the_keys_of_rules() {
    // OBJ-5, OBJ-7
    #[rustfmt::skip]
    let table = [
        ("7",                      Some(7)),
        ("\"7\"",                  Some(7)),
        ("0",                      Some(0)),
        ("18446744073709551615",   Some(u64::MAX)),
        ("18446744073709551616",   None),
        ("99999999999999999999",   None),
        ("7.0",                    None),
        ("7e0",                    None),
        ("1e3",                    None),
        ("-0",                     None),
        ("-7",                     None),
        ("null",                   None),
        ("true",                   None),
        ("[7]",                    None),
        ("{}",                     None),
        ("\"\"",                   None),
        ("\"7 \"",                 None),
        ("\"seven\"",              None),
    ];
    for (value, expected) in table {
        let body = format!("{{\"id\": {value}}}");
        assert_eq!(key(serde_json::from_str::<Plain>(&body).ok().map(|read| read.id)), expected, "{value}");
        assert_eq!(key(serde_json::from_str::<Flat>(&body).ok().map(|read| read.inner.id)), expected, "flat {value}");
        let any = serde_json::from_str::<Any>(&body).ok().and_then(|any| match any {
            Any::One { id } => Some(id),
            Any::Other { id } => id.into_iter().next().filter(|_| value != "[7]"),
        });
        assert_eq!(key(any), expected, "untagged {value}");
    }
    for (query, expected) in [("id=7", Some(7)), ("id=07x", None), ("id=", None), ("id=7.0", None), ("id=7&id=8", None)]
    {
        let read = actix_web::web::Query::<Plain>::from_query(query).ok().map(|read| read.into_inner().id);
        assert_eq!(key(read), expected, "{query}");
    }
    assert_eq!(key("7".parse().ok()), Some(7));
    assert_eq!(Unchecked::<Note>::from_text("x").unwrap_err().status(), 400);
}

#[test]
fn unchecked_keys_are_not_shown() {
    let shown = format!("{:?}", Unchecked::<Note>::from_text("4711").unwrap());
    assert!(shown.contains("Note") && !shown.contains("4711"), "{shown}");
}
