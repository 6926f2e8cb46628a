//! An internal tool with a file of users and passwords (HTTP Basic, RFC 7617).
//!
//! Copy this if a small team uses a tool from browsers and scripts, and there is no identity provider. `add-user`, in `src/bin`,
//! prints lines for the user file. Browsers prompt for the password. Basic sends the password with each request, so run the tool
//! behind TLS. `USERS` is the path of the user file (`users.txt` by default). `PORT` is the port to listen on (8080 by default).
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
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init(); // logs each denial, with its rule
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    // Loaded once. An invalid line stops the start, so that it is not discovered by a user who cannot log in.
    let users = UsersFile::open(std::env::var("USERS").unwrap_or("users.txt".into())).map_err(io::Error::other)?;
    let auth = Auth::builder().realm("ops").basic(users).build()?;

    let server = HttpServer::new(move || App::new().service(internal_basic::tool(&auth))).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await
}
