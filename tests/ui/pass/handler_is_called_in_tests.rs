use actix_web::{App, get, web};
use auth_actix::{Auth, require_auth};

#[require_auth]
#[get("/report/{id}")]
async fn report(id: web::Path<u64>) -> String {
    id.to_string()
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report));
    };
}

#[cfg(test)]
mod tests {
    use super::report;
    use actix_web::web;

    #[actix_web::test]
    async fn the_handler_as_written_is_callable() {
        let answer: String = report::call(web::Path::from(7)).await;
        assert_eq!(answer, "7");
    }
}
