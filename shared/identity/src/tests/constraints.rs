//! Name constraints and policies through the path.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, KeyUsagePurpose, NameConstraints, SanType,
};

use crate::der;
use crate::{ChainError, Credential, Purpose, TrustAnchors, Usage, verify_chain};

use super::chains::{as_card, crafted};
use super::{World, now, world};

fn subordinate(parent: &Credential, change: impl FnOnce(&mut CertificateParams)) -> Credential {
    crafted(parent, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        change(params);
    })
}

fn rooted(w: &World, purpose: Purpose) -> TrustAnchors {
    TrustAnchors::new().with_anchor(purpose, w.pki.root_der()).unwrap()
}

fn service_below(authority: &Credential, dns: &str, ip: Option<&str>) -> Credential {
    crafted(authority, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = vec![SanType::DnsName(dns.try_into().unwrap())];
        params.subject_alt_names.extend(ip.map(|ip| SanType::IpAddress(ip.parse().unwrap())));
    })
}

#[test]
fn names_stay_within_what_the_authorities_above_permit() {
    let w = world();
    let anchors = rooted(&w, Purpose::Internal);
    let authority = subordinate(&w.pki.root, |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![
                GeneralSubtree::DnsName("city.example".into()),
                GeneralSubtree::IpAddress(rcgen::CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0])),
            ],
            excluded_subtrees: vec![GeneralSubtree::DnsName("tax.city.example".into())],
        });
    });
    for (dns, ip, expected) in [
        ("account.city.example", None, Ok(())),
        ("City.Example", Some("10.1.2.3"), Ok(())),
        ("city.example.org", None, Err(ChainError::NameNotPermitted)),
        ("a.tax.city.example", None, Err(ChainError::NameNotPermitted)),
        ("*.city.example", None, Err(ChainError::NameNotPermitted)),
        ("account.city.example", Some("11.1.2.3"), Err(ChainError::NameNotPermitted)),
    ] {
        let leaf = service_below(&authority, dns, ip);
        let found = verify_chain(leaf.chain_der(), &anchors, now(), Usage::Server).map(drop);
        assert_eq!(found, expected, "{dns} {ip:?}");
    }
}

#[test]
fn directory_names_are_compared_by_parts_and_without_case() {
    let w = world();
    let tree = |organisation: &str| {
        let mut name = rcgen::DistinguishedName::new();
        name.push(DnType::OrganizationName, organisation);
        GeneralSubtree::DirectoryName(name)
    };
    let constrained = |permitted, excluded| {
        subordinate(&w.pki.root, |params| {
            params.name_constraints =
                Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: excluded });
        })
    };
    let below = |authority: &Credential, organisation: &str| {
        let leaf = crafted(authority, |params| {
            as_card(params);
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::OrganizationName, organisation);
            params.distinguished_name.push(DnType::CommonName, "somebody");
        });
        verify_chain(leaf.chain_der(), &rooted(&w, Purpose::Citizen), now(), Usage::CitizenSignature)
            .map(drop)
    };
    let permitting = constrained(vec![tree("Kaohsiung  City")], vec![]);
    assert_eq!(below(&permitting, "KAOHSIUNG CITY"), Ok(()));
    assert_eq!(below(&permitting, "Tainan City"), Err(ChainError::NameNotPermitted));
    let excluding = constrained(vec![], vec![tree("Kaohsiung City")]);
    assert_eq!(below(&excluding, "kaohsiung city"), Err(ChainError::NameNotPermitted));
    assert_eq!(below(&excluding, "Tainan City"), Ok(()));
}

#[test]
fn a_constraint_on_another_form_of_name_is_refused() {
    let w = world();
    let authority = subordinate(&w.pki.root, |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::Rfc822Name("city.example".into())],
            excluded_subtrees: vec![],
        });
    });
    let leaf = crafted(&authority, as_card);
    let found = verify_chain(leaf.chain_der(), &rooted(&w, Purpose::Citizen), now(), Usage::CitizenSignature);
    assert_eq!(found.map(drop), Err(ChainError::UnsupportedNameConstraint));
}

#[test]
fn authorities_that_name_policies_must_stand_for_the_cards_policy() {
    let w = world();
    let with_policy = |dotted: Option<&str>| {
        let authority = subordinate(&w.pki.root, |params| {
            params.custom_extensions = dotted
                .map(|dotted| {
                    let content = der::sequence(&[der::sequence(&[der::oid(dotted).unwrap()])]);
                    CustomExtension::from_oid_content(&[2, 5, 29, 32], content)
                })
                .into_iter()
                .collect();
        });
        let leaf = crafted(&authority, as_card);
        verify_chain(leaf.chain_der(), &rooted(&w, Purpose::Citizen), now(), Usage::CitizenSignature)
            .map(drop)
    };
    assert_eq!(with_policy(Some("2.16.886.101.0.3.3")), Ok(()));
    assert_eq!(with_policy(Some("2.5.29.32.0")), Ok(()), "any policy");
    assert_eq!(with_policy(None), Ok(()));
    assert_eq!(with_policy(Some("2.16.886.101.0.3.1")), Err(ChainError::PolicyNotInPath));
}
