#[heist::test]
fn not_async() {}

#[heist::test]
async fn takes_arguments(argument: u32) {}

#[heist::test]
#[test]
async fn twice_a_test() {}

#[heist::test(worker_threads = 2)]
async fn workers_of_a_current_thread_runtime() {}

fn main() {}
