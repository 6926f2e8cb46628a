//! Construction of an `Auth` from its settings.

use std::sync::Arc;

use auth_core::engine::build::Built;
use auth_core::oidc::protected_resource::ProtectedResource;

use super::{Auth, AuthBuilder, AuthInner, BuildError};
use crate::respond::ResponseSettings;

impl AuthBuilder {
    /// Validates the settings and prepares keys and verifiers. Opens no connection.
    ///
    /// # Errors
    /// Settings are invalid. The error lists all of them.
    pub fn build(self) -> Result<Auth, BuildError> {
        let Built { engine, realm, accepted, login_page, sign_up_page, problem_base, in_memory } =
            self.engine.build()?;
        let metadata = engine.resource().map(ProtectedResource::metadata);
        let mut answers = ResponseSettings::new(&realm, accepted, login_page, metadata);
        answers.renderer = self.renderer;
        answers.texts = self.texts;
        answers.sign_up_page = sign_up_page;
        if let Some(base) = problem_base {
            answers.base = base;
        }
        let auth = Auth(Arc::new(AuthInner { engine, answers, in_memory }));
        self.links.iter().for_each(|link| link.set(&auth));
        Ok(auth)
    }
}
