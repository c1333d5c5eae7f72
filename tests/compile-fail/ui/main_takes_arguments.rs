#[heist::main]
async fn main(argument: u32) {}
