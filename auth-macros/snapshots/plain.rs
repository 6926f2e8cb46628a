#[doc(hidden)]
pub struct __report_guard(::core::marker::PhantomData<fn() -> ()>);
#[cfg(test)]
#[doc(hidden)]
mod __report_fallback_0 {
    pub(super) struct report {}
}
#[cfg(test)]
use __report_fallback_0::*;
#[cfg(test)]
type __report_tested = __report_fallback_0::report;
impl __report_guard {
    const FORMULA: ::auth_actix::__private::Formula = ::auth_actix::__private::Formula::Any(
        &[
            ::auth_actix::__private::Formula::Literal(::auth_actix::__private::Literal {
                atom: ::auth_actix::__private::Atom::Named(
                    ::auth_actix::__private::atom::Named(
                        ::auth_actix::__private::roles::<Role>().name("admin"),
                    ),
                ),
                negated: false,
                text: "role(\"admin\")",
            }),
            ::auth_actix::__private::Formula::Literal(::auth_actix::__private::Literal {
                atom: ::auth_actix::__private::Atom::Named(
                    ::auth_actix::__private::atom::Named(
                        ::auth_actix::__private::roles::<Role>().variant("Editor"),
                    ),
                ),
                negated: false,
                text: "role(Role::Editor)",
            }),
        ],
    );
}
/// Shows one.
pub async fn report(
    ::auth_actix::__private::Guarded {
        arguments: (user, web::Query(Page { number, mut size })),
        ..
    }: ::auth_actix::__private::Guarded<__report_guard, (Principal, web::Query<Page>)>,
) -> impl Responder {
    size += number;
    size.to_string()
}
const _: () = {
    use ::auth_actix::__private::NeedsNothing as _;
    const __FORMULA: &::auth_actix::__private::Formula = &__report_guard::FORMULA;
    ::auth_actix::__private::check_argument(
        <::auth_actix::__private::Probe<Principal>>::NEEDS,
        false,
        false,
        __FORMULA,
    );
    ::auth_actix::__private::check_argument(
        <::auth_actix::__private::Probe<web::Query<Page>>>::NEEDS,
        false,
        false || <::auth_actix::__private::Probe<Principal>>::NEEDS.is_principal(),
        __FORMULA,
    );
};
impl ::auth_actix::__private::Guard<(Principal, web::Query<Page>)> for __report_guard {
    const RULE: &'static ::auth_actix::__private::Rule = {
        const __ARGUMENTS: &[::auth_actix::__private::ArgRequirement] = {
            use ::auth_actix::__private::NeedsNothing as _;
            &[
                <::auth_actix::__private::Probe<Principal>>::NEEDS,
                <::auth_actix::__private::Probe<web::Query<Page>>>::NEEDS,
            ]
        };
        &::auth_actix::__private::Rule {
            terms: ::auth_actix::__private::CompiledFormula::of(
                ::auth_actix::__private::with_conjuncts(
                    &::auth_actix::__private::conjuncts::<
                        { ::auth_actix::__private::count_conjuncts(__ARGUMENTS) },
                    >(
                        Self::FORMULA,
                        __ARGUMENTS,
                        ::auth_actix::__private::RuleProperties {
                            checks: 0u8,
                            admits_anonymous: false,
                            any_token: false,
                        },
                    ),
                ),
            ),
            text: "role(\"admin\") || role(Role::Editor)",
            target: ::auth_actix::__private::RuleTarget::Handler(
                ::core::concat!(::core::module_path!(), "::", "report"),
            ),
            file: ::core::file!(),
            line: ::core::line!(),
            reads: ::auth_actix::__private::CallerAccess::Nothing,
            not_found: false,
            arguments: __ARGUMENTS,
            checks_object: false,
            any_object: ::core::option::Option::None,
            any_token: ::core::option::Option::None,
        }
    };
}
#[cfg(test)]
impl __report_tested {
    #[doc(hidden)]
    pub async fn call(
        user: Principal,
        web::Query(Page { number, mut size }): web::Query<Page>,
    ) -> impl Responder {
        size += number;
        size.to_string()
    }
}
const _: () = {
    ::auth_actix::__private::check_name(
        ::auth_actix::__private::roles::<Role>(),
        "admin",
    );
};
const _: () = {
    let _ = Role::Editor;
};
const _: () = {
    let __formula: &::auth_actix::__private::Formula = &__report_guard::FORMULA;
    let __parts: &[::auth_actix::__private::Part] = &[
        ::auth_actix::__private::Part {
            ways: &[&[0u16]],
            text: "role(\"admin\")",
        },
        ::auth_actix::__private::Part {
            ways: &[&[1u16]],
            text: "role(Role::Editor)",
        },
    ];
    ::auth_actix::__private::check_any(__formula, __parts, 0usize);
    ::auth_actix::__private::check_any(__formula, __parts, 1usize);
};
