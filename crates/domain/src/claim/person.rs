//! Trims and validates the insured's names, phone numbers and e-mail address.

use super::Insured;
use crate::contact::{email_fault, name_fault, phone_fault, without_blanks};
use crate::refusal::FieldError;

impl Insured {
    /// Takes the blanks off both ends of names, phone number and e-mail address.
    pub fn normalise(&mut self) {
        let optional = [self.email.as_mut(), self.company.as_mut()].into_iter().flatten();
        for text in [&mut self.first_name, &mut self.last_name, &mut self.phone_number].into_iter().chain(optional) {
            *text = without_blanks(text).to_owned();
        }
    }

    /// What is wrong with a person whose required fields are there; each fault names the field below `field`. A
    /// person who was erased is sound.
    pub(crate) fn faults(&self, field: &str) -> Vec<FieldError> {
        if *self == Self::erased() {
            return Vec::new();
        }
        let names = [
            ("first_name", Some(&self.first_name)),
            ("last_name", Some(&self.last_name)),
            ("company", self.company.as_ref()),
        ];
        let names = names.into_iter().filter_map(|(name, text)| Some((name, name_fault(text?)?)));
        let phone = Some(&self.phone_number).filter(|phone| !phone.trim().is_empty());
        let phone = phone.and_then(|phone| phone_fault(phone)).map(|fault| ("phone_number", fault.to_owned()));
        let email = self.email.as_ref().filter(|email| !email.trim().is_empty());
        let email = email.and_then(|email| email_fault(email)).map(|fault| ("email", fault.to_owned()));
        names.chain(phone).chain(email).map(|(name, fault)| FieldError::new(format!("{field}.{name}"), fault)).collect()
    }
}
