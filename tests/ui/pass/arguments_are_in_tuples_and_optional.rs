//! Arguments in tuples, and arguments that are optional by an extractor of actix, are checked like separate arguments.
use actix_web::{App, Either, HttpRequest, get, web};
use auth_actix::{Auth, Claims, Granted, Principal, Role, public, require, require_auth, require_role};

#[derive(Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

#[require_role("admin")]
#[get("/a")]
async fn all((admin, user): (Granted<proof::Admin>, Principal), editor: Option<Granted<proof::Editor>>) -> String {
    format!("{admin:?} {:?} {editor:?}", user.id())
}

#[public]
#[get("/b")]
async fn anyone(
    caller: Either<Principal, ()>,
    other: Result<Principal, actix_web::Error>,
    (claims, request): (Option<Claims<serde_json::Value>>, HttpRequest),
    both: Option<(Principal, String)>,
) -> String {
    let is_known = matches!(caller, Either::Left(_)) && other.is_ok() && claims.is_some() && both.is_some();
    format!("{is_known} {}", request.path())
}

#[require_auth]
async fn generic<T: serde::de::DeserializeOwned + 'static>((user, _): (Principal, Option<web::Query<T>>)) -> String {
    user.id().to_string()
}

#[require(role("admin") || check(*id == 1))]
async fn checked((id, _all): (web::Path<u64>, HttpRequest)) -> String {
    id.to_string()
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth.scope("/").service(all).service(anyone).route("/c", auth_actix::web::get().to(generic::<u8>));
        App::new().service(scope.route("/d/{id}", auth_actix::web::get().to(checked)));
    };
}
