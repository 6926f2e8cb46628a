#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Editor))]
    Admin,
    Editor,
}

#[auth_actix::require(role("admin") && !role("editor"))]
async fn report() {}

fn main() {}
