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
#[allow(non_snake_case)]
mod __home_fallback_0 {
    #[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
    pub(super) struct home {}
}
#[allow(unused_imports)]
use __home_fallback_0::*;
#[allow(non_local_definitions)]
impl ::auth_actix::__private::Proven for home {
    const RULE: &'static ::auth_actix::__private::Rule = <__home_guard as ::auth_actix::__private::Guard<
        _,
    >>::RULE;
    const ROUTES: &'static [::auth_actix::__private::Pattern] = &[
        ::auth_actix::__private::Pattern {
            methods: &["GET"],
            path: "/",
            guards: 0usize,
            wraps: 0usize,
        },
    ];
}
#[get("/")]
#[deny_network("10.0.0.0/8")]
#[::auth_actix::__private::finish(public{})]
async fn home() -> &'static str {
    "home"
}
