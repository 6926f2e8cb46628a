use actix_web::{App, HttpRequest, get, web};
use auth_actix::{Auth, Principal, require_auth};

#[require_auth]
#[get("/report/{id}")]
async fn report(
    #[cfg(all())] user: Principal,
    #[cfg(any())] nowhere: not_even::a::Type,
    #[cfg(all())]
    #[allow(unused_variables)]
    id: web::Path<u64>,
    #[cfg(any())]
    #[cfg(all())]
    neither: u8,
    request: HttpRequest,
) -> String {
    format!("{:?} {}", user.id(), request.path())
}

#[require_auth]
async fn plain(#[cfg(any())] never: u8, #[cfg_attr(all(), allow(unused_variables))] body: String) -> &'static str {
    "plain"
}

#[require_auth]
#[get("/none")]
async fn none(#[cfg(any())] never: u8) -> &'static str {
    "none"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new()
            .service(auth.scope("/api").service(report).service(none).route("/plain", auth_actix::web::post().to(plain)));
    };
}
