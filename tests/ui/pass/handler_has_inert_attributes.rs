use actix_web::{App, get};
use auth_actix::{Auth, require_auth};

/// Returns the daily report.
#[allow(clippy::unused_async)]
#[require_auth]
#[doc(alias = "daily")]
#[get("/report")]
#[inline]
/// A second doc comment.
#[must_use]
#[rustfmt::skip]
async fn report() -> &'static str {
    "daily"
}

/** A plain function. */
#[require_auth]
#[inline(always)]
#[cfg(all())]
#[rustfmt::skip]
#[clippy::cognitive_complexity = "9"]
#[expect(unused_variables)]
async fn plain() -> &'static str {
    let left_over = 1;
    "plain"
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/api").service(report).route("/plain", auth_actix::web::get().to(plain)));
    };
}
