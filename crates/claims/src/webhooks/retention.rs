//! Retention of the delivery log.

use constat_domain::ids::WebhookDeliveryId;
use constat_store::queries::webhook_deliveries::{self, Made};

use crate::ClaimService;
use constat_core::AppError;
use constat_core::days_before;

/// Maximum deliveries read and deleted in one transaction: a few milliseconds of the writer's time.
const BATCH: i64 = 500;

/// Deletes messages delivered more than `webhooks.keep_delivered_days` ago, with their attempts, and returns their
/// number. Pending and failed messages stay. Several nodes may run it at once.
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
        // In order of creation: the first recent one ends the scan.
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
