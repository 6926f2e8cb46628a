//! Prints the cost of other libraries for the same request, next to that of auth-actix. See `auth-peers --help`.

mod actix;
mod axum;
mod plot;

use auth_load::Outcome;
use auth_load::case::{Case, Who};
use auth_load::issuer::Algorithm;
use auth_load::measure::{Measured, beside_each_other};
use auth_load::meter;
use auth_load::subject::Subject;

#[global_allocator]
static ALLOCATOR: meter::Counting = meter::Counting;

const HELP: &str = "\
auth-peers [ROUNDS]
    Prints the table as Markdown. ROUNDS is 301 by default.
auth-peers --plot FILE [ROUNDS]
    Draws the cost of a guard by roles per token and by number of tokens, as SVG.";

/// Libraries on actix-web, listed after the hand-written check.
const ON_ACTIX: [&str; 6] = [
    "actix-web-httpauth",
    "actix-web-grants",
    "actix-web-grants over httpauth",
    "actix-permissions",
    "actix-jwt-auth-middleware",
    "axiam-sdk",
];

fn main() -> Outcome<()> {
    // With several backends enabled by other crates, jsonwebtoken requires an explicit choice.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => table(301),
        ["--plot", file] => plot::draw(file, 101),
        ["--plot", file, rounds] => plot::draw(file, rounds.parse()?),
        [rounds] if rounds.parse::<usize>().is_ok() => table(rounds.parse()?),
        _ => {
            println!("{HELP}");
            Ok(())
        }
    }
}

/// A table row: for each algorithm the ratios to the bare handler and to the hand-written check, and the additional allocations
/// over bare, if they were counted.
struct Row {
    name: String,
    cells: Vec<Option<(f64, f64)>>,
    allocations: Option<i64>,
}

fn table(rounds: usize) -> Outcome<()> {
    let mut rows: Vec<Row> = Vec::new();
    for algorithm in Algorithm::ALL {
        for (name, figures) in figures(algorithm, rounds)? {
            let row = match rows.iter().position(|row| row.name == name) {
                Some(known) => known,
                None => {
                    rows.push(Row { name, cells: Vec::new(), allocations: None });
                    rows.len() - 1
                }
            };
            if let Some(row) = rows.get_mut(row) {
                row.cells.push(figures.map(|(bare, hand, _)| (bare, hand)));
                row.allocations = row.allocations.or(figures.map(|(.., allocations)| allocations));
            }
        }
    }
    let names = Algorithm::ALL.map(|algorithm| format!("{0} × bare | × by hand", algorithm.name()));
    println!("| | {} | allocations over bare |", names.join(" | "));
    println!("| --- |{} --- |", " --- | --- |".repeat(names.len()));
    for Row { name, cells, allocations } in rows {
        let shown = |figure: f64| if figure < 10.0 { format!("{figure:.2}") } else { format!("{figure:.0}") };
        let cells = cells.into_iter().map(|cell| {
            cell.map_or("– | –".to_owned(), |(bare, hand)| format!("{} | {}", shown(bare), shown(hand)))
        });
        let allocations = allocations.map_or("–".to_owned(), |count| count.to_string());
        println!("| {name} | {} | {allocations} |", cells.collect::<Vec<_>>().join(" | "));
    }
    Ok(())
}

type Figures = Option<(f64, f64, i64)>;

fn figures(algorithm: Algorithm, rounds: usize) -> Outcome<Vec<(String, Figures)>> {
    let mut found = Vec::new();
    let ours = |name: &str, who| -> Outcome<Box<dyn Subject>> {
        Ok(Case::named(&format!("{name}/{}", algorithm.name()))?.subject(who)?.ok_or("it is measured in each case")?)
    };
    // Bare, hand-written, and the others. Each is compared with the first two in an application of the same structure.
    let subjects = [ours("call", Who::Bare)?, ours("call", Who::Hand)?, ours("call", Who::Guarded)?];
    let remembered = Case::named(&format!("remembered/{} principal", algorithm.name()))?;
    let remembered = [ours("remembered", Who::Guarded)?, remembered.subject(Who::Guarded)?.ok_or("it is measured")?];
    let measured = beside_each_other(&subjects.into_iter().chain(remembered).collect::<Vec<_>>(), rounds)?;
    let names =
        ["auth-actix, a new token", "auth-actix, a token seen before", "as above, and the handler takes the caller"];
    found.extend(
        against_the_first_two(&measured)
            .skip(1)
            .zip(["by hand (jsonwebtoken)"].into_iter().chain(names))
            .map(|(figures, name)| (name.to_owned(), Some(figures))),
    );
    let (mut names, mut subjects) = (Vec::new(), Vec::new());
    for name in ["bare", "by hand"].into_iter().chain(ON_ACTIX) {
        match actix::subject(name, algorithm)? {
            Some(subject) => {
                names.push(name);
                subjects.push(subject);
            }
            None => found.push((name.to_owned(), None)),
        }
    }
    let measured = beside_each_other(&subjects, rounds)?;
    let others = names.iter().zip(against_the_first_two(&measured)).skip(2);
    found.extend(others.map(|(name, figures)| ((*name).to_owned(), Some(figures))));
    let mut subjects = Vec::new();
    for name in ["bare", "by hand", "jwt-authorizer"] {
        subjects.push(axum::subject(name, algorithm)?.ok_or("it is one of axum's")?);
    }
    let measured = beside_each_other(&subjects, rounds)?;
    let names = ["on axum, by hand", "on axum, jwt-authorizer"];
    let others = against_the_first_two(&measured).skip(1).zip(names);
    found.extend(others.map(|(figures, name)| (name.to_owned(), Some(figures))));
    Ok(found)
}

/// Compares each measurement with the first one (bare) and the second one (hand-written).
fn against_the_first_two(measured: &[Measured]) -> impl Iterator<Item = (f64, f64, i64)> {
    let pair = measured.first().zip(measured.get(1));
    pair.into_iter().flat_map(move |(bare, hand)| {
        measured.iter().map(move |one| {
            let allocations = one.tally.allocations as i64 - bare.tally.allocations as i64;
            (one.over(bare), one.over(hand), allocations)
        })
    })
}
