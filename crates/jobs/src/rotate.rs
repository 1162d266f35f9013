//! Makes new keys for sealing offers, sessions and links when the present ones are old enough.

use std::sync::Arc;
use std::time::Duration;

use constat_core::Core;

/// Between two looks.
const POLL: Duration = Duration::from_hours(1);

/// Looks at the sealing keys every hour; the start of a server has looked at them already. Works until the
/// task is dropped.
pub async fn rotate_sealing_keys(core: Arc<Core>) {
    let mut hours = tokio::time::interval(POLL);
    hours.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    hours.tick().await;
    loop {
        hours.tick().await;
        if let Err(error) = core.sealer.rotate(core.clock.now()).await {
            tracing::error!(%error, "the sealing keys were not rotated; trying again in an hour");
        }
    }
}
