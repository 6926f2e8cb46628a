//! All token sources of an application, and the checks among them.

use std::sync::Arc;

use super::administration::{TokenAdministration, TokenEndpoints};
use super::authenticator::OwnTokens;
use super::settings::Tokens;
use super::source::TokenSource;
use super::tokens_error::TokensError;
use crate::client::RequestHead;
use crate::identity::issuer::LoginSetting;
use crate::scheme::ForeignTokens;
use crate::scheme::build_error::{BuildError, Mistakes, TokenEndpointsError};
use crate::scheme::settings::{AllSettings, Assembly, IssuerSettings, SchemeSettings, SettingsContext};
use crate::scheme::token_place::TokenPlace;

/// The settings of all token sources.
#[derive(Default)]
pub struct TokenSources {
    /// The sources.
    pub sources: Vec<Tokens>,
    /// The path of the token endpoints.
    pub endpoints: Option<String>,
}

impl TokenSources {
    /// Returns the mistakes between the settings of two sources.
    fn conflicts(&self) -> Vec<(String, TokensError)> {
        let mut found = Vec::new();
        for (index, tokens) in self.sources.iter().enumerate() {
            let before = self.sources.get(..index).unwrap_or_default();
            if before.iter().any(|other| other.name() == tokens.name()) {
                found.push((tokens.name().to_owned(), TokensError::NameTwice));
            }
            let prefix_of = |other: &Tokens| match (other.valid_prefix(), tokens.valid_prefix()) {
                (Some(one), Some(other)) if one.overlaps(other) => Some(one.to_string()),
                _ => None,
            };
            if let Some(prefix) = before.iter().find_map(prefix_of) {
                found.push((tokens.name().to_owned(), TokensError::PrefixOverlap(prefix)));
            }
            let takes = |other: &&Tokens| match (tokens.fixed_secret(), other.valid_prefix()) {
                (Some(token), Some(prefix)) => token.starts_with(prefix.as_str()),
                _ => false,
            };
            if tokens.is_taken() {
                found.push((tokens.name().to_owned(), TokensError::OtherAuth));
            }
            if let Some(other) = self.sources.iter().find(takes) {
                found.push((tokens.name().to_owned(), TokensError::FixedHasPrefix(other.name().to_owned())));
            }
            let same = |other: &Tokens| matches!((other.fixed_secret(), tokens.fixed_secret()), (Some(one), Some(other)) if one == other);
            if before.iter().any(same) {
                found.push((tokens.name().to_owned(), TokensError::FixedIsAnotherSecret));
            }
        }
        found
    }

    /// Returns the only source whose tokens the token endpoints list, issue and revoke.
    fn source_of_endpoints(&self) -> Result<&Tokens, TokenEndpointsError> {
        let mut sources = self.sources.iter().filter(|tokens| tokens.is_for_accounts() && !tokens.is_login_sessions());
        let source = sources.next().ok_or(TokenEndpointsError::NoSource)?;
        match sources.next() {
            Some(_) => Err(TokenEndpointsError::SeveralSources),
            None if !source.is_administrable() => Err(TokenEndpointsError::ReadOnly),
            None => Ok(source),
        }
    }

    fn check_endpoints(&self) -> Result<(), TokenEndpointsError> {
        let Some(path) = &self.endpoints else { return Ok(()) };
        let is_segment = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        let is_path = path.starts_with('/') && !path.ends_with('/') && path.bytes().all(is_segment);
        if !is_path {
            return Err(TokenEndpointsError::Path);
        }
        self.source_of_endpoints().map(drop)
    }
}

/// Returns whether an account is loaded for the tokens of a source. Clients have none.
fn setting(tokens: &Tokens) -> LoginSetting {
    if tokens.is_for_accounts() { LoginSetting::LogsIn } else { LoginSetting::OwnIdentity }
}

impl<H: RequestHead> SchemeSettings<H> for TokenSources {
    /// Before bearer tokens, which leave the tokens of these sources to them.
    fn order(&self) -> u8 {
        2
    }

    fn issuers(&self) -> Vec<IssuerSettings> {
        let stated = |tokens: &Tokens| IssuerSettings {
            method: "tokens",
            declares_confers: tokens.has_explicit_confers(),
            login: setting(tokens),
        };
        self.sources.iter().map(stated).collect()
    }

    fn accept_opaque_tokens(&self) -> usize {
        self.sources.iter().filter(|tokens| tokens.is_opaque()).count()
    }

    fn reads_tokens_in(&self, place: TokenPlace<'_>) -> bool {
        self.sources.iter().any(|tokens| tokens.is_read_in(place))
    }

    fn check(&self, context: &SettingsContext<'_, H>, mistakes: &mut Mistakes) {
        for (name, error) in self.conflicts() {
            mistakes.add(BuildError::Tokens { name, error });
        }
        if let (Some(path), Err(error)) = (&self.endpoints, self.check_endpoints()) {
            mistakes.add(BuildError::TokenEndpoints(path.clone(), error));
        }
        let opaque: usize = context.settings.iter().map(SchemeSettings::accept_opaque_tokens).sum();
        for tokens in &self.sources {
            let name = || tokens.name().to_owned();
            if tokens.is_opaque() && opaque > 1 {
                mistakes.add(BuildError::Tokens { name: name(), error: TokensError::OpaqueTwice });
            }
            let signs = |secret: &str| context.settings.iter().any(|settings| settings.has_secret(secret.as_bytes()));
            if tokens.fixed_secret().is_some_and(signs) {
                mistakes.add(BuildError::Tokens { name: name(), error: TokensError::FixedIsAnotherSecret });
            }
        }
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, others: &AllSettings<H>, mistakes: &mut Mistakes) {
        if let (Some(path), Ok(source)) = (&self.endpoints, self.source_of_endpoints()) {
            let endpoints = TokenEndpoints { path: path.clone(), source: source.name().to_owned() };
            assembly.provide(Arc::new(endpoints));
        }
        let mut sources: Vec<TokenSource> = Vec::new();
        for tokens in self.sources {
            let name = tokens.name().to_owned();
            let login = assembly.logins.source(setting(&tokens));
            match tokens.prepare(assembly.realm, assembly.roles, login) {
                Ok(source) => sources.push(source),
                Err(error) => mistakes.add(BuildError::Tokens { name, error }),
            }
        }
        let leaves = |place: TokenPlace<'_>| others.iter().any(|settings| settings.reads_tokens_in(place));
        let sources: Arc<[TokenSource]> = sources.into();
        assembly.provide(Arc::new(TokenAdministration::new(Arc::clone(&sources))));
        let tokens = Arc::new(OwnTokens::new(sources, leaves, assembly.sink.clone()));
        let (headers, claims) = (tokens.header_names(), Arc::clone(&tokens));
        let recognizes = Box::new(move |place: TokenPlace<'_>, token: &[u8]| claims.claims(place, token));
        assembly.provide(Arc::new(ForeignTokens { recognizes, headers }));
        assembly.schemes.push(tokens);
    }
}
