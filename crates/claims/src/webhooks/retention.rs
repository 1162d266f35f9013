//! How long the log of what was delivered is kept.

use constat_domain::ids::WebhookDeliveryId;
use constat_store::queries::webhook_deliveries::{self, Made};

use crate::ClaimService;
use constat_core::AppError;
use constat_core::days_before;

/// Deliveries looked at, and at most removed, in one transaction: some milliseconds of the writer's time.
const BATCH: i64 = 500;

/// Removes what was delivered longer ago than `webhooks.keep_delivered_days`, with the log of its tries.
/// Gives how many. What is still to be sent or was given up stays, however old. Several nodes may do it
/// at once.
pub async fn delete_delivered(service: &ClaimService) -> Result<usize, AppError> {
    let days = service.core.settings.webhooks.keep_delivered_days;
    if days == 0 {
        return Ok(0);
    }
    let Some(before) = days_before(service.core.clock.now(), days) else { return Ok(0) };
    let (mut place, mut removed) = (0, 0);
    loop {
        let page = service.core.store.read(|connection| webhook_deliveries::made_after(connection, place, BATCH))?;
        let Some(last) = page.last() else { break };
        place = last.place;
        // They are in the order in which they were made: all after a young one are young.
        let is_last = last.created_at >= before;
        let is_old = |made: &&Made| made.delivered_at.is_some_and(|at| at < before);
        let old: Vec<WebhookDeliveryId> = page.iter().filter(is_old).map(|made| made.id).collect();
        if !old.is_empty() {
            removed += service
                .core
                .store
                .write(move |tx| Ok::<_, AppError>(webhook_deliveries::remove_delivered(tx, &old)?))
                .await?;
        }
        if is_last {
            break;
        }
    }
    Ok(removed)
}
