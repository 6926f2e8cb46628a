use actix_web::{App, web};
use auth_actix::{Auth, require_auth};

#[require_auth]
async fn report(body: String) -> String {
    body
}

fn main() {
    let _ = |auth: &Auth| {
        let scope = auth
            .scope("/api")
            .route("/report", auth_actix::web::get().to(report))
            .route("/report", auth_actix::web::post().to(report))
            .route("/report", auth_actix::web::put().to(report))
            .route("/report", auth_actix::web::patch().to(report))
            .route("/report", auth_actix::web::delete().to(report));
        App::new().service(scope);
        App::new().app_data(auth.clone()).route("/report", web::get().to(report));
        App::new().app_data(auth.clone()).service(web::resource("/report").route(web::post().to(report)));
    };
}
