use ::actix_web::{App, get};
use ::auth_actix::{Auth, Principal as Caller, require_role};

mod auth_actix {}
mod auth_core {}
mod core {}
mod std {}

struct Option;
struct Some;
struct Result;
struct Box;
struct Vec;
struct Principal;
struct Guarded;
struct Granted;
trait Rule {}
trait Proven {}
trait FromRequest {}
trait Sized {}
const fn drop() {}
const FALLBACK: Option = Option;
static RULE: Some = Some;

#[derive(::auth_actix::Role)]
enum Role {
    Admin,
    Ok,
    None,
}

#[require_role("admin")]
#[get("/report")]
async fn report(user: Caller) -> String {
    format!("{:?}", user.id())
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report));
    };
}
