//! The contract registry.

use constat_domain::claim;
use constat_domain::service::CustomerType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Insured, Product};
use crate::common::every_field_present;
use crate::dossier::Risk;

/// Who carries the risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistryInsurer {
    /// Its ACAM code, eight digits.
    #[schemars(example = &"02000402")]
    pub acam_code: String,
    /// Its name.
    pub name: String,
}

/// Whether the insured is a person or a business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RegistryCustomer {
    /// A private person.
    Individual,
    /// A business.
    Professional,
}

/// An insured thing on a contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct RegistryProduct {
    /// Its id on the contract: the `contractProductId` of a declaration.
    #[schemars(example = &"product_def456")]
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub product: Product,
    /// For buildings: what and where the risk is, or null.
    pub risk: Option<Risk>,
}

/// A contract of the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = every_field_present)]
pub struct Contract {
    /// Its id: the `contractId` of a declaration.
    #[schemars(example = &"contract_abc123")]
    pub id: String,
    /// The insured's user id.
    #[schemars(example = &"A1234567890")]
    pub user_id: String,
    /// The insurer's number of it.
    pub number: String,
    /// The product's commercial name.
    pub name: String,
    /// Who carries the risk.
    pub insurer: RegistryInsurer,
    /// Code of the guarantee that claims fall under unless their loss says otherwise.
    #[schemars(example = &"Vol")]
    pub guarantee: String,
    /// Private person or business.
    pub customer_type: RegistryCustomer,
    /// The policyholder.
    pub holder: Insured,
    /// What the insured bears, in euros, or null.
    #[schemars(example = 150)]
    pub deductible: Option<f64>,
    /// What is insured.
    pub products: Vec<RegistryProduct>,
    /// First day of cover, or null.
    #[schemars(extend("format" = "date"))]
    pub effective_from: Option<String>,
    /// Day after the last day of cover, or null.
    #[schemars(extend("format" = "date"))]
    pub effective_to: Option<String>,
}

impl From<&claim::Contract> for Contract {
    fn from(contract: &claim::Contract) -> Self {
        let product = |product: &claim::ContractProduct| RegistryProduct {
            id: product.id.clone(),
            product: (&product.product).into(),
            risk: product.risk.as_ref().map(Into::into),
        };
        Self {
            id: contract.id.clone(),
            user_id: contract.user_id.clone(),
            number: contract.number.clone(),
            name: contract.name.clone(),
            insurer: RegistryInsurer {
                acam_code: contract.insurer.acam_code.clone(),
                name: contract.insurer.name.clone(),
            },
            guarantee: contract.guarantee.clone(),
            customer_type: match contract.customer_type {
                CustomerType::Individual => RegistryCustomer::Individual,
                CustomerType::Professional => RegistryCustomer::Professional,
            },
            holder: (&contract.holder).into(),
            deductible: contract.deductible.map(constat_domain::Money::to_major),
            products: contract.products.iter().map(product).collect(),
            effective_from: contract.effective_from.map(|day| day.to_string()),
            effective_to: contract.effective_to.map(|day| day.to_string()),
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedContracts {
    /// Contracts whose id was new.
    #[schemars(example = 120)]
    pub created: u64,
    /// Contracts whose id was known.
    #[schemars(example = 3)]
    pub replaced: u64,
}
