//! An HTTP client that sends bytes unchanged and parses responses strictly.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Read timeout. It is this long because a debug build may hash hundreds of passwords before a response.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request that is sent exactly as constructed.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    method: String,
    target: String,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// Returns a request with this method.
pub fn request(method: &str, target: &str) -> Request {
    let fields = vec![("Host".to_owned(), b"localhost".to_vec())];
    Request { method: method.to_owned(), target: target.to_owned(), fields, body: Vec::new() }
}

/// Returns a `GET` request.
pub fn get(target: &str) -> Request {
    request("GET", target)
}

impl Request {
    /// Adds a field line.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Adds field lines.
    pub fn fields(self, fields: &[(&str, &str)]) -> Self {
        fields.iter().fold(self, |request, (name, value)| request.field(name, value))
    }

    /// Adds an `Authorization` field line.
    pub fn authorization(self, value: impl AsRef<[u8]>) -> Self {
        self.field("Authorization", value)
    }

    /// Replaces the `Host`.
    pub fn host(mut self, host: &str) -> Self {
        self.fields[0].1 = host.as_bytes().to_vec();
        self
    }

    /// Removes the `Host`.
    pub fn without_host(mut self) -> Self {
        self.fields.remove(0);
        self
    }

    /// Adds a body and its length.
    pub fn body(self, body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len().to_string();
        Self { body: body.as_ref().to_vec(), ..self.field("Content-Length", length) }
    }

    /// Returns the bytes of the request.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends the request over a new connection.
    pub fn send(&self, to: SocketAddr) -> Answer {
        Connection::open(to).exchange(self)
    }
}

/// A response. Field names are in lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The field lines, in order.
    pub fields: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Shows the body as text.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {:?}", self.status, self.fields, String::from_utf8_lossy(&self.body))
    }
}

impl Answer {
    /// Returns all lines of a field.
    pub fn lines(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Returns the only line of a field.
    ///
    /// # Panics
    /// The field occurs more than once.
    pub fn field(&self, name: &str) -> Option<&str> {
        let lines = self.lines(name);
        assert!(lines.len() < 2, "{name} is repeated: {lines:?}");
        lines.first().copied()
    }

    /// Returns the body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns the last part of the problem type. Empty if the body is not a problem.
    pub fn problem(&self) -> String {
        let json: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json["type"].as_str().and_then(|kind| kind.rsplit('/').next()).unwrap_or_default().to_owned()
    }

    /// Returns the response without the field that always differs.
    pub fn without_date(&self) -> Self {
        let fields = self.fields.iter().filter(|(name, _)| name != "date").cloned().collect();
        Self { fields, ..self.clone() }
    }
}

/// A connection.
pub struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Connection {
    /// Opens a connection.
    pub fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, unread: Vec::new() }
    }

    /// Sends bytes. Returns `false` if the peer has closed the connection.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends a request and reads the response.
    pub fn exchange(&mut self, request: &Request) -> Answer {
        self.send(&request.bytes());
        self.answer(request.method == "HEAD")
    }

    /// Reads a response. A response to `HEAD` has no body.
    pub fn answer(&mut self, to_head: bool) -> Answer {
        let end = loop {
            match self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end,
                None => assert!(self.read(), "closed before an answer: {:?}", String::from_utf8_lossy(&self.unread)),
            }
        };
        let head: Vec<u8> = self.unread.drain(..end + 4).collect();
        let head = std::str::from_utf8(&head[..end]).unwrap().to_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).and_then(|line| line.get(..3));
        let status = status.and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {head:?}"));
        let field = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no field: {line:?}"));
            let value = value.strip_prefix(' ').unwrap_or(value);
            assert!(!name.is_empty() && !line.bytes().any(|byte| byte.is_ascii_control()), "{line:?}");
            (name.to_ascii_lowercase(), value.to_owned())
        };
        let mut answer = Answer { status, fields: lines.map(field).collect(), body: Vec::new() };
        let bodiless = to_head || status < 200 || matches!(status, 204 | 304);
        let length = answer.field("content-length").map(|length| length.parse::<usize>().unwrap());
        answer.body = match (length, answer.field("transfer-encoding")) {
            _ if bodiless => Vec::new(),
            (Some(length), None) => self.take(length),
            (None, Some("chunked")) => self.chunks(),
            framing => panic!("framed otherwise: {framing:?}"),
        };
        answer
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                match self.unread.windows(2).position(|window| window == b"\r\n") {
                    Some(end) => break self.take(end + 2),
                    None => assert!(self.read(), "closed within a chunk"),
                }
            };
            let length = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim_end(), 16).unwrap();
            body.extend(self.take(length));
            assert_eq!(self.take(2), b"\r\n");
            if length == 0 {
                return body;
            }
        }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            assert!(self.read(), "closed within a body");
        }
        self.unread.drain(..length).collect()
    }

    /// Reads more bytes. Returns `false` at the end.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(length) => {
                self.unread.extend_from_slice(&buffer[..length]);
                true
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => panic!("no answer"),
            Err(_) => false,
        }
    }

    /// Returns whether the peer closes the connection within this time, without sending another byte. Sends `bytes` repeatedly
    /// until then.
    pub fn closes_within(&mut self, limit: Duration, bytes: &[u8]) -> bool {
        let start = Instant::now();
        self.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut buffer = [0; 1];
        while start.elapsed() < limit {
            if !bytes.is_empty() && !self.send(bytes) {
                return true;
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => panic!("a byte behind the answer"),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return true,
            }
        }
        false
    }
}
