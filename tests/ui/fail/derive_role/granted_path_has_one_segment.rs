#[derive(auth_actix::Role)]
enum Role {
    #[role(grants(PostsWrite))]
    Admin,
}

fn main() {}
