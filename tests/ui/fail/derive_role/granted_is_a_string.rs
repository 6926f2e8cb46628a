#[derive(auth_actix::Role)]
enum Role {
    #[role(grants("posts:write"))]
    Admin,
}

fn main() {}
