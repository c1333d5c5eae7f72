#[heist::main]
struct Main;

fn main() {}
