//! Terms counted by hand, and what holds for any of them.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;

use super::count::{Length, Place};
use super::*;
use crate::claim::{Claim, Location, MilestoneKind, tests};
use crate::ids::MissionId;
use crate::service::LossTriple;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn location(zipcode: &str, city: &str) -> Location {
    Location { address: "1 rue".into(), city: city.into(), country: "France".into(), zipcode: zipcode.into() }
}

/// A claim for a loss, both by their UTC instants.
fn claim(nature: &str, cause: Option<&str>, loss: &str, declared: &str) -> Claim {
    let mut claim = tests::draft();
    claim.dossier.loss = Some(LossTriple { nature: nature.to_owned(), cause: cause.map(str::to_owned), detail: None });
    claim.claim_at = at(loss);
    claim.declaration_at = at(declared);
    claim.created_at = at(declared);
    claim
}

fn told(claim: &mut Claim, kind: MilestoneKind, day: Date) {
    claim.record_milestone(kind, day, date(2100, 1, 1)).unwrap();
}

fn one(claim: &Claim, now: &str, rule: &str) -> Deadline<'static> {
    let all = Deadlines::embedded().of_claim(claim, at(now));
    all.into_iter().find(|deadline| deadline.rule.id == rule).unwrap_or_else(|| panic!("no {rule}"))
}

fn ids(claim: &Claim, now: &str) -> Vec<String> {
    let all = Deadlines::embedded().of_claim(claim, at(now));
    all.iter().map(|deadline| format!("{}:{:?}", deadline.rule.id, deadline.state)).collect()
}

#[test]
fn a_theft_is_to_be_declared_within_two_working_days() {
    // Stolen on Friday evening, Paris time: Monday and Tuesday count.
    let friday = "2026-11-20T19:00:00Z";
    let declared = |declared: &str| {
        let theft = claim("Vol", Some("ALExterieur"), friday, declared);
        let deadline = one(&theft, declared, "declaration_theft");
        (deadline.due_on, deadline.due_at, deadline.state)
    };
    let (due_on, due_at) = (Some(date(2026, 11, 24)), Some(at("2026-11-24T23:00:00Z")));
    assert_eq!(declared("2026-11-24T22:59:59Z"), (due_on, due_at, DeadlineState::Met));
    assert_eq!(declared("2026-11-24T23:00:00Z"), (due_on, due_at, DeadlineState::Missed));
    // It takes the place of the general term, and its article is said.
    let theft = claim("Vol", Some("ALExterieur"), friday, "2026-11-26T08:00:00Z");
    assert_eq!(ids(&theft, "2026-11-26T08:00:00Z"), ["declaration_theft:Missed", "limitation:Running"]);
    assert_eq!(one(&theft, friday, "declaration_theft").rule.article, "Code des assurances, L113-2");
    // Vandalism goes by the general one, although its code is theft's.
    let vandalism = claim("Vol", Some("Vandalisme"), friday, "2026-11-26T08:00:00Z");
    assert_eq!(ids(&vandalism, "2026-11-26T08:00:00Z"), ["declaration_general:Met", "limitation:Running"]);
}

#[test]
fn who_learnt_of_the_loss_later_has_longer() {
    let mut theft = claim("Vol", None, "2026-11-02T09:00:00Z", "2026-11-20T09:00:00Z");
    assert_eq!(one(&theft, "2026-11-20T09:00:00Z", "declaration_theft").state, DeadlineState::Missed);
    told(&mut theft, MilestoneKind::LossKnown, date(2026, 11, 18));
    let deadline = one(&theft, "2026-11-20T09:00:00Z", "declaration_theft");
    assert_eq!((deadline.starts_on, deadline.state), (Some(date(2026, 11, 18)), DeadlineState::Met));
}

#[test]
fn a_natural_catastrophe_waits_for_its_order() {
    let mut flood = claim("CatastropheNaturelle", Some("Inondation"), "2026-09-30T06:00:00Z", "2026-10-02T09:00:00Z");
    assert_eq!(
        ids(&flood, "2026-11-23T07:00:00Z"),
        [
            "declaration_natural_catastrophe:Met",
            "natural_catastrophe_inform:Waiting",
            "natural_catastrophe_order_expertise:Waiting",
            "natural_catastrophe_advance:Waiting",
            "natural_catastrophe_offer:Waiting",
            "limitation:Running",
        ]
    );
    // Published on Friday 30 October: 30 days end on Sunday 29 November, so on Monday.
    told(&mut flood, MilestoneKind::DecreePublished, date(2026, 10, 30));
    let declaration = one(&flood, "2026-11-23T07:00:00Z", "declaration_natural_catastrophe");
    assert_eq!(declaration.due_on, Some(date(2026, 11, 30)));
    // One month from the later of declaration and publication.
    let order = one(&flood, "2026-11-23T07:00:00Z", "natural_catastrophe_order_expertise");
    assert_eq!((order.starts_on, order.due_on), (Some(date(2026, 10, 30)), Some(date(2026, 11, 30))));
    assert_eq!((order.warn_at, order.state), (Some(at("2026-11-22T23:00:00Z")), DeadlineState::Running));
    assert_eq!(one(&flood, "2026-11-30T23:00:00Z", "natural_catastrophe_order_expertise").state, DeadlineState::Missed);
    flood.dossier.mission = Some(MissionId::new(at("2026-11-25T10:00:00Z"), &[1; 10]));
    let order = one(&flood, "2026-12-24T07:00:00Z", "natural_catastrophe_order_expertise");
    assert_eq!((order.state, order.met_on), (DeadlineState::Met, Some(date(2026, 11, 25))));
    // An advance does not pay what is accepted later.
    told(&mut flood, MilestoneKind::Payment, date(2026, 11, 25));
    told(&mut flood, MilestoneKind::OfferAccepted, date(2026, 12, 4));
    let pay = one(&flood, "2026-12-24T07:00:00Z", "natural_catastrophe_pay");
    assert_eq!((pay.due_on, pay.state), (Some(date(2026, 12, 28)), DeadlineState::Running));
    told(&mut flood, MilestoneKind::Payment, date(2026, 12, 28));
    assert_eq!(one(&flood, "2027-01-05T07:00:00Z", "natural_catastrophe_pay").state, DeadlineState::Met);
}

#[test]
fn a_drought_has_terms_of_its_own() {
    let loss = "2026-05-04T06:00:00Z";
    let mut drought = claim("CatastropheNaturelle", Some("Secheresse"), loss, "2026-05-05T06:00:00Z");
    told(&mut drought, MilestoneKind::DecreePublished, date(2026, 5, 5));
    told(&mut drought, MilestoneKind::DocumentsComplete, date(2026, 10, 31));
    told(&mut drought, MilestoneKind::GeotechnicalResults, date(2027, 1, 30));
    let now = "2027-02-01T07:00:00Z";
    let limitation = one(&drought, now, "limitation_drought");
    assert_eq!(limitation.due_on, Some(date(2031, 5, 5)), "4 May 2031 is a Sunday");
    // Four months after the 31st of October end with February, which ends on a Sunday in 2027.
    assert_eq!(one(&drought, now, "drought_interim_report").due_on, Some(date(2027, 3, 1)));
    assert_eq!(one(&drought, now, "drought_final_report").state, DeadlineState::Waiting);
    told(&mut drought, MilestoneKind::QuotesValidated, date(2027, 1, 31));
    assert_eq!(one(&drought, now, "drought_final_report").due_on, Some(date(2027, 3, 1)));
    assert!(ids(&drought, now).iter().all(|id| !id.starts_with("limitation:")));
}

#[test]
fn what_a_claim_left_behind_no_longer_counts_but_for_complaints() {
    let mut burst = claim("DegatsDesEaux", None, "2026-11-20T06:00:00Z", "2026-11-20T09:00:00Z");
    let now = "2026-11-30T07:00:00Z";
    assert_eq!(ids(&burst, now), ["declaration_general:Met", "limitation:Running"]);
    told(&mut burst, MilestoneKind::ComplaintReceived, date(2026, 11, 23));
    burst.state = tests::state_at(ClaimStatus::Closed, at("2026-11-27T07:00:00Z"));
    assert_eq!(
        ids(&burst, now),
        ["declaration_general:Met", "limitation:Stopped", "complaint_acknowledge:Running", "complaint_answer:Running"]
    );
    let acknowledge = one(&burst, now, "complaint_acknowledge");
    assert_eq!(acknowledge.due_on, Some(date(2026, 12, 7)));
    assert_eq!(one(&burst, now, "complaint_answer").due_on, Some(date(2027, 1, 25)), "23 January is a Saturday");
    told(&mut burst, MilestoneKind::ComplaintAnswered, date(2026, 12, 7));
    assert_eq!(one(&burst, "2027-06-01T07:00:00Z", "complaint_acknowledge").state, DeadlineState::Met);
}

#[test]
fn an_operator_turns_rules_on_and_off() {
    let mut hail = claim("TempeteNeigeGrele", Some("Grele"), "2026-11-23T06:00:00Z", "2026-11-30T09:00:00Z");
    let now = "2026-11-30T09:00:00Z";
    hail.product.kind = "crops".to_owned();
    assert_eq!(ids(&hail, now)[0], "declaration_general:Met");
    let (on, off) = (["declaration_hail".to_owned()], ["limitation".to_owned()]);
    let chosen = Deadlines::embedded().with(&on, &off).unwrap();
    let shown = |claim: &Claim| -> Vec<_> {
        chosen.of_claim(claim, at(now)).iter().map(|one| (one.rule.id.clone(), one.due_on)).collect()
    };
    assert_eq!(shown(&hail), [("declaration_hail".to_owned(), Some(date(2026, 11, 27)))]);
    assert!(Deadlines::embedded().with(&["nothing".to_owned()], &[]).is_err());
    assert!(Deadlines::embedded().with(&on, &on).is_err());
    // The four days are for crops: a building that hail struck keeps the general term even then.
    for building in ["home", "livestock", "bike"] {
        hail.product.kind = building.to_owned();
        assert!(shown(&hail).iter().all(|(rule, _)| rule != "declaration_hail"), "{building}");
    }
}

#[test]
fn the_advance_is_due_two_months_after_the_statement_of_losses_or_the_publication() {
    let advance = |milestones: &[(MilestoneKind, Date)], now: &str| {
        let mut flood =
            claim("CatastropheNaturelle", Some("Inondation"), "2026-09-30T06:00:00Z", "2026-10-02T09:00:00Z");
        for (kind, day) in milestones {
            told(&mut flood, *kind, *day);
        }
        let deadline = one(&flood, now, "natural_catastrophe_advance");
        (deadline.starts_on, deadline.due_on, deadline.state)
    };
    let (statement, decree) = (MilestoneKind::Estimate, MilestoneKind::DecreePublished);
    let now = "2026-11-23T07:00:00Z";
    // One of the two alone is not enough.
    assert_eq!(advance(&[], now), (None, None, DeadlineState::Waiting));
    assert_eq!(advance(&[(statement, date(2026, 10, 5))], now).2, DeadlineState::Waiting);
    assert_eq!(advance(&[(decree, date(2026, 10, 30))], now).2, DeadlineState::Waiting);
    // The later one counts: two months after Friday 30 October are Wednesday 30 December.
    let both = [(statement, date(2026, 10, 5)), (decree, date(2026, 10, 30))];
    let due = Some(date(2026, 12, 30));
    assert_eq!(advance(&both, now), (Some(date(2026, 10, 30)), due, DeadlineState::Running));
    let late = [(statement, date(2026, 11, 14)), (decree, date(2026, 10, 30))];
    assert_eq!(advance(&late, now).1, Some(date(2027, 1, 14)));
    // The end of a month, and a Sunday: 28 February 2027.
    let december = [(statement, date(2026, 12, 31)), (decree, date(2026, 10, 30))];
    assert_eq!(advance(&december, now).1, Some(date(2027, 3, 1)));
    for kind in [MilestoneKind::AdvancePaid, MilestoneKind::Payment] {
        let paid = [both.as_slice(), &[(kind, date(2026, 12, 30))]].concat();
        assert_eq!(advance(&paid, "2027-02-01T00:00:00Z").2, DeadlineState::Met);
        let paid = [both.as_slice(), &[(kind, date(2026, 12, 31))]].concat();
        assert_eq!(advance(&paid, "2027-02-01T00:00:00Z").2, DeadlineState::Missed);
    }
    assert_eq!(advance(&both, "2026-12-30T23:00:00Z").2, DeadlineState::Missed);
    let burst = claim("DegatsDesEaux", None, "2026-11-20T06:00:00Z", "2026-11-20T09:00:00Z");
    assert!(ids(&burst, now).iter().all(|id| !id.starts_with("natural_catastrophe_advance")));
}

#[test]
fn notice_counts_backwards_and_only_for_claims_since_its_first_day() {
    let on = ["adversarial_notice".to_owned()];
    let rules = Deadlines::embedded().with(&on, &[]).unwrap();
    let mut fire = claim("Incendie", None, "2026-11-01T06:00:00Z", "2026-11-02T09:00:00Z");
    told(&mut fire, MilestoneKind::AdversarialVisit, date(2027, 1, 8));
    let find = |claim: &Claim| {
        let all = rules.of_claim(claim, at("2026-12-24T09:00:00Z"));
        all.into_iter().find(|one| one.rule.id == "adversarial_notice").map(|one| (one.due_on.unwrap(), one.state))
    };
    assert_eq!(find(&fire), Some((date(2026, 12, 18), DeadlineState::Missed)));
    told(&mut fire, MilestoneKind::AdversarialNoticeSent, date(2026, 12, 18));
    assert_eq!(find(&fire), Some((date(2026, 12, 18), DeadlineState::Met)));
    // 20 December is a Sunday: the letter leaves on Friday.
    told(&mut fire, MilestoneKind::AdversarialVisit, date(2027, 1, 10));
    assert_eq!(find(&fire), Some((date(2026, 12, 18), DeadlineState::Met)));
    told(&mut fire, MilestoneKind::UrgencyReasoned, date(2026, 12, 21));
    assert_eq!(find(&fire), None);
    fire.milestones.remove(&MilestoneKind::UrgencyReasoned);
    fire.declaration_at = at("2024-05-31T12:00:00Z");
    assert_eq!(find(&fire), None);
}

#[test]
fn holidays_and_zones_are_those_of_the_place() {
    let due = |zipcode: &str, city: &str, loss: &str| {
        let mut theft = claim("Vol", None, loss, loss);
        theft.location = location(zipcode, city);
        let deadline = one(&theft, loss, "declaration_theft");
        (deadline.due_on.unwrap(), deadline.due_at.unwrap())
    };
    // Wednesday 23 December 2026, 21:00 in Paris: the 24th, and the next working day.
    let eve = "2026-12-23T20:00:00Z";
    assert_eq!(due("75012", "Paris", eve), (date(2026, 12, 28), at("2026-12-28T23:00:00Z")));
    // In Moselle the 26th is one holiday more; in 2028 it falls on a Tuesday.
    let week = "2028-12-21T12:00:00Z";
    assert_eq!(due("75012", "Paris", week).0, date(2028, 12, 26));
    assert_eq!(due("57000", "Metz", week).0, date(2028, 12, 27));
    // In Saint-Denis de la Réunion it is the day after already, and the 20th of December is one.
    assert_eq!(due("97400", "Saint-Denis", eve), (date(2026, 12, 29), at("2026-12-29T20:00:00Z")));
    assert_eq!(due("97400", "Saint-Denis", "2028-12-18T08:00:00Z").0, date(2028, 12, 21));
    // Saint-Barthélemy shares Guadeloupe's postcodes, not its holidays.
    assert_eq!(due("97133", "Saint-Barthélemy", "2026-10-07T16:00:00Z").0, date(2026, 10, 12));
    assert_eq!(due("97110", "Pointe-à-Pitre", "2026-10-07T16:00:00Z").0, date(2026, 10, 9));
}

#[test]
fn every_territory_counts_by_its_own_holidays_and_clock() {
    // Theft at noon UTC on the day before the eve of a holiday of the place: the day between counts, the
    // holiday does not. Due day, and the offset of the clock that ends it.
    for (zipcode, city, country, loss, due_on, offset) in [
        // La Réunion, 20 December; by a CEDEX code too, and where only the country tells.
        ("97744", "SAINT DENIS CEDEX 9", "France", "2024-12-18", date(2024, 12, 23), 4),
        ("97410", "Saint-Pierre", "La Réunion", "2024-12-18", date(2024, 12, 23), 4),
        ("97801", "SAINT-DENIS CEDEX 9", "RE", "2024-12-18", date(2024, 12, 23), 4),
        ("?", "Saint-Denis", "REU", "2024-12-18", date(2024, 12, 23), 4),
        // Guadeloupe, 27 May; Martinique, 22 May; Guyane, 10 June; Mayotte, 27 April.
        ("97110", "Pointe-à-Pitre", "France", "2026-05-25", date(2026, 5, 28), -4),
        ("97200", "FORT DE FRANCE", "France", "2026-05-20", date(2026, 5, 26), -4),
        ("97300", "Cayenne", "Guyane", "2026-06-08", date(2026, 6, 11), -3),
        ("97600", "Mamoudzou", "France", "2027-04-25", date(2027, 4, 28), 3),
        // Saint-Barthélemy, 9 October; Saint-Martin, 28 May: postcodes that begin like Guadeloupe's.
        ("97133", "SAINT BARTHELEMY", "France", "2026-10-07", date(2026, 10, 12), -4),
        ("97098", "ST BARTHELEMY CEDEX", "France", "2026-10-07", date(2026, 10, 12), -4),
        ("97150", "Saint-Martin", "Saint-Martin", "2026-05-26", date(2026, 5, 29), -4),
        ("97052", "ST MARTIN CEDEX", "MF", "2026-05-26", date(2026, 5, 29), -4),
        // Saint-Pierre-et-Miquelon has the national holidays and a clock of its own (summer time too).
        ("97500", "Saint-Pierre", "France", "2026-11-09", date(2026, 11, 12), -3),
        ("97500", "Miquelon-Langlade", "SPM", "2026-07-10", date(2026, 7, 15), -2),
        // Wallis-et-Futuna, 29 July; Polynésie, 5 March; Nouvelle-Calédonie, 24 September.
        ("98600", "Uvea", "Wallis-et-Futuna", "2026-07-27", date(2026, 7, 31), 12),
        ("98714", "Papeete", "Polynésie française", "2026-03-03", date(2026, 3, 6), -10),
        ("98800", "Nouméa", "NC", "2026-09-22", date(2026, 9, 25), 11),
        // Alsace and Moselle, 26 December and Good Friday; their neighbours have neither.
        ("67 000", "Strasbourg", "France", "2028-12-21", date(2028, 12, 27), 1),
        ("68100", "MULHOUSE", "FRA", "2028-12-21", date(2028, 12, 27), 1),
        ("57000", "Metz", "France métropolitaine", "2026-04-01", date(2026, 4, 7), 2),
        ("54000", "Nancy", "France", "2026-04-01", date(2026, 4, 3), 2),
        ("75012", "Paris", "Métropole", "2024-12-18", date(2024, 12, 20), 1),
        // Abroad the French terms count by the clock of Paris.
        ("1000", "Bruxelles", "Belgique", "2024-12-18", date(2024, 12, 20), 1),
    ] {
        let loss = format!("{loss}T12:00:00Z");
        let mut theft = claim("Vol", None, &loss, &loss);
        theft.location = Location {
            address: "1 rue".to_owned(),
            city: city.to_owned(),
            country: country.to_owned(),
            zipcode: zipcode.to_owned(),
        };
        let deadline = one(&theft, &loss, "declaration_theft");
        let midnight = due_on.tomorrow().unwrap().at(0, 0, 0, 0);
        let end = jiff::tz::offset(offset).to_timestamp(midnight).unwrap();
        assert_eq!((deadline.due_on, deadline.due_at), (Some(due_on), Some(end)), "{zipcode} {city}, {country}");
    }
}

#[test]
fn livestock_counts_in_hours() {
    let mut herd = claim("Divers", None, "2026-11-24T10:30:00Z", "2026-11-25T10:29:00Z");
    herd.product.kind = "livestock".to_owned();
    let deadline = one(&herd, "2026-11-25T11:00:00Z", "declaration_livestock");
    assert_eq!((deadline.due_at, deadline.state), (Some(at("2026-11-25T10:30:00Z")), DeadlineState::Met));
    // On a Friday it ends with Monday.
    herd.claim_at = at("2026-11-27T10:30:00Z");
    herd.declaration_at = at("2026-11-30T20:00:00Z");
    let deadline = one(&herd, "2026-11-30T20:00:00Z", "declaration_livestock");
    assert_eq!((deadline.due_at, deadline.state), (Some(at("2026-11-30T23:00:00Z")), DeadlineState::Met));
}

#[test]
fn a_wrong_file_is_refused_with_the_rule_named() {
    let rule = |more: &str| {
        let text =
            format!("[[rule]]\nid = \"x\"\nlabel = \"L\"\narticle = \"A\"\nsure = true\nenabled = true\n{more}\n");
        Deadlines::parse(&text)
    };
    let usual = "starts = [\"loss\"]\nmet_by = []\n";
    assert!(rule(&format!("{usual}length = {{ days = 3 }}")).is_ok());
    for (more, named) in [
        ("length = { days = 0 }", "length"),
        ("length = { weeks = 1 }", "weeks"),
        ("length = { days = 3 }\ninstead_of = [\"y\"]", "y"),
        ("length = { days = 3 }\napplies_to = [{ nature = \"Orage\" }]", "loss_nature"),
        ("length = { days = 3 }\napplies_to = [{}]", "anything"),
        ("length = { months = 3 }\nbefore = true", "before"),
        ("length = { days = 3 }\nfrom = \"2026-01-02\"\nto = \"2026-01-01\"", "from"),
        ("length = { working_days = 3 }\nranks_visits = true", "ranks_visits"),
    ] {
        let refused = rule(&format!("{usual}{more}")).unwrap_err();
        assert!(refused.contains(named), "{more}: {refused}");
    }
    let unknown = rule("starts = [\"rain\"]\nmet_by = []\nlength = { days = 3 }").unwrap_err();
    assert!(unknown.contains("rain"), "{unknown}");
}

#[test]
fn what_is_to_be_told_is_told_when_it_is_time() {
    let mut flood = claim("CatastropheNaturelle", None, "2026-09-30T06:00:00Z", "2026-10-02T09:00:00Z");
    told(&mut flood, MilestoneKind::DecreePublished, date(2026, 10, 30));
    told(&mut flood, MilestoneKind::CoverTold, date(2026, 11, 2));
    let looked = |flood: &Claim, now: &str| {
        let deadlines = Deadlines::embedded().of_claim(flood, at(now));
        let look = look(&deadlines, flood.created_at, at(now));
        let tell: Vec<String> =
            look.tell.iter().map(|(place, notice)| format!("{}:{notice:?}", deadlines[*place].rule.id)).collect();
        (tell, look.again_at, look.running_at)
    };
    let (warn, due) = (at("2026-11-22T23:00:00Z"), at("2026-11-30T23:00:00Z"));
    let met = "natural_catastrophe_inform:Met".to_owned();
    assert_eq!(looked(&flood, "2026-11-03T06:00:00Z"), (vec![met.clone()], Some(warn), Some(due)));
    let order = |what: &str| format!("natural_catastrophe_order_expertise:{what}");
    assert_eq!(looked(&flood, "2026-11-22T23:00:00Z"), (vec![met.clone(), order("Approaching")], Some(due), Some(due)));
    let (tell, again, _) = looked(&flood, "2026-11-30T23:00:00Z");
    assert_eq!(tell, [met, order("Missed")]);
    // 90 days before the limitation.
    assert_eq!(again, Some(at("2028-07-03T22:00:00Z")));
}

#[test]
fn rankings_mind_the_terms_of_visits_only() {
    let loss = |nature: &str| LossTriple { nature: nature.to_owned(), cause: None, detail: None };
    let rules = Deadlines::embedded();
    assert_eq!(rules.last_visit_day(&loss("CatastropheNaturelle"), date(2026, 3, 10)), Some(date(2026, 4, 10)));
    assert_eq!(rules.last_visit_day(&loss("Vol"), date(2026, 3, 10)), None);
    let off = rules.with(&[], &["natural_catastrophe_order_expertise".to_owned()]).unwrap();
    assert_eq!(off.last_visit_day(&loss("CatastropheNaturelle"), date(2026, 3, 10)), None);
}

#[test]
fn the_page_lists_every_rule() {
    let page = include_str!("../../../../docs/deadlines.md");
    for rule in &Deadlines::embedded().rules {
        let row = format!("| `{}` | {} |", rule.id, rule.article);
        let line = page.lines().find(|line| line.starts_with(&row)).unwrap_or_else(|| panic!("{row}"));
        assert!(line.ends_with(if rule.enabled { "| yes |" } else { "| no |" }), "{line}");
    }
}

#[test]
fn milestones_lie_in_the_past() {
    let (mut claim, today) = (tests::draft(), date(2026, 11, 23));
    assert!(claim.record_milestone(MilestoneKind::OfferMade, date(2026, 11, 24), today).is_err());
    assert!(claim.record_milestone(MilestoneKind::OfferMade, date(1989, 12, 31), today).is_err());
    claim.record_milestone(MilestoneKind::AdversarialVisit, date(2026, 12, 24), today).unwrap();
    claim.record_milestone(MilestoneKind::OfferMade, date(2026, 11, 20), today).unwrap();
    claim.record_milestone(MilestoneKind::OfferMade, date(2026, 11, 23), today).unwrap();
    assert_eq!(claim.remove_milestone(MilestoneKind::OfferMade), Some(today));
    assert_eq!(claim.remove_milestone(MilestoneKind::OfferMade), None);
}

fn lengths() -> impl Strategy<Value = Length> {
    prop_oneof![
        (1_u16..200).prop_map(Length::Hours),
        (1_u16..60).prop_map(Length::WorkingDays),
        (1_u16..400).prop_map(Length::Days),
        (1_u16..30).prop_map(Length::Months),
        (1_u16..6).prop_map(Length::Years),
    ]
}

fn departments() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "75", "57", "67", "2A", "971", "972", "973", "974", "976", "977", "987", "988"])
}

proptest! {
    #[test]
    fn a_term_ends_on_a_day_of_work_and_never_too_early(
        second in 946_684_800_i64..4_102_444_800, length in lengths(), department in departments(),
    ) {
        let place = Place::of_department(department);
        let start = place.at(Timestamp::from_second(second).unwrap());
        let end = place.end(start, length, false).unwrap();
        prop_assert!(place.works_on(end.on));
        let least = match length {
            Length::Hours(_) => start.on,
            Length::WorkingDays(count) | Length::Days(count) => start.on.checked_add(i64::from(count).days()).unwrap(),
            Length::Months(count) => start.on.checked_add(i64::from(count).months()).unwrap(),
            Length::Years(count) => start.on.checked_add(i64::from(count).years()).unwrap(),
        };
        prop_assert!(end.on >= least);
        match length {
            // No day of work lies between the day counted and the one it was moved to.
            Length::Days(_) | Length::Months(_) | Length::Years(_) => {
                let between = least.series(1.day()).take_while(|day| *day < end.on);
                prop_assert_eq!(between.filter(|day| place.works_on(*day)).count(), 0);
            }
            Length::WorkingDays(count) => {
                let walked = start.on.series(1.day()).skip(1).filter(|day| place.works_on(*day));
                prop_assert_eq!(walked.take(count.into()).last(), Some(end.on));
            }
            Length::Hours(hours) => {
                prop_assert!(end.at >= start.at + SignedDuration::from_hours(hours.into()));
            }
        }
        // The last instant of the day is in time, the next one is not.
        if !matches!(length, Length::Hours(_)) {
            prop_assert_eq!(place.day_of(end.at - SignedDuration::from_micros(1)), end.on);
            prop_assert_eq!(place.day_of(end.at), end.on.tomorrow().unwrap());
        }
    }

    #[test]
    fn counted_backwards_a_term_ends_on_a_day_of_work_and_never_too_late(
        days in 0_i64..20_000, count in 1_u16..60, working in any::<bool>(), department in departments(),
    ) {
        let place = Place::of_department(department);
        let start = place.on(date(2000, 1, 1).checked_add(days.days()).unwrap()).unwrap();
        let length = if working { Length::WorkingDays(count) } else { Length::Days(count) };
        let end = place.end(start, length, true).unwrap();
        prop_assert!(place.works_on(end.on));
        prop_assert!(end.on <= start.on.checked_sub(i64::from(count).days()).unwrap());
    }

    /// One month from any day is the same day of the next month, or its last.
    #[test]
    fn a_month_ends_on_the_same_day_or_the_last(days in 0_i64..20_000) {
        let start = date(2000, 1, 1).checked_add(days.days()).unwrap();
        let end = super::count::raw_end(start, Length::Months(1), false).unwrap();
        let next = start.first_of_month().checked_add(1.month()).unwrap();
        prop_assert_eq!(end.first_of_month(), next);
        prop_assert_eq!(end.day(), start.day().min(next.days_in_month()));
    }
}
