//! Persons as the partner and dossier contracts write them.

use constat_domain::appointment;
use constat_domain::service::CustomerType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Checker, PostalAddress, wire_enum};

wire_enum! {
    /// Private person or business.
    UserType = CustomerType {
        /// A private person (French: particulier).
        Individual = "individual",
        /// A business (French: professionnel).
        Professional = "professional",
    }
}

/// How to reach a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserInfo {
    /// Home phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub personal_phone: Option<String>,
    /// Work phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub professional_phone: Option<String>,
    /// Mobile phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), example = &"+33612345678")]
    pub mobile_phone: Option<String>,
    /// E-mail address; at most 50 characters in requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"jean.dupont@example.com")]
    pub email: Option<String>,
}

/// A person: the insured, or another contact for the visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// First name.
    #[schemars(length(min = 1, max = 100), example = &"Jean")]
    pub first_name: String,
    /// Last name.
    #[schemars(length(min = 1, max = 100), example = &"Dupont")]
    pub last_name: String,
    /// Gender, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub gender: Option<String>,
    /// How to reach the person.
    #[serde(default)]
    pub user_info: UserInfo,
    /// Private person or business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_type: Option<UserType>,
    /// Postal address. The contract spells the name so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adress: Option<PostalAddress>,
}

impl Customer {
    /// Notes names that are blank, phones and e-mail that are too long, and reads the contact.
    pub fn read(&self, checker: &mut Checker) -> appointment::Contact {
        let first_name = checker.name("firstName", &self.first_name, 1, 100);
        let last_name = checker.name("lastName", &self.last_name, 1, 100);
        checker.optional_text("gender", self.gender.as_ref(), 0, 20);
        let info = &self.user_info;
        let UserInfo { personal_phone, professional_phone, mobile_phone, email } =
            checker.object("userInfo", |inner| UserInfo {
                personal_phone: inner.optional_phone("personalPhone", info.personal_phone.as_ref(), 20),
                professional_phone: inner.optional_phone("professionalPhone", info.professional_phone.as_ref(), 20),
                mobile_phone: inner.optional_phone("mobilePhone", info.mobile_phone.as_ref(), 20),
                email: inner.optional_email("email", info.email.as_ref(), 50),
            });
        appointment::Contact {
            first_name,
            last_name,
            gender: self.gender.clone(),
            personal_phone,
            professional_phone,
            mobile_phone,
            email,
            customer_type: self.user_type.map(Into::into),
            address: self.adress.as_ref().map(|adress| checker.object("adress", |inner| adress.read(inner))),
        }
    }

    /// Reads the contact from a body of its own; every fault is listed.
    pub fn into_domain(self) -> Result<appointment::Contact, Vec<constat_domain::FieldError>> {
        let mut checker = Checker::new();
        let contact = self.read(&mut checker);
        checker.finish(Some(contact))
    }
}

impl From<&appointment::Contact> for Customer {
    fn from(contact: &appointment::Contact) -> Self {
        Self {
            first_name: contact.first_name.clone(),
            last_name: contact.last_name.clone(),
            gender: contact.gender.clone(),
            user_info: UserInfo {
                personal_phone: contact.personal_phone.clone(),
                professional_phone: contact.professional_phone.clone(),
                mobile_phone: contact.mobile_phone.clone(),
                email: contact.email.clone(),
            },
            user_type: contact.customer_type.map(Into::into),
            adress: contact.address.as_ref().map(Into::into),
        }
    }
}
