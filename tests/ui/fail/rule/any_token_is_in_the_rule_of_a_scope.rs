fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").require(auth_actix::rule!(authenticated, any_token = "each token may read"));
}

fn main() {}
