#[auth_actix::require_auth]
async fn report(user: auth_actix::Principal) -> String {
    user.subject().to_string()
}

fn main() {}
