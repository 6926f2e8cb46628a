//! Login at an OpenID provider (OpenID Connect Core 1.0 §3.1, RFC 9700 §2.1). The browser is redirected to the provider and returns
//! with a code. The code is exchanged for an ID token, which identifies the user.
//!
//! # Why
//! An attacker who makes a browser return with the attacker's code logs its user in to the attacker's account. Therefore the state,
//! the nonce, the PKCE verifier and the other parameters of the login are kept in a sealed cookie of the browser, which is valid
//! for one return. The server does not store pending logins. An ID token is verified like any token of the provider, with keys that
//! are fetched in the same way.

mod sealed;
mod settings;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::{Url, form_urlencoded};

use self::sealed::Seal;
use self::settings::ToSession;
pub use self::settings::{LoginError, OidcLogin};
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::NameKind;
use crate::oidc::discovery::{ClientRegistration, DiscoveryCache, HttpClient, OK, ProviderMetadata};
use crate::runtime::clock::{self, Timestamp};
use crate::runtime::concurrency_limit::ConcurrencyLimit;
use crate::runtime::single_flight::SingleFlightCache;
use crate::scheme::bearer::Bearer;
use crate::scheme::session::{CookieSettings, NewSession};

/// Maximum time until the browser returns from the provider.
const LASTS: Duration = Duration::from_secs(10 * 60);
/// Maximum number of recorded states. A state is recorded when the browser returns, so that it is accepted only once.
const MOST_USED: usize = 100_000;
/// Maximum number of concurrent code exchanges.
const AT_A_TIME: usize = 32;
const MOST_BYTES: usize = 64 * 1024;
/// Maximum length of the return path, in bytes. Longer paths are replaced by `/`, since several login cookies must fit into a
/// request.
const LONGEST_RETURN: usize = 512;
/// Maximum number of pending logins per browser.
const MOST_ON_THEIR_WAY: usize = 4;
/// Tolerance for a provider clock that is behind.
const SKEW: Duration = Duration::from_secs(60);

/// The relying party: logs users in at a provider.
pub struct RelyingParty {
    issuer: String,
    tokens: Bearer,
    provider: Arc<DiscoveryCache>,
    client: HttpClient,
    registered: ClientRegistration,
    redirect: String,
    path: String,
    scopes: String,
    seal: Seal,
    plain_http: bool,
    used: SingleFlightCache<String, ()>,
    concurrency: Arc<ConcurrencyLimit>,
    to_session: Option<Arc<ToSession>>,
}

/// The contents of the sealed cookie of a pending login.
#[derive(Serialize, Deserialize)]
struct OnItsWay {
    state: String,
    nonce: String,
    verifier: String,
    return_to: String,
    began: i64,
    anew: bool,
}

/// The parameters of a login.
#[derive(Clone, Debug, Default)]
pub struct ReturnTarget {
    /// The path on this site to return to after the login.
    pub return_to: String,
    /// Whether the user must log in again even if the provider has a session.
    pub anew: bool,
    /// The requested assurance levels, of which one is sufficient.
    pub acr_values: Option<String>,
}

/// A login that has begun: the redirect and the cookies for the browser.
pub struct Begun {
    /// The authorization URL at the provider.
    pub location: String,
    /// The `Set-Cookie` lines: the sealed state of this login, and the deletion of abandoned logins.
    pub cookies: Vec<String>,
}

/// A login that is complete.
pub struct Returned {
    /// The contents of the new session.
    pub login: NewSession,
    /// The path on this site to return to, as given at the beginning of the login.
    pub return_to: String,
    /// The `Set-Cookie` line that deletes the sealed state.
    pub delete_cookie: String,
}

fn failed(cause: &'static str) -> Denial {
    Denial::refused(SchemeId::Session, Reason::LoginFailed, cause)
}

fn unavailable(cause: &'static str) -> Denial {
    Denial::refused(SchemeId::Session, Reason::AuthenticationUnavailable(RetryAfter::seconds(2)), cause)
}

fn random() -> Result<String, Denial> {
    let mut bytes = [0; 32];
    let cause = "the operating system provides no random numbers";
    getrandom::fill(&mut bytes).map_err(|_| Denial::refused(SchemeId::Session, Reason::SetUp, cause))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl RelyingParty {
    /// Returns the path of the redirect URI.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the settings of the cookie of a login. Each login has its own cookie, so that concurrent logins do not interfere.
    fn cookie(&self, state: &str) -> CookieSettings {
        CookieSettings::of_login(state.get(..8).unwrap_or_default(), self.plain_http)
    }

    /// Begins a login. `cookies` are the cookie lines of the request. If too many logins are pending in this browser, all of them
    /// are abandoned.
    ///
    /// # Errors
    /// 503 if the provider is unavailable.
    pub async fn begin<'a>(
        &self,
        wanted: ReturnTarget,
        cookies: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Begun, Denial> {
        let on_their_way = CookieSettings::of_logins(cookies, self.plain_http);
        let given_up = if on_their_way.len() < MOST_ON_THEIR_WAY { Vec::new() } else { on_their_way };
        let metadata = self.provider.metadata(&self.client, false).await.map_err(|failed| {
            tracing::warn!(target: "auth_core", issuer = %self.issuer, %failed, "the provider metadata is unavailable: no login can begin");
            unavailable("the provider is unavailable")
        })?;
        let endpoint = metadata.authorization_endpoint.as_ref();
        let endpoint =
            endpoint.ok_or_else(|| unavailable("the provider metadata contains no authorization endpoint"))?;
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let mut location: Url = endpoint.url().clone();
        let mut query = location.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.registered.id)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", &self.scopes)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)))
            .append_pair("code_challenge_method", "S256");
        if wanted.anew {
            // `max_age` makes the provider include the login time in the ID token.
            query.append_pair("prompt", "login").append_pair("max_age", "0");
        }
        if let Some(values) = &wanted.acr_values {
            query.append_pair("acr_values", values);
        }
        drop(query);
        let return_to = if wanted.return_to.len() > LONGEST_RETURN { "/".to_owned() } else { wanted.return_to };
        let (began, anew) = (clock::now().seconds(), wanted.anew);
        let cookie = self.cookie(&state);
        let sealed = serde_json::to_vec(&OnItsWay { state, nonce, verifier, return_to, began, anew });
        let sealed = sealed.ok().and_then(|sealed| self.seal.close(sealed));
        let sealed = sealed
            .ok_or_else(|| Denial::refused(SchemeId::Session, Reason::SetUp, "the login state cannot be sealed"))?;
        let given_up = given_up.iter().map(CookieSettings::delete);
        let cookies = given_up.chain([cookie.set(&sealed, Some(LASTS))]).collect();
        Ok(Begun { location: location.into(), cookies })
    }

    /// Completes a login. `query` is the query of the provider's redirect, and `cookies` are the cookie lines of the request.
    ///
    /// # Errors
    /// The login did not begin recently in this browser, was completed before, was refused by the provider, or does not match the
    /// response. 503 if the provider is unavailable.
    pub async fn finish<'a>(
        &self,
        query: &str,
        cookies: impl Iterator<Item = &'a [u8]>,
        client: Option<IpAddr>,
    ) -> Result<Returned, Denial> {
        self.finished(query, cookies, client).await.map_err(|denial| match denial.reason.response().status {
            // The response must not redirect to the login: the URL contains a code, and the redirects would loop.
            status if is_of_client(status) && !matches!(denial.reason, Reason::AccessBlocked) => {
                Denial { reason: Reason::LoginFailed, ..denial }
            }
            _ => denial,
        })
    }

    async fn finished<'a>(
        &self,
        query: &str,
        cookies: impl Iterator<Item = &'a [u8]>,
        client: Option<IpAddr>,
    ) -> Result<Returned, Denial> {
        let query = CallbackQuery::read(query)?;
        let cookie = self.cookie(&query.state);
        let sealed = cookie.value(cookies).ok_or_else(|| {
            failed("the login cookie is missing: the login began in another browser, or has expired (state)")
        })?;
        let sealed = std::str::from_utf8(sealed).ok().and_then(|sealed| self.seal.open(sealed));
        let sealed = sealed.and_then(|sealed| serde_json::from_slice(&sealed).ok());
        let on_its_way: OnItsWay = sealed.ok_or_else(|| failed("the login cookie was not sealed by this server"))?;
        if !bool::from(on_its_way.state.as_bytes().ct_eq(query.state.as_bytes())) {
            return Err(failed("the login cookie belongs to another login (state)"));
        }
        if clock::now() >= Timestamp::from_seconds(on_its_way.began).plus(LASTS) {
            return Err(failed("the login was not completed in time"));
        }
        let metadata = self.provider.metadata(&self.client, false).await;
        let metadata = metadata.map_err(|_| unavailable("the provider is unavailable"))?;
        // A state is accepted only once, so that a used URL from a browser history is worthless.
        if self.used.get(&on_its_way.state).is_some() {
            return Err(failed("the login was already completed (state)"));
        }
        self.used.put(on_its_way.state.clone(), (), LASTS);
        // With two providers, the response of one must not be used with the other (RFC 9207 §2.4).
        match &query.issuer {
            Some(issuer) if *issuer != self.issuer => {
                return Err(failed("the response is from another provider (iss)"));
            }
            None if metadata.says_who_answers => {
                return Err(failed("the response does not name its provider (iss)"));
            }
            _ => {}
        }
        let code = query.code.ok_or_else(|| failed("the provider returned an error in place of a code (error)"))?;
        let token = self.exchange(&metadata, &code, &on_its_way.verifier, client).await?;
        let who = self.tokens.verify_later(&token, client).await.map_err(|denial| match denial.reason {
            Reason::AuthenticationUnavailable(_) => Denial { scheme: Some(SchemeId::Session), ..denial },
            _ => failed("the ID token is invalid"),
        })?;
        self.check(&who, &on_its_way)?;
        Ok(Returned { login: self.login(&who), return_to: on_its_way.return_to, delete_cookie: cookie.delete() })
    }

    /// Exchanges a code for an ID token.
    async fn exchange(
        &self,
        metadata: &ProviderMetadata,
        code: &str,
        verifier: &str,
        client: Option<IpAddr>,
    ) -> Result<String, Denial> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: Option<String>,
        }
        let endpoint = metadata.token_endpoint.as_ref();
        let endpoint = endpoint.ok_or_else(|| unavailable("the provider metadata contains no token endpoint"))?;
        let permit =
            self.concurrency.acquire(client).await.ok_or_else(|| unavailable("too many concurrent code exchanges"))?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect.as_str()),
            ("code_verifier", verifier),
        ];
        let answer = self.client.post(endpoint, &self.registered, &form, MOST_BYTES, permit).await;
        let (status, body) = answer.map_err(|failed| {
            tracing::warn!(target: "auth_core", issuer = %self.issuer, %failed, "the code cannot be exchanged");
            unavailable("the provider is unavailable")
        })?;
        match status {
            OK => {
                let tokens: Option<Tokens> = serde_json::from_slice(&body).ok();
                tokens
                    .and_then(|tokens| tokens.id_token)
                    .ok_or_else(|| failed("the token response contains no ID token"))
            }
            // The provider rejected the client, not the user. An administrator must correct the settings.
            status if is_of_client(status) && is_about_us(&body) => {
                tracing::error!(target: "auth_core", issuer = %self.issuer, status, "the provider rejected the client id or the client secret");
                Err(unavailable("the provider rejected the client id or the client secret"))
            }
            status if is_of_client(status) => Err(failed("the provider rejected the code")),
            _ => Err(unavailable("the token endpoint failed")),
        }
    }

    /// Performs the checks of an ID token that are not common to all tokens (OpenID Connect Core 1.0 §3.1.3.7).
    fn check(&self, who: &Principal, on_its_way: &OnItsWay) -> Result<(), Denial> {
        // An actor must not be logged in as the subject of the token (H16).
        if who.actor().is_some() {
            return Err(failed("the ID token contains an actor (act)"));
        }
        let earliest = Timestamp::from_seconds(on_its_way.began).minus(SKEW);
        if on_its_way.anew && who.authenticated_at().is_none_or(|at| at < earliest) {
            return Err(failed("the provider did not authenticate the user again (auth_time)"));
        }
        let text = |name: &str| who.registered(name).and_then(|value| value.string());
        let said = text("nonce").unwrap_or_default();
        if !bool::from(said.as_bytes().ct_eq(on_its_way.nonce.as_bytes())) {
            return Err(failed("the ID token belongs to another login (nonce)"));
        }
        let several = who.registered("aud").and_then(|aud| aud.elements()).is_some_and(|all| all.count() > 1);
        match text("azp") {
            Some(party) if *party != *self.registered.id => Err(failed("the ID token is for another client (azp)")),
            None if several => Err(failed("the ID token has several audiences and no authorized party (azp)")),
            _ => Ok(()),
        }
    }

    fn login(&self, who: &Principal) -> NewSession {
        let login = match &self.to_session {
            Some(to_session) => to_session(who),
            None => {
                let ((roles, all), (permissions, _)) = (who.listed(NameKind::Role), who.listed(NameKind::Permission));
                let login = NewSession::user(who.local_subject()).roles(roles).permissions(permissions);
                // If the ID token omits roles or permissions, they must be unknown in the session too (C4).
                let omitted = serde_json::json!({ "roles": "id_token", "permissions": "id_token" });
                if all { login } else { login.claim("_claim_names", omitted) }
            }
        };
        let login = login.subject(who.local_subject()).issuer(who.issuer()).authenticated_at(who.authenticated_at());
        match who.acr() {
            Some(acr) => login.acr(acr),
            None => login,
        }
    }
}

impl fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelyingParty").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// The parameters of the provider's redirect (RFC 6749 §4.1.2, RFC 9207 §2).
struct CallbackQuery {
    state: String,
    code: Option<String>,
    issuer: Option<String>,
}

impl CallbackQuery {
    /// Rejects duplicate parameters, since another parser may use the other value.
    fn read(text: &str) -> Result<Self, Denial> {
        let [mut state, mut code, mut issuer] = [None, None, None];
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let place = match &*name {
                "state" => &mut state,
                "code" => &mut code,
                "iss" => &mut issuer,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(failed("a parameter of the response is repeated"));
            }
        }
        let is_state = |state: &String| URL_SAFE_NO_PAD.decode(state).is_ok_and(|bytes| bytes.len() == 32);
        let state = state.filter(is_state).ok_or_else(|| failed("the response contains no valid state"))?;
        Ok(Self { state, code, issuer })
    }
}

const fn is_of_client(status: u16) -> bool {
    status / 100 == 4
}

/// Returns whether the error concerns the client instead of the code (RFC 6749 §5.2).
fn is_about_us(body: &[u8]) -> bool {
    let error: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    matches!(error.get("error").and_then(|error| error.as_str()), Some("invalid_client" | "unauthorized_client"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_login_of_an_earlier_version_is_read() {
        const TEXT: &str =
            r#"{"state":"s","nonce":"n","verifier":"v","return_to":"/a?b","began":1764054000,"anew":true}"#;
        let read: OnItsWay = serde_json::from_str(TEXT).unwrap();
        assert_eq!([read.state.as_str(), &read.nonce, &read.verifier, &read.return_to], ["s", "n", "v", "/a?b"]);
        assert!(read.began == 1_764_054_000 && read.anew);
        assert_eq!(serde_json::to_string(&read).unwrap(), TEXT);
    }
}
