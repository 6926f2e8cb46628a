type __home_here = __home_guard;
#[cfg(test)]
type __home_tested = home;
impl __home_here {
    const FORMULA: ::auth_actix::__private::Formula = ::auth_actix::__private::Formula::Literal(::auth_actix::__private::Literal {
        atom: ::auth_actix::__private::Atom::Network(
            ::auth_actix::__private::atom::Network(const {
                &[::auth_actix::__private::ipv4(167772160u32, 8u8)]
            }),
        ),
        negated: true,
        text: "!network(\"10.0.0.0/8\")",
    });
}
async fn home(
    ::auth_actix::__private::Guarded {
        arguments: (caller,),
        ..
    }: ::auth_actix::__private::Guarded<__home_guard, (Option<Principal>,)>,
) -> &'static str {
    "home"
}
const _: () = {
    use ::auth_actix::__private::NeedsNothing as _;
    const __FORMULA: &::auth_actix::__private::Formula = &__home_guard::FORMULA;
    ::auth_actix::__private::check_argument(
        <::auth_actix::__private::Probe<Option<Principal>>>::NEEDS,
        true,
        false,
        __FORMULA,
    );
    ::auth_actix::__private::check_optional(
        <::auth_actix::__private::Probe<Principal>>::NEEDS,
        __FORMULA,
    );
};
impl ::auth_actix::__private::Guard<(Option<Principal>,)> for __home_here {
    const RULE: &'static ::auth_actix::__private::Rule = {
        const __ARGUMENTS: &[::auth_actix::__private::ArgRequirement] = {
            use ::auth_actix::__private::NeedsNothing as _;
            &[<::auth_actix::__private::Probe<Option<Principal>>>::NEEDS]
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
                            admits_anonymous: true,
                            any_token: false,
                        },
                    ),
                ),
            ),
            text: "!network(\"10.0.0.0/8\")",
            target: ::auth_actix::__private::RuleTarget::Handler(
                ::core::concat!(::core::module_path!(), "::", "home"),
            ),
            file: ::core::file!(),
            line: ::core::line!(),
            reads: {
                use ::auth_actix::__private::NeedsNothing as _;
                ::auth_actix::__private::CallerAccess::Nothing
                    .and(
                        <::auth_actix::__private::Probe<Option<Principal>>>::NEEDS
                            .reads(),
                    )
                    .and(<::auth_actix::__private::Probe<Principal>>::NEEDS.reads())
            },
            not_found: false,
            arguments: __ARGUMENTS,
            checks_object: false,
            any_object: ::core::option::Option::None,
            any_token: ::core::option::Option::None,
        }
    };
}
#[cfg(test)]
impl __home_tested {
    #[doc(hidden)]
    pub async fn call(caller: Option<Principal>) -> &'static str {
        "home"
    }
}
