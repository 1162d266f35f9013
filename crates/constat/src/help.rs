//! Long texts of `--help`: columns of files, and examples.

/// What `constat catalogue check --help` adds.
pub const CHECK_HELP: &str = "\
A file is one version of one product family. The smallest one that is sound:

  id = \"kite\"
  version = \"2027-01\"
  label = \"Cerf-volant\"
  products = [{ id = \"kite\", label = \"Cerf-volant\" }]

  [questions.torn]
  text = \"La voile est-elle déchirée ?\"
  kind = \"bool\"                              # or text; or choice, with options

  [documents]
  damage_photo = \"Photo des dommages\"

  [[loss_types]]
  id = \"break\"
  label = \"Casse\"

  [[loss_types.subtypes]]
  id = \"partial_break\"
  label = \"Casse réparable\"
  triple = { nature = \"Divers\", cause = \"BrisDeteriorationPanne\" }
  guarantee = \"BiensDeLoisirs\"
  questions = [\"torn\"]
  documents = [{ id = \"damage_photo\", category = \"mandatory\", when = { question = \"torn\", is = true } }]

Examples:
  constat catalogue check                      what the server would use
  constat catalogue check kite.toml            one file, with the others that are inside the program
  constat catalogue check /etc/constat/catalogue

The exit code is 1 when anything is wrong. All details: docs/catalogue.md";

/// What `constat import contracts --help` adds.
pub const CONTRACTS_HELP: &str = "\
Columns of a CSV file (a line for each insured thing; lines with the same id are one contract):
  id, user_id, number, name       the contract; number is the insurer's
  insurer_acam_code               eight digits; insurer_name may be left out
  guarantee                       code of guarantee_type.csv
  customer_type                   individual or professional
  holder_first_name, holder_last_name, holder_phone_number; holder_email, holder_company optional
  product_id, product_type        type as in the catalogue: bike, phone, home, ...
  Optional: deductible (euros), effective_from, effective_to (dates), product_subtype, product_brand,
  product_model, product_marked, product_internal_id, risk_type, risk_relationship, risk_street1,
  risk_zip_code, risk_city, risk_country_code, risk_rooms, risk_surface (square metres)

A contract whose id is known is replaced. With --skip-faulty the sound contracts are imported and the
faults of the others are in FILE.errors.jsonl. Tables of French Excel and workbooks (.xlsx) are read as
they are. JSON lines and all details: docs/import.md

Example:
  constat import contracts data/samples/contracts.csv --organisation Plateforme --mode test --dry-run
  constat import contracts portfolio.xlsx --sheet Contrats --organisation Plateforme --mode test";

/// What `constat import claims --help` adds.
pub const CLAIMS_HELP: &str = "\
A JSON lines file holds whole claims, as `constat export claims` writes them: any status, with the dates
of their history, answers, settlements and documents. A document's `file` is a path beside the file; one
without it is kept as an entry whose bytes are not here. What can be told from the rest may be left out:
ids, the contract (by contract_id, of the registry), document sizes and types, dates.

Columns of a CSV file (the flat fields):
  user_id, status, loss_type, subtype, contract_id, claim_at, description
  insured_first_name, insured_last_name, insured_phone_number; insured_email, insured_company optional
  location_address, location_city, location_country, location_zipcode
  Optional: declaration_id, claim_id, contract_product_id, declaration_at, submitted_at, closed_at,
  rejected_at, reopened_at, abandoned_at, abandon_reason, note, insurer_reference, created_at, updated_at,
  declared_by (an integrator's organisation)

Nothing is imported when any line is faulty, unless --skip-faulty: then the sound ones are, and the faults
are in FILE.errors.jsonl by line and field. A claim that is here already is passed over, so a run that was
interrupted is simply started again. All details: docs/exchange.md

Examples:
  constat import claims claims.jsonl --organisation Plateforme --mode live --dry-run
  constat import claims claims.jsonl --organisation Plateforme --mode live --skip-faulty";

/// What `constat import experts --help` adds.
pub const EXPERTS_HELP: &str = "\
Columns of a CSV file (lists are separated by ; or |):
  reference                       the firm's own; an expert whose reference is known is replaced
  display_name                    as the insured will read it
  zip, city  or  lat, lon         where the day starts: a French postcode, or WGS 84 degrees
  kinds                           ESS, VISIO, EAD, TELE, CONTRADICTOIRE, REN
  monday ... sunday               hours such as 09:00-12:30;13:30-18:00
  Optional: active, zone (Europe/Paris), trades (plumbing, painting, flooring, joinery, electricity),
  loss_natures (Nature, Nature/Cause or Nature/Cause/Detail), insurers (ACAM codes), customers,
  dwellings, languages (fr, en, ...), limit_total, limit_contents, limit_building (euros),
  departments or radius_km, excluded_insurers, excluded_cases (insurers' references of claims),
  ties (insurers whose drought claims the person may not take), daily_cap, weekly_cap,
  buffer_before_minutes, buffer_after_minutes, notice_minutes, holidays_off
  In JSON only: schedules, exceptions, on_call. An import from a table leaves them as they are

Tables of French Excel and workbooks (.xlsx) are read as they are. JSON lines and all details: docs/import.md

Example:
  constat import experts data/samples/experts.csv --organisation Cabinet --mode test";

/// What `constat import absences --help` adds.
pub const ABSENCES_HELP: &str = "\
Columns of a CSV file:
  expert        the expert's reference
  start, end    a date (2026-12-24 or 24/12/2026; the last one is included), a local time of the expert's
                zone (2026-12-24T09:00; 24:00 is the end of the day) or an instant with its offset
  Optional: reference (an absence whose reference is known is replaced, with all its occurrences), reason,
  rrule         start and end are the first of several: FREQ=WEEKLY;BYDAY=MO;UNTIL=20270630
  exdates       dates (separated by ; or |) on which no occurrence of the rule begins after all

The booked visits that lie in the absences are listed; they are not moved. Tables of French Excel and
workbooks (.xlsx) are read as they are. JSON lines and all details: docs/import.md

Example:
  constat import absences data/samples/absences.csv --organisation Cabinet --mode test";

/// What `constat gdpr erase --help` adds.
pub const ERASE_HELP: &str = "\
Erased: names, phones, e-mail and street addresses, descriptions, answers in words, damages as told, notes,
documents with their bytes and what photos told, sign-in links, and answers kept for repeated requests; in
claims, contracts, appointments, and the calendars of firms on this server. A running server asks firms on
other servers to do the same. Kept: amounts, dates, codes, statuses, ids of this server, towns, contract
numbers, and the events, whose chain still verifies. The database file is written anew.

A claim that is under way, has a payment under way, or closed less than two years ago (Code des assurances,
L114-1) keeps everything, unless --override-retention says why. All details: docs/gdpr.md

Examples:
  constat gdpr erase --user A1234567890 --organisation Plateforme --mode live --reason request --dry-run
  constat gdpr erase --user A1234567890 --organisation Plateforme --mode live --reason request";
