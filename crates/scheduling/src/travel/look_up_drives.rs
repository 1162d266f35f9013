//! Fetches the drive times of a booking before its transaction, within the time budget of the routing server.

use constat_availability::{CalendarIndex, who_can};
use constat_domain::ids::ExpertId;
use constat_store::StoreError;

use crate::offer::participants::OfferParticipants;
use crate::offer::token::Offer;
use crate::scheduler::Scheduler;

/// Maximum other experts whose drives are looked up when the expert of an offer is not free.
const MAX_OTHERS: usize = 5;

/// Fetches the drive times that decide on the booking of an offer: those of its experts around that time and, when one
/// of them is not free, those of the experts who may come instead. Without a routing server it does nothing.
pub(crate) async fn look_up_drives(scheduler: &Scheduler, offer: &Offer, participants: &[OfferParticipants]) {
    let Some(routed) = scheduler.travel.routed() else { return };
    let now = scheduler.core.clock.now();
    let firms = participants.iter().map(|firm| Ok((firm, scheduler.calendars.of(&firm.tenant, now)?)));
    // The transaction reports what is wrong with the calendars.
    let Ok(firms) = firms.collect::<Result<Vec<_>, StoreError>>() else { return };
    let time = (offer.busy_from, offer.busy_to);
    let drives_of = |firm: &OfferParticipants, calendars: &CalendarIndex, expert: ExpertId| {
        let calendar = calendars.get(expert);
        calendar.map(|calendar| calendar.drives_around(&firm.requirement, time.0, time.1)).into_iter().flatten()
    };
    let mut legs = Vec::new();
    for (firm, calendars) in &firms {
        legs.extend(firm.experts.iter().flat_map(|expert| drives_of(firm, calendars, *expert)));
    }
    let learning = async {
        routed.learn(&legs).await?;
        let known = routed.known();
        let mut more = Vec::new();
        for (firm, calendars) in &firms {
            if !firm.are_free(calendars, &known, time) {
                let others = who_can(calendars, &firm.requirement, time.0, time.1, &known);
                let others = others.into_iter().filter(|expert| !firm.experts.contains(expert));
                more.extend(others.take(MAX_OTHERS).flat_map(|expert| drives_of(firm, calendars, expert)));
            }
        }
        if more.is_empty() {
            return Ok(());
        }
        legs.extend(more);
        routed.learn(&legs).await
    };
    let _learned = routed.within_budget(learning).await;
    routed.count_estimated(&routed.known(), &legs);
}
