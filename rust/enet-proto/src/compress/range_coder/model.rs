//! The statistical half of the range coder: which byte follows which.
//!
//! A pool of [`Node`]s forms a tree of contexts. A node is two things at once: a *symbol* inside the context that owns
//! it, with a frequency, in a binary search tree by value; and the *context* that holds once that symbol has been
//! seen, with a search tree of its own. Contexts of order 0 (the root), 1 and 2 are used; a symbol of an order-2
//! context only carries the link to the next one.
//!
//! Sums stay in range without a check at each step: a frequency is halved before it passes 255, a total before it
//! passes `u16`. Only input that no encoder made can order a search tree wrongly, and then positions may wrap; links
//! always lead to an older context of a lower order, so every loop ends on any input.

/// Index of a node in the pool. The root owns index 0 and is nobody's child, so 0 also says "none".
pub(super) type NodeId = u16;

/// The context without memory, which knows every byte.
pub(super) const ROOT: NodeId = 0;
/// No child.
const NONE: NodeId = 0;
/// Nodes at which the model starts over; a byte adds at most three.
const RESTART_AT: usize = 4094;
/// Longest context, in bytes.
const MAXIMUM_ORDER: u8 = 2;
/// What the escape of a context gains when a byte is new to it.
const ESCAPE_STEP: u16 = 5;
/// Total above which a context is halved; takes more bytes than a datagram has.
const MAXIMUM_TOTAL: u16 = 0xFF00;

/// A share of a context's frequencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Sum of the frequencies in front.
    pub(super) start: u16,
    /// Frequency before this occurrence; 0 means new.
    pub(super) size: u16,
}

impl Span {
    /// The share of `escapes`, which stand in front of all symbols.
    pub(super) const fn of_escapes(escapes: u16) -> Self {
        Self {
            start: 0,
            size: escapes,
        }
    }

    /// The same share behind `escapes`.
    pub(super) const fn shifted(self, escapes: u16) -> Self {
        Self {
            start: self.start.wrapping_add(escapes),
            size: self.size,
        }
    }
}

/// In what the root differs from the other contexts.
pub(super) struct Rules {
    /// Frequency of a byte that is not stored.
    floor: u8,
    /// Gain of a symbol when it occurs.
    step: u8,
    /// Old frequency above which the context is halved.
    maximum_frequency: u16,
}

/// How the root counts.
pub(super) const ROOT_RULES: Rules = Rules {
    floor: 1,
    step: 3,
    maximum_frequency: 250,
};
/// How every other context counts.
pub(super) const HIGHER: Rules = Rules {
    floor: 0,
    step: 2,
    maximum_frequency: 251,
};

/// Where the node found next belongs: the nodes of one byte in contexts of falling order form a chain.
#[derive(Debug, Clone, Copy)]
pub(super) enum Link {
    /// The first becomes the context of the next byte.
    Context,
    /// Each further one becomes the suffix of the one before.
    Suffix(NodeId),
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    // As a symbol.
    value: u8,
    count: u8,
    /// Own count and those of the left subtree.
    below: u16,
    left: NodeId,
    right: NodeId,
    // As a context.
    tree: NodeId,
    escapes: u16,
    /// Escapes, all counts, and the floors. A context with escapes has symbols too, so this is more than those.
    total: u16,
    /// The same symbol in the context one order lower.
    suffix: NodeId,
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// The contexts seen so far and the one that holds now.
#[derive(Debug, Default)]
pub(super) struct Model {
    nodes: Vec<Node>,
    /// For [`Self::halve`].
    pending: Vec<NodeId>,
    context: NodeId,
    order: u8,
}

impl Model {
    /// Forgets everything; must come before the first use.
    pub(super) fn restart(&mut self) {
        self.nodes.clear();
        self.nodes.reserve_exact(RESTART_AT + 2);
        let escapes = 1;
        self.nodes.push(Node {
            escapes,
            total: escapes + 256 * u16::from(ROOT_RULES.floor),
            ..Node::default()
        });
        self.context = ROOT;
        self.order = 0;
    }

    /// The longest context that holds now.
    pub(super) const fn context(&self) -> NodeId {
        self.context
    }

    /// The context one order lower.
    pub(super) fn suffix(&self, context: NodeId) -> NodeId {
        self.node(context).suffix
    }

    /// Frequency of "not here" and of everything.
    pub(super) fn escapes_and_total(&self, context: NodeId) -> (u16, u16) {
        let node = self.node(context);
        (node.escapes, node.total)
    }

    /// Records `node` where `link` says.
    pub(super) fn store(&mut self, link: Link, node: NodeId) {
        match link {
            Link::Context => self.context = node,
            Link::Suffix(owner) => self.node_mut(owner).suffix = node,
        }
    }

    /// A byte was new to `context`.
    pub(super) fn learn_escape(&mut self, context: NodeId) {
        let node = self.node_mut(context);
        node.escapes = node.escapes.wrapping_add(ESCAPE_STEP);
        node.total = node.total.wrapping_add(ESCAPE_STEP);
    }

    /// Ends the update of `context` for a symbol that had `frequency` before.
    pub(super) fn settle(&mut self, context: NodeId, frequency: u16, rules: &Rules) {
        let node = self.node_mut(context);
        node.total = node.total.wrapping_add(u16::from(rules.step));
        if frequency <= rules.maximum_frequency && node.total <= MAXIMUM_TOTAL {
            return;
        }
        node.escapes -= node.escapes >> 1;
        let (tree, escapes) = (node.tree, node.escapes);
        let counts = self.halve(tree);
        self.node_mut(context).total = counts
            .wrapping_add(escapes)
            .wrapping_add(256 * u16::from(rules.floor));
    }

    /// Moves on to the next byte, with a fresh model if this one is full.
    pub(super) fn advance(&mut self) {
        if self.order >= MAXIMUM_ORDER {
            self.context = self.suffix(self.context);
        } else {
            self.order += 1;
        }
        if self.nodes.len() >= RESTART_AT {
            self.restart();
        }
    }

    /// Counts one more `value` in `context`; returns its node and the share it had.
    pub(super) fn touch(&mut self, context: NodeId, value: u8, rules: &Rules) -> (NodeId, Span) {
        let step = u16::from(rules.step);
        let mut start = u16::from(value) * u16::from(rules.floor);
        let new = |start| Span {
            start,
            size: u16::from(rules.floor),
        };
        let mut at = self.node(context).tree;
        if at == NONE {
            let node = self.insert(value, rules);
            self.node_mut(context).tree = node;
            return (node, new(start));
        }
        loop {
            let node = self.node_mut(at);
            let (side, next) = match value.cmp(&node.value) {
                std::cmp::Ordering::Less => {
                    node.below = node.below.wrapping_add(step);
                    (Side::Left, node.left)
                }
                std::cmp::Ordering::Greater => {
                    start = start.wrapping_add(node.below);
                    (Side::Right, node.right)
                }
                std::cmp::Ordering::Equal => {
                    start = start
                        .wrapping_add(node.below)
                        .wrapping_sub(u16::from(node.count));
                    return (at, node.occur(start, rules));
                }
            };
            if next == NONE {
                return (self.insert_beside(at, side, value, rules), new(start));
            }
            at = next;
        }
    }

    /// Finds the symbol at position `target` of `context` and counts it; returns its value, node and share. The root
    /// knows every byte and stores it now; elsewhere an unknown position is `None`.
    pub(super) fn walk(
        &mut self,
        context: NodeId,
        target: u16,
        rules: &Rules,
    ) -> Option<(u8, NodeId, Span)> {
        let floor = u16::from(rules.floor);
        let new = Span {
            start: target,
            size: floor,
        };
        let mut start = 0_u16;
        let mut at = self.node(context).tree;
        if at == NONE {
            let value = low_byte(target);
            return (floor > 0).then(|| {
                let node = self.insert(value, rules);
                self.node_mut(context).tree = node;
                (value, node, new)
            });
        }
        loop {
            let node = self.node_mut(at);
            let end = start
                .wrapping_add(node.below)
                .wrapping_add((u16::from(node.value) + 1) * floor);
            let begin = end.wrapping_sub(u16::from(node.count) + floor);
            let (side, next, value) = if target >= end {
                start = start.wrapping_add(node.below);
                (
                    Side::Right,
                    node.right,
                    node.value
                        .wrapping_add(1)
                        .wrapping_add(low_byte(target - end)),
                )
            } else if target < begin {
                node.below = node.below.wrapping_add(u16::from(rules.step));
                let distance = begin - target - 1;
                (
                    Side::Left,
                    node.left,
                    node.value.wrapping_sub(1).wrapping_sub(low_byte(distance)),
                )
            } else {
                return Some((node.value, at, node.occur(begin, rules)));
            };
            if next == NONE {
                return (floor > 0)
                    .then(|| (value, self.insert_beside(at, side, value, rules), new));
            }
            at = next;
        }
    }

    /// Halves all frequencies of a search tree, rounding up, and returns their new sum.
    fn halve(&mut self, tree: NodeId) -> u16 {
        let mut pending = std::mem::take(&mut self.pending);
        pending.clear();
        pending.extend((tree != NONE).then_some(tree));
        let mut next = 0;
        while let Some(&id) = pending.get(next) {
            let node = self.node(id);
            pending.extend(
                [node.left, node.right]
                    .into_iter()
                    .filter(|&child| child != NONE),
            );
            next += 1;
        }
        // Children stand behind their parents, so from the back their sums are new already.
        for &id in pending.iter().rev() {
            let left = self.sum(self.node(id).left);
            let node = self.node_mut(id);
            node.count -= node.count >> 1;
            node.below = left.wrapping_add(u16::from(node.count));
        }
        self.pending = pending;
        self.sum(tree)
    }

    /// Sum of the frequencies in a search tree.
    fn sum(&self, tree: NodeId) -> u16 {
        let mut sum = 0_u16;
        let mut at = tree;
        while at != NONE {
            let node = self.node(at);
            sum = sum.wrapping_add(node.below);
            at = node.right;
        }
        sum
    }

    fn insert_beside(&mut self, parent: NodeId, side: Side, value: u8, rules: &Rules) -> NodeId {
        let node = self.insert(value, rules);
        match side {
            Side::Left => self.node_mut(parent).left = node,
            Side::Right => self.node_mut(parent).right = node,
        }
        node
    }

    /// A new symbol that has occurred once and, as a context, is empty.
    fn insert(&mut self, value: u8, rules: &Rules) -> NodeId {
        let id = NodeId::try_from(self.nodes.len())
            .expect("`advance` starts over before the pool has 4097 nodes");
        self.nodes.push(Node {
            value,
            count: rules.step,
            below: u16::from(rules.step),
            ..Node::default()
        });
        id
    }

    /// Room taken so far, in entries.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> (usize, usize) {
        (self.nodes.capacity(), self.pending.capacity())
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[usize::from(id)]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[usize::from(id)]
    }
}

impl Node {
    /// Counts one more occurrence of this symbol; returns the share it had, which began at `start`.
    fn occur(&mut self, start: u16, rules: &Rules) -> Span {
        let size = u16::from(self.count) + u16::from(rules.floor);
        self.below = self.below.wrapping_add(u16::from(rules.step));
        // At most 252 + 3 or 253 + 2: `settle` halves right after a frequency of more than 250 or 251.
        self.count = self.count.wrapping_add(rules.step);
        Span { start, size }
    }
}

const fn low_byte(value: u16) -> u8 {
    value.to_be_bytes()[1]
}
