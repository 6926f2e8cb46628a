use actix_web::{App, get};
use auth_actix::{Auth, require_permission};

#[derive(auth_actix::Permission)]
enum Permission {
    PostsRead,
    #[permission("posts:write")]
    PostsWrite,
}

#[require_permission("posts:write")]
#[get("/by-name")]
async fn by_name() -> &'static str {
    "by_name"
}

#[require_permission(Permission::PostsRead)]
#[get("/by-path")]
async fn by_path() -> &'static str {
    "by_path"
}

#[require_permission(any("posts-read", "posts:write"))]
#[get("/by-either")]
async fn by_either() -> &'static str {
    "by_either"
}

#[require_permission(all("posts-read", "posts:write"))]
#[get("/by-each")]
async fn by_each() -> &'static str {
    "by_each"
}

#[require_permission("posts:write", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

fn main() {
    let _ = |auth: &Auth| {
        let api =
            auth.scope("/api").service(by_name).service(by_path).service(by_either).service(by_each).service(hidden);
        App::new().service(api);
    };
}
