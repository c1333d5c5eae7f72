//! The attributes `#[heist::main]` and `#[heist::test]`, which `heist` re-exports: use them from there, where they are described.
//!
//! Both take these arguments of tokio's attributes:
//!
//! | argument | value | meaning |
//! | --- | --- | --- |
//! | `flavor` | `"multi_thread"`, `"current_thread"` | which runtime; [`main`] has the former, [`test`] the latter by default |
//! | `worker_threads` | a number, at least 1 | how many workers a multi-thread runtime has; by default, what `heist::runtime::Builder` says |
//! | `start_paused` | `true`, `false` | whether the time of a current-thread runtime stands still at first: see `heist::time::pause` |
//! | `crate` | `"path::to::heist"` | the name of the crate `heist` where the attribute stands; by default `"::heist"` |

#![forbid(unsafe_code)]

mod arguments;
mod expand;
mod select;

use arguments::Attribute;
use proc_macro::TokenStream;

/// # Arguments
///
/// `flavor`, `worker_threads`, `start_paused` and `crate`: see the [crate's page](crate).
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Main, arguments.into(), item.into()).into()
}

/// # Arguments
///
/// `flavor`, `worker_threads`, `start_paused` and `crate`: see the [crate's page](crate).
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Test, arguments.into(), item.into()).into()
}

/// What `heist::select!` expands to, with the path of the crate before it; not for others.
#[doc(hidden)]
#[proc_macro]
pub fn __select(branches: TokenStream) -> TokenStream {
    let select = syn::parse_macro_input!(branches as select::Select);
    select::expand(select).into()
}
