//! Settings of one value, whose second call would silently undo the first.

/// The names of settings that were made.
#[derive(Clone, Debug, Default)]
pub struct SetOnce {
    made: Vec<&'static str>,
    repeated: Option<&'static str>,
}

impl SetOnce {
    /// Takes note of a setting of one value.
    pub fn note(&mut self, name: &'static str) {
        if self.has(name) {
            self.repeated.get_or_insert(name);
        }
        self.add(name);
    }

    /// Takes note of a setting whose calls add up.
    pub fn add(&mut self, name: &'static str) {
        self.made.push(name);
    }

    /// Whether the setting was made.
    pub fn has(&self, name: &str) -> bool {
        self.made.contains(&name)
    }

    /// The first setting of one value that was made twice.
    pub const fn repeated(&self) -> Option<&'static str> {
        self.repeated
    }
}
