//! Prints the cost of a guard. See `auth-load --help`.
#![allow(clippy::print_stdout, reason = "the table is the output of the program")]

use std::time::Instant;

use auth_load::Outcome;
use auth_load::case::{Case, Who};
use auth_load::subject::Subject;
use auth_load::workers::{self, Traffic, Workers};
use auth_load::{measure, meter};

#[global_allocator]
static ALLOCATOR: meter::Counting = meter::Counting;

const HELP: &str = "\
auth-load [--quick | --full] [--only TEXT]...
    Prints a table of all cases, or of those whose names contain TEXT. Times are meaningful only with --release, and never fail.
auth-load --markdown
    Prints the ratios and the allocations of all cases as Markdown.
auth-load --start-up
    Prints the cost of registering routes.
auth-load --workers
    Prints the contention of workers that share a cache.
auth-load --list
    Prints the names of all cases.
auth-load --callgrind WHO CASE [COUNT]
    Runs one case for valgrind, as instructions.sh does. WHO is bare, hand, guarded or raw.
auth-load --allocations WHO CASE
    Prints the backtrace of each allocation of one request, innermost frame first. Requires a debug build.";

/// Number of batches per subject. A ratio is their median.
const QUICK: usize = 41;
const FULL: usize = 601;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--list"] => Case::all().iter().for_each(|case| println!("{}", case.name)),
        ["--markdown"] => markdown()?,
        ["--start-up"] => start_up()?,
        ["--workers"] => workers()?,
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

/// Returns the subject, warmed up, or `None` if it has nothing to do in that case.
fn warm(who: &str, case: &str) -> Outcome<Option<Box<dyn Subject>>> {
    let who = Who::ALL.into_iter().find(|known| known.name() == who).ok_or("WHO must be bare, hand, guarded or raw")?;
    let subject = Case::named(case)?.subject(who)?;
    subject.iter().try_for_each(|subject| measure::warm(&**subject))?;
    Ok(subject)
}

fn callgrind(who: &str, case: &str, count: usize) -> Outcome<()> {
    let Some(subject) = warm(who, case)? else { return Ok(()) };
    (0..count).try_for_each(|_| subject.run(&mut |work| meter::collected(work)))
}

fn allocations(who: &str, case: &str) -> Outcome<()> {
    let subject = warm(who, case)?.ok_or("nothing is measured for WHO in this case")?;
    let mut traces = Vec::new();
    subject.run(&mut |work| traces = meter::traced(work))?;
    for (position, (size, trace)) in (1..).zip(traces) {
        println!("{position}: {size} bytes");
        let trace = trace.to_string();
        let places = trace.lines().filter_map(|line| line.trim_start().strip_prefix("at "));
        // Frames of this workspace and of actix, innermost first, without the leading folders.
        let told = places.filter_map(|place| {
            ["auth-core/", "auth-actix/", "actix-"].iter().find_map(|of| place.find(of).and_then(|at| place.get(at..)))
        });
        told.take(6).for_each(|place| println!("    {place}"));
    }
    Ok(())
}

fn table(rounds: usize, words: &[&str]) -> Outcome<()> {
    let only: Vec<&str> = words.iter().copied().filter(|word| *word != "--only").collect();
    println!(
        "{:<42}{:>8}{:>8}{:>8}{:>11}{:>8}{:>8}{:>8}{:>8}",
        "case", "x bare", "x hand", "x raw", "over raw", "allocs", "bytes", "hand", "bare"
    );
    println!("{:<42}{:>8}{:>8}{:>8}{:>11}{:>16}{:>16}", "", "", "", "", "+ bare, ns", "over bare", "allocs");
    for case in Case::all() {
        if only.is_empty() || only.iter().any(|text| case.name.contains(text)) {
            let Row { bare, hand, raw, own, allocations, bytes, by_hand, floor } = Row::of(&case, rounds)?;
            println!(
                "{:<42}{bare:>8}{hand:>8}{raw:>8}{own:>11}{allocations:>8}{bytes:>8}{by_hand:>8}{floor:>8}",
                case.name
            );
        }
    }
    println!(
        "\nMedians of {rounds} adjacent batches. Accuracy on a shared machine: 5 % for similar subjects, 20 % for cryptography against bare."
    );
    Ok(())
}

fn markdown() -> Outcome<()> {
    println!("| case | × bare | × by hand | × the signature alone | allocations over bare | by hand |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for case in Case::all() {
        let Row { bare, hand, raw, allocations, by_hand, .. } = Row::of(&case, FULL)?;
        println!("| {} | {bare} | {hand} | {raw} | {allocations} | {by_hand} |", case.name);
    }
    Ok(())
}

/// The measurements of a case, as displayed.
struct Row {
    /// Ratios of times.
    bare: String,
    hand: String,
    raw: String,
    /// Nanoseconds in excess of the bare handler and of signature verification.
    own: String,
    /// Allocations in excess of the bare handler.
    allocations: i64,
    bytes: i64,
    by_hand: i64,
    /// The allocations of the bare handler.
    floor: String,
}

impl Row {
    fn of(case: &Case, rounds: usize) -> Outcome<Self> {
        let (mut who, mut subjects) = (Vec::new(), Vec::new());
        for one in Who::ALL {
            if let Some(subject) = case.subject(one)? {
                who.push(one);
                subjects.push(subject);
            }
        }
        let measured = measure::beside_each_other(&subjects, rounds)?;
        let of = |one| who.iter().zip(&measured).find(|(who, _)| **who == one).map(|(_, measured)| measured);
        let ours = of(Who::Guarded).ok_or("ours is measured in each case")?;
        let over = |one| shown(of(one).map(|other| ours.over(other)), 2);
        let time = |one: Who, round: usize| of(one).and_then(|one| one.times.get(round)).copied().unwrap_or(0.0);
        let own =
            ours.times.iter().enumerate().map(|(round, ours)| ours - time(Who::Bare, round) - time(Who::Raw, round));
        let tally = |who| of(who).map(|one| one.tally);
        let (bare, hand) = (tally(Who::Bare), tally(Who::Hand).unwrap_or_default());
        let floor = bare.unwrap_or_default();
        Ok(Self {
            bare: over(Who::Bare),
            hand: over(Who::Hand),
            raw: over(Who::Raw),
            own: shown(measure::median(own.collect()), 0),
            allocations: ours.tally.allocations as i64 - floor.allocations as i64,
            bytes: ours.tally.bytes as i64 - floor.bytes as i64,
            by_hand: hand.allocations as i64 - floor.allocations as i64,
            floor: bare.map_or("-".to_owned(), |bare| bare.allocations.to_string()),
        })
    }
}

fn start_up() -> Outcome<()> {
    println!("{:<28}{:>14}{:>14}{:>10}", "start-up", "us a route", "bare", "x bare");
    for routes in [100, 1_000, 4_000] {
        let case = Case::of_routes(routes);
        let time = |who| -> Outcome<f64> {
            let once = || -> Outcome<f64> {
                let start = Instant::now();
                case.subject(who)?;
                Ok(start.elapsed().as_micros() as f64 / routes as f64)
            };
            let times = (0..5).map(|_| once()).collect::<Outcome<Vec<_>>>()?;
            Ok(measure::median(times).unwrap_or(f64::NAN))
        };
        let (ours, bare) = (time(Who::Guarded)?, time(Who::Bare)?);
        println!("{:<28}{ours:>14.2}{bare:>14.2}{:>10.2}", format!("{routes} routes"), ours / bare);
    }
    Ok(())
}

fn workers() -> Outcome<()> {
    println!(
        "{:<28}{:>10}{:>10}{:>10}{:>16}",
        "ns a token (EdDSA)", "1 worker", "2 workers", "2 x 1", "x without cache"
    );
    for traffic in Traffic::ALL {
        let Workers { one, two, without_cache } = workers::measure(traffic, 31)?;
        let (shared, gained) = (two / one, one / without_cache);
        println!("{:<28}{one:>10.0}{two:>10.0}{shared:>10.2}{gained:>16.3}", traffic.name());
    }
    Ok(())
}

fn shown(figure: Option<f64>, places: usize) -> String {
    figure.map_or("-".to_owned(), |figure| format!("{figure:.places$}"))
}
