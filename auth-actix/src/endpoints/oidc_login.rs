//! Login at an OpenID provider: the start of the flow, and its redirect URI.

use actix_web::http::header::{COOKIE, HeaderName, HeaderValue, REFERRER_POLICY, SET_COOKIE};
use actix_web::web::{self, Query};
use actix_web::{HttpRequest, HttpResponse, Resource};
use auth_core::client::address::PeerOrClient;
use auth_core::denial::{Denial, Reason};
use auth_core::scheme::session::oidc_login::{RelyingParty, ReturnTarget};
use serde::Deserialize;

use crate::auth::Auth;
use crate::extract::session::{LOGIN, Session};
use crate::respond::{self, LocalPath};
use crate::scope::{GuardedService, guarded};

/// The query of the login endpoint.
#[derive(Deserialize)]
struct ReturnQuery {
    return_to: Option<String>,
    acr_values: Option<String>,
}

impl Auth {
    /// Returns the endpoint that starts a login at the provider of [`oidc_login`](crate::AuthBuilder::oidc_login), at the
    /// [`login_page`](crate::AuthBuilder::login_page) or at `/login`. It redirects the browser to the provider, and accepts the
    /// query parameter `return_to`. Register it, and the [callback](Self::oidc_callback), in a scope whose path is empty.
    ///
    /// ```
    /// use actix_web::App;
    /// use auth_actix::Auth;
    /// use auth_actix::oidc::OidcLogin;
    /// use auth_actix::session::Sessions;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = OidcLogin::new("https://id.example", "reports", "its secret", "https://reports.example/login/callback");
    /// let auth = Auth::builder().session(Sessions::memory()).oidc_login(login).build()?;
    /// let scope = auth.scope("").service(auth.oidc_login()).service(auth.oidc_callback()).service(auth.logout("/logout"));
    /// App::new().service(scope);
    /// # Ok(())
    /// # }
    /// ```
    pub fn oidc_login(&self) -> GuardedService<Resource> {
        let page = self.responses().login_page().unwrap_or("/login");
        let path = page.split('?').next().unwrap_or(page);
        guarded(&LOGIN, web::resource(path).route(web::get().to(begin)).route(web::head().to(begin)))
    }

    /// Returns the callback endpoint, at the path of the redirect URI. It completes the login and begins the session.
    pub fn oidc_callback(&self) -> GuardedService<Resource> {
        let path = self.engine().part::<RelyingParty>().map_or("/login/callback", RelyingParty::path);
        guarded(&LOGIN, web::resource(path).route(web::get().to(finish)))
    }
}

impl Session {
    /// Returns the client of the provider.
    fn relying_party(&self) -> Result<&RelyingParty, Denial> {
        self.auth().engine().part::<RelyingParty>().ok_or_else(|| {
            let cause = Some("no login at a provider is configured: call `.oidc_login(…)`");
            Denial { cause, ..Denial::new(Reason::SetUp) }
        })
    }
}

/// Starts the login. A user with a live session was redirected here by a handler that requires more, so the provider is asked to
/// authenticate the user again.
async fn begin(session: Session, asked: Query<ReturnQuery>) -> HttpResponse {
    match begun(&session, asked.into_inner()).await {
        Ok(response) => response,
        Err(denial) => session.deny(denial).error_response(),
    }
}

async fn begun(session: &Session, asked: ReturnQuery) -> Result<HttpResponse, Denial> {
    let party = session.relying_party()?;
    let plain = |values: &String| {
        values.len() <= 256 && values.bytes().all(|byte| matches!(byte, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
    };
    let wanted = ReturnTarget {
        return_to: LocalPath::of(asked.return_to.as_deref()).text().to_owned(),
        anew: session.is_live().await,
        acr_values: asked.acr_values.filter(plain),
    };
    let cookies = session.request().headers().get_all(COOKIE).map(|value| value.as_bytes());
    let begun = party.begin(wanted, cookies).await?;
    let mut response = respond::see_other(&begun.location);
    response.insert_header(NO_REFERRER);
    for cookie in &begun.cookies {
        response.append_header((SET_COOKIE, header(cookie)?));
    }
    Ok(response.finish())
}

async fn finish(session: Session, request: HttpRequest) -> HttpResponse {
    match finished(&session, &request).await {
        Ok(response) => response,
        Err(denial) => {
            let mut response = session.deny(denial).error_response();
            let (name, value) = NO_REFERRER;
            response.headers_mut().insert(name, value);
            response
        }
    }
}

async fn finished(session: &Session, request: &HttpRequest) -> Result<HttpResponse, Denial> {
    let cookies = request.headers().get_all(COOKIE).map(|value| value.as_bytes());
    let client = session.auth().engine().throttled_client(request).map(PeerOrClient::address);
    let returned = session.relying_party()?.finish(request.query_string(), cookies, client).await?;
    let cookie = session.begin_at_provider(returned.login).await?;
    let to = LocalPath::of(Some(&returned.return_to));
    let mut response = respond::see_other(to.text());
    response.append_header(cookie).append_header((SET_COOKIE, header(&returned.delete_cookie)?));
    Ok(response.insert_header(NO_REFERRER).finish())
}

/// Prevents a `Referer` header: the URL contains the authorization code.
const NO_REFERRER: (HeaderName, HeaderValue) = (REFERRER_POLICY, HeaderValue::from_static("no-referrer"));

fn header(text: &str) -> Result<HeaderValue, Denial> {
    HeaderValue::from_str(text).map_err(|_| Denial::new(Reason::SetUp))
}
