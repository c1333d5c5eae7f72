//! The links of the tokens of one tree, all under one lock, so that neither depth nor width costs anything.
//!
//! In come places of tokens: one is added below another, removed because its token goes, or cancelled. Out go, one by one,
//! those that are cancelled with it, before it. Each step is a few assignments, however many tokens there are.
//!
//! A place has two links, its *own* and its *head*. The owns of its children and its head are one ring, in which the head
//! says where they begin and end. So nobody need know his parent:
//!
//! - A place that goes leaves its ring to its children, who take its stead in it.
//! - If a token is to be cancelled, the children of its place go over to the ring of the *doomed*; when one of them is the
//!   first there, its own children go before it. So the ring is the stack of a walk in which children come before their
//!   parent, who leaves its ring when it has none any more. Until then the doomed are as they were: they can go. Whoever
//!   cancels in the same tree goes on with the walk first.
//!
//! Places lie in a vector, and refer to each other by index: nothing keeps anything alive, and nothing dangles. A free one
//! is in a ring alone; its own link's `next` leads to the next free one.
#![forbid(unsafe_code)]

use super::Node;
use std::sync::{Arc, Weak};

/// Where a token is in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

/// The place of the first token, of which it is true also where it has no children yet and there is no vector.
pub(super) const ROOT: Place = Place(0);

/// The index of a link: twice that of its place, and one more for the head.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Index(u32);

/// The head of the doomed, which is of no place.
const DOOMED: Index = Index(u32::MAX);

/// How many places are kept for later where there are no more children.
const KEPT: usize = 64;

#[derive(Clone, Copy)]
struct Link {
    previous: Index,
    next: Index,
}

struct Entry {
    own: Link,
    head: Link,
    node: Weak<Node>,
}

pub(super) struct Tree {
    entries: Vec<Entry>,
    doomed: Link,
    /// The first of the free places.
    free: Option<Place>,
    /// How many are neither free nor the root.
    children: usize,
}

impl Place {
    fn own(self) -> Index {
        Index(2 * self.0)
    }

    fn head(self) -> Index {
        Index(2 * self.0 + 1)
    }
}

impl Link {
    /// A ring of this one link.
    fn alone(at: Index) -> Self {
        Self {
            previous: at,
            next: at,
        }
    }
}

impl Tree {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            doomed: Link::alone(DOOMED),
            free: None,
            children: 0,
        }
    }

    fn link(&mut self, at: Index) -> &mut Link {
        if at == DOOMED {
            return &mut self.doomed;
        }
        let entry = &mut self.entries[(at.0 / 2) as usize];
        match at.0 % 2 {
            0 => &mut entry.own,
            _ => &mut entry.head,
        }
    }

    fn join(&mut self, previous: Index, next: Index) {
        self.link(previous).next = next;
        self.link(next).previous = previous;
    }

    /// Leaves the rest of its ring closed, and the link alone.
    fn take_out(&mut self, at: Index) {
        let Link { previous, next } = *self.link(at);
        self.join(previous, next);
        self.join(at, at);
    }

    /// The ring without this link, which is then alone: its first and last. `None` if it was alone.
    fn rest(&mut self, head: Index) -> Option<(Index, Index)> {
        let Link {
            previous: last,
            next: first,
        } = *self.link(head);
        self.join(head, head);
        (first != head).then_some((first, last))
    }

    /// How many are neither free nor the root.
    #[cfg(all(test, not(heist_loom)))]
    pub(super) fn children(&self) -> usize {
        self.children
    }

    /// Adds a place below `parent`.
    pub(super) fn insert(&mut self, parent: Place, node: Weak<Node>) -> Place {
        if self.entries.is_empty() {
            self.push(Weak::new());
        }
        let place = match self.free {
            Some(place) => {
                let next = self.link(place.own()).next;
                self.free = (next != place.own()).then_some(Place(next.0 / 2));
                self.join(place.own(), place.own());
                self.entries[place.0 as usize].node = node;
                place
            }
            None => self.push(node),
        };
        self.children += 1;
        let last = self.link(parent.head()).previous;
        self.join(last, place.own());
        self.join(place.own(), parent.head());
        place
    }

    fn push(&mut self, node: Weak<Node>) -> Place {
        let index = u32::try_from(self.entries.len()).ok();
        let index = index.filter(|&index| index < u32::MAX / 2);
        let place = Place(index.expect("a tree of fewer than 2³¹ tokens"));
        self.entries.push(Entry {
            own: Link::alone(place.own()),
            head: Link::alone(place.head()),
            node,
        });
        place
    }

    /// The place of a token that goes: its children are those of its parent from now on.
    pub(super) fn remove(&mut self, place: Place) {
        if self.entries.is_empty() {
            return;
        }
        if let Some((first, last)) = self.rest(place.head()) {
            let Link { previous, next } = *self.link(place.own());
            if next == place.own() {
                // Nobody above: they are in a ring without a head, from which they still can leave.
                self.join(last, first);
            } else {
                self.join(previous, first);
                self.join(last, next);
                self.join(place.own(), place.own());
            }
        }
        self.free(place);
    }

    /// Dooms the children of a place, before all others. False: it has none.
    pub(super) fn doom_children(&mut self, place: Place) -> bool {
        if !self.entries.is_empty()
            && let Some((first, last)) = self.rest(place.head())
        {
            let next = self.doomed.next;
            self.join(DOOMED, first);
            self.join(last, next);
            true
        } else {
            false
        }
    }

    /// Frees a place that has no children.
    pub(super) fn free(&mut self, place: Place) {
        if self.entries.is_empty() {
            return;
        }
        self.take_out(place.own());
        self.entries[place.0 as usize].node = Weak::new();
        if place == ROOT {
            // Those that are born cancelled say that they are there.
            return;
        }
        self.children -= 1;
        if self.children == 0 && self.entries.len() > KEPT {
            // The root is alone, and comes back with its next child.
            (self.entries, self.free) = (Vec::new(), None);
        } else if let Some(next) = self.free.replace(place) {
            self.link(place.own()).next = next.own();
        }
    }

    /// Who is to be cancelled next: the first of the doomed, after its children, if it has any. Not to be dropped under the
    /// lock.
    pub(super) fn first_doomed(&mut self) -> Option<Arc<Node>> {
        loop {
            let first = self.doomed.next;
            if first == DOOMED {
                return None;
            }
            let place = Place(first.0 / 2);
            let node = self.entries[place.0 as usize].node.upgrade();
            if node.is_some() {
                return node;
            }
            // Its token goes, and is about to free the place.
            self.doom_children(place);
            self.take_out(first);
        }
    }
}
