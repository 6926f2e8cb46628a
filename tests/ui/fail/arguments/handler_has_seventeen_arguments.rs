use actix_web::HttpRequest;

#[auth_actix::require_auth]
async fn report(
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
    _: HttpRequest,
) {
}

fn main() {}
