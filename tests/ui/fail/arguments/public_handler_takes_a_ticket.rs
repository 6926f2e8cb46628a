use auth_actix::public;
use auth_actix::jwt::Ticket;

#[public]
async fn ticket(ticket: Ticket) -> String {
    ticket.into_string()
}

fn main() {}
