#[doc(hidden)]
struct __edit_guard(::core::marker::PhantomData<fn() -> ()>);
#[cfg(test)]
#[doc(hidden)]
mod __edit_fallback_0 {
    pub(super) struct edit {}
}
#[cfg(test)]
use __edit_fallback_0::*;
#[cfg(test)]
type __edit_tested = __edit_fallback_0::edit;
impl __edit_guard {
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
                atom: ::auth_actix::__private::Atom::Check(::auth_actix::__private::atom::Check {
                    index: 0u8,
                    names_principal: true,
                    object: ::core::option::Option::None,
                    any_token: false,
                }),
                negated: false,
                text: "check(posts.is_owner(*id, principal).await?)",
            }),
        ],
    );
}
async fn edit(
    ::auth_actix::__private::Guarded {
        arguments: ::auth_actix::__private::Phases {
            first: (posts, mut id),
            rest: (new,),
        },
        ..
    }: ::auth_actix::__private::Guarded<
        __edit_guard,
        ::auth_actix::__private::Phases<
            (web::Data<Posts>, web::Path<u64>),
            (web::Json<New>,),
        >,
    >,
) -> Result<impl Responder, Failure> {
    let _ = &posts;
    let _ = &mut id;
    posts.put(*id, new).await
}
const _: () = {
    use ::auth_actix::__private::NeedsNothing as _;
    const __FORMULA: &::auth_actix::__private::Formula = &__edit_guard::FORMULA;
    ::auth_actix::__private::check_argument(
        <::auth_actix::__private::Probe<web::Json<New>>>::NEEDS,
        false,
        false,
        __FORMULA,
    );
    ::auth_actix::__private::check_argument(
        <::auth_actix::__private::Probe<web::Data<Posts>>>::NEEDS,
        false,
        false || <::auth_actix::__private::Probe<web::Json<New>>>::NEEDS.is_principal(),
        __FORMULA,
    );
    ::auth_actix::__private::check_argument(
        <::auth_actix::__private::Probe<web::Path<u64>>>::NEEDS,
        false,
        false || <::auth_actix::__private::Probe<web::Json<New>>>::NEEDS.is_principal()
            || <::auth_actix::__private::Probe<web::Data<Posts>>>::NEEDS.is_principal(),
        __FORMULA,
    );
};
impl ::auth_actix::__private::Guard<
    ::auth_actix::__private::Phases<
        (web::Data<Posts>, web::Path<u64>),
        (web::Json<New>,),
    >,
> for __edit_guard {
    const RULE: &'static ::auth_actix::__private::Rule = {
        const __ARGUMENTS: &[::auth_actix::__private::ArgRequirement] = {
            use ::auth_actix::__private::NeedsNothing as _;
            &[
                <::auth_actix::__private::Probe<web::Json<New>>>::NEEDS,
                <::auth_actix::__private::Probe<web::Data<Posts>>>::NEEDS,
                <::auth_actix::__private::Probe<web::Path<u64>>>::NEEDS,
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
                            checks: 1u8,
                            admits_anonymous: false,
                            any_token: false,
                        },
                    ),
                ),
            ),
            text: "role(\"admin\") || check(posts.is_owner(*id, principal).await?)",
            target: ::auth_actix::__private::RuleTarget::Handler(
                ::core::concat!(::core::module_path!(), "::", "edit"),
            ),
            file: ::core::file!(),
            line: ::core::line!(),
            reads: ::auth_actix::__private::CallerAccess::Nothing,
            not_found: false,
            arguments: __ARGUMENTS,
            checks_object: {
                use ::auth_actix::__private::NeedsNothing as _;
                false
                    || <::auth_actix::__private::Probe<web::Data<Posts>>>::NEEDS
                        .may_be_key()
                    || <::auth_actix::__private::Probe<web::Path<u64>>>::NEEDS
                        .may_be_key()
            },
            any_object: ::core::option::Option::None,
            any_token: ::core::option::Option::None,
        }
    };
    fn checked(
        __request: &::auth_actix::__private::HttpRequest,
        __payload: &mut ::auth_actix::__private::Payload,
    ) -> ::core::option::Option<
        ::auth_actix::__private::CheckedFuture<
            ::auth_actix::__private::Phases<
                (web::Data<Posts>, web::Path<u64>),
                (web::Json<New>,),
            >,
        >,
    > {
        ::auth_actix::__private::checked(
            __request,
            __payload,
            Self::RULE,
            async |
                __asked: &::auth_actix::__private::HttpRequest,
                __payload: &mut ::auth_actix::__private::Payload,
                __index: ::core::primitive::u8,
                __slots: &mut (
                    ::core::option::Option<web::Data<Posts>>,
                    ::core::option::Option<web::Path<u64>>,
                ),
                __principal: ::core::option::Option<&::auth_actix::__private::Principal>|
            {
                match __index {
                    0u8 => {
                        match __principal {
                            ::core::option::Option::Some(principal) => {
                                if let ::core::result::Result::Err(__failure) = ::auth_actix::__private::fill(
                                        &mut __slots.0,
                                        __asked,
                                        __payload,
                                    )
                                    .await
                                {
                                    return ::auth_actix::__private::CheckOutcome::NotExtracted(
                                        __failure,
                                    );
                                }
                                if let ::core::result::Result::Err(__failure) = ::auth_actix::__private::fill(
                                        &mut __slots.1,
                                        __asked,
                                        __payload,
                                    )
                                    .await
                                {
                                    return ::auth_actix::__private::CheckOutcome::NotExtracted(
                                        __failure,
                                    );
                                }
                                match (__slots.0.take(), __slots.1.take()) {
                                    (
                                        ::core::option::Option::Some(posts),
                                        ::core::option::Option::Some(mut id),
                                    ) => {
                                        let _ = &mut id;
                                        let __answer = ::auth_actix::__private::answer::<
                                            <Result<
                                                (),
                                                Failure,
                                            > as ::auth_actix::__private::Fails>::Error,
                                        >(async {
                                                ::auth_actix::__private::Verdict::<
                                                    <Result<
                                                        (),
                                                        Failure,
                                                    > as ::auth_actix::__private::Fails>::Error,
                                                >::verdict(posts.is_owner(*id, principal).await?)
                                            })
                                            .await;
                                        __slots.0 = ::core::option::Option::Some(posts);
                                        __slots.1 = ::core::option::Option::Some(id);
                                        __answer
                                    }
                                    _ => ::auth_actix::__private::CheckOutcome::NotAsked,
                                }
                            }
                            ::core::option::Option::None => {
                                ::auth_actix::__private::CheckOutcome::NotAsked
                            }
                        }
                    }
                    _ => ::auth_actix::__private::CheckOutcome::NotAsked,
                }
            },
        )
    }
}
#[cfg(test)]
impl __edit_tested {
    #[doc(hidden)]
    pub async fn call(
        new: web::Json<New>,
        posts: web::Data<Posts>,
        mut id: web::Path<u64>,
    ) -> Result<impl Responder, Failure> {
        let _ = &posts;
        let _ = &mut id;
        posts.put(*id, new).await
    }
}
const _: () = {
    ::auth_actix::__private::check_name(
        ::auth_actix::__private::roles::<Role>(),
        "admin",
    );
};
