//! Codes as pictures: SVG, black on white in every theme, because a scanner reads them.

use barcoders::generators::svg::SVG;
use barcoders::sym::code128::Code128;
use qrcode::QrCode;
use qrcode::render::svg;

/// The longest text of a QR of version 40 at this level, in bytes.
const LONGEST: usize = 2_331;

/// `None`: too long for a QR.
pub(crate) fn qr(text: &str) -> Option<String> {
    let code = QrCode::new(text.as_bytes()).ok().filter(|_| text.len() <= LONGEST)?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(200, 200).quiet_zone(true).build();
    // Its size is the page's.
    let side = (code.width() + 8) * 200_usize.div_ceil(code.width() + 8);
    let fixed = format!("width=\"{side}\" height=\"{side}\"");
    Some(drawn.replacen(&fixed, "", 1))
}

/// Digits in pairs, as the bars of payment codes are (Code 128, set C). `None`: an odd number of digits, or none.
pub(crate) fn bars(digits: &str) -> Option<String> {
    let pairs =
        !digits.is_empty() && digits.len().is_multiple_of(2) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let code = Code128::new(format!("\u{106}{digits}")).ok().filter(|_| pairs && digits.len() <= 32)?;
    SVG::new(60).xdim(2).xmlns("http://www.w3.org/2000/svg".to_owned()).generate(code.encode()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_pictures() {
        let code = "130000000000000099";
        assert!(qr(code).unwrap().contains("<svg") && bars(code).unwrap().contains("<svg"));
        assert!(qr(&"微".repeat(1_000)).is_none());
        assert!(bars("123").is_none() && bars("").is_none() && bars("12<script>").is_none());
    }
}
