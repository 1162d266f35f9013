//! The tables as the queries see them. Kept equal to the migrations by the store's tests, which
//! run every query.

diesel::table! { organisations (id) { id -> Text, name -> Text, body -> Text, } }
diesel::table! { api_keys (id) { id -> Text, hash -> Text, issuer -> Text, holder -> Text, created_at -> BigInt, body -> Text, } }
diesel::table! { api_key_changes (number) { number -> BigInt, key -> Text, } }
diesel::table! { sealing_keys (number) { number -> BigInt, secret -> Binary, created_at -> BigInt, } }
diesel::table! { contracts (tenant, id) { tenant -> Text, id -> Text, user_id -> Text, number -> Text, email -> Nullable<Text>, body -> Text, } }
diesel::table! {
    claims (declaration_id) {
        declaration_id -> Text, claim_id -> Nullable<Text>, tenant -> Text, user_id -> Text, status -> Text,
        insurer_reference -> Nullable<Text>, created_at -> BigInt, version -> BigInt, body -> Text,
        declared_by -> Text, contract_id -> Text,
    }
}
diesel::table! { bytes_to_remove (storage_key) { storage_key -> Text, } }
diesel::table! {
    document_files (storage_key) {
        storage_key -> Text, tenant -> Text, declaration_id -> Text, document_id -> Text, sha256 -> Text, scan -> Text,
        size -> BigInt,
    }
}
diesel::table! {
    deadline_watch (declaration_id) {
        declaration_id -> Text, tenant -> Text, version -> BigInt, look_at -> Nullable<BigInt>,
        running_at -> Nullable<BigInt>, missed_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    deadline_notices (declaration_id, rule, due_at, kind) {
        declaration_id -> Text, rule -> Text, due_at -> BigInt, kind -> Text,
    }
}
diesel::table! { deadline_rules (id) { id -> BigInt, digest -> Text, } }
diesel::joinable!(deadline_watch -> claims (declaration_id));
diesel::allow_tables_to_appear_in_same_query!(deadline_watch, claims);
diesel::table! { experts (id) { id -> Text, tenant -> Text, reference -> Text, body -> Text, } }
diesel::table! {
    absences (id) {
        id -> Text, tenant -> Text, expert -> Text, starts_at -> BigInt, ends_at -> BigInt, reason -> Text,
        series -> Text,
    }
}
diesel::table! { catastrophes (name) { name -> Text, body -> Text, } }
diesel::table! { calendar_changes (tenant) { tenant -> Text, version -> BigInt, } }
diesel::table! { expert_days (expert, day) { expert -> Text, day -> BigInt, version -> BigInt, } }
diesel::table! {
    appointments (id) {
        id -> Text, tenant -> Text, expert -> Text, status -> Text, busy_from -> BigInt, busy_to -> BigInt,
        lat -> Nullable<Double>, lon -> Nullable<Double>, booked_by -> Text,
        claim_id -> Nullable<Text>, zip -> Nullable<Text>, starts_at -> BigInt, created_at -> BigInt,
        search_text -> Text, version -> BigInt, body -> Text,
    }
}
diesel::table! {
    appointment_references (tenant, reference, appointment) {
        tenant -> Text, reference -> Text, appointment -> Text,
    }
}
diesel::allow_tables_to_appear_in_same_query!(appointment_references, appointments);
diesel::table! {
    holds (id) {
        id -> Text, tenant -> Text, expert -> Text, session -> Text, holder -> Text, busy_from -> BigInt,
        busy_to -> BigInt, lat -> Nullable<Double>, lon -> Nullable<Double>, expires_at -> BigInt,
    }
}
diesel::table! { hold_counts (tenant, holder) { tenant -> Text, holder -> Text, changes -> BigInt, } }
diesel::table! { used_sessions (session) { session -> Text, appointment -> Text, used_at -> BigInt, } }
diesel::table! {
    claim_appointments (id) {
        id -> Text, tenant -> Text, declaration_id -> Text, partner_org -> Nullable<Text>, status -> Text,
        kind -> Text, created_at -> BigInt, version -> BigInt, body -> Text,
    }
}
diesel::allow_tables_to_appear_in_same_query!(claim_appointments, claims);
diesel::table! {
    idempotent_answers (caller, idempotency_key) {
        caller -> Text, idempotency_key -> Text, request_digest -> Text, answer -> Text, created_at -> BigInt,
    }
}
diesel::table! {
    open_attempts (caller, idempotency_key) {
        caller -> Text, idempotency_key -> Text, request_digest -> Text, owner -> Text, until -> BigInt,
    }
}
diesel::table! {
    events (seq) {
        seq -> BigInt, id -> Text, tenant -> Text, position -> BigInt, subject -> Text, kind -> Text, at -> BigInt,
        actor -> Text, data -> Nullable<Text>, data_hash -> Binary, previous -> Binary, hash -> Binary,
    }
}
diesel::table! {
    webhooks (id) {
        id -> Text, tenant -> Text, api_key -> Text, status -> Text, cursor -> BigInt, failures -> BigInt,
        last_success_at -> Nullable<BigInt>, created_at -> BigInt, version -> BigInt, body -> Text,
    }
}
diesel::table! {
    webhook_deliveries (seq) {
        seq -> BigInt, id -> Text, webhook -> Text, event -> Text, subject -> Text, kind -> Text, status -> Text,
        attempts -> BigInt, first_attempt_at -> Nullable<BigInt>, due_at -> BigInt, leased_until -> BigInt,
        leased_by -> Text, created_at -> BigInt, done_at -> Nullable<BigInt>, is_next -> BigInt,
    }
}
diesel::table! {
    webhook_attempts (delivery, number) {
        delivery -> Text, number -> BigInt, at -> BigInt, duration_ms -> BigInt, status -> Nullable<BigInt>,
        error -> Nullable<Text>,
    }
}
diesel::allow_tables_to_appear_in_same_query!(webhooks, event_chains, webhook_deliveries, webhook_attempts);
diesel::allow_tables_to_appear_in_same_query!(claims, events);
diesel::allow_tables_to_appear_in_same_query!(claims, webhook_deliveries);
diesel::table! { event_chains (tenant) { tenant -> Text, length -> BigInt, hash -> Binary, } }
diesel::table! {
    sign_in_links (hash) {
        hash -> Text, tenant -> Text, declaration_id -> Text, expires_at -> BigInt, used_at -> Nullable<BigInt>,
        api_key -> Text,
    }
}
diesel::table! { recent_declarations (digest) { digest -> Text, declaration_id -> Text, declared_at -> BigInt, } }
diesel::table! {
    erasures_to_pass_on (appointment_id) {
        appointment_id -> Text, tenant -> Text, declaration_id -> Text, attempts -> BigInt, due_at -> BigInt,
    }
}
