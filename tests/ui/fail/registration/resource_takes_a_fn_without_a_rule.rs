use auth_actix::{Auth, web};

async fn report() -> &'static str { "" }

fn main() {
    let _ = |auth: &Auth| auth.scope("/api").service(web::resource("/report").get(report));
}
