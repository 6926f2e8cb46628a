//! Macro expansions in an adverse environment: the crate is renamed, there is no prelude, names in generated code are shadowed, and
//! every lint is denied. The test is that this crate compiles.
#![deny(warnings, missing_docs, unused_qualifications, unsafe_code, missing_debug_implementations)]
#![deny(single_use_lifetimes, trivial_casts, unused_lifetimes, let_underscore_drop, non_local_definitions)]
#![deny(clippy::all, clippy::pedantic)]

use authz::Auth;

/// A route with rules above and below its attribute.
pub mod routes {
    use super::plain::{Permission, Role};

    /// Uses parameter names that generated code might use.
    #[authz::require_role("admin", crate = authz)]
    #[actix_web::get("/route")]
    #[authz::require_permission("write", crate = authz)]
    pub async fn route(rule: authz::Principal, error: actix_web::HttpRequest) -> String {
        std::future::ready(()).await;
        format!("{} {} {}", rule.id(), error.path(), rule.has_role(Role::Viewer))
    }
}

/// A private module, because a feature of actix makes the struct of a route public. See `.ci/run`.
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

/// Rules without a prelude, among names with other meanings.
pub mod plain {
    #![no_implicit_prelude]

    /// Names that generated code must not resolve to.
    pub mod shadows {
        /// Shadows the type of `core`.
        #[derive(::std::fmt::Debug)]
        pub struct Option;
        /// Shadows the type of `core`.
        #[derive(::std::fmt::Debug)]
        pub struct Result;
        /// Shadows the type of `std`.
        #[derive(::std::fmt::Debug)]
        pub struct String;
        /// Shadows the crate of this workspace.
        pub mod auth_actix {}
        /// Shadows the crate.
        pub mod core {}
        /// Shadows the crate.
        pub mod std {}
    }

    #[allow(unused_imports, reason = "the names are for generated code to trip over")]
    use self::shadows::*;

    /// The roles of users.
    #[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy, ::authz::Role)]
    #[role(proofs = "proof", crate = ::authz)]
    pub enum Role {
        /// A role that implies another one.
        #[role(implies(Viewer), grants(Permission::Read))]
        Admin,
        /// An implied role.
        Viewer,
    }

    /// The permissions.
    #[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy, ::authz::Permission)]
    #[permission(crate = ::authz)]
    pub enum Permission {
        /// Permission to read.
        Read,
        /// Permission to write.
        Write,
    }

    /// Returns a constant. Its rule contains an atom of every kind.
    #[::authz::require((role("admin") || claim("org", "acme")) && !network("10.0.0.0/8") && max_age("1d"), not_found, crate = ::authz)]
    pub async fn plain(_: ::actix_web::web::Path<u64>) -> &'static str {
        ::std::future::ready("plain").await
    }

    /// Returns its arguments. Its rule contains a check over destructured arguments, and parts that are compared.
    ///
    /// # Errors
    /// Never fails.
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

    /// Returns the optional caller.
    #[::authz::public(crate = ::authz)]
    pub async fn public(caller: ::std::option::Option<::authz::Principal>) -> ::std::string::String {
        ::std::future::ready(::std::format!("{caller:?}")).await
    }
}

/// Registers all handlers.
pub fn register(auth: &Auth, config: &mut actix_web::web::ServiceConfig) {
    let scope = auth.scope("/").require(authz::rule!(authenticated, crate = authz)).service(routes::route);
    let scope = scope.configure(private::register).route("/plain", authz::web::get().to(plain::plain));
    let scope = scope
        .route("/checked/{id}", authz::web::get().to(plain::checked))
        .route("/proven", authz::web::get().to(plain::proven));
    config.service(scope.route("/public", authz::web::get().to(plain::public)));
}
