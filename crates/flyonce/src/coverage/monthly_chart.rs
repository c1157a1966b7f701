//! The line of a month on its page: the imaged share at the end of each day, and the target.

use std::fmt::Write as _;

use survey::time::CivilDay;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 150.0;

/// The line as SVG. `known` are the days with a share by their place in `days`; shares and target are 0 to 100.
pub fn chart(days: &[(CivilDay, Option<f64>)], known: &[(usize, f64)], target: Option<f64>) -> String {
    let last = days.len().saturating_sub(1).max(1) as f64;
    let x = |index: usize| 34.0 + (WIDTH - 74.0) * index as f64 / last;
    let y = |percent: f64| HEIGHT - 20.0 - (HEIGHT - 32.0) * percent / 100.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"100%\" role=\"img\">");
    let lines = [0.0, 50.0, 100.0].map(|percent| (percent, ""));
    for (percent, dash) in lines
        .into_iter()
        .chain(target.map(|target| (target, " stroke-dasharray=\"5 4\"")))
    {
        let at = y(percent);
        let stroke = if dash.is_empty() { "#d7dde5" } else { "#5b6675" };
        let _ = write!(
            svg,
            "<line x1=\"34\" x2=\"{}\" y1=\"{at}\" y2=\"{at}\" stroke=\"{stroke}\"{dash}/>",
            WIDTH - 40.0,
        );
        // The target's figure stands before that of a line close to it.
        let is_hidden = dash.is_empty() && target.is_some_and(|target| (target - percent).abs() <= 12.0);
        if !is_hidden {
            let _ = write!(svg, "<text x=\"2\" y=\"{}\">{percent}</text>", at + 4.0);
        }
    }
    let points: Vec<String> = known
        .iter()
        .map(|(index, percent)| format!("{:.1},{:.1}", x(*index), y(*percent)))
        .collect();
    let _ = write!(
        svg,
        "<polyline fill=\"none\" stroke=\"#1663c7\" stroke-width=\"2.5\" points=\"{}\"/>",
        points.join(" ")
    );
    if let Some((index, percent)) = known.last() {
        let (x, y) = (x(*index), y(*percent));
        let _ = write!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"#1663c7\"/><text x=\"{:.1}\" y=\"{:.1}\">{percent:.1}</text>",
            x + 7.0,
            y + 4.0
        );
    }
    for (index, (day, _)) in days.iter().enumerate().step_by(7) {
        // The year is in the title.
        let day = day.to_string();
        let day = day.split_once('-').map_or(day.as_str(), |(_, day)| day);
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{day}</text>",
            x(index),
            HEIGHT - 4.0
        );
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_of_one_day_is_a_point_on_the_chart() {
        let day: CivilDay = "2026-11-01".parse().unwrap();
        let svg = chart(&[(day, Some(40.0))], &[(0, 40.0)], Some(75.0));
        assert!(svg.contains("cx=\"34.0\" cy=\"82.8\""), "{svg}");
        assert!(
            svg.contains(">40.0</text>") && svg.contains(">11-01</text>"),
            "{svg}"
        );
        assert!(svg.contains("stroke-dasharray"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
