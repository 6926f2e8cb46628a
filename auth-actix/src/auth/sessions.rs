//! Administration of users' sessions: list, end, and change roles.

use auth_core::Id;
use auth_core::audit::EventKind;
use auth_core::scheme::session::{SessionInfo, SessionKey, SessionStoreError, SessionVerifier};

use super::Auth;

impl Auth {
    /// Ends all sessions of a user in all instances that share the store. Call it when a user is dismissed or disabled, or has a
    /// new password. For the id of an account, sessions that do not contain the account yet end when they are used next. If several realms share the store, it ends the sessions in all of them. Returns the number of ended sessions,
    /// which is 0 without [`session`](crate::AuthBuilder::session).
    ///
    /// # Errors
    /// The store is unavailable. The sessions have not ended.
    pub async fn end_sessions(&self, id: &Id) -> Result<u64, SessionStoreError> {
        let Some(sessions) = self.engine().part::<SessionVerifier>() else { return Ok(0) };
        let ended = sessions.end_all(id, None).await?;
        self.engine().record_of(EventKind::LoggedOut, id);
        Ok(ended)
    }

    /// Returns the live sessions of a user, oldest first. Sessions in which the user acts as another user are included.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn sessions_of(&self, id: &Id) -> Result<Vec<SessionInfo>, SessionStoreError> {
        match self.engine().part::<SessionVerifier>() {
            Some(sessions) => sessions.of(id).await,
            None => Ok(Vec::new()),
        }
    }

    /// Ends one of the user's [`sessions_of`](Self::sessions_of). Returns whether the user had a session with this key.
    ///
    /// # Errors
    /// The store is unavailable. The session has not ended.
    pub async fn end_session(&self, id: &Id, key: SessionKey) -> Result<bool, SessionStoreError> {
        let Some(sessions) = self.engine().part::<SessionVerifier>() else { return Ok(false) };
        let ended = sessions.end_one(id, key).await?;
        if ended {
            self.engine().record_of(EventKind::LoggedOut, id);
        }
        Ok(ended)
    }

    /// Replaces the roles in all live sessions of a user. The new roles apply from the next request. Sessions of users in
    /// [`AuthBuilder::users`](crate::AuthBuilder::users) reload their roles automatically. Returns the number of changed sessions,
    /// which is 0 without [`session`](crate::AuthBuilder::session).
    ///
    /// # Errors
    /// The store is unavailable. Some sessions may still have the old roles.
    pub async fn change_roles(
        &self,
        id: &Id,
        roles: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<u64, SessionStoreError> {
        let roles: Vec<String> = roles.into_iter().map(Into::into).collect();
        let Some(sessions) = self.engine().part::<SessionVerifier>() else { return Ok(0) };
        let changed = sessions.change_roles(id, &roles).await?;
        self.engine().record_of(EventKind::RolesChanged, id);
        Ok(changed)
    }
}
