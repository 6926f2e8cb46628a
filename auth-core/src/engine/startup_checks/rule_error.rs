//! Errors of rules that the configuration cannot serve.

/// A rule that the configuration of its `Auth` cannot serve. The error is logged, and the server does not start.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The source of client addresses is not configured. Behind a proxy, all clients would have the address of the proxy.
    #[error(
        "{0}: the rule names a network or a country, and the source of client addresses is not configured: call `.client_address(Peer)` or `.trusted_proxies(…)`"
    )]
    NoAddress(String),
    /// The host names of this server are not configured. By DNS rebinding, a page on an attacker's host name could read whatever
    /// the network rule grants to a browser.
    #[error(
        "{0}: the rule names a network or a country, which requires the host names of this server: call `.hosts([…])`"
    )]
    NoHosts(String),
    /// The source of client countries is not configured.
    #[error("{0}: the rule names a country, and no source of countries is configured: call `.countries(…)`")]
    NoCountries(String),
    /// The network contains a range of trusted proxies. Clients in that range could forge their address.
    #[error(
        "{0}: the rule names a network that contains trusted proxies ({1}): name each proxy by its address, or count hops"
    )]
    ProxyInNetwork(String, String),
    /// The rule cannot hold for any caller of an accepted scheme.
    #[error(
        "{0}: no accepted scheme can satisfy the rule `{1}`; if a role grants the permission, call `.roles::<…>()`; if rights belong to a tenant, call `.rights_from(…)`"
    )]
    NeverHolds(String, &'static str),
    /// The rules can hold separately, but not together for one caller.
    #[error("{0}: its rule contradicts the rules of its scopes: `{1}`")]
    Contradicts(String, String),
    /// Two types declare the same name, which would have two meanings.
    #[error(
        "{place}: {kind} \"{name}\" is declared by two types, `{first}` and `{second}`: call `.same_names::<{first}, {second}>()`, or rename one"
    )]
    NameDeclaredTwice {
        /// The handler.
        place: String,
        /// The kind of the name, such as a role.
        kind: &'static str,
        /// The name.
        name: &'static str,
        /// The type that was registered first, with its module if both types have the same name.
        first: String,
        /// The type that was registered second.
        second: String,
    },
    /// A kind of credentials in rules has no source (TOKEN-10).
    #[error(
        "{place}: `{declared_in}` declares the credential {name:?}, and no token source or scheme of the application has this name (there is: {sources}): call `.tokens(…)` or `.scheme(…)`, or delete the variant"
    )]
    CredentialWithoutSource {
        /// The handler.
        place: String,
        /// The name.
        name: &'static str,
        /// The type that declares the name.
        declared_in: &'static str,
        /// The names of the sources.
        sources: String,
    },
    /// A source of own tokens or a scheme of the application has no name in the vocabulary of the rules (TOKEN-10). A rule that
    /// distinguishes credentials would not consider it.
    #[error(
        "{place}: the rule distinguishes credentials, and `{declared_in}` declares no credential {name:?}: add a variant with `#[credential({name:?})]`"
    )]
    SourceWithoutCredential {
        /// The handler.
        place: String,
        /// The name of the source.
        name: String,
        /// The type that declares the kinds of credentials.
        declared_in: &'static str,
    },
    /// A source of own tokens and a scheme of the application have one name, so that a rule could not distinguish them.
    #[error(
        "{place}: the rule names the credential {name:?}, and both a token source and a scheme have this name: rename one"
    )]
    CredentialOfTwoSources {
        /// The handler.
        place: String,
        /// The name.
        name: String,
    },
    /// The rule admits every own token, and there are several sources of them (TOKEN-9).
    #[error(
        "{place}: the rule names `scheme(\"api-key\")`, which is any own token, and there are several sources of tokens ({sources}): write `credential(\"…\")`"
    )]
    ApiKeyOfSeveralSources {
        /// The handler.
        place: String,
        /// The names of the sources.
        sources: String,
    },
    /// The scope already has a rule.
    #[error("a scope requires a second rule, `{0}`: join the two with `&&`")]
    SecondRuleOfScope(&'static str),
    /// A scope with a hidden handler has its own default service. Its responses would be distinguishable from those of the hidden
    /// handler.
    #[error(
        "scope {0:?}: a handler with `not_found` responds as unknown paths do, so the scope cannot have a default service"
    )]
    HiddenBesideDefault(String),
    /// The scope is not part of an `Auth`, so its handlers would not be protected.
    #[error(
        "scope {0:?} of `web::scope` is not in a scope of an `Auth`: create it with `auth.scope({0:?})`, or register it in one"
    )]
    InNoScope(String),
    /// The tenant is located in the path, and the pattern of the route does not contain its parameter exactly once.
    #[error(
        "{place}: the rule contains `in = {name}`, and \"{pattern}\" has no `{{{parameter}}}`, or two of them: declare other locations with `.tenant({name:?}, …)`, or change the pattern"
    )]
    NoTenant {
        /// The handler.
        place: String,
        /// The name of the tenant in the rule.
        name: &'static str,
        /// The path parameter.
        parameter: String,
        /// The pattern of the route.
        pattern: String,
    },
    /// The tenant is located outside of the path, and the pattern has a parameter of its name. The decision would be about one tenant,
    /// and the handler about another.
    #[error(
        "{place}: the rule contains `in = {name}`, which `.tenant({name:?}, …)` locates outside of the path, and \"{pattern}\" has `{{{name}}}`: add `.or_path({name:?})`, or rename the parameter"
    )]
    TenantInPattern {
        /// The handler.
        place: String,
        /// The name of the tenant.
        name: &'static str,
        /// The pattern of the route.
        pattern: String,
    },
    /// A rule negates an atom within a tenant that the client chooses. The client could choose one in which the atom is absent.
    #[error(
        "{place}: the rule negates an atom `in = {name}`, and the client chooses {name} outside of the path: require what must be present, or locate {name} in the path"
    )]
    NegatedTenant {
        /// The handler.
        place: String,
        /// The name of the tenant.
        name: &'static str,
    },
    /// The handler does not take the tenant that was decided on, although it is not in the path.
    #[error(
        "{place}: the rule contains `in = {name}`, and {name} is not in the path: take the argument `Tenant`, so that the handler uses the tenant that was decided on"
    )]
    TenantNotTaken {
        /// The handler.
        place: String,
        /// The name of the tenant.
        name: &'static str,
    },
    /// The rules of the handler and its scopes name different dimensions, and the handler takes the tenant.
    #[error(
        "{0}: the handler takes the tenant, and the rules admit callers by different dimensions: write the same dimensions in each"
    )]
    TenantsDiffer(String),
    /// The rule names a tenant with several dimensions, and the provider of roles supports only tenants with one.
    #[error(
        "{place}: the rule names a tenant with several dimensions, `in = {tenant}`, which `.roles_from(…)` cannot be asked about: call `.rights_from(…)`"
    )]
    TenantOfSeveralDimensions {
        /// The handler.
        place: String,
        /// The dimensions.
        tenant: String,
    },
    /// The pattern of the route does not contain the key of the object exactly once.
    #[error("{place}: the object is loaded by `{{{name}}}`, but \"{pattern}\" does not contain it exactly once")]
    NoObjectKey {
        /// The handler.
        place: String,
        /// The path parameter that contains the key.
        name: &'static str,
        /// The pattern of the route.
        pattern: String,
    },
    /// Two atoms of the rule are about the same types, so an argument could be either of their objects.
    #[error(
        "{place}: the rule contains `{object}` beside another atom about the same types: keep one of them, and ask about the other object in the handler"
    )]
    ObjectTwice {
        /// The handler.
        place: String,
        /// The second atom.
        object: String,
    },
    /// The key of an object is located in the body, and the handler is hidden.
    #[error(
        "{0}: the rule reads the key of an object from the body, and `not_found` hides the handler: a client that withholds the body could distinguish it from an unknown path. Locate the key in the path or the query, or remove `not_found`"
    )]
    HiddenBodyKey(String),
    /// The value with which the object is loaded is not registered.
    #[error("{place}: `{resource}` is loaded with a `{deps}`: call `.resource_deps(…)` with one")]
    NoResourceDeps {
        /// The handler.
        place: String,
        /// The type of the object.
        resource: &'static str,
        /// The type of the value.
        deps: &'static str,
    },
    /// The rules name a tenant that the objects do not have.
    #[error(
        "{place}: the rules contain `in = {name}`, and `{resource}` has no tenant `{name}`: write `Tenancy::Of(&[{name:?}])` in its `Resource`, or `Tenancy::Shared(\"why\")`"
    )]
    ObjectWithoutTenant {
        /// The handler.
        place: String,
        /// The type of the object.
        resource: &'static str,
        /// The name of the tenant.
        name: &'static str,
    },
    /// The rule does not restrict the object, so every caller who satisfies it could access any object.
    #[error(
        "{place}: the rule does not check access to the object that \"{pattern}\" names: take `Authorized<…>`, write `check(…)` over an argument, or give a reason: `any_object = \"…\"`"
    )]
    AnyObject {
        /// The handler.
        place: String,
        /// The pattern of the route.
        pattern: String,
    },
    /// The pattern of a route in a strict scope is unknown.
    #[error(
        "{0}: the scope is strict, and the pattern of this route is unknown: write a route attribute under its original name, such as `#[get(…)]`, or give a reason: `any_object = \"…\"`"
    )]
    NoPattern(String),
    /// A strict scope is nested in a plain actix scope. The path of that scope is unknown, so its parameters could not be checked.
    #[error(
        "scope {0:?} is strict, and its parent is a plain actix scope, whose path is unknown: create the parent with `auth.scope(…)`"
    )]
    StrictInPlain(String),
    /// The handler takes an account, but no provider of accounts is configured.
    #[error("{place}: the handler takes `Caller<{taken}>`: call `.accounts(…)`")]
    NoAccounts {
        /// The handler.
        place: String,
        /// The type of accounts that the handler takes.
        taken: &'static str,
    },
    /// The handler takes another type of accounts than the provider has.
    #[error("{place}: the handler takes `Caller<{taken}>`, and the account of `.accounts(…)` is `{provided}`")]
    AccountType {
        /// The handler.
        place: String,
        /// The type of accounts that the handler takes.
        taken: &'static str,
        /// The type of accounts of the provider.
        provided: &'static str,
    },
    /// The handler requires an account, and open mode has none.
    #[error("{place}: the handler takes `Caller<{taken}>`, and open mode has no account: call `.local_account(…)`")]
    NoLocalAccount {
        /// The handler.
        place: String,
        /// The type of accounts that the handler takes.
        taken: &'static str,
    },
    /// The handler takes a `Ticket`, but tickets are not enabled.
    #[error("{0}: the handler takes a `Ticket`: call `.tickets()`")]
    NoTickets(String),
    /// The identifier of this server as a protected resource is not configured.
    #[error("`auth.metadata()` requires a resource: call `.resource(\"https://…\")`")]
    NoResource,
    /// The sessions of two nested scopes share a cookie name but not a store. Each `Auth` would log out the users of the other.
    #[error(
        "scope {0:?}: this scope and one around it use one session cookie with two stores: give one of them a `.cookie_name(…)`"
    )]
    SessionsClash(String),
}

/// Like [`Display`](std::fmt::Display), because `main` and `unwrap` print the `Debug` form of an error.
impl std::fmt::Debug for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
