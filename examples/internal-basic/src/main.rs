//! An internal tool whose users stand in a file, with a password each (HTTP Basic, RFC 7617).
//!
//! Copy this when a handful of people use a tool from browsers and scripts, and there is no identity provider to ask.
//! Lines of the file come from `add-user`, in `src/bin`; a browser asks for the password by itself. Basic sends the
//! password with each request: put TLS in front. `USERS` names the file (`users.txt` unless set), `PORT` says where the
//! server listens.
//!
//! ```text
//! cargo run -p internal-basic --bin add-user alice operator >> users.txt
//! cargo run -p internal-basic --bin internal-basic
//! ```

use std::io;

use actix_web::{App, HttpServer};
use auth_actix::Auth;
use auth_actix::password::UsersFile;

#[actix_web::main]
#[allow(clippy::print_stdout, reason = "for the person who started it")]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init(); // who was refused, and by which rule
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    // Read once. A line that cannot be used stops the start, so that nobody finds out when they log in.
    let users = UsersFile::open(std::env::var("USERS").unwrap_or("users.txt".into())).map_err(io::Error::other)?;
    let auth = Auth::builder().realm("ops").basic(users).build()?;

    let server = HttpServer::new(move || App::new().service(internal_basic::tool(&auth))).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await
}
