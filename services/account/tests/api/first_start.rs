//! The first start: under two cards, once, whole or not at all.

use account_types::events::{AgencyChanged, GovernanceRecorded, PersonChanged};
use account_types::{ActContent, BootstrapContent, MasterData};
use identity::{Endorsement, Role};
use kernel::{Clock as _, NationalId, Personal};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::World;

async fn load(world: &World, data: &MasterData, signed: [Endorsement; 2]) -> chassis::Problem {
    account::bootstrap::load(world.app.context(), data, &signed).await.unwrap_err().to_problem()
}

fn pointers(problem: &chassis::Problem) -> Vec<&str> {
    problem.errors.iter().map(|e| e.pointer.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_first_start_is_refused_whatever_it_brings() {
    let world = World::start().await;
    assert_eq!(world.first_start(&world.master_data()).await.unwrap_err().code(), "loaded-before");
    let mut other = world.master_data();
    other.agencies.iter_mut().for_each(|a| a.name.push('x'));
    assert_eq!(world.first_start(&other).await.unwrap_err().code(), "loaded-before");
    let kept = world.get("auditor", "/v1/first-start").await.expect_status(200);
    assert_eq!(kept["digest"], json!(world.master_data().digest().unwrap()));
    assert_eq!(kept["administrators"], json!(world.master_data().administrators));
    let bootstraps = world.app.published::<GovernanceRecorded>().await;
    assert_eq!(bootstraps.iter().filter(|g| g.kind == "bootstrap").count(), 1);
}

/// The same people with the same cards under other ids and numbers: no key of a table stands in its way.
fn nothing_in_common(data: &MasterData) -> MasterData {
    fn shift(value: &mut Value) {
        match value {
            Value::String(text) => {
                // Serials of certificates are hexadecimal too, without hyphens.
                if let (true, Ok(id)) = (text.contains('-'), text.parse::<Uuid>()) {
                    *text = Uuid::from_u128(id.as_u128() ^ 1).to_string();
                }
            }
            Value::Array(values) => values.iter_mut().for_each(shift),
            Value::Object(fields) => fields.values_mut().for_each(shift),
            _ => {}
        }
    }
    let mut file = serde_json::to_value(data).unwrap();
    shift(&mut file);
    let mut data = account::bootstrap::parse(file).unwrap();
    for (n, person) in data.people.iter_mut().enumerate() {
        person.staff_number.push('x');
        let id = NationalId::sample('A', u32::try_from(n).unwrap()).unwrap();
        person.national_id = Personal::new(id.expose().to_owned());
    }
    data.systems.iter_mut().for_each(|system| system.code.push('x'));
    data.accounts.iter_mut().for_each(|account| account.number.push('x'));
    data.configuration.clear();
    data
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_first_starts_at_once_one_wins() {
    let world = World::empty().await;
    let (one, other) = (world.master_data(), nothing_in_common(&world.master_data()));
    let outcomes = futures::future::join(world.first_start(&one), world.first_start(&other)).await;
    let (won, lost) = match outcomes {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
        outcomes => panic!("{outcomes:?}"),
    };
    assert_eq!(lost.code(), "loaded-before");
    let kept = world.get("auditor", "/v1/first-start").await.expect_status(200);
    assert_eq!(kept["digest"], json!(won.digest));
    assert_eq!(world.app.published::<AgencyChanged>().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_sign_with_their_own_cards_this_very_file_as_a_first_start() {
    let world = World::empty().await;
    let data = world.master_data();
    let sign = |name: &str| world.sign_start(name, &data);
    let (a, b) = (sign("admin-a"), sign("admin-b"));
    let twice = load(&world, &data, [a.clone(), sign("admin-a")]).await;
    assert_eq!((twice.kind.code, pointers(&twice)), ("own-matter", vec!["/endorsements/1"]));
    let user = load(&world, &data, [a.clone(), sign("user")]).await;
    assert_eq!((user.kind.code, pointers(&user)), ("foreign-card", vec!["/endorsements/1"]));
    // A card of the same name that the file does not bind.
    let stranger = world.app.person("admin-b", "bureau", &[Role::Administrator]);
    let content = BootstrapContent::new(data.digest().unwrap());
    let foreign = Endorsement::sign(&stranger.card, &content, world.app.clock.now()).unwrap();
    assert_eq!(load(&world, &data, [a.clone(), foreign]).await.kind.code, "foreign-card");
    // A signature over another file, or over another act.
    let mut other = data.clone();
    other.agencies[0].name.push('x');
    let refused = load(&world, &data, [world.sign_start("admin-a", &other), b.clone()]).await;
    assert_eq!((refused.kind.code, pointers(&refused)), ("endorsement-invalid", vec!["/endorsements/0"]));
    let body = BootstrapContent::new(data.digest().unwrap());
    let act = ActContent::new("propose_governed_change", Uuid::nil(), world.people["admin-b"].post, &body);
    assert_eq!(
        load(&world, &data, [a.clone(), world.sign("admin-b", &act)]).await.kind.code,
        "endorsement-invalid"
    );
    assert!(world.app.published::<PersonChanged>().await.is_empty(), "nothing was loaded by any of them");
    account::bootstrap::load(world.app.context(), &data, &[b, a]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_file_is_told_by_pointer_and_nothing_is_loaded() {
    let world = World::empty().await;
    let mut data = world.master_data();
    data.agencies[0].networks[0] = "10.1.0.1/16".into();
    data.agencies[1].provides = ["household".into()].into();
    data.people[1].national_id = Personal::new("S000000000".into());
    data.people[2].posts[0].roles.insert("root".into());
    data.people[3].cards = data.people[4].cards.clone();
    data.accounts[0].post = data.people[0].posts[0].id;
    data.custodians = [world.people["admin-a"].person].into();
    data.configuration[0].digest = "x".into();
    let signed = ["admin-a", "admin-b"].map(|name| world.sign_start(name, &data));
    let problem = load(&world, &data, signed).await;
    assert_eq!(problem.kind.code, "malformed-request");
    let told = pointers(&problem);
    for pointer in [
        "/agencies/0/networks/0",
        "/agencies/1/provides",
        "/people/1/national_id",
        "/people/2/posts/0/roles",
        "/people/4/cards/0",
        "/accounts/0/post",
        "/custodians",
        "/custodians/0",
        "/configuration/0/digest",
    ] {
        assert!(told.contains(&pointer), "{pointer} is missing in {told:?}");
    }
    assert!(!format!("{problem:?}").contains("S000000000"), "no value in an error");
    assert!(world.app.published::<AgencyChanged>().await.is_empty());
}

#[test]
fn a_file_that_cannot_be_read_tells_the_faults_of_all_its_records() {
    let file = json!({
        "administrators": ["00000000-0000-0000-0000-000000000001"],
        "agencies": [{"id": 5}, {"id": "00000000-0000-0000-0000-000000000001", "title": "x"}],
        "people": {},
        "surplus": 1,
    });
    let faults = account::bootstrap::parse(file).unwrap_err();
    let told: Vec<&str> = faults.iter().map(|f| f.pointer.as_str()).collect();
    assert_eq!(told.len(), 4, "{faults:?}");
    for pointer in ["/agencies/0/id", "/agencies/1/title", "/people"] {
        assert!(told.contains(&pointer), "{pointer} is missing in {told:?}");
    }
}
