use auth_actix::list::Columns;

struct TeamId(i64);

#[derive(Columns)]
#[columns(table = "posts")]
struct Post {
    id: i64,
    team: TeamId,
}

fn main() {}
