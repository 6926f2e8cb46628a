#[doc(hidden)]
struct __list_guard<S: Store, const N: usize>(
    ::core::marker::PhantomData<fn() -> (::core::marker::PhantomData<S>,)>,
)
where
    S: 'static;
#[cfg(test)]
#[doc(hidden)]
mod __list_fallback_0 {
    pub(super) struct list {}
}
#[cfg(test)]
use __list_fallback_0::*;
#[cfg(test)]
type __list_tested = __list_fallback_0::list;
#[cfg(paged)]
async fn list<S: Store, const N: usize>(
    authz::__private::Guarded {
        arguments: (page, store),
        ..
    }: authz::__private::Guarded<__list_guard<S, N>, (Page, web::Data<S>)>,
) -> String
where
    S: 'static,
{
    store.list(N)
}
#[cfg(paged)]
const _: () = {
    use authz::__private::NeedsNothing as _;
    const __FORMULA: &authz::__private::Formula = &authz::__private::Formula::Literal(authz::__private::Literal {
        atom: authz::__private::Atom::MaxAge(authz::__private::atom::MaxAge {
            seconds: 300u64,
        }),
        negated: false,
        text: "max_age(\"5m\")",
    });
    authz::__private::check_argument(
        <authz::__private::Probe<Page>>::NEEDS,
        false,
        false,
        __FORMULA,
    );
};
#[cfg(paged)]
impl<S: Store, const N: usize> authz::__private::Guard<(Page, web::Data<S>)>
for __list_guard<S, N>
where
    S: 'static,
{
    const RULE: &'static authz::__private::Rule = {
        const __ARGUMENTS: &[authz::__private::ArgRequirement] = {
            use authz::__private::NeedsNothing as _;
            &[<authz::__private::Probe<Page>>::NEEDS]
        };
        &authz::__private::Rule {
            terms: authz::__private::CompiledFormula::of(
                authz::__private::with_conjuncts(
                    &authz::__private::conjuncts::<
                        { authz::__private::count_conjuncts(__ARGUMENTS) },
                    >(
                        authz::__private::Formula::Literal(authz::__private::Literal {
                            atom: authz::__private::Atom::MaxAge(authz::__private::atom::MaxAge {
                                seconds: 300u64,
                            }),
                            negated: false,
                            text: "max_age(\"5m\")",
                        }),
                        __ARGUMENTS,
                        authz::__private::RuleProperties {
                            checks: 0u8,
                            admits_anonymous: false,
                            any_token: false,
                        },
                    ),
                ),
            ),
            text: "max_age(\"5m\")",
            target: authz::__private::RuleTarget::Handler(
                ::core::concat!(::core::module_path!(), "::", "list"),
            ),
            file: ::core::file!(),
            line: ::core::line!(),
            reads: authz::__private::CallerAccess::Nothing,
            not_found: false,
            arguments: __ARGUMENTS,
            checks_object: false,
            any_object: ::core::option::Option::None,
            any_token: ::core::option::Option::None,
        }
    };
}
#[cfg(paged)]
#[cfg(test)]
impl __list_tested {
    #[doc(hidden)]
    pub async fn call<S: Store, const N: usize>(
        page: Page,
        store: web::Data<S>,
    ) -> String
    where
        S: 'static,
    {
        store.list(N)
    }
}
#[cfg(not(paged))]
async fn list<S: Store, const N: usize>(
    authz::__private::Guarded {
        arguments: (store,),
        ..
    }: authz::__private::Guarded<__list_guard<S, N>, (web::Data<S>,)>,
) -> String
where
    S: 'static,
{
    store.list(N)
}
#[cfg(not(paged))]
impl<S: Store, const N: usize> authz::__private::Guard<(web::Data<S>,)>
for __list_guard<S, N>
where
    S: 'static,
{
    const RULE: &'static authz::__private::Rule = &authz::__private::Rule {
        terms: authz::__private::CompiledFormula::of(
            authz::__private::Formula::Literal(authz::__private::Literal {
                atom: authz::__private::Atom::MaxAge(authz::__private::atom::MaxAge {
                    seconds: 300u64,
                }),
                negated: false,
                text: "max_age(\"5m\")",
            }),
        ),
        text: "max_age(\"5m\")",
        target: authz::__private::RuleTarget::Handler(
            ::core::concat!(::core::module_path!(), "::", "list"),
        ),
        file: ::core::file!(),
        line: ::core::line!(),
        reads: authz::__private::CallerAccess::Nothing,
        not_found: false,
        arguments: &[],
        checks_object: false,
        any_object: ::core::option::Option::None,
        any_token: ::core::option::Option::None,
    };
}
#[cfg(not(paged))]
#[cfg(test)]
impl __list_tested {
    #[doc(hidden)]
    pub async fn call<S: Store, const N: usize>(store: web::Data<S>) -> String
    where
        S: 'static,
    {
        store.list(N)
    }
}
