use actix_web::{App, get};
use auth_actix::{Auth, require_role};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
    Editor,
    Viewer,
}

#[require_role("admin")]
#[get("/by-name")]
async fn by_name() -> &'static str {
    "by_name"
}

#[require_role(Role::Admin)]
#[get("/by-path")]
async fn by_path() -> &'static str {
    "by_path"
}

#[require_role(self::Role::Admin)]
#[get("/by-a-path-from-here")]
async fn by_a_path_from_here() -> &'static str {
    "by_a_path_from_here"
}

#[require_role(crate::Role::Admin)]
#[get("/by-a-path-from-the-root")]
async fn by_a_path_from_the_root() -> &'static str {
    "by_a_path_from_the_root"
}

#[require_role(any("admin", "editor"))]
#[get("/by-either")]
async fn by_either() -> &'static str {
    "by_either"
}

#[require_role(all("admin", "editor", "viewer"))]
#[get("/by-each")]
async fn by_each() -> &'static str {
    "by_each"
}

#[require_role(any("admin", Role::Editor))]
#[get("/by-name-or-path")]
async fn by_name_or_path() -> &'static str {
    "by_name_or_path"
}

#[require_role(r"admin")]
#[get("/by-a-raw-string")]
async fn by_a_raw_string() -> &'static str {
    "by_a_raw_string"
}

#[require_role(r#"admin"#)]
#[get("/by-a-rawer-string")]
async fn by_a_rawer_string() -> &'static str {
    "by_a_rawer_string"
}

#[require_role("adm\u{69}n")]
#[get("/by-an-escape")]
async fn by_an_escape() -> &'static str {
    "by_an_escape"
}

#[require_role("admin", not_found)]
#[get("/hidden")]
async fn hidden() -> &'static str {
    "hidden"
}

#[require_role(any("admin", "editor"), not_found)]
#[get("/hidden-from-others")]
async fn hidden_from_others() -> &'static str {
    "hidden_from_others"
}

fn main() {
    let _ = |auth: &Auth| {
        let api = auth
            .scope("/api")
            .service(by_name)
            .service(by_path)
            .service(by_a_path_from_here)
            .service(by_a_path_from_the_root)
            .service(by_either)
            .service(by_each)
            .service(by_name_or_path)
            .service(by_a_raw_string)
            .service(by_a_rawer_string)
            .service(by_an_escape)
            .service(hidden)
            .service(hidden_from_others);
        App::new().service(api);
    };
}
