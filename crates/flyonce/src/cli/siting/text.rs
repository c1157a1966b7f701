//! A siting as people read it in a terminal.

use crate::cli::output::table;
use crate::lang::{Lang, Words};
use crate::siting::Asked;
use crate::siting::answer::{MoreAnswer, SiteAnswer, SitingAnswer};
use crate::siting::runs::SitingRun;

/// What is about to be computed, and how long it may take.
pub fn question(asked: &Asked) -> Words {
    let (sites, kept, candidates) = (asked.sites, asked.kept, asked.candidates.len());
    let (km2, cell_m) = (asked.demand.area_m2() / 1e6, asked.demand.lattice().cell_m());
    let cells = asked.demand.count();
    let most_s = crate::siting::most_seconds(asked);
    Words::new(
        format!(
            "从 {candidates} 个候选点中选 {sites} 个(保留 {kept} 个);需求 {km2:.1} km²,{cells} 个 {cell_m} m 格;选址最长 {most_s:.0} 秒"
        ),
        format!(
            "choosing {sites} of {candidates} candidates ({kept} kept) for {km2:.1} km² in {cells} cells of {cell_m} m; at most {most_s:.0} s of choosing"
        ),
    )
}

/// The whole answer.
pub fn text(run: &SitingRun, lang: Lang) -> String {
    let answer = &run.answer;
    let mut lines = vec![headline(answer, lang), sites(answer, lang)];
    lines.extend(answer.more.iter().map(|more| further(more, lang)));
    lines.extend(warnings(answer).iter().map(|words| words.pick(lang).to_owned()));
    lines.push(basis(answer, lang));
    let kept = Words::new(
        format!("已保存为 {}(`flyonce serve` 的“选址”页可查看)", run.id),
        format!(
            "kept as {}; the page of `flyonce serve` shows it under Siting",
            run.id
        ),
    );
    lines.push(kept.pick(lang).to_owned());
    lines.join("\n")
}

/// `km²`, or `weighed km²`.
fn unit(answer: &SitingAnswer, lang: Lang) -> &'static str {
    match answer.weighed_by_class {
        true => lang.pick("km²(加权)", "km² (weighed)"),
        false => "km²",
    }
}

fn headline(answer: &SitingAnswer, lang: Lang) -> String {
    let (sites, covered, percent) = (answer.sites.len(), answer.covered_km2, answer.covered_percent);
    let (bound, bound_percent, gap) = (answer.bound_km2, answer.bound_percent, answer.gap_percent);
    let unit = unit(answer, lang);
    let proof = match (answer.optimal, answer.cut_short) {
        (true, _) => Words::new(
            "已证明没有更好的选址".to_owned(),
            "proven: no choice is better".to_owned(),
        ),
        (false, cut_short) => {
            let (zh, en) = match cut_short {
                true => (
                    ";时限已到,加大 --seconds 可继续",
                    "; time ran out, --seconds gives more",
                ),
                false => ("", ""),
            };
            Words::new(
                format!(
                    "已证明任何选址至多 {bound:.2} {unit}({bound_percent:.2} %),差距不超过 {gap:.2} %{zh}"
                ),
                format!(
                    "proven: no choice reaches more than {bound:.2} {unit} ({bound_percent:.2} %), a gap of {gap:.2} %{en}"
                ),
            )
        }
    };
    let proof = proof.pick(lang);
    let ground = ground(answer, lang);
    match lang {
        Lang::Zh => format!(
            "{sites} 个机场可达 {covered:.2} {unit},占 {:.2} 的 {percent:.2} %{ground}\n{proof}",
            answer.demand_km2
        ),
        Lang::En => format!(
            "{sites} docks reach {covered:.2} {unit}, {percent:.2} % of {:.2}{ground}\n{proof}",
            answer.demand_km2
        ),
    }
}

/// The ground itself, and the same measured finer.
fn ground(answer: &SitingAnswer, lang: Lang) -> String {
    let (cell_m, measured) = (answer.measure_cell_m, answer.measured_km2);
    let percent = 100.0 * answer.covered_ground_km2 / answer.ground_km2;
    let weighed = match answer.weighed_by_class {
        true => Words::new(
            format!(",面积 {:.2} km²({percent:.2} %)", answer.covered_ground_km2),
            format!(
                "; {:.2} km² of ground ({percent:.2} %)",
                answer.covered_ground_km2
            ),
        ),
        false => Words::new("", ""),
    };
    let finer = Words::new(
        format!("(以 {cell_m} m 格网复算 {measured:.2} km²)"),
        format!(" (measured in cells of {cell_m} m: {measured:.2} km²)"),
    );
    format!("{}{}", weighed.pick(lang), finer.pick(lang))
}

fn sites(answer: &SitingAnswer, lang: Lang) -> String {
    let heading = [
        Words::new("序", "no."),
        Words::new("编号", "id"),
        Words::new("名称", "name"),
        Words::new("状态", "state"),
        Words::new("经度", "longitude"),
        Words::new("纬度", "latitude"),
        Words::new("依次新增", "adds"),
        Words::new("独有", "alone"),
        Words::new("可达", "reaches"),
    ];
    let mut rows = vec![heading.map(|words| words.pick(lang).to_owned()).to_vec()];
    let row = |number: usize, site: &SiteAnswer, state: &str| {
        vec![
            number.to_string(),
            site.id.clone(),
            site.name.clone(),
            state.to_owned(),
            format!("{:.5}", site.longitude_deg),
            format!("{:.5}", site.latitude_deg),
            format!("{:.2}", site.adds_km2),
            format!("{:.2}", site.alone_km2),
            format!("{:.2}", site.reaches_km2),
        ]
    };
    for (at, site) in answer.sites.iter().enumerate() {
        let (zh, en) = if site.kept {
            ("保留", "kept")
        } else {
            ("新选", "new")
        };
        rows.push(row(at + 1, site, lang.pick(zh, en)));
    }
    for (at, site) in answer.next_sites().iter().enumerate() {
        let number = answer.sites.len() + at + 1;
        rows.push(row(number, site, lang.pick("增设", "further")));
    }
    let unit = unit(answer, lang);
    let meaning = lang.pick(
        "依次新增:在前面各机场之外多出的需求;独有:只有它能到的需求;可达:它自己能到的需求",
        "adds: demand beyond that of the docks before it; alone: demand that it alone reaches; reaches: all that it reaches",
    );
    format!("\n{}{meaning} ({unit})\n", table(&rows))
}

/// What so many further docks would add.
fn further(more: &MoreAnswer, lang: Lang) -> String {
    let ids: Vec<&str> = more.new.iter().map(|site| site.id.as_str()).collect();
    let (sites, adds, covered) = (more.sites, more.adds_km2, more.covered_km2);
    let (percent, bound) = (more.covered_percent, more.bound_km2);
    match lang {
        Lang::Zh => format!(
            "第 {sites} 个机场再增 {adds:.2} km²,合计 {covered:.2} km²({percent:.2} %,至多 {bound:.2}):增设 {}",
            ids.join("、")
        ),
        Lang::En => format!(
            "dock {sites} adds {adds:.2} km²: {covered:.2} km² in all ({percent:.2} %, at most {bound:.2}), further docks {}",
            ids.join(", ")
        ),
    }
}

/// What somebody should know who only reads the figures.
fn warnings(answer: &SitingAnswer) -> Vec<Words> {
    let mut words = Vec::new();
    let grounded: Vec<&str> = answer
        .sites
        .iter()
        .filter(|site| site.grounded)
        .map(|site| site.id.as_str())
        .collect();
    if !grounded.is_empty() {
        words.push(Words::new(
            format!(
                "注意:{} 位于禁飞区内,无法起飞,计为不可达任何地方",
                grounded.join("、")
            ),
            format!(
                "note: {} in a no-fly area; nothing takes off there, so nothing is reached from there",
                grounded.join(", ")
            ),
        ));
    }
    if answer.repeated_candidates > 0 {
        let count = answer.repeated_candidates;
        words.push(Words::new(
            format!("注意:{count} 个候选点与前面的点位置相同,未重复计入"),
            format!("note: {count} candidates stand where one before them does and were left out"),
        ));
    }
    words
}

fn basis(answer: &SitingAnswer, lang: Lang) -> String {
    let layers: Vec<String> = answer
        .layers
        .iter()
        .map(|layer| format!("{} {} {}", layer.kind, layer.name, layer.version))
        .collect();
    let by = answer.reach.pick(lang);
    match lang {
        Lang::Zh => format!(
            "依据:{by};{} 个禁飞区;图层 {};候选点 {}(其中 {} 个在禁飞区内),全部候选合计可达 {:.2} km²;贪心 {:.2}、交换后 {:.2} km²;需求格网 {} m,种子 {}",
            answer.no_fly_areas,
            layers.join("、"),
            answer.candidates,
            answer.grounded_candidates,
            answer.all_candidates_km2,
            answer.greedy_km2,
            answer.swapped_km2,
            answer.demand_cell_m,
            answer.seed
        ),
        Lang::En => format!(
            "from: {by}; {} no-fly areas; layers {}; {} candidates ({} of them in no-fly areas), which all together reach {:.2} km²; greedy {:.2}, after swaps {:.2} km²; demand in cells of {} m, seed {}",
            answer.no_fly_areas,
            layers.join(", "),
            answer.candidates,
            answer.grounded_candidates,
            answer.all_candidates_km2,
            answer.greedy_km2,
            answer.swapped_km2,
            answer.demand_cell_m,
            answer.seed
        ),
    }
}
