use actix_web::{App, get, post};
use auth_actix::{Auth, Principal, require, require_auth, require_network, require_role};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
    Editor,
}

macro_rules! by_role {
    ($name:ident, $path:literal, $role:literal) => {
        #[require_role($role)]
        #[get($path)]
        async fn $name(user: Principal) -> String {
            format!("{:?}", user.id())
        }
    };
}

macro_rules! by_two_roles {
    ($name:ident, $path:literal, $($role:literal),+) => {
        #[require_role(any($($role),+))]
        #[get($path)]
        async fn $name() -> &'static str {
            stringify!($name)
        }
    };
}

macro_rules! by_path {
    ($name:ident, $role:path) => {
        #[require_role($role)]
        #[get("/by-path")]
        async fn $name() -> &'static str {
            stringify!($name)
        }
    };
}

macro_rules! by_rule {
    ($name:ident, $($rule:tt)+) => {
        #[require($($rule)+)]
        #[get("/by-rule")]
        async fn $name() -> &'static str {
            stringify!($name)
        }
    };
}

macro_rules! inside {
    ($(#[$more:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),*) -> $output:ty $body:block) => {
        #[require_auth]
        #[require_network("10.0.0.0/8")]
        $(#[$more])*
        $visibility async fn $name($($argument: $type),*) -> $output $body
    };
}

by_role!(admins, "/admins", "admin");
by_role!(editors, "/editors", "editor");
by_two_roles!(staff, "/staff", "admin", "editor");
by_path!(chiefs, Role::Admin);
by_rule!(ruled, role("admin") || (role("editor") && claim("org", "acme")));
inside! {
    /// A handler whose body is a macro fragment.
    #[post("/inside")]
    pub fn within(body: String, user: Principal) -> String {
        format!("{body} {:?}", user.id())
    }
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth
            .scope("/api")
            .service(admins)
            .service(editors)
            .service(staff)
            .service(chiefs)
            .service(ruled)
            .service(within);
        App::new().service(scope);
    };
}
