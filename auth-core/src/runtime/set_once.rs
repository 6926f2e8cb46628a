//! Settings of one value, whose second call would silently undo the first.

/// The names of settings that were made.
#[derive(Clone, Debug, Default)]
pub struct SetOnce {
    made: Vec<&'static str>,
    repeated: Vec<&'static str>,
}

impl SetOnce {
    /// Takes note of a setting of one value.
    pub fn note(&mut self, name: &'static str) {
        if self.has(name) && !self.repeated.contains(&name) {
            self.repeated.push(name);
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

    /// The settings of one value that were made twice.
    pub fn repeated(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.repeated.iter().copied()
    }
}
