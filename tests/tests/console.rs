//! tokio-console is told of a heist program's tasks, of who wakes them and of what they wait for: asserted over its wire protocol.
//!
//! `.ci/console` runs it: console-subscriber wants a cfg of its own, which says that it is not for a runtime of tokio's.
#![cfg(console_without_tokio_unstable)]

use console_api::field::{Name, Value};
use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{InstrumentRequest, Update};
use console_api::resources::resource::kind::{Kind, Known};
use console_api::{Field, Location};
use console_api::{async_ops, resources, tasks};
use console_subscriber::{ConsoleLayer, ServerParts};
use heist::sync::{Notify, oneshot};
use heist::task::yield_now;
use heist::time::{Duration, sleep};
use heist_tests::{PATIENCE, Shape, in_child, once_waiting};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use tonic::transport::server::TcpIncoming;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;

/// All that the console has been told.
#[derive(Default)]
struct Told {
    tasks: Vec<tasks::Task>,
    task_stats: HashMap<u64, tasks::Stats>,
    resources: Vec<resources::Resource>,
    async_ops: Vec<async_ops::AsyncOp>,
    async_op_stats: HashMap<u64, async_ops::Stats>,
}

impl Told {
    fn add(&mut self, update: Update) {
        if let Some(update) = update.task_update {
            assert_eq!(update.dropped_events, 0);
            self.tasks.extend(update.new_tasks);
            self.task_stats.extend(update.stats_update);
        }
        if let Some(update) = update.resource_update {
            self.resources.extend(update.new_resources);
        }
        if let Some(update) = update.async_op_update {
            self.async_ops.extend(update.new_async_ops);
            self.async_op_stats.extend(update.stats_update);
        }
    }

    /// The task that was spawned in this line of this file, and what is known of it, once it has ended.
    fn ended(&self, line: u32) -> Option<(&tasks::Task, &tasks::Stats)> {
        let mut tasks = self.tasks.iter();
        let task = tasks.find(|task| is_at(task.location.as_ref(), line))?;
        let stats = self.task_stats.get(&task.id?.id)?;
        stats.dropped_at.map(|_| (task, stats))
    }

    /// The resource made in this line, and the one operation on it, once that has ended.
    fn waited(
        &self,
        line: u32,
    ) -> Option<(&resources::Resource, &async_ops::AsyncOp, &async_ops::Stats)> {
        let mut resources = self.resources.iter();
        let resource = resources.find(|resource| is_at(resource.location.as_ref(), line))?;
        let mut operations = self.async_ops.iter();
        let operation = operations.find(|operation| operation.resource_id == resource.id)?;
        let stats = self.async_op_stats.get(&operation.id?.id)?;
        stats.dropped_at.map(|_| (resource, operation, stats))
    }
}

fn is_at(location: Option<&Location>, line: u32) -> bool {
    location.is_some_and(|location| {
        location.file.as_deref() == Some(file!()) && location.line == Some(line)
    })
}

fn value<'a>(task: &'a tasks::Task, name: &str) -> Option<&'a Value> {
    let is_named = |field: &&Field| matches!(&field.name, Some(Name::StrName(it)) if it == name);
    task.fields.iter().find(is_named)?.value.as_ref()
}

/// How often a task was polled. Its end is in its span as well, and counts, as with tokio's, as one more.
fn polls(stats: &tasks::Stats) -> u64 {
    stats.poll_stats.as_ref().map_or(0, |stats| stats.polls) - 1
}

/// Sets up console-subscriber, as a program does it, and serves it.
fn serve() -> SocketAddr {
    let (layer, server) = ConsoleLayer::builder()
        .publish_interval(Duration::from_millis(20))
        .build();
    let is_told = filter_fn(|meta| {
        meta.name().starts_with("runtime.")
            || meta.target().starts_with("runtime")
            || meta.target().starts_with("tokio")
    });
    tracing_subscriber::registry()
        .with(layer.with_filter(is_told))
        .init();
    let (bound, address) = mpsc::channel();
    thread::spawn(move || {
        let ServerParts {
            instrument_server,
            aggregator,
            ..
        } = server.into_parts();
        tokio_runtime().block_on(async {
            let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).expect("a port");
            bound
                .send(incoming.local_addr().expect("it is bound"))
                .expect("it is waited for");
            tokio::spawn(aggregator.run());
            let router = tonic::transport::Server::builder().add_service(instrument_server);
            router
                .serve_with_incoming(incoming)
                .await
                .expect("it serves");
        });
    });
    heist_tests::receive(&address)
}

fn tokio_runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime of tokio's")
}

/// Asks the server until what it has said is enough.
fn ask<R>(address: SocketAddr, told: &mut Told, enough: impl Fn(&Told) -> Option<R>) -> R {
    let answer = async {
        let mut client = InstrumentClient::connect(format!("http://{address}"))
            .await
            .expect("it is there");
        let updates = client.watch_updates(InstrumentRequest {}).await;
        let mut updates = updates.expect("it answers").into_inner();
        loop {
            let update = updates.message().await.expect("it goes on");
            told.add(update.expect("it goes on"));
            if let Some(enough) = enough(told) {
                return enough;
            }
        }
    };
    tokio_runtime().block_on(async {
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        answer.expect("the console is not told of it")
    })
}

/// Where things were made, in lines of this file.
struct Lines {
    root: u32,
    yielding: u32,
    receiving: u32,
    oneshot: u32,
    notified: u32,
    notify: u32,
    sleeping: u32,
    sleep: u32,
    job: u32,
    job_id: String,
}

/// A program with something of each kind.
fn program(shape: Shape) -> Lines {
    let runtime = shape.runtime();
    let main = async {
        let yielding = line!() + 1;
        let yields = heist::spawn(async {
            for _ in 0..3 {
                yield_now().await;
            }
        });
        yields.await.unwrap();

        let oneshot = line!() + 1;
        let (sender, receiver) = oneshot::channel();
        let (waiting, waits) = mpsc::channel();
        let receiving = line!() + 1;
        let receives = heist::spawn(once_waiting(receiver, move || waiting.send(()).unwrap()));
        let send = heist::spawn_blocking(move || {
            heist_tests::receive(&waits);
            sender.send(7)
        });
        assert_eq!(receives.await.unwrap(), Ok(7));
        send.await.unwrap().unwrap();

        let notify = Arc::new(Notify::new());
        let notified_by = notify.clone();
        let (waiting, waits) = oneshot::channel();
        let notified = line!() + 1;
        let is_notified = heist::spawn(async move {
            let notified = notify.notified();
            let line = line!() - 1;
            once_waiting(notified, || waiting.send(()).unwrap()).await;
            line
        });
        waits.await.unwrap();
        notified_by.notify_one();
        let notify = is_notified.await.unwrap();

        let sleeping = line!() + 1;
        let sleeps = heist::spawn(async {
            sleep(Duration::from_millis(1)).await;
            line!() - 1
        });
        let sleep = sleeps.await.unwrap();

        let job = line!() + 1;
        let blocks = heist::spawn_blocking(|| ());
        let job_id = blocks.id().to_string();
        blocks.await.unwrap();
        Lines {
            root: 0,
            yielding,
            receiving,
            oneshot,
            notified,
            notify,
            sleeping,
            sleep,
            job,
            job_id,
        }
    };
    let root = line!() + 1;
    let lines = runtime.block_on(main);
    Lines { root, ..lines }
}

/// In a process of its own, which the subscriber is for.
#[track_caller]
fn assert_all_is_told(test: &str, shape: Shape) {
    let ended = in_child(test, &[], || {
        let address = serve();
        let lines = program(shape);
        assert_told(address, &lines);
    });
    ended.assert_success();
}

#[test]
fn of_the_current_thread() {
    assert_all_is_told("of_the_current_thread", Shape::CurrentThread);
}

#[test]
fn of_workers() {
    assert_all_is_told("of_workers", Shape::Workers(2));
}

fn assert_told(address: SocketAddr, lines: &Lines) {
    let told = &mut Told::default();
    let of_tasks = [
        lines.root,
        lines.yielding,
        lines.receiving,
        lines.notified,
        lines.sleeping,
        lines.job,
    ];
    let of_resources = [lines.oneshot, lines.notify, lines.sleep];
    ask(address, told, |told| {
        let all = of_tasks.iter().all(|&line| told.ended(line).is_some())
            && of_resources.iter().all(|&line| told.waited(line).is_some());
        all.then_some(())
    });
    let kinds = of_tasks.map(|line| {
        let (task, _) = told.ended(line).expect("it is known");
        match value(task, "kind") {
            Some(Value::StrVal(kind)) => kind.as_str(),
            other => panic!("a kind is a text, not {other:?}"),
        }
    });
    assert_eq!(
        kinds,
        ["block_on", "task", "task", "task", "task", "blocking"]
    );

    let (_, yielding) = told.ended(lines.yielding).expect("it is known");
    assert_eq!(polls(yielding), 4);
    assert_eq!((yielding.wakes, yielding.self_wakes), (3, 3));

    // Somebody else has woken it, by the one waker that it left.
    for line in [lines.receiving, lines.notified] {
        let (_, waiting) = told.ended(line).expect("it is known");
        assert_eq!(polls(waiting), 2);
        assert_eq!((waiting.wakes, waiting.self_wakes), (1, 0));
        assert_eq!((waiting.waker_clones, waiting.waker_drops), (1, 1));
    }

    let (job, stats) = told.ended(lines.job).expect("it is known");
    assert_eq!(polls(stats), 1);
    assert_eq!(stats.wakes, 0);
    match value(job, "task.id") {
        Some(Value::U64Val(id)) => assert_eq!(id.to_string(), lines.job_id),
        other => panic!("an id is a number, not {other:?}"),
    }

    let sync = || Kind::Other("Sync".into());
    let timer = || Kind::Known(Known::Timer as i32);
    let expected = [
        (
            lines.oneshot,
            "oneshot",
            sync(),
            "Receiver::await",
            lines.receiving,
        ),
        (
            lines.notify,
            "Notify",
            sync(),
            "Notify::notified",
            lines.notified,
        ),
        (
            lines.sleep,
            "Sleep",
            timer(),
            "Sleep::await",
            lines.sleeping,
        ),
    ];
    for (line, concrete_type, kind, source, task) in expected {
        let (resource, operation, stats) = told.waited(line).expect("it is known");
        assert_eq!(resource.concrete_type, concrete_type);
        assert_eq!(
            resource.kind.as_ref().and_then(|kind| kind.kind.clone()),
            Some(kind)
        );
        assert_eq!(operation.source, source);
        // Which task waited.
        let (task, _) = told.ended(task).expect("it is known");
        assert_eq!(stats.task_id, task.id);
    }
}
