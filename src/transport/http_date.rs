//! The `Date` header of a reply.

/// Reads `Sat, 21 Nov 2026 21:21:07 GMT` (RFC 9110 section 5.6.7) as seconds since 1970. Other forms give nothing.
pub(crate) fn read(text: &str) -> Option<i64> {
    let mut words = text.split_ascii_whitespace().skip(1);
    let mut next = || words.next();
    let day: i64 = next()?.parse().ok()?;
    let month = next()?;
    let year: i64 = next()?.parse().ok()?;
    let mut clock = next()?.split(':').map(|part| part.parse::<i64>().ok());
    let mut part = || clock.next().flatten();
    let (hour, minute, second) = (part()?, part()?, part()?);
    if next() != Some("GMT") || !(1970..=9999).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = i64::try_from(months.iter().position(|name| *name == month)?).ok()?;
    // Days before this month in a year that begins on 1 March, so that the leap day is the last.
    let (march_year, march_month) =
        if month < 2 { (year.checked_sub(1)?, month.checked_add(10)?) } else { (year, month.checked_sub(2)?) };
    let leaps =
        march_year.div_euclid(4).checked_sub(march_year.div_euclid(100))?.checked_add(march_year.div_euclid(400))?;
    let month_days = march_month.checked_mul(153)?.checked_add(2)?.div_euclid(5);
    let days = march_year.checked_mul(365)?.checked_add(leaps)?.checked_add(month_days)?.checked_add(day)?;
    // 719,469 days lie between 1 March of the year 0 and 1 January 1970, plus one because days count from 1.
    let days = days.checked_sub(719_469)?;
    let seconds = hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
    days.checked_mul(86_400)?.checked_add(seconds)
}

#[cfg(test)]
#[path = "../../tests/unit/transport/http_date.rs"]
mod tests;
