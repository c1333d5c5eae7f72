//! What an attribute says about its runtime. In come the tokens between the attribute's parentheses, out go checked
//! [`Arguments`], and what is wrong with them; `expand` calls it.

use std::num::NonZeroUsize;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, Parser};
use syn::{Error, LitBool, LitInt, LitStr, Path, Result, Token};

/// The two attributes of this crate.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Attribute {
    Main,
    Test,
}

impl Attribute {
    /// What a user calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Main => "#[heist::main]",
            Self::Test => "#[heist::test]",
        }
    }

    fn default_flavor(self) -> Flavor {
        match self {
            Self::Main => Flavor::MultiThread,
            Self::Test => Flavor::CurrentThread,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flavor {
    MultiThread,
    CurrentThread,
}

impl Flavor {
    fn parse(name: &LitStr) -> Result<Self> {
        match name.value().as_str() {
            "multi_thread" => Ok(Self::MultiThread),
            "current_thread" => Ok(Self::CurrentThread),
            unknown => Err(Error::new(
                name.span(),
                format!(
                    "unknown flavor `{unknown}`; the flavors are \"multi_thread\" and \"current_thread\""
                ),
            )),
        }
    }
}

/// Arguments that fit together.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) flavor: Flavor,
    /// Only with `MultiThread`; at least 1.
    pub(crate) worker_threads: Option<usize>,
    /// Only with `CurrentThread`.
    pub(crate) start_paused: bool,
    /// The path of the crate `heist`, as the expansion's surroundings see it.
    pub(crate) heist: TokenStream,
}

impl Arguments {
    /// What `attribute` means without arguments.
    pub(crate) fn default_of(attribute: Attribute) -> Self {
        Self {
            flavor: attribute.default_flavor(),
            worker_threads: None,
            start_paused: false,
            heist: quote!(::heist),
        }
    }

    /// What `attribute` means with these arguments, and what is wrong with them: the first error. What is wrong is left out.
    pub(crate) fn parse(attribute: Attribute, tokens: TokenStream) -> (Self, Option<Error>) {
        let mut given = Given::default();
        let mut wrong = None;
        let parser = syn::meta::parser(|argument| {
            if let Err(error) = given.take(&argument) {
                wrong.get_or_insert(error);
                // The others are wanted all the same.
                while !argument.input.is_empty() && !argument.input.peek(Token![,]) {
                    argument.input.parse::<TokenTree>()?;
                }
            }
            Ok(())
        });
        let parsed = parser.parse2(tokens);
        let mut arguments = Self::default_of(attribute);
        let checked = given.check(attribute, &mut arguments);
        (arguments, wrong.or(parsed.err()).or(checked.err()))
    }
}

/// The arguments as they are given, each at most once.
#[derive(Default)]
struct Given {
    flavor: Option<LitStr>,
    worker_threads: Option<LitInt>,
    start_paused: Option<LitBool>,
    heist: Option<LitStr>,
}

impl Given {
    fn take(&mut self, argument: &ParseNestedMeta<'_>) -> Result<()> {
        let name = argument.path.to_token_stream().to_string();
        match name.as_str() {
            "flavor" => set(&mut self.flavor, argument),
            "worker_threads" => set(&mut self.worker_threads, argument),
            "crate" => set(&mut self.heist, argument),
            "start_paused" => set(&mut self.start_paused, argument),
            _ => Err(argument.error(format!(
                "unknown argument `{name}`; the arguments are `flavor`, `worker_threads`, `start_paused` and `crate`"
            ))),
        }
    }

    /// Puts what the arguments mean into `arguments`, as long as they mean something and fit together.
    fn check(self, attribute: Attribute, arguments: &mut Arguments) -> Result<()> {
        // First: an expansion that reports what is wrong with the others needs it, too.
        if let Some(path) = &self.heist {
            arguments.heist = path.parse_with(Path::parse_mod_style)?.to_token_stream();
        }
        let mut by_default = format!(" (`{}` has another by default)", attribute.name());
        if let Some(flavor) = &self.flavor {
            arguments.flavor = Flavor::parse(flavor)?;
            by_default.clear();
        }
        if let Some(paused) = &self.start_paused {
            if paused.value && arguments.flavor != Flavor::CurrentThread {
                let message = "where it is known when nothing is left to do";
                let message = format!(
                    "`start_paused` needs `flavor = \"current_thread\"`{by_default}, {message}"
                );
                return Err(Error::new(paused.span(), message));
            }
            arguments.start_paused = paused.value;
        }
        if let Some(threads) = &self.worker_threads {
            if arguments.flavor != Flavor::MultiThread {
                let message = "a current-thread runtime has no workers";
                let message = format!(
                    "`worker_threads` needs `flavor = \"multi_thread\"`{by_default}: {message}"
                );
                return Err(Error::new(threads.span(), message));
            }
            let message = "`worker_threads` must be at least 1 and fit in a `usize`";
            let threads = threads
                .base10_parse::<NonZeroUsize>()
                .map_err(|_| Error::new(threads.span(), message))?;
            arguments.worker_threads = Some(threads.get());
        }
        Ok(())
    }
}

/// Fills the place of one argument from `name = literal`.
fn set<L: Parse>(place: &mut Option<L>, argument: &ParseNestedMeta<'_>) -> Result<()> {
    let name = argument.path.to_token_stream();
    if place.is_some() {
        return Err(argument.error(format!("`{name}` is given twice")));
    }
    // syn's own message is at the attribute as a whole, if nothing follows the name.
    let no_value = |_| argument.error(format!("`{name}` needs a value: `{name} = …`"));
    *place = Some(argument.value().map_err(no_value)?.parse()?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(attribute: Attribute, tokens: TokenStream) -> Arguments {
        let (arguments, wrong) = Arguments::parse(attribute, tokens);
        assert!(wrong.is_none(), "{wrong:?}");
        arguments
    }

    fn error(attribute: Attribute, tokens: TokenStream) -> String {
        let (_, wrong) = Arguments::parse(attribute, tokens);
        let wrong = wrong.expect("these arguments are bad").into_iter();
        let messages: Vec<_> = wrong.map(|error| error.to_string()).collect();
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.concat()
    }

    #[test]
    fn defaults() {
        for (attribute, flavor) in [
            (Attribute::Main, Flavor::MultiThread),
            (Attribute::Test, Flavor::CurrentThread),
        ] {
            let arguments = parse(attribute, quote!());
            assert_eq!(arguments.flavor, flavor);
            assert_eq!(arguments.worker_threads, None);
            assert_eq!(arguments.heist.to_string(), quote!(::heist).to_string());
        }
    }

    #[test]
    fn every_argument() {
        let arguments = parse(
            Attribute::Test,
            quote!(
                worker_threads = 0x10,
                crate = "crate::a::b",
                flavor = "multi_thread",
            ),
        );
        assert_eq!(arguments.flavor, Flavor::MultiThread);
        assert_eq!(arguments.worker_threads, Some(16));
        assert_eq!(arguments.heist.to_string(), quote!(crate::a::b).to_string());
        let arguments = parse(Attribute::Main, quote!(flavor = "current_thread"));
        assert_eq!(arguments.flavor, Flavor::CurrentThread);
    }

    #[test]
    fn what_is_wrong_leaves_the_rest() {
        for tokens in [
            quote!(crate = "renamed", threads = 4),
            quote!(threads(4, 5), crate = "renamed"),
            quote!(flavor = multi::thread, crate = "renamed"),
            quote!(start_paused = true, crate = "renamed", worker_threads),
            quote!(worker_threads = 0, crate = "renamed"),
            quote!(flavor = "local", crate = "renamed"),
            quote!(crate = "renamed", 3),
        ] {
            let (arguments, wrong) = Arguments::parse(Attribute::Main, tokens);
            assert!(wrong.is_some());
            assert_eq!(arguments.heist.to_string(), "renamed");
        }
    }

    #[test]
    fn unknown_argument() {
        for tokens in [quote!(threads = 4), quote!(threads), quote!(threads(4))] {
            assert_eq!(
                error(Attribute::Main, tokens),
                "unknown argument `threads`; the arguments are `flavor`, `worker_threads`, `start_paused` and `crate`"
            );
        }
    }

    #[test]
    fn unknown_flavor() {
        assert_eq!(
            error(Attribute::Main, quote!(flavor = "local")),
            "unknown flavor `local`; the flavors are \"multi_thread\" and \"current_thread\""
        );
    }

    #[test]
    fn given_twice() {
        for (argument, name) in [
            (quote!(flavor = "multi_thread"), "flavor"),
            (quote!(worker_threads = 2), "worker_threads"),
            (quote!(crate = "heist"), "crate"),
        ] {
            assert_eq!(
                error(Attribute::Main, quote!(#argument, #argument)),
                format!("`{name}` is given twice")
            );
        }
    }

    #[test]
    fn no_value_or_one_of_another_type() {
        for (argument, message) in [
            (quote!(flavor), "`flavor` needs a value: `flavor = …`"),
            (
                quote!(flavor, crate = "heist"),
                "`flavor` needs a value: `flavor = …`",
            ),
            (
                quote!(flavor("multi_thread")),
                "`flavor` needs a value: `flavor = …`",
            ),
            (quote!(flavor = multi_thread), "expected string literal"),
            (quote!(worker_threads = "2"), "expected integer literal"),
            (quote!(crate = heist), "expected string literal"),
            (quote!(crate = "3"), "expected identifier"),
        ] {
            assert_eq!(error(Attribute::Main, argument), message);
        }
    }

    #[test]
    fn worker_threads_out_of_range() {
        for number in [quote!(0), quote!(-1), quote!(99999999999999999999)] {
            assert_eq!(
                error(Attribute::Main, quote!(worker_threads = #number)),
                "`worker_threads` must be at least 1 and fit in a `usize`"
            );
        }
    }

    #[test]
    fn worker_threads_of_a_current_thread_runtime() {
        assert_eq!(
            error(
                Attribute::Main,
                quote!(worker_threads = 2, flavor = "current_thread")
            ),
            "`worker_threads` needs `flavor = \"multi_thread\"`: a current-thread runtime has no workers"
        );
        assert_eq!(
            error(Attribute::Test, quote!(worker_threads = 2)),
            "`worker_threads` needs `flavor = \"multi_thread\"` (`#[heist::test]` has another by default): \
             a current-thread runtime has no workers"
        );
    }

    #[test]
    fn start_paused() {
        assert!(!parse(Attribute::Test, quote!()).start_paused);
        assert!(parse(Attribute::Test, quote!(start_paused = true)).start_paused);
        let tokens = quote!(start_paused = true, flavor = "current_thread");
        assert!(parse(Attribute::Main, tokens).start_paused);
        assert!(!parse(Attribute::Main, quote!(start_paused = false)).start_paused);
        assert_eq!(
            error(Attribute::Test, quote!(start_paused)),
            "`start_paused` needs a value: `start_paused = …`"
        );
        assert_eq!(
            error(Attribute::Main, quote!(start_paused = true)),
            "`start_paused` needs `flavor = \"current_thread\"` (`#[heist::main]` has another by default), where it is known when nothing is left to do"
        );
    }
}
