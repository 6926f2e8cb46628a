//! Starts the program, sends the requests of the printed commands, and compares each response with the status in the line above the
//! command.

#![cfg(test)] // clippy then treats the helpers as test code

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A running program that is killed on drop.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn printed_commands_get_the_documented_responses() {
    let child = Command::new(env!("CARGO_BIN_EXE_quickstart"))
        .env("PORT", "0") // any free port, which the commands contain
        .env_remove("JWT_SECRET")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut server = Server(child);
    let mut printed = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);

    #[rustfmt::skip] // keep the columns aligned
    let table = [ // in the order of the commands: the status and the challenge
        (401, Some(r#"Bearer realm="reports""#)),
        (200, None),
        (403, Some(r#"Bearer realm="reports""#)), // RFC 6750 §3: no error for an authenticated Bearer caller
        (200, None),
        (400, None),
        (401, Some(r#"Bearer realm="reports", error="invalid_token", error_description="The token expired""#)),
    ];
    for (status, challenge) in table {
        let comment = printed.find(|line| line.starts_with('#')).unwrap();
        assert!(comment.contains(&format!(": {status}")), "{comment}");
        let answer = run(&printed.next().unwrap());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{comment}\n{answer}");
        let found = answer.lines().find_map(|line| line.strip_prefix("www-authenticate: "));
        assert_eq!(found, challenge, "{comment}");
    }
}

/// Sends what `curl` would send, and reads the complete response. curl is not available on every machine.
fn run(command: &str) -> String {
    let (mut headers, mut body, mut url) = (String::new(), None, String::new());
    let mut words = words(command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"), "{command}");
    while let Some(word) = words.next() {
        match word.as_str() {
            "-i" => {}
            "-H" => headers += &format!("{}\r\n", words.next().unwrap()),
            "-d" => body = words.next(),
            _ => url = word,
        }
    }
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.unwrap_or_default();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Splits a command into words as a shell does. Supports spaces and single quotes only.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for character in command.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words
}
