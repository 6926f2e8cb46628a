::core::compile_error! {
    "two roles need `any(…)` or `all(…)`\nhelp: write `any(\"admin\", \"editor\")` for either, `all(…)` for both"
}
#[doc(hidden)]
struct __report_guard(::core::marker::PhantomData<fn() -> ()>);
#[cfg(test)]
#[doc(hidden)]
mod __report_fallback_0 {
    pub(super) struct report {}
}
#[cfg(test)]
use __report_fallback_0::*;
#[cfg(test)]
type __report_tested = __report_fallback_0::report;
async fn report(
    ::auth_actix::__private::Guarded {
        arguments: (id,),
        ..
    }: ::auth_actix::__private::Guarded<__report_guard, (web::Path<u64>,)>,
) -> String {
    id.to_string()
}
impl ::auth_actix::__private::Guard<(web::Path<u64>,)> for __report_guard {
    const RULE: &'static ::auth_actix::__private::Rule = &::auth_actix::__private::REFUSING;
}
#[cfg(test)]
impl __report_tested {
    #[doc(hidden)]
    pub async fn call(id: web::Path<u64>) -> String {
        id.to_string()
    }
}
