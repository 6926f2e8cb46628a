//! Databases and Rust compare floats differently.
use auth_actix::list::Columns;

#[derive(Columns)]
#[columns(table = "posts")]
struct Post {
    id: i64,
    score: f64,
}

fn main() {}
