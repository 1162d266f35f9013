//! What one client can take of a server's connections: those that read nothing, send nothing or send slowly
//! are cut off, those that are merely slow are served, and others get in meanwhile.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use constat_core::{RequestSettings, Settings};
use constat_testkit::fixtures::{self, POLICE_REPORT};
use constat_testkit::{Server, ServerOptions, document};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// No wait of these tests is longer.
const WAIT_TIMEOUT: Duration = Duration::from_mins(1);

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nhost: constat\r\nconnection: close\r\n\r\n";

async fn server(requests: RequestSettings) -> Server {
    let settings = Settings { requests, ..Settings::default() };
    Server::with(ServerOptions { settings, ..ServerOptions::default() }).await
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().unwrap()
}

/// A connection from this address of the machine.
async fn connect_from(from: &str, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(format!("{from}:0").parse().unwrap())?;
    timeout(WAIT_TIMEOUT, socket.connect(to)).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

/// Eleven hundred connections of one client that send nothing.
async fn idle_connections(to: SocketAddr) -> Vec<TcpStream> {
    let mut idle = Vec::new();
    for _ in 0..1100 {
        idle.push(connect_from("127.0.0.1", to).await.unwrap());
    }
    idle
}

/// One more connection of the same client is closed, or answered 503.
async fn is_refused_one_more(to: SocketAddr) {
    let mut one_more = connect_from("127.0.0.1", to).await.unwrap();
    let refused = answer(&mut one_more, HEALTH).await;
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 503"), "{refused}");
}

/// Waits until a new connection of the same client is served.
async fn until_there_is_room(to: SocketAddr) {
    let came_back = async {
        loop {
            let mut again = connect_from("127.0.0.1", to).await.unwrap();
            if answer(&mut again, HEALTH).await.starts_with("HTTP/1.1 200") {
                break;
            }
        }
    };
    timeout(WAIT_TIMEOUT, came_back).await.expect("room again");
}

/// What a program writes to its error output, line by line.
fn lines_of(child: &mut Child) -> mpsc::Receiver<String> {
    let (tell, lines) = mpsc::channel();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            let _gone = tell.send(line);
        }
    });
    lines
}

/// A socket whose system buffers little of what it is sent.
fn small_window() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(32 * 1024).unwrap();
    socket
}

/// What a server answers on a connection until it closes it.
async fn answer(stream: &mut TcpStream, request: &[u8]) -> String {
    let mut said = Vec::new();
    let exchange = async {
        stream.write_all(request).await?;
        stream.read_to_end(&mut said).await
    };
    let _closed = timeout(WAIT_TIMEOUT, exchange).await.expect("the server closes the connection");
    String::from_utf8_lossy(&said).into_owned()
}

/// Waits until the server has closed the connection, reading nothing: writing to it fails then.
async fn until_cut_off(stream: &mut TcpStream, bytes: &[u8]) {
    timeout(WAIT_TIMEOUT, async { while stream.write_all(bytes).await.is_ok() {} }).await.expect("it is cut off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_requests_and_reads_no_answers_is_cut_off() {
    let server = server(RequestSettings { write_seconds: 1, ..RequestSettings::default() }).await;
    let to = address(&server.url);
    // Answers large and small; more of them than all buffers take.
    for path in ["/openapi/claims.json", "/openapi/claims", "/v2/catalogue"] {
        let mut greedy = timeout(WAIT_TIMEOUT, small_window().connect(to)).await.unwrap().unwrap();
        let requests = format!("GET {path} HTTP/1.1\r\nhost: constat\r\n\r\n").repeat(500);
        let began = Instant::now();
        until_cut_off(&mut greedy, requests.as_bytes()).await;
        assert!(began.elapsed() >= Duration::from_secs(1), "{path}: cut off although it had a second");
        let mut other = connect_from("127.0.0.1", to).await.unwrap();
        assert!(answer(&mut other, HEALTH).await.starts_with("HTTP/1.1 200"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_of_a_document_gets_all_of_it_and_one_that_stops_is_cut_off() {
    const SIZE: usize = 4 * 1024 * 1024;
    let server = server(RequestSettings { write_seconds: 2, ..RequestSettings::default() }).await;
    let caller = server.platform("Plateforme").await;
    let claim = caller.declare(&fixtures::stolen_bike()).await;
    let mut pdf = fixtures::pdf();
    pdf.resize(SIZE, b' ');
    let uploaded = caller.put(&format!("/claims/{claim}/documents"), &document(POLICE_REPORT, &pdf)).await;
    let id = uploaded.data()[0]["id"].as_str().unwrap();
    let read = caller.get(&format!("/claims/{claim}/documents/{id}")).await;
    let link = read.data()["downloadUrl"].as_str().unwrap().trim_start_matches(&server.url).to_owned();
    let request = format!("GET {link} HTTP/1.1\r\nhost: constat\r\nconnection: close\r\n\r\n");
    // Longer in all than a stall may be, never still for as long.
    let mut slow = timeout(WAIT_TIMEOUT, small_window().connect(address(&server.url))).await.unwrap().unwrap();
    slow.write_all(request.as_bytes()).await.unwrap();
    let (began, mut total, mut piece) = (Instant::now(), 0, vec![0; 128 * 1024]);
    loop {
        let count = timeout(WAIT_TIMEOUT, slow.read(&mut piece)).await.unwrap().unwrap();
        if count == 0 {
            break;
        }
        total += count;
        tokio::time::sleep(Duration::from_micros(count as u64)).await;
    }
    assert!(total > SIZE, "{total} bytes of {SIZE} and a head");
    assert!(began.elapsed() > Duration::from_secs(3), "not slow: {:?}", began.elapsed());

    let mut stopped = timeout(WAIT_TIMEOUT, small_window().connect(address(&server.url))).await.unwrap().unwrap();
    stopped.write_all(request.as_bytes()).await.unwrap();
    // It reads nothing; the system tells it that the connection is reset.
    let cut_off = async {
        while stopped.take_error().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(WAIT_TIMEOUT, cut_off).await.expect("it is cut off");
    let mut got = 0;
    while let Ok(count @ 1..) = timeout(WAIT_TIMEOUT, stopped.read(&mut piece)).await.unwrap() {
        got += count;
    }
    assert!(got < SIZE, "it was served {got} bytes although it had stopped reading");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_a_byte_now_and_then_is_cut_off_in_its_head_and_in_its_body() {
    let bounds = RequestSettings { head_seconds: 1, body_seconds: 1, ..RequestSettings::default() };
    let server = server(bounds).await;
    let caller = server.platform("Plateforme").await;
    let body = format!(
        "POST /v2/claims HTTP/1.1\r\nhost: constat\r\nkey: {}\r\ncontent-type: application/json\r\ncontent-length: \
         1000\r\n\r\n",
        caller.key
    );
    for start in ["GET /health HTTP/1.1\r\nhost: ", body.as_str(), "", "\r\n"] {
        let mut slow = connect_from("127.0.0.1", address(&server.url)).await.unwrap();
        slow.write_all(start.as_bytes()).await.unwrap();
        let (mut reading, mut writing) = slow.into_split();
        let dripping = tokio::spawn(async move {
            // Two minutes, unless it is closed before.
            for _ in 0..600 {
                tokio::time::sleep(Duration::from_millis(200)).await;
                if writing.write_all(b"x").await.is_err() {
                    return;
                }
            }
        });
        let mut said = Vec::new();
        let _closed = timeout(WAIT_TIMEOUT, reading.read_to_end(&mut said)).await.expect("it is cut off");
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains(" 200 ") && !said.contains(" 201 "), "{start:?}: {said}");
        dripping.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_closed_connection_does_not_stay() {
    let server = server(RequestSettings { head_seconds: 1, write_seconds: 1, ..RequestSettings::default() }).await;
    for request in [&b""[..], b"GET /he", HEALTH, b"GET /health HTTP/1.1\r\nhost: constat\r\n\r\n"] {
        let mut half = connect_from("127.0.0.1", address(&server.url)).await.unwrap();
        half.write_all(request).await.unwrap();
        half.shutdown().await.unwrap();
        let mut said = Vec::new();
        let _closed = timeout(WAIT_TIMEOUT, half.read_to_end(&mut said)).await.expect("the server closes its half too");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eleven_hundred_idle_connections_of_one_client_leave_room_for_others() {
    rlimit::increase_nofile_limit(8192).unwrap();
    let bounds =
        RequestSettings { connections_per_address: 50, trusted_addresses: vec![], ..RequestSettings::default() };
    let server = server(bounds).await;
    let to = address(&server.url);
    let idle = idle_connections(to).await;
    is_refused_one_more(to).await;
    // Another client, and the operators' own listener.
    let mut other = connect_from("127.0.0.2", to).await.unwrap();
    assert!(answer(&mut other, HEALTH).await.starts_with("HTTP/1.1 200"));
    let mut operator = connect_from("127.0.0.1", address(&server.metrics_url)).await.unwrap();
    assert!(answer(&mut operator, HEALTH).await.starts_with("HTTP/1.1 200"));
    // Once they are gone the first client gets in again.
    drop(idle);
    until_there_is_room(to).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_has_no_share_and_the_bound_can_be_turned_off() {
    let usual = RequestSettings { connections_per_address: 1, ..RequestSettings::default() };
    let off = RequestSettings { connections_per_address: 0, trusted_addresses: vec![], ..RequestSettings::default() };
    for bounds in [usual, off] {
        let server = server(bounds).await;
        let mut held = Vec::new();
        for _ in 0..5 {
            held.push(connect_from("127.0.0.1", address(&server.url)).await.unwrap());
        }
        for stream in &mut held {
            assert!(answer(stream, HEALTH).await.starts_with("HTTP/1.1 200"));
        }
    }
}

/// The binary under a limit of open files. Killed when dropped.
struct Limited {
    child: Child,
    lines: mpsc::Receiver<String>,
    said: Vec<String>,
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Limited {
    fn serve(folder: &std::path::Path, files: &str, environment: &[(&str, &str)]) -> Self {
        let script = format!("{files} exec {} serve --listen 127.0.0.1:0", env!("CARGO_BIN_EXE_constat"));
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(folder).env_clear().envs(environment.iter().copied());
        command.env("CONSTAT_METRICS__LISTEN", "127.0.0.1:0").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = lines_of(&mut child);
        Self { child, lines, said: Vec::new() }
    }

    /// The URL in the line that begins so.
    fn url(&mut self, words: &str) -> SocketAddr {
        loop {
            let line = self.lines.recv_timeout(WAIT_TIMEOUT).unwrap_or_else(|_| panic!("{words}: {:?}", self.said));
            self.said.push(line.clone());
            if line.contains(words) {
                let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
                return address(url.trim_end_matches("/metrics"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_few_open_files_a_server_takes_fewer_connections_and_its_health_is_still_told() {
    rlimit::increase_nofile_limit(8192).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut server = Limited::serve(folder.path(), "ulimit -Sn 512; ulimit -Hn 1024;", &[]);
    let to = server.url("Constat listens on");
    let operators = server.url("metrics on");
    assert!(
        server.said.iter().any(|line| line.contains("1024 open files") && line.contains("requests.connections")),
        "{:?}",
        server.said
    );
    // Loopback is trusted: no share, only the total counts.
    let idle = idle_connections(to).await;
    for path in ["/health", "/health/ready", "/metrics"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: constat\r\nconnection: close\r\n\r\n");
        let mut operator = connect_from("127.0.0.1", operators).await.unwrap();
        let began = Instant::now();
        let said = answer(&mut operator, request.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 200"), "{path}: {said}");
        assert!(began.elapsed() < Duration::from_secs(10), "{path} took {:?}", began.elapsed());
    }
    is_refused_one_more(to).await;
    drop(idle);
    until_there_is_room(to).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_open_files_is_raised_as_far_as_the_system_allows() {
    let folder = tempfile::tempdir().unwrap();
    let environment = [("CONSTAT_REQUESTS__CONNECTIONS", "700")];
    let mut server = Limited::serve(folder.path(), "ulimit -Sn 256; ulimit -Hn 4096;", &environment);
    server.url("Constat listens on");
    assert!(!server.said.iter().any(|line| line.contains("open files")), "{:?}", server.said);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.child.id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: u64 = files.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert_eq!(soft, 700 * 2 + 512, "{files}");
}

#[test]
fn a_server_on_a_public_address_without_tls_warns_and_names_what_to_set() {
    let warned = |listen: &str, public_url: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_constat"));
        command.args(["serve", "--listen", listen]).current_dir(folder.path()).env_clear();
        command.env("CONSTAT_METRICS__LISTEN", "").env("CONSTAT_PUBLIC_URL", public_url);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = lines_of(&mut child);
        let mut said = String::new();
        while !said.contains("Stop with") {
            said.push_str(&lines.recv_timeout(WAIT_TIMEOUT).expect("it starts"));
            said.push('\n');
        }
        child.kill().unwrap();
        child.wait().unwrap();
        (said.contains("without TLS") || said.contains("plain HTTP is open")).then_some(said)
    };
    let has_ipv6 = std::net::TcpListener::bind("[::]:0").is_ok();
    for (listen, public_url) in [("0.0.0.0:0", ""), ("[::]:0", ""), ("127.0.0.1:0", "http://constat.example")] {
        if listen.starts_with('[') && !has_ipv6 {
            continue;
        }
        let said = warned(listen, public_url).unwrap_or_else(|| panic!("{listen} {public_url}"));
        assert!(said.contains("public_url") && said.contains("requests.trusted_addresses"), "{said}");
    }
    // A proxy speaks TLS, and the server is open beside it.
    let said = warned("0.0.0.0:0", "https://constat.example").expect("a warning");
    assert!(said.contains("127.0.0.1") && said.contains("private address"), "{said}");
    for (listen, public_url) in [("127.0.0.1:0", ""), ("127.0.0.1:0", "https://constat.example")] {
        assert_eq!(warned(listen, public_url), None, "{listen} {public_url}");
    }
}
