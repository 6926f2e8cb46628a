//! Presets for the default tokens of well-known providers.
//!
//! # Why
//! A preset only calls settings that any application can call. It adds to existing settings and replaces none, so that changes by
//! the provider's administrator can be configured in addition.

use super::super::conditions::{ClientMark, Required};
use super::{Jwt, JwtError};
use crate::identity::issuer::NameList;
use crate::runtime::strict_json::step;

impl Jwt {
    fn client_mark(mut self, claim: &str, mark: ClientMark) -> Self {
        self.conditions.client_marks.push((vec![claim.to_owned()], mark));
        self
    }

    /// Reads the audience from this claim. Has no effect in the second call of a preset that may be called repeatedly.
    fn audience_in(mut self, preset: &'static str, claim: &str) -> Self {
        if self.once.has(preset) {
            return self;
        }
        self.once.add(preset);
        self.audience_claim(claim)
    }

    /// Records an error if the name passed to a preset is empty or contains control characters.
    fn named(mut self, preset: &'static str, name: &str) -> Self {
        if name.trim().is_empty() || name.contains(char::is_control) {
            self.mistake.get_or_insert(JwtError::Name(preset));
        }
        self
    }

    /// Configures tokens of Keycloak. Roles of the realm are in `/realm_access/roles`, and roles of `client` in
    /// `/resource_access/{client}/roles`. Tokens of service accounts are client tokens.
    ///
    /// Keycloak names an API in `aud` only if the client has an audience mapper, or if the user has a role of the API's client.
    ///
    /// ```
    /// use auth_actix::Jwt;
    /// # #[cfg(feature = "oidc")]
    /// let jwt = Jwt::oidc("https://id.example/realms/shop").audience("reports").keycloak("reports");
    /// ```
    #[must_use]
    pub fn keycloak(self, client: &str) -> Self {
        self.keycloak_with_prefixes(client, "", "")
    }

    /// Like [`keycloak`](Self::keycloak), with prefixes for role names. With `realm:` and `reports:`, the realm role `admin` is
    /// `realm:admin` in rules, and the client role `admin` is `reports:admin`. A prefix may be empty.
    #[must_use]
    pub fn keycloak_with_prefixes(self, client: &str, realm_prefix: &str, client_prefix: &str) -> Self {
        let of_realm = NameList::at("/realm_access/roles").prefix(realm_prefix);
        let of_client = NameList::at(format!("/resource_access{}/roles", step(client))).prefix(client_prefix);
        let jwt = self.named("keycloak", client).roles_at([of_realm, of_client]);
        jwt.client_mark("preferred_username", ClientMark::StartsWith("service-account-"))
    }

    /// Configures tokens of Auth0. Roles are in the claim that an Action adds under `namespace`, which ends in `/`. Permissions are
    /// in `permissions`. Tokens of the client credentials grant are client tokens.
    ///
    /// ```
    /// use auth_actix::Jwt;
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

    /// Configures tokens of Entra ID. Application roles are in `roles`, and scopes in `scp`. Tokens of applications are client
    /// tokens, marked by `idtyp` or by an `oid` that equals the subject. The audience is the client id of the API, or its
    /// application ID URI in tokens of version 1.
    ///
    /// For several tenants, use `Jwt::entra_tenants`.
    ///
    /// ```
    /// use auth_actix::Jwt;
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

    /// Configures access tokens of Okta. Roles are in `groups`, scopes in `scp`, and the client id in `cid`. A token without `cid`
    /// is not an access token and is invalid.
    #[must_use]
    pub fn okta(mut self) -> Self {
        self.conditions.required.push(Required { path: vec!["cid".to_owned()], values: Vec::new() });
        self.roles_at(["/groups"]).scopes_at(["/scp"]).client_id_claim("cid")
    }

    /// Configures access tokens of Amazon Cognito for this app client. They contain it in `client_id` and have no `aud`. Roles are
    /// in `cognito:groups`. May be called again for another app client.
    ///
    /// ```
    /// use auth_actix::Jwt;
    /// # #[cfg(feature = "oidc")]
    /// let jwt = Jwt::oidc("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE").cognito("the app client id");
    /// ```
    #[must_use]
    pub fn cognito(self, client: &str) -> Self {
        self.named("cognito", client).audience_in("cognito", "client_id").audience(client).roles_at(["/cognito:groups"])
    }

    /// Configures tokens of Zitadel. The roles of this project are the member names of
    /// `urn:zitadel:iam:org:project:{project}:roles`. The application must request the scope `urn:zitadel:iam:org:projects:roles`.
    #[must_use]
    pub fn zitadel(self, project: &str) -> Self {
        let claim = step(&format!("urn:zitadel:iam:org:project:{project}:roles"));
        self.named("zitadel", project).roles_at([NameList::at(claim).member_names()])
    }

    /// Configures tokens of Supabase. The audience is `authenticated`. Roles are in `app_metadata.roles`, which users cannot
    /// change. The claim `role` is the database role and is not used.
    #[must_use]
    pub fn supabase(self) -> Self {
        self.audience("authenticated").roles_at(["/app_metadata/roles"])
    }

    /// Configures session tokens of Clerk for pages of this origin, which they contain in `azp`. The role and the permissions in
    /// the active organization are those of the caller (`org_role` and `org_permissions`, or `o.rol` in version 2). May be called
    /// again for another origin.
    #[must_use]
    pub fn clerk(self, origin: &str) -> Self {
        let jwt = self.named("clerk", origin).audience_in("clerk", "azp").audience(origin);
        jwt.roles_at(["/org_role", "/o/rol"]).permissions_at(["/org_permissions"])
    }

    /// Configures tokens of Firebase Authentication, which are ID tokens. Roles are in the custom claims `roles` and `role`. Issuer
    /// and audience are those of the project.
    ///
    /// ```
    /// use auth_actix::Jwt;
    /// # #[cfg(feature = "oidc")]
    /// let jwt = Jwt::oidc("https://securetoken.google.com/project-1").audience("project-1").firebase();
    /// ```
    #[must_use]
    pub fn firebase(self) -> Self {
        self.accept_id_tokens().roles_at(["/roles", "/role"])
    }

    /// Configures tokens of AD FS. Roles are in `role`, also under its long name, and scopes in `scp`. The issuer of access tokens
    /// differs from the issuer of the metadata:
    ///
    /// ```
    /// use auth_actix::Jwt;
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
