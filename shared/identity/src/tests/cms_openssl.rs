//! OpenSSL as an independent judge of signed messages, both ways. Where its command is missing these tests say so.

use std::path::Path;
use std::process::Command;

use kernel::{Clock as _, SystemClock};

use crate::credential::pem;
use crate::pki::Validity;
use crate::{
    CmsError, Credential, KeyKind, Purpose, SignedDataOptions, sign_signed_data, verify_signed_data,
};

use super::{HOLDER, World, now, world};

const CONTENT: &[u8] = b"eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiIxIn0";

fn missing() -> bool {
    let missing = !Command::new("openssl").arg("version").output().is_ok_and(|o| o.status.success());
    if missing {
        eprintln!(
            "SKIPPED: there is no openssl command on this machine; nothing judges signed messages from outside"
        );
    }
    missing
}

fn openssl(dir: &Path, arguments: &str) -> (bool, String) {
    let output =
        Command::new("openssl").args(arguments.split_whitespace()).current_dir(dir).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A folder with the card's files, the authorities and the content.
fn folder(w: &World, card: &Credential) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("root.pem"), pem("CERTIFICATE", w.pki.root_der())).unwrap();
    std::fs::write(path("citizen.pem"), pem("CERTIFICATE", w.pki.authority_der(Purpose::Citizen))).unwrap();
    std::fs::write(path("card.pem"), pem("CERTIFICATE", &card.chain_der()[0])).unwrap();
    std::fs::write(path("card.key.pem"), pem("PRIVATE KEY", card.key_pkcs8_der())).unwrap();
    std::fs::write(path("content"), CONTENT).unwrap();
    dir
}

fn card(w: &World, kind: KeyKind) -> Credential {
    w.pki.issue_card_with(HOLDER, kind, Validity::around(now())).unwrap()
}

#[test]
fn openssl_accepts_the_messages_that_are_made_here() {
    if missing() {
        return;
    }
    let w = world();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        let card = card(&w, kind);
        let dir = folder(&w, &card);
        let at = now().timestamp();
        let verify = format!(
            "cms -verify -binary -inform DER -in message -CAfile root.pem -certfile citizen.pem -purpose any \
             -attime {at} -out seen"
        );
        for (attributes, signing_time, by_key_id) in
            [(true, None, false), (true, Some(now()), true), (false, None, false)]
        {
            let options = SignedDataOptions { detached: false, attributes, signing_time, by_key_id };
            let message = sign_signed_data(&card, CONTENT, options).unwrap();
            std::fs::write(dir.path().join("message"), message).unwrap();
            let (good, words) = openssl(dir.path(), &verify);
            assert!(good, "{kind:?} {options:?}: {words}");
            assert_eq!(std::fs::read(dir.path().join("seen")).unwrap(), CONTENT);

            let options = SignedDataOptions { detached: true, ..options };
            let message = sign_signed_data(&card, CONTENT, options).unwrap();
            std::fs::write(dir.path().join("message"), message).unwrap();
            let (good, words) = openssl(dir.path(), &format!("{verify} -content content"));
            assert!(good, "{kind:?} {options:?}: {words}");
            let (good, _) = openssl(dir.path(), &format!("{verify} -content card.pem"));
            assert!(!good, "the judge must be able to say no");
        }
    }
}

#[test]
fn the_messages_that_openssl_makes_are_accepted_here() {
    if missing() {
        return;
    }
    let w = world();
    // Its signing time is the machine's.
    let machine = SystemClock.now();
    for (kind, digest) in [(KeyKind::P256, "sha256"), (KeyKind::P384, "sha384"), (KeyKind::Rsa2048, "sha256")]
    {
        let card = w.pki.issue_card_with(HOLDER, kind, Validity::around(machine)).unwrap();
        let dir = folder(&w, &card);
        let sign = |more: &str| {
            let (good, words) = openssl(
                dir.path(),
                &format!(
                    "cms -sign -binary -in content -signer card.pem -inkey card.key.pem -outform DER -out message {more}"
                ),
            );
            assert!(good, "{words}");
            let message = std::fs::read(dir.path().join("message")).unwrap();
            verify_signed_data(&message, CONTENT, &w.anchors, machine).map(|seen| seen.thumbprint_sha256)
        };
        for more in
            ["-nodetach", "-nodetach -keyid", "-nodetach -noattr", "", "-nosmimecap -certfile citizen.pem"]
        {
            let seen = sign(&format!("-md {digest} {more}"));
            assert_eq!(seen, Ok(card.thumbprint()), "{kind:?} {more}");
        }
        assert_eq!(sign(&format!("-md {digest} -nodetach -stream")), Err(CmsError::Malformed), "BER");
        assert_eq!(sign("-md sha1 -nodetach"), Err(CmsError::DigestAlgorithm));
        assert_eq!(sign(&format!("-md {digest} -nodetach -nocerts")), Err(CmsError::SignerUnknown));
    }
}
