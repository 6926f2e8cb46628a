use actix_web::{App, HttpResponse, Responder, web};
use auth_actix::{Auth, Principal, public, require_auth, require_role};

#[derive(auth_actix::Role)]
enum Role {
    Admin,
}

trait Store {
    fn count(&self) -> usize;
}

struct Postgres;

impl Store for Postgres {
    fn count(&self) -> usize {
        7
    }
}

#[require_role("admin")]
async fn count<S: Store + 'static>(store: web::Data<S>) -> String {
    store.count().to_string()
}

#[require_auth]
async fn sum<S, T>(user: Principal, left: web::Data<S>, right: web::Data<T>) -> impl Responder
where
    S: Store + 'static,
    T: Store + 'static,
{
    HttpResponse::Ok().body(format!("{:?} {}", user.id(), left.count() + right.count()))
}

#[public]
async fn unsized_store<S: Store + ?Sized + 'static>(store: web::Data<S>) -> String {
    store.count().to_string()
}

#[require_auth]
async fn no_argument_names_it<S: Store + Default + 'static>() -> String {
    S::default().count().to_string()
}

impl Default for Postgres {
    fn default() -> Self {
        Self
    }
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth
            .scope("/api")
            .route("/count", auth_actix::web::get().to(count::<Postgres>))
            .route("/sum", auth_actix::web::get().to(sum::<Postgres, Postgres>))
            .route("/unsized", auth_actix::web::get().to(unsized_store::<dyn Store>))
            .route("/default", auth_actix::web::get().to(no_argument_names_it::<Postgres>));
        App::new().service(scope);
        App::new().app_data(auth.clone()).route("/count", web::get().to(count::<Postgres>));
    };
}
