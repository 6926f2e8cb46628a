//! How tokens spell the names of a vocabulary: one that a token carries is found at once, however many there are.
#![allow(clippy::indexing_slicing, reason = "const code has no `get`; every index is bounded by the loop around it")]

/// Names and aliases, with the indices of the names. Written by the derives.
#[derive(Clone, Copy, Debug)]
pub struct NameIndex {
    all: &'static [(&'static str, u16)],
    /// By hash: one that has it.
    first: &'static [u16],
    /// For each: another one that has its hash.
    next: &'static [u16],
}

/// No other one.
const NONE: u16 = u16::MAX;

impl NameIndex {
    /// So few that each of them is looked at.
    pub const fn few(all: &'static [(&'static str, u16)]) -> Self {
        Self { all, first: &[], next: &[] }
    }

    /// Any number, with what [`first`] and [`next`] make of them.
    pub const fn many(all: &'static [(&'static str, u16)], first: &'static [u16], next: &'static [u16]) -> Self {
        Self { all, first, next }
    }

    /// Each of them.
    pub const fn all(&self) -> &'static [(&'static str, u16)] {
        self.all
    }

    /// The index of what is name_index so.
    pub(super) fn find(&self, text: &str) -> Option<u16> {
        if self.first.is_empty() {
            return self.all.iter().find(|(name, _)| *name == text).map(|(_, index)| *index);
        }
        let mut at = *self.first.get(bucket(text, self.first.len()))?;
        loop {
            let (name, index) = self.all.get(usize::from(at))?;
            if *name == text {
                return Some(*index);
            }
            at = *self.next.get(usize::from(at))?;
        }
    }
}

/// For each of `BUCKETS` hashes, one of those that have it; in a const.
pub const fn first<const BUCKETS: usize>(all: &[(&'static str, u16)]) -> [u16; BUCKETS] {
    let (mut first, mut at) = ([NONE; BUCKETS], 0);
    while at < all.len() {
        first[bucket(all[at].0, BUCKETS)] = at as u16;
        at += 1;
    }
    first
}

/// For each of all `COUNT`, another one that has its hash among `buckets`; in a const.
pub const fn next<const COUNT: usize, const BUCKETS: usize>(all: &[(&'static str, u16)]) -> [u16; COUNT] {
    let (mut first, mut next, mut at) = ([NONE; BUCKETS], [NONE; COUNT], 0);
    while at < COUNT {
        let bucket = bucket(all[at].0, BUCKETS);
        next[at] = first[bucket];
        first[bucket] = at as u16;
        at += 1;
    }
    next
}

/// FNV-1a. Who chooses names that collide finds the list of one bucket, and cannot make it longer.
const fn bucket(text: &str, buckets: usize) -> usize {
    let (bytes, mut hash, mut at) = (text.as_bytes(), 0x811C_9DC5_u32, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash as usize % buckets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spelt_so_is_found_whether_or_not_others_have_its_hash() {
        const ALL: &[(&str, u16)] =
            &[("admin", 0), ("root", 0), ("editor", 1), ("viewer", 2), ("", 3), ("caf\u{e9}", 4), ("a\0b", 5)];
        const COUNT: usize = ALL.len();
        fn by_hash<const BUCKETS: usize>() -> NameIndex {
            let (first, next) = (first::<BUCKETS>(ALL), next::<COUNT, BUCKETS>(ALL));
            NameIndex::many(ALL, Box::leak(Box::new(first)), Box::leak(Box::new(next)))
        }
        for name_index in [NameIndex::few(ALL), by_hash::<1>(), by_hash::<3>(), by_hash::<16>()] {
            for (name, index) in ALL {
                assert_eq!(name_index.find(name), Some(*index), "{name:?}");
            }
            for other in ["Admin", "admi", "admin ", "cafe", "a", "b", "\0"] {
                assert_eq!(name_index.find(other), None, "{other:?}");
            }
        }
        assert_eq!(NameIndex::few(&[]).find(""), None);
    }
}
