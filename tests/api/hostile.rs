//! What nobody sends by mistake: bodies that come to far more than they look like. They are refused or taken, and never take more
//! memory or time than there is for them.

mod bodies;
mod forms;
mod memory;
mod writes;
