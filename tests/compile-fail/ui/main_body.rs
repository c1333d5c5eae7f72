//! What is wrong in the body is reported in the body, as in any `async fn`.

#[heist::main]
async fn main() -> Result<(), std::num::ParseIntError> {
    let number: u32 = "1".parse()?;
    if number == 1 {
        return number;
    }
    heist::spawn(async {}).await?;
    Ok(())
}

#[heist::main]
async fn returns_nothing() {
    1
}
