use actix_web::{App, get, web};
use auth_actix::{Auth, require_role};

mod r#mod {
    #[derive(auth_actix::Role)]
    pub enum Role {
        Admin,
        r#Type,
    }
}
use r#mod::Role;

#[require_role("type")]
#[get("/type/{fn}")]
async fn r#type(r#fn: web::Path<u64>) -> String {
    r#fn.to_string()
}

#[require_role(r#mod::Role::r#Type)]
#[get("/match")]
async fn r#match(r#struct: String, r#async: actix_web::HttpRequest) -> String {
    format!("{} {}", r#struct, r#async.path())
}

#[require_role(r#Role::Admin)]
async fn r#loop(r#in: String) -> String {
    r#in
}

fn main() {
    let _ = |auth: &Auth| {
        App::new()
            .service(auth.scope("/api").service(r#type).service(r#match).route("/loop", auth_actix::web::post().to(r#loop)));
    };
}
