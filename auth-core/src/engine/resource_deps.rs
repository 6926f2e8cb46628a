//! Values with which objects are loaded, such as a connection pool. Each type has one value.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;

use crate::scheme::build_error::BuildError;

/// The values with which objects are loaded, by their types.
pub struct ResourceDeps {
    values: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    /// The types of which a second value was registered.
    repeated: Vec<&'static str>,
    /// Maximum number of objects that are loaded at once.
    pub batch_limit: usize,
}

/// Contains the unit value, for objects that are loaded without any.
impl Default for ResourceDeps {
    fn default() -> Self {
        let mut deps = Self { values: HashMap::new(), repeated: Vec::new(), batch_limit: 1_000 };
        deps.add(());
        deps
    }
}

impl ResourceDeps {
    /// Registers a value. The first value of a type is kept.
    pub fn add<T: Send + Sync + 'static>(&mut self, value: T) {
        if self.contains(TypeId::of::<T>()) {
            self.repeated.push(type_name::<T>());
        } else {
            self.values.insert(TypeId::of::<T>(), Box::new(value));
        }
    }

    /// Returns the value of a type, if one is registered.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.values.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// Returns whether a value of the type is registered.
    pub(super) fn contains(&self, id: TypeId) -> bool {
        self.values.contains_key(&id)
    }

    /// Returns the mistakes in the settings.
    pub(super) fn mistakes(&self) -> impl Iterator<Item = BuildError> {
        let repeated = self.repeated.iter().map(|kind| BuildError::ResourceDepsTwice(kind));
        repeated.chain((self.batch_limit == 0).then_some(BuildError::EmptyBatches))
    }
}
