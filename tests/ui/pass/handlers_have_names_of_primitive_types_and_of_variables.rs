//! The route attribute generates a struct with the handler's name, which must not collide with names in generated code.
use actix_web::{App, get, web};
use auth_actix::{Auth, Permission, Principal, Role, TokenScope, require, require_role};

#[derive(Role)]
#[role(proofs = "proof")]
enum Role {
    #[role(implies(U16), grants(Permission::Write))]
    Admin,
    U16,
    C,
    D,
    E,
    F,
    G,
    H,
    I,
}

#[derive(Permission)]
enum Permission {
    Write,
}

#[derive(TokenScope)]
enum TokenScope {
    Write,
}

macro_rules! handlers {
    ($($name:ident $path:literal;)*) => {
        $(
            #[require_role("admin")]
            #[get($path)]
            async fn $name() -> &'static ::core::primitive::str {
                $path
            }
        )*
        fn register(auth: &Auth) {
            let scope = auth.scope("/api")$(.service($name))*;
            drop(App::new().service(scope.service(checked).service(several)));
        }
    };
}

handlers! {
    u8 "/u8"; u16 "/u16"; u32 "/u32"; u64 "/u64"; u128 "/u128"; usize "/usize"; i32 "/i32"; bool "/bool"; str "/str";
    char "/char"; f64 "/f64"; text "/text"; formatter "/formatter"; serializer "/serializer"; deserializer "/deserializer";
    request "/request"; payload "/payload"; answer "/answer"; index "/index"; name "/name"; rule "/rule"; guard "/guard";
    arguments "/arguments"; first "/first"; rest "/rest"; admin "/admin"; core "/core"; std "/std"; drop_ "/drop"; f "/f";
}

#[require(role("admin") || check(*id == 1 && principal.is_client()))]
#[get("/checked/{id}")]
async fn checked(id: web::Path<::core::primitive::u64>, _caller: Principal) -> &'static ::core::primitive::str {
    "checked"
}

#[require(role(Role::U16) && (permission("write") || scope("write")))]
#[get("/several")]
async fn several() -> String {
    Role::Admin.to_string() + Role::U16.name()
}

fn main() {
    let _: fn(&Auth) = register;
}
