//! Deadline watch: evaluates claims that changed or whose next deadline moment has come, and raises events.
//!
//! Each event is raised once per claim, rule and term: a row with this key is written in the event's transaction,
//! so that neither a restart nor a second node raises it again. A claim that changes during its evaluation is
//! evaluated again.

use std::sync::Arc;

use constat_domain::claim::Claim;
use constat_domain::deadlines::{Deadlines, Look, Notice, Rule, look};
use constat_domain::holidays::Holidays;
use constat_domain::ids::EventId;
use constat_store::queries::deadlines;
use constat_store::queries::events::{self, Event};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::ClaimService;
use crate::claim::events::about;
use constat_core::{AppError, SecureRandom};
use constat_store::Tx;

/// Claims looked at in one transaction: some milliseconds of the writer's time.
const BATCH: i64 = 50;

/// Another one for each change of what a look finds, so that all claims are looked at again.
const EVALUATION_VERSION: &str = "drafts are silent, CEDEX codes lie in their département";

/// What is to be told of one deadline.
struct News {
    notice: Notice,
    rule: String,
    article: String,
    label: String,
    due_on: Option<Date>,
    due_at: Timestamp,
    met_on: Option<Date>,
}

/// One claim as it was looked at.
struct Looked {
    claim: Claim,
    look: Look,
    news: Vec<News>,
}

/// Has every claim looked at again when the rules are not those of the last time: others were turned
/// on, or the program brought new ones.
pub async fn refresh_rules_version(service: &ClaimService) -> Result<(), AppError> {
    let mut digest = Sha256::new();
    digest.update(format!("{:?}", service.core.deadlines));
    digest.update(format!("{:?}", Holidays::embedded()));
    digest.update(EVALUATION_VERSION);
    let digest = format!("{:x}", digest.finalize());
    if service.core.store.read(deadlines::rules_digest)?.as_ref() == Some(&digest) {
        return Ok(());
    }
    service.core.store.write(move |tx| Ok(deadlines::rules_changed(tx, &digest)?)).await
}

/// Looks at the claims whose time has come, some at once. Gives how many: none when nothing is left.
pub async fn watch_deadlines(service: &ClaimService) -> Result<usize, AppError> {
    let now = service.core.clock.now();
    let claims = service.core.store.read(|connection| deadlines::due(connection, now, BATCH))?;
    if claims.is_empty() {
        return Ok(0);
    }
    let looked: Vec<Looked> = claims.into_iter().map(|claim| look_at(service, claim, now)).collect();
    let (count, looked, secure_random) = (looked.len(), Arc::new(looked), Arc::clone(&service.core.secure_random));
    service
        .core
        .store
        .write(move |tx| {
            for one in looked.as_ref() {
                keep(tx, one, now, secure_random.as_ref())?;
            }
            Ok::<_, AppError>(())
        })
        .await?;
    Ok(count)
}

/// Marks deadlines that ended before a claim was imported from another system as notified. Running terms are
/// notified as usual.
pub(crate) fn mark_already_notified(
    tx: &mut Tx,
    rules: &Deadlines,
    claim: &Claim,
    now: Timestamp,
) -> Result<(), AppError> {
    let deadlines = rules.of_claim(claim, now);
    for (place, notice) in look(&deadlines, claim.created_at, now).tell {
        let Some(deadline) = deadlines.get(place).filter(|_| notice != Notice::Approaching) else { continue };
        let Some(due_at) = deadline.due_at else { continue };
        deadlines::tell(tx, claim.declaration_id, &deadline.rule.id, due_at, notice.event().name())?;
    }
    Ok(())
}

/// A draft that was never submitted has no running terms: it raises no events and is on no worklist. Its
/// submission is a change, after which it is evaluated.
fn look_at(service: &ClaimService, claim: Claim, now: Timestamp) -> Looked {
    let deadlines = service.core.deadlines.of_claim(&claim, now);
    let look = if claim.submitted_at().is_some() { look(&deadlines, claim.created_at, now) } else { Look::default() };
    let news = look.tell.iter().filter_map(|(place, notice)| {
        let deadline = deadlines.get(*place)?;
        let Rule { id, article, label, .. } = deadline.rule;
        Some(News {
            notice: *notice,
            rule: id.clone(),
            article: article.clone(),
            label: label.clone(),
            due_on: deadline.due_on,
            due_at: deadline.due_at?,
            met_on: deadline.met_on,
        })
    });
    let news = news.collect();
    Looked { claim, look, news }
}

fn keep(
    tx: &mut Tx,
    Looked { claim, look, news }: &Looked,
    now: Timestamp,
    secure_random: &dyn SecureRandom,
) -> Result<(), AppError> {
    if !deadlines::looked(tx, claim, look)? {
        return Ok(());
    }
    for one in news {
        if !deadlines::tell(tx, claim.declaration_id, &one.rule, one.due_at, one.notice.event().name())? {
            continue;
        }
        let more = json!({
            "rule": one.rule,
            "label": one.label,
            "article": one.article,
            "dueOn": one.due_on,
            "dueAt": one.due_at,
            "metOn": one.met_on,
        });
        let (id, kind) = (EventId::new(now, &secure_random.entropy()), one.notice.event());
        let event = Event::by_system(id, claim.tenant, claim.declaration_id, kind, now, about(claim, more));
        events::append(tx, &event)?;
    }
    Ok(())
}
