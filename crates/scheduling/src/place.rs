//! Locates a request: position, département and time zone.

use constat_availability::PlaceFacts;
use constat_domain::FieldError;
use constat_domain::gazetteer::{AddressPrecision, Gazetteer, Located, SearchedPlace};
use constat_domain::geo::{Place, Position};
use constat_domain::holidays::{Holidays, zone_of_department};
use constat_domain::service::ServiceKind;
use jiff::civil;

/// The time zone of a remote appointment without a place.
const USUAL_ZONE: &str = "Europe/Paris";

/// A located request.
#[derive(Debug)]
pub(crate) struct PlaceFound {
    /// Input of the search.
    pub facts: PlaceFacts,
    /// The place as the answer shows it; `None` without a position.
    pub searched: Option<SearchedPlace>,
}

/// Locates a request: the position it gives, else that of its postcode and town. Sets the position in
/// `place`.
///
/// # Errors
/// For an appointment on site, names `appointmentLocation` when it is missing, its postcode when that is
/// unknown, and its city when it leaves several communes possible: the message lists them.
pub(crate) fn locate(kind: ServiceKind, place: Option<&mut Place>) -> Result<PlaceFound, FieldError> {
    let Some(place) = place else {
        if kind.is_on_site() {
            return Err(FieldError::new("appointmentLocation", "is required for an appointment on site"));
        }
        let facts = PlaceFacts { position: None, department: None, zone: USUAL_ZONE.to_owned() };
        return Ok(PlaceFound { facts, searched: None });
    };
    let address = &place.address;
    let is_french = address.country_code == "FR";
    let city = Some(address.city.as_str());
    let located = is_french.then(|| Gazetteer::embedded().find(&address.zip_code, city));
    let department = match &located {
        Some(Ok(located)) => Some(located.department.to_owned()),
        Some(Err(_)) => Gazetteer::embedded().department_of(&address.zip_code, city),
        None => None,
    };
    if kind.is_on_site() && place.position.is_none() {
        match &located {
            Some(Ok(_)) => {}
            Some(Err(why)) if why.is_of_city() => {
                let message = format!("{}, or give appointmentLocation.position", why.message());
                return Err(FieldError::new("appointmentLocation.address.city", message));
            }
            None => {
                let message = "is required for an appointment on site outside France: no postcode is known there";
                return Err(FieldError::new("appointmentLocation.position", message));
            }
            Some(Err(_)) => {
                let message = "this postcode is unknown: correct it, or give appointmentLocation.position";
                return Err(FieldError::new("appointmentLocation.address.zipCode", message));
            }
        }
    }
    let located = located.and_then(Result::ok);
    place.position = place.position.or(located.map(|located| located.position));
    let zone = department.as_deref().map_or(USUAL_ZONE, zone_of_department).to_owned();
    let searched = place.position.map(|position| searched(position, located.as_ref()));
    Ok(PlaceFound { facts: PlaceFacts { position: place.position, department, zone }, searched })
}

/// A position that is not the gazetteer's is the address's own.
fn searched(position: Position, located: Option<&Located<'static>>) -> SearchedPlace {
    let of_gazetteer = located.filter(|located| located.position == position);
    SearchedPlace {
        position,
        precision: of_gazetteer.map_or(AddressPrecision::Address, |located| located.precision),
        commune: located.and_then(|located| located.commune).map(|commune| commune.name.to_owned()),
    }
}

/// Whether a date is a public holiday in a département.
pub(crate) fn is_holiday(department: &str, date: civil::Date) -> bool {
    Holidays::embedded().is_holiday(date, department)
}
