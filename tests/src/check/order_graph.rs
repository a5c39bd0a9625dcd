//! A graph that stays free of cycles, or says which edge would close one.
//!
//! Must never be rebuilt: edges come one per delivery, and all but a few agree with the order kept
//! so far and cost nothing. The others reorder only what lies between their ends (Pearce and
//! Kelly, "A dynamic topological sort algorithm for directed acyclic graphs", JEA 11, 2006).

/// A directed graph with a topological order of its vertices.
#[derive(Clone, Debug, Default)]
pub struct OrderGraph {
    rank: Vec<usize>,
    after: Vec<Vec<usize>>,
    before: Vec<Vec<usize>>,
    mark: Vec<bool>,
}

impl OrderGraph {
    /// Adds a vertex; it comes last for now.
    pub fn add_vertex(&mut self) -> usize {
        let vertex = self.rank.len();
        self.rank.push(vertex);
        self.after.push(Vec::new());
        self.before.push(Vec::new());
        self.mark.push(false);
        vertex
    }

    /// Adds "`first` comes before `second`".
    ///
    /// # Errors
    /// A path from `second` to `first`: the edge would close a cycle.
    pub fn add_edge(&mut self, first: usize, second: usize) -> Result<(), Vec<usize>> {
        if first == second {
            return Err(vec![first]);
        }
        if self.after[first].contains(&second) {
            return Ok(());
        }
        if self.rank[first] > self.rank[second] {
            self.reorder(first, second)?;
        }
        self.after[first].push(second);
        self.before[second].push(first);
        Ok(())
    }

    fn reorder(&mut self, first: usize, second: usize) -> Result<(), Vec<usize>> {
        let (low, high) = (self.rank[second], self.rank[first]);
        let forward = reach(&self.after, &mut self.mark, second, |v| self.rank[v] <= high);
        if forward.contains(&first) {
            return Err(self.path(second, first));
        }
        let backward = reach(&self.before, &mut self.mark, first, |v| self.rank[v] >= low);
        let by_rank = |mut vertices: Vec<usize>, rank: &[usize]| {
            vertices.sort_unstable_by_key(|v| rank[*v]);
            vertices
        };
        let mut moved = by_rank(backward, &self.rank);
        moved.extend(by_rank(forward, &self.rank));
        let mut places: Vec<usize> = moved.iter().map(|v| self.rank[*v]).collect();
        places.sort_unstable();
        for (vertex, place) in moved.into_iter().zip(places) {
            self.rank[vertex] = place;
        }
        Ok(())
    }

    /// A shortest path between two vertices that are known to be connected.
    fn path(&self, from: usize, to: usize) -> Vec<usize> {
        let mut came = vec![None; self.rank.len()];
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(vertex) = queue.pop_front() {
            if vertex == to {
                break;
            }
            for next in &self.after[vertex] {
                if came[*next].is_none() && *next != from {
                    came[*next] = Some(vertex);
                    queue.push_back(*next);
                }
            }
        }
        let mut path = vec![to];
        while let Some(previous) = path.last().and_then(|last| came[*last]) {
            path.push(previous);
        }
        path.reverse();
        path
    }
}

/// Vertices reachable from `start` through those that `within` admits; leaves `mark` clear.
fn reach(
    edges: &[Vec<usize>],
    mark: &mut [bool],
    start: usize,
    within: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let mut found = vec![start];
    mark[start] = true;
    let mut looked = 0;
    while let Some(vertex) = found.get(looked).copied() {
        looked += 1;
        for next in edges[vertex].iter().copied() {
            if !mark[next] && within(next) {
                mark[next] = true;
                found.push(next);
            }
        }
    }
    for vertex in &found {
        mark[*vertex] = false;
    }
    found
}

#[cfg(test)]
mod tests;
