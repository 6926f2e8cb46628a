//! Sessions of others: to end them, or to change their roles.

use auth_core::Id;
use auth_core::audit::EventKind;
use auth_core::scheme::session::{SessionInfo, SessionKey, SessionStoreError, SessionVerifier};

use super::Auth;

impl Auth {
    /// Ends all sessions of somebody, everywhere: who is dismissed, disabled, or has a new password. In a store that several
    /// realms share, in all of them. How many there were.
    ///
    /// # Errors
    /// The store is out of reach; then they have not ended.
    pub async fn end_sessions(&self, id: &Id) -> Result<u64, SessionStoreError> {
        let Some(sessions) = self.engine().part::<SessionVerifier>() else { return Ok(0) };
        let ended = sessions.end_all(id, None).await?;
        self.engine().record_of(EventKind::LoggedOut, id);
        Ok(ended)
    }

    /// The live sessions of somebody, and those where they act for another: the oldest first.
    ///
    /// # Errors
    /// The store is out of reach.
    pub async fn sessions_of(&self, id: &Id) -> Result<Vec<SessionInfo>, SessionStoreError> {
        match self.engine().part::<SessionVerifier>() {
            Some(sessions) => sessions.of(id).await,
            None => Ok(Vec::new()),
        }
    }

    /// Ends one of [`sessions_of`](Self::sessions_of). Whether it was one of them.
    ///
    /// # Errors
    /// The store is out of reach; then it has not ended.
    pub async fn end_session(&self, id: &Id, key: SessionKey) -> Result<bool, SessionStoreError> {
        let Some(sessions) = self.engine().part::<SessionVerifier>() else { return Ok(false) };
        let ended = sessions.end_one(id, key).await?;
        if ended {
            self.engine().record_of(EventKind::LoggedOut, id);
        }
        Ok(ended)
    }

    /// Gives all live sessions of somebody these roles, from their next request on. Sessions of users that the builder
    /// [was given](crate::AuthBuilder::users) read them again by themselves. How many there were.
    ///
    /// # Errors
    /// The store is out of reach; then some may have the roles from before.
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
