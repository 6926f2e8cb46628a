::core::compile_error! {
    "two roles, and no word on how they combine\nhelp: write `any(\"admin\", \"editor\")` for either, `all(…)` for both"
}
#[doc(hidden)]
#[allow(
    non_camel_case_types,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code
)]
struct __report_guard(::core::marker::PhantomData<fn() -> ()>);
#[cfg(test)]
#[doc(hidden)]
#[allow(non_snake_case)]
mod __report_fallback_0 {
    #[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
    pub(super) struct report {}
}
#[cfg(test)]
#[allow(unused_imports)]
use __report_fallback_0::*;
async fn report(
    ::auth_actix::__private::Guarded {
        arguments: (id,),
        ..
    }: ::auth_actix::__private::Guarded<__report_guard, (web::Path<u64>,)>,
) -> String {
    id.to_string()
}
#[allow(non_local_definitions)]
impl ::auth_actix::__private::Guard<(web::Path<u64>,)> for __report_guard {
    const RULE: &'static ::auth_actix::__private::Rule = &::auth_actix::__private::REFUSING;
}
#[cfg(test)]
#[allow(
    dead_code,
    unreachable_pub,
    non_local_definitions,
    private_interfaces,
    private_bounds
)]
impl __report_fallback_0::report {
    #[doc(hidden)]
    pub async fn call(id: web::Path<u64>) -> String {
        id.to_string()
    }
}
