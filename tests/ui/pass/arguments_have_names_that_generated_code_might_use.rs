use actix_web::{App, HttpRequest, get, post, web};
use auth_actix::{Auth, Principal, require_auth, require_claim};

#[require_auth]
#[post("/one")]
async fn one(
    req: HttpRequest,
    principal: Principal,
    args: String,
    err: web::Data<u8>,
    rule: web::Data<u16>,
    self_: web::Data<u32>,
    auth: web::Data<u64>,
    payload: web::Data<i8>,
    result: web::Data<i16>,
) -> String {
    format!("{} {:?} {:?}", req.path(), principal.id(), (args, err, rule, self_, auth, payload, result))
}

#[require_auth(max_age = "1h")]
#[require_claim("org", "acme")]
#[get("/two")]
async fn two(
    guarded: HttpRequest,
    first: web::Data<u8>,
    rest: web::Data<u16>,
    check: web::Data<u32>,
    decision: web::Data<u64>,
    facts: web::Data<i8>,
    future: web::Data<i16>,
    f: web::Data<i32>,
    this: web::Data<i64>,
) -> String {
    format!("{} {:?}", guarded.path(), (first, rest, check, decision, facts, future, f, this))
}

#[require_auth]
#[get("/three")]
async fn call(call: HttpRequest, __call_rule: web::Data<u8>, __rule: web::Data<u16>, _rule: String) -> String {
    format!("{} {_rule} {:?}", call.path(), (__call_rule, __rule))
}

#[require_auth]
async fn principal(principal: Principal) -> String {
    format!("{:?}", principal.id())
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth.scope("/api").service(one).service(two).service(call);
        App::new().service(scope.route("/four", auth_actix::web::get().to(principal)));
    };
}
