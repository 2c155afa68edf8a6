//! The folder of trusted authorities, as an operator fills it.

use std::fs;
use std::path::Path;

use crate::anchor_files::AnchorFileError;
use crate::credential::pem;
use crate::{ChainError, Purpose, TrustAnchors, Usage, verify_chain};

use super::chains::crafted;
use super::{World, now, world};

const CITIZEN: Usage = Usage::CitizenSignature;
const OTHER_POLICY: &str = "2.16.886.101.0.3.9";

/// The folder of a world, in which cards' authority stands below a root: the root is trusted alone.
fn rooted(w: &World) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    w.pki.write_anchors(dir.path()).unwrap();
    write(dir.path(), "citizen.pem", w.pki.root_der());
    dir
}

fn write(dir: &Path, name: &str, der: &[u8]) {
    fs::write(dir.join(name), pem("CERTIFICATE", der)).unwrap();
}

/// A card as it answers: its own certificate, nothing of its authority.
fn alone(w: &World, anchors: &TrustAnchors) -> Result<(), ChainError> {
    verify_chain(&w.card.chain_der()[..1], anchors, now(), CITIZEN).map(|_| ())
}

#[test]
fn a_card_that_does_not_bring_its_authority_is_helped_by_the_file_of_intermediates() {
    let w = world();
    let dir = rooted(&w);
    assert_eq!(alone(&w, &TrustAnchors::from_dir(dir.path()).unwrap()), Err(ChainError::UnknownIssuer));
    write(dir.path(), "intermediates.pem", w.pki.authority_der(Purpose::Citizen));
    assert_eq!(alone(&w, &TrustAnchors::from_dir(dir.path()).unwrap()), Ok(()));
}

#[test]
fn an_intermediate_of_another_root_is_not_trusted_for_lying_in_the_folder() {
    let (w, foreign) = (world(), world());
    let dir = rooted(&w);
    write(dir.path(), "intermediates.pem", foreign.pki.authority_der(Purpose::Citizen));
    let anchors = TrustAnchors::from_dir(dir.path()).unwrap();
    assert_eq!(alone(&foreign, &anchors), Err(ChainError::UnknownIssuer));
    assert!(anchors.key_ids(Purpose::Citizen, now()).len() == 1, "the root alone");
}

#[test]
fn a_profile_of_another_policy_changes_whose_cards_are_taken_without_code() {
    let w = world();
    let dir = tempfile::tempdir().unwrap();
    w.pki.write_anchors(dir.path()).unwrap();
    assert_eq!(alone(&w, &TrustAnchors::from_dir(dir.path()).unwrap()), Ok(()));
    fs::write(dir.path().join("profile.toml"), format!("policy = \"{OTHER_POLICY}\"\n")).unwrap();
    let anchors = TrustAnchors::from_dir(dir.path()).unwrap();
    assert_eq!(alone(&w, &anchors), Err(ChainError::MissingPolicy));
    assert_eq!(anchors.profile().last_four, "2.16.886.1.100.2.51", "what it does not name stays");
    let citizen = w.pki.authority_by_key_id(&anchors.key_ids(Purpose::Citizen, now())[0]).unwrap();
    let other = crafted(citizen, |params| {
        params.custom_extensions = crate::pki::card_extensions("6789").unwrap();
        let policies = crate::pki::policy(OTHER_POLICY).unwrap();
        params.custom_extensions.retain(|e| !e.oid_components().eq([2, 5, 29, 32]));
        params.custom_extensions.push(policies);
    });
    verify_chain(other.chain_der(), &anchors, now(), CITIZEN).unwrap();
}

#[test]
fn a_folder_that_says_something_else_than_it_seems_is_refused_by_the_file_s_name() {
    let w = world();
    let dir = rooted(&w);
    let refusal = |name: &str, content: &str| {
        let before = fs::read(dir.path().join(name)).ok();
        fs::write(dir.path().join(name), content).unwrap();
        let error = TrustAnchors::from_dir(dir.path()).unwrap_err();
        match before {
            Some(bytes) => fs::write(dir.path().join(name), bytes).unwrap(),
            None => fs::remove_file(dir.path().join(name)).unwrap(),
        }
        assert!(error.to_string().contains(name), "{error}");
        error
    };
    assert!(matches!(refusal("intermediates.pem", ""), AnchorFileError::NotPem(_)));
    let broken = pem("CERTIFICATE", &w.pki.root_der()[..40]);
    assert!(matches!(refusal("intermediates.pem", &broken), AnchorFileError::Refused(_, _)));
    let card = pem("CERTIFICATE", &w.card.chain_der()[0]);
    let error = refusal("citizen.pem", &card);
    assert!(matches!(error, AnchorFileError::Refused(_, ChainError::NotAnAuthority)));
    let unknown = refusal("profile.toml", "colour = \"1.2.3\"\n");
    assert!(
        matches!(&unknown, AnchorFileError::Profile(_, reason) if reason.contains("colour")),
        "{unknown}"
    );
    let no_oid = refusal("profile.toml", "agency_types = [\"1.2.3\", \"agency\"]\n");
    assert!(no_oid.to_string().contains("agency_types"), "{no_oid}");
    fs::remove_file(dir.path().join("agency.pem")).unwrap();
    let missing = TrustAnchors::from_dir(dir.path()).unwrap_err();
    assert!(matches!(&missing, AnchorFileError::Unreadable(path, _) if path.ends_with("agency.pem")));
}
