//! Client of the claims API v2, and of the platform's appointments on a claim.

use constat_domain::tenancy::Api;
use constat_wire::appointments::{
    BookClaimAppointment, CancelAppointment, ClaimAppointment, ClaimSlots, ModifyClaimAppointment,
    MoveClaimAppointment, SearchAppointments,
};
use constat_wire::claims::{
    AddInternalNote, CancelAnswer, CancelClaim, CatalogueFamily, CatalogueQuery, ChangeStatus, Claim, ClaimDeadlines,
    ClaimDocument, ClaimDocumentWithUrl, ClaimDossier, ClaimListQuery, ClaimSummary, Commune, Contract, CorrectClaim,
    CreateClaim, CreateSettlement, CreateWebhook, DeadlinesQuery, DeletedWebhook, DeliveriesQuery, DocumentMeta,
    DueClaim, EventsQuery, FeedAnswer, ImportedContracts, InternalNote, LossDetails, Milestone, PatchClaim,
    PatchWebhook, PaySettlement, RejectDocument, ReplayDeliveries, Replayed, RequestDocument, RotateSecret, SetNote,
    Settlement, SubmitResponse, Success, SuccessList, SuccessPage, Suggestion, SuggestionQuery, TimelineEntry,
    TimelineQuery, UploadAnswer, UploadDocument, Webhook, WebhookDelivery,
};
use constat_wire::common::{IssueKey, Key};
use http::Method;
use reqwest::multipart::Part;

use crate::transport::{Transport, client_basics, pairs};
use crate::{ClientError, FileContent};

/// Declares losses and follows them.
#[derive(Clone)]
pub struct ClaimsClient(Transport);

client_basics!(ClaimsClient, Api::Claims, "key", "/v2");

fn auto_submit(wanted: bool) -> Vec<(String, String)> {
    if wanted { vec![("autoSubmit".to_owned(), "true".to_owned())] } else { Vec::new() }
}

impl ClaimsClient {
    /// `POST /claims`: declares a loss, as a draft.
    pub async fn create_claim(&self, claim: &CreateClaim) -> Result<Claim, ClientError> {
        let answer: Success<Claim> = self.0.tell(Method::POST, &["claims"], &[], claim).await?;
        Ok(answer.data)
    }

    /// `GET /claims`: one user's claims.
    pub async fn list_claims(&self, query: &ClaimListQuery) -> Result<SuccessPage<ClaimSummary>, ClientError> {
        self.0.ask(Method::GET, &["claims"], &pairs(query)?).await
    }

    /// `GET /claims/{id}`, by either id.
    pub async fn read_claim(&self, id: &str) -> Result<Claim, ClientError> {
        let answer: Success<Claim> = self.0.ask(Method::GET, &["claims", id], &[]).await?;
        Ok(answer.data)
    }

    /// `PATCH /claims/{id}`: changes a draft.
    pub async fn patch_claim(&self, id: &str, patch: &PatchClaim) -> Result<Claim, ClientError> {
        let answer: Success<Claim> = self.0.tell(Method::PATCH, &["claims", id], &[], patch).await?;
        Ok(answer.data)
    }

    /// `GET /claims/{id}/dossier`: what the dossier contract tells of a claim.
    pub async fn read_dossier(&self, id: &str) -> Result<ClaimDossier, ClientError> {
        let answer: Success<ClaimDossier> = self.0.ask(Method::GET, &["claims", id, "dossier"], &[]).await?;
        Ok(answer.data)
    }

    /// `PATCH /claims/{id}/dossier`: completes it while the claim is a draft.
    pub async fn patch_dossier(&self, id: &str, facets: &LossDetails) -> Result<ClaimDossier, ClientError> {
        let answer: Success<ClaimDossier> = self.0.tell(Method::PATCH, &["claims", id, "dossier"], &[], facets).await?;
        Ok(answer.data)
    }

    /// `DELETE /claims/{id}`: gives a claim up, with a reason or without.
    pub async fn cancel_claim(&self, id: &str, reason: Option<&CancelClaim>) -> Result<CancelAnswer, ClientError> {
        match reason {
            Some(reason) => self.0.tell(Method::DELETE, &["claims", id], &[], reason).await,
            None => self.0.ask(Method::DELETE, &["claims", id], &[]).await,
        }
    }

    /// `PUT /claims/{id}/documents`: uploads documents in base64.
    pub async fn upload_documents(
        &self,
        id: &str,
        documents: &[UploadDocument],
        submit: bool,
    ) -> Result<UploadAnswer, ClientError> {
        self.0.tell(Method::PUT, &["claims", id, "documents"], &auto_submit(submit), &documents).await
    }

    /// `PUT /claims/{id}/documents` in multipart form: uploads one file as it is.
    pub async fn upload_file(
        &self,
        id: &str,
        meta: &DocumentMeta,
        filename: &str,
        bytes: Vec<u8>,
        submit: bool,
    ) -> Result<UploadAnswer, ClientError> {
        let meta = serde_json::to_value(meta).map_err(|error| ClientError::Setup(format!("meta: {error}")))?;
        let file = Part::bytes(bytes).file_name(filename.to_owned());
        self.0.upload(&["claims", id, "documents"], &auto_submit(submit), meta, file).await
    }

    /// `GET /claims/{claimId}/documents/{documentId}`: a document, with a signed link to its bytes.
    pub async fn read_document(&self, claim: &str, document: &str) -> Result<ClaimDocumentWithUrl, ClientError> {
        let path = ["claims", claim, "documents", document];
        let answer: Success<ClaimDocumentWithUrl> = self.0.ask(Method::GET, &path, &[]).await?;
        Ok(answer.data)
    }

    /// The bytes behind a document's `downloadUrl`. The key is not sent.
    pub async fn download(&self, url: &str) -> Result<FileContent, ClientError> {
        self.0.download(url).await
    }

    /// `POST /contracts/import`: fills the registry from a file. `media_type` is `application/x-ndjson`
    /// or `text/csv`.
    pub async fn import_contracts(&self, media_type: &str, file: Vec<u8>) -> Result<ImportedContracts, ClientError> {
        let answer: Success<ImportedContracts> = self.0.send_file(&["contracts", "import"], media_type, file).await?;
        Ok(answer.data)
    }

    /// `GET /contracts/{id}`.
    pub async fn read_contract(&self, id: &str) -> Result<Contract, ClientError> {
        let answer: Success<Contract> = self.0.ask(Method::GET, &["contracts", id], &[]).await?;
        Ok(answer.data)
    }

    /// `GET /claims/{id}/export`: the claim's whole file as a ZIP archive, by either id.
    pub async fn export_claim(&self, id: &str) -> Result<FileContent, ClientError> {
        self.0.fetch(&["claims", id, "export"]).await
    }

    /// `GET /insured/{userId}/export`: all that is known of an insured as a ZIP archive. For the platform's own
    /// keys, as the export of a claim.
    pub async fn export_insured(&self, user_id: &str) -> Result<FileContent, ClientError> {
        self.0.fetch(&["insured", user_id, "export"]).await
    }

    /// `POST /claims/{id}/submit`.
    pub async fn submit_claim(&self, id: &str) -> Result<SubmitResponse, ClientError> {
        let answer: Success<SubmitResponse> = self.0.ask(Method::POST, &["claims", id, "submit"], &[]).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/corrections`: corrects place, insured or facts of the loss. For the platform's own keys,
    /// as long as the claim has not ended.
    pub async fn correct_claim(&self, id: &str, correction: &CorrectClaim) -> Result<Claim, ClientError> {
        let answer: Success<Claim> = self.0.tell(Method::POST, &["claims", id, "corrections"], &[], correction).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/transitions`: moves a claim to another status. For the platform's own keys, as
    /// all calls down to the settlements' changes.
    pub async fn change_status(&self, id: &str, change: &ChangeStatus) -> Result<Claim, ClientError> {
        let answer: Success<Claim> = self.0.tell(Method::POST, &["claims", id, "transitions"], &[], change).await?;
        Ok(answer.data)
    }

    /// `PUT /claims/{id}/note`: writes to the insured, or takes the note away.
    pub async fn set_note(&self, id: &str, note: &SetNote) -> Result<Claim, ClientError> {
        let answer: Success<Claim> = self.0.tell(Method::PUT, &["claims", id, "note"], &[], note).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/notes`: writes a note among handlers.
    pub async fn add_internal_note(&self, id: &str, note: &AddInternalNote) -> Result<InternalNote, ClientError> {
        let answer: Success<InternalNote> = self.0.tell(Method::POST, &["claims", id, "notes"], &[], note).await?;
        Ok(answer.data)
    }

    /// `GET /claims/{id}/notes`: the notes among handlers, oldest first.
    pub async fn list_internal_notes(&self, id: &str) -> Result<Vec<InternalNote>, ClientError> {
        let answer: SuccessList<InternalNote> = self.0.ask(Method::GET, &["claims", id, "notes"], &[]).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/documents/{documentId}/accept`.
    pub async fn accept_document(&self, claim: &str, document: &str) -> Result<ClaimDocument, ClientError> {
        let path = ["claims", claim, "documents", document, "accept"];
        let answer: Success<ClaimDocument> = self.0.ask(Method::POST, &path, &[]).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/documents/{documentId}/reject`.
    pub async fn reject_document(
        &self,
        claim: &str,
        document: &str,
        reason: &RejectDocument,
    ) -> Result<ClaimDocument, ClientError> {
        let path = ["claims", claim, "documents", document, "reject"];
        let answer: Success<ClaimDocument> = self.0.tell(Method::POST, &path, &[], reason).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/documents/request`: asks the insured for a document.
    pub async fn request_document(&self, id: &str, wanted: &RequestDocument) -> Result<Claim, ClientError> {
        let path = ["claims", id, "documents", "request"];
        let answer: Success<Claim> = self.0.tell(Method::POST, &path, &[], wanted).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/settlements`: decides on a payment.
    pub async fn create_settlement(&self, id: &str, new: &CreateSettlement) -> Result<Settlement, ClientError> {
        let answer: Success<Settlement> = self.0.tell(Method::POST, &["claims", id, "settlements"], &[], new).await?;
        Ok(answer.data)
    }

    /// `GET /claims/{id}/settlements`: all of a claim's settlements, oldest first.
    pub async fn list_settlements(&self, id: &str) -> Result<Vec<Settlement>, ClientError> {
        let answer: SuccessList<Settlement> = self.0.ask(Method::GET, &["claims", id, "settlements"], &[]).await?;
        Ok(answer.data)
    }

    /// `GET /claims/{id}/settlements/{settlementId}`.
    pub async fn read_settlement(&self, claim: &str, settlement: &str) -> Result<Settlement, ClientError> {
        let path = ["claims", claim, "settlements", settlement];
        let answer: Success<Settlement> = self.0.ask(Method::GET, &path, &[]).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/settlements/{settlementId}/paid`.
    pub async fn settlement_paid(
        &self,
        claim: &str,
        settlement: &str,
        paid: &PaySettlement,
    ) -> Result<Settlement, ClientError> {
        let path = ["claims", claim, "settlements", settlement, "paid"];
        let answer: Success<Settlement> = self.0.tell(Method::POST, &path, &[], paid).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/settlements/{settlementId}/returned`.
    pub async fn settlement_returned(&self, claim: &str, settlement: &str) -> Result<Settlement, ClientError> {
        let path = ["claims", claim, "settlements", settlement, "returned"];
        let answer: Success<Settlement> = self.0.ask(Method::POST, &path, &[]).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/settlements/{settlementId}/cancel`.
    pub async fn cancel_settlement(&self, claim: &str, settlement: &str) -> Result<Settlement, ClientError> {
        let path = ["claims", claim, "settlements", settlement, "cancel"];
        let answer: Success<Settlement> = self.0.ask(Method::POST, &path, &[]).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/appointments/search`: free slots of a partner for the claim.
    pub async fn search_appointments(
        &self,
        claim: &str,
        search: &SearchAppointments,
    ) -> Result<ClaimSlots, ClientError> {
        let path = ["claims", claim, "appointments", "search"];
        let answer: Success<ClaimSlots> = self.0.tell(Method::POST, &path, &[], search).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/appointments`: books one of the slots.
    pub async fn book_appointment(
        &self,
        claim: &str,
        booking: &BookClaimAppointment,
    ) -> Result<ClaimAppointment, ClientError> {
        let path = ["claims", claim, "appointments"];
        let answer: Success<ClaimAppointment> = self.0.tell(Method::POST, &path, &[], booking).await?;
        Ok(answer.data)
    }

    /// `GET /claims/{id}/appointments`: all of a claim's appointments, oldest first.
    pub async fn list_appointments(&self, claim: &str) -> Result<Vec<ClaimAppointment>, ClientError> {
        let path = ["claims", claim, "appointments"];
        let answer: SuccessList<ClaimAppointment> = self.0.ask(Method::GET, &path, &[]).await?;
        Ok(answer.data)
    }

    /// `GET /claims/{id}/appointments/{appointmentId}`.
    pub async fn read_appointment(&self, claim: &str, appointment: &str) -> Result<ClaimAppointment, ClientError> {
        let path = ["claims", claim, "appointments", appointment];
        let answer: Success<ClaimAppointment> = self.0.ask(Method::GET, &path, &[]).await?;
        Ok(answer.data)
    }

    /// `PATCH /claims/{id}/appointments/{appointmentId}`: changes who is met, or the notes.
    pub async fn modify_appointment(
        &self,
        claim: &str,
        appointment: &str,
        change: &ModifyClaimAppointment,
    ) -> Result<ClaimAppointment, ClientError> {
        let path = ["claims", claim, "appointments", appointment];
        let answer: Success<ClaimAppointment> = self.0.tell(Method::PATCH, &path, &[], change).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/appointments/{appointmentId}/done`: the visit took place. For the platform's
    /// own keys.
    pub async fn appointment_done(&self, claim: &str, appointment: &str) -> Result<ClaimAppointment, ClientError> {
        let path = ["claims", claim, "appointments", appointment, "done"];
        let answer: Success<ClaimAppointment> = self.0.ask(Method::POST, &path, &[]).await?;
        Ok(answer.data)
    }

    /// `PUT /claims/{id}/appointments/{appointmentId}/schedule`: moves it to a slot of a session that
    /// was searched with its `appointmentId`.
    pub async fn move_appointment(
        &self,
        claim: &str,
        appointment: &str,
        to: &MoveClaimAppointment,
    ) -> Result<ClaimAppointment, ClientError> {
        let path = ["claims", claim, "appointments", appointment, "schedule"];
        let answer: Success<ClaimAppointment> = self.0.tell(Method::PUT, &path, &[], to).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/appointments/{appointmentId}/cancel`.
    pub async fn cancel_appointment(
        &self,
        claim: &str,
        appointment: &str,
        reason: &CancelAppointment,
    ) -> Result<ClaimAppointment, ClientError> {
        let path = ["claims", claim, "appointments", appointment, "cancel"];
        let answer: Success<ClaimAppointment> = self.0.tell(Method::POST, &path, &[], reason).await?;
        Ok(answer.data)
    }

    /// `GET /claims/{id}/timeline`: one page of what happened to a claim, oldest first.
    pub async fn timeline(
        &self,
        claim: &str,
        query: &TimelineQuery,
    ) -> Result<SuccessPage<TimelineEntry>, ClientError> {
        self.0.ask(Method::GET, &["claims", claim, "timeline"], &pairs(query)?).await
    }

    /// `GET /claims/{id}/deadlines`: a claim's statutory deadlines and its milestones.
    pub async fn deadlines(&self, claim: &str) -> Result<ClaimDeadlines, ClientError> {
        let answer: Success<ClaimDeadlines> = self.0.ask(Method::GET, &["claims", claim, "deadlines"], &[]).await?;
        Ok(answer.data)
    }

    /// `POST /claims/{id}/milestones`: tells a dated fact, or corrects it.
    pub async fn record_milestone(&self, claim: &str, milestone: &Milestone) -> Result<ClaimDeadlines, ClientError> {
        let path = ["claims", claim, "milestones"];
        let answer: Success<ClaimDeadlines> = self.0.tell(Method::POST, &path, &[], milestone).await?;
        Ok(answer.data)
    }

    /// `DELETE /claims/{id}/milestones/{kind}`: takes a fact back.
    pub async fn remove_milestone(&self, claim: &str, kind: &str) -> Result<ClaimDeadlines, ClientError> {
        let path = ["claims", claim, "milestones", kind];
        let answer: Success<ClaimDeadlines> = self.0.ask(Method::DELETE, &path, &[]).await?;
        Ok(answer.data)
    }

    /// `GET /deadlines`: claims with deadlines that end soon, or are over.
    pub async fn list_deadlines(&self, query: &DeadlinesQuery) -> Result<SuccessPage<DueClaim>, ClientError> {
        self.0.ask(Method::GET, &["deadlines"], &pairs(query)?).await
    }

    /// `GET /events`: what happened to all claims after a cursor. Go on with the answer's `cursor`.
    pub async fn events(&self, query: &EventsQuery) -> Result<FeedAnswer, ClientError> {
        self.0.ask(Method::GET, &["events"], &pairs(query)?).await
    }

    /// `POST /webhooks`: registers a webhook. The answer holds its secret, this once.
    pub async fn create_webhook(&self, webhook: &CreateWebhook) -> Result<Webhook, ClientError> {
        let answer: Success<Webhook> = self.0.tell(Method::POST, &["webhooks"], &[], webhook).await?;
        Ok(answer.data)
    }

    /// `GET /keys`: the keys that the platform issued. For the platform's own key, as the three that follow.
    pub async fn list_keys(&self) -> Result<Vec<Key>, ClientError> {
        let answer: SuccessList<Key> = self.0.ask(Method::GET, &["keys"], &[]).await?;
        Ok(answer.data)
    }

    /// `POST /keys`: issues a key. The answer has its secret, this once.
    pub async fn issue_key(&self, key: &IssueKey) -> Result<Key, ClientError> {
        let answer: Success<Key> = self.0.tell(Method::POST, &["keys"], &[], key).await?;
        Ok(answer.data)
    }

    /// `POST /keys/{id}/rotate`: replaces a key. The answer has the new secret, this once.
    pub async fn rotate_key(&self, id: &str) -> Result<Key, ClientError> {
        let answer: Success<Key> = self.0.ask(Method::POST, &["keys", id, "rotate"], &[]).await?;
        Ok(answer.data)
    }

    /// `DELETE /keys/{id}`: revokes a key.
    pub async fn revoke_key(&self, id: &str) -> Result<Key, ClientError> {
        let answer: Success<Key> = self.0.ask(Method::DELETE, &["keys", id], &[]).await?;
        Ok(answer.data)
    }

    /// `GET /webhooks`: this key's webhooks.
    pub async fn list_webhooks(&self) -> Result<Vec<Webhook>, ClientError> {
        let answer: SuccessList<Webhook> = self.0.ask(Method::GET, &["webhooks"], &[]).await?;
        Ok(answer.data)
    }

    /// `GET /webhooks/{id}`.
    pub async fn read_webhook(&self, id: &str) -> Result<Webhook, ClientError> {
        let answer: Success<Webhook> = self.0.ask(Method::GET, &["webhooks", id], &[]).await?;
        Ok(answer.data)
    }

    /// `PATCH /webhooks/{id}`: changes, pauses or resumes it.
    pub async fn patch_webhook(&self, id: &str, patch: &PatchWebhook) -> Result<Webhook, ClientError> {
        let answer: Success<Webhook> = self.0.tell(Method::PATCH, &["webhooks", id], &[], patch).await?;
        Ok(answer.data)
    }

    /// `DELETE /webhooks/{id}`.
    pub async fn delete_webhook(&self, id: &str) -> Result<DeletedWebhook, ClientError> {
        let answer: Success<DeletedWebhook> = self.0.ask(Method::DELETE, &["webhooks", id], &[]).await?;
        Ok(answer.data)
    }

    /// `POST /webhooks/{id}/secret`: makes a new secret beside the present one.
    pub async fn rotate_webhook_secret(&self, id: &str, rotate: &RotateSecret) -> Result<Webhook, ClientError> {
        let answer: Success<Webhook> = self.0.tell(Method::POST, &["webhooks", id, "secret"], &[], rotate).await?;
        Ok(answer.data)
    }

    /// `POST /webhooks/{id}/ping`: sends a trial.
    pub async fn ping_webhook(&self, id: &str) -> Result<WebhookDelivery, ClientError> {
        let answer: Success<WebhookDelivery> = self.0.ask(Method::POST, &["webhooks", id, "ping"], &[]).await?;
        Ok(answer.data)
    }

    /// `POST /webhooks/{id}/replay`: sends one delivery again, or all of a span of time. Gives how many.
    pub async fn replay_deliveries(&self, id: &str, which: &ReplayDeliveries) -> Result<u64, ClientError> {
        let answer: Success<Replayed> = self.0.tell(Method::POST, &["webhooks", id, "replay"], &[], which).await?;
        Ok(answer.data.count)
    }

    /// `GET /webhooks/{id}/deliveries`: one page of the delivery log, newest first.
    pub async fn list_deliveries(
        &self,
        id: &str,
        query: &DeliveriesQuery,
    ) -> Result<SuccessPage<WebhookDelivery>, ClientError> {
        self.0.ask(Method::GET, &["webhooks", id, "deliveries"], &pairs(query)?).await
    }

    /// `GET /catalogue`: what can be declared, what is asked, which documents it needs.
    pub async fn catalogue(&self, query: &CatalogueQuery) -> Result<Vec<CatalogueFamily>, ClientError> {
        let answer: SuccessList<CatalogueFamily> = self.0.ask(Method::GET, &["catalogue"], &pairs(query)?).await?;
        Ok(answer.data)
    }

    /// `GET /geo/{country}/{zipcode}`: the communes of a postcode, most peopled first; none when it is
    /// unknown.
    pub async fn communes_of_postcode(&self, country: &str, zipcode: &str) -> Result<Vec<Commune>, ClientError> {
        let answer: SuccessList<Commune> = self.0.ask(Method::GET, &["geo", country, zipcode], &[]).await?;
        Ok(answer.data)
    }

    /// `GET /geo/suggestions`: suggests communes while the user types, best first.
    pub async fn suggest_communes(&self, query: &SuggestionQuery) -> Result<Vec<Suggestion>, ClientError> {
        let answer: SuccessList<Suggestion> = self.0.ask(Method::GET, &["geo", "suggestions"], &pairs(query)?).await?;
        Ok(answer.data)
    }
}
