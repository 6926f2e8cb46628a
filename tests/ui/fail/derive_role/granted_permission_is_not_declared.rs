#[derive(auth_actix::Permission)]
enum Permission {
    #[permission("posts:write")]
    PostsWrite,
}

#[derive(auth_actix::Role)]
enum Role {
    #[role(grants(Permission::PostsWrit))]
    Admin,
}

fn main() {}
