//! Cards in a folder: `NAME.pem` and `NAME.key.pem`, as the development PKI keeps them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use identity::Credential;
use kernel::Instant;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::codes::Code;
use super::pin::Tries;

/// Whose card it is, by the authority that issued it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CardKind {
    /// 自然人憑證 (MOICA).
    Citizen,
    /// 工商憑證 (MOEACA).
    Company,
    /// 機關憑證 (GCA).
    Agency,
    /// 組織及團體憑證 (XCA).
    Organisation,
}

impl CardKind {
    /// The kind by the issuer's name.
    fn of(issuer: &str) -> Option<Self> {
        [
            ("內政部憑證管理中心", Self::Citizen),
            ("經濟部工商憑證管理中心", Self::Company),
            ("政府憑證管理中心", Self::Agency),
            ("組織及團體憑證管理中心", Self::Organisation),
        ]
        .into_iter()
        .find_map(|(unit, kind)| issuer.ends_with(&format!("OU={unit}")).then_some(kind))
    }

    /// The code that says that such a card is in the reader where another is wanted.
    pub fn unwanted(self) -> Code {
        match self {
            Self::Citizen => Code::CitizenCard,
            Self::Company => Code::CompanyCard,
            Self::Agency => Code::AgencyCard,
            Self::Organisation => Code::OrganisationCard,
        }
    }
}

/// A card that can be put into the reader.
#[derive(Debug)]
pub struct Card {
    /// Name of its files.
    pub name: String,
    /// Certificate and key.
    pub credential: Credential,
    /// Whose it is; none from an authority of another name.
    pub kind: Option<CardKind>,
    /// Number of the card: that in the certificate's subject.
    pub number: String,
    /// First and last moment of its certificate.
    pub valid: (Instant, Instant),
    /// Its PIN's tries.
    pub tries: Tries,
}

impl Card {
    /// Reads a card.
    pub fn open(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let file = |end: &str| folder.join(format!("{name}{end}"));
        let credential = Credential::from_pem_files(&file(".pem"), &file(".key.pem"))
            .with_context(|| format!("the card {name} cannot be read"))?;
        let der = credential.chain_der().first().map(Vec::as_slice).unwrap_or_default();
        let (_, certificate) =
            X509Certificate::from_der(der).map_err(|_| anyhow::anyhow!("{name}: no certificate"))?;
        let moment = |time: i64| Instant::from_timestamp(time, 0).unwrap_or_default();
        let validity = certificate.validity();
        let number = certificate
            .subject()
            .iter_by_oid(&x509_parser::oid_registry::OID_X509_SERIALNUMBER)
            .find_map(|attribute| attribute.as_str().ok());
        Ok(Self {
            name: name.to_owned(),
            kind: CardKind::of(&certificate.issuer().to_string()),
            number: number.map_or_else(|| credential.certificate().serial(), str::to_owned),
            valid: (moment(validity.not_before.timestamp()), moment(validity.not_after.timestamp())),
            tries: Tries::of(folder, name),
            credential,
        })
    }
}

/// A folder of cards.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder, which must be there.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(path.is_dir(), "{} is no folder", path.display());
        Ok(Self(path.to_owned()))
    }

    /// The names of its cards.
    pub fn names(&self) -> anyhow::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&self.0)? {
            let file = entry?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(".key.pem"));
            names.extend(name.filter(|name| self.0.join(format!("{name}.pem")).exists()).map(str::to_owned));
        }
        Ok(names)
    }

    /// One of its cards. A name that is not among [`Self::names`] is refused, whatever path it would make.
    pub fn card(&self, name: &str) -> anyhow::Result<Card> {
        anyhow::ensure!(
            self.names()?.contains(name),
            "there is no card {name:?}; --card takes one of the folder's"
        );
        Card::open(&self.0, name)
    }

    /// The tries of one of its cards.
    pub fn tries(&self, name: &str) -> anyhow::Result<Tries> {
        anyhow::ensure!(self.names()?.contains(name), "there is no card {name:?}");
        Ok(Tries::of(&self.0, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_tells_whose_card_it_is() {
        let kinds = [
            ("C=TW, O=行政院, OU=內政部憑證管理中心", Some(CardKind::Citizen)),
            ("C=TW, O=行政院, OU=經濟部工商憑證管理中心", Some(CardKind::Company)),
            ("C=TW, O=行政院, OU=政府憑證管理中心", Some(CardKind::Agency)),
            ("C=TW, O=行政院, OU=組織及團體憑證管理中心", Some(CardKind::Organisation)),
            ("C=TW, O=別處", None),
        ];
        for (issuer, kind) in kinds {
            assert_eq!(CardKind::of(issuer), kind, "{issuer}");
        }
        let codes = kinds.map(|(_, kind)| kind.map(|k| k.unwanted().number().cast_unsigned()));
        assert_eq!(
            codes.map(Option::unwrap_or_default)[..4],
            [0x8300_0101, 0x8300_0102, 0x8300_0103, 0x8300_0104]
        );
    }
}
