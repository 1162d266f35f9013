//! Two PostgreSQL servers that patroni watches over, with etcd to agree on who leads and haproxy in
//! front, which follows the leader. Debian's programs, as plain processes of our own.
//!
//! A commit is acknowledged once both servers have it (`synchronous_mode`), and only a server that has
//! all of it is promoted: so the loss of the leader loses nothing that was acknowledged.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use constat_testkit::postgres::Programs;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::plain::signal;
use crate::ports::Ports;

const MISSING: &str = "patroni, etcd or haproxy is missing: `cargo xtask crash` installs them \
                       (on Debian: apt-get install patroni etcd-server haproxy python3-etcd)";

/// Longest wait for the cluster to be whole: a leader and a standby that has all it has.
const CLUSTER_TIMEOUT: Duration = Duration::from_mins(2);

struct Member {
    name: &'static str,
    port: u16,
    rest: u16,
    folder: PathBuf,
    patroni: Option<Child>,
}

/// A running cluster. It ends when dropped.
pub struct Cluster {
    programs: Programs,
    members: Vec<Member>,
    etcd: Child,
    haproxy: Child,
    port: u16,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Those who would start the servers again go first.
        for member in &mut self.members {
            end(&mut member.patroni);
        }
        for member in &self.members {
            member.signal_server("QUIT");
        }
        end(&mut Some(&mut self.haproxy));
        end(&mut Some(&mut self.etcd));
    }
}

fn end(child: &mut Option<impl std::borrow::BorrowMut<Child>>) {
    if let Some(mut child) = child.take() {
        let _gone = child.borrow_mut().kill();
        let _reaped = child.borrow_mut().wait();
    }
}

impl Member {
    /// The number of the server's process, when it runs.
    fn server(&self) -> Option<String> {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        file.lines().next().map(str::to_owned)
    }

    fn signal_server(&self, name: &str) {
        if let Some(process) = self.server() {
            signal(name, &process);
        }
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("patroni.yml")
    }

    fn start(&mut self, programs: &Programs) -> Result<(), String> {
        let mut command = programs.foreign(Path::new("/usr/bin/patroni"));
        command.arg(self.configuration());
        self.patroni = Some(spawn(&mut command, &self.folder.join("log"))?);
        Ok(())
    }
}

fn spawn(command: &mut Command, log: &Path) -> Result<Child, String> {
    let log =
        File::options().create(true).append(true).open(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let errors = log.try_clone().map_err(|error| error.to_string())?;
    command.stdin(Stdio::null()).stdout(log).stderr(errors);
    command.spawn().map_err(|error| format!("{MISSING}: {error}"))
}

/// The patroni configuration of one server. `ttl`: seconds after which a silent leader loses its role; the minimum
/// that patroni accepts. `master_start_timeout: 0`: a leader whose server has died releases its role at once.
fn configuration(member: &Member, programs: &Programs, etcd: u16) -> String {
    let Member { name, port, rest, folder, .. } = member;
    let (folder, programs) = (folder.display(), programs.folder().display());
    format!(
        r#"scope: crash
name: {name}
restapi: {{ listen: "127.0.0.1:{rest}", connect_address: "127.0.0.1:{rest}" }}
etcd3: {{ host: "127.0.0.1:{etcd}" }}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 3
    master_start_timeout: 0
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters: {{ max_connections: 300, wal_log_hints: "on", jit: "off" }}
  initdb: [ {{ encoding: UTF8 }}, {{ locale: C.UTF-8 }}, data-checksums ]
  pg_hba:
    - host all all 127.0.0.1/32 trust
    - host replication replicator 127.0.0.1/32 trust
    - local all all trust
postgresql:
  listen: "127.0.0.1:{port}"
  connect_address: "127.0.0.1:{port}"
  data_dir: {folder}/data
  bin_dir: {programs}
  pgpass: {folder}/pgpass
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
  authentication:
    superuser: {{ username: postgres, password: postgres }}
    replication: {{ username: replicator, password: replicator }}
  parameters: {{ unix_socket_directories: "{folder}" }}
"#
    )
}

fn front(members: &[Member], port: u16) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "global\n    maxconn 2000\ndefaults\n    mode tcp\n    timeout connect 2s\n    timeout client 1h\n\
         \x20   timeout server 1h\n    timeout check 1s\nlisten leader\n    bind 127.0.0.1:{port}\n\
         \x20   option httpchk OPTIONS /primary\n    http-check expect status 200\n\
         \x20   default-server inter 500ms fall 1 rise 1 on-marked-down shutdown-sessions\n"
    );
    for Member { name, port, rest, .. } in members {
        let _infallible = writeln!(text, "    server {name} 127.0.0.1:{port} check port {rest}");
    }
    text
}

impl Cluster {
    /// Starts a new cluster with an empty database `constat`.
    pub async fn start(folder: &Path, ports: &mut Ports) -> Result<Self, String> {
        let describe = |error: std::io::Error| format!("{}: {error}", folder.display());
        let programs = Programs::find();
        let (etcd_port, peer, port) = (ports.free(), ports.free(), ports.free());
        let mut members: Vec<Member> = ["pg1", "pg2"]
            .into_iter()
            .map(|name| Member {
                name,
                port: ports.free(),
                rest: ports.free(),
                folder: folder.join(name),
                patroni: None,
            })
            .collect();
        let data = folder.join("etcd");
        programs.make_folder(&data).map_err(describe)?;
        let (client, peer) = (format!("http://127.0.0.1:{etcd_port}"), format!("http://127.0.0.1:{peer}"));
        let mut etcd = programs.foreign(Path::new("/usr/bin/etcd"));
        etcd.arg("--data-dir").arg(&data).args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        etcd.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        etcd.args(["--initial-cluster", &format!("default={peer}")]);
        let etcd = spawn(&mut etcd, &folder.join("etcd.log"))?;
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, front(&members, port)).map_err(describe)?;
        let mut haproxy = Command::new("/usr/sbin/haproxy");
        let haproxy = spawn(haproxy.arg("-db").arg("-f").arg(file), &folder.join("haproxy.log"))?;
        for member in &mut members {
            programs.make_folder(&member.folder).map_err(describe)?;
            std::fs::write(member.configuration(), configuration(member, &programs, etcd_port)).map_err(describe)?;
            member.start(&programs)?;
        }
        let cluster = Self { programs, members, etcd, haproxy, port };
        cluster.whole().await?;
        cluster.programs.psql(&cluster.url("postgres"), &["CREATE DATABASE constat"])?;
        Ok(cluster)
    }

    /// The port that leads to the leader.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How to reach a database of the leader.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?connect_timeout=3", self.port)
    }

    /// The programs that reach it.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Waits until there is a leader that takes work and a standby that has all it has.
    pub async fn whole(&self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let roles = self.roles().await;
            let has = |wanted: &str| roles.iter().any(|(_, role)| role == wanted);
            if has("leader") && has("sync_standby") && self.programs.psql(&self.url("postgres"), &["SELECT 1"]).is_ok()
            {
                return Ok(());
            }
            if begun.elapsed() > CLUSTER_TIMEOUT {
                return Err(format!("the cluster does not become whole: {roles:?}; see the logs of patroni"));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Each member that runs, with its role, as patroni tells it.
    async fn roles(&self) -> Vec<(String, String)> {
        for member in &self.members {
            let Ok(answer) = get(member.rest, "/cluster").await else { continue };
            let members = answer["members"].as_array().cloned().unwrap_or_default();
            let running =
                members.iter().filter(|member| matches!(member["state"].as_str(), Some("running" | "streaming")));
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            return running.map(|member| (text(&member["name"]), text(&member["role"]))).collect();
        }
        Vec::new()
    }

    /// Which member leads, as patroni tells it.
    async fn leader(&self) -> Option<usize> {
        let roles = self.roles().await;
        let (name, _) = roles.iter().find(|(_, role)| role == "leader")?;
        self.members.iter().position(|member| member.name == name)
    }

    /// `kill -9` of the leader's server. Gives its name.
    pub async fn kill_leader(&self) -> Option<&'static str> {
        let member = &self.members[self.leader().await?];
        member.signal_server("KILL");
        Some(member.name)
    }

    /// `kill -9` of the leader's server and of the patroni that watches over it, as when a machine is lost.
    /// Gives which member it was.
    pub async fn lose_leader(&mut self) -> Option<(usize, &'static str)> {
        let number = self.leader().await?;
        let member = &mut self.members[number];
        end(&mut member.patroni);
        member.signal_server("KILL");
        Some((number, member.name))
    }

    /// The machine that was lost is back.
    pub fn return_member(&mut self, number: usize) -> Result<(), String> {
        self.members[number].start(&self.programs)
    }

    /// `patronictl switchover`: the leader hands over in good order. False when patroni declines.
    pub async fn switch_over(&self) -> bool {
        let Some(leader) = self.leader().await else { return false };
        let (from, to) = (&self.members[leader], &self.members[1 - leader]);
        let mut command = self.programs.foreign(Path::new("/usr/bin/patronictl"));
        command.arg("-c").arg(from.configuration());
        command.args(["switchover", "--leader", from.name, "--candidate", to.name, "--force"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        tokio::task::spawn_blocking(move || command.status().is_ok_and(|status| status.success()))
            .await
            .unwrap_or(false)
    }
}

/// Asks patroni's own API, which answers JSON.
async fn get(port: u16, path: &str) -> std::io::Result<Value> {
    let asked = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!("GET {path} HTTP/1.0\r\nhost: patroni\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Ok(serde_json::from_str(body)?)
    };
    tokio::time::timeout(Duration::from_secs(3), asked).await?
}
