//! HTTP Basic authentication (RFC 7617) against a user store.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;

use super::build_error::{BuildError, Mistakes};
use super::settings::{AllSettings, Assembly, IssuerSettings, SchemeSettings, SettingsContext};
use super::{Authenticator, ConfiguredNames, Credential, Extracted, OwnIssuer, RequestView, SyntaxError, Verification};
use crate::client::RequestHead;
use crate::client::address::PeerOrClient;
use crate::denial::{Denial, Reason};
use crate::identity::issuer::{Confers, Form, Issuer, ListClaim, LoginSetting, LoginSource, RoleTypes};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::NameKind;
use crate::store::users::{PasswordAuthenticator, PasswordCredentials};

/// Maximum length of decoded credentials, in bytes. Longer credentials are not decoded.
const LONGEST: usize = 1024;

/// Parses the token68 of Basic: canonical, padded base64 of UTF-8 text that contains a colon and no control characters.
fn read(token68: &str) -> Result<PasswordCredentials, &'static str> {
    const LONG: &str = "the Basic credentials are longer than allowed";
    if token68.len() > LONGEST.div_ceil(3) * 4 {
        return Err(LONG);
    }
    let decoded =
        Zeroizing::new(STANDARD.decode(token68).map_err(|_| "the Basic credentials are not canonical base64")?);
    if decoded.len() > LONGEST {
        return Err(LONG);
    }
    let text = std::str::from_utf8(&decoded).map_err(|_| "the Basic credentials are not UTF-8")?;
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("the Basic credentials contain a control character");
    }
    let (name, password) = text.split_once(':').ok_or("the Basic credentials have no colon")?;
    Ok(PasswordCredentials::new(name, password))
}

/// Settings of Basic authentication.
#[derive(Clone, Debug)]
pub struct Basic {
    passwords: PasswordAuthenticator,
    confers: Option<Confers>,
    login: LoginSetting,
}

impl<P: Into<PasswordAuthenticator>> From<P> for Basic {
    fn from(passwords: P) -> Self {
        Self::new(passwords)
    }
}

impl Basic {
    /// Creates settings for these users.
    pub fn new(passwords: impl Into<PasswordAuthenticator>) -> Self {
        Self { passwords: passwords.into(), confers: None, login: LoginSetting::Unset }
    }

    /// Sets the names that these users may have, such as roles. Everything by default if this is the only issuer. Required if there
    /// are several.
    #[must_use]
    pub fn confers(self, confers: Confers) -> Self {
        Self { confers: Some(confers), ..self }
    }

    /// States that these credentials are logins of accounts. See [`AuthBuilder::accounts`]. Required, or
    /// [`keeps_own_identity`](Self::keeps_own_identity), if there are several issuers and accounts. A single issuer logs in by
    /// default.
    ///
    /// [`AuthBuilder::accounts`]: https://docs.rs/auth-actix/latest/auth_actix/struct.AuthBuilder.html#method.accounts
    #[must_use]
    pub fn logs_in(self) -> Self {
        Self { login: LoginSetting::LogsIn, ..self }
    }

    /// States that these credentials are not logins: their callers keep their own identity and have no account.
    #[must_use]
    pub fn keeps_own_identity(self) -> Self {
        Self { login: LoginSetting::OwnIdentity, ..self }
    }

    pub(crate) fn has_explicit_confers(&self) -> bool {
        self.confers.is_some()
    }

    pub(crate) fn passwords(&self) -> &PasswordAuthenticator {
        &self.passwords
    }

    /// Creates the verifier for a realm. `roles` are the role types of the application.
    pub(crate) fn prepare(self, realm: &str, roles: &RoleTypes, login: LoginSource) -> BasicVerifier {
        self.passwords.set_realm(realm);
        let source = Issuer {
            issuer: OwnIssuer::Users.name(realm),
            scheme: SchemeId::Basic,
            confers: self.confers.unwrap_or_else(Confers::everything),
            lists: vec![ListClaim::new(NameKind::Role, Form::Array, vec!["roles".to_owned()])],
            has_claims: false,
            tenancy: Default::default(),
            all_scopes: false,
            login,
            roles: roles.clone(),
        };
        BasicVerifier { passwords: self.passwords, source: Arc::new(source) }
    }
}

/// The verifier of Basic credentials.
#[derive(Debug)]
pub struct BasicVerifier {
    passwords: PasswordAuthenticator,
    source: Arc<Issuer>,
}

impl BasicVerifier {
    /// Verifies a name and a password. `client` is the observed client address, for throttling.
    ///
    /// # Errors
    /// The denial of the credentials. See [`PasswordAuthenticator::verify`].
    async fn verify(&self, presented: PasswordCredentials, client: Option<PeerOrClient>) -> Result<Principal, Denial> {
        let (name, user) = self.passwords.verify(SchemeId::Basic, presented, client).await?;
        let claims = serde_json::json!({ "sub": name, "roles": user.roles }).to_string();
        Principal::from_claims(Arc::clone(&self.source), claims)
            .map_err(|_| Denial::refused(SchemeId::Basic, Reason::InvalidCredentials, "the user name is empty"))
    }
}

impl<H: RequestHead> Authenticator<H> for BasicVerifier {
    fn scheme(&self) -> SchemeId {
        SchemeId::Basic
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        std::slice::from_ref(&self.source)
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        let token68 = match view.authorization.token68(SchemeId::Basic) {
            None => return Extracted::Absent,
            Some(Err(denial)) => return Extracted::Refused(denial),
            Some(Ok(token68)) => token68,
        };
        match read(token68) {
            Ok(_) => Credential::in_authorization(SchemeId::Basic, token68).into(),
            Err(cause) => Extracted::Refused(SyntaxError::malformed(Some(SchemeId::Basic), cause)),
        }
    }

    fn throttle(&self, credential: &Credential<'_>, view: &RequestView<'_, H>) -> Option<Denial> {
        let presented = read(credential.text).ok()?;
        let after = self.passwords.delay(&presented, view.client())?;
        Some(Denial::refused(SchemeId::Basic, Reason::TooManyAttempts(after), "too many failed logins"))
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        match read(credential.text) {
            Ok(presented) => Verification::pending(self.verify(presented, view.client())),
            Err(cause) => Verification::Ready(Err(SyntaxError::malformed(Some(SchemeId::Basic), cause).into()).into()),
        }
    }

    /// Returns `true`, since a password is hashed only once per request.
    fn is_verified_once(&self) -> bool {
        true
    }

    fn configured_names(&self) -> Vec<ConfiguredNames> {
        vec![ConfiguredNames::of_users(self.passwords.roles())]
    }
}

impl<H: RequestHead> SchemeSettings<H> for Basic {
    fn order(&self) -> u8 {
        1
    }

    fn issuers(&self) -> Vec<IssuerSettings> {
        let declares_confers = self.has_explicit_confers();
        vec![IssuerSettings { method: "basic", declares_confers, login: self.login }]
    }

    fn check(&self, context: &SettingsContext<'_, H>, mistakes: &mut Mistakes) {
        if !context.has_realm && self.passwords().has_shared_throttle() {
            mistakes.add(BuildError::RealmMissing(".basic(…)"));
        }
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, _: &AllSettings<H>, _: &mut Mistakes) {
        assembly.checks_passwords = true;
        assembly.provide(Arc::new(self.passwords().clone()));
        let login = assembly.login_source(self.login);
        let basic = (*self).prepare(assembly.realm, assembly.roles, login);
        assembly.schemes.push(Arc::new(basic));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_parsed_strictly_per_rfc_7617() {
        // BASIC-2 to BASIC-6
        let encode = |text: &[u8]| STANDARD.encode(text);
        #[rustfmt::skip]
        let good: &[(&[u8], &str, &str)] = &[
            (b"alice:pw", "alice", "pw"), (b"alice:a:b:", "alice", "a:b:"), (b"alice:", "alice", ""), (b":", "", ""),
            ("j\u{fc}rgen:\u{20ac}".as_bytes(), "j\u{fc}rgen", "\u{20ac}"),
        ];
        for (text, name, password) in good {
            let read = read(&encode(text)).unwrap();
            assert_eq!((read.name(), read.password()), (*name, *password));
        }
        let long = encode(&[&[b'a'; 1024][..], b":b"].concat());
        let controls: Vec<_> = [b"a:\0", b"a:\r", b"a\n:", b"a:\x7f"].iter().map(|text| encode(*text)).collect();
        let no_colon = encode(b"alice");
        let latin_1 = encode(b"j\xfcrgen:x");
        let bad = ["YTpi=", "YTpiYw", "YTpiY-_=", "YTp=", "YTpiYx==", "YTpi YTpi", &long, &no_colon, &latin_1];
        for text in bad.into_iter().chain(controls.iter().map(String::as_str)) {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(!format!("{:?}", read(&encode(b"alice:canary")).unwrap()).contains("canary"), "LOG-1");
    }
}
