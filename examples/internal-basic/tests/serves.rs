//! Creates users with `add-user`, starts the server with their file, and logs in.

#![cfg(test)] // clippy then treats the helpers as test code

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use base64::Engine as _;

const PASSWORD: &str = "correct horse battery staple";

/// A running server that is killed on drop.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn only_added_users_authenticate() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("users.txt");
    let lines = [add_user(&["alice", "operator"], PASSWORD), add_user(&["bob", "auditor"], PASSWORD)];
    std::fs::write(&file, lines.map(|output| String::from_utf8(output.stdout).unwrap()).concat()).unwrap();

    let mut server = Command::new(env!("CARGO_BIN_EXE_internal-basic"));
    let server = server.env("PORT", "0").env("USERS", &file).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Server(server.spawn().unwrap());
    let mut printed = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let listening = printed.next().unwrap().unwrap();
    let address = listening.strip_prefix("listening on http://").unwrap();

    let basic = |name: &str, password: &str| {
        let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
        format!("Authorization: Basic {credentials}\r\n")
    };
    let alice = basic("alice", PASSWORD);
    let restart = "POST /services/web/restart";
    #[rustfmt::skip] // keep the columns aligned
    let table = [
        ("an anonymous caller",        "GET /",    String::new(),                             401),
        ("an operator reads the log",  "GET /log", alice.clone(),                             200),
        ("an operator restarts",       restart,    alice.clone(),                             200),
        ("a page of another site",     restart,    alice + "Sec-Fetch-Site: cross-site\r\n",  403),
        ("an auditor cannot restart",  restart,    basic("bob", PASSWORD),                    403),
        ("a wrong password",           "GET /",    basic("alice", "correct horse"),           401),
        ("an unknown name",            "GET /",    basic("carol", PASSWORD),                  401),
        ("invalid base64",             "GET /",    "Authorization: Basic ???\r\n".to_owned(), 400),
    ];
    let mut refused = Vec::new();
    for (case, request, headers, status) in table {
        let answer = send(address, request, &headers);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{case}\n{answer}");
        // Without a challenge a browser does not prompt for a password (RFC 9110 §15.5.2).
        let challenge = "\r\nwww-authenticate: Basic realm=\"ops\", charset=\"UTF-8\"\r\n";
        assert_eq!(answer.contains(challenge), [400, 401].contains(&status), "{case}\n{answer}");
        if status == 401 && !headers.is_empty() {
            let mut lines: Vec<_> =
                answer.lines().filter(|line| !line.starts_with("date: ")).map(str::to_owned).collect();
            lines.sort_unstable(); // the order of headers is not defined
            refused.push(lines);
        }
    }
    assert_eq!(refused[0], refused[1], "the response does not disclose whether a name exists");
}

#[test]
fn add_user_refuses_invalid_input() {
    let table: [(&[&str], &str, &str); 5] = [
        (&["alice", "opreator"], PASSWORD, "is not a role"),
        (&["al:ice"], PASSWORD, "is not a valid name"),
        (&["#alice"], PASSWORD, "is not a valid name"),
        (&["alice"], "short", "15 characters"),
        (&[], PASSWORD, "usage"),
    ];
    for (arguments, password, expected) in table {
        let output = add_user(arguments, password);
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(expected), "{arguments:?}");
    }
}

fn add_user(arguments: &[&str], password: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_add-user"));
    let program = program.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = program.spawn().unwrap();
    // With invalid arguments the program exits without reading the password.
    let _ = writeln!(program.stdin.take().unwrap(), "{password}");
    program.wait_with_output().unwrap()
}

/// Sends a request without a body, and reads the complete response.
fn send(address: &str, request: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
