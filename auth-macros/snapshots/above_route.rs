#[doc(hidden)]
struct __home_guard(::core::marker::PhantomData<fn() -> ()>);
#[doc(hidden)]
mod __home_fallback_0 {
    pub(super) struct home {}
}
use __home_fallback_0::*;
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
