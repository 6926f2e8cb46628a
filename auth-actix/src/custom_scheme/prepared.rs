//! Validation and preparation of custom schemes, and authentication with them.

use std::sync::Arc;

use actix_web::HttpRequest;
use auth_core::denial::{Denial, Reason, RetryAfter};
use auth_core::identity::issuer::{Confers, Issuer};
use auth_core::identity::scheme_id::{CustomSchemeId, SchemeId, is_token};
use auth_core::matrix::CredentialPlace;
use auth_core::runtime::timeout;
use auth_core::scheme::build_error::{BuildError, Mistakes};
use auth_core::scheme::settings::{AllSettings, Assembly, IssuerSettings, SchemeSettings, SettingsContext};
use auth_core::scheme::{self, Credential, Extracted, RequestView, SyntaxError, Verification};

use crate::adapter::Actix;

use super::{AuthenticateError, CustomScheme};

/// The settings of all custom schemes.
#[derive(Default)]
pub(crate) struct CustomSchemes(pub(crate) Vec<CustomScheme>);

impl CustomSchemes {
    /// Prepares one scheme after those in `before`.
    fn prepare_one(
        own: CustomScheme,
        slot: u8,
        assembly: &Assembly<'_, Actix>,
        before: &[Prepared],
    ) -> Result<Prepared, BuildError> {
        let name = own.name();
        let scheme = CustomSchemeId::new(name, own.is_sent_by_browsers(), slot);
        let is_free = before.iter().all(|other| !other.source().scheme.name().eq_ignore_ascii_case(name));
        let scheme = scheme.filter(|_| is_free).ok_or(BuildError::SchemeName(name))?;
        let header = own.header();
        if header.as_ref().is_some_and(|header| !is_own_header(header)) {
            return Err(BuildError::SchemeHeader(name, header.unwrap_or_default()));
        }
        Ok(own.prepare(scheme, assembly))
    }
}

impl SchemeSettings<Actix> for CustomSchemes {
    fn order(&self) -> u8 {
        1
    }

    fn issuers(&self) -> Vec<IssuerSettings> {
        let stated = |own: &CustomScheme| IssuerSettings {
            method: "scheme",
            declares_confers: own.says_what_it_confers(),
            login: own.login,
        };
        self.0.iter().map(stated).collect()
    }

    fn check(&self, context: &SettingsContext<'_, Actix>, mistakes: &mut Mistakes) {
        if self.0.len() > CustomSchemeId::MOST {
            mistakes.add(BuildError::TooManySchemes);
        }
        // If only the number of proxies is configured, any peer that reaches this server counts as one.
        let believes_proxies = |own: &&CustomScheme| own.comes_from_a_proxy() && !context.names_proxies;
        for own in self.0.iter().filter(believes_proxies) {
            mistakes.add(BuildError::SchemeWithoutProxy(own.name()));
        }
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, Actix>, _: &AllSettings<Actix>, mistakes: &mut Mistakes) {
        let mut prepared: Vec<Prepared> = Vec::new();
        for (own, slot) in self.0.into_iter().take(CustomSchemeId::MOST).zip(0..) {
            let own = Self::prepare_one(own, slot, assembly, &prepared);
            prepared.extend(mistakes.collect(own.map(Some)));
        }
        assembly.schemes.extend(prepared.into_iter().map(|own| Arc::new(own) as _));
    }
}

/// Returns whether the header can be the separate header of a credential. Headers that browsers set themselves cannot.
fn is_own_header(name: &str) -> bool {
    let taken = ["authorization", "cookie", "host", "proxy-authorization"];
    is_token(name) && !taken.iter().any(|other| name.eq_ignore_ascii_case(other))
}

impl CustomScheme {
    fn prepare(self, scheme: &'static CustomSchemeId, assembly: &Assembly<'_, Actix>) -> Prepared {
        let confers = self.confers.clone().unwrap_or_else(Confers::everything);
        let issuer = format!("scheme:{}", self.name());
        let source = Issuer::of_builder(&issuer, SchemeId::Custom(scheme), confers, assembly.roles.clone());
        let source = Issuer { login: assembly.login_source(self.login), ..source };
        Prepared { header: self.header(), ambient: self.is_ambient(), sources: [Arc::new(source)], scheme: self }
    }
}

/// A validated scheme.
pub(crate) struct Prepared {
    scheme: CustomScheme,
    sources: [Arc<Issuer>; 1],
    header: Option<String>,
    ambient: bool,
}

impl Prepared {
    pub(crate) fn source(&self) -> &Arc<Issuer> {
        let [source] = &self.sources;
        source
    }

    fn deny(&self, reason: Reason, cause: &'static str) -> Denial {
        Denial::refused(self.source().scheme, reason, cause)
    }

    async fn authenticate(&self, request: &HttpRequest) -> Result<auth_core::Principal, Denial> {
        let asked = async { self.scheme.authenticator.authenticate(request).await };
        let described = timeout::with_timeout(asked).await.unwrap_or(Err(AuthenticateError::Unavailable));
        let described = described.map_err(|rejected| match rejected {
            AuthenticateError::Invalid => {
                self.deny(Reason::InvalidCredentials, "the custom scheme rejected the credential")
            }
            AuthenticateError::Expired => {
                self.deny(Reason::ExpiredCredentials, "the custom scheme reported an expired credential")
            }
            AuthenticateError::Revoked => {
                self.deny(Reason::RevokedCredentials, "the custom scheme reported a revoked credential")
            }
            AuthenticateError::Unavailable => {
                self.deny(Reason::AuthenticationUnavailable(RetryAfter::seconds(5)), "the custom scheme is unavailable")
            }
        })?;
        let principal = described.of(self.source());
        let principal =
            principal.map_err(|_| self.deny(Reason::SetUp, "the custom scheme returned an empty subject"))?;
        let ended = principal.expires_at().is_some_and(|end| end <= auth_core::runtime::clock::now());
        if ended { Err(self.deny(Reason::ExpiredCredentials, "the credential has expired")) } else { Ok(principal) }
    }
}

impl scheme::Authenticator<Actix> for Prepared {
    fn scheme(&self) -> SchemeId {
        self.source().scheme
    }

    fn sources(&self) -> &[Arc<Issuer>] {
        &self.sources
    }

    fn is_ambient(&self) -> bool {
        self.ambient
    }

    fn headers(&self) -> Vec<&str> {
        let cookies = self.ambient.then_some("cookie");
        self.header.as_deref().into_iter().chain(cookies).chain(self.scheme.authenticator.headers()).collect()
    }

    fn extract<'r>(&self, view: &RequestView<'r, Actix>) -> Extracted<'r> {
        let scheme = self.source().scheme;
        let authenticator = &self.scheme.authenticator;
        match &self.header {
            Some(header) => match view.head.bytes(header).count() {
                0 => Extracted::Absent,
                1 => Credential::new(scheme, "").into(),
                _ => Extracted::Refused(SyntaxError::malformed(Some(scheme), "the header of a credential is repeated")),
            },
            None if self.ambient => {
                let counts = view.is_from_proxy() || !authenticator.comes_from_a_proxy();
                match counts && authenticator.is_presented(view.head.0) {
                    true => Credential::new(scheme, "").into(),
                    false => Extracted::Absent,
                }
            }
            None => match view.authorization.of_custom_scheme(self.scheme.name()) {
                None => Extracted::Absent,
                Some(Ok(())) => Credential::in_authorization(scheme, "").into(),
                Some(Err(error)) => Extracted::Refused(error),
            },
        }
    }

    fn verify<'r>(&'r self, _: Credential<'r>, view: &RequestView<'r, Actix>) -> Verification<'r> {
        Verification::pending(self.authenticate(view.head.0))
    }

    fn places(&self, _: &Issuer) -> Vec<CredentialPlace> {
        vec![self.header.clone().map_or(CredentialPlace::Authorization, CredentialPlace::Header)]
    }
}
