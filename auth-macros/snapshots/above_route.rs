#[doc(hidden)]
#[allow(
    non_camel_case_types,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code
)]
struct __home_guard(::core::marker::PhantomData<fn() -> ()>);
#[doc(hidden)]
mod __home_fallback {
    #[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
    pub(super) struct home {}
}
#[allow(unused_imports)]
use __home_fallback::*;
#[allow(non_local_definitions)]
#[diagnostic::do_not_recommend]
impl ::auth_actix::__private::Proven for home {
    type Guard = __home_guard;
}
#[get("/")]
#[deny_network("10.0.0.0/8")]
#[::auth_actix::__private::finish(public{})]
async fn home() -> &'static str {
    "home"
}
