//! Which partner to ask.

use constat_domain::Refusal;
use constat_domain::refusal::BookingRefusal;
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Mode, TenantId};

use constat_core::PartnerLink;
use constat_core::{AppError, Settings};

/// True when the platform may ask this partner for its test or its live claims. A partner's test
/// keys start with `test_`: test claims never reach a live calendar, nor the other way round.
fn is_open_to(link: &PartnerLink, tenant: &TenantId) -> bool {
    link.platform.is_none_or(|platform| platform == tenant.org)
        && link.key.starts_with("test_") == (tenant.mode == Mode::Test)
}

/// The partner named, or the first that serves the kind.
pub(super) fn choose<'a>(
    settings: &'a Settings,
    tenant: &TenantId,
    kind: ServiceKind,
    name: Option<&str>,
) -> Result<&'a PartnerLink, Refusal> {
    let mut open = settings.partners.iter().filter(|link| is_open_to(link, tenant));
    let Some(name) = name else {
        return open.find(|link| link.serves.contains(&kind)).ok_or(BookingRefusal::NoPartner.into());
    };
    // A firm may be linked once for each kind, with the same name.
    let named: Vec<&PartnerLink> = open.filter(|link| link.name == name).collect();
    if named.is_empty() {
        return Err(Refusal::field("partner", "no partner of this name is configured"));
    }
    let serving = named.into_iter().find(|link| link.serves.contains(&kind));
    serving.ok_or_else(|| Refusal::field("type", format!("this partner does not serve {}", kind.wire())))
}

/// The partner that holds an appointment.
pub(super) fn holder<'a>(
    settings: &'a Settings,
    tenant: &TenantId,
    kind: ServiceKind,
    name: &str,
) -> Result<&'a PartnerLink, AppError> {
    let known = settings.partners.iter().filter(|link| is_open_to(link, tenant) && link.name == name);
    let (serving, other): (Vec<_>, Vec<_>) = known.partition(|link| link.serves.contains(&kind));
    let link = serving.into_iter().chain(other).next();
    link.ok_or_else(|| AppError::Partner(format!("{name}: no longer configured")))
}

#[cfg(test)]
mod tests {
    use constat_domain::ids::OrgId;
    use jiff::Timestamp;

    use super::*;

    fn link(name: &str, key: &str, serves: &[ServiceKind], platform: Option<OrgId>) -> PartnerLink {
        PartnerLink {
            name: name.to_owned(),
            url: "http://partner.invalid/claims/api/v1".to_owned(),
            key: key.to_owned(),
            serves: serves.to_vec(),
            platform,
            organisation: None,
        }
    }

    #[test]
    fn the_first_that_serves_the_kind_is_asked_and_test_never_meets_live() {
        use ServiceKind::{OnSite, RepairInKind, Video};
        let org = |byte| OrgId::new(Timestamp::UNIX_EPOCH, &[byte; 10]);
        let (ours, theirs) = (org(1), org(2));
        let partners = vec![
            link("others", "test_1", &[OnSite], Some(theirs)),
            link("live", "live_1", &[OnSite], None),
            link("experts", "test_2", &[OnSite], None),
            link("repairers", "test_3", &[RepairInKind], Some(ours)),
        ];
        let settings = Settings { partners, ..Settings::default() };
        let test = TenantId { org: ours, mode: Mode::Test };
        let live = TenantId { org: ours, mode: Mode::Live };
        let name =
            |tenant: &TenantId, kind, named| choose(&settings, tenant, kind, named).map(|link| link.name.as_str());
        assert_eq!(name(&test, OnSite, None), Ok("experts"));
        assert_eq!(name(&test, RepairInKind, None), Ok("repairers"));
        assert_eq!(name(&live, OnSite, None), Ok("live"));
        assert_eq!(name(&live, RepairInKind, None), Err(BookingRefusal::NoPartner.into()));
        assert_eq!(name(&test, Video, None), Err(BookingRefusal::NoPartner.into()));
        assert!(matches!(name(&test, OnSite, Some("live")), Err(Refusal::Invalid(_))));
        assert!(matches!(name(&test, OnSite, Some("repairers")), Err(Refusal::Invalid(_))));
    }
}
