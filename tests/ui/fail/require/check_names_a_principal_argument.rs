use auth_actix::Principal;
use actix_web::web::Path;

fn main() {}

#[auth_actix::require(check(me.local_subject() == *owner))]
async fn report(me: Principal, owner: Path<String>) -> &'static str {
    drop((me, owner));
    ""
}
