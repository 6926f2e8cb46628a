#[derive(auth_actix::Role)]
enum Role {
    #[role(grants(Role::Editor))]
    Admin,
    Editor,
}

fn main() {}
