//! A service that is told something wrong does not start, and says what to correct.

use std::fs;

use crate::process;
use crate::world::{Wanted, World, repository};

/// The service's command ends with an error that names all of `words`.
fn refuses(world: &World, words: &[&str]) {
    let output = process::run("query-registry", &world.settings_file("query-registry"), &["serve"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it started: {said}");
    for word in words {
        assert!(said.contains(word), "{word} is not named: {said}");
    }
}

fn change(world: &World, from: &str, to: &str) {
    let file = world.settings_file("query-registry");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_setting_is_refused_with_its_name() {
    let world = World::made_of(Wanted::default()).await;
    change(&world, "[http]\n", "[http]\nbindd = \"x\"\n");
    refuses(&world, &["bindd", "query-registry.toml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_of_the_wrong_type_is_refused_with_its_name() {
    let world = World::made_of(Wanted::default()).await;
    change(&world, "workers = 1", "workers = \"many\"");
    refuses(&world, &["http.workers", "query-registry.toml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_certificate_is_refused_with_the_setting_that_names_it() {
    let world = World::made_of(Wanted::default()).await;
    change(&world, "certificate = \"", "certificate = \"/nowhere");
    refuses(&world, &["identity.certificate"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_rule_pack_is_refused_with_file_key_and_reason() {
    let world = World::made_of(Wanted::default()).await;
    let rules = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(repository("rules")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, rules.path().join(path.file_name().unwrap())).unwrap();
    }
    let pack = rules.path().join("household-2017.toml");
    let text = fs::read_to_string(&pack).unwrap();
    fs::write(&pack, format!("surprise = 1\n{text}")).unwrap();
    change(&world, "[http]\n", &format!("[rules]\ndir = \"{}\"\n[http]\n", rules.path().display()));
    refuses(&world, &["household-2017.toml", "surprise"]);
}
