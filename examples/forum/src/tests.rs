//! Tests with the requests of clients, in SQLite and in Postgres.

mod bodies;
mod callers;
#[path = "../../../tests/components/postgres.rs"]
#[allow(dead_code, reason = "this repository tests failures of the server elsewhere")]
mod postgres;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use auth_actix::test::{Keys, MatrixTest, assert_access};
use serde_json::Value;

use super::*;

/// Runs functions of a test in each database.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[actix_web::test]
            async fn $name() {
                super::$name($crate::tests::forum(None).await).await;
            })*
        }
        mod postgres {
            $(#[actix_web::test]
            async fn $name() {
                let Some(postgres) = $crate::tests::postgres::Postgres::start() else { return };
                super::$name($crate::tests::forum(Some(&postgres.url())).await).await;
            })*
        }
    };
}

pub(super) use in_each_database;

/// The communities of the tests.
const CATS: i64 = 1;
const DOGS: i64 = 2;

/// Opens an empty forum.
async fn forum(url: Option<&str>) -> Forum {
    Forum::new(Database::open(url).await.unwrap(), vec![7; 32]).await.unwrap()
}

/// A forum with two communities, and a JWT of each kind of caller.
struct People {
    /// A member without posts.
    member: String,
    /// The author of the posts 1 and 2.
    author: String,
    /// The moderator of the community with the posts.
    moderator: String,
    /// The moderator of another community.
    other_moderator: String,
    /// A member who may not write in the community with the posts.
    banned: String,
    admin: String,
    suspended: String,
    /// A JWT of the author that was logged out.
    logged_out: String,
}

/// Runs SQL that both databases accept.
async fn run(forum: &Forum, sql: &'static str) {
    database::with!(&forum.database, pool => sqlx::raw_sql(sql).execute(pool).await.map(drop)).unwrap();
}

/// Adds the people, two communities, and the posts: 1 is visible, 2 is removed, 3 is removed and its author was deleted, 4 is visible and
/// its author was deleted, and 5 is a removed post in the other community.
async fn populate(forum: &Forum) -> People {
    let mut tokens = Vec::new();
    for name in ["member", "author", "moderator", "other-moderator", "banned", "admin", "suspended", "author"] {
        let person = forum.members.person(name).await.unwrap();
        tokens.push(format!("Bearer {}", forum.members.log_in(person).await.unwrap()));
    }
    run(forum, "INSERT INTO community (name) VALUES ('cats'), ('dogs')").await;
    forum.members.make_admin("admin").await.unwrap();
    run(forum, "UPDATE person SET is_suspended = TRUE WHERE name = 'suspended'").await;
    run(forum, "INSERT INTO moderator SELECT 1, id FROM person WHERE name = 'moderator'").await;
    run(forum, "INSERT INTO moderator SELECT 2, id FROM person WHERE name = 'other-moderator'").await;
    run(forum, "INSERT INTO ban SELECT 1, id FROM person WHERE name = 'banned'").await;
    let author = members::account(forum.members.person("author").await.unwrap()).identity().to_string();
    let posts = [(CATS, Some(&author), false), (CATS, Some(&author), true), (CATS, None, true), (CATS, None, false)];
    for (community, author, removed) in posts.into_iter().chain([(DOGS, None, true)]) {
        let add = "INSERT INTO post (community_id, author, title, body, removed) VALUES ($1, $2, 'Title', '', $3)";
        database::with!(&forum.database, pool => {
            sqlx::query(add).bind(community).bind(author).bind(removed).execute(pool).await.map(drop)
        })
        .unwrap();
    }
    let [member, author, moderator, other_moderator, banned, admin, suspended, logged_out] = tokens.try_into().unwrap();
    let digest =
        auth_actix::identity::TokenDigest::sha256(logged_out.trim_start_matches("Bearer ").as_bytes()).to_hex();
    let delete = "DELETE FROM login WHERE digest = $1";
    database::with!(&forum.database, pool => sqlx::query(delete).bind(digest).execute(pool).await.map(drop)).unwrap();
    People { member, author, moderator, other_moderator, banned, admin, suspended, logged_out }
}

/// A request by a caller. `None` is an anonymous one.
fn ask(method: &str, path: &str, caller: Option<&str>) -> TestRequest {
    let request = TestRequest::with_uri(&format!("/api/v3{path}"));
    let request = request.method(Method::from_bytes(method.as_bytes()).unwrap());
    match caller {
        Some(caller) => request.insert_header(("Authorization", caller)),
        None => request,
    }
}

/// Returns the status and the body of the answer.
async fn send<B: MessageBody>(
    app: &impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    request: TestRequest,
) -> (u16, Value) {
    let answer = call_service(app, request.to_request()).await;
    let status: StatusCode = answer.status();
    (status.as_u16(), serde_json::from_slice(&read_body(answer).await).unwrap_or_default())
}

#[actix_web::test]
async fn every_rule_admits_exactly_its_callers() {
    let keys = Keys::new();
    let forum = forum(None).await;
    let person = forum.members.person("Alice").await.unwrap();
    let auth = forum.settings().test_keys(&keys).build().unwrap();
    let member = move || Member::for_matrix(person);
    let undecided = MatrixTest::new(&keys).account(member).assert(App::new().service(api(&auth, &forum))).await;
    // The results of questions about objects are tested elsewhere.
    assert!(undecided.iter().all(|atom| atom.contains(": authorized(")), "{undecided:?}");
    assert_eq!(undecided.len(), 7, "{undecided:?}");
}

#[actix_web::test]
async fn access_matches_the_reviewed_file() {
    let forum = forum(None).await;
    let auth = forum.settings().build().unwrap();
    assert_access(App::new().service(api(&auth, &forum))).await;
}
