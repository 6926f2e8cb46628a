//! The evaluation of a condition on a row.

use smallvec::SmallVec;

use super::{Condition, Form, Op};

impl<R: 'static> Condition<R> {
    /// Returns whether the condition holds for the row. An unknown condition does not hold.
    pub fn holds(&self, row: &R) -> bool {
        match &self.0 {
            Form::All => true,
            Form::None => false,
            Form::Tree(ops) => result(ops, row) == Some(true),
        }
    }
}

/// Returns the result for a row. `None` is unknown.
fn result<R>(ops: &[Op<R>], row: &R) -> Option<bool> {
    let mut known: SmallVec<[Option<bool>; 16]> = SmallVec::new();
    for op in ops {
        let result = match op {
            Op::Leaf(leaf) => leaf.result(row),
            Op::Not => known.pop().flatten().map(|result| !result),
            Op::All(count) => combined(false, &mut known, *count),
            Op::Any(count) => combined(true, &mut known, *count),
        };
        known.push(result);
    }
    known.pop().flatten()
}

/// Returns the result of a conjunction or disjunction. One operand with the value `settles` settles it.
fn combined(settles: bool, known: &mut SmallVec<[Option<bool>; 16]>, count: usize) -> Option<bool> {
    let start = known.len().saturating_sub(count);
    let mut all = Some(!settles);
    for one in known.drain(start..) {
        match one {
            Some(value) if value == settles => all = one,
            None if all != Some(settles) => all = None,
            _ => {}
        }
    }
    all
}
