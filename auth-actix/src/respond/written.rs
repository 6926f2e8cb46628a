//! Responses that are serialized once.

use std::sync::OnceLock;

/// A bounded cache of values that are serialized once for each key. Values beyond its capacity are not cached.
pub(super) struct Written<K, V, const ROOM: usize>([OnceLock<(K, V)>; ROOM]);

impl<K: PartialEq + Copy, V: Clone, const ROOM: usize> Written<K, V, ROOM> {
    pub(super) fn none() -> Self {
        Self(std::array::from_fn(|_| OnceLock::new()))
    }

    pub(super) fn get(&self, key: K, write: impl Fn() -> V) -> V {
        let mut known = self.0.iter().map(|slot| slot.get_or_init(|| (key, write())));
        known.find(|(of, _)| *of == key).map_or_else(&write, |(_, value)| value.clone())
    }
}
