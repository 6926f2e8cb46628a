//! A literal's answers, and how they fold.
//!
//! # Why
//! One three-valued "unknown" cannot say both "a better credential would settle it" (401) and "nobody can know"
//! (403), and its negation lets strangers in. So each literal answers plain questions that fold by plain and/or.

/// What a literal, or a whole rule, answers about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Truth {
    /// It holds with what the request has shown.
    pub now: bool,
    /// It could hold with a better credential that this server accepts.
    pub could: bool,
    /// It could hold, were every source in reach: differs from `could` only where a source is down.
    pub could_if_reached: bool,
}

impl Truth {
    /// Holds with what the request has shown.
    pub const HOLDS: Self = Self { now: true, could: true, could_if_reached: true };
    /// Does not hold, but another credential could make it.
    pub const COULD: Self = Self { now: false, could: true, could_if_reached: true };
    /// Does not hold, and no credential would change that. Also the answer for what is not known, in both polarities.
    pub const NO: Self = Self { now: false, could: false, could_if_reached: false };
    /// Does not hold because its source is out of reach: with the source it might.
    pub const OUT_OF_REACH: Self = Self { now: false, could: false, could_if_reached: true };

    /// For a fact that is settled: as it is now, so it stays.
    pub const fn settled(holds: bool) -> Self {
        if holds { Self::HOLDS } else { Self::NO }
    }

    /// Holds now, or could after another login.
    pub const fn renewable(holds: bool) -> Self {
        if holds { Self::HOLDS } else { Self::COULD }
    }

    /// Both have to hold.
    pub const fn and(self, other: Self) -> Self {
        Self {
            now: self.now & other.now,
            could: self.could & other.could,
            could_if_reached: self.could_if_reached & other.could_if_reached,
        }
    }

    /// One of the two is enough.
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
    fn folds_each_question_by_plain_and_or() {
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
