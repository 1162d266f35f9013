//! A judge that finds nothing must be shown to find what is there.

use jiff::Timestamp;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 + 60 * minute).unwrap()
}

fn slot(minute: i64) -> Span {
    Span { start: at(minute), end: at(minute + 60) }
}

fn done(id: &str, slot: Span, status: &str) -> Answer {
    Answer::Done { appointment: id.to_owned(), slot, status: status.to_owned(), expert: "exp_1".to_owned() }
}

fn unknown() -> Answer {
    Answer::Unknown { why: "no answer".to_owned() }
}

/// A history and the state that it should have led to.
#[derive(Default)]
struct Run {
    history: Vec<Line>,
    appointments: Vec<Appointment>,
    events: Vec<(String, &'static str)>,
    more: Vec<Row>,
    /// The events of this appointment came after everything that was heard.
    began_late: Option<String>,
}

impl Run {
    fn operation(&mut self, verb: Verb, case: &str, slot: Option<Span>, answers: Vec<Answer>) {
        let op = self.history.len() as u64;
        let case = case.to_owned();
        self.history.push(Line::Asked { at: at(0), op, client: 0, verb, case, key: None, slot });
        self.history.extend(answers.into_iter().map(|answer| Line::Heard { at: at(0), op, node: 0, answer }));
    }

    /// What a booking leaves behind, at a distance of some kilometres from the one before.
    fn there(&mut self, id: &str, case: &str, slot: Span) {
        self.appointments.push(Appointment {
            id: id.to_owned(),
            expert: "exp_1".to_owned(),
            status: "booked".to_owned(),
            case: case.to_owned(),
            slot,
            busy_from: slot.start.as_microsecond(),
            busy_to: slot.end.as_microsecond(),
            lat: Some(if self.appointments.is_empty() { 48.85 } else { 48.87 }),
            lon: Some(2.35),
        });
        self.events.push((id.to_owned(), KINDS[0]));
        self.more.push(Row::UsedSession { session: format!("ses_{id}"), appointment: id.to_owned() });
    }

    /// Two bookings, one of them moved; the other was in doubt and then answered.
    fn sound() -> Self {
        let mut run = Self::default();
        run.operation(
            Verb::Book,
            "A",
            Some(slot(0)),
            vec![unknown(), Answer::NotSent, done("apt_a", slot(0), "booked")],
        );
        run.there("apt_a", "A", slot(0));
        run.operation(Verb::Book, "B", Some(slot(900)), vec![done("apt_b", slot(900), "booked")]);
        run.operation(Verb::Move, "B", Some(slot(120)), vec![done("apt_b", slot(120), "booked")]);
        run.operation(Verb::Read, "B", None, vec![done("apt_b", slot(120), "booked")]);
        run.there("apt_b", "B", slot(120));
        run.events.push(("apt_b".to_owned(), KINDS[1]));
        run.operation(Verb::Book, "C", Some(slot(0)), vec![Answer::Refused { status: 409, code: 10 }]);
        run
    }

    fn judged(&self) -> Verdict {
        let mut state: Vec<Row> = self.appointments.iter().cloned().map(Row::Appointment).collect();
        state.extend(self.more.iter().cloned());
        let (mut previous, tenant) = (GENESIS, "org_1/test".to_owned());
        for (place, (subject, kind)) in (1..).zip(&self.events) {
            let mut event = Event {
                id: format!("evt_{place}"),
                tenant: tenant.clone(),
                position: place,
                subject: subject.clone(),
                kind: (*kind).to_owned(),
                at: if self.began_late.as_ref() == Some(subject) { at(1).as_microsecond() } else { 7 },
                actor: "key_1".to_owned(),
                data_hash: hex(&[7; 32]),
                previous: hex(&previous),
                hash: String::new(),
            };
            previous = own_hash(&event, &previous).unwrap();
            event.hash = hex(&previous);
            state.push(Row::Event(event));
        }
        state.push(Row::Chain { tenant, length: i64::try_from(self.events.len()).unwrap(), hash: hex(&previous) });
        // As anyone would judge it: from the files.
        let state = crate::state::read(&crate::state::write(&state)).unwrap();
        judge(&self.history, &state)
    }

    #[track_caller]
    fn fails_with(&self, words: &str) {
        let verdict = self.judged();
        assert!(verdict.faults.iter().any(|fault| fault.contains(words)), "no {words:?} in {:#?}", verdict.faults);
    }
}

#[test]
fn what_was_acknowledged_and_is_there_once_holds() {
    let verdict = Run::sound().judged();
    assert!(verdict.holds(), "{:#?}", verdict.faults);
    assert_eq!(verdict.counts["bookings acknowledged"], 2);
    assert_eq!(verdict.counts["bookings acknowledged at a later try"], 1);
    assert_eq!(verdict.counts["bookings refused"], 1);
}

#[test]
fn a_booking_that_is_lost_doubled_or_at_another_time_is_found() {
    let mut lost = Run::sound();
    lost.appointments.remove(0);
    lost.fails_with("A: there is nothing");

    let mut doubled = Run::sound();
    doubled.there("apt_a2", "A", slot(600));
    doubled.fails_with("A: 2 appointments");

    let mut elsewhere = Run::sound();
    elsewhere.appointments[1].slot = slot(900);
    elsewhere.fails_with("B: there is apt_b");

    let mut cancelled = Run::sound();
    cancelled.appointments[0].status = "cancelled".to_owned();
    cancelled.fails_with("A: there is apt_a cancelled");

    let mut refused = Run::sound();
    refused.there("apt_c", "C", slot(600));
    refused.fails_with("C: there is apt_c");

    let mut stranger = Run::sound();
    stranger.there("apt_d", "D", slot(600));
    stranger.fails_with("an appointment of an unknown case");
}

#[test]
fn what_is_in_doubt_may_be_there_or_not_but_not_twice() {
    for is_there in [true, false] {
        let mut run = Run::sound();
        run.operation(Verb::Book, "D", Some(slot(600)), vec![unknown()]);
        if is_there {
            run.there("apt_d", "D", slot(600));
        }
        assert!(run.judged().holds(), "{:#?}", run.judged().faults);
        run.there("apt_d1", "D", slot(700));
        run.there("apt_d2", "D", slot(800));
        assert!(!run.judged().holds());
    }
    // A move in doubt: the old time or the new one, no third.
    for (time, holds) in [(0, true), (600, true), (700, false)] {
        let mut run = Run::sound();
        run.operation(Verb::Move, "A", Some(slot(600)), vec![unknown()]);
        run.appointments[0].slot = slot(time);
        assert_eq!(run.judged().holds(), holds, "{time}");
    }
}

fn refused_later() -> Vec<Answer> {
    vec![unknown(), Answer::NotSent, Answer::Refused { status: 409, code: 10 }]
}

#[test]
fn what_is_refused_under_its_own_key_though_it_was_done_is_found() {
    let mut booked = Run::sound();
    booked.operation(Verb::Book, "D", Some(slot(600)), refused_later());
    assert!(booked.judged().holds(), "{:#?}", booked.judged().faults);
    assert_eq!(booked.judged().counts["bookings refused after a try without an answer"], 1);
    booked.there("apt_d", "D", slot(600));
    booked.fails_with("D: refused under its own key though done: appointment.booked of apt_d");

    let mut moved = Run::sound();
    moved.operation(Verb::Move, "A", Some(slot(600)), refused_later());
    assert!(moved.judged().holds(), "{:#?}", moved.judged().faults);
    moved.appointments[0].slot = slot(600);
    moved.events.push(("apt_a".to_owned(), KINDS[1]));
    moved.fails_with("A: refused under its own key though done: appointment.rescheduled of apt_a");

    let mut cancelled = Run::sound();
    cancelled.operation(Verb::Cancel, "B", None, refused_later());
    assert!(cancelled.judged().holds(), "{:#?}", cancelled.judged().faults);
    cancelled.appointments[1].status = "cancelled".to_owned();
    cancelled.events.push(("apt_b".to_owned(), KINDS[2]));
    cancelled.fails_with("B: refused under its own key though done: appointment.cancelled of apt_b");

    // What neither the refused operation nor those before it led to.
    let mut elsewhere = Run::sound();
    elsewhere.operation(Verb::Move, "A", Some(slot(600)), refused_later());
    elsewhere.appointments[0].slot = slot(700);
    elsewhere.fails_with("A: there is apt_a");
}

#[test]
fn a_hold_that_is_refused_for_too_many_is_a_refusal() {
    let mut run = Run::sound();
    run.operation(Verb::Hold, "D", Some(slot(600)), vec![Answer::Refused { status: 429, code: 11 }]);
    run.operation(Verb::Hold, "E", Some(slot(600)), vec![unknown(), Answer::Refused { status: 429, code: 11 }]);
    run.operation(Verb::Hold, "F", Some(slot(600)), vec![unknown()]);
    let verdict = run.judged();
    assert!(verdict.holds(), "{:#?}", verdict.faults);
    assert_eq!(verdict.counts["holds refused"], 1);
    assert_eq!(verdict.counts["holds refused after a try without an answer"], 1);
    assert_eq!(verdict.counts["holds without any answer that tells their outcome"], 1);
}

#[test]
fn what_a_frozen_server_began_after_a_refusal_is_counted_and_no_fault() {
    let mut run = Run::sound();
    run.operation(Verb::Book, "D", Some(slot(600)), refused_later());
    run.there("apt_d", "D", slot(600));
    run.began_late = Some("apt_d".to_owned());
    let verdict = run.judged();
    assert!(verdict.holds(), "{:#?}", verdict.faults);
    assert_eq!(verdict.counts["operations begun by a frozen server after they were refused elsewhere"], 1);
}

#[test]
fn a_read_that_tells_something_old_is_found() {
    let mut run = Run::sound();
    run.operation(Verb::Read, "B", None, vec![done("apt_b", slot(900), "booked")]);
    run.fails_with("B: a read returned");
}

#[test]
fn a_hold_that_was_not_honoured_or_is_left_over_is_found() {
    let held = |run: &mut Run, answer| {
        let kept = Answer::Held { hold: "apt_h".to_owned(), slot: slot(600), until: at(5) };
        run.operation(Verb::Hold, "H", Some(slot(600)), vec![kept]);
        run.operation(Verb::Book, "H", Some(slot(600)), vec![answer]);
    };
    let left = |session: &str, minute: i64| {
        Row::Hold(Hold {
            id: "apt_h".to_owned(),
            expert: "exp_1".to_owned(),
            session: session.to_owned(),
            busy_from: at(minute).as_microsecond(),
            busy_to: at(minute + 60).as_microsecond(),
            lat: None,
            lon: None,
            expires_at: at(5).as_microsecond(),
        })
    };
    let mut honoured = Run::sound();
    held(&mut honoured, done("apt_h", slot(600), "booked"));
    honoured.there("apt_h", "H", slot(600));
    assert!(honoured.judged().holds(), "{:#?}", honoured.judged().faults);
    honoured.more.push(left("ses_apt_h", 600));
    honoured.fails_with("is left over");

    let mut refused = Run::sound();
    held(&mut refused, Answer::Refused { status: 409, code: 10 });
    refused.fails_with("refused, although");

    let mut over_another = Run::sound();
    over_another.more.push(left("ses_x", 30));
    over_another.fails_with("overlap");

    let mut stays = Run::sound();
    let kept = Answer::Held { hold: "apt_h".to_owned(), slot: slot(600), until: at(5) };
    stays.operation(Verb::Hold, "H", Some(slot(600)), vec![kept]);
    stays.more.push(left("ses_x", 600));
    assert!(stays.judged().holds(), "{:#?}", stays.judged().faults);
    stays.operation(Verb::Release, "H", None, vec![Answer::Released]);
    stays.fails_with("was let go");
}

#[test]
fn days_that_nobody_can_work_are_found() {
    let mut overlap = Run::sound();
    overlap.appointments[1].busy_from = at(30).as_microsecond();
    overlap.fails_with("overlap");
    let mut far = Run::sound();
    far.appointments[1].lat = Some(45.75);
    far.fails_with("a drive of");
}

#[test]
fn sessions_and_events_that_do_not_belong_are_found() {
    let mut orphan = Run::sound();
    orphan.more.push(Row::UsedSession { session: "ses_x".to_owned(), appointment: "apt_x".to_owned() });
    orphan.fails_with("ses_x is used up");
    let mut unused = Run::sound();
    unused.more.remove(0);
    unused.fails_with("no session was used");
    let mut twice = Run::sound();
    twice.events.push(("apt_a".to_owned(), KINDS[0]));
    twice.fails_with("recorded as events");
    let mut cut = Run::sound();
    let end = Row::Chain { tenant: "org_1/test".to_owned(), length: 9, hash: hex(&GENESIS) };
    cut.more.push(end);
    cut.fails_with("does not end where it should");
}
