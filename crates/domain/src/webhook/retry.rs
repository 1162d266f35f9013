//! How long to wait before something is sent again.

use jiff::SignedDuration;

/// How long a delivery is tried. Source: claims API v2, *Webhooks*.
pub const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// Minutes between a failed attempt and the next. Source: claims API v2, *Webhooks*: 1, 5 and 30
/// minutes, then hours; doubled from there.
const MINUTES: [i64; 7] = [1, 5, 30, 60, 120, 240, 480];

/// Minutes between the later ones.
const LATER: i64 = 720;

/// How long to wait after the given number of attempts (1 or more), a tenth more or less by chance, so
/// that what failed together does not come back together.
pub fn retry_delay(attempts: i64, chance: u16) -> SignedDuration {
    let index = usize::try_from(attempts - 1).unwrap_or(0);
    let millis = MINUTES.get(index).copied().unwrap_or(LATER) * 60_000;
    let jitter = millis / 5 * i64::from(chance) / i64::from(u16::MAX);
    SignedDuration::from_millis(millis - millis / 10 + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_as_the_contract_says_and_never_leave_their_tenth() {
        for (attempts, minutes) in [(1, 1), (2, 5), (3, 30), (4, 60), (7, 480), (8, 720), (50, 720)] {
            let (least, most) = (retry_delay(attempts, 0), retry_delay(attempts, u16::MAX));
            assert_eq!(least, SignedDuration::from_millis(minutes * 54_000));
            assert_eq!(most, SignedDuration::from_millis(minutes * 66_000));
        }
    }
}
