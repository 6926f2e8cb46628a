#[auth_actix::require_auth]
async fn report<'a>(_name: std::borrow::Cow<'a, str>) {}

fn main() {}
