//! Live news over a WebSocket and as server-sent events. A stream ends when the access of its reader ends.
//!
//! Copy this for responses that stay open. A rule decides when a request starts, but access can end later: the token expires, or
//! the caller is blocked. A [`Lease`] is a future that completes at that time. Wrapped around a stream, it ends the stream. For a
//! socket, poll it together with the other events. Browsers send `Origin` with each upgrade request. An upgrade from the page of
//! another site is denied if a cookie, Basic credentials or the network address would grant access. A page cannot set headers for
//! either kind of connection, so `page.html` sends its token as a subprotocol of the WebSocket, and exchanges it for a ticket for
//! the events.
//!
//! Run it with `cargo run -p live`. It prints a URL to open and commands to try. `PORT` is the port to listen on (8080 by default).

use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::web::{Bytes, Data, Html, Payload};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, get, post, rt};
use actix_ws::{CloseCode, CloseReason, Message};
use auth_actix::blocklist::Blocklist;
use auth_actix::jwt::Ticket;
use auth_actix::lease::{Lease, LeaseEnd};
use auth_actix::{Auth, AuthBuilder, Jwt, Peer, public, require_role};
use futures_util::{Stream, stream};
use tokio::sync::broadcast;

#[derive(auth_actix::Role)]
enum Role {
    #[role(implies(Reader))]
    Editor,
    Reader,
}

/// A channel with the news for all subscribers.
#[derive(Clone)]
struct News(broadcast::Sender<String>);

/// Maximum time for which a connection stays open after its access has ended.
const AT_MOST: Duration = Duration::from_secs(2);

#[require_role("reader")]
#[get("/events")]
async fn events(lease: Lease, news: Data<News>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/event-stream").streaming(lease.every(AT_MOST).over(as_events(&news)))
}

#[require_role("reader")]
#[get("/socket")]
async fn socket(lease: Lease, request: HttpRequest, body: Payload, news: Data<News>) -> Result<HttpResponse, Error> {
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(speak(session, messages, news.0.subscribe(), lease.every(AT_MOST)));
    Ok(response)
}

/// Serves a socket until the reader disconnects or its access ends.
async fn speak(
    mut session: actix_ws::Session,
    mut messages: actix_ws::MessageStream,
    mut news: broadcast::Receiver<String>,
    mut lease: Lease,
) {
    let reason = loop {
        tokio::select! {
            // Check the lease first, so that nothing is sent after access has ended.
            biased;
            end = &mut lease => break Some(CloseReason {
                code: CloseCode::Policy,
                description: Some(match end {
                    LeaseEnd::Expired => "log in again".to_owned(),
                    _ => "access has ended".to_owned(),
                }),
            }),
            message = messages.recv() => match message {
                Some(Ok(Message::Ping(bytes))) if session.pong(&bytes).await.is_ok() => {}
                Some(Ok(Message::Close(reason))) => break reason,
                Some(Ok(_)) => {}
                _ => break None,
            },
            news = news.recv() => match news {
                Ok(text) => if session.text(text).await.is_err() {
                    break None;
                },
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => break None,
            },
        }
    };
    // Fails if the reader has disconnected.
    let _ = session.close(reason).await;
}

#[require_role("editor")]
#[post("/news")]
async fn publish(text: String, news: Data<News>) -> HttpResponse {
    let listeners = news.0.send(text).unwrap_or_default();
    HttpResponse::Ok().body(format!("sent to {listeners} subscribers\n"))
}

#[require_role("reader")]
#[post("/ticket")]
async fn ticket(ticket: Ticket) -> String {
    ticket.into_string()
}

#[public]
#[get("/")]
async fn page() -> Html {
    Html::new(include_str!("page.html"))
}

/// Streams the news as server-sent events.
fn as_events(news: &News) -> impl Stream<Item = Result<Bytes, Error>> + use<> {
    stream::unfold(news.0.subscribe(), async |mut news| {
        loop {
            match news.recv().await {
                // A line break would start another field.
                Ok(text) => break Some((Ok(format!("data: {}\n\n", text.replace(['\r', '\n'], " ")).into()), news)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => break None,
            }
        }
    })
}

/// Returns the configuration. Only the issuer of tokens is passed in.
fn settings(tokens: Jwt, blocks: &Blocklist) -> AuthBuilder {
    let auth = Auth::builder().realm("news").bearer(tokens).bearer_in_subprotocol("bearer").tickets();
    auth.roles::<Role>().blocks(blocks.clone()).client_address(Peer)
}

fn api(auth: &Auth, news: &News) -> impl HttpServiceFactory + use<> {
    let scope = auth.strict_scope("").app_data(Data::new(news.clone()));
    scope.service(page).service(ticket).service(events).service(socket).service(publish)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
    let tokens = Jwt::dev();
    say(&tokens, port);
    let auth = settings(tokens, &Blocklist::memory()).build()?;
    let news = News(broadcast::channel(64).0);
    HttpServer::new(move || App::new().service(api(&auth, &news))).bind(("127.0.0.1", port))?.run().await
}

/// Prints a URL to open and commands to try.
#[allow(clippy::print_stdout, reason = "the output is for the terminal")]
fn say(tokens: &Jwt, port: u16) {
    let token = |role: &str| tokens.dev_token(Some(role)).unwrap_or_default();
    let (reader, editor) = (token("reader"), token("editor"));
    println!("Open http://127.0.0.1:{port}/#{reader} and publish news:");
    println!("curl -i -H 'Authorization: Bearer {editor}' -d 'It works' http://127.0.0.1:{port}/news");
    println!("curl -i -N -H 'Authorization: Bearer {reader}' http://127.0.0.1:{port}/events");
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::pin::Pin;

    use actix_web::dev::ServerHandle;
    use auth_actix::Id;
    use auth_actix::blocklist::BlockEntry;
    use auth_actix::test::Keys;
    use serde_json::{Value, json};
    use tokio::time::{Instant, timeout};

    use super::*;

    const ISSUER: &str = "https://id.example";
    const AUDIENCE: &str = "news";

    /// A running server on its own port, and the state that tests change.
    struct Site {
        address: SocketAddr,
        keys: Keys,
        blocks: Blocklist,
        news: News,
        _server: ServerHandle,
    }

    fn site() -> Site {
        let (keys, blocks, news) = (Keys::new(), Blocklist::memory(), News(broadcast::channel(64).0));
        let tokens = Jwt::hs256([]).issuer(ISSUER).audience(AUDIENCE);
        let auth = settings(tokens, &blocks).test_keys(&keys).build().unwrap();
        let app_news = news.clone();
        let server = HttpServer::new(move || App::new().service(api(&auth, &app_news))).workers(1);
        let server = server.disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let address = server.addrs()[0];
        let running = server.run();
        let handle = running.handle();
        rt::spawn(running);
        Site { address, keys, blocks, news, _server: handle }
    }

    impl Site {
        fn token(&self, claims: &Value) -> String {
            format!("Bearer {}", self.keys.token(ISSUER, AUDIENCE, claims))
        }

        fn block(&self, name: &str) {
            self.blocks.add(BlockEntry::BlockSubject(Id::user(ISSUER, name))).unwrap();
        }
    }

    /// Returns an expiry that makes a token expire in about two seconds. The clock tolerance is one minute.
    fn soon() -> u64 {
        std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() - 58
    }

    #[actix_web::test]
    async fn socket_closes_when_reader_is_blocked_or_token_expires() {
        for (name, ends) in [("alice", "access has ended"), ("bob", "log in again")] {
            let site = site();
            let claims = match name {
                "alice" => json!({ "sub": name, "roles": ["reader"] }),
                _ => json!({ "sub": name, "roles": ["reader"], "exp": soon(), "iat": soon() - 60 }),
            };
            let url = format!("http://{}/socket", site.address);
            let (_, mut opened) =
                awc::Client::new().ws(url).header("Authorization", site.token(&claims)).connect().await.unwrap();
            site.news.0.send("first".to_owned()).unwrap();
            assert!(matches!(next(&mut opened).await, Some(awc::ws::Frame::Text(text)) if text == "first"));
            if name == "alice" {
                site.block(name);
            }
            let begun = Instant::now();
            match next(&mut opened).await {
                Some(awc::ws::Frame::Close(Some(reason))) => {
                    assert_eq!(reason.code, awc::ws::CloseCode::Policy);
                    assert_eq!(reason.description.as_deref(), Some(ends));
                }
                other => panic!("{other:?}"),
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "{ends} after {:?}", begun.elapsed());
        }
    }

    async fn next<S>(from: &mut S) -> Option<awc::ws::Frame>
    where
        S: Stream<Item = Result<awc::ws::Frame, awc::error::WsProtocolError>> + Unpin,
    {
        let next = std::future::poll_fn(|context| Pin::new(&mut *from).poll_next(context));
        timeout(Duration::from_secs(10), next).await.unwrap().and_then(Result::ok)
    }

    #[actix_web::test]
    async fn event_stream_ends_when_access_is_lost() {
        for name in ["alice", "bob"] {
            let site = site();
            let claims = match name {
                "alice" => json!({ "sub": name, "roles": ["editor"] }),
                _ => json!({ "sub": name, "roles": ["editor"], "exp": soon(), "iat": soon() - 60 }),
            };
            let request = awc::Client::new().get(format!("http://{}/events", site.address));
            let mut answer = request.insert_header(("Authorization", site.token(&claims))).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let told = awc::Client::new().post(format!("http://{}/news", site.address));
            let told = told.insert_header(("Authorization", site.token(&claims))).send_body("one\ntwo").await;
            assert_eq!(told.unwrap().body().await.unwrap(), "sent to 1 subscribers\n");
            let mut next = async || {
                let next = std::future::poll_fn(|context| Stream::poll_next(Pin::new(&mut answer), context));
                timeout(Duration::from_secs(10), next).await.unwrap()
            };
            assert_eq!(next().await.unwrap().unwrap(), "data: one two\n\n");
            if name == "alice" {
                site.block(name);
            }
            assert!(next().await.is_none(), "the stream has ended");
            let again = awc::Client::new().get(format!("http://{}/events", site.address));
            let again = again.insert_header(("Authorization", site.token(&claims))).send().await.unwrap();
            assert_eq!(again.status(), if name == "alice" { 403 } else { 401 });
        }
    }

    #[actix_web::test]
    async fn streams_refuse_unauthenticated_and_unauthorized_callers() {
        let site = site();
        for (claims, status) in [(None, 401), (Some(json!({ "sub": "eve", "roles": [] })), 403)] {
            for path in ["/events", "/socket"] {
                let request = awc::Client::new().get(format!("http://{}{path}", site.address));
                let request = match &claims {
                    Some(claims) => request.insert_header(("Authorization", site.token(claims))),
                    None => request,
                };
                assert_eq!(request.send().await.unwrap().status(), status, "{path}");
            }
        }
    }
}
