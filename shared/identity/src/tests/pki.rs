use std::os::unix::fs::PermissionsExt as _;

use crate::pki::load_or_issue;
use crate::{Certificate, Credential, CredentialError, DevPki, Purpose};

use super::{HOLDER, now, world};

#[test]
fn the_authorities_are_made_once_and_their_files_are_private() {
    let dir = tempfile::tempdir().unwrap();
    let first = DevPki::create_or_open(dir.path()).unwrap();
    let again = DevPki::create_or_open(dir.path()).unwrap();
    assert_eq!(first.root_der(), again.root_der());
    assert_eq!(first.authority_der(Purpose::Citizen), again.authority_der(Purpose::Citizen));
    let files: Vec<_> = std::fs::read_dir(dir.path().join("authorities")).unwrap().collect();
    assert_eq!(files.len(), 8);
    for file in files {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing half-made is left");
    // A folder from before there were generations.
    std::fs::remove_dir_all(dir.path().join("citizen-g2")).unwrap();
    let completed = DevPki::create_or_open(dir.path()).unwrap();
    assert_eq!(completed.root_der(), first.root_der());
    let (old, new) = (completed.citizen_g2.certificate(), completed.citizen.certificate());
    assert_eq!(old.subject_dn, new.subject_dn);
    assert_ne!(old.key_id(), new.key_id());
}

#[test]
fn processes_that_start_at_once_share_one_set_of_authorities() {
    let dir = tempfile::tempdir().unwrap();
    let roots: Vec<_> = std::thread::scope(|scope| {
        let open = || DevPki::create_or_open(dir.path()).map(|pki| pki.root_der().to_vec());
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
    });
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_credential_survives_its_files_and_a_foreign_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let w = world();
    let issued = load_or_issue(dir.path(), "account", || Ok(w.account.clone())).unwrap();
    let loaded = load_or_issue(dir.path(), "account", || panic!("it is there already")).unwrap();
    assert_eq!(issued.chain_der(), loaded.chain_der());
    assert_eq!(issued.x5c().len(), 2, "the leaf and its authority, without the root");
    let foreign = Credential::new(w.account.chain_der().to_vec(), w.card.key_pkcs8_der().to_vec());
    assert!(matches!(foreign, Err(CredentialError::Mismatch)));
}

#[test]
fn a_card_has_the_shape_of_the_governments() {
    let w = world();
    let card = Certificate::parse(&w.card.chain_der()[0]).unwrap();
    assert_eq!(card.common_name, HOLDER.name);
    assert_eq!(card.subject_serial.as_deref(), Some(HOLDER.serial_number));
    assert_eq!(card.directory("2.16.886.1.100.2.51").collect::<Vec<_>>(), [HOLDER.last_four]);
    assert_eq!(card.directory("2.16.886.1.100.2.1").collect::<Vec<_>>(), ["2.16.886.1.100.3.1.1"]);
    assert_eq!(card.policies, ["2.16.886.101.0.3.3"]);
    assert_eq!(
        card.issuer_key_id(),
        Certificate::parse(w.pki.authority_der(Purpose::Citizen)).unwrap().key_id()
    );
    assert!(card.not_before < now() && now() < card.not_after);
}

#[test]
fn debug_output_of_credentials_and_identities_tells_nothing_about_a_person() {
    let w = world();
    let identity =
        crate::verify_chain(w.card.chain_der(), &w.anchors, now(), crate::Usage::CitizenSignature).unwrap();
    let text = format!("{:?} {identity:?} {:?}", w.card, w.pki);
    assert!(
        [HOLDER.name, HOLDER.serial_number, HOLDER.last_four].iter().all(|secret| !text.contains(secret))
    );
}
