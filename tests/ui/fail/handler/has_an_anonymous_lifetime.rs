#[auth_actix::require_auth]
async fn report(_name: std::borrow::Cow<'_, str>) {}

fn main() {}
