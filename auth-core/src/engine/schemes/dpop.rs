//! Tokens that are bound to a key.

use std::sync::Arc;

use super::tokens::TokenSettings;
use super::{AllSettings, Assembly, SchemeSettings};
use crate::engine::build::EngineBuilder;
use crate::engine::build_error::{BuildError, Mistakes};
use crate::engine::request::Adapter;
use crate::scheme::bearer::Bearer;
use crate::scheme::dpop::{BoundTokens, Dpop};

impl<H: Adapter> SchemeSettings<H> for Dpop {
    /// After the tokens.
    fn order(&self) -> u8 {
        4
    }

    /// Those of the tokens.
    fn issuers(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    fn check(&self, builder: &EngineBuilder<H>, mistakes: &mut Mistakes) {
        if builder.realm.is_none() && self.is_shared() {
            mistakes.add(BuildError::RealmMissing(".dpop(…)"));
        }
        if !builder.schemes.get::<TokenSettings>().is_some_and(TokenSettings::has_issuers) {
            mistakes.add(BuildError::DpopWithoutTokens);
        }
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, _: &AllSettings<H>, mistakes: &mut Mistakes) {
        let proofs = mistakes.keep((*self).prepare(assembly.realm).map(Some).map_err(BuildError::Dpop));
        if let (Some(bearer), Some(proofs)) = (assembly.part::<Bearer>(), proofs) {
            assembly.schemes.push(Arc::new(BoundTokens::new(bearer, proofs)));
        }
    }
}
