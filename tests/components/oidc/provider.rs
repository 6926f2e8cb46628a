//! A real OpenID provider, and a second issuer of a different implementation. Both are Node.js programs that are stopped after the
//! test.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use auth_tests::program;
use auth_tests::token::basic;
use auth_tests::wire::{Answer, get, request};
use serde_json::{Value, json};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/provider");

/// The audience of the provider's access tokens.
pub(crate) const AUDIENCE: &str = "https://api.example";

pub(crate) const SERVICE: (&str, &str) = ("service", "service-secret-0123456789abcdef0123456789");
pub(crate) const WEB: (&str, &str) = ("web", "web-secret-0123456789abcdef0123456789");

/// A running Node.js program. It is stopped on drop.
struct Node {
    child: Child,
    /// The first line of its output, printed when it is ready.
    said: Value,
}

impl Node {
    /// Returns `None` if Node.js or its packages are missing. This is reported, and is a failure in CI.
    fn start(script: &str, settings: &[(&str, &str)]) -> Option<Self> {
        program::run("node", &["--version"])?;
        if !Path::new(FOLDER).join("node_modules/oidc-provider").exists() {
            program::skipped("no OpenID provider is installed: run `npm install` in tests/provider");
            return None;
        }
        let mut command = Command::new("node");
        // The program uses its own clock, not the one of this process.
        command.env_remove("LD_PRELOAD").arg(script).current_dir(FOLDER).envs(settings.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            said.read_line(&mut line).map(|_| sender.send(line))
        });
        // A program that hangs counts as failed.
        let line = receiver.recv_timeout(Duration::from_secs(60));
        let mut node = Self { child, said: Value::Null };
        node.said = serde_json::from_str(&line.unwrap_or_else(|_| panic!("{script} does not start"))).unwrap();
        Some(node)
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) struct Provider {
    node: Node,
    pub(crate) issuer: String,
    address: SocketAddr,
    redirect: String,
}

impl Provider {
    pub(crate) fn start() -> Option<Self> {
        Self::start_for("http://127.0.0.1:1/cb")
    }

    /// Starts a provider whose issuer name differs from its address.
    pub(crate) fn start_as(name: &str) -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let node = Node::start("server.mjs", &[("ISSUER", name), ("PORT", &port.to_string())])?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Some(Self { node, issuer: name.to_owned(), address, redirect: String::new() })
    }

    /// Returns the URL under which the provider is reachable.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts a provider with this registered redirect URI.
    pub(crate) fn start_for(redirect: &str) -> Option<Self> {
        Self::start_with(redirect, &[])
    }

    /// Starts a provider whose clock is shifted by `offset`, in the syntax of libfaketime.
    pub(crate) fn start_with_clock(library: &Path, offset: &str) -> Option<Self> {
        let library = library.to_str().unwrap();
        let settings = [("LD_PRELOAD", library), ("FAKETIME", offset), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
        Self::start_with("http://127.0.0.1:1/cb", &settings)
    }

    fn start_with(redirect: &str, settings: &[(&str, &str)]) -> Option<Self> {
        let node = Node::start("server.mjs", &[&[("REDIRECT_URI", redirect)], settings].concat())?;
        let issuer = node.said["issuer"].as_str().unwrap().to_owned();
        let address = issuer.strip_prefix("http://").unwrap().parse().unwrap();
        Some(Self { node, issuer, address, redirect: redirect.to_owned() })
    }

    /// Returns an access token of the client itself (client credentials), signed with this algorithm.
    pub(crate) fn token(&self, algorithm: &str) -> String {
        self.token_of(&format!("alg={algorithm}"), "read:reports")
    }

    /// Like [`token`](Self::token), with custom settings of the provider's resource and a custom scope.
    pub(crate) fn token_of(&self, settings: &str, scope: &str) -> String {
        let answer = self.granted(&[
            ("grant_type", "client_credentials"),
            ("scope", scope),
            ("resource", &format!("{AUDIENCE}/?{settings}")),
        ]);
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn granted(&self, form: &[(&str, &str)]) -> Value {
        post_form("/token", form).authorization(basic(SERVICE.0, SERVICE.1)).send(self.address).json()
    }

    /// Revokes an opaque token. The provider does not revoke JWTs.
    pub(crate) fn revoke(&self, token: &str) {
        let revoked = post_form("/token/revocation", &[("token", token)]).authorization(basic(SERVICE.0, SERVICE.1));
        assert_eq!(revoked.send(self.address).status, 200);
    }

    /// Returns an access token of a logged-in user. `asked` contains additional parameters of the authorization request.
    pub(crate) fn token_of_user(&self, name: &str, asked: &[(&str, &str)]) -> String {
        let redirect = escaped(&self.redirect);
        let mut path = format!(
            "/auth?response_type=code&client_id=web&redirect_uri={redirect}&scope=openid%20read%3Areports&login_hint={name}"
        );
        for (key, value) in asked {
            path.push_str(&format!("&{key}={}", escaped(value)));
        }
        let back = self.follow(&path, None);
        let code =
            back.split(['?', '&']).find_map(|part| part.strip_prefix("code=")).unwrap_or_else(|| panic!("{back}"));
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &self.redirect)];
        let answer = post_form("/token", &form).authorization(basic(WEB.0, WEB.1)).send(self.address).json();
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Signs in as `user` and returns the URL to which the provider redirects back.
    pub(crate) fn sign_in(&self, location: &str, user: &str) -> String {
        self.follow(location.strip_prefix(&self.issuer).unwrap_or_else(|| panic!("{location}")), Some(user))
    }

    /// Follows redirects until they leave the provider. Signs in as `user` if a page asks for it.
    fn follow(&self, path: &str, user: Option<&str>) -> String {
        let (mut path, mut jar) = (path.to_owned(), Vec::<(String, String)>::new());
        loop {
            let cookies: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = get(&path).field("Cookie", cookies.join("; ")).send(self.address);
            for line in answer.lines("set-cookie") {
                let (key, value) = line.split(';').next().unwrap().split_once('=').unwrap();
                jar.retain(|(known, _)| known != key);
                jar.push((key.to_owned(), value.to_owned()));
            }
            path = match (answer.field("location"), user) {
                (Some(to), _) if to.starts_with(&self.redirect) => return to.to_owned(),
                (Some(to), _) => to.strip_prefix(&self.issuer).unwrap_or(to).to_owned(),
                (None, Some(user)) if path.starts_with("/interaction/") => format!("{path}?user={user}"),
                (None, _) => panic!("{answer:?}"),
            };
        }
    }

    /// Returns the port as a string, as in `location.port`.
    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// Generates new keys. The old keys stay published unless `retire` is set.
    pub(crate) fn rotate(&self, retire: bool) {
        self.control(if retire { "rotate?retire=1" } else { "rotate" });
    }

    /// Sets the response to key requests. An empty `how` restores the normal response.
    pub(crate) fn publish(&self, how: &str) {
        self.control(&format!("jwks?{how}"));
    }

    fn control(&self, what: &str) {
        assert_eq!(request("POST", &format!("/_test/{what}")).send(self.address).status, 200);
    }

    /// Returns the number of discovery requests and of key requests.
    pub(crate) fn asked(&self) -> (u64, u64) {
        let stats = self.stats();
        (stats["discovery"].as_u64().unwrap(), stats["jwks"].as_u64().unwrap())
    }

    pub(crate) fn stats(&self) -> Value {
        get("/_test/stats").send(self.address).json()
    }

    pub(crate) fn kill(&mut self) {
        self.node.stop();
    }

    /// Restarts the provider at the same address, with new keys.
    pub(crate) fn restart(&mut self) {
        let port = self.address.port().to_string();
        self.node = Node::start("server.mjs", &[("PORT", &port), ("REDIRECT_URI", &self.redirect)]).unwrap();
    }

    /// Suspends the process, which then accepts connections without responding, or resumes it.
    pub(crate) fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        assert!(Command::new("kill").args([signal, &self.node.child.id().to_string()]).status().unwrap().success());
    }
}

fn post_form(path: &str, form: &[(&str, &str)]) -> auth_tests::wire::Request {
    let body: Vec<_> = form.iter().map(|(key, value)| format!("{key}={}", escaped(value))).collect();
    request("POST", path).field("Content-Type", "application/x-www-form-urlencoded").body(body.join("&"))
}

pub(crate) fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// An issuer that signs any claims.
pub(crate) struct Second {
    _node: Node,
    pub(crate) issuer: String,
    control: SocketAddr,
}

impl Second {
    pub(crate) fn start() -> Option<Self> {
        let node = Node::start("second.mjs", &[])?;
        let issuer = node.said["issuer"].as_str().unwrap().to_owned();
        let port = u16::try_from(node.said["control"].as_u64().unwrap()).unwrap();
        Some(Self { _node: node, issuer, control: ([127, 0, 0, 1], port).into() })
    }

    /// Changes the tokens of its own endpoints until the next call.
    pub(crate) fn next(&self, header: Value, claims: Value) {
        let body = json!({ "header": header, "claims": claims }).to_string();
        assert_eq!(request("POST", "/_test/next").body(body).send(self.control).status, 200);
    }

    /// Returns the URL to which the issuer redirects back. It requires no sign-in.
    pub(crate) fn sign_in(&self, location: &str) -> String {
        let port: u16 = self.issuer.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
        let path = location.strip_prefix(&self.issuer).unwrap_or_else(|| panic!("{location}"));
        let answer = get(path).send(SocketAddr::from(([127, 0, 0, 1], port)));
        answer.field("location").unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    /// Returns a token with these header and claim members. `null` removes a member.
    pub(crate) fn token(&self, header: Value, claims: Value, algorithm: &str) -> String {
        let body = json!({ "header": header, "claims": claims, "alg": algorithm }).to_string();
        let answer: Answer = request("POST", "/_test/token").body(body).send(self.control);
        answer.json()["token"].as_str().unwrap().to_owned()
    }
}
