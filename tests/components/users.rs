//! Tests of users in a database (SQLite and Postgres), including while it is unavailable.

use std::time::Duration;

use actix_web::get;
use actix_web::web::ServiceConfig;
use auth_actix::password::{Basic, HashError, PasswordAuthenticator, SqlUsers, SqlUsersError, UserStore};
use auth_actix::throttle::Throttle;
use auth_actix::{Auth, Principal, require_auth};
use auth_tests::server::Server;
use auth_tests::token::basic;
use auth_tests::wire::get;

use crate::postgres::Postgres;

#[require_auth]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.id().to_string()
}

const PASSWORD: &str = "correct horse battery";

/// A hash of the same password, with parameters below the minimum.
const CHEAP: &str = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$wZeUqErRQM9fr7+3IJVQyFsb5QPhYeqkXwNGZgBH/L4";

fn serving(users: SqlUsers) -> Server {
    let users = Basic::new(PasswordAuthenticator::new(users).throttle(Throttle::off()));
    let auth = Auth::builder().realm("reports").basic(users).build().unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        config.service(auth.scope("").service(me));
    })
}

fn status(server: &Server, name: &str, password: &str) -> u16 {
    server.send(&get("/me").authorization(basic(name, password))).status
}

/// Connections belong to the runtime that opened them, which must keep running while a request waits.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

async fn roles(users: &SqlUsers, name: &str) -> Option<String> {
    users.find(name).await.unwrap().map(|user| format!("{user:?}"))
}

/// Tests all guarantees of a user database.
async fn suite(users: SqlUsers, hash_of: impl AsyncFn(&str) -> String) {
    users.migrate().await.unwrap(); // a second run changes nothing
    users.add("alice", &PASSWORD.into(), ["admin", "editor", "admin"]).await.unwrap();
    users.add("J\u{fc}rgen \"'; DROP TABLE auth_users; --", &PASSWORD.into(), [""; 0]).await.unwrap();
    assert!(matches!(users.add("alice", &PASSWORD.into(), ["x"]).await, Err(SqlUsersError::Exists)));
    for name in ["", "a:b", "a\0b", "a\nb"] {
        assert!(matches!(users.add(name, &PASSWORD.into(), [""; 0]).await, Err(SqlUsersError::Name)), "{name:?}");
    }
    for password in ["", "fourteen chars", &"x".repeat(1025)] {
        let refused = users.add("short", &password.into(), [""; 0]).await;
        assert!(matches!(refused, Err(SqlUsersError::Password)), "PWD-2: {password:?}");
    }
    let md5 = users.add_with_hash("m", "$1$abc", [""; 0]).await;
    assert!(matches!(md5, Err(SqlUsersError::Hash(HashError::NotArgon2id))));
    let dear = CHEAP.replace("m=64,t=1,p=1", "m=65536,t=3,p=4");
    let dear = users.add_with_hash("dear", &dear, [""; 0]).await;
    assert!(matches!(dear, Err(SqlUsersError::HashTooExpensive)), "the time that it takes would tell");
    let found = roles(&users, "alice").await.unwrap();
    assert!(found.contains("admin") && found.contains("editor") && !found.contains("argon2"), "{found}");
    for name in ["Alice", "alice ", "nobody", "", "a\0lice", "%", "alice' OR '1'='1"] {
        assert_eq!(roles(&users, name).await, None, "{name:?}");
    }
    users.set_roles("alice", ["viewer"]).await.unwrap();
    let found = roles(&users, "alice").await.unwrap();
    assert!(found.contains("viewer") && !found.contains("admin"), "{found}");
    users.set_disabled("alice", true).await.unwrap();
    assert_eq!(roles(&users, "alice").await, None);
    users.set_disabled("alice", false).await.unwrap();
    users.remove("alice").await.unwrap();
    assert_eq!(roles(&users, "alice").await, None);
    users.add("alice", &PASSWORD.into(), [""; 0]).await.unwrap();
    assert!(!roles(&users, "alice").await.unwrap().contains("viewer"), "a new one has no roles of the one before");
    for unknown in [
        users.set_roles("nobody", ["x"]).await,
        users.set_password("nobody", &PASSWORD.into()).await,
        users.set_disabled("nobody", true).await,
        users.remove("nobody").await,
    ] {
        assert!(matches!(unknown, Err(SqlUsersError::Unknown)));
    }
    users.add_with_hash("old", CHEAP, [""; 0]).await.unwrap();
    let server = serving(users.clone());
    // PWD-1: rehashed by a successful login only.
    assert_eq!(status(&server, "old", "wrong"), 401);
    assert_eq!(hash_of("old").await, CHEAP);
    assert_eq!(status(&server, "old", PASSWORD), 200);
    let better = hash_of("old").await;
    assert!(better.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{better}");
    assert_eq!(status(&server, "old", PASSWORD), 200);
    assert_eq!(hash_of("old").await, better, "once");
    // A rehash that is based on an outdated hash does not overwrite a changed password.
    users.replace_hash("old", CHEAP, "stale").await.unwrap();
    assert_eq!(hash_of("old").await, better);
    assert_eq!((status(&server, "alice", PASSWORD), status(&server, "alice", "wrong")), (200, 401));
    users.set_password("alice", &"another one, and long".into()).await.unwrap();
    assert_eq!((status(&server, "alice", PASSWORD), status(&server, "alice", "another one, and long")), (401, 200));
    assert_eq!(status(&server, "nobody", PASSWORD), 401);
}

#[test]
fn sqlite_user_store_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("users.db").display());
    runtime().block_on(async {
        // Several instances start concurrently.
        let all: Vec<_> = (0..4).map(|_| tokio::spawn({
            let url = url.clone();
            async move { SqlUsers::open(&url).await }
        })).collect();
        for one in all {
            one.await.unwrap().unwrap();
        }
        let users = SqlUsers::open(&url).await.unwrap();
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        suite(users, async |name: &str| {
            let hash = sqlx::query_scalar("SELECT hash FROM auth_users WHERE name = $1").bind(name);
            hash.fetch_one(&pool).await.unwrap()
        })
        .await;
        // Users persist across restarts. The table can be in a database with the application's own migrations, and can use its
        // pool.
        let again = SqlUsers::sqlite(pool.clone());
        again.migrate().await.unwrap();
        assert!(again.find("alice").await.unwrap().is_some());
        sqlx::query("UPDATE auth_users SET hash = 'unusable' WHERE name = 'alice'").execute(&pool).await.unwrap();
        assert_eq!(status(&serving(again.clone()), "alice", "another one, and long"), 401, "as an unknown user");
        sqlx::query("INSERT INTO auth_migrations SELECT 2, description, installed_on, success, checksum, execution_time FROM auth_migrations")
            .execute(&pool).await.unwrap();
        assert!(matches!(again.migrate().await, Err(SqlUsersError::Migration)), "a later version was here");
        sqlx::query("DROP TABLE auth_user_roles").execute(&pool).await.unwrap();
        assert_eq!(status(&serving(again), "alice", PASSWORD), 503);
    });
    runtime().block_on(async {
        for url in ["mysql://localhost/users", "users.db", "", "sqlite:///no/such/folder/users.db"] {
            assert!(SqlUsers::open(url).await.is_err(), "{url}");
        }
        // A missing database file is not created unless configured.
        assert!(SqlUsers::open(&format!("sqlite://{}", folder.path().join("other.db").display())).await.is_err());
    });
}

#[test]
fn postgres_user_store_passes_the_suite_and_reports_outages() {
    // SESS-6, LOG-6
    let Some(mut postgres) = Postgres::start() else { return };
    let url = postgres.url();
    runtime().block_on(async {
        // Several instances start concurrently.
        let all: Vec<_> = (0..4)
            .map(|_| {
                tokio::spawn({
                    let url = url.clone();
                    async move { SqlUsers::open(&url).await }
                })
            })
            .collect();
        for one in all {
            one.await.unwrap().unwrap();
        }
        let users = SqlUsers::open(&url).await.unwrap();
        let pool = sqlx::PgPool::connect(&url).await.unwrap();
        suite(users.clone(), async |name: &str| {
            let hash = sqlx::query_scalar("SELECT hash FROM auth_users WHERE name = $1").bind(name);
            hash.fetch_one(&pool).await.unwrap()
        })
        .await;
        let server = serving(SqlUsers::postgres(pool));
        assert_eq!(status(&server, "alice", "another one, and long"), 200);
        postgres.kill();
        for (name, password) in [("alice", "another one, and long"), ("alice", "wrong"), ("nobody", "wrong")] {
            let away = server.send(&get("/me").authorization(basic(name, password)));
            assert_eq!((away.status, away.problem().as_str()), (503, "authentication-unavailable"), "{name}");
        }
        postgres.restart();
        let back = (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            status(&server, "alice", "another one, and long") == 200
        });
        assert!(back, "without a restart of the application");
    });
}
