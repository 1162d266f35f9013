//! Drains the unread rest of a request body.
//!
//! A request is often refused before its body is read: an invalid key, an unknown path, a wrong media type.
//! If the server closed the connection while the client still sends, the client might never see the answer.
//! The rest of the body is therefore read and discarded first, up to a limit.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::Request;
use bytes::Bytes;
use futures_util::stream::{Stream, StreamExt as _};
use tokio::sync::oneshot;

/// Maximum bytes discarded for one request.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// A body that its reader returns on drop.
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
            // At its end or broken: nothing is left to drain.
            self.back = None;
        }
        next
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        if let (Some(inner), Some(back)) = (self.inner.take(), self.back.take()) {
            // Fails when the request is over.
            let _request_is_over = back.send(inner);
        }
    }
}

/// Receives the body back.
pub(crate) struct UnreadBody(Option<oneshot::Receiver<BodyDataStream>>);

/// Hands a request a returnable body. Requests without a body are unchanged.
pub(crate) fn returnable(request: Request) -> (Request, UnreadBody) {
    if request.body().is_end_stream() {
        return (request, UnreadBody(None));
    }
    let (back, rest) = oneshot::channel();
    let returned = |body: Body| Returned { inner: Some(body.into_data_stream()), back: Some(back) };
    (request.map(|body| Body::from_stream(returned(body))), UnreadBody(Some(rest)))
}

impl UnreadBody {
    /// Reads and discards the rest of the body within a time limit.
    pub(crate) async fn discard(self, time_limit: Duration) {
        let Some(mut stream) = self.0.and_then(|mut rest| rest.try_recv().ok()) else { return };
        let all = async {
            let mut seen = 0;
            while let Some(Ok(chunk)) = stream.next().await {
                seen += chunk.len();
                if seen > MAX_DISCARDED_BYTES {
                    return;
                }
            }
        };
        // Over the time limit the client may miss the answer.
        let _too_slow = tokio::time::timeout(time_limit, all).await;
    }
}
