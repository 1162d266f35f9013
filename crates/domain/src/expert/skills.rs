//! What an expert may do.

use serde::{Deserialize, Serialize};

use crate::service::{CustomerType, Dwelling, ServiceKind};
use crate::{FieldError, Money};

use super::trade::Trade;

/// What a person may do. `None` and absent mean no restriction.
///
/// A restriction refuses only what the request states: a request without an insurer passes the
/// restriction on insurers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Skills {
    /// Kinds of intervention. Empty: none.
    pub kinds: Vec<ServiceKind>,
    /// Losses by nature, cause and detail: `Vol`, `DegatsDesEaux/FuiteRupture` or
    /// `Nature/Cause/Detail`, codes of `loss_nature_cause_detail.csv`. An entry covers all below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_natures: Option<Vec<String>>,
    /// Trades held, for repair in kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trades: Vec<Trade>,
    /// ACAM codes of the insurers that approve the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insurers: Option<Vec<String>>,
    /// Types of customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers: Option<Vec<CustomerType>>,
    /// Types of dwelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dwellings: Option<Vec<Dwelling>>,
    /// Languages spoken, French included when it is: primary tags of BCP 47 in lower case, such as
    /// `fr`. Absent: not known, and no request is refused for its language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<String>>,
    /// Highest stakes, all in all (TTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_total: Option<Money>,
    /// Highest stakes of contents (TTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_contents: Option<Money>,
    /// Highest stakes of the building (TTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_building: Option<Money>,
}

impl Skills {
    /// Adds the faults of a record that an import refuses.
    pub(super) fn check(&self, errors: &mut Vec<FieldError>) {
        for entry in self.loss_natures.iter().flatten() {
            if entry.split('/').count() > 3 || entry.split('/').any(str::is_empty) {
                let message = "expected Nature, Nature/Cause or Nature/Cause/Detail";
                errors.push(FieldError::new("skills.loss_natures", message));
            }
        }
        let is_tag = |tag: &String| matches!(tag.len(), 2 | 3) && tag.bytes().all(|byte| byte.is_ascii_lowercase());
        if !self.languages.iter().flatten().all(is_tag) {
            let message = "expected language tags of two or three lower-case letters, such as fr";
            errors.push(FieldError::new("skills.languages", message));
        }
        let limits = [
            ("skills.limit_total", self.limit_total),
            ("skills.limit_contents", self.limit_contents),
            ("skills.limit_building", self.limit_building),
        ];
        for (field, limit) in limits {
            if limit.is_some_and(|limit| limit.minor < 0) {
                errors.push(FieldError::new(field, "must not be negative"));
            }
        }
    }
}
