//! Client of the partner appointment API v0.9.1.

use constat_domain::tenancy::Api;
use constat_wire::common::{Customer, IssueKey, Key};
use constat_wire::partner::{
    Absence, AbsenceQuery, Appointment, AppointmentEnvelope, AppointmentList, AppointmentQuery, AppointmentUpdate,
    BookingReply, BookingRequest, CancelAppointment, DayAnswer, DayFormat, DayPlan, DayQuery, Envelope, ExpertList,
    ExpertRecord, FeatureCollection, HoldAnswer, HoldRequest, KnownExpert, ListEnvelope, MoveAppointment, Proposal,
    ProposalAnswer, ProposalRequest, ReleasedHold, SaveAbsence, SavedAbsence, SavedExpert, SearchAnswer,
    ServiceRequest, TeamDayAnswer, TeamDayQuery, Timeslot,
};
use http::Method;
use serde_json::Value;

use crate::ClientError;
use crate::transport::{Transport, client_basics, pairs};

/// Asks a partner firm for slots and books them.
#[derive(Clone)]
pub struct PartnerClient(Transport);

client_basics!(PartnerClient, Api::Partner, "pid", "/claims/api/v1");

/// The appointment in an answer to a change. The published contract does not say what the body is:
/// an appointment in its envelope, a list of one, the appointment itself, or nothing of the kind.
fn appointment_in(answer: Value) -> Option<Appointment> {
    if let Ok(envelope) = serde_json::from_value::<AppointmentEnvelope>(answer.clone()) {
        return Some(envelope.data);
    }
    if let Ok(list) = serde_json::from_value::<AppointmentList>(answer.clone()) {
        return list.data.into_iter().next();
    }
    serde_json::from_value(answer).ok()
}

impl PartnerClient {
    /// `POST /intervention`: free slots.
    pub async fn search_slots(&self, request: &ServiceRequest) -> Result<SearchAnswer, ClientError> {
        if request.urgency.is_some() {
            // RFC 9218: of this key's requests that wait, those go first.
            return self.0.with_header("priority", "u=1").tell(Method::POST, &["intervention"], &[], request).await;
        }
        self.0.tell(Method::POST, &["intervention"], &[], request).await
    }

    /// The same, with what each slot's place in the list is made of. Only with a key that the firm
    /// holds itself.
    pub async fn explain_slots(&self, request: &ServiceRequest) -> Result<SearchAnswer, ClientError> {
        self.0.tell(Method::POST, &["intervention"], &[("explain".to_owned(), "true".to_owned())], request).await
    }

    /// `GET /availabilities/{id}`: one slot, checked again now.
    pub async fn read_availability(&self, slot: &str) -> Result<Timeslot, ClientError> {
        self.0.ask(Method::GET, &["availabilities", slot], &[]).await
    }

    /// `POST /appointments`: books a slot. The answer may be the appointment, an object with its id,
    /// or the bare id.
    pub async fn book_appointment(&self, booking: &BookingRequest) -> Result<BookingReply, ClientError> {
        self.0.tell(Method::POST, &["appointments"], &[], booking).await
    }

    /// The same, asking for the bare id alone (`Prefer: return=minimal`).
    pub async fn book_appointment_minimal(&self, booking: &BookingRequest) -> Result<BookingReply, ClientError> {
        self.with_header("prefer", "return=minimal").book_appointment(booking).await
    }

    /// `POST /holds` (extension): keeps a slot until its session ends.
    pub async fn hold_slot(&self, wanted: &HoldRequest) -> Result<HoldAnswer, ClientError> {
        self.0.tell(Method::POST, &["holds"], &[], wanted).await
    }

    /// `DELETE /holds/{id}` (extension): lets go of a slot before that.
    pub async fn release_slot(&self, hold: &str) -> Result<ReleasedHold, ClientError> {
        self.0.ask(Method::DELETE, &["holds", hold], &[]).await
    }

    /// `GET /appointments`.
    pub async fn list_appointments(&self, query: &AppointmentQuery) -> Result<AppointmentList, ClientError> {
        self.0.ask(Method::GET, &["appointments"], &pairs(query)?).await
    }

    /// `GET /appointments/{id}`. `None` when the partner answers an empty list.
    pub async fn read_appointment(&self, id: &str) -> Result<Option<Appointment>, ClientError> {
        let answer: AppointmentList = self.0.ask(Method::GET, &["appointments", id], &[]).await?;
        Ok(answer.data.into_iter().next())
    }

    /// `PUT /appointments/{id}`: changes notes, address and customer. The appointment, when the partner
    /// tells it.
    pub async fn modify_appointment(
        &self,
        id: &str,
        update: &AppointmentUpdate,
    ) -> Result<Option<Appointment>, ClientError> {
        self.0.tell(Method::PUT, &["appointments", id], &[], update).await.map(appointment_in)
    }

    /// `GET /appointment/{id}/schedule` (singular, as published): its current time.
    pub async fn read_schedule(&self, id: &str) -> Result<Timeslot, ClientError> {
        self.0.ask(Method::GET, &["appointment", id, "schedule"], &[]).await
    }

    /// `PUT /appointments/{id}/schedule`: moves it to a slot of a session that was searched with its
    /// `appointmentId`. The appointment, when the partner tells it.
    pub async fn move_appointment(&self, id: &str, to: &MoveAppointment) -> Result<Option<Appointment>, ClientError> {
        self.0.tell(Method::PUT, &["appointments", id, "schedule"], &[], to).await.map(appointment_in)
    }

    /// `PUT /appointments/{id}/contact`: changes who will be met.
    pub async fn change_contact(&self, id: &str, contact: &Customer) -> Result<Option<Appointment>, ClientError> {
        self.0.tell(Method::PUT, &["appointments", id, "contact"], &[], contact).await.map(appointment_in)
    }

    /// `POST /appointments/{id}/cancel`. The appointment, when the partner tells it.
    pub async fn cancel_appointment(
        &self,
        id: &str,
        reason: &CancelAppointment,
    ) -> Result<Option<Appointment>, ClientError> {
        self.0.tell(Method::POST, &["appointments", id, "cancel"], &[], reason).await.map(appointment_in)
    }

    /// `DELETE /appointments/{id}`: the same, for partners that know only this form.
    pub async fn delete_appointment(
        &self,
        id: &str,
        reason: &CancelAppointment,
    ) -> Result<Option<Appointment>, ClientError> {
        self.0.tell(Method::DELETE, &["appointments", id], &[], reason).await.map(appointment_in)
    }

    /// `POST /appointments/{id}/erase` (extension): erases the personal data of an appointment that is over or
    /// cancelled. The appointment, when the partner tells it.
    pub async fn erase_appointment(&self, id: &str) -> Result<Option<Appointment>, ClientError> {
        self.0.tell(Method::POST, &["appointments", id, "erase"], &[], &serde_json::json!({})).await.map(appointment_in)
    }

    /// `GET /experts`: the firm's own experts. For the firm's own key, as all that follow.
    pub async fn list_experts(&self) -> Result<Vec<KnownExpert>, ClientError> {
        let answer: ExpertList = self.0.ask(Method::GET, &["experts"], &[]).await?;
        Ok(answer.data)
    }

    /// `GET /experts/{id}`: one expert's record, by id or by the firm's reference.
    pub async fn read_expert(&self, expert: &str) -> Result<SavedExpert, ClientError> {
        let answer: Envelope<SavedExpert> = self.0.ask(Method::GET, &["experts", expert], &[]).await?;
        Ok(answer.data)
    }

    /// `PUT /experts/{id}`: adds an expert, or replaces the whole record.
    pub async fn save_expert(&self, expert: &str, record: &ExpertRecord) -> Result<SavedExpert, ClientError> {
        let answer: Envelope<SavedExpert> = self.0.tell(Method::PUT, &["experts", expert], &[], record).await?;
        Ok(answer.data)
    }

    /// `GET /experts/{id}/absences`: one expert's absences.
    pub async fn list_absences(&self, expert: &str, query: &AbsenceQuery) -> Result<Vec<Absence>, ClientError> {
        let path = ["experts", expert, "absences"];
        let answer: ListEnvelope<Absence> = self.0.ask(Method::GET, &path, &pairs(query)?).await?;
        Ok(answer.data)
    }

    /// `POST /experts/{id}/absences`: adds an absence, or replaces the one with the same reference.
    pub async fn save_absence(&self, expert: &str, absence: &SaveAbsence) -> Result<SavedAbsence, ClientError> {
        let path = ["experts", expert, "absences"];
        let answer: Envelope<SavedAbsence> = self.0.tell(Method::POST, &path, &[], absence).await?;
        Ok(answer.data)
    }

    /// `DELETE /experts/{id}/absences/{absenceId}`: removes an absence, or one occurrence.
    pub async fn remove_absence(&self, expert: &str, absence: &str) -> Result<Vec<Absence>, ClientError> {
        let path = ["experts", expert, "absences", absence];
        let answer: ListEnvelope<Absence> = self.0.ask(Method::DELETE, &path, &[]).await?;
        Ok(answer.data)
    }

    /// `GET /keys`: the keys that the firm issued.
    pub async fn list_keys(&self) -> Result<Vec<Key>, ClientError> {
        let answer: ListEnvelope<Key> = self.0.ask(Method::GET, &["keys"], &[]).await?;
        Ok(answer.data)
    }

    /// `POST /keys`: issues a key. The answer has its secret, this once.
    pub async fn issue_key(&self, key: &IssueKey) -> Result<Key, ClientError> {
        let answer: Envelope<Key> = self.0.tell(Method::POST, &["keys"], &[], key).await?;
        Ok(answer.data)
    }

    /// `POST /keys/{id}/rotate`: replaces a key. The answer has the new secret, this once.
    pub async fn rotate_key(&self, id: &str) -> Result<Key, ClientError> {
        let answer: Envelope<Key> = self.0.ask(Method::POST, &["keys", id, "rotate"], &[]).await?;
        Ok(answer.data)
    }

    /// `DELETE /keys/{id}`: revokes a key.
    pub async fn revoke_key(&self, id: &str) -> Result<Key, ClientError> {
        let answer: Envelope<Key> = self.0.ask(Method::DELETE, &["keys", id], &[]).await?;
        Ok(answer.data)
    }

    /// `GET /experts/{id}/day/{date}`: one expert's day. The date is written `2026-11-24`.
    pub async fn read_expert_day(&self, expert: &str, date: &str) -> Result<DayPlan, ClientError> {
        let answer: DayAnswer = self.0.ask(Method::GET, &["experts", expert, "day", date], &[]).await?;
        Ok(answer.data)
    }

    /// The same as `GeoJSON`.
    pub async fn map_expert_day(&self, expert: &str, date: &str) -> Result<FeatureCollection, ClientError> {
        let query = pairs(&DayQuery { format: Some(DayFormat::Geojson) })?;
        self.0.ask(Method::GET, &["experts", expert, "day", date], &query).await
    }

    /// `GET /day/{date}`: the days of these experts, or of all experts with an appointment when the list is
    /// empty.
    pub async fn read_team_day(&self, experts: &[String], date: &str) -> Result<Vec<DayPlan>, ClientError> {
        let experts = (!experts.is_empty()).then(|| experts.join(","));
        let query = pairs(&TeamDayQuery { format: None, experts })?;
        let answer: TeamDayAnswer = self.0.ask(Method::GET, &["day", date], &query).await?;
        Ok(answer.data)
    }

    /// `POST /experts/{id}/day/{date}/proposal`: a better order of one expert's day. Changes nothing.
    pub async fn propose_expert_day(&self, expert: &str, date: &str) -> Result<Proposal, ClientError> {
        let path = ["experts", expert, "day", date, "proposal"];
        let answer: ProposalAnswer = self.0.tell(Method::POST, &path, &[], &serde_json::json!({})).await?;
        Ok(answer.data)
    }

    /// `POST /day/{date}/proposal`: a better sharing of a team's day. Changes nothing.
    pub async fn propose_team_day(&self, experts: Vec<String>, date: &str) -> Result<Proposal, ClientError> {
        let answer: ProposalAnswer =
            self.0.tell(Method::POST, &["day", date, "proposal"], &[], &ProposalRequest { experts }).await?;
        Ok(answer.data)
    }
}
