//! An HTTP/1.1 server: hyper on heist.
//!
//! ```text
//! cargo run --release --example hello [ADDRESS]       # 127.0.0.1:8080 if there is none
//! ```
//!
//! | path | answers |
//! | --- | --- |
//! | `/` | hello |
//! | `/sleep/{ms}` | after so many milliseconds, in which the task sleeps |
//! | `/blocking/{ms}` | after so many milliseconds, in which a thread of the blocking pool sleeps |
//! | `/stall/{ms}` | after so many milliseconds, in which the worker itself sleeps: the classic mistake, made on purpose |
//!
//! `HEIST_WORKER_THREADS` sets the number of workers. On Ctrl-C or SIGTERM it stops accepting, lets the requests that are under way end, and exits.

#![expect(
    clippy::disallowed_methods,
    reason = "`/blocking` and `/stall` sleep as a program's synchronous code does"
)]

use bytes::Bytes;
use futures_util::future::{Either, select};
use heist::net::{TcpListener, TcpStream};
use heist::signal::unix::{SignalKind, signal};
use heist::sync::Notify;
use heist::time::{sleep, timeout};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How long a drain waits for requests that are under way.
const GRACE: Duration = Duration::from_secs(10);

/// How long accepting pauses when it fails, for want of descriptors, say.
const PAUSE: Duration = Duration::from_millis(50);

#[heist::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> io::Result<()> {
    raise_descriptor_limit();
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8080".into());
    let server = Arc::new(Server::default());
    server.clone().stop_on_signals()?;

    let listener = TcpListener::bind(&address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })?;
    println!("listening on http://{}", listener.local_addr()?);
    while let Either::Left((accepted, _)) =
        select(pin!(listener.accept()), pin!(server.stopping())).await
    {
        match accepted {
            Ok((stream, _)) => {
                let connection = Connection::open(&server);
                heist::spawn(async move { connection.serve(stream).await });
            }
            // Too many open files, say: those who wait are accepted once there are fewer.
            Err(error) => {
                eprintln!("cannot accept: {error}");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    if timeout(GRACE, server.drained()).await.is_err() {
        eprintln!(
            "{} connections did not end in time",
            server.open.load(Ordering::Acquire)
        );
    }
    Ok(())
}

/// The state of the server as a whole.
#[derive(Default)]
struct Server {
    /// Connections that are open.
    open: AtomicUsize,
    /// A signal came.
    stop: AtomicBool,
    /// That it came, or that the last connection was closed.
    changed: Notify,
}

impl Server {
    /// Waits for the signals in a task.
    fn stop_on_signals(self: Arc<Self>) -> io::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        heist::spawn(async move {
            heist::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            self.stop.store(true, Ordering::Release);
            self.changed.notify_waiters();
        });
        Ok(())
    }

    /// Resolves once a signal has come.
    async fn stopping(&self) {
        self.until(|| self.stop.load(Ordering::Acquire)).await;
    }

    /// Resolves once no connection is open.
    async fn drained(&self) {
        self.until(|| self.open.load(Ordering::Acquire) == 0).await;
    }

    async fn until(&self, condition: impl Fn() -> bool) {
        loop {
            // It hears of what happens from here on, so nothing is missed between the look and the wait.
            let changed = self.changed.notified();
            if condition() {
                return;
            }
            changed.await;
        }
    }
}

/// An open connection, counted.
struct Connection(Arc<Server>);

impl Connection {
    fn open(server: &Arc<Server>) -> Self {
        server.open.fetch_add(1, Ordering::Relaxed);
        Self(server.clone())
    }

    /// Answers requests until the peer goes or the server stops; then the one that is under way is the last.
    async fn serve(self, stream: TcpStream) {
        // An answer is one write: there is nothing to gain from waiting for more.
        let _ = stream.set_nodelay(true);
        let mut connection =
            pin!(http1::Builder::new().serve_connection(stream, service_fn(answer)));
        let stopped = match select(connection.as_mut(), pin!(self.0.stopping())).await {
            Either::Left(_) => false,
            Either::Right(_) => true,
        };
        if stopped {
            connection.as_mut().graceful_shutdown();
            // A peer that breaks off is no failure of ours.
            let _ = connection.await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.changed.notify_waiters();
        }
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    if path == "/" {
        return Ok(text(StatusCode::OK, "hello, world\n"));
    }
    let parts = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let Some((what, Ok(ms))) =
        parts.map(|(what, ms)| (what, ms.parse().map(Duration::from_millis)))
    else {
        return Ok(text(
            StatusCode::NOT_FOUND,
            "there is /, /sleep/{ms}, /blocking/{ms} and /stall/{ms}\n",
        ));
    };
    match what {
        "sleep" => sleep(ms).await,
        "blocking" => {
            if heist::spawn_blocking(move || thread::sleep(ms))
                .await
                .is_err()
            {
                return Ok(text(StatusCode::SERVICE_UNAVAILABLE, "shutting down\n"));
            }
        }
        "stall" => thread::sleep(ms),
        _ => return Ok(text(StatusCode::NOT_FOUND, "not found\n")),
    }
    Ok(text(StatusCode::OK, "done\n"))
}

fn text(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response
}

/// Ten thousand connections are ten thousand descriptors: asks for as many as the process may have.
fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        eprintln!("the limit of open files stays as it is: {error}");
    }
}
