//! HTTP Basic.

use std::sync::Arc;

use super::{AllSettings, Assembly, SchemeSettings};
use crate::engine::build::EngineBuilder;
use crate::engine::build_error::{BuildError, Mistakes};
use crate::engine::request::Adapter;
use crate::scheme::basic::Basic;

impl<H: Adapter> SchemeSettings<H> for Basic {
    fn order(&self) -> u8 {
        1
    }

    fn issuers(&self) -> Vec<(&'static str, bool)> {
        vec![("basic", self.says_what_it_confers())]
    }

    fn check(&self, builder: &EngineBuilder<H>, mistakes: &mut Mistakes) {
        if builder.realm.is_none() && self.passwords().are_counted_together() {
            mistakes.add(BuildError::RealmMissing(".basic(…)"));
        }
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, _: &AllSettings<H>, _: &mut Mistakes) {
        assembly.checks_passwords = true;
        assembly.provide(Arc::new(self.passwords().clone()));
        let basic = (*self).prepare(assembly.realm, assembly.roles);
        assembly.schemes.push(Arc::new(basic));
    }
}
