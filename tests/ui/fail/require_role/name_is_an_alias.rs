#[derive(auth_actix::Role)]
enum Role {
    #[role(alias("root"))]
    Admin,
    Editor,
}

#[auth_actix::require_role("root")]
async fn report() {}

fn main() {}
