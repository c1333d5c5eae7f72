//! What `select!` expands to: branches come in, a block goes out that awaits them and runs the handler of the first that is ready.
//!
//! The futures are pinned in variables of an inner block, which ends before a handler runs: so a handler may use what its branch has borrowed. Whether a pattern fits is asked by
//! a match whose guard never holds, which binds nothing for good, whatever the pattern.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::token::Brace;
use syn::{Block, Error, Expr, Ident, Pat, Path, Result, Token};

/// The bits of the mask that says which branches are out.
const MOST: usize = 64;

/// `crate = path; biased; branch … else => handler`.
pub(crate) struct Select {
    heist: Path,
    is_biased: bool,
    branches: Vec<Branch>,
    otherwise: Option<Expr>,
}

/// `pattern = future, if condition => handler,`.
struct Branch {
    pattern: Pat,
    future: Expr,
    condition: Option<Expr>,
    handler: Expr,
}

mod keyword {
    syn::custom_keyword!(biased);
}

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        input.parse::<Token![crate]>()?;
        input.parse::<Token![=]>()?;
        let heist = input.call(Path::parse_mod_style)?;
        input.parse::<Token![;]>()?;
        let is_biased = input.peek(keyword::biased) && input.peek2(Token![;]);
        if is_biased {
            input.parse::<keyword::biased>()?;
            input.parse::<Token![;]>()?;
        }
        let mut branches = Vec::new();
        let mut otherwise = None;
        while !input.is_empty() {
            if let Some(otherwise_token) = input.parse::<Option<Token![else]>>()? {
                input.parse::<Token![=>]>()?;
                otherwise = Some(parse_handler(input)?);
                if !input.is_empty() {
                    return Err(Error::new(
                        otherwise_token.span,
                        "`else` comes last: move it behind the other branches",
                    ));
                }
            } else if branches.len() == MOST {
                return Err(input.error(
                    "`select!` has room for 64 branches: put some into an inner `select!`",
                ));
            } else {
                branches.push(input.parse()?);
            }
        }
        if branches.is_empty() && otherwise.is_none() {
            return Err(input.error("`select!` needs a branch: `pattern = future => handler`"));
        }
        Ok(Self {
            heist,
            is_biased,
            branches,
            otherwise,
        })
    }
}

impl Parse for Branch {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let pattern = input.call(Pat::parse_multi_with_leading_vert)?;
        input.parse::<Token![=]>()?;
        let future = input.parse()?;
        let mut condition = None;
        if input.parse::<Option<Token![,]>>()?.is_some() {
            input.parse::<Token![if]>()?;
            condition = Some(input.parse()?);
        }
        input.parse::<Token![=>]>()?;
        Ok(Self {
            pattern,
            future,
            condition,
            handler: parse_handler(input)?,
        })
    }
}

/// A block, after which there may be a comma, or an expression, after which there must be one, unless it is the last.
fn parse_handler(input: ParseStream<'_>) -> Result<Expr> {
    if input.peek(Brace) {
        let block: Block = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        return Ok(syn::parse_quote!(#block));
    }
    let handler = input.parse()?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(handler)
}

pub(crate) fn expand(select: Select) -> TokenStream {
    let Select {
        heist,
        is_biased,
        branches,
        otherwise,
    } = select;
    let count = branches.len();
    let numbers = 0..count;
    let name = |prefix: &'static str| {
        let name =
            move |number| format_ident!("{prefix}{number}", span = proc_macro2::Span::mixed_site());
        (0..count).map(name).collect::<Vec<Ident>>()
    };
    let (futures, variants) = (name("future"), name("Branch"));
    let patterns: Vec<_> = branches.iter().map(|branch| &branch.pattern).collect();
    let expressions = branches.iter().map(|branch| &branch.future);
    let handlers = branches.iter().map(|branch| &branch.handler);
    let conditions = branches.iter().map(|branch| match &branch.condition {
        Some(condition) => quote!(#condition),
        None => quote!(true),
    });
    let order = if is_biased {
        quote!(in_order)
    } else {
        quote!(in_turn)
    };
    let otherwise = match otherwise {
        Some(handler) => quote!(#handler),
        None => quote!(#heist::__select::all_are_out()),
    };
    quote! {{
        // Which has completed, and its output. An item has no hygiene: the users' code finds this name before those of its own.
        enum __HeistSelected<#(#variants),*> {
            #(#variants(#variants),)*
            Out,
        }
        // Before the futures are made, which may borrow what the conditions are about.
        let mut enabled = #heist::__select::Enabled::new(&[#(#conditions),*]);
        let outcome = {
            #(
                let mut #futures =
                    ::core::pin::pin!(::core::future::IntoFuture::into_future(#expressions));
            )*
            ::core::future::poll_fn(|cx| {
                if !#heist::__select::may_go_on(cx) {
                    return ::core::task::Poll::Pending;
                }
                for branch in #heist::__select::#order(#count) {
                    match branch {
                        #(
                            #numbers => {
                                if !enabled.has(#numbers) {
                                    continue;
                                }
                                let ::core::task::Poll::Ready(output) =
                                    ::core::future::Future::poll(#futures.as_mut(), cx)
                                else {
                                    continue;
                                };
                                enabled.remove(#numbers);
                                let mut fits = false;
                                #[allow(unused_variables, unused_mut, unreachable_patterns, unreachable_code)]
                                match output {
                                    #patterns if { fits = true; false } => ::core::unreachable!(),
                                    _ => {}
                                }
                                if fits {
                                    #heist::__select::goes_on(cx);
                                    return ::core::task::Poll::Ready(__HeistSelected::#variants(output));
                                }
                            }
                        )*
                        _ => ::core::unreachable!(),
                    }
                }
                if enabled.is_empty() {
                    ::core::task::Poll::Ready(__HeistSelected::Out)
                } else {
                    ::core::task::Poll::Pending
                }
            })
            .await
        };
        #[allow(unreachable_patterns)]
        match outcome {
            #(__HeistSelected::#variants(#patterns) => #handlers,)*
            __HeistSelected::Out => #otherwise,
            _ => ::core::unreachable!("the pattern fitted when it was tried"),
        }
    }}
}
