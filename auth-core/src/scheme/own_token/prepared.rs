//! All token sources of an application, and the checks among them.

use std::sync::Arc;

use super::authenticator::OwnTokens;
use super::settings::Tokens;
use super::source::TokenSource;
use super::tokens_error::TokensError;
use crate::client::RequestHead;
use crate::identity::issuer::LoginSetting;
use crate::scheme::ForeignTokens;
use crate::scheme::build_error::{BuildError, Mistakes};
use crate::scheme::settings::{AllSettings, Assembly, IssuerSettings, SchemeSettings, SettingsContext};
use crate::scheme::token_place::TokenPlace;

/// The settings of all token sources.
#[derive(Default)]
pub struct TokenSources(pub Vec<Tokens>);

impl TokenSources {
    /// Returns the mistakes between the settings of two sources.
    fn conflicts(&self) -> Vec<(String, TokensError)> {
        let mut found = Vec::new();
        for (index, tokens) in self.0.iter().enumerate() {
            let before = self.0.get(..index).unwrap_or_default();
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
            if let Some(other) = self.0.iter().find(takes) {
                found.push((tokens.name().to_owned(), TokensError::FixedHasPrefix(other.name().to_owned())));
            }
            let same = |other: &Tokens| matches!((other.fixed_secret(), tokens.fixed_secret()), (Some(one), Some(other)) if one == other);
            if before.iter().any(same) {
                found.push((tokens.name().to_owned(), TokensError::FixedIsAnotherSecret));
            }
        }
        found
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
        self.0.iter().map(stated).collect()
    }

    fn accept_opaque_tokens(&self) -> usize {
        self.0.iter().filter(|tokens| tokens.is_opaque()).count()
    }

    fn reads_tokens_in(&self, place: TokenPlace<'_>) -> bool {
        self.0.iter().any(|tokens| tokens.is_read_in(place))
    }

    fn check(&self, context: &SettingsContext<'_, H>, mistakes: &mut Mistakes) {
        for (name, error) in self.conflicts() {
            mistakes.add(BuildError::Tokens { name, error });
        }
        let opaque: usize = context.settings.iter().map(SchemeSettings::accept_opaque_tokens).sum();
        for tokens in &self.0 {
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
        let mut sources: Vec<TokenSource> = Vec::new();
        for tokens in self.0 {
            let name = tokens.name().to_owned();
            let login = assembly.logins.source(setting(&tokens));
            match tokens.prepare(assembly.realm, assembly.roles, login) {
                Ok(source) => sources.push(source),
                Err(error) => mistakes.add(BuildError::Tokens { name, error }),
            }
        }
        let leaves = |place: TokenPlace<'_>| others.iter().any(|settings| settings.reads_tokens_in(place));
        let tokens = Arc::new(OwnTokens::new(sources, leaves));
        let (headers, claims) = (tokens.header_names(), Arc::clone(&tokens));
        let recognizes = Box::new(move |place: TokenPlace<'_>, token: &[u8]| claims.claims(place, token));
        assembly.provide(Arc::new(ForeignTokens { recognizes, headers }));
        assembly.schemes.push(tokens);
    }
}
