//! The relation of an issuer to the accounts of the application.

/// Whether the credentials of an issuer are logins, and what they state about accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginSource {
    /// The effect of a credential.
    pub policy: LoginPolicy,
    /// Whether a verified email address in a token is that of the caller.
    pub vouches_for_email: bool,
    /// Whether the credentials are tokens of login sessions, which the application issues after a login.
    pub is_login_session: bool,
}

/// The effect of a credential on the identity of its caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginPolicy {
    /// The credential keeps its own identity. It is not a login.
    #[default]
    OwnIdentity,
    /// The credential is a login, and the application has no accounts.
    LogsIn,
    /// The credential is a login, and the account of the caller is loaded.
    LoadsAccount,
}

impl LoginSource {
    /// Returns whether the credentials are logins.
    pub(crate) const fn logs_in(self) -> bool {
        !matches!(self.policy, LoginPolicy::OwnIdentity)
    }

    /// Returns whether the accounts of the callers are loaded.
    #[inline]
    pub const fn loads_account(self) -> bool {
        matches!(self.policy, LoginPolicy::LoadsAccount)
    }
}

/// The statement of the settings of an issuer about logins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginSetting {
    /// Nothing.
    #[default]
    Unset,
    /// The credentials log in.
    LogsIn,
    /// The credentials keep their own identity.
    OwnIdentity,
}

/// The context in which a [`LoginSetting`] applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginContext {
    /// Whether there is one issuer, which then logs in by default.
    pub is_only_issuer: bool,
    /// Whether the application has accounts.
    pub has_accounts: bool,
}

impl LoginContext {
    /// Returns the effect of the credentials of an issuer with this setting.
    pub(crate) const fn source(self, setting: LoginSetting) -> LoginSource {
        let policy = match setting {
            LoginSetting::OwnIdentity => LoginPolicy::OwnIdentity,
            LoginSetting::Unset if !self.is_only_issuer => LoginPolicy::OwnIdentity,
            _ if self.has_accounts => LoginPolicy::LoadsAccount,
            _ => LoginPolicy::LogsIn,
        };
        LoginSource { policy, vouches_for_email: false, is_login_session: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_issuer_logs_in_by_default_and_several_do_not() {
        // ACCT-3
        use LoginPolicy::{LoadsAccount, LogsIn, OwnIdentity};
        let table = [
            (LoginSetting::Unset, true, true, LoadsAccount),
            (LoginSetting::Unset, true, false, LogsIn),
            (LoginSetting::Unset, false, true, OwnIdentity),
            (LoginSetting::Unset, false, false, OwnIdentity),
            (LoginSetting::LogsIn, false, true, LoadsAccount),
            (LoginSetting::LogsIn, false, false, LogsIn),
            (LoginSetting::OwnIdentity, true, true, OwnIdentity),
        ];
        for (setting, is_only_issuer, has_accounts, expected) in table {
            let context = LoginContext { is_only_issuer, has_accounts };
            assert_eq!(context.source(setting).policy, expected, "{setting:?} {context:?}");
        }
    }
}
