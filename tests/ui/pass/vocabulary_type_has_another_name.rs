use actix_web::{App, get};
use auth_actix::{Auth, require, require_role, require_scope};

mod staff {
    #[derive(auth_actix::Role)]
    pub enum Staff {
        Admin,
        Editor,
    }

    #[derive(auth_actix::TokenScope)]
    pub enum Reports {
        #[token_scope("read:reports")]
        Read,
    }
}
use staff::Staff as Role;
type TokenScope = staff::Reports;

#[require_role("admin")]
#[get("/role")]
async fn by_role() -> &'static str {
    "role"
}

#[require_scope("read:reports")]
#[get("/scope")]
async fn by_scope() -> &'static str {
    "scope"
}

#[require(role(staff::Staff::Admin) || role(crate::staff::Staff::Editor) || scope(self::staff::Reports::Read))]
#[get("/path")]
async fn by_path() -> &'static str {
    "path"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(by_role).service(by_scope).service(by_path));
    };
}
