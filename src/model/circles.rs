//! Circles among items that wait for each other.

use std::collections::BTreeSet;

/// Finds the circles: sets in which each member waits for every other, directly or not. `waits` holds for each item the
/// indices of those that it waits for.
pub fn circles(waits: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let task_context: Vec<BTreeSet<usize>> = (0..waits.len()).map(|at| reached(waits, at)).collect();
    let mut found: Vec<Vec<usize>> = Vec::new();
    for (at, own) in task_context.iter().enumerate() {
        if own.contains(&at) && !found.iter().any(|members| members.contains(&at)) {
            let is_member = |other: &usize| task_context.get(*other).is_some_and(|back| back.contains(&at));
            found.push(own.iter().copied().filter(is_member).collect());
        }
    }
    found
}

fn reached(waits: &[Vec<usize>], from: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut next = vec![from];
    while let Some(at) = next.pop() {
        for other in waits.get(at).into_iter().flatten() {
            if found.insert(*other) {
                next.push(*other);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::circles;

    #[test]
    fn each_circle_is_found_once_with_its_members() {
        assert!(circles(&[vec![1], vec![2], vec![]]).is_empty());
        assert_eq!(circles(&[vec![0]]), [[0]]);
        // 0 and 1 wait for each other, 2 for them; 3 and 4 are a circle of their own.
        assert_eq!(circles(&[vec![1], vec![0], vec![0], vec![4], vec![3]]), [[0, 1], [3, 4]]);
        assert_eq!(circles(&[vec![1], vec![2], vec![0, 1]]), [[0, 1, 2]]);
    }
}
