//! Search time against experts and days, as a picture for the documentation.

use std::fmt::Write as _;

use crate::{Row, Share};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 50.0;

/// Draws p50 against experts, one line for each number of days; both axes logarithmic.
pub fn draw(rows: &[Row]) -> String {
    let (from_us, to_us) = (1.0_f64, 100_000.0_f64);
    let x = |experts: f64| LEFT + (experts / 10.0).log10() / 3.0 * (WIDTH - LEFT - RIGHT);
    let y = |us: f64| {
        let share = (us / from_us).log10() / (to_us / from_us).log10();
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    };
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="#222">
<title>Time of one search against experts and days</title>
<rect width="100%" height="100%" fill="#fff"/>
"##
    );
    let mut line = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    for (us, label) in
        [(1.0, "1 µs"), (10.0, "10 µs"), (100.0, "100 µs"), (1e3, "1 ms"), (1e4, "10 ms"), (1e5, "100 ms")]
    {
        let at = y(us);
        let to = WIDTH - RIGHT;
        line(format!(r##"<line x1="{LEFT}" x2="{to}" y1="{at:.1}" y2="{at:.1}" stroke="#ddd"/>"##));
        line(format!(r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#, LEFT - 8.0, at + 4.0));
    }
    for experts in [10.0, 100.0, 1_000.0, 10_000.0] {
        let at = x(experts);
        let to = HEIGHT - BOTTOM;
        line(format!(r##"<line x1="{at:.1}" x2="{at:.1}" y1="{TOP}" y2="{to}" stroke="#ddd"/>"##));
        line(format!(r#"<text x="{at:.1}" y="{:.1}" text-anchor="middle">{experts}</text>"#, to + 18.0));
    }
    line(format!(
        r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">experts, 60 visits each</text>"#,
        f64::midpoint(LEFT, WIDTH - RIGHT),
        HEIGHT - 10.0
    ));
    let shares = [(Share::All, ""), (Share::Twentieth, r#" stroke-dasharray="5 4""#)];
    for (share, dashes) in shares {
        for (days, colour) in [(7, "#2a7f62"), (30, "#1f4e8c"), (90, "#a23b3b")] {
            let of = |row: &&Row| row.share == share && row.days == days;
            let mut points = String::new();
            for row in rows.iter().filter(of) {
                let _ = write!(points, "{:.1},{:.1} ", x(f64::from(row.experts)), y(row.p50_us));
            }
            let Some(last) = rows.iter().rfind(|row| of(row)) else { continue };
            line(format!(
                r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>"#,
                points.trim()
            ));
            let (at, down) = (x(f64::from(last.experts)) + 8.0, y(last.p50_us) + 4.0);
            line(format!(r#"<text x="{at:.1}" y="{down:.1}" fill="{colour}">{days} days, {}</text>"#, share.name()));
        }
    }
    svg.push_str("</svg>\n");
    svg
}
