//! Settings about logins with the tokens of an issuer.

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
