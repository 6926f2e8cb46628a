#[auth_actix::require_auth(any_token = " ")]
#[actix_web::get("/token")]
async fn token(caller: auth_actix::Principal) -> String {
    caller.id().to_string()
}

fn main() {}
