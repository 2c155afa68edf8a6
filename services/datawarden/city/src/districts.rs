//! The 38 districts of Kaohsiung, by their real names.

/// A district (區).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct District {
    /// Name with its ending: `鼓山區`.
    pub name: &'static str,
    /// Name in Latin letters.
    pub name_en: &'static str,
    /// ASCII code of the district and of its office.
    pub code: &'static str,
    /// Postal code, three digits.
    pub postal_code: u16,
    /// Rough share of the population, in thousands; only used to spread people and work.
    pub weight: u32,
}

const fn d(
    name: &'static str,
    name_en: &'static str,
    code: &'static str,
    postal_code: u16,
    weight: u32,
) -> District {
    District { name, name_en, code, postal_code, weight }
}

/// All districts, in the order of the former city, then the former county.
pub const DISTRICTS: [District; 38] = [
    d("楠梓區", "Nanzi", "nanzi", 811, 190),
    d("左營區", "Zuoying", "zuoying", 813, 197),
    d("鼓山區", "Gushan", "gushan", 804, 142),
    d("三民區", "Sanmin", "sanmin", 807, 328),
    d("鹽埕區", "Yancheng", "yancheng", 803, 22),
    d("前金區", "Qianjin", "qianjin", 801, 26),
    d("新興區", "Xinxing", "xinxing", 800, 48),
    d("苓雅區", "Lingya", "lingya", 802, 162),
    d("前鎮區", "Qianzhen", "qianzhen", 806, 178),
    d("旗津區", "Qijin", "qijin", 805, 26),
    d("小港區", "Xiaogang", "xiaogang", 812, 153),
    d("鳳山區", "Fengshan", "fengshan", 830, 357),
    d("林園區", "Linyuan", "linyuan", 832, 68),
    d("大寮區", "Daliao", "daliao", 831, 111),
    d("大樹區", "Dashu", "dashu", 840, 41),
    d("大社區", "Dashe", "dashe", 815, 34),
    d("仁武區", "Renwu", "renwu", 814, 98),
    d("鳥松區", "Niaosong", "niaosong", 833, 44),
    d("岡山區", "Gangshan", "gangshan", 820, 95),
    d("橋頭區", "Qiaotou", "qiaotou", 825, 40),
    d("燕巢區", "Yanchao", "yanchao", 824, 28),
    d("田寮區", "Tianliao", "tianliao", 823, 6),
    d("阿蓮區", "Alian", "alian", 822, 27),
    d("路竹區", "Luzhu", "luzhu", 821, 50),
    d("湖內區", "Hunei", "hunei", 829, 29),
    d("茄萣區", "Qieding", "qieding", 852, 29),
    d("永安區", "Yong'an", "yongan", 828, 13),
    d("彌陀區", "Mituo", "mituo", 827, 18),
    d("梓官區", "Ziguan", "ziguan", 826, 34),
    d("旗山區", "Qishan", "qishan", 842, 34),
    d("美濃區", "Meinong", "meinong", 843, 37),
    d("六龜區", "Liugui", "liugui", 844, 11),
    d("甲仙區", "Jiaxian", "jiaxian", 847, 5),
    d("杉林區", "Shanlin", "shanlin", 846, 11),
    d("內門區", "Neimen", "neimen", 845, 13),
    d("茂林區", "Maolin", "maolin", 851, 2),
    d("桃源區", "Taoyuan", "taoyuan", 848, 4),
    d("那瑪夏區", "Namaxia", "namaxia", 849, 3),
];
