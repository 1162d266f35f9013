//! What is done to the servers, the network and the database while the clients work. Three hands, each
//! with rng of its own; each puts right what it did before it does the next thing.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};

use crate::client::Shared;
use crate::clock::now;
use crate::cluster::Cluster;
use crate::history::Line;
use crate::node::{self, Node};
use crate::plain::Plain;
use crate::rng::SeededRng;
use crate::wire::{Condition, Wire};

/// The database under test.
pub enum Database {
    /// A file of the only node.
    Sqlite,
    /// One server.
    Plain(Plain),
    /// Two servers under patroni.
    Cluster(Box<Cluster>),
}

/// Whose hand it is.
pub struct Hand {
    /// Where faults are written down; tells when the run is over.
    pub shared: Arc<Shared>,
    /// Its rng.
    pub rng: SeededRng,
    /// Milliseconds between two faults.
    pub pause: Range<u64>,
}

/// Longest wait for a node to stop in good order: longer than it takes by itself.
const DRAIN: Duration = Duration::from_secs(25);
/// Longest wait for a node to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);

impl Hand {
    fn note(&self, what: impl Into<String>) {
        self.shared.history.add(&Line::Fault { at: now(), what: what.into() });
    }

    fn note_repair(&self, what: impl Into<String>) {
        self.shared.history.add(&Line::Repair { at: now(), what: what.into() });
    }

    /// Waits between two faults. False once the run is over.
    async fn waits(&mut self) -> bool {
        let pause = self.rng.millis(self.pause.clone());
        let mut over: watch::Receiver<bool> = self.shared.over.clone();
        tokio::time::timeout(pause, over.wait_for(|over| *over)).await.is_err()
    }

    async fn leave(&mut self, millis: Range<u64>) {
        tokio::time::sleep(self.rng.millis(millis)).await;
    }

    /// Kills nodes, stops them in good order, or freezes them, and has them go on.
    pub async fn on_nodes(mut self, nodes: Vec<Arc<Mutex<Node>>>) -> Result<(), String> {
        while self.waits().await {
            let number = self.rng.below(nodes.len());
            let mut node = nodes[number].lock().await;
            match self.rng.below(10) {
                0..6 => {
                    node.kill();
                    self.note(format!("kill -9 of node {number}"));
                }
                6 | 7 => {
                    if !node.stop(DRAIN).await {
                        return Err(format!("node {number} did not stop within {} s", DRAIN.as_secs()));
                    }
                    self.note(format!("node {number} was stopped cleanly"));
                }
                _ => {
                    node.freeze(true);
                    self.note(format!("node {number} is frozen"));
                    self.leave(500..10_000).await;
                    node.freeze(false);
                    self.note_repair(format!("node {number} goes on"));
                    continue;
                }
            }
            self.leave(200..3_000).await;
            node.start();
            let port = node.port;
            drop(node);
            self.note_repair(format!("node {number} is started again"));
            let answered = node::answers(port, Duration::from_secs(20)).await;
            self.note_repair(format!("node {number} {}", if answered { "answers" } else { "does not answer yet" }));
        }
        for (number, node) in nodes.iter().enumerate() {
            let mut node = node.lock().await;
            node.start();
            if !node::answers(node.port, ANSWER_TIMEOUT).await {
                return Err(format!("node {number} does not come back; see its log"));
            }
        }
        Ok(())
    }

    /// Starts nodes again that have ended by themselves, as a service manager does: one that starts while
    /// its database is away may say so and end. Works until it is aborted.
    pub async fn over_nodes(mut self, nodes: Vec<Arc<Mutex<Node>>>) {
        loop {
            self.leave(self.pause.clone()).await;
            for (number, node) in nodes.iter().enumerate() {
                let mut node = node.lock().await;
                if !node.runs() {
                    node.start();
                    self.note_repair(format!("node {number} had ended by itself, and is started again"));
                }
            }
        }
    }

    /// Cuts the network between a node and the database.
    pub async fn on_wires(mut self, wires: Vec<Wire>) -> Vec<Wire> {
        while self.waits().await {
            let number = self.rng.below(wires.len());
            let (condition, how) = match self.rng.below(2) {
                0 => (Condition::Broken, "broken"),
                _ => (Condition::Silent, "silent"),
            };
            wires[number].set(condition);
            self.note(format!("the network between node {number} and the database is {how}"));
            self.leave(300..8_000).await;
            wires[number].set(Condition::Whole);
            self.note_repair(format!("the network between node {number} and the database is whole"));
        }
        wires
    }

    /// Kills the database, or has it change its leader.
    pub async fn on_database(mut self, mut database: Database) -> Result<Database, String> {
        while self.waits().await {
            match &mut database {
                Database::Sqlite => return Ok(database),
                Database::Plain(server) => {
                    server.kill();
                    self.note("kill -9 of the database");
                    self.leave(100..2_000).await;
                    server.start_again().await?;
                    self.note_repair("the database takes work");
                }
                Database::Cluster(cluster) => {
                    self.on_cluster(cluster).await?;
                    cluster.whole().await?;
                    self.note_repair("the cluster is whole");
                }
            }
        }
        Ok(database)
    }

    async fn on_cluster(&mut self, cluster: &mut Cluster) -> Result<(), String> {
        match self.rng.below(5) {
            0..2 => {
                let Some(name) = cluster.kill_leader().await else { return Ok(()) };
                self.note(format!("kill -9 of the leading database {name}"));
                // Longer than patroni needs to see it.
                self.leave(3_000..6_000).await;
            }
            2..4 => {
                let Some((number, name)) = cluster.lose_leader().await else { return Ok(()) };
                self.note(format!("kill -9 of the leading database {name} and of its patroni"));
                self.leave(2_000..40_000).await;
                cluster.return_member(number)?;
                self.note_repair(format!("{name} is back"));
            }
            _ => {
                let done = cluster.switch_over().await;
                self.note(format!("switchover{}", if done { "" } else { ", which patroni declined" }));
            }
        }
        Ok(())
    }
}
