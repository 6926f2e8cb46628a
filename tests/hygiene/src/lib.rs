//! Expansions where nothing is as they could hope: the crate has another name, there is no prelude, names that generated
//! code might use mean something else, and every lint is denied. What compiles here is the test.
#![deny(warnings, missing_docs, unused_qualifications, unsafe_code, missing_debug_implementations)]
#![deny(single_use_lifetimes, trivial_casts, unused_lifetimes, let_underscore_drop, non_local_definitions)]
#![deny(clippy::all, clippy::pedantic)]

use authz::Auth;

/// A route, guarded from above and below.
pub mod routes {
    use super::plain::{Permission, Role};

    /// Takes names that generated code might use.
    #[authz::require_role("admin", crate = authz)]
    #[actix_web::get("/route")]
    #[authz::require_permission("write", crate = authz)]
    pub async fn route(rule: authz::Principal, error: actix_web::HttpRequest) -> String {
        std::future::ready(()).await;
        format!("{} {} {}", rule.id(), error.path(), rule.has_role(Role::Viewer))
    }
}

/// Private where actix can be told to make the struct of the route public; see `.ci/run`.
mod private {
    #[derive(Debug)]
    pub(super) struct Argument;

    impl actix_web::FromRequest for Argument {
        type Error = actix_web::Error;
        type Future = std::future::Ready<Result<Self, actix_web::Error>>;

        fn from_request(_: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
            std::future::ready(Ok(Self))
        }
    }

    #[authz::public(crate = authz)]
    #[actix_web::get("/private")]
    async fn inside(argument: Argument) -> String {
        std::future::ready(format!("{argument:?}")).await
    }

    pub(super) fn register(config: &mut authz::web::ServiceConfig<'_>) {
        config.service(inside);
    }
}

/// Without a prelude, among names that mean something else.
pub mod plain {
    #![no_implicit_prelude]

    /// Names that generated code must not see.
    pub mod shadows {
        /// Not the one of `core`.
        #[derive(::std::fmt::Debug)]
        pub struct Option;
        /// Not the one of `core`.
        #[derive(::std::fmt::Debug)]
        pub struct Result;
        /// Not the one of `std`.
        #[derive(::std::fmt::Debug)]
        pub struct String;
        /// Not the one of this workspace.
        pub mod auth_actix {}
        /// Not the one of Rust.
        pub mod core {}
        /// Not the one of Rust.
        pub mod std {}
    }

    #[allow(unused_imports, reason = "the names are for generated code to trip over")]
    use self::shadows::*;

    /// Who works here.
    #[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy, ::authz::Role)]
    #[role(proofs = "proof", crate = ::authz)]
    pub enum Role {
        /// All of it.
        #[role(implies(Viewer), grants(Permission::Read))]
        Admin,
        /// Some of it.
        Viewer,
    }

    /// What may be done.
    #[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy, ::authz::Permission)]
    #[permission(crate = ::authz)]
    pub enum Permission {
        /// Read.
        Read,
        /// Write.
        Write,
    }

    /// A rule of every kind.
    #[::authz::require((role("admin") || claim("org", "acme")) && !network("10.0.0.0/8") && max_age("1d"), not_found, crate = ::authz)]
    pub async fn plain(_: ::actix_web::web::Path<u64>) -> &'static str {
        ::std::future::ready("plain").await
    }

    /// A check, over arguments that are taken apart, in a rule whose parts are compared.
    ///
    /// # Errors
    /// None.
    #[::authz::require(
        (role("admin") || check(*first > 1 && second == 2 && !principal.local_subject().is_empty()))
            && claim("org", "acme"),
        crate = ::authz
    )]
    pub async fn checked(
        first: ::actix_web::web::Path<u64>,
        ::actix_web::web::Query((second, _)): ::actix_web::web::Query<(u64, u64)>,
    ) -> ::std::result::Result<&'static str, ::actix_web::Error> {
        ::std::result::Result::Ok(::std::future::ready("checked").await)
    }

    /// Takes a proof.
    #[::authz::require_role(Role::Admin, crate = ::authz)]
    pub async fn proven(proof: ::authz::Granted<proof::Admin>) -> &'static str {
        let _: &::authz::Granted<proof::Viewer> = proof.weaker();
        ::std::future::ready("proven").await
    }

    /// Strangers come in.
    #[::authz::public(crate = ::authz)]
    pub async fn public(caller: ::std::option::Option<::authz::Principal>) -> ::std::string::String {
        ::std::future::ready(::std::format!("{caller:?}")).await
    }
}

/// Registers all of them.
pub fn register(auth: &Auth, config: &mut actix_web::web::ServiceConfig) {
    let scope = auth.scope("/").require(authz::rule!(authenticated, crate = authz)).service(routes::route);
    let scope = scope.configure(private::register).route("/plain", authz::web::get().to(plain::plain));
    let scope = scope
        .route("/checked/{id}", authz::web::get().to(plain::checked))
        .route("/proven", authz::web::get().to(plain::proven));
    config.service(scope.route("/public", authz::web::get().to(plain::public)));
}
