//! API keys.

use std::sync::Arc;

use super::{AllSettings, Assembly, SchemeSettings};
use crate::engine::build::{EngineBuilder, is_field_name};
use crate::engine::build_error::{BuildError, Mistakes};
use crate::engine::request::Adapter;
use crate::scheme::api_key::ApiKeyScheme;

impl<H: Adapter> SchemeSettings<H> for ApiKeyScheme {
    fn order(&self) -> u8 {
        1
    }

    fn issuers(&self) -> Vec<(&'static str, bool)> {
        vec![("api_keys", self.says_what_it_confers())]
    }

    fn check(&self, _: &EngineBuilder<H>, mistakes: &mut Mistakes) {
        if !is_field_name(self.header_name()) {
            mistakes.add(BuildError::ApiKeyHeader(self.header_name().to_owned()));
        }
    }

    fn prepare(self: Box<Self>, assembly: &mut Assembly<'_, H>, _: &AllSettings<H>, _: &mut Mistakes) {
        let keys = (*self).prepare(assembly.realm, assembly.roles);
        assembly.schemes.push(Arc::new(keys));
    }
}
