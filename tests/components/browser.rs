//! A real browser, driven by chromedriver, and tests of the login pages and the session cookie with it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use auth_actix::password::{PasswordAuthenticator, UsersFile, hash_password};
use auth_actix::session::Sessions;
use auth_actix::{Auth, Principal, public, require_auth, require_role};
use auth_tests::program;
use auth_tests::server::Server;
use auth_tests::wire::request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A running chromedriver and its browser. Both are stopped on drop.
pub(crate) struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Returns `None` if chromium or chromedriver is not installed.
    pub(crate) fn start() -> Option<Self> {
        program::run("chromium", &["--version"])?;
        program::run("chromedriver", &["--version"])?;
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver");
        // A separate process group, so that child processes can be killed together with the driver.
        driver.args(["--port=0"]).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut driver = driver.spawn().unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let started = lines.map_while(Result::ok).find(|line| line.contains("started successfully on port"));
        let port = started.unwrap().rsplit(' ').next().unwrap().trim_end_matches('.').parse::<u16>().unwrap();
        let mut browser =
            Self { driver, address: ([127, 0, 0, 1], port).into(), session: String::new(), _profile: profile };
        let profile = format!("--user-data-dir={}", browser._profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=640,680",
            &profile,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        let made = browser.ask("POST", "/session", &wanted);
        browser.session = made["sessionId"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        Some(browser)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let asked = request(method, path).field("Content-Type", "application/json");
        let asked = if method == "GET" { asked } else { asked.body(body.to_string()) };
        let answer = asked.send(self.address).json();
        answer["value"].clone()
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    pub(crate) fn open(&self, url: &str) {
        self.command("POST", "/url", &json!({ "url": url }));
    }

    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    fn element(&self, css: &str) -> String {
        let found = self.command("POST", "/element", &json!({ "using": "css selector", "value": css }));
        let found = found.as_object().and_then(|found| found.values().next()).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no {css} in {}", self.text())).to_owned()
    }

    pub(crate) fn enter(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.command("POST", &format!("/element/{element}/value"), &json!({ "text": text }));
    }

    pub(crate) fn click(&self, css: &str) {
        let element = self.element(css);
        self.command("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// Saves a screenshot for the documentation, if `SCREENSHOTS` contains a folder.
    pub(crate) fn keep(&self, name: &str) {
        let Some(folder) = std::env::var_os("SCREENSHOTS") else { return };
        let shot = self.command("GET", "/screenshot", &json!({}));
        let shot = STANDARD.decode(shot.as_str().unwrap()).unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), shot).unwrap();
    }

    /// Returns the lowest contrast between a text and its background (WCAG 2.2, 1.4.3).
    pub(crate) fn least_contrast(&self) -> f64 {
        let contrast = "
        const light = rgb => { const [r, g, b] = rgb.match(/[\\d.]+/g).slice(0, 3).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
        const canvas = document.createElement('div'); canvas.style.color = 'Canvas'; document.body.append(canvas);
        const behind = element => { for (let e = element; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c } return getComputedStyle(canvas).color };
        return Math.min(...[...document.querySelectorAll('h1, h2, p, label, button, th, td, li, small')].map(e => { const [a, b] = [light(getComputedStyle(e).color), light(behind(e))]; return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) }))";
        self.run(contrast).as_f64().unwrap()
    }

    /// Emulates the preferred color scheme, `light` or `dark`.
    pub(crate) fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let emulated = json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        self.command("POST", "/goog/cdp/execute", &emulated);
    }

    /// Presses keys in the focused element.
    pub(crate) fn press(&self, keys: &str) {
        let each = keys.chars().flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })));
        let actions = json!({ "actions": [{ "type": "key", "id": "keys", "actions": each.collect::<Vec<_>>() }] });
        self.command("POST", "/actions", &actions);
    }

    pub(crate) fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the condition holds, at most 20 seconds.
    pub(crate) fn until(&self, what: &str, there: impl Fn(&Self) -> bool) {
        let start = std::time::Instant::now();
        while !there(self) {
            assert!(start.elapsed().as_secs() < 20, "{what}: {} at {}", self.text(), self.path());
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    pub(crate) fn shows(&self, text: &str) {
        self.until(text, |browser| browser.text().contains(text));
    }

    pub(crate) fn is_at(&self, path: &str) {
        self.until(path, |browser| browser.path() == path);
    }

    pub(crate) fn path(&self) -> String {
        self.run("return location.pathname + location.search").as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let closing = request("DELETE", &format!("/session/{}", self.session));
            let _ = std::panic::catch_unwind(|| closing.send(self.address));
        }
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
    }
}

#[require_auth]
#[get("/members")]
async fn members(caller: Principal) -> HttpResponse {
    let hello = format!(
        "<!doctype html><h1>Hello {}</h1><form method=post action=/logout><button id=out>Out</button></form>",
        caller.local_subject()
    );
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(hello)
}

#[require_auth]
#[post("/change")]
async fn change() -> &'static str {
    "changed"
}

#[public]
#[get("/about")]
async fn about() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body("<!doctype html><h1>About</h1>")
}

#[require_auth]
#[get("/socket")]
async fn socket(request: HttpRequest, body: web::Payload) -> actix_web::Result<HttpResponse> {
    let (response, mut session, _) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move { session.text("here").await });
    Ok(response)
}

#[require_role("admin")]
#[get("/admin")]
async fn admin() -> &'static str {
    "admin"
}

#[derive(auth_actix::Role)]
#[allow(dead_code)]
enum Role {
    Admin,
}

fn site(hosts: &'static [&'static str]) -> Server {
    let users = format!("alice:{}:\n", hash_password(&"correct horse".into()).unwrap());
    let auth = Auth::builder()
        .session(Sessions::memory().insecure_localhost())
        .users(PasswordAuthenticator::new(UsersFile::parse(&users).unwrap()))
        .roles::<Role>()
        .login_page("/login")
        .hosts(hosts.iter().copied())
        .build()
        .unwrap();
    Server::start(move |config: &mut ServiceConfig| {
        let scope = auth.scope("").service(members).service(change).service(socket).service(about).service(admin);
        config.service(scope.service(auth.login()).service(auth.logout("/logout")));
    })
}

#[test]
fn browser_logs_in_and_out_and_cross_site_form_is_refused() {
    // CSRF-1, CSRF-4, COOKIE-1, PROB-5
    let Some(browser) = Browser::start() else { return };
    let (server, elsewhere) = (site(&[]), site(&[]));
    let url = |path: &str| format!("http://localhost:{}{path}", server.address.port());
    browser.open(&url("/members?a=1"));
    browser.is_at("/login?return_to=/members%3Fa%3D1");
    browser.enter("input[name=username]", "alice");
    browser.enter("input[name=password]", "wrong");
    browser.click("button");
    browser.shows("The name or the password is wrong.");
    browser.enter("input[name=username]", "alice");
    browser.enter("input[name=password]", "correct horse");
    browser.click("button");
    browser.is_at("/members?a=1");
    browser.shows("Hello alice");
    assert_eq!(browser.run("return document.cookie"), "", "no script sees it");
    let fetched = "const [answer] = [await fetch('/change', { method: 'POST' })]; return answer.status";
    assert_eq!(browser.run(fetched), 200);
    browser.open(&url("/admin"));
    browser.shows("403");
    // A form on the page of another site: the browser sends no cookie, or `Sec-Fetch-Site` reveals the origin.
    browser.open(&format!("http://127.0.0.1:{}/login", elsewhere.address.port()));
    let forged = format!(
        "const form = document.createElement('form'); form.method = 'post'; form.action = '{}'; document.body.append(form); form.submit()",
        url("/change")
    );
    browser.run(&forged);
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(!browser.text().contains("changed"), "{}", browser.text());
    browser.open(&url("/members"));
    browser.shows("Hello alice");
    browser.click("#out");
    browser.is_at("/login");
    browser.open(&url("/members"));
    browser.is_at("/login?return_to=/members");
}

#[test]
fn cookie_websocket_is_refused_from_other_origins() {
    // CSRF-4: Chromium does not send `Sec-Fetch-Site` with a WebSocket request to a server without TLS, only `Origin`.
    let Some(browser) = Browser::start() else { return };
    let (named, unnamed) = (site(&["localhost"]), site(&[]));
    let log_in = |server: &Server| {
        browser.open(&format!("http://localhost:{}/members", server.address.port()));
        browser.enter("input[name=username]", "alice");
        browser.enter("input[name=password]", "correct horse");
        browser.click("button");
        browser.shows("Hello alice");
    };
    let opened = |server: &Server| {
        let open = format!(
            "return new Promise(done => {{ const socket = new WebSocket('ws://localhost:{}/socket'); \
             socket.onmessage = message => done(message.data); socket.onclose = () => done('closed') }})",
            server.address.port()
        );
        browser.run(&open)
    };
    log_in(&unnamed);
    assert_eq!(opened(&unnamed), "closed", "no hosts are configured");
    log_in(&named);
    assert_eq!(opened(&named), "here");
    // Cookies are not bound to a port, so the cookie of `named` is sent with requests from a page on another port.
    browser.open(&format!("http://localhost:{}/about", unnamed.address.port()));
    assert_eq!(opened(&named), "closed");
}

#[test]
fn pages_meet_the_wcag_contrast_minimum() {
    // WCAG 2.2 AA, 1.4.3: the contrast of each text, in light and in dark mode.
    let Some(browser) = Browser::start() else { return };
    let server = site(&[]);
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        browser.open(&format!("http://localhost:{}/login", server.address.port()));
        browser.enter("input[name=username]", "alice");
        browser.enter("input[name=password]", "wrong");
        browser.click("button");
        browser.shows("The name or the password is wrong.");
        let least = browser.least_contrast();
        assert!(least >= 4.5, "{scheme}: {least}");
        browser.keep(&format!("login-{scheme}"));
        assert_eq!(browser.run("return performance.getEntriesByType('resource').length"), 0, "nothing else is loaded");
    }
    browser.enter("input[name=username]", "alice");
    browser.enter("input[name=password]", "correct horse");
    browser.click("button");
    browser.is_at("/");
    browser.open(&format!("http://localhost:{}/admin", server.address.port()));
    browser.shows("403");
    let least = browser.least_contrast();
    assert!(least >= 4.5, "the page of a refusal: {least}");
    browser.keep("refused-dark");
}
