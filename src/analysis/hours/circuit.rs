//! The core as an arithmetic circuit: compiled once, then evaluated for any rates in one pass each way.
//!
//! The core is walked vertex by vertex, link by link (after Sekine and Imai's frontier method, with the values of
//! analysis that every step is linear). A *state* says which vertices of the frontier are down, which are known
//! to be joined, which block is joined to a hub, and which open risk groups are down. A state carries its
//! probability, and for every set of blocks and places not yet met the weight that is waiting for all of them to
//! be joined to a hub. Every such number is a *slot*; every branch of a step is an edge from slot to slot, with
//! the availability of the element that decides it, or one less that, as its factor.
//!
//! Nothing depends on the rates but the factors. So the edges are laid once; forward they give what is gained,
//! backward they give the derivative by every availability and every coefficient at once (the adjoint of a linear
//! pass). An element that never fails, or always, still has a derivative.

mod layer;
mod next;
mod steps;

use crate::analysis::hours::circuit::layer::Layer;
use crate::analysis::hours::fold::Core;

/// Where what is gained is gathered, and where the walk begins.
const GAINED: u32 = 0;
const START: u32 = 1;

/// A core, compiled.
#[derive(Debug)]
pub(super) struct Circuit {
    slots: usize,
    edges: Vec<Edge>,
    /// States met in all steps together.
    pub(super) states: usize,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    from: u32,
    to: u32,
    by: Factor,
}

#[derive(Clone, Copy, Debug)]
enum Factor {
    /// The step decides nothing here.
    One,
    /// The element is up.
    Up(u32),
    /// The element is down.
    Down(u32),
    /// The coefficient of a want comes in.
    Want(u32),
}

/// What an evaluation gives.
#[derive(Debug)]
pub(super) struct Values {
    /// By element: the derivative, by its availability, of the sum over all wants of coefficient x probability that
    /// all of it is reached; 0 for what is not in the core.
    pub(super) slope: Vec<f64>,
    /// By want: the probability that all of it is reached.
    pub(super) reached: Vec<f64>,
}

/// Where the edges of a walk go.
trait Sink {
    /// Makes one more slot.
    fn slot(&mut self) -> u32;
    /// Lays an edge; all that leads to its beginning has been laid before it.
    fn edge(&mut self, from: u32, to: u32, by: Factor);
}

/// The walk met more states than it was allowed.
#[derive(Debug)]
pub(super) struct TooManyStates;

impl Circuit {
    /// Compiles a core along an order of its vertices, with at most `cap` states.
    ///
    /// Cost and memory: a few edges for every state.
    pub(super) fn new(core: &Core, order: &[usize], cap: usize) -> Result<Self, TooManyStates> {
        let empty = Self {
            slots: 2,
            edges: Vec::new(),
            states: 0,
        };
        let (circuit, states) = Layer::walk(core, order, cap, empty)?;
        Ok(Self { states, ..circuit })
    }

    /// Evaluates it for availabilities by element and coefficients by want. Cost: two passes over the edges.
    pub(super) fn evaluate(&self, up: &[f64], coefficients: &[f64]) -> Values {
        let factor = |by: Factor| match by {
            Factor::One => 1.0,
            Factor::Up(element) => up[element as usize],
            Factor::Down(element) => 1.0 - up[element as usize],
            Factor::Want(want) => coefficients[want as usize],
        };
        let mut forward = vec![0.0; self.slots];
        forward[START as usize] = 1.0;
        for edge in &self.edges {
            forward[edge.to as usize] += forward[edge.from as usize] * factor(edge.by);
        }
        let mut backward = vec![0.0; self.slots];
        backward[GAINED as usize] = 1.0;
        let mut slope = vec![0.0; up.len()];
        let mut reached = vec![0.0; coefficients.len()];
        for edge in self.edges.iter().rev() {
            let ahead = backward[edge.to as usize];
            backward[edge.from as usize] += ahead * factor(edge.by);
            let flow = forward[edge.from as usize] * ahead;
            match edge.by {
                Factor::One => {}
                Factor::Up(element) => slope[element as usize] += flow,
                Factor::Down(element) => slope[element as usize] -= flow,
                Factor::Want(want) => reached[want as usize] += flow,
            }
        }
        Values { slope, reached }
    }
}

impl Sink for Circuit {
    fn slot(&mut self) -> u32 {
        self.slots += 1;
        (self.slots - 1) as u32
    }

    fn edge(&mut self, from: u32, to: u32, by: Factor) {
        self.edges.push(Edge { from, to, by });
    }
}

/// Returns the sum over all wants of coefficient x probability that all of it is reached, of two sets of
/// coefficients at once, and how many states were met: what `Circuit` gives forward, with no edge kept.
pub(super) fn gained(
    core: &Core,
    order: &[usize],
    cap: usize,
    up: &[f64],
    coefficients: &[[f64; 2]],
) -> Result<([f64; 2], usize), TooManyStates> {
    let running = Running {
        up,
        coefficients,
        values: vec![[0.0; 2], [1.0; 2]],
    };
    let (running, states) = Layer::walk(core, order, cap, running)?;
    Ok((running.values[GAINED as usize], states))
}

/// Sums while the walk goes.
struct Running<'a> {
    up: &'a [f64],
    coefficients: &'a [[f64; 2]],
    /// By slot; a probability twice.
    values: Vec<[f64; 2]>,
}

impl Sink for Running<'_> {
    fn slot(&mut self) -> u32 {
        self.values.push([0.0; 2]);
        (self.values.len() - 1) as u32
    }

    fn edge(&mut self, from: u32, to: u32, by: Factor) {
        let factor = match by {
            Factor::One => [1.0; 2],
            Factor::Up(element) => [self.up[element as usize]; 2],
            Factor::Down(element) => [1.0 - self.up[element as usize]; 2],
            Factor::Want(want) => self.coefficients[want as usize],
        };
        let value = self.values[from as usize];
        let sum = &mut self.values[to as usize];
        sum[0] += value[0] * factor[0];
        sum[1] += value[1] * factor[1];
    }
}
