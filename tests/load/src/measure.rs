//! Comparison of times in adjacent batches, which run under the same machine load.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::meter::{self, Tally};
use crate::subject::Subject;

/// Number of runs before the measurement, for one-time initialization.
const WARM: usize = 16;

/// Runs the subject until one-time initialization is complete.
///
/// # Errors
/// The subject returned an unexpected result.
pub fn warm(subject: &dyn Subject) -> Outcome<()> {
    (0..WARM).try_for_each(|_| subject.run(&mut |work| work()))
}

/// The measurements of one subject.
#[derive(Debug)]
pub struct Measured {
    /// The heap allocations of one run.
    pub tally: Tally,
    /// Nanoseconds per run, one value per round.
    pub times: Vec<f64>,
}

impl Measured {
    /// Returns the ratio of the times of this subject to those of the other one, as the median of all rounds.
    pub fn over(&self, other: &Self) -> f64 {
        median(self.times.iter().zip(&other.times).map(|(own, other)| own / other.max(1.0)).collect())
            .unwrap_or(f64::NAN)
    }
}

/// Measures all subjects, with one batch of each per round.
///
/// # Errors
/// A subject returned an unexpected result.
pub fn beside_each_other(subjects: &[Box<dyn Subject>], rounds: usize) -> Outcome<Vec<Measured>> {
    let clock = clock();
    let mut runners = Vec::new();
    for subject in subjects {
        runners.push(Runner::new(&**subject, clock)?);
    }
    for round in 0..rounds {
        // The order rotates, so that no subject always runs after the same one.
        let first = round % runners.len().max(1);
        let (before, after) = runners.split_at_mut(first);
        after.iter_mut().chain(before).try_for_each(|runner| runner.batch(clock))?;
    }
    Ok(runners.into_iter().map(|runner| Measured { tally: runner.tally, times: runner.times }).collect())
}

struct Runner<'a> {
    subject: &'a dyn Subject,
    /// Number of runs per batch.
    size: u32,
    tally: Tally,
    times: Vec<f64>,
}

impl<'a> Runner<'a> {
    fn new(subject: &'a dyn Subject, clock: Duration) -> Outcome<Self> {
        // Short enough that background load affects few batches, and not the median.
        const BATCH: Duration = Duration::from_micros(100);
        warm(subject)?;
        let mut runner = Self { subject, size: WARM as u32, tally: Tally::default(), times: Vec::new() };
        runner.batch(clock)?;
        runner.batch(clock)?;
        let once = runner.times.last().copied().unwrap_or_default().max(10.0);
        runner.size = ((BATCH.as_nanos() as f64 / once) as u32).clamp(4, 256);
        runner.times.clear();
        runner.subject.run(&mut |work| runner.tally = meter::counted(work))?;
        Ok(runner)
    }

    fn batch(&mut self, clock: Duration) -> Outcome<()> {
        let mut total = Duration::ZERO;
        for _ in 0..self.size {
            // Each run is timed separately, so that the heap is in the same state as in a server: one request at a time.
            self.subject.run(&mut |work| {
                let start = Instant::now();
                work();
                total += start.elapsed();
            })?;
        }
        self.times.push(total.saturating_sub(clock * self.size).as_nanos() as f64 / f64::from(self.size));
        Ok(())
    }
}

/// Returns the time of two clock reads.
fn clock() -> Duration {
    let once = || {
        let start = Instant::now();
        start.elapsed()
    };
    median((0..1001).map(|_| once()).collect()).unwrap_or_default()
}

/// Returns the median value.
pub fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied()
}
