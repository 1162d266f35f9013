//! Where a request takes place: its position, département and zone.

use constat_availability::PlaceFacts;
use constat_domain::FieldError;
use constat_domain::gazetteer::{Commune, Gazetteer};
use constat_domain::geo::{Place, department_of_postcode};
use constat_domain::holidays::{Holidays, zone_of_department};
use constat_domain::service::{ServiceKind, ServiceRequest};
use constat_domain::territory::misplaced;
use jiff::civil;

use crate::App;

/// The zone of a remote appointment whose place nobody told.
const USUAL_ZONE: &str = "Europe/Paris";

fn commune_of(place: &Place) -> Option<&'static Commune> {
    let address = &place.address;
    (address.country_code == "FR")
        .then(|| Gazetteer::embedded().locate(&address.zip_code, Some(&address.city)))
        .flatten()
}

/// Asks the configured geocoder where the request's address is, when somebody is to go there and the
/// request does not say where it is. A step of its own before the search, which waits for nothing:
/// what the geocoder does not know the search looks up in the gazetteer.
pub async fn geocode(app: &App, request: &mut ServiceRequest) {
    let on_site = request.kind.is_on_site();
    let unplaced = |place: &&mut Place| on_site && place.position.is_none() && place.address.country_code == "FR";
    if let Some(place) = request.place.as_mut().filter(unplaced) {
        // An answer from elsewhere is none.
        let found = app.geocoder.locate(&place.address).await;
        place.position = found.filter(|found| misplaced(*found, &place.address).is_none());
    }
}

/// Places a request: the position it gives, else that of its postcode and town. Sets the position in
/// `place`.
///
/// # Errors
/// Names `appointmentLocation` when somebody should travel and there is none, and its postcode when
/// it cannot be located.
pub(super) fn locate(kind: ServiceKind, place: Option<&mut Place>) -> Result<PlaceFacts, FieldError> {
    let Some(place) = place else {
        if kind.is_on_site() {
            return Err(FieldError::new("appointmentLocation", "is required for an appointment on site"));
        }
        return Ok(PlaceFacts { position: None, department: None, zone: USUAL_ZONE.to_owned() });
    };
    let commune = commune_of(place);
    place.position = place.position.or(commune.map(|commune| commune.position));
    if kind.is_on_site() && place.position.is_none() {
        let message = "this postcode is unknown: correct it, or give appointmentLocation.position";
        return Err(FieldError::new("appointmentLocation.address.zipCode", message));
    }
    let french = place.address.country_code == "FR";
    let department = commune
        .map(|commune| commune.department().to_owned())
        .or_else(|| french.then(|| department_of_postcode(&place.address.zip_code)).flatten());
    let zone = department.as_deref().map_or(USUAL_ZONE, zone_of_department).to_owned();
    Ok(PlaceFacts { position: place.position, department, zone })
}

/// Public holidays, as the engine asks for them.
pub(super) fn is_holiday(department: &str, date: civil::Date) -> bool {
    Holidays::embedded().is_holiday(date, department)
}
