#![deny(warnings)]

use actix_web::web::{Data, Path, Query};
use actix_web::{FromRequest, HttpResponse, Responder, ResponseError, get};
use auth_actix::{Id, Principal, require, require_auth};

#[derive(serde::Deserialize)]
struct Page {
    from: u64,
    to: u64,
}

#[derive(Debug)]
enum Failure {
    Store(std::num::ParseIntError),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Store(cause) = self;
        cause.fmt(f)
    }
}

impl ResponseError for Failure {}

impl From<std::num::ParseIntError> for Failure {
    fn from(cause: std::num::ParseIntError) -> Self {
        Self::Store(cause)
    }
}

type AppResult<T> = Result<T, Failure>;

async fn owner(id: &str) -> Result<u64, std::num::ParseIntError> {
    id.parse()
}

async fn is_owner(id: &str) -> Result<bool, std::num::ParseIntError> {
    Ok(owner(id).await? == 1)
}

struct Posts;

impl Posts {
    async fn is_by(&self, _: u64, _: &Id) -> bool {
        true
    }
}

// The error type of the handler, in each notation of the return type.
#[require_auth]
#[require(check(owner(&id).await? as u8 == 1 || 0 == 1))]
async fn plain(id: Path<String>) -> Result<String, Failure> {
    Ok(id.into_inner())
}

#[require(check(is_owner(principal.local_subject().as_ref()).await))]
async fn aliased() -> AppResult<impl Responder> {
    Ok("")
}

#[require(check(is_owner(&principal.local_subject()).await?))]
fn future(id: Path<u64>) -> impl Future<Output = Result<String, Failure>> {
    std::future::ready(Ok(id.to_string()))
}

#[require(check(u64::from_str_radix(&principal.local_subject(), 10).map(|id| id == 1)))]
fn boxed(id: Path<u64>) -> std::pin::Pin<Box<dyn Future<Output = Result<String, Failure>>>> {
    Box::pin(std::future::ready(Ok(id.to_string())))
}

#[require(check(posts.is_by(*id, &principal.id()).await) && !check(*id == 7))]
async fn other(posts: Data<Posts>, id: Path<u64>) -> HttpResponse {
    drop(posts);
    HttpResponse::Ok().body(id.to_string())
}

// A parameter that only a check uses counts as used. A check cannot use a parameter with the name `principal`.
#[require(check(from < to && (from..=to).any(|one| one == 3) && { let to = from; to > 0 } && !principal.id().to_string().is_empty()))]
#[get("/")]
async fn taken_apart(Query(Page { from, mut to }): Query<Page>, principal: Principal) -> String {
    to += 1;
    format!("{to} {}", principal.id())
}

#[require_auth]
#[require(check(body.len() as u64 == 1) || check(!matches!(body.as_str(), "a" | "b") && format!("{body}") != "c"))]
async fn only_in_the_check(body: String, #[cfg(test)] missing: Missing, #[cfg(not(test))] id: Path<u64>) -> String {
    id.to_string()
}

trait Store: 'static {
    fn holds(&self, id: u64) -> bool;
}

impl Store for Posts {
    fn holds(&self, _: u64) -> bool {
        true
    }
}

#[require(check(store.holds(*id + N) && principal.id().to_string() != ""))]
async fn generic<S: Store, const N: u64>(store: Data<S>, id: Path<u64>) -> String
where
    Data<S>: FromRequest,
{
    let _ = store;
    id.to_string()
}

macro_rules! handlers {
    ($($name:ident $check:expr;)*) => {$(
        #[require(check($check) && check(!principal.id().to_string().is_empty()))]
        #[get("/made")]
        async fn $name(id: Path<u64>) -> String {
            id.to_string()
        }
    )*};
}

handlers! {
    made 1 + 1 == 2 || false;
    made_too true;
}

fn main() {
    let auth = auth_actix::Auth::builder();
    let auth = auth.bearer(auth_actix::Jwt::hs256([7; 32]).issuer("https://id.example").audience("a")).build().unwrap();
    let _ = auth
        .scope("/")
        .service(taken_apart)
        .service(made)
        .service(made_too)
        .route("/plain", auth_actix::web::get().to(plain))
        .route("/aliased", auth_actix::web::get().to(aliased))
        .route("/future", auth_actix::web::get().to(future))
        .route("/boxed", auth_actix::web::get().to(boxed))
        .route("/other", auth_actix::web::get().to(other))
        .route("/only", auth_actix::web::get().to(only_in_the_check))
        .route("/generic", auth_actix::web::get().to(generic::<Posts, 3>));
}
