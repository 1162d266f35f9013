//! Client of the claim file ("dossier") API v0.9.1.

use constat_domain::tenancy::Api;
use constat_wire::dossier::{Claim, PrimeAnswer, PrimeRequest};
use http::Method;
use serde_json::Value;

use crate::transport::{Transport, client_basics};
use crate::{ClientError, FileContent};

/// Pulls claim files, and opens declarations.
#[derive(Clone)]
pub struct DossierClient(Transport);

client_basics!(DossierClient, Api::Dossier, "ctoken", "/v1");

impl DossierClient {
    /// `GET /claims/{claimId}`: the claim file, while the key's holder has a live appointment on it.
    /// The id is the internal claim's, in its UUID form.
    pub async fn pull_claim(&self, id: &str) -> Result<Claim, ClientError> {
        self.0.ask(Method::GET, &["claims", id], &[]).await
    }

    /// `GET /claims/{claimId}/files/{fileId}`: a document's bytes.
    pub async fn pull_file(&self, claim: &str, file: &str) -> Result<FileContent, ClientError> {
        self.0.fetch(&["claims", claim, "files", file]).await
    }

    /// The bytes behind an attachment's `href`. The key is not sent.
    pub async fn download(&self, href: &str) -> Result<FileContent, ClientError> {
        self.0.download(href).await
    }

    /// `POST /claims/prime`: creates or finds user, contract and claim; answers a sign-in link.
    pub async fn prime_claim(&self, request: &PrimeRequest) -> Result<PrimeAnswer, ClientError> {
        self.0.tell(Method::POST, &["claims", "prime"], &[], request).await
    }

    /// `DELETE /claims/{claimId}`: gives the claim up. Insurer keys only. The answer's body, as it came.
    pub async fn delete_claim(&self, id: &str) -> Result<Value, ClientError> {
        self.0.ask(Method::DELETE, &["claims", id], &[]).await
    }
}
