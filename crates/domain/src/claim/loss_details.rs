//! The loss in detail, as the dossier contract has it: codes, risk, stakes, damages. The declarant completes it.

use jiff::Timestamp;

use super::{Claim, Dossier, code_faults};
use crate::catalogue::Catalogue;
use crate::codes::Codes;
use crate::refusal::{ClaimRefusal, Refusal};
use crate::service::Valuation;

impl Claim {
    /// Takes over each part that `change` has; the others stay. The insurer's reference and the
    /// mission are not for a declaration to change.
    ///
    /// # Errors
    /// It is no draft any more, or codes that no table has, each named.
    pub fn edit_dossier(&mut self, codes: &Codes, change: &Dossier, at: Timestamp) -> Result<(), Refusal> {
        self.may_edit()?;
        Refusal::unless_empty(code_faults(change, codes))?;
        let known = &mut self.dossier;
        if let Some(given) = &change.loss {
            known.loss = codes.resolve_triple(&given.nature, given.cause.as_deref(), given.detail.as_deref()).ok();
        }
        if let Some(risk) = &change.risk {
            self.is_risk_withheld = false;
            let before = known.risk.replace(risk.clone());
            if let (Some(before), Some(now)) = (before, &mut known.risk)
                && before.address == now.address
            {
                now.position = now.position.or(before.position);
            }
        }
        if change.valuation != Valuation::default() {
            known.valuation = change.valuation;
        }
        if change.declared_damages.is_some() {
            known.declared_damages.clone_from(&change.declared_damages);
        }
        if change.qualification.is_some() {
            known.qualification.clone_from(&change.qualification);
        }
        if change.cause_removal.is_some() {
            known.cause_removal.clone_from(&change.cause_removal);
        }
        known.conservation_measures = change.conservation_measures.or(known.conservation_measures);
        self.touch(at);
        Ok(())
    }

    /// Chooses a more specific subtype: a draft opened by an insurer has only the loss type. Updates the
    /// guarantee, and the loss unless it was set explicitly; deletes answers to questions that no longer apply.
    pub(super) fn choose_subtype(&mut self, catalogue: &Catalogue, subtype: &str) -> Result<(), ClaimRefusal> {
        let family = catalogue.family_at(&self.product.kind, &self.catalogue_version);
        let family = family.ok_or(ClaimRefusal::UnsupportedProductType)?;
        let before = family.subtype(&self.loss_type, &self.subtype).and_then(|known| known.triple.as_ref());
        let chosen = family.find(&self.loss_type, subtype)?;
        let was_told = self.dossier.loss.as_ref().is_some_and(|loss| loss.cause.is_some() && Some(loss) != before);
        if !was_told && chosen.triple.is_some() {
            self.dossier.loss.clone_from(&chosen.triple);
        }
        self.subtype.clone_from(&chosen.id);
        self.contract.guarantee.clone_from(&chosen.guarantee);
        self.answers.retain(|known, _| chosen.questions.iter().any(|question| question.id == *known));
        Ok(())
    }
}
