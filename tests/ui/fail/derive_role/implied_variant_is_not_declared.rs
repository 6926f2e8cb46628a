#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Editr))]
    Admin,
    Editor,
}

fn main() {}
