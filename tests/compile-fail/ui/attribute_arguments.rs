//! Each way to get an attribute's arguments wrong is one error, at the argument.

#[heist::main(threads = 4)]
async fn unknown_argument() {}

#[heist::main(flavor = "local")]
async fn unknown_flavor() {}

#[heist::main(flavor = multi_thread)]
async fn flavor_without_quotes() {}

#[heist::main(flavor)]
async fn no_value() {}

#[heist::main(worker_threads = 2, worker_threads = 3)]
async fn given_twice() {}

#[heist::main(worker_threads = 0)]
async fn no_workers() {}

#[heist::main(worker_threads = "2")]
async fn workers_in_quotes() {}

#[heist::main(flavor = "current_thread", worker_threads = 2)]
async fn workers_of_a_current_thread_runtime() {}

#[heist::main(start_paused = true)]
async fn paused_with_workers() {}

#[heist::main(crate = heist)]
async fn crate_without_quotes() {}

#[heist::main(crate = "3")]
async fn crate_that_is_no_path() {}

fn main() {}
