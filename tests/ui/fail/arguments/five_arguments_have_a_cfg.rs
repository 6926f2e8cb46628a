#[auth_actix::require_auth]
async fn report(
    #[cfg(any())] _: String,
    #[cfg(any())] _: String,
    #[cfg(any())] _: String,
    #[cfg(any())] _: String,
    #[cfg(any())] fifth: String,
) {
}

fn main() {}
