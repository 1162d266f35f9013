//! Ports that stay ours while their owner is down.

use std::net::TcpListener;

use crate::rng::SeededRng;

/// Below the range of outgoing connections, so that the port of a killed server is free when it restarts.
const FIRST: usize = 20_000;
const COUNT: usize = 10_000;

/// Hands out free ports of this machine, each once.
pub struct Ports {
    rng: SeededRng,
    given: Vec<u16>,
}

impl Ports {
    /// Begins somewhere that depends on the process, so that runs beside each other seldom meet.
    pub fn new() -> Self {
        Self { rng: SeededRng::new(u64::from(std::process::id()), 0), given: Vec::new() }
    }

    /// An unused port.
    pub fn free(&mut self) -> u16 {
        loop {
            let port = u16::try_from(FIRST + self.rng.below(COUNT)).expect("a port");
            if !self.given.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
                self.given.push(port);
                return port;
            }
        }
    }
}
