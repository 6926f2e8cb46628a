//! Settings of open mode.

use std::any::Any;
use std::sync::Arc;

use auth_core::identity::rights::Rights;

use super::AuthBuilder;

impl AuthBuilder {
    /// Accepts requests without authentication (open mode), for a server that only its own machine can reach. `why` is the reason. The
    /// warning at each start and the access matrix contain it.
    ///
    /// The caller of every request is the user `administrator` of the issuer `local`, with `rights`. A credential in a request is ignored.
    /// Rules are decided as usual, but every denial is 403, because no credential could help. `claim`, `acr`, `max_age`, `login` and the
    /// absence of a role never hold. Rules that no request can satisfy are allowed, so that an application can register the same handlers
    /// with and without authentication.
    ///
    /// Each request, also of a `#[public]` handler, must
    ///
    /// - come from a loopback address, without a header that indicates a proxy, unless [`beyond_loopback`](Self::beyond_loopback) is set
    ///   (403 `access-blocked`);
    /// - name a loopback host or one of [`hosts`](Self::hosts) (403 `cross-site-request`), because by DNS rebinding the pages of another
    ///   host can reach this one;
    /// - pass the cross-site check if its method is not safe or it asks for an `Upgrade` (403 `cross-site-request`). Pages on other ports
    ///   of this machine are other sites. [`origins`](Self::origins) accepts them.
    ///
    /// Services without a rule (`unguarded`) are not checked.
    ///
    /// ```
    /// use auth_actix::identity::Rights;
    /// use auth_actix::{Auth, Jwt};
    ///
    /// let builder = Auth::builder();
    /// let builder = match std::env::var("JWT_SECRET") {
    ///     Ok(secret) => builder.bearer(Jwt::hs256(secret).issuer("https://id.example").audience("reports")),
    ///     Err(_) => builder.open("JWT_SECRET is not set", Rights::everything()),
    /// };
    /// let auth = builder.build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`build`](Self::build) returns an error if `why` is empty, if a source of credentials is configured too, or if a proxy is configured
    /// without [`beyond_loopback`](Self::beyond_loopback).
    #[doc(alias = "insecure")]
    #[doc(alias = "no_auth")]
    pub fn open(self, why: impl Into<String>, rights: Rights) -> Self {
        self.set("open", |engine| engine.open.granted = Some((why.into(), rights)))
    }

    /// Sets the account of the caller in [open mode](Self::open), which handlers take as [`Caller`](crate::Caller). Its id and its rights
    /// are those that the provider of [`accounts`](Self::accounts) returns for it. The provider is not asked to find it. Without this
    /// setting, a handler that takes a `Caller` fails at start-up.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use auth_actix::Auth;
    /// use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Rights};
    /// struct Member { id: i64 }
    /// struct Members;
    /// impl Accounts for Members {
    ///     type Account = Member;
    ///     type Error = Infallible;
    ///     const KINDS: &'static [&'static str] = &["member"];
    ///     async fn find(&self, _: &Login<'_>) -> Result<Lookup<Member>, Infallible> { Ok(Lookup::NotFound) }
    ///     fn account_id(&self, member: &Member) -> AccountId { AccountId::new("member", member.id) }
    /// }
    /// let open = Auth::builder().open("this is a notebook", Rights::everything());
    /// let auth = open.accounts(Members).local_account(Member { id: 1 }).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`build`](Self::build) returns an error without [`open`](Self::open), or if the account is not of the type of the provider.
    pub fn local_account(self, account: impl Any + Send + Sync) -> Self {
        self.set("local_account", |engine| engine.open.local_account = Some(Arc::new(account)))
    }

    /// Accepts requests of other machines in [open mode](Self::open): from any peer, and through proxies. Each request must still name a
    /// loopback host or one of [`hosts`](Self::hosts), and pass the cross-site check. Everyone who can reach the server then has the
    /// rights of open mode.
    ///
    /// # Errors
    /// [`build`](Self::build) returns an error without [`open`](Self::open).
    pub fn beyond_loopback(self) -> Self {
        self.with(|engine| engine.open.beyond_loopback = true)
    }
}
