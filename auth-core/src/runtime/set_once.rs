//! Detection of single-value settings that are made twice, where the second call would silently undo the first.

/// The names of the settings that were made.
#[derive(Clone, Debug, Default)]
pub struct SetOnce {
    made: Vec<&'static str>,
    repeated: Vec<&'static str>,
}

impl SetOnce {
    /// Records a call of a single-value setting.
    pub fn note(&mut self, name: &'static str) {
        if self.has(name) && !self.repeated.contains(&name) {
            self.repeated.push(name);
        }
        self.add(name);
    }

    /// Records a call of a setting whose calls add up.
    pub fn add(&mut self, name: &'static str) {
        self.made.push(name);
    }

    /// Returns whether the setting was made.
    pub fn has(&self, name: &str) -> bool {
        self.made.contains(&name)
    }

    /// Returns the single-value settings that were made more than once.
    pub fn repeated(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.repeated.iter().copied()
    }
}
