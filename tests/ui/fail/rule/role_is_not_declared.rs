#[derive(auth_actix::Role)]
enum Role { Admin, Editor, Viewer }

fn register(auth: &auth_actix::Auth) {
    let _ = auth.scope("/api").require(auth_actix::rule!(role("admn")));
}

fn main() {}
