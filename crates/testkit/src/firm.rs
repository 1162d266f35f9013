//! Partner firms with experts, for tests.

use constat_domain::expert::{Absence, Expert, HourRange, Skills, Trade, WeeklyHours};
use constat_domain::geo::Position;
use constat_domain::ids::{AbsenceId, ExpertId, OrgId};
use constat_domain::service::ServiceKind;
use constat_domain::tenancy::{Api, Mode, OrganisationKind, TenantId};
use constat_store::StoreError;
use constat_store::queries::absences;
use constat_store::queries::experts;
use jiff::Timestamp;

use crate::Server;

/// The middle of Paris.
pub const PARIS: Position = Position { lat: 48.8566, lon: 2.3522 };

/// A partner firm on a test server.
#[derive(Debug, Clone)]
pub struct Firm {
    /// Its organisation.
    pub org: OrgId,
    /// Its calendars.
    pub tenant: TenantId,
    /// The key it holds itself: sees all of its appointments.
    pub own_key: String,
    /// Its experts, in the order given.
    pub experts: Vec<ExpertId>,
}

/// An expert in Paris who does everything but repairs, goes anywhere, and works Monday to Friday,
/// 09:00 to 12:00 and 14:00 to 18:00. Experts of one number are the same person: give each server
/// its numbers once.
pub fn expert(number: u16) -> Expert {
    let hours = |text: &str| text.parse::<HourRange>().expect("constant hours");
    let [high, low] = number.to_be_bytes();
    let id = ExpertId::new(Timestamp::UNIX_EPOCH, &[7, 7, 7, 7, 7, 7, 7, 7, high, low]);
    Expert {
        skills: Skills {
            kinds: ServiceKind::ALL.into_iter().filter(|kind| *kind != ServiceKind::RepairInKind).collect(),
            ..Skills::default()
        },
        week: WeeklyHours::weekdays(&[hours("09:00-12:00"), hours("14:00-18:00")]),
        ..Expert::new(id, format!("Expert {number:03}"), PARIS, "Europe/Paris")
    }
}

/// The same person as an artisan: does repairs only, and holds these trades.
pub fn artisan(number: u16, trades: &[Trade]) -> Expert {
    let skills = Skills { kinds: vec![ServiceKind::RepairInKind], trades: trades.to_vec(), ..Skills::default() };
    Expert { display_name: format!("Artisan {number:03}"), skills, ..expert(number) }
}

impl Server {
    /// Registers a firm (test mode) with its experts.
    pub async fn firm_with_experts(&self, name: &str, people: Vec<Expert>) -> Firm {
        self.firm_with_experts_in(Mode::Test, name, people).await
    }

    /// Registers a firm with its experts in one mode.
    pub async fn firm_with_experts_in(&self, mode: Mode, name: &str, people: Vec<Expert>) -> Firm {
        let org = self.organisation(OrganisationKind::Partner, name).await;
        let tenant = TenantId { org, mode };
        let ids = people.iter().map(|expert| expert.id).collect();
        self.put_experts(tenant, people).await;
        let own_key = self.key(Api::Partner, org, org, mode).await;
        Firm { org, tenant, own_key, experts: ids }
    }

    /// Adds or replaces experts of a firm. Their own reference is their display name.
    pub async fn put_experts(&self, tenant: TenantId, people: Vec<Expert>) {
        self.services
            .core
            .store
            .write(move |tx| {
                people
                    .iter()
                    .try_for_each(|expert| experts::upsert_of_tenant(tx, &tenant, &expert.display_name, expert))?;
                Ok::<_, StoreError>(())
            })
            .await
            .expect("new experts");
    }

    /// Marks an expert absent.
    pub async fn put_absence(&self, tenant: TenantId, expert: ExpertId, start: Timestamp, end: Timestamp) {
        let id = AbsenceId::new(self.services.core.clock.now(), &self.services.core.secure_random.entropy());
        let row = Absence { id, expert, start, end, reason: Some("test".to_owned()) };
        self.services
            .core
            .store
            .write(move |tx| absences::upsert_of_tenant(tx, &tenant, &row))
            .await
            .expect("a new absence");
    }

    /// Issues a firm's partner key to a platform.
    pub async fn partner_key(&self, firm: &Firm, holder: OrgId) -> String {
        self.key(Api::Partner, firm.org, holder, firm.tenant.mode).await
    }
}
