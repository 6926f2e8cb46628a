#[derive(auth_actix::Permission)]
enum Permission { PostsWrite }

#[derive(auth_actix::Role)]
enum Role {
    #[role(grants(#[cfg(any())] Permission::PostsWrite))]
    Admin,
}

fn main() {}
