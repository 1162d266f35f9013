//! The sign-in pages, in French: plain HTML that works without scripts, on a phone, and with a
//! screen reader.

use constat_claims::dossier::SignedIn;
use constat_domain::claim::ClaimStatus;

use crate::page::{escaped, layout};

/// The link works: a button uses it. The form posts to the page's own address.
pub(super) fn ready() -> String {
    layout(
        "Votre déclaration de sinistre",
        "<p>Votre assureur a ouvert une déclaration à votre nom. Ce lien vous est personnel et ne sert qu'une fois.</p>\n\
         <form method=\"post\"><button type=\"submit\">Accéder à ma déclaration</button></form>",
    )
}

/// The link was used.
pub(super) fn used() -> String {
    layout(
        "Lien déjà utilisé",
        "<p>Ce lien de connexion a déjà servi ; il ne fonctionne qu'une fois. Demandez un nouveau lien à votre assureur.</p>",
    )
}

/// The link is too old.
pub(super) fn expired() -> String {
    layout("Lien expiré", "<p>Ce lien de connexion n'est plus valable. Demandez un nouveau lien à votre assureur.</p>")
}

/// There is no such link.
pub(super) fn unknown() -> String {
    layout(
        "Lien inconnu",
        "<p>Ce lien de connexion n'existe pas. Vérifiez que l'adresse est complète, telle qu'elle vous a été envoyée.</p>",
    )
}

/// The server cannot answer now.
pub(super) fn busy() -> String {
    layout("Service momentanément indisponible", "<p>Votre lien reste valable. Réessayez dans quelques instants.</p>")
}

/// The declaration in brief.
pub(super) fn declaration(signed_in: &SignedIn) -> String {
    let claim = &signed_in.claim;
    let reference = claim.dossier.insurer_reference.clone().unwrap_or_else(|| claim.declaration_id.to_string());
    let mut content = format!(
        "<dl>\n<dt>Référence du sinistre</dt><dd>{}</dd>\n<dt>Numéro de contrat</dt><dd>{}</dd>\n\
         <dt>État</dt><dd>{}</dd>\n</dl>\n<h2>Documents attendus</h2>\n",
        escaped(&reference),
        escaped(&claim.contract.number),
        status(claim.status()),
    );
    if signed_in.expected.is_empty() {
        content.push_str("<p>Aucun document n'est attendu de votre part.</p>");
        return layout("Votre déclaration de sinistre", &content);
    }
    let items: Vec<String> = signed_in
        .expected
        .iter()
        .map(|document| {
            let need = if document.mandatory { "obligatoire" } else { "utile" };
            format!("<li>{} ({need})</li>", escaped(&document.label))
        })
        .collect();
    content.push_str("<ul>\n");
    content.push_str(&items.join("\n"));
    content.push_str("\n</ul>");
    layout("Votre déclaration de sinistre", &content)
}

const fn status(status: ClaimStatus) -> &'static str {
    match status {
        ClaimStatus::Draft => "À compléter",
        ClaimStatus::Submitted => "Transmise",
        ClaimStatus::InProgress => "En cours de traitement",
        ClaimStatus::PendingInfo => "En attente d'informations",
        ClaimStatus::Closed => "Clôturée",
        ClaimStatus::Rejected => "Refusée",
        ClaimStatus::Abandoned => "Abandonnée",
        ClaimStatus::Archived => "Archivée",
    }
}
