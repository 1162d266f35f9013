//! Whether the database answers.

use std::sync::Arc;
use std::time::Duration;

use constat_store::queries::api_keys;

use crate::core::Core;

/// How long the database may take to say anything at all.
const READINESS_TIMEOUT: Duration = Duration::from_secs(2);

impl Core {
    /// Whether the database answers a small question in time. Asked beside the threads that serve:
    /// one that hangs must not hang them.
    pub async fn database_answers(self: &Arc<Self>) -> bool {
        let core = Arc::clone(self);
        let asked = tokio::task::spawn_blocking(move || {
            core.store.read(|connection| api_keys::by_hash(connection, "").map(drop))
        });
        matches!(tokio::time::timeout(READINESS_TIMEOUT, asked).await, Ok(Ok(Ok(()))))
    }
}
