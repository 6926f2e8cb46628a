//! Settings about the callers of tokens: whether they log in, and who they are without a subject.

use super::Jwt;
use crate::identity::issuer::{LoginContext, LoginSetting, LoginSource};

/// Whether tokens are logins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LoginSettings {
    setting: LoginSetting,
    vouches_for_email: bool,
    context: LoginContext,
}

impl LoginSettings {
    /// Returns the effect of the tokens.
    pub(super) const fn source(self) -> LoginSource {
        LoginSource { vouches_for_email: self.vouches_for_email, ..self.context.source(self.setting) }
    }
}

impl Jwt {
    /// States that these credentials are logins of accounts. See [`AuthBuilder::accounts`]. Required, or
    /// [`keeps_own_identity`](Self::keeps_own_identity), if there are several issuers and accounts. A single issuer logs in by
    /// default.
    ///
    /// [`AuthBuilder::accounts`]: https://docs.rs/auth-actix/latest/auth_actix/struct.AuthBuilder.html#method.accounts
    #[must_use]
    pub fn logs_in(self) -> Self {
        self.login_setting(LoginSetting::LogsIn)
    }

    /// States that these credentials are not logins: their callers keep their own identity and have no account.
    #[must_use]
    pub fn keeps_own_identity(self) -> Self {
        self.login_setting(LoginSetting::OwnIdentity)
    }

    /// Trusts the issuer for the email addresses of its users: that `email_verified: true` means that the address is the caller's, and
    /// that it never assigns the address to another user. Without this, [`Login::verified_email`] is `None`, because at many issuers
    /// users choose their address. An account that is found by an address of another person would be taken over.
    ///
    /// [`Login::verified_email`]: https://docs.rs/auth-actix/latest/auth_actix/identity/struct.Login.html#method.verified_email
    #[must_use]
    pub fn vouches_for_email(mut self) -> Self {
        self.logins.vouches_for_email = true;
        self
    }

    /// Accepts tokens without `sub` as tokens of the client that `client_id` or another [claim for the client's
    /// id](Self::client_id_claim) names. By default they are invalid. Also applies to introspection responses.
    #[must_use]
    pub fn clients_without_subject(mut self) -> Self {
        self.conditions.clients_without_subject = true;
        self
    }

    /// Accepts tokens without `sub` as tokens of the client with this name. By default they are invalid. Use it for an application that
    /// signs its own tokens, which state rights and no caller. All of them have one identity.
    ///
    /// # Errors
    /// `build()` returns an error if the name is empty, or beside [`clients_without_subject`](Self::clients_without_subject) or
    /// [`access_token_profile`](Self::access_token_profile).
    #[must_use]
    pub fn without_subject(mut self, name: impl Into<String>) -> Self {
        self.conditions.without_subject = Some(name.into());
        self.once("without_subject")
    }

    fn login_setting(mut self, setting: LoginSetting) -> Self {
        self.logins.setting = setting;
        self.once("logs_in")
    }

    /// Returns whether tokens log in.
    pub(crate) fn login(&self) -> LoginSetting {
        self.logins.setting
    }

    /// Sets the context of the settings about logins, which is known at start-up.
    pub(crate) fn set_login_context(&mut self, context: LoginContext) {
        self.logins.context = context;
    }
}
