//! The answers of a literal, and how they combine.
//!
//! # Why
//! A single three-valued "unknown" cannot distinguish "a better credential would decide it" (401) from "it cannot be known" (403),
//! and its negation would admit anonymous callers. Each literal therefore answers plain questions, which combine by plain and/or.

/// The answers of a literal, or of an entire rule, for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Truth {
    /// Whether the literal or rule holds for the request as it is.
    pub now: bool,
    /// Whether the literal or rule could hold if the request had another credential that this server accepts.
    pub could: bool,
    /// Whether the literal or rule could hold if, in addition, every data source were available. Differs from `could` only if a
    /// source is unavailable.
    pub could_if_reached: bool,
}

impl Truth {
    /// Holds for the request as it is.
    pub const HOLDS: Self = Self { now: true, could: true, could_if_reached: true };
    /// Does not hold, but could with another credential.
    pub const COULD: Self = Self { now: false, could: true, could_if_reached: true };
    /// Does not hold, and no credential would change that. Also the answer for unknown facts, in both polarities.
    pub const NO: Self = Self { now: false, could: false, could_if_reached: false };
    /// Does not hold because its data source is unavailable. It might hold otherwise.
    pub const OUT_OF_REACH: Self = Self { now: false, could: false, could_if_reached: true };

    /// Returns the answers for a settled fact, which no credential changes.
    pub const fn settled(holds: bool) -> Self {
        if holds { Self::HOLDS } else { Self::NO }
    }

    /// Returns the answers for a fact that holds now, or could after another login.
    pub const fn renewable(holds: bool) -> Self {
        if holds { Self::HOLDS } else { Self::COULD }
    }

    /// Returns the conjunction of both.
    pub const fn and(self, other: Self) -> Self {
        Self {
            now: self.now & other.now,
            could: self.could & other.could,
            could_if_reached: self.could_if_reached & other.could_if_reached,
        }
    }

    /// Returns the disjunction of both.
    pub const fn or(self, other: Self) -> Self {
        Self {
            now: self.now | other.now,
            could: self.could | other.could,
            could_if_reached: self.could_if_reached | other.could_if_reached,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth;

    #[test]
    fn truth_components_fold_by_boolean_and_or() {
        let all = [Truth::HOLDS, Truth::COULD, Truth::NO, Truth::OUT_OF_REACH];
        for a in all {
            for b in all {
                assert_eq!(a.and(b).now, a.now && b.now);
                assert_eq!(a.and(b).could, a.could && b.could);
                assert_eq!(a.or(b).could_if_reached, a.could_if_reached || b.could_if_reached);
                assert_eq!(a.or(b).now, a.now || b.now);
                for folded in [a.and(b), a.or(b)] {
                    assert!(!folded.now || folded.could, "what holds now could hold");
                    assert!(!folded.could || folded.could_if_reached, "a source in reach takes nothing away");
                }
            }
        }
    }
}
