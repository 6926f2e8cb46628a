#[auth_actix::require_auth]
#[actix_web::get("/orders/{id}")]
async fn order(id: actix_web::web::Path<u64>) -> String {
    id.to_string()
}

#[auth_actix::require_auth(any_object = "the catalogue is for all")]
#[actix_web::get("/products/{id}")]
async fn product(id: actix_web::web::Path<u64>) -> String {
    id.to_string()
}

fn register(auth: &auth_actix::Auth) {
    let _ = auth.strict_scope("/shop").service(product).service(order);
}

fn main() {
    register(&auth_actix::Auth::builder().build().unwrap());
}
