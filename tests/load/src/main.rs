//! Prints what a guard costs. `auth-load --help` says how.
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::time::{Duration, Instant};

use auth_load::Outcome;
use auth_load::case::{Case, Who};
use auth_load::meter::{self, Tally};
use auth_load::subject::Subject;

#[global_allocator]
static ALLOCATOR: meter::Counting = meter::Counting;

const HELP: &str = "\
auth-load [--quick | --full] [--only TEXT]...
    A table of all cases, or of those whose names contain TEXT. Times mean something with --release alone, and fail nothing.
auth-load --list
    Their names.
auth-load --callgrind WHO CASE [COUNT]
    Runs one case for valgrind, as instructions.sh does. WHO is bare, hand, guarded or raw.
auth-load --allocations WHO CASE
    Shows where each allocation of one request comes from, from the inside out. Needs a debug build.";

/// How many batches of each a ratio is the median of.
const QUICK: usize = 41;
const FULL: usize = 601;

/// Runs before anything counts, so that what is made once is there.
const WARM: usize = 16;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--list"] => Case::all().iter().for_each(|case| println!("{}", case.name)),
        ["--callgrind", who, case] => callgrind(who, case, 64)?,
        ["--callgrind", who, case, count] => callgrind(who, case, count.parse()?)?,
        ["--allocations", who, case] => allocations(who, case)?,
        ["--full", words @ ..] => table(FULL, words)?,
        ["--quick", words @ ..] => table(QUICK, words)?,
        [] | ["--only", ..] => table(QUICK, &arguments.iter().map(String::as_str).collect::<Vec<_>>())?,
        _ => println!("{HELP}"),
    }
    Ok(())
}

/// The subject, warm; `None` where this one has nothing to do in that case.
fn warm(who: &str, case: &str) -> Outcome<Option<Subject>> {
    let who = Who::ALL.into_iter().find(|known| known.name() == who).ok_or("WHO is bare, hand, guarded or raw")?;
    let subject = Case::named(case)?.subject(who)?;
    for _ in 0..WARM {
        subject.iter().try_for_each(|subject| subject.run(|work| work()))?;
    }
    Ok(subject)
}

fn callgrind(who: &str, case: &str, count: usize) -> Outcome<()> {
    let Some(subject) = warm(who, case)? else { return Ok(()) };
    (0..count).try_for_each(|_| subject.run(meter::collected))
}

fn allocations(who: &str, case: &str) -> Outcome<()> {
    let subject = warm(who, case)?.ok_or("there is nothing to do")?;
    let mut traces = Vec::new();
    subject.run(|work| traces = meter::traced(work))?;
    for (position, (size, trace)) in (1..).zip(traces) {
        println!("{position}: {size} bytes");
        let trace = trace.to_string();
        let places = trace.lines().filter_map(|line| line.trim_start().strip_prefix("at "));
        // Of ours and of actix, from the inside out, without the folders around.
        let told = places.filter_map(|place| {
            ["auth-core/", "auth-actix/", "actix-"].iter().find_map(|of| place.find(of).and_then(|at| place.get(at..)))
        });
        told.take(6).for_each(|place| println!("    {place}"));
    }
    Ok(())
}

/// One of the subjects of a case, and how many runs make a batch.
struct Runner {
    who: Who,
    subject: Subject,
    batch: u32,
    tally: Tally,
}

impl Runner {
    fn new(who: Who, subject: Subject, clock: Duration) -> Outcome<Self> {
        // Short enough that a busy machine spoils few batches and the median none.
        const BATCH: Duration = Duration::from_micros(100);
        let mut runner = Self { who, subject, batch: WARM as u32, tally: Tally::default() };
        runner.time(clock)?;
        let once = runner.time(clock)?.max(10.0);
        runner.batch = ((BATCH.as_nanos() as f64 / once) as u32).clamp(4, 256);
        runner.subject.run(|work| runner.tally = meter::counted(work))?;
        Ok(runner)
    }

    /// Nanoseconds a run, of one batch.
    fn time(&self, clock: Duration) -> Outcome<f64> {
        let mut total = Duration::ZERO;
        for _ in 0..self.batch {
            // The clock is around each run, so that the heap looks as it does in a server: one request at a time.
            self.subject.run(|work| {
                let start = Instant::now();
                work();
                total += start.elapsed();
            })?;
        }
        Ok(total.saturating_sub(clock * self.batch).as_nanos() as f64 / f64::from(self.batch))
    }
}

/// What it takes to read the clock twice.
fn clock() -> Duration {
    let once = || {
        let start = Instant::now();
        start.elapsed()
    };
    median((0..1001).map(|_| once()).collect()).unwrap_or_default()
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied()
}

fn table(rounds: usize, words: &[&str]) -> Outcome<()> {
    let only: Vec<&str> = words.iter().copied().filter(|word| *word != "--only").collect();
    println!(
        "{:<42}{:>8}{:>8}{:>8}{:>11}{:>8}{:>8}{:>8}{:>8}",
        "case", "x bare", "x hand", "x raw", "over raw", "allocs", "bytes", "hand", "bare"
    );
    println!("{:<42}{:>8}{:>8}{:>8}{:>11}{:>16}{:>16}", "", "", "", "", "+ bare, ns", "over bare", "allocs");
    let clock = clock();
    for case in Case::all() {
        if only.is_empty() || only.iter().any(|text| case.name.contains(text)) {
            println!("{}", row(&case, rounds, clock)?);
        }
    }
    println!(
        "\nMedians of {rounds} batches beside each other. On a shared machine: like things to 5 %, crypto against bare to 20 %."
    );
    Ok(())
}

fn row(case: &Case, rounds: usize, clock: Duration) -> Outcome<String> {
    let mut runners = Vec::new();
    for who in Who::ALL {
        if let Some(subject) = case.subject(who)? {
            runners.push(Runner::new(who, subject, clock)?);
        }
    }
    // By round, then in the order of `Who::ALL`.
    let mut times = Vec::new();
    for round in 0..rounds {
        let mut neighbours = [None; Who::ALL.len()];
        // The order turns, so that none always runs on what another one left.
        for position in 0..runners.len() {
            let runner = runners.get((round + position) % runners.len()).ok_or("nobody runs")?;
            if let Some(time) = neighbours.get_mut(runner.who as usize) {
                *time = Some(runner.time(clock)?);
            }
        }
        times.push(neighbours);
    }
    let over = |who: Who| {
        let ratio = |[bare, hand, guarded, raw]: &[Option<f64>; 4]| {
            let other = [bare, hand, guarded, raw].into_iter().nth(who as usize).copied().flatten()?;
            guarded.map(|guarded| guarded / other.max(1.0))
        };
        shown(median(times.iter().filter_map(ratio).collect()), 2)
    };
    let own = |[bare, _, guarded, raw]: &[Option<f64>; 4]| Some((*guarded)? - bare.unwrap_or(0.0) - raw.unwrap_or(0.0));
    let own = shown(median(times.iter().filter_map(own).collect()), 0);
    let tally = |who| runners.iter().find(|runner| runner.who == who).map(|runner| runner.tally);
    let (bare, hand) = (tally(Who::Bare), tally(Who::Hand).unwrap_or_default());
    let (guarded, floor) = (tally(Who::Guarded).unwrap_or_default(), bare.unwrap_or_default());
    Ok(format!(
        "{:<42}{:>8}{:>8}{:>8}{own:>11}{:>8}{:>8}{:>8}{:>8}",
        case.name,
        over(Who::Bare),
        over(Who::Hand),
        over(Who::Raw),
        guarded.allocations as i64 - floor.allocations as i64,
        guarded.bytes as i64 - floor.bytes as i64,
        hand.allocations as i64 - floor.allocations as i64,
        bare.map_or("-".to_owned(), |bare| bare.allocations.to_string()),
    ))
}

fn shown(figure: Option<f64>, places: usize) -> String {
    figure.map_or("-".to_owned(), |figure| format!("{figure:.places$}"))
}
