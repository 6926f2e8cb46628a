use std::time::SystemTime;

use auth_actix::list::ColumnType;

#[derive(ColumnType)]
struct Created(SystemTime);

fn main() {}
