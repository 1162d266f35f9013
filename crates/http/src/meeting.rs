//! The page behind `connection.url` of a remote appointment: its time and the expert's name. The URL contains
//! the unguessable appointment id; the page shows no data of the insured.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use constat_domain::appointment::{Appointment, AppointmentStatus, MeetingKind};
use constat_scheduling::MEETING_PATH;
use http::StatusCode;

use crate::Shared;
use crate::page::{answer, escaped, layout, try_again};

/// The page's route.
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route(&format!("{MEETING_PATH}/{{id}}"), get(look))
}

async fn look(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let Ok(_permit) = shared.acquire_without_key().await else { return busy() };
    match shared.scheduler.find_meeting(&id) {
        Ok(Some(meeting)) => answer(StatusCode::OK, shown(&meeting)),
        Ok(None) => answer(
            StatusCode::NOT_FOUND,
            layout(
                "Rendez-vous inconnu",
                "<p>Ce rendez-vous n'existe pas. Vérifiez que l'adresse est complète, telle qu'elle vous a été envoyée.</p>",
            ),
        ),
        Err(error) => {
            tracing::error!(%error, "a meeting page failed");
            busy()
        }
    }
}

fn busy() -> Response {
    try_again(layout("Service momentanément indisponible", "<p>Réessayez dans quelques instants.</p>"))
}

fn shown(meeting: &Appointment) -> String {
    let by_phone = MeetingKind::from(meeting.request.kind) == MeetingKind::Telephonique;
    let next = match meeting.status {
        AppointmentStatus::Cancelled => "<p><strong>Ce rendez-vous est annulé.</strong></p>",
        AppointmentStatus::Done => "<p>Ce rendez-vous a eu lieu.</p>",
        AppointmentStatus::Booked if by_phone => {
            "<p>Votre expert vous appelle à l'heure dite, au numéro de votre déclaration. Gardez ce téléphone près de vous.</p>"
        }
        AppointmentStatus::Booked => {
            "<p>À l'heure dite, votre expert vous appelle ou vous envoie l'accès à la visioconférence. Préparez les \
             biens et les pièces endommagés : il vous demandera de les montrer.</p>"
        }
    };
    let start = meeting.civil_start;
    let content = format!(
        "{next}\n<dl>\n<dt>Date</dt><dd><time datetime=\"{}\">{}</time></dd>\n<dt>Heure</dt><dd>{:02} h {:02}, \
         heure de {}</dd>\n<dt>Durée prévue</dt><dd>{} minutes</dd>\n<dt>Expert</dt><dd>{}</dd>\n</dl>",
        meeting.slot.start,
        french_date(start.date()),
        start.hour(),
        start.minute(),
        escaped(meeting.zone.rsplit('/').next().unwrap_or_default()),
        meeting.slot.duration_minutes,
        escaped(&meeting.expert_name),
    );
    layout(if by_phone { "Votre rendez-vous téléphonique" } else { "Votre rendez-vous à distance" }, &content)
}

/// `lundi 23 novembre 2026`.
fn french_date(date: jiff::civil::Date) -> String {
    const DAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
    const MONTHS: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    let index = |number: i8| usize::try_from(number).unwrap_or(0);
    let day = DAYS.get(index(date.weekday().to_monday_zero_offset())).copied().unwrap_or_default();
    let month = MONTHS.get(index(date.month() - 1)).copied().unwrap_or_default();
    let number = if date.day() == 1 { "1er".to_owned() } else { date.day().to_string() };
    format!("{day} {number} {month} {}", date.year())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::french_date;

    #[test]
    fn a_date_reads_as_one_would_say_it() {
        assert_eq!(french_date(date(2026, 11, 23)), "lundi 23 novembre 2026");
        assert_eq!(french_date(date(2027, 8, 1)), "dimanche 1er août 2027");
    }
}
