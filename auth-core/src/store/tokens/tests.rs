//! Tests of the text of records, and of the store in memory.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::identity::account_id::AccountId;
use crate::identity::rights::{All, Rights};
use crate::identity::tenant::Tenant;
use crate::runtime::clock::{Timestamp, WallTime};
use crate::store::unavailable::StoreUnavailable;

pub(super) fn at(seconds: i64) -> WallTime {
    Timestamp::from_seconds(seconds).to_wall_time().unwrap()
}

pub(super) fn record(id: &str) -> TokenRecord {
    TokenRecord::new(id.parse().unwrap(), Owner::Client("backup".into()), at(1_764_000_000))
}

pub(super) fn limited() -> TokenRecord {
    TokenRecord {
        ceiling: Some(Rights::new().roles(["reader"]).scopes(All)),
        tenants: Some(vec![Tenant::of("org", "acme").and("workspace", "web")]),
        networks: Some(vec!["10.0.0.0/8".parse().unwrap()]),
        owner: Owner::Account(AccountId::new("member", 7)),
        ..record("7")
    }
}

/// The text of [`limited`]. A later version must read it.
pub(super) const LIMITS: &str = r#"{"v":1,"ceiling":{"roles":["reader"],"permissions":null,"scopes":"all"},"tenants":[[["org","acme"],["workspace","web"]]],"networks":["10.0.0.0/8"]}"#;

/// The line of [`limited`].
pub(super) fn limited_line() -> String {
    let digest = "07".repeat(32);
    format!(
        r#"{{"digest":"{digest}","id":"7","lineage":"7","owner_kind":"member","owner":"7","name":"","created":1764000000,"expires":null,"last_used":null,"revoked":false,"limits":{LIMITS}}}"#
    )
}

proptest! {
    #[test]
    fn token_lines_restore_each_storable_record(
        texts in prop::collection::vec("(?s).{0,12}", 4),
        names in prop::option::of(prop::collection::vec("(?s).{0,8}", 0..4)),
        values in prop::option::of(prop::collection::vec("(?s).{0,8}", 0..3)),
        seconds in any::<i64>(),
    ) {
        let owner = if texts[0].is_empty() {
            Owner::Client(texts[1].as_str().into())
        } else {
            Owner::Account(AccountId::stored(&texts[0], &texts[1]))
        };
        let mut record = TokenRecord { owner, name: texts[2].clone(), created: at(seconds), ..record("7") };
        record.ceiling = names.map(|names| Rights::new().roles(&names).scopes(All).permissions([&texts[3]]));
        record.tenants = values.map(|all| all.iter().map(|value| Tenant::of("org", value).and("team", "a")).collect());
        let is_text = |text: &String| !text.contains(char::is_control);
        let is_value = |tenant: &Tenant| tenant.get("org") != Some("");
        let is_storable = texts[..3].iter().all(is_text) && !texts[1].is_empty() && record.tenants.iter().flatten().all(is_value);
        prop_assert_eq!(record.check().is_ok(), is_storable);
        if is_storable {
            let digest = TokenDigest::sha256(texts[0].as_bytes());
            let line = line::write(&digest, &record).unwrap();
            prop_assert_eq!(line.lines().count(), 1);
            prop_assert_eq!(line::read(&line), Some((digest, record)));
        }
    }
}

#[test]
fn limits_of_an_earlier_version_are_read() {
    assert_eq!(limited().limits().unwrap(), LIMITS);
    let unlimited = r#"{"v":1,"ceiling":null,"tenants":null,"networks":null}"#;
    assert_eq!(record("7").limits().unwrap(), unlimited);
    let mut read = TokenRecord { owner: limited().owner, ..record("7") };
    read.set_limits(LIMITS).unwrap();
    assert_eq!(read, limited());
    // Another writer may order the members and the white space differently.
    read.set_limits(" { \"networks\": null, \"tenants\": null,\n\"ceiling\": null, \"v\": 1 } ").unwrap();
    assert_eq!((read.ceiling, read.tenants, read.networks), (None, None, None));
    let mut none = record("7");
    none.set_limits(&unlimited.replace(r#""tenants":null,"networks":null"#, r#""tenants":[],"networks":[]"#)).unwrap();
    assert_eq!((none.tenants, none.networks), (Some(Vec::new()), Some(Vec::new())), "TOKEN-12");
}

#[test]
fn hostile_limits_never_widen_a_token() {
    // TOKEN-12. Each text is an error, and the record keeps its limits.
    let changed = |from: &str, to: &str| {
        assert!(LIMITS.contains(from), "{from}");
        LIMITS.replacen(from, to, 1)
    };
    let many = |count: usize| (0..count).map(|n| format!(r#"["d{n}","x"]"#)).collect::<Vec<_>>().join(",");
    let texts = [
        "".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        format!("{LIMITS} x"),
        format!("{LIMITS}{LIMITS}"),
        LIMITS[..LIMITS.len() - 1].to_owned(),
        format!("\u{feff}{LIMITS}"),
        changed("\"v\":1,", ""),
        changed("\"v\":1", "\"v\":2"),
        changed("\"v\":1", "\"v\":1.0"),
        changed("\"v\":1", "\"v\":\"1\""),
        changed("\"v\":1", "\"v\":1,\"v\":1"),
        changed("\"v\":1", "\"v\":1,\"expires\":0"),
        changed(",\"networks\":[\"10.0.0.0/8\"]", ""),
        changed("\"networks\"", "\"Networks\""),
        changed("[\"10.0.0.0/8\"]", "\"10.0.0.0/8\""),
        changed("[\"10.0.0.0/8\"]", "[null]"),
        changed("[\"10.0.0.0/8\"]", "false"),
        changed("[\"10.0.0.0/8\"]", "null,\"networks\":null"),
        changed("[\"10.0.0.0/8\"]", "null,\"n\\u0065tworks\":null"),
        changed("10.0.0.0/8", "10.0.0.1/8"),
        changed("10.0.0.0/8", ""),
        changed("[\"10.0.0.0/8\"]", "[\"10.0.0.0/8\",[\"::/0\"]]"),
        changed("{\"roles\":[\"reader\"],\"permissions\":null,\"scopes\":\"all\"}", "\"everything\""),
        changed("{\"roles\":[\"reader\"],\"permissions\":null,\"scopes\":\"all\"}", "{}"),
        changed("{\"roles\":[\"reader\"],\"permissions\":null,\"scopes\":\"all\"}", "[]"),
        changed("\"permissions\":null,", ""),
        changed("\"permissions\":null", "\"permission\":null"),
        changed("\"permissions\":null", "\"permissions\":null,\"more\":[]"),
        changed("\"permissions\":null", "\"permissions\":null,\"roles\":\"all\""),
        changed("\"permissions\":null", "\"permissions\":{}"),
        changed("\"permissions\":null", "\"permissions\":true"),
        changed("\"scopes\":\"all\"", "\"scopes\":\"ALL\""),
        changed("\"scopes\":\"all\"", "\"scopes\":\"\""),
        changed("[\"reader\"]", "[\"reader\",7]"),
        changed("[\"reader\"]", "[\"reader\",null]"),
        changed("[\"reader\"]", "[\"\\ud800\"]"),
        changed("[[[\"org\",\"acme\"],[\"workspace\",\"web\"]]]", "{\"org\":\"acme\"}"),
        changed("[[[\"org\",\"acme\"],[\"workspace\",\"web\"]]]", "[{\"org\":\"acme\"}]"),
        changed("[[[\"org\",\"acme\"],[\"workspace\",\"web\"]]]", "[[\"org\",\"acme\"]]"),
        changed("[[[\"org\",\"acme\"],[\"workspace\",\"web\"]]]", "[[]]"),
        changed("[[[\"org\",\"acme\"],[\"workspace\",\"web\"]]]", "[null]"),
        changed("[\"workspace\",\"web\"]", "[\"org\",\"other\"]"),
        changed("[\"workspace\",\"web\"]", "[\"workspace\"]"),
        changed("[\"workspace\",\"web\"]", "[\"workspace\",\"web\",\"x\"]"),
        changed("[\"workspace\",\"web\"]", "[\"workspace\",\"\"]"),
        changed("[\"workspace\",\"web\"]", "[\"\",\"web\"]"),
        changed("\"workspace\"", &format!("{:?}", "w".repeat(65))),
        changed("\"web\"", &format!("{:?}", "w".repeat(129))),
        changed("[\"workspace\",\"web\"]", &many(8)),
        changed("\"reader\"", &format!("{:?}", "r".repeat(64 * 1024))),
    ];
    for text in texts {
        let mut record = limited();
        assert_eq!(record.set_limits(&text), Err(TokenRecordError::Limits), "{text}");
        assert_eq!(record, limited());
    }
    let mut eight = limited();
    eight.set_limits(&changed("[\"workspace\",\"web\"]", &many(7))).unwrap();
}

#[test]
fn columns_with_an_invalid_value_are_errors() {
    let columns = || TokenColumns::of(&limited()).unwrap();
    assert_eq!(columns().record(), Ok(limited()));
    let long = "x".repeat(513);
    #[rustfmt::skip]
    let table = [
        (TokenColumns { id: String::new(), ..columns() },             TokenRecordError::Id),
        (TokenColumns { lineage: "a b".into(), ..columns() },         TokenRecordError::Id),
        (TokenColumns { owner: String::new(), ..columns() },          TokenRecordError::Owner),
        (TokenColumns { owner: long.clone(), ..columns() },           TokenRecordError::Owner),
        (TokenColumns { owner_kind: "a\n".into(), ..columns() },      TokenRecordError::Owner),
        (TokenColumns { name: long, ..columns() },                    TokenRecordError::Name),
        (TokenColumns { limits: String::new(), ..columns() },         TokenRecordError::Limits),
        (TokenColumns { revoked: 2, ..columns() },                    TokenRecordError::Revoked),
        (TokenColumns { revoked: -1, ..columns() },                   TokenRecordError::Revoked),
    ];
    for (columns, error) in table {
        assert_eq!(columns.record(), Err(error));
    }
    for seconds in [i64::MIN, -1, 0, i64::MAX] {
        let read = TokenColumns { created: seconds, ..columns() }.record();
        assert!(read.is_err() || TokenColumns::of(&read.unwrap()).unwrap().created == seconds);
    }
}

/// Returns the time of a number of days ago.
pub(super) fn ago(days: u64) -> Option<WallTime> {
    crate::runtime::clock::now().minus(Duration::from_secs(days * 24 * 60 * 60)).to_wall_time()
}

#[tokio::test]
async fn a_full_store_in_memory_evicts_expired_tokens_only() {
    let full = MemoryTokenStore::new(2);
    for (id, expires) in [("a", ago(1)), ("b", None), ("c", None)] {
        let record = TokenRecord { expires, ..record(id) };
        full.insert(&TokenDigest::sha256(id.as_bytes()), record).await.unwrap();
    }
    assert_eq!(full.insert(&TokenDigest::sha256(b"d"), record("d")).await, Err(StoreUnavailable), "the store is full");
}

#[cfg(feature = "test-util")]
#[tokio::test]
async fn memory_token_store_passes_the_suite() {
    // TOKEN-5, TOKEN-12, TOKEN-14
    conformance::token_store(MemoryTokenStore::new(100)).await;
}
