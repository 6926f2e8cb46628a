//! Settings for the default tokens of well-known providers.
//!
//! # Why
//! A preset only calls settings that any application can call. It adds to those that were made and replaces none, so that
//! what a provider's administrator has changed can be said beside it.

use super::super::conditions::{ClientMark, Required};
use super::{Jwt, JwtError};
use crate::identity::issuer::NameList;
use crate::runtime::strict_json::step;

impl Jwt {
    fn client_mark(mut self, claim: &str, mark: ClientMark) -> Self {
        self.conditions.client_marks.push((vec![claim.to_owned()], mark));
        self
    }

    /// Reads the audience from this claim. A preset that may be called again says so once.
    fn audience_in(mut self, preset: &'static str, claim: &str) -> Self {
        if self.once.has(preset) {
            return self;
        }
        self.once.add(preset);
        self.audience_claim(claim)
    }

    /// Refuses an empty name that a preset was given.
    fn named(mut self, preset: &'static str, name: &str) -> Self {
        if name.trim().is_empty() || name.contains(char::is_control) {
            self.mistake.get_or_insert(JwtError::Name(preset));
        }
        self
    }

    /// Tokens of Keycloak: roles of the realm and those of `client`, at `/realm_access/roles` and
    /// `/resource_access/{client}/roles`. Tokens of service accounts are those of clients.
    ///
    /// Keycloak names an API in `aud` only if the client has an audience mapper, or if the user has a role of the API's client.
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
    /// # #[cfg(feature = "oidc")]
    /// let jwt = Jwt::oidc("https://id.example/realms/shop").audience("reports").keycloak("reports");
    /// ```
    #[must_use]
    pub fn keycloak(self, client: &str) -> Self {
        self.keycloak_with_prefixes(client, "", "")
    }

    /// Like [`keycloak`](Self::keycloak), with a text in front of the names: with `realm:` and `reports:`, the role `admin` of the
    /// realm is `realm:admin` in rules, and that of the client is `reports:admin`. A prefix may be empty.
    #[must_use]
    pub fn keycloak_with_prefixes(self, client: &str, realm_prefix: &str, client_prefix: &str) -> Self {
        let of_realm = NameList::at("/realm_access/roles").prefix(realm_prefix);
        let of_client = NameList::at(format!("/resource_access{}/roles", step(client))).prefix(client_prefix);
        let jwt = self.named("keycloak", client).roles_at([of_realm, of_client]);
        jwt.client_mark("preferred_username", ClientMark::StartsWith("service-account-"))
    }

    /// Tokens of Auth0: roles in the claim that an Action adds under `namespace`, which ends in `/`; permissions in
    /// `permissions`. Tokens of client credentials are those of clients.
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
    /// # #[cfg(feature = "oidc")]
    /// let jwt = Jwt::oidc("https://tenant.eu.auth0.com/").audience("https://api.example").auth0("https://app.example/");
    /// ```
    #[must_use]
    pub fn auth0(mut self, namespace: &str) -> Self {
        if namespace.ends_with(|last: char| last.is_alphanumeric()) {
            self.mistake.get_or_insert(JwtError::Namespace(namespace.to_owned(), format!("{namespace}/")));
        }
        let jwt = self.roles_at([step(&format!("{namespace}roles"))]);
        jwt.client_mark("gty", ClientMark::Is("client-credentials".into()))
            .client_mark("azp", ClientMark::IsSubjectWithout("@clients"))
    }

    /// Tokens of Entra ID: application roles in `roles`, scopes in `scp`. Tokens of applications are those of clients (`idtyp`, or an
    /// `oid` that is the subject). The audience is the client id of the API, or its application id URI in tokens of version 1.
    ///
    /// For several tenants: `Jwt::entra_tenants`.
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
    /// # #[cfg(feature = "oidc")]
    /// let jwt = Jwt::oidc("https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0")
    ///     .audience("the client id of the API")
    ///     .entra();
    /// ```
    #[must_use]
    pub fn entra(self) -> Self {
        let jwt = self.roles_at(["/roles"]).scopes_at(["/scp"]);
        jwt.client_mark("idtyp", ClientMark::Is("app".into())).client_mark("oid", ClientMark::IsSubjectWithout(""))
    }

    /// Access tokens of Okta: `groups` are the roles, scopes are located in `scp`, and `cid` is the client. A token without `cid` is
    /// no access token and is invalid.
    #[must_use]
    pub fn okta(mut self) -> Self {
        self.conditions.required.push(Required { path: vec!["cid".to_owned()], values: Vec::new() });
        self.roles_at(["/groups"]).scopes_at(["/scp"]).client_id_claim("cid")
    }

    /// Access tokens of Amazon Cognito for this app client: they name it in `client_id` and have no `aud`. `cognito:groups` are the
    /// roles. May be called again for another app client.
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
    /// # #[cfg(feature = "oidc")]
    /// let jwt = Jwt::oidc("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE").cognito("the app client id");
    /// ```
    #[must_use]
    pub fn cognito(self, client: &str) -> Self {
        self.named("cognito", client).audience_in("cognito", "client_id").audience(client).roles_at(["/cognito:groups"])
    }

    /// Tokens of Zitadel: the roles of this project are the member names of `urn:zitadel:iam:org:project:{project}:roles`. The
    /// application has to request the scope `urn:zitadel:iam:org:projects:roles`.
    #[must_use]
    pub fn zitadel(self, project: &str) -> Self {
        let claim = step(&format!("urn:zitadel:iam:org:project:{project}:roles"));
        self.named("zitadel", project).roles_at([NameList::at(claim).member_names()])
    }

    /// Tokens of Supabase: the audience is `authenticated`, and roles are listed in `app_metadata.roles`, which users cannot change.
    /// The claim `role` is that of the database.
    #[must_use]
    pub fn supabase(self) -> Self {
        self.audience("authenticated").roles_at(["/app_metadata/roles"])
    }

    /// Session tokens of Clerk for pages of this origin, which they name in `azp`. The role and the permissions in the active
    /// organization are those of the caller (`org_role` and `org_permissions`, or `o.rol` in version 2). May be called again for
    /// another origin.
    #[must_use]
    pub fn clerk(self, origin: &str) -> Self {
        let jwt = self.named("clerk", origin).audience_in("clerk", "azp").audience(origin);
        jwt.roles_at(["/org_role", "/o/rol"]).permissions_at(["/org_permissions"])
    }

    /// Tokens of Firebase Authentication, which are ID tokens: roles are the custom claims `roles` and `role`. TokenIssuer and
    /// audience are those of the project.
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
    /// # #[cfg(feature = "oidc")]
    /// let jwt = Jwt::oidc("https://securetoken.google.com/project-1").audience("project-1").firebase();
    /// ```
    #[must_use]
    pub fn firebase(self) -> Self {
        self.accept_id_tokens().roles_at(["/roles", "/role"])
    }

    /// Tokens of AD FS: roles in `role`, under its long name too, and scopes in `scp`. Access tokens name another issuer than the
    /// metadata does:
    ///
    /// ```
    /// use auth_core::scheme::bearer::Jwt;
    /// # #[cfg(feature = "oidc")]
    /// let jwt = Jwt::jwks("https://adfs.example/adfs/discovery/keys")
    ///     .issuer("http://adfs.example/adfs/services/trust")
    ///     .audience("https://api.example")
    ///     .adfs();
    /// ```
    #[must_use]
    pub fn adfs(self) -> Self {
        const ROLE: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
        self.roles_at(["/role".to_owned(), step(ROLE)]).scopes_at(["/scp"])
    }
}
