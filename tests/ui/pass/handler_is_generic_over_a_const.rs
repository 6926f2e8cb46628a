use actix_web::{App, web};
use auth_actix::{Auth, require_auth};

#[require_auth]
async fn page<const SIZE: usize>(number: web::Path<usize>) -> String {
    (number.into_inner() * SIZE).to_string()
}

#[require_auth]
async fn filled<T: Clone + ToString + 'static, const LENGTH: usize>(value: web::Data<T>) -> String {
    let all: [T; LENGTH] = std::array::from_fn(|_| T::clone(&value));
    all.map(|one| one.to_string()).concat()
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth
            .scope("/api")
            .route("/page/{number}", auth_actix::web::get().to(page::<50>))
            .route("/pages/{number}", auth_actix::web::get().to(page::<{ 2 * 50 }>))
            .route("/filled", auth_actix::web::get().to(filled::<u8, 3>));
        App::new().service(scope);
    };
}
