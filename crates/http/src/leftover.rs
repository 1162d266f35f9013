//! The unread rest of a request's body.
//!
//! A request is often refused before its body is read: a bad key, an unknown path, a wrong media
//! type. Closing the connection on a sender in the middle of a large body would lose the answer on
//! its way, so the rest is read and thrown away first, up to a limit.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::Request;
use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt as _};
use tokio::sync::oneshot;

/// Most that is thrown away for one request.
const MOST_DISCARDED: usize = 64 * 1024 * 1024;

/// A body that is handed back when its reader drops it.
struct Returned {
    inner: Option<BodyDataStream>,
    back: Option<oneshot::Sender<BodyDataStream>>,
}

impl Stream for Returned {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(inner) = self.inner.as_mut() else { return Poll::Ready(None) };
        let next = inner.poll_next_unpin(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            // Read to its end, or broken: nothing is left to hand back.
            self.back = None;
        }
        next
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        if let (Some(inner), Some(back)) = (self.inner.take(), self.back.take()) {
            // Fails when nobody waits for it any more.
            let _nobody = back.send(inner);
        }
    }
}

/// The way back for a body.
pub(crate) struct Leftover(Option<oneshot::Receiver<BodyDataStream>>);

/// Lends a request its own body. Requests without one are left alone.
pub(crate) fn lend(request: Request) -> (Request, Leftover) {
    if request.body().is_end_stream() {
        return (request, Leftover(None));
    }
    let (back, rest) = oneshot::channel();
    let returned = |body: Body| Returned { inner: Some(body.into_data_stream()), back: Some(back) };
    (request.map(|body| Body::from_stream(returned(body))), Leftover(Some(rest)))
}

impl Leftover {
    /// Reads the rest and throws it away, for as long as a body may take.
    pub(crate) async fn discard(self, patience: Duration) {
        let Some(mut stream) = self.0.and_then(|mut rest| rest.try_recv().ok()) else { return };
        let all = async {
            let mut seen = 0;
            while let Some(Ok(chunk)) = stream.next().await {
                seen += chunk.len();
                if seen > MOST_DISCARDED {
                    return;
                }
            }
        };
        // Too slow: its sender may lose the answer.
        let _too_slow = tokio::time::timeout(patience, all).await;
    }
}
