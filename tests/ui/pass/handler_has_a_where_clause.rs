use actix_web::{App, get, web};
use auth_actix::{Auth, require_auth};

#[require_auth]
#[get("/report")]
async fn report() -> String
where
    String: Clone,
{
    String::new()
}

#[require_auth]
async fn size<T>(value: web::Data<T>) -> String
where
    T: AsRef<[u8]> + 'static,
    for<'a> &'a T: IntoIterator,
{
    format!("{} {}", value.as_ref().as_ref().len(), (**value).into_iter().count())
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth.scope("/api").service(report).route("/size", auth_actix::web::get().to(size::<Vec<u8>>));
        App::new().service(scope);
    };
}
