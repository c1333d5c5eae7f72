fn main() {
    heist::run(async {
        heist::select! {}
        heist::select! {
            () = async {}
        }
        heist::select! {
            else => {}
            () = async {} => {}
        }
        heist::select! {
            () = async {} => 1
            () = async {} => 2
        }
        heist::select! {
            () = async {}, when true => {}
        }
    });
}
