use proptest::prelude::*;

use super::*;

const IDLE: i64 = 15;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Duration::minutes(minute)
}

fn place(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn session() -> Session {
    Session {
        id: Uuid::from_u128(1).into(),
        person_id: Uuid::from_u128(2).into(),
        post_id: Uuid::from_u128(3).into(),
        client: "platform".into(),
        system: None,
        certificate: Some("tls".into()),
        place: place("10.1.2.3"),
        attested: false,
        card: "card".into(),
        scope: [Role::User].into(),
        emergency: None,
        began_at: at(0),
        used_at: at(0),
        idle_until: at(IDLE),
        ends_at: at(9 * 60),
        present: "0".into(),
        previous: None,
        ended: None,
    }
}

const HOLDER: Holder<'static> = Holder { client: "platform", certificate: Some("tls"), place: None };

fn renew(it: &mut Session, shown: &str, next: &str, minute: i64) -> Result<(), NotRenewed> {
    it.renew(shown, next.into(), HOLDER, (at(minute), Duration::minutes(IDLE)))
}

#[test]
fn the_one_before_works_until_its_successor_is_used() {
    let mut it = session();
    renew(&mut it, "0", "1", 1).unwrap();
    // The answer with 1 was lost.
    renew(&mut it, "0", "2", 2).unwrap();
    renew(&mut it, "2", "3", 3).unwrap();
    let ends = Err(NotRenewed::Ends(SessionEnd::TokenReused));
    assert_eq!(renew(&mut it.clone(), "0", "4", 4), ends);
    assert_eq!(renew(&mut it.clone(), "1", "4", 4), ends, "it was replaced before it was used");
    assert_eq!(renew(&mut it.clone(), "2", "4", 4), Ok(()));
    assert_eq!(renew(&mut it, "3", "4", 4), Ok(()));
}

#[test]
fn idleness_and_length_end_it_and_use_puts_off_idleness_alone() {
    let mut it = session();
    assert_eq!(renew(&mut it.clone(), "0", "1", IDLE), Err(NotRenewed::Ends(SessionEnd::Idle)));
    let (mut minute, mut token) = (0, 0);
    while minute + 14 < 9 * 60 {
        minute += 14;
        renew(&mut it, &token.to_string(), &(token + 1).to_string(), minute).unwrap();
        token += 1;
    }
    assert_eq!(it.idle_until, at(9 * 60), "never beyond its length");
    let shown = token.to_string();
    assert_eq!(renew(&mut it, &shown, "x", 9 * 60), Err(NotRenewed::Ends(SessionEnd::Length)));
    assert_eq!(renew(&mut it, &shown, "x", 9 * 60), Err(NotRenewed::Over));
}

#[test]
fn another_place_is_refused_and_an_attested_place_is_attested_each_time() {
    let from = |it: &mut Session, from: Option<&str>| {
        let holder = Holder { place: from.map(place), ..HOLDER };
        it.renew("0", "1".into(), holder, (at(1), Duration::minutes(IDLE)))
    };
    let mut it = session();
    assert_eq!(from(&mut it, Some("10.7.7.7")), Err(NotRenewed::Place));
    assert_eq!(it, session(), "it goes on where it was");
    assert_eq!(from(&mut it.clone(), None), Ok(()));
    it.attested = true;
    assert_eq!(from(&mut it, None), Err(NotRenewed::Place));
    assert_eq!(from(&mut it, Some("10.1.2.3")), Ok(()));
}

#[test]
fn a_token_shown_from_elsewhere_ends_the_session() {
    for holder in [
        Holder { client: "console", ..HOLDER },
        Holder { certificate: Some("other"), ..HOLDER },
        Holder { certificate: None, ..HOLDER },
    ] {
        let mut it = session();
        let renewed = it.renew("0", "1".into(), holder, (at(1), Duration::minutes(IDLE)));
        assert_eq!(renewed, Err(NotRenewed::Ends(SessionEnd::ForeignHolder)), "{holder:?}");
        assert_eq!(renew(&mut it, "0", "1", 1), Err(NotRenewed::Over));
    }
}

/// The tokens that somebody was given, the newest last.
type Given = Vec<String>;

proptest! {
    #[test]
    fn answers_lost_on_the_way_never_end_an_honest_session(arrives in prop::collection::vec(any::<bool>(), 1..80)) {
        let (mut it, mut newest) = (session(), "0".to_owned());
        for (step, arrives) in arrives.into_iter().enumerate() {
            let next = format!("n{step}");
            prop_assert_eq!(renew(&mut it, &newest, &next, 1), Ok(()));
            if arrives {
                newest = next;
            }
        }
    }

    /// The worst thief has the certificate too: a copy of everything at some moment, and whatever he gets afterwards.
    #[test]
    fn a_thief_never_keeps_a_session_that_the_holder_goes_on_using(
        before in 0..6_usize,
        moves in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..60),
    ) {
        let (mut it, mut holder) = (session(), Given::from(["0".to_owned()]));
        for step in 0..before {
            let next = format!("b{step}");
            prop_assert_eq!(renew(&mut it, holder.last().unwrap(), &next, 1), Ok(()));
            holder.push(next);
        }
        let stolen = holder.clone();
        let mut thief = holder.clone();
        for (step, (by_thief, which)) in moves.into_iter().enumerate() {
            let next = format!("m{step}");
            // The holder uses his newest; the thief tries whatever he has.
            let shown = if by_thief { which.get(&thief).clone() } else { holder.last().unwrap().clone() };
            let was_newest = it.present == shown;
            let renewed = renew(&mut it, &shown, &next, 1);
            if renewed.is_err() {
                prop_assert!(it.ended.is_some(), "what is refused ends the session");
                for token in thief.iter().chain(&holder) {
                    prop_assert_eq!(renew(&mut it, token, "x", 1), Err(NotRenewed::Over));
                }
                return Ok(());
            }
            if by_thief {
                thief.push(next);
                continue;
            }
            if was_newest && !stolen.contains(&shown) {
                // The holder used what he alone was given: nothing that the thief has is good any more.
                for token in &thief {
                    let tried = renew(&mut it.clone(), token, "x", 1);
                    prop_assert_eq!(tried, Err(NotRenewed::Ends(SessionEnd::TokenReused)));
                }
            }
            holder.push(next);
        }
    }
}
