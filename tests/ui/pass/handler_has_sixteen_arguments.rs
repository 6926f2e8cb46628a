use actix_web::{App, HttpRequest, post, web};
use auth_actix::{Auth, Principal, require_auth};

#[require_auth]
#[post("/report")]
async fn report(
    user: Principal,
    _: HttpRequest,
    a01: web::Data<u8>,
    a02: web::Data<u8>,
    a03: web::Data<u8>,
    a04: web::Data<u8>,
    a05: web::Data<u8>,
    a06: web::Data<u8>,
    a07: web::Data<u8>,
    a08: web::Data<u8>,
    a09: web::Data<u8>,
    a10: web::Data<u8>,
    a11: web::Data<u8>,
    a12: web::Data<u8>,
    a13: web::Data<u8>,
    a14: web::Data<u8>,
) -> String {
    let all = [a01, a02, a03, a04, a05, a06, a07, a08, a09, a10, a11, a12, a13, a14];
    format!("{:?} {all:?}", user.id())
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report));
    };
}
