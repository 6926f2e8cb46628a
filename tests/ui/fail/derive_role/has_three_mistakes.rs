#[derive(auth_actix::Role)]
enum Role {
    #[role("")]
    Admin,
    #[role(implies(Admn))]
    Editor,
    #[role(grant(Permission::PostsWrite))]
    Viewer,
}

fn main() {}
