use super::OrderGraph;
use crate::rng::Rng;

fn graph(vertices: usize) -> OrderGraph {
    let mut graph = OrderGraph::default();
    for _ in 0..vertices {
        graph.add_vertex();
    }
    graph
}

#[test]
fn a_cycle_of_three_is_found_and_told() {
    let mut graph = graph(3);
    graph.add_edge(0, 1).expect("no cycle yet");
    graph.add_edge(1, 2).expect("no cycle yet");
    assert_eq!(graph.add_edge(2, 0), Err(vec![0, 1, 2]));
    assert_eq!(graph.add_edge(1, 1), Err(vec![1]));
}

#[test]
fn edges_against_the_order_of_arrival_are_fine() {
    let mut graph = graph(4);
    for (first, second) in [(3, 2), (2, 1), (1, 0)] {
        graph.add_edge(first, second).expect("a chain has no cycle");
    }
    assert_eq!(graph.add_edge(0, 3), Err(vec![3, 2, 1, 0]));
}

#[test]
fn random_graphs_agree_with_a_search() {
    let mut rng = Rng::new(5);
    for _ in 0..200 {
        let mut graph = graph(12);
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for _ in 0..40 {
            let (first, second) = (rng.size(0, 11), rng.size(0, 11));
            let cycle = reaches(&edges, second, first);
            assert_eq!(graph.add_edge(first, second).is_err(), cycle);
            if !cycle {
                edges.push((first, second));
            }
        }
    }
}

fn reaches(edges: &[(usize, usize)], from: usize, to: usize) -> bool {
    let mut found = vec![from];
    let mut looked = 0;
    while looked < found.len() {
        for (first, second) in edges {
            if *first == found[looked] && !found.contains(second) {
                found.push(*second);
            }
        }
        looked += 1;
    }
    found.contains(&to)
}
