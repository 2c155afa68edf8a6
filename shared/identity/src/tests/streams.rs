use crate::jws::{JwsError, MAX_TOKEN};
use crate::stream::MAX_MESSAGE;
use crate::{StreamSigner, StreamVerifier, TokenError};

use super::{now, world};

#[test]
fn a_message_may_be_longer_than_a_token_and_has_an_end_all_the_same() {
    let w = world();
    let signer = StreamSigner::new(w.account.clone()).unwrap();
    let verifier = StreamVerifier::new(w.anchors.clone());
    let verify = |text: &str| {
        let message = signer.sign(&text).unwrap();
        (message.len(), verifier.verify::<String>(&message, "account", now()))
    };
    let long = "x".repeat(MAX_TOKEN);
    let (length, told) = verify(&long);
    assert!(length > MAX_TOKEN);
    assert_eq!(told, Ok(long));
    let (_, refused) = verify(&"x".repeat(MAX_MESSAGE));
    assert_eq!(refused, Err(TokenError::Jws(JwsError::Malformed)));
    let message = signer.sign(&"word").unwrap();
    assert_eq!(verifier.verify::<String>(&message, "retention", now()), Err(TokenError::WrongIssuer));
}
