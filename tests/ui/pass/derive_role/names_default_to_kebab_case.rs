use actix_web::{App, get};
use auth_actix::{Auth, require_role};

mod plain {
    #[derive(auth_actix::Role)]
    pub enum Role {
        ContentEditor,
        Viewer2,
    }
}

mod renamed {
    #[derive(auth_actix::Role)]
    #[role(rename_all = "SCREAMING_SNAKE_CASE")]
    pub enum Role {
        ContentEditor,
        #[role("as it stands")]
        Viewer,
    }
}

mod single {
    #[derive(auth_actix::Role)]
    pub(crate) enum Role {
        Only,
    }
}

mod kebab {
    use super::{get, plain::Role, require_role};

    #[require_role("content-editor")]
    #[get("/kebab")]
    pub async fn handler() -> &'static str {
        "kebab"
    }
}

mod screaming {
    use super::{get, renamed::Role, require_role};

    #[require_role(any("CONTENT_EDITOR", "as it stands"))]
    #[get("/screaming")]
    pub async fn handler() -> &'static str {
        "screaming"
    }
}

#[require_role(single::Role::Only)]
#[get("/only")]
async fn only() -> &'static str {
    "only"
}

#[require_role(plain::Role::Viewer2)]
#[get("/viewer")]
async fn viewer() -> &'static str {
    "viewer"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/one").service(kebab::handler).service(viewer));
        App::new().service(auth.scope("/two").service(screaming::handler).service(only));
    };
}
