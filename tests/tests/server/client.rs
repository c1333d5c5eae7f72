//! An HTTP/1 client on blocking sockets: what it shows is what went over the wire.

use heist_tests::PATIENCE;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

/// A connection to the server.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) version: String,
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A request without a body, of HTTP/1.1.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("the server accepts"))
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        let patience = Some(PATIENCE);
        stream.set_read_timeout(patience).expect("not zero");
        stream.set_write_timeout(patience).expect("not zero");
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub(crate) fn send(&mut self, text: &str) {
        let mut stream = self.stream.get_ref();
        stream.write_all(text.as_bytes()).expect("the server reads");
    }

    /// Says that nothing more will come.
    pub(crate) fn finish(&self) {
        let stream = self.stream.get_ref();
        stream.shutdown(Shutdown::Write).expect("it is connected");
    }

    /// Sends a request, and waits for its answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, path: &str) -> Answer {
        self.send(&get(path));
        self.answer()
    }

    /// The next answer.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        let status_line = self.line();
        let mut words = status_line.splitn(3, ' ');
        let version = words.next().expect("there is one").to_owned();
        let status = words.next().and_then(|status| status.parse().ok());
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").expect("a header");
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        let mut answer = Answer {
            version,
            status: status.unwrap_or_else(|| panic!("no status in {status_line:?}")),
            headers,
            body: String::new(),
        };
        let length = answer.header("content-length").expect("it says how long");
        let mut body = vec![0; length.parse().expect("a number")];
        self.stream.read_exact(&mut body).expect("the whole body");
        answer.body = String::from_utf8(body).expect("text");
        answer
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line);
        assert_ne!(read.expect("a line"), 0, "the server closed the connection");
        line.trim_end().to_owned()
    }

    /// Waits for the end of the connection: nothing comes before it.
    #[track_caller]
    pub(crate) fn assert_ends(&mut self) {
        let read = self.stream.read(&mut [0; 64]);
        assert_eq!(read.expect("the connection ends in order"), 0);
    }

    /// All that comes until the end of the connection.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> String {
        let mut text = String::new();
        let read = self.stream.read_to_string(&mut text);
        read.expect("the connection ends in order");
        text
    }

    /// Nothing has come so far.
    #[track_caller]
    pub(crate) fn assert_silent(&self) {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true).expect("a socket");
        let peeked = stream.peek(&mut [0; 64]);
        stream.set_nonblocking(false).expect("a socket");
        let error = peeked.expect_err("something came, or the end");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(other, _)| other == name);
        header.map(|(_, value)| value.as_str())
    }

    /// Only that it is one with this status, in its words.
    #[track_caller]
    pub(crate) fn assert(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
    }
}
