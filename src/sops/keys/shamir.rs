//! Splitting a data key into parts of which some suffice (Shamir, "How to share a secret", 1979), in the form that sops
//! stores.
//!
//! Each byte of the key is the value at zero of a random polynomial over the field of 256 elements that AES uses
//! (reduced by x⁸+x⁴+x³+x+1); a part holds the polynomials' values at one other point, and that point as its last byte.
//! A polynomial of degree n-1 is known by n of its values, and n-1 of them reveal nothing of the key.

use aes_gcm::aead::OsRng;
use aes_gcm::aead::rand_core::RngCore;
use zeroize::Zeroizing;

/// Holds one part: the values, then the point; wiped on drop.
pub(in crate::sops) type Part = Zeroizing<Vec<u8>>;

/// Tells whether a threshold is possible for a number of parts.
pub(in crate::sops) fn is_possible(count: usize, needed: usize) -> bool {
    needed >= 2 && needed <= count && u8::try_from(count).is_ok()
}

/// Splits a secret into `count` parts of which any `needed` restore it, for the points 1, 2, … as sops numbers its
/// groups; `None` unless 2 ≤ needed ≤ count ≤ 255.
pub(in crate::sops) fn split(secret: &[u8], count: usize, needed: usize) -> Option<Vec<Part>> {
    let points = 1..=u8::try_from(count).ok()?;
    if !is_possible(count, needed) || secret.is_empty() {
        return None;
    }
    // The coefficients of each byte's polynomial, from the second on.
    let mut coefficients = Zeroizing::new(vec![0; secret.len().checked_mul(needed.checked_sub(1)?)?]);
    OsRng.fill_bytes(&mut coefficients);
    let part = |point: u8| {
        let polynomials = secret.iter().zip(coefficients.chunks(needed.saturating_sub(1)));
        let mut part: Part = Zeroizing::new(Vec::with_capacity(secret.len().saturating_add(1)));
        part.extend(polynomials.map(|(first, others)| {
            let higher = others.iter().rev().fold(0, |sum, coefficient| multiply(sum, point) ^ coefficient);
            multiply(higher, point) ^ first
        }));
        part.push(point);
        part
    };
    Some(points.map(part).collect())
}

/// Combines parts; `None` if they do not belong together. Too few parts give a wrong secret, which only its use shows.
pub(in crate::sops) fn combine(parts: &[Part]) -> Option<Zeroizing<Vec<u8>>> {
    let mut values: Vec<(u8, &[u8])> = Vec::with_capacity(parts.len());
    for part in parts {
        let (point, bytes) = part.split_last()?;
        let known = values.iter().any(|(other, _)| other == point);
        let fits = values.first().is_none_or(|(_, first)| first.len() == bytes.len());
        if *point == 0 || known || !fits || bytes.is_empty() {
            return None;
        }
        values.push((*point, bytes));
    }
    let length = values.first()?.1.len();
    let mut secret = Zeroizing::new(vec![0; length]);
    for (point, bytes) in &values {
        // Lagrange: the weight of this value at zero. In this field subtraction is exclusive or, as addition is.
        let others = values.iter().map(|(other, _)| *other).filter(|other| other != point);
        let weight = others.fold(1, |weight, other| multiply(weight, multiply(other, inverse(other ^ point))));
        for (sum, value) in secret.iter_mut().zip(*bytes) {
            *sum ^= multiply(weight, *value);
        }
    }
    Some(secret)
}

/// Multiplies in the field: shift and add, without a branch or a table that depends on the values.
fn multiply(one: u8, other: u8) -> u8 {
    let (mut product, mut shifted) = (0_u8, one);
    for bit in 0..8 {
        product ^= shifted & 0_u8.wrapping_sub((other >> bit) & 1);
        shifted = (shifted << 1) ^ (0x1b & 0_u8.wrapping_sub(shifted >> 7));
    }
    product
}

/// Inverts in the field: its nonzero elements form a group of 255, so the power of 254 is the inverse.
fn inverse(element: u8) -> u8 {
    (0..7)
        .fold((1_u8, element), |(product, power), _| {
            let power = multiply(power, power);
            (multiply(product, power), power)
        })
        .0
}

#[cfg(test)]
mod tests {
    use super::{combine, inverse, multiply, split};

    #[test]
    fn the_field_is_that_of_aes() {
        // FIPS 197, section 4.2.
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        assert_eq!(multiply(0x57, 0x13), 0xfe);
        for element in 1..=255 {
            assert_eq!(multiply(element, inverse(element)), 1, "{element}");
        }
    }

    #[test]
    fn enough_parts_give_the_secret_and_fewer_do_not() {
        let secret = b"throwaway data key of 32 bytes!!";
        let parts = split(secret, 5, 3).unwrap();
        assert!(parts.iter().zip(1..).all(|(part, point)| part.len() == 33 && part[32] == point));
        for chosen in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
            let chosen: Vec<_> = chosen.iter().map(|index| parts[*index].clone()).collect();
            assert_eq!(combine(&chosen).unwrap().as_slice(), secret);
        }
        assert_eq!(combine(&parts).unwrap().as_slice(), secret);
        assert_ne!(combine(&parts[..2]).unwrap().as_slice(), secret);
    }

    #[test]
    fn what_cannot_be_split_or_combined_is_refused() {
        assert!(split(b"x", 2, 1).is_none() && split(b"x", 2, 3).is_none() && split(b"x", 256, 2).is_none());
        let parts = split(b"x", 2, 2).unwrap();
        assert!(combine(&[parts[0].clone(), parts[0].clone()]).is_none());
        assert!(combine(&[]).is_none());
    }
}
