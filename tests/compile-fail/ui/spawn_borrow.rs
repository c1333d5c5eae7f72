//! What is spawned may outlive who spawned it, so it borrows nothing from there.

async fn task(name: String) {
    let task = heist::spawn(async {
        println!("{name}");
    });
    task.await.unwrap();
}

async fn moved_reference(name: String) {
    let borrowed = &name;
    let task = heist::spawn(async move { borrowed.len() });
    task.await.unwrap();
}

async fn job(name: String) {
    let borrowed = &name;
    let job = heist::spawn_blocking(move || borrowed.len());
    job.await.unwrap();
}

fn main() {}
