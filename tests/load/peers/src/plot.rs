//! A plot of the cost of a guard.

use auth_load::Outcome;
use auth_load::case::{Case, Who};
use auth_load::measure::beside_each_other;
use plotters::coord::Shift;
use plotters::prelude::*;

/// A line: its name, its color, and the points with the ratio to the bare handler.
type Line = (&'static str, RGBColor, Vec<(f64, f64)>);

const GREY: RGBColor = RGBColor(120, 120, 120);
const BLUE: RGBColor = RGBColor(0, 90, 170);
const ORANGE: RGBColor = RGBColor(190, 80, 0);

/// Returns the ratio of the time of `who` to the time of the bare handler, in a case.
fn over_bare(case: &str, who: Who, rounds: usize) -> Outcome<f64> {
    let case = Case::named(case)?;
    let subject = |who| Ok::<_, Box<dyn std::error::Error>>(case.subject(who)?.ok_or("nothing is measured there")?);
    let measured = beside_each_other(&[subject(who)?, subject(Who::Bare)?], rounds)?;
    let [own, bare] = measured.as_slice() else { return Err("two were measured".into()) };
    Ok(own.over(bare))
}

/// Draws the plot into a file.
pub fn draw(file: &str, rounds: usize) -> Outcome<()> {
    let line = |name, color, who, cases: &[(f64, &str)]| -> Outcome<Line> {
        let points = cases.iter().map(|(at, case)| Ok((*at, over_bare(case, who, rounds)?)));
        Ok((name, color, points.collect::<Outcome<_>>()?))
    };
    const NEW: [(f64, &str); 4] = [(1.0, "roles/1"), (10.0, "roles/10"), (100.0, "roles/100"), (1000.0, "roles/1000")];
    const SEEN: [(f64, &str); 3] =
        [(3.0, "remembered/HS256"), (100.0, "remembered/roles/100"), (1000.0, "remembered/roles/1000")];
    const TOKENS: [(f64, &str); 3] =
        [(1.0, "remembered/EdDSA"), (1_000.0, "remembered/tokens/1000"), (100_000.0, "remembered/tokens/100000")];
    let by_roles = [
        line("by hand (HS256)", GREY, Who::Hand, &NEW)?,
        line("auth-actix, a new token (HS256)", BLUE, Who::Guarded, &NEW)?,
        line("auth-actix, a token seen before", ORANGE, Who::Guarded, &SEEN)?,
    ];
    let by_tokens = [line("auth-actix, tokens seen before", ORANGE, Who::Guarded, &TOKENS)?];
    let area = SVGBackend::new(file, (960, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let (left, right) = area.split_horizontally(560);
    chart(&left, "roles in the token", (1.0, 1000.0), &by_roles)?;
    chart(&right, "tokens in turn", (1.0, 100_000.0), &by_tokens)?;
    area.present()?;
    Ok(())
}

fn chart(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    along: &str,
    (least, most): (f64, f64),
    lines: &[Line],
) -> Outcome<()> {
    let highest = lines.iter().flat_map(|(.., points)| points).fold(10.0, |most: f64, (_, cost)| most.max(*cost));
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(36)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d((least..most).log_scale(), (1.0..highest * 1.5).log_scale())?;
    chart.configure_mesh().light_line_style(TRANSPARENT).x_desc(along).y_desc("× the bare handler").draw()?;
    for (name, color, points) in lines {
        let color = *color;
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(3))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.8)).draw()?;
    Ok(())
}
