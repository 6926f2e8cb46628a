fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").require(auth_actix::rule!(role("admin") editor));
}

fn main() {}
