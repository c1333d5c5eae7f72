//! Work for other processes: what stands for `concurrent.futures.ProcessPoolExecutor`.
//!
//! ```text
//! cargo run --example worker_processes
//! ```
//!
//! In Rust all processors are there for the threads of one process: for what computes, use `heist::blocking::Pool`, or rayon. A process of its own is for work that may take its process
//! along: foreign code that crashes, a job that never ends and must be stopped all the same, memory that is to be had back.
//!
//! The workers are this same program, started with an argument. A request is a line to a worker's standard input, its answer a line from its standard output. A worker that dies costs its
//! one job, one that takes too long is killed; another one comes in its place when there is work for it.

#![expect(
    clippy::disallowed_methods,
    reason = "a worker is a synchronous program, and one of its jobs is to be stuck"
)]

use heist::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use heist::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use heist::sync::Semaphore;
use heist::time::{Duration, timeout};
use std::io::{BufRead, Write};
use std::os::unix::process::ExitStatusExt;
use std::sync::Mutex;
use std::{env, fmt, io, process, thread};

/// The argument by which a worker knows that it is one.
const WORKER: &str = "--worker";

/// How many workers there are at most, and how long a job may take.
const WORKERS: usize = 3;
const LIMIT: Duration = Duration::from_secs(3);

fn main() -> io::Result<()> {
    if env::args().nth(1).as_deref() == Some(WORKER) {
        return serve();
    }
    heist::run(async {
        let crew = Crew::new(WORKERS);
        let jobs = [
            "fibonacci 10",
            "abort",
            "fibonacci 15",
            "hang",
            "fibonacci 20",
            "exit 3",
            "dance",
            "fibonacci 25",
        ];
        let outcomes = heist::gather(jobs.map(|job| crew.run(job))).await;
        for (job, outcome) in jobs.iter().zip(outcomes) {
            match outcome {
                Ok(answer) => println!("{job}: {answer}"),
                Err(lost) => println!("{job}: lost, {lost}"),
            }
        }
        Ok(())
    })
}

/// Some workers, and whoever waits for one.
struct Crew {
    slots: Semaphore,
    idle: Mutex<Vec<Worker>>,
}

/// What has become of a job that was not answered.
enum Lost {
    /// Its worker ended.
    Died(ExitStatus),
    /// Its worker was killed after this.
    Stuck(Duration),
    /// It came to no worker.
    Io(io::Error),
}

impl Crew {
    fn new(workers: usize) -> Self {
        Self {
            slots: Semaphore::new(workers),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Has a worker do the job. Dropped, it takes that worker along, which is in the middle of something: the next job gets another.
    async fn run(&self, request: &str) -> Result<String, Lost> {
        let _slot = self.slots.acquire().await.expect("it is never closed");
        let idle = self.idle.lock().expect("nobody panics with it").pop();
        let mut worker = match idle {
            Some(worker) => worker,
            None => Worker::start().map_err(Lost::Io)?,
        };
        match timeout(LIMIT, worker.ask(request)).await {
            Ok(Ok(answer)) => {
                self.idle
                    .lock()
                    .expect("nobody panics with it")
                    .push(worker);
                Ok(answer)
            }
            Ok(Err(_)) => match worker.child.wait().await {
                Ok(status) => Err(Lost::Died(status)),
                Err(error) => Err(Lost::Io(error)),
            },
            Err(_) => match worker.child.kill().await {
                Ok(()) => Err(Lost::Stuck(LIMIT)),
                Err(error) => Err(Lost::Io(error)),
            },
        }
    }
}

/// A worker, as its employer sees it.
struct Worker {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    fn start() -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command
            .arg(WORKER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let requests = child.stdin.take().expect("it is piped");
        let answers = child.stdout.take().expect("it is piped");
        Ok(Self {
            child,
            requests,
            answers: BufReader::new(answers),
        })
    }

    async fn ask(&mut self, request: &str) -> io::Result<String> {
        assert!(!request.contains('\n'), "a request is one line");
        let line = format!("{request}\n");
        self.requests.write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).await?;
        // A line without its end is what a worker had to say when it died.
        match answer.strip_suffix('\n') {
            Some(answer) => Ok(answer.into()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// A worker, as it sees itself: it ends when nobody has the other end of its input any more.
fn serve() -> io::Result<()> {
    for request in io::stdin().lock().lines() {
        let request = request?;
        let (what, number) = request.split_once(' ').unwrap_or((&request, ""));
        let answer = match (what, number.parse()) {
            ("fibonacci", Ok(n)) => fibonacci(n).to_string(),
            ("exit", Ok(code)) => process::exit(code as i32),
            ("abort", _) => process::abort(),
            ("hang", _) => loop {
                thread::sleep(LIMIT);
            },
            _ => "I don't know how to do that".into(),
        };
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    Ok(())
}

fn fibonacci(n: u32) -> u64 {
    match n {
        0 | 1 => n.into(),
        _ => fibonacci(n - 1) + fibonacci(n - 2),
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Died(status) => match (status.code(), status.signal()) {
                (Some(code), _) => write!(f, "its worker exited with {code}"),
                (_, Some(signal)) => write!(f, "its worker died of signal {signal}"),
                _ => write!(f, "its worker ended: {status}"),
            },
            Self::Stuck(limit) => write!(f, "its worker was killed after {limit:?}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}
