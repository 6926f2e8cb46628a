//! Tests of generating, writing, reading and verifying keys.

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::file::read;
use super::*;
use crate::denial::Reason;
use crate::runtime::clock;
use crate::runtime::future::BoxFuture;

proptest! {
    #[test]
    fn api_key_line_round_trips(owner in "[^\\p{Cc}]+", names in prop::collection::vec("(?s)-?.{0,8}", 0..4)) {
        // S6
        let stored = ApiKey::generate(&owner).unwrap().stored.roles(&names).scopes(&names);
        let line = stored.to_line();
        prop_assert_eq!(line.lines().count(), 1);
        prop_assert_eq!(ApiKey::from_line(&line), Some(stored));
    }
}

#[test]
fn api_key_names_equal_to_the_empty_marker_round_trip() {
    let stored = ApiKey::generate("-").unwrap().stored.roles(["-"]).scopes(["-"]);
    assert_eq!(ApiKey::from_line(&stored.to_line()), Some(stored));
}

#[test]
fn empty_and_multiline_api_key_owners_are_rejected() {
    for owner in ["", "a\nb", "a\u{85}", "\0"] {
        assert_eq!(ApiKey::generate(owner).err(), Some(ApiKeyError::Owner), "{owner:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    for owner in ["backup", "a robot", "-"] {
        ApiKeysFile::append(&path, owner, |key| key.roles(["reader", "a,b"])).unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let keys = read(&path).unwrap();
    assert_eq!(keys.len(), 3);
    assert!(keys.values().all(|key| key.roles == ["reader", "a,b"]));
    assert!(ApiKeysFile::append(&path, "a\nb", |key| key).is_err());
}

/// A store with one key. `None` makes the store unavailable.
struct Store(Option<ApiKey>);

impl ApiKeyStore for Store {
    fn find<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<ApiKey>, ApiKeyStoreUnavailable>> {
        let found = match &self.0 {
            Some(key) => Ok(Some(key.clone()).filter(|key| key.id == id)),
            None => Err(ApiKeyStoreUnavailable),
        };
        Box::pin(std::future::ready(found))
    }
}

#[tokio::test]
async fn wrong_api_keys_receive_one_identical_denial() {
    // PWD-4, LOG-1
    let NewApiKey { key, stored } = ApiKey::generate("backup").unwrap();
    let key = key.expose_secret().to_owned();
    let stored = stored.roles(["reader"]).scopes(["read:reports"]);
    let line = stored.to_line();
    assert_eq!(ApiKey::from_line(&line).as_ref(), Some(&stored));
    assert!(!line.contains(key.rsplit('.').next().unwrap()), "the secret is not stored");
    let verifier =
        |store| ApiKeyScheme::new(Store(store)).prepare("reports", &RoleTypes::default(), Default::default());
    let good = verifier(Some(stored.clone()));
    let caller = good.verify(&key).await.unwrap();
    assert_eq!(caller.id().to_string(), "client:14:apikey:reports:backup");
    assert!(caller.has_role(crate::open::Role::new("reader")) && !caller.has_role(crate::open::Role::new("admin")));
    let wrong = good.verify("nonsense").await.unwrap_err();
    let other = ApiKey::generate("backup").unwrap().key.expose_secret().to_owned();
    let (id, secret) = key[3..].split_once('.').unwrap();
    for bad in [
        other,
        key.to_uppercase(),
        format!("{key}x"),
        key[..key.len() - 1].to_owned(),
        format!("ak.{id}.{}", "A".repeat(43)),
        format!("ak.{}.{secret}", "A".repeat(12)),
        format!("ak.{id}"),
        format!("ak..{secret}"),
        secret.to_owned(),
    ] {
        assert_eq!(good.verify(&bad).await.unwrap_err(), wrong, "{bad}");
    }
    assert_eq!(wrong.reason, Reason::InvalidCredentials);
    let past = verifier(Some(stored.clone().expires(clock::now())));
    assert_eq!(past.verify(&key).await.unwrap_err().reason, Reason::ExpiredCredentials);
    let down = verifier(None).verify(&key).await.unwrap_err();
    assert!(matches!(down.reason, Reason::AuthenticationUnavailable(_)), "{down:?}");
    let shown = format!("{:?} {stored:?}", ApiKey::generate("a").unwrap());
    assert!(!shown.contains("hash"), "{shown}");
}

#[test]
fn malformed_api_key_lines_are_rejected() {
    let stored = ApiKey::generate("backup").unwrap().stored;
    let line = stored.to_line();
    assert!(ApiKey::from_line(&line).is_some());
    for bad in [
        "",
        "a b",
        &line.replace(" backup ", "  "),
        &line[1..],
        &format!("{line} x"),
        &line.replace(" - - -", " - - soon"),
        &line.replace(" - - -", " a,,b - -"),
        &line.replace(" - - -", " - ,a -"),
        &line.replace(" - - -", " a\tb - -"),
    ] {
        assert!(ApiKey::from_line(bad).is_none(), "{bad}");
    }
}

#[tokio::test]
async fn api_key_and_line_of_an_earlier_version_are_accepted() {
    const KEY: &str = "ak.AAECAwQFBgcI.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    #[rustfmt::skip]
    let table = [
        ("AAECAwQFBgcI ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0 backup - - -", "backup", vec![], None),
        (r"AAECAwQFBgcI ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0 a\u{20}robot\\ reader,a\u{2c}b read:reports,\u{2d} 4102444800", r"a robot\", vec!["reader", "a,b"], Some(4_102_444_800)),
    ];
    for (line, owner, roles, expires) in table {
        let stored = ApiKey::from_line(line).unwrap();
        assert_eq!(stored.to_line(), line);
        assert_eq!(
            (&stored.id, &stored.roles),
            (&"AAECAwQFBgcI".to_owned(), &roles.iter().map(ToString::to_string).collect())
        );
        assert_eq!(stored.expires, expires.map(crate::runtime::clock::Timestamp::from_seconds));
        let verifier =
            ApiKeyScheme::new(Store(Some(stored))).prepare("reports", &RoleTypes::default(), Default::default());
        assert_eq!(verifier.verify(KEY).await.unwrap().local_subject(), owner);
    }
}
