//! Whether the database answers.

use std::sync::Arc;
use std::time::Duration;

use constat_store::queries::api_keys;

use crate::App;

/// How long the database may take to say anything at all.
const PATIENCE: Duration = Duration::from_secs(2);

impl App {
    /// Whether the database answers a small question in time. Asked beside the threads that serve:
    /// one that hangs must not hang them.
    pub async fn database_answers(self: &Arc<Self>) -> bool {
        let app = Arc::clone(self);
        let asked = tokio::task::spawn_blocking(move || {
            app.store.read(|connection| api_keys::by_hash(connection, "").map(drop))
        });
        matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(Ok(()))))
    }
}
