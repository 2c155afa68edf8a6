//! A private Redis starts, keeps its data, and ends with its handle.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use dev_servers::Redis;

fn ask(server: &Redis, command: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn values_survive_a_restart_in_the_same_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Redis::start(folder.path()).unwrap();
    assert!(ask(&first, "SET kept 7").starts_with("+OK"));
    let pid = first.pid();
    drop(first);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());

    let second = Redis::start(folder.path()).unwrap();
    assert!(second.url().starts_with("redis://127.0.0.1:"));
    assert!(ask(&second, "GET kept").starts_with("$1\r\n7"));
}
