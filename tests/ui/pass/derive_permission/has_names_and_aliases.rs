use actix_web::{App, get};
use auth_actix::{Auth, require_permission};

#[derive(Debug, auth_actix::Permission)]
#[permission(rename_all = "snake_case")]
enum Permission {
    PostsRead,
    #[permission("posts:write", alias("write-posts"))]
    PostsWrite,
}

#[require_permission("posts_read")]
#[get("/read")]
async fn read() -> &'static str {
    "read"
}

#[require_permission("posts:write")]
#[get("/write")]
async fn write() -> &'static str {
    "write"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(read).service(write));
    };
}
