//! A network of our own between a server and its database, which can be cut.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How the wire is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Everything passes.
    Whole,
    /// Nothing passes, without an error: connections stay, bytes wait.
    Silent,
    /// Connections are broken, new ones refused.
    Broken,
}

/// Listens on a port and passes what comes on to another, as long as the wire is whole.
pub struct Wire {
    condition: watch::Sender<Condition>,
    task: JoinHandle<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
        self.condition.send_replace(Condition::Broken);
    }
}

impl Wire {
    /// Lays a wire between two ports of this machine.
    pub async fn lay(from: u16, to: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", from)).await?;
        let (condition, seen) = watch::channel(Condition::Whole);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                // Dropped at once while the wire is broken.
                if *seen.borrow() != Condition::Broken {
                    tokio::spawn(pass(near, SocketAddr::from(([127, 0, 0, 1], to)), seen.clone()));
                }
            }
        });
        Ok(Self { condition, task })
    }

    /// Changes the wire's condition.
    pub fn set(&self, condition: Condition) {
        self.condition.send_replace(condition);
    }
}

/// Longest time without looking at a silent wire.
const IDLE_POLL: Duration = Duration::from_millis(20);

async fn pass(near: TcpStream, to: SocketAddr, mut seen: watch::Receiver<Condition>) {
    // While it is silent a new connection waits: nothing of it reaches the other side.
    if seen.wait_for(|now| *now != Condition::Silent).await.is_err() {
        return;
    }
    let Ok(far) = TcpStream::connect(to).await else { return };
    // Small messages leave at once; when it cannot be set they leave a little later.
    let _slower = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let broken = seen.clone();
    tokio::select! {
        // One side has ended: so has the other.
        () = copy(near_in, far_out, seen.clone()) => {}
        () = copy(far_in, near_out, seen.clone()) => {}
        () = until_broken(broken) => {}
    }
}

async fn until_broken(mut seen: watch::Receiver<Condition>) {
    let _gone = seen.wait_for(|now| *now == Condition::Broken).await;
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut seen: watch::Receiver<Condition>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        while *seen.borrow_and_update() == Condition::Silent {
            // Woken by a change; the pause is for one that came in between.
            let _changed = tokio::time::timeout(IDLE_POLL, seen.changed()).await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Ports;

    #[tokio::test]
    async fn a_silent_wire_keeps_what_was_sent_and_a_broken_one_ends_it() {
        let mut ports = Ports::new();
        let far = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = ports.free();
        let wire = Wire::lay(near, far.local_addr().unwrap().port()).await.unwrap();
        let mut client = TcpStream::connect(("127.0.0.1", near)).await.unwrap();
        client.write_all(b"one").await.unwrap();
        let (mut server, _) = far.accept().await.unwrap();
        let mut three = [0; 3];
        server.read_exact(&mut three).await.unwrap();
        assert_eq!(&three, b"one");

        wire.set(Condition::Silent);
        client.write_all(b"two").await.unwrap();
        let early = tokio::time::timeout(Duration::from_millis(100), server.read_exact(&mut three)).await;
        assert!(early.is_err(), "nothing passes a silent wire");
        wire.set(Condition::Whole);
        server.read_exact(&mut three).await.unwrap();
        assert_eq!(&three, b"two");

        wire.set(Condition::Broken);
        assert_eq!(client.read(&mut three).await.unwrap_or(0), 0);
        let mut refused = TcpStream::connect(("127.0.0.1", near)).await.unwrap();
        assert_eq!(refused.read(&mut three).await.unwrap_or(0), 0);
    }
}
