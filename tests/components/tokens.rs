//! Tests of tokens in a database (SQLite and Postgres): rows of other writers, migrations, and outages.

use std::time::{Duration, SystemTime};

use auth_actix::identity::{AccountId, Rights, Tenant};
use auth_actix::tokens::{
    Owner, SqlPool, SqlTokens, SqlTokensError, StoreUnavailable, TokenAdmin, TokenDigest, TokenId, TokenRecord,
    TokenStore,
};

use crate::postgres::Postgres;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn record(id: &str) -> TokenRecord {
    let owner = Owner::Account(AccountId::new("member", 7));
    TokenRecord::new(id.parse::<TokenId>().unwrap(), owner, SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_000_000))
}

fn limited(id: &str) -> TokenRecord {
    let mut record = record(id);
    record.ceiling = Some(Rights::new().scopes(["projects:read"]));
    record.tenants = Some(vec![Tenant::of("org", "acme")]);
    record.networks = Some(vec!["10.0.0.0/8".parse().unwrap()]);
    record
}

fn digest(token: &str) -> TokenDigest {
    TokenDigest::sha256(token.as_bytes())
}

/// Assignments of another writer, and whether the row is then unreadable or the database refuses it. Either way it is not a token
/// with fewer limits.
const HOSTILE: &[&str] = &[
    "limits = ''",
    "limits = 'null'",
    "limits = '{}'",
    "limits = '{\"v\":1,\"ceiling\":null,\"tenants\":null}'",
    "limits = '{\"v\":2,\"ceiling\":null,\"tenants\":null,\"networks\":null}'",
    "limits = '{\"v\":1,\"ceiling\":{},\"tenants\":null,\"networks\":null}'",
    "limits = replace(limits, '\"networks\":[', '\"networks\":null,\"networks\":[')",
    "limits = replace(limits, 'acme', '')",
    "limits = replace(limits, '10.0.0.0/8', 'office')",
    "limits = NULL",
    "revoked = 2",
    "revoked = NULL",
    "owner = ''",
    "owner_kind = NULL",
    "lineage = ''",
    "id = 'a b'",
    "created = NULL",
];

/// Assignments that only SQLite accepts, which stores text in a column of numbers.
const HOSTILE_IN_SQLITE: &[&str] =
    &["created = 'yesterday'", "expires = 'never'", "expires = 1.5", "last_used = x'00'"];

/// Tests hostile rows. `execute` returns whether the database accepted the statement.
async fn hostile_rows(tokens: &SqlTokens, assignments: &[&str], execute: impl AsyncFn(String) -> bool) {
    let good = digest("good");
    tokens.insert(&good, limited("good")).await.unwrap();
    for assignment in assignments {
        let bad = digest("bad");
        tokens.insert(&bad, limited("bad")).await.unwrap();
        if execute(format!("UPDATE auth_tokens SET {assignment} WHERE id = 'bad'")).await {
            assert_eq!(tokens.find(&bad).await, Err(StoreUnavailable), "{assignment}");
        }
        assert_eq!(tokens.find(&good).await, Ok(Some(limited("good"))), "{assignment}");
        // Other programs may compare digests without regard to case.
        assert!(execute(format!("DELETE FROM auth_tokens WHERE digest = '{}'", bad.to_hex())).await);
    }
    assert!(execute(format!("UPDATE auth_tokens SET digest = '{}'", good.to_hex().to_uppercase())).await);
    assert_eq!(tokens.find(&good).await, Ok(None));
    tokens.delete_all(&record("good").owner).await.unwrap();
}

async fn expired_rows(tokens: &SqlTokens) {
    let ago = |days: u64| Some(SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60));
    let owner = record("a").owner;
    for (id, expires) in [("a", ago(31)), ("b", ago(29)), ("c", None)] {
        let mut record = record(id);
        record.expires = expires;
        tokens.insert(&digest(id), record).await.unwrap();
    }
    let kept = async || {
        let listed = tokens.list(&owner).await.unwrap();
        listed.into_iter().map(|record| record.id.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(kept().await, "b c", "an insert deletes what expired long ago");
    assert_eq!(tokens.delete_expired(ago(30).unwrap()).await, Ok(0));
    assert_eq!(tokens.delete_expired(SystemTime::now()).await, Ok(1));
    assert_eq!(kept().await, "c");
    assert_eq!(tokens.delete_all(&owner).await, Ok(1));
}

#[test]
fn hostile_rows_in_sqlite_are_errors() {
    // TOKEN-12
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("tokens.db").display());
    runtime().block_on(async {
        // Several instances start concurrently.
        let all: Vec<_> = (0..4)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move { SqlTokens::connect(&url).await })
            })
            .collect();
        for one in all {
            one.await.unwrap().unwrap();
        }
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        let tokens = SqlTokens::open(pool.clone());
        tokens.migrate().await.unwrap(); // a second run changes nothing
        let execute = async |sql: String| sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.is_ok();
        hostile_rows(&tokens, &[HOSTILE, HOSTILE_IN_SQLITE].concat(), execute).await;
        expired_rows(&tokens).await;
        // Users and tokens share a database.
        auth_actix::password::SqlUsers::sqlite(pool.clone()).migrate().await.unwrap();
        tokens.migrate().await.unwrap();
        let later = "INSERT INTO auth_token_migrations SELECT 2, description, installed_on, success, checksum, execution_time FROM auth_token_migrations";
        assert!(execute(later.to_owned()).await);
        assert_eq!(tokens.migrate().await, Err(SqlTokensError::Migration), "a later version was here");
        assert!(execute("DROP TABLE auth_tokens".to_owned()).await);
        assert_eq!(tokens.find(&digest("good")).await, Err(StoreUnavailable));
        assert_eq!(tokens.insert(&digest("good"), record("good")).await, Err(StoreUnavailable));
        for url in ["mysql://localhost/tokens", "tokens.db", ""] {
            assert_eq!(SqlTokens::connect(url).await.unwrap_err(), SqlTokensError::Url, "{url}");
        }
        let missing = SqlTokens::connect("sqlite:///no/such/folder/tokens.db").await;
        assert_eq!(missing.unwrap_err(), SqlTokensError::Unavailable);
    });
}

#[test]
fn hostile_rows_in_postgres_are_errors_like_outages() {
    // TOKEN-12
    let Some(mut postgres) = Postgres::start() else { return };
    runtime().block_on(async {
        let options = sqlx::postgres::PgPoolOptions::new().acquire_timeout(Duration::from_secs(1));
        let pool = options.connect(&postgres.url()).await.unwrap();
        let tokens = SqlTokens::open(SqlPool::from(pool.clone()));
        assert_eq!(tokens.find(&digest("good")).await, Err(StoreUnavailable), "the table is missing");
        let (one, other) = tokio::join!(tokens.migrate(), tokens.migrate());
        assert_eq!((one, other), (Ok(()), Ok(())));
        let execute = async |sql: String| sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.is_ok();
        hostile_rows(&tokens, HOSTILE, execute).await;
        expired_rows(&tokens).await;
        tokens.insert(&digest("good"), limited("good")).await.unwrap();
        postgres.kill();
        assert_eq!(tokens.find(&digest("good")).await, Err(StoreUnavailable));
        assert_eq!(tokens.revoke(&record("good").id).await, Err(StoreUnavailable));
        postgres.restart();
        let mut found = Err(StoreUnavailable);
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            found = tokens.find(&digest("good")).await;
            if found.is_ok() {
                break;
            }
        }
        assert_eq!(found, Ok(Some(limited("good"))), "without a restart of the application");
    });
}
