//! Agencies with their units, office networks and registered systems (H2.2, I2).

use std::fmt;
use std::net::Ipv4Addr;

use kernel::ids::{AgencyId, SystemId, UnitId};

use crate::chance::id;
use crate::districts::DISTRICTS;

/// What an agency is in the two regulations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgencyKind {
    /// 社會局.
    Bureau,
    /// A subordinate agency of the bureau (社福中心).
    Subordinate,
    /// 區公所.
    DistrictOffice,
    /// 資料提供機關.
    Provider,
    /// 市府資訊中心.
    ItCentre,
}

/// A unit (單位) of an agency.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Stable id.
    pub id: UnitId,
    /// ASCII code, unique within the agency.
    pub code: &'static str,
    /// Name in Chinese.
    pub name: &'static str,
    /// Name in English.
    pub name_en: &'static str,
}

/// An IPv4 network of an office, always a /24 in the private range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Its first address.
    pub base: Ipv4Addr,
    /// Prefix length.
    pub prefix: u8,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl Network {
    fn new(second: u8, third: u8) -> Self {
        Self { base: Ipv4Addr::new(10, second, third, 0), prefix: 24 }
    }

    /// The address with number `host` in this network.
    pub fn host(&self, host: u8) -> Ipv4Addr {
        let [a, b, c, _] = self.base.octets();
        Ipv4Addr::new(a, b, c, host)
    }

    /// Whether `address` lies in this network.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        address.octets()[..3] == self.base.octets()[..3]
    }
}

/// An agency (機關).
#[derive(Debug, Clone)]
pub struct Agency {
    /// Stable id.
    pub id: AgencyId,
    /// ASCII code: `bureau`, the district's code for its office, `household`, …
    pub code: &'static str,
    /// Full name in Chinese.
    pub name: String,
    /// Name in English.
    pub name_en: String,
    /// What it is.
    pub kind: AgencyKind,
    /// The agency above it, where the city has one.
    pub parent: Option<AgencyId>,
    /// Place in [`DISTRICTS`], for district offices.
    pub district: Option<usize>,
    /// Its units; the first one is that of the agency's head.
    pub units: Vec<Unit>,
    /// Networks of its offices.
    pub networks: Vec<Network>,
    /// Share of the city's queries that its users make; 0: none.
    pub weight: u32,
}

impl Agency {
    /// The regulation whose data it provides: providers are called by it.
    pub fn provides(&self) -> Option<&'static str> {
        (self.kind == AgencyKind::Provider).then_some(self.code)
    }
}

/// A system (系統) that asks the gate, or whose log is imported.
#[derive(Debug, Clone)]
pub struct System {
    /// Stable id.
    pub id: SystemId,
    /// ASCII code, also the common name of its certificate.
    pub code: &'static str,
    /// Name in Chinese.
    pub name: &'static str,
    /// Name in English.
    pub name_en: &'static str,
    /// The agency that operates it.
    pub agency: AgencyId,
    /// Whether it may ask the gate; an outside system's log is imported instead (I4.1.1).
    pub asks_gate: bool,
    /// Machines from which it asks.
    pub network: Network,
}

/// Sections and offices of the bureau: code, Chinese, English.
const BUREAU_UNITS: [Named; 9] = [
    ("director", "局長室", "Office of the Director"),
    ("assistance", "社會救助科", "Social Assistance Section"),
    ("elderly", "老人福利科", "Elderly Welfare Section"),
    ("disability", "身心障礙福利科", "Disability Welfare Section"),
    ("children", "兒童及少年福利科", "Child and Youth Welfare Section"),
    ("women", "婦女及保護服務科", "Women and Protection Services Section"),
    ("it", "秘書室資訊小組", "IT Unit of the Secretariat"),
    ("ethics", "政風室", "Ethics Office"),
    ("secretariat", "秘書室", "Secretariat"),
];

/// Welfare service centres: code, Chinese, English.
const CENTRES: [Named; 5] = [
    ("centre-zuonan", "左楠社會福利服務中心", "Zuonan Welfare Service Centre"),
    ("centre-sanmin", "三民社會福利服務中心", "Sanmin Welfare Service Centre"),
    ("centre-fengshan", "鳳山社會福利服務中心", "Fengshan Welfare Service Centre"),
    ("centre-gangshan", "岡山社會福利服務中心", "Gangshan Welfare Service Centre"),
    ("centre-qishan", "旗山社會福利服務中心", "Qishan Welfare Service Centre"),
];

/// Code, Chinese, English.
type Named = (&'static str, &'static str, &'static str);

/// Providers and the city's IT centre with their kind and unit.
const OTHERS: [(Named, AgencyKind, Named); 4] = [
    (
        ("household", "高雄市政府民政局", "Civil Affairs Bureau (household registration)"),
        AgencyKind::Provider,
        ("registration", "戶政科", "Household Registration Section"),
    ),
    (
        ("tax", "財政部財政資訊中心", "Fiscal Information Agency (tax)"),
        AgencyKind::Provider,
        ("data", "資料服務組", "Data Services Division"),
    ),
    (
        ("immigration", "內政部移民署", "National Immigration Agency"),
        AgencyKind::Provider,
        ("information", "移民資訊組", "Immigration Information Division"),
    ),
    (
        ("it-centre", "高雄市政府資訊中心", "City IT Centre"),
        AgencyKind::ItCentre,
        ("platform", "資訊共享平台組", "Shared Platform Division"),
    ),
];

fn units(agency: &str, list: &[Named]) -> Vec<Unit> {
    list.iter()
        .map(|(code, name, name_en)| Unit {
            id: id("unit", &format!("{agency}/{code}")),
            code,
            name,
            name_en,
        })
        .collect()
}

fn agency(
    code: &'static str,
    name: &str,
    name_en: &str,
    kind: AgencyKind,
    unit_list: &[Named],
    network: Network,
) -> Agency {
    Agency {
        id: id("agency", code),
        code,
        name: name.to_owned(),
        name_en: name_en.to_owned(),
        kind,
        parent: None,
        district: None,
        units: units(code, unit_list),
        networks: vec![network],
        weight: 0,
    }
}

/// All agencies.
pub(crate) fn build() -> Vec<Agency> {
    let mut bureau = agency(
        "bureau",
        "高雄市政府社會局",
        "Social Affairs Bureau",
        AgencyKind::Bureau,
        &BUREAU_UNITS,
        Network::new(64, 1),
    );
    bureau.networks.push(Network::new(64, 2));
    bureau.weight = 160;
    let above = bureau.id;
    let mut all = vec![bureau];
    for (number, (code, name, name_en)) in (60_u8..).zip(CENTRES) {
        let list = [("office", "主任室", "Head's Office"), ("casework", "個案服務組", "Casework Unit")];
        let mut centre =
            agency(code, name, name_en, AgencyKind::Subordinate, &list, Network::new(64, number));
        centre.parent = Some(above);
        centre.weight = 40;
        all.push(centre);
    }
    for (number, (place, district)) in (10_u8..).zip(DISTRICTS.iter().enumerate()) {
        let list = [
            ("office", "區長室", "District Head's Office"),
            ("social", "社會課", "Social Affairs Section"),
            ("secretariat", "秘書室", "Secretariat"),
        ];
        let name = format!("高雄市{}公所", district.name);
        let name_en = format!("{} District Office", district.name_en);
        let mut office = agency(
            district.code,
            &name,
            &name_en,
            AgencyKind::DistrictOffice,
            &list,
            Network::new(64, number),
        );
        office.district = Some(place);
        // Even the smallest office has a few cases a week.
        office.weight = district.weight + 12;
        all.push(office);
    }
    for (number, ((code, name, name_en), kind, unit)) in (1_u8..).zip(OTHERS) {
        all.push(agency(code, name, name_en, kind, &[unit], Network::new(96, number)));
    }
    all
}

/// The registered system, and the immigration agency's own one outside the suite.
pub(crate) fn systems(agencies: &[Agency]) -> Vec<System> {
    let of =
        |code: &str| agencies.iter().find(|a| a.code == code).map_or_else(|| id("agency", code), |a| a.id);
    vec![
        System {
            id: id("system", "welfare-platform"),
            code: "welfare-platform",
            name: "高雄市社會福利平台",
            name_en: "Kaohsiung welfare platform",
            agency: of("bureau"),
            asks_gate: true,
            network: Network::new(64, 200),
        },
        System {
            id: id("system", "immigration-online"),
            code: "immigration-online",
            name: "內政部移民署線上應用服務系統",
            name_en: "Immigration agency's online service",
            agency: of("immigration"),
            asks_gate: false,
            network: Network::new(96, 103),
        },
    ]
}
