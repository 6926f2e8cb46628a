//! Organizations with members. Roles are stored per organization in the application's database, and not in tokens.
//!
//! Copy this if a person can be an owner of one organization and a guest of another. A token identifies the caller. For roles in an
//! organization, the rule queries the database with the organization in the path or in the header `X-Org`, at most once per request,
//! and only if the rule needs it. A member of a single organization need not name it. While the database is unavailable, such
//! requests get 503.
//!
//! Run it with `cargo run -p organizations`. `JWT_SECRET` (at least 32 bytes) is the secret that signs tokens. `DATABASE` is the
//! path of a SQLite file (`documents.sqlite` by default). `ORG` and `OWNER` (a subject) create the first owner of an organization.
//! `PORT` is the port to listen on (8080 by default).

use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, HttpServer, Responder, delete, error, get, put, web};
use auth_actix::identity::{self, ProvidedRights, Rights, RightsProvider, RightsUnavailable};
use auth_actix::{Auth, AuthBuilder, Id, Jwt, Principal, Tenant, at, require, require_permission, require_role};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Member), grants(Permission::ManageMembers))]
    Owner,
    Member,
    /// A member without access while an incident is being reviewed.
    Suspended,
}

#[derive(auth_actix::Permission)]
enum Permission {
    ManageMembers,
}

#[require(role("member", in = org) && !role("suspended", in = org))]
#[get("/{org}/documents")]
async fn documents(caller: Principal, org: Tenant) -> impl Responder {
    let may = if caller.has_role_in(Role::Owner, &org) { "read and share" } else { "read" };
    format!("you may {may} the documents of {}\n", org.get("org").unwrap_or_default())
}

// The organization is in the header. The handler takes it from the rule, which has decided on it.
#[require_role("member", in = org)]
#[get("/templates")]
async fn templates(org: Tenant) -> impl Responder {
    format!("the templates of {}\n", org.get("org").unwrap_or_default())
}

#[require_permission("manage-members", in = org)]
#[put("/{org}/members/{person}/{role}")]
async fn add_member(
    path: web::Path<(String, Id, String)>,
    memberships: web::Data<Memberships>,
) -> actix_web::Result<impl Responder> {
    let (org, person, role) = path.into_inner();
    // Accepts declared roles only.
    let role: Role = role.parse().map_err(error::ErrorBadRequest)?;
    memberships.add(&org, &person, role.as_ref()).await.map_err(error::ErrorInternalServerError)?;
    Ok("added\n")
}

#[require_role("owner", in = org)]
#[delete("/{org}/members/{person}")]
async fn remove_member(
    path: web::Path<(String, Id)>,
    memberships: web::Data<Memberships>,
) -> actix_web::Result<impl Responder> {
    let (org, person) = path.into_inner();
    memberships.remove(&org, &person).await.map_err(error::ErrorInternalServerError)?;
    Ok("removed\n")
}

/// The memberships of all organizations.
#[derive(Clone)]
struct Memberships {
    pool: SqlitePool,
    /// Rights that are provided to rules. Changes invalidate the cache.
    rights: ProvidedRights,
}

/// The roles of each person in each organization.
struct MembershipTable(SqlitePool);

impl RightsProvider for MembershipTable {
    /// Returns all roles of a caller in an organization. There are no roles outside of organizations.
    async fn rights(&self, caller: &Id, tenant: Option<&identity::Tenant>) -> Result<Rights, RightsUnavailable> {
        let none = Rights::new().roles([""; 0]);
        let Some(org) = tenant.and_then(|tenant| tenant.get("org")) else { return Ok(none) };
        let roles = sqlx::query_scalar("SELECT role FROM memberships WHERE org = ? AND person = ?");
        let roles: Result<Vec<String>, _> = roles.bind(org).bind(caller.to_string()).fetch_all(&self.0).await;
        Ok(Rights::new().roles(roles.map_err(|_| RightsUnavailable)?))
    }

    /// Returns the organization of a caller who is a member of exactly one, for requests that name none.
    async fn default_tenant(&self, caller: &Id) -> Result<Option<identity::Tenant>, RightsUnavailable> {
        let orgs = sqlx::query_scalar("SELECT DISTINCT org FROM memberships WHERE person = ? LIMIT 2");
        let orgs: Result<Vec<String>, _> = orgs.bind(caller.to_string()).fetch_all(&self.0).await;
        Ok(match orgs.map_err(|_| RightsUnavailable)?.as_slice() {
            [org] => Some(identity::Tenant::of("org", org)),
            _ => None,
        })
    }

    fn cache_ttl(&self) -> Duration {
        Duration::from_secs(30)
    }
}

impl Memberships {
    async fn open(pool: SqlitePool) -> sqlx::Result<Self> {
        // A person is stored as an [`Id`] (issuer and subject), because another issuer may use the same subject for another person.
        let table = "CREATE TABLE IF NOT EXISTS memberships (org TEXT, person TEXT, role TEXT, PRIMARY KEY (org, person, role))";
        sqlx::query(table).execute(&pool).await?;
        Ok(Self { rights: ProvidedRights::new(MembershipTable(pool.clone())), pool })
    }

    async fn add(&self, org: &str, person: &Id, role: &str) -> sqlx::Result<()> {
        let add = sqlx::query("INSERT OR IGNORE INTO memberships (org, person, role) VALUES (?, ?, ?)");
        add.bind(org).bind(person.to_string()).bind(role).execute(&self.pool).await?;
        self.rights.invalidate(person);
        Ok(())
    }

    async fn remove(&self, org: &str, person: &Id) -> sqlx::Result<()> {
        let remove = sqlx::query("DELETE FROM memberships WHERE org = ? AND person = ?");
        remove.bind(org).bind(person.to_string()).execute(&self.pool).await?;
        self.rights.invalidate(person);
        Ok(())
    }
}

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "documents";

fn settings(secret: &[u8], memberships: &Memberships) -> AuthBuilder {
    let tokens = Jwt::hs256(secret).issuer(ISSUER).audience(AUDIENCE);
    let auth = Auth::builder().realm("documents").bearer(tokens).rights_from(memberships.rights.clone());
    auth.tenant("org", at::header("X-Org").or_path("org"))
}

fn api(auth: &Auth, memberships: &Memberships) -> impl HttpServiceFactory + use<> {
    let scope = auth.scope("/orgs").app_data(web::Data::new(memberships.clone()));
    scope.service(templates).service(documents).service(add_member).service(remove_member)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let file = std::env::var("DATABASE").unwrap_or_else(|_| "documents.sqlite".to_owned());
    let pool =
        SqlitePoolOptions::new().connect_lazy_with(SqliteConnectOptions::new().filename(file).create_if_missing(true));
    let memberships = Memberships::open(pool).await.map_err(std::io::Error::other)?;
    let auth = settings(std::env::var("JWT_SECRET").unwrap_or_default().as_bytes(), &memberships).build()?;
    // Creates the first owner of an organization: `OWNER` is the subject, `ORG` the organization.
    if let (Ok(org), Ok(owner)) = (std::env::var("ORG"), std::env::var("OWNER")) {
        memberships.add(&org, &Id::user(ISSUER, &owner), "owner").await.map_err(std::io::Error::other)?;
    }
    HttpServer::new(move || App::new().service(api(&auth, &memberships))).bind(("127.0.0.1", port))?.run().await
}

#[cfg(test)]
mod tests {
    use actix_web::http::{Method, StatusCode};
    use actix_web::test::{TestRequest, call_service, init_service};
    use auth_actix::test::{Caller, Keys, assert_matrix};

    use super::*;

    async fn memberships() -> Memberships {
        // A single connection, because each connection to an in-memory database has its own database.
        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
        Memberships::open(pool).await.unwrap()
    }

    #[actix_web::test]
    async fn every_rule_admits_exactly_its_callers() {
        let keys = Keys::new();
        let memberships = memberships().await;
        let auth = settings(&[7; 32], &memberships).test_keys(&keys).build().unwrap();
        let undecided = assert_matrix(&keys, App::new().service(api(&auth, &memberships))).await;
        assert_eq!(undecided, [] as [&str; 0]);
    }

    #[actix_web::test]
    async fn membership_role_determines_access_per_organization() {
        let memberships = memberships().await;
        let auth = settings(&[7; 32], &memberships).build().unwrap();
        let app = init_service(App::new().service(api(&auth, &memberships))).await;
        let ask = async |method: Method, path: String, who: &str| {
            let request = TestRequest::default().method(method).uri(&format!("/orgs{path}")).to_request();
            call_service(&app, Caller::user(who).issuer(ISSUER).call(request)).await.status()
        };
        let person = |name: &str| Id::user(ISSUER, name).to_string().replace('/', "%2F");
        memberships.add("acme", &Id::user(ISSUER, "alice"), "owner").await.unwrap();
        memberships.add("other", &Id::user(ISSUER, "bob"), "owner").await.unwrap();
        let add = |role: &str| format!("/acme/members/{}/{role}", person("bob"));
        #[rustfmt::skip]
        let story = [
            ("alice reads",                 Method::GET,    "/acme/documents".to_owned(),   "alice", StatusCode::OK),
            ("bob is none of them",         Method::GET,    "/acme/documents".to_owned(),   "bob",   StatusCode::FORBIDDEN),
            ("bob, elsewhere",              Method::GET,    "/other/documents".to_owned(),  "bob",   StatusCode::OK),
            ("bob adds himself",            Method::PUT,    add("owner"),                   "bob",   StatusCode::FORBIDDEN),
            ("alice adds him as nothing",   Method::PUT,    add("onwer"),                   "alice", StatusCode::BAD_REQUEST),
            ("alice adds him",              Method::PUT,    add("member"),                  "alice", StatusCode::OK),
            ("bob reads, at once",          Method::GET,    "/acme/documents".to_owned(),   "bob",   StatusCode::OK),
            ("bob is suspended",            Method::PUT,    add("suspended"),               "alice", StatusCode::OK),
            ("and reads no more",           Method::GET,    "/acme/documents".to_owned(),   "bob",   StatusCode::FORBIDDEN),
            ("alice removes him",           Method::DELETE, format!("/acme/members/{}", person("bob")), "alice", StatusCode::OK),
            ("and he is none of them",      Method::GET,    "/acme/documents".to_owned(),   "bob",   StatusCode::FORBIDDEN),
        ];
        for (what, method, path, who, status) in story {
            assert_eq!(ask(method, path, who).await, status, "{what}");
        }
        // A header names the organization.
        memberships.add("other", &Id::user(ISSUER, "alice"), "member").await.unwrap();
        memberships.add("acme", &Id::user(ISSUER, "carol"), "member").await.unwrap();
        #[rustfmt::skip]
        let table = [
            ("alice, in one of two",    "alice", Some("acme"),  StatusCode::OK),
            ("alice names neither",     "alice", None,          StatusCode::BAD_REQUEST),
            ("carol has only one",      "carol", None,          StatusCode::OK),
            ("carol names another",     "carol", Some("other"), StatusCode::FORBIDDEN),
            ("a missing organization",  "carol", Some("none"),  StatusCode::FORBIDDEN),
            ("dave is in none",         "dave",  None,          StatusCode::BAD_REQUEST),
        ];
        for (case, who, org, status) in table {
            let mut request = TestRequest::with_uri("/orgs/templates");
            if let Some(org) = org {
                request = request.insert_header(("X-Org", org));
            }
            let answer = call_service(&app, Caller::user(who).issuer(ISSUER).call(request.to_request())).await;
            assert_eq!(answer.status(), status, "{case}");
        }
        // The database is unavailable.
        memberships.rights.invalidate_all();
        memberships.pool.close().await;
        for who in ["alice", "bob"] {
            assert_eq!(
                ask(Method::GET, "/acme/documents".to_owned(), who).await,
                StatusCode::SERVICE_UNAVAILABLE,
                "{who}"
            );
        }
    }
}
