#[derive(auth_actix::Permission)]
enum Permission { PostsWrite }

#[derive(auth_actix::Role)]
enum Role {
    #[role(grants(<Permission as Named>::PostsWrite))]
    Admin,
}

fn main() {}
