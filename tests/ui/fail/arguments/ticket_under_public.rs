use auth_actix::{Ticket, public};

#[public]
async fn ticket(ticket: Ticket) -> String {
    ticket.into_string()
}

fn main() {}
