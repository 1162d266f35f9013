//! Postcodes whose leading zero a spreadsheet took off.

use crate::gazetteer::Gazetteer;

/// The French postcode of five digits that a number of four stands for, when there is no doubt: the
/// postcode exists and serves the town, in any spelling that a search reads. `None` when the town is another one, is missing, or the text is not
/// four digits.
///
/// ```
/// # use constat_domain::restore_postcode;
/// assert_eq!(restore_postcode("1000", "BOURG EN BRESSE").as_deref(), Some("01000"));
/// assert_eq!(restore_postcode("1200", "Bellegarde-sur-Valserine").as_deref(), Some("01200"));
/// assert_eq!(restore_postcode("6400", "CANNES LA BOCCA").as_deref(), Some("06400"));
/// assert_eq!(restore_postcode("1000", "Bruxelles"), None);
/// assert_eq!(restore_postcode("75017", "Paris"), None);
/// ```
pub fn restore_postcode(zip: &str, city: &str) -> Option<String> {
    let is_short = zip.len() == 4 && zip.bytes().all(|byte| byte.is_ascii_digit());
    let padded = format!("0{zip}");
    (is_short && Gazetteer::embedded().serves(&padded, city)).then_some(padded)
}
