//! From an `async fn` to one that blocks on its body. In come the tokens of an attribute and of the function under it, out go
//! those of the function that takes its place; the two attributes in `lib` call it.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Path, ReturnType, Signature, Type, Visibility};

use crate::arguments::{Arguments, Attribute, Flavor};

/// A function whose body is left unparsed: rustc reports what is wrong in there better than we could.
struct Function {
    attributes: Vec<syn::Attribute>,
    visibility: Visibility,
    signature: Signature,
    inner_attributes: Vec<syn::Attribute>,
    body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(syn::Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        let content;
        let brace = syn::braced!(content in input);
        let inner_attributes = content.call(syn::Attribute::parse_inner)?;
        let mut body = Group::new(Delimiter::Brace, content.parse()?);
        body.set_span(ours_at(brace.span.join()));
        Ok(Self {
            attributes,
            visibility,
            signature,
            inner_attributes,
            body,
        })
    }
}

/// Expands `attribute`. Whatever is wrong, a function of the name is left where there was one, so that the error is not
/// followed by others that it caused.
pub(crate) fn expand(
    attribute: Attribute,
    arguments: TokenStream,
    item: TokenStream,
) -> TokenStream {
    let mut function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => return with_error(item, error),
    };
    if function.signature.asyncness.is_none() {
        let message = format!(
            "`{}` needs an `async fn`: add `async` here",
            attribute.name()
        );
        return with_error(
            item,
            Error::new_spanned(function.signature.fn_token, message),
        );
    }
    let (arguments, wrong) = Arguments::parse(attribute, arguments);
    match wrong.or_else(|| check_function(attribute, &arguments, &function).err()) {
        None => {
            let test =
                (attribute == Attribute::Test).then(|| quote! { #[::core::prelude::v1::test] });
            let function = blocking(attribute, &arguments, function);
            quote! { #test #function }
        }
        Some(error) => {
            // No test: what its attributes would say of it has been said.
            function
                .attributes
                .retain(|other| !is_test(other.path(), &arguments.heist));
            with_error(blocking(attribute, &arguments, function), error)
        }
    }
}

fn with_error(mut tokens: TokenStream, error: Error) -> TokenStream {
    tokens.extend(error.into_compile_error());
    tokens
}

fn check_function(
    attribute: Attribute,
    arguments: &Arguments,
    function: &Function,
) -> syn::Result<()> {
    let signature = &function.signature;
    // Other functions may have arguments: `#[main]` also makes an ordinary, blocking function of an async one.
    let who = match attribute {
        Attribute::Main => (signature.ident == "main").then_some("`main`"),
        Attribute::Test => Some("a test"),
    };
    if let (Some(who), false) = (who, signature.inputs.is_empty()) {
        let message = format!("{who} takes no arguments");
        return Err(Error::new_spanned(&signature.inputs, message));
    }
    let mut others = function.attributes.iter();
    let second = others.find(|other| is_test(other.path(), &arguments.heist));
    if let (Attribute::Test, Some(second)) = (attribute, second) {
        let message =
            "a second test attribute: `#[heist::test]` makes a test by itself, so remove this one";
        return Err(Error::new_spanned(second, message));
    }
    Ok(())
}

/// Is this the standard library's `test`, ours or tokio's? (Others' may be made to stand beside a runtime's.)
fn is_test(path: &Path, heist: &TokenStream) -> bool {
    let path = path.to_token_stream().to_string().replace(' ', "");
    let Some(of) = path.trim_start_matches("::").strip_suffix("test") else {
        return false;
    };
    let heist = format!("{}::", heist.to_string().replace(' ', ""));
    matches!(
        of,
        "" | "heist::" | "tokio::" | "core::prelude::v1::" | "std::prelude::v1::"
    ) || of == heist.trim_start_matches("::")
}

/// The function itself, made to block on what was its body.
fn blocking(attribute: Attribute, arguments: &Arguments, function: Function) -> TokenStream {
    let Function {
        attributes,
        visibility,
        mut signature,
        inner_attributes,
        body,
    } = function;
    let asyncness = signature.asyncness.take();

    let hint = hint(&signature);
    let future = quote! { #asyncness move { #hint #body } };

    let Arguments {
        flavor,
        worker_threads,
        start_paused,
        heist,
    } = arguments;
    let call = match (attribute, flavor, worker_threads) {
        (Attribute::Main, Flavor::MultiThread, None) => quote! { #heist::run(#future) },
        _ => {
            let new = match flavor {
                Flavor::MultiThread => quote!(new_multi_thread),
                Flavor::CurrentThread => quote!(new_current_thread),
            };
            let worker_threads = worker_threads.map(|threads| quote! { .worker_threads(#threads) });
            let start_paused = start_paused.then(|| quote! { .start_paused(true) });
            quote! {
                #heist::runtime::Builder::#new()
                    #worker_threads
                    #start_paused
                    .build()
                    .expect("the runtime cannot be built")
                    .run(#future)
            }
        }
    };
    quote! {
        #(#attributes)*
        #visibility #signature {
            #(#inner_attributes)*
            #call
        }
    }
}

/// States what `signature` returns, on an edge that is never taken.
///
/// Alone, an async block gets its type from the first value that it returns. With this in front of that, `?`, `return` and
/// coercions mean what they mean in an `async fn`, and what doesn't fit is reported in the body. A closure states it because
/// its type may have elided lifetimes, unlike that of a `let`.
fn hint(signature: &Signature) -> Option<TokenStream> {
    let (output, place) = match &signature.output {
        ReturnType::Default => (quote!(()), signature.ident.span()),
        ReturnType::Type(_, output) if matches!(**output, Type::Never(_)) => return None,
        ReturnType::Type(_, output) if mentions_impl(output.to_token_stream()) => return None,
        ReturnType::Type(_, output) => (output.to_token_stream(), output.span()),
    };
    Some(quote_spanned! {ours_at(place)=> if false { return (|| -> #output { loop {} })(); } })
}

/// A span that is the macro's, to lints and to name resolution, but is shown at `place`.
fn ours_at(place: Span) -> Span {
    Span::mixed_site().located_at(place)
}

/// A function may return an `impl Trait`, a closure cannot say so.
fn mentions_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => mentions_impl(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(expanded: TokenStream, expected: TokenStream) {
        assert_eq!(expanded.to_string(), expected.to_string());
    }

    /// The message of the one `compile_error!` in `expanded`, and what stands before it.
    #[track_caller]
    fn split_error(expanded: TokenStream) -> (String, String) {
        let expanded = expanded.to_string();
        let (before, error) = expanded
            .split_once(":: core :: compile_error !")
            .unwrap_or_else(|| panic!("no error in {expanded}"));
        assert!(!error.contains("compile_error"), "two errors in {expanded}");
        let message = error
            .trim()
            .trim_start_matches("{ \"")
            .trim_end_matches("\" }");
        (before.trim().to_owned(), message.to_owned())
    }

    #[test]
    fn main_runs() {
        same(
            expand(
                Attribute::Main,
                quote!(),
                quote!(
                    async fn main() {
                        one();
                        two()
                    }
                ),
            ),
            quote!(
                fn main() {
                    ::heist::run(async move {
                        if false {
                            return (|| -> () { loop {} })();
                        }
                        {
                            one();
                            two()
                        }
                    })
                }
            ),
        );
    }

    #[test]
    fn everything_else_of_the_function_stays() {
        same(
            expand(
                Attribute::Main,
                quote!(crate = "renamed::heist"),
                quote!(
                    /// Documented.
                    #[must_use]
                    pub(crate) async unsafe fn f<'a, T: A>(self, (a, mut b): &'a T) -> B<'a>
                    where
                        T: C,
                    {
                        #![expect(dead_code)]
                        a
                    }
                ),
            ),
            quote!(
                /// Documented.
                #[must_use]
                pub(crate) unsafe fn f<'a, T: A>(self, (a, mut b): &'a T) -> B<'a>
                where
                    T: C,
                {
                    #![expect(dead_code)]
                    renamed::heist::run(async move {
                        if false {
                            return (|| -> B<'a> { loop {} })();
                        }
                        { a }
                    })
                }
            ),
        );
    }

    #[test]
    fn main_builds_what_it_is_told() {
        for (arguments, builder) in [
            (
                quote!(worker_threads = 3),
                quote!(new_multi_thread().worker_threads(3usize)),
            ),
            (
                quote!(flavor = "multi_thread", worker_threads = 3),
                quote!(new_multi_thread().worker_threads(3usize)),
            ),
            (
                quote!(flavor = "current_thread", start_paused = true),
                quote!(new_current_thread().start_paused(true)),
            ),
            (
                quote!(flavor = "current_thread"),
                quote!(new_current_thread()),
            ),
        ] {
            same(
                expand(
                    Attribute::Main,
                    arguments,
                    quote!(
                        async fn main() -> ! {
                            end()
                        }
                    ),
                ),
                quote!(
                    fn main() -> ! {
                        ::heist::runtime::Builder::#builder
                            .build()
                            .expect("the runtime cannot be built")
                            .run(async move { { end() } })
                    }
                ),
            );
        }
    }

    #[test]
    fn a_test_is_a_test() {
        same(
            expand(
                Attribute::Test,
                quote!(),
                quote!(
                    #[ignore = "slow"]
                    #[should_panic(expected = "boom")]
                    async fn panics() -> impl Termination {}
                ),
            ),
            quote!(
                #[::core::prelude::v1::test]
                #[ignore = "slow"]
                #[should_panic(expected = "boom")]
                fn panics() -> impl Termination {
                    ::heist::runtime::Builder::new_current_thread()
                        .build()
                        .expect("the runtime cannot be built")
                        .run(async move { {} })
                }
            ),
        );
        let expanded = expand(
            Attribute::Test,
            quote!(flavor = "multi_thread"),
            quote!(
                async fn t() {}
            ),
        );
        assert!(expanded.to_string().contains("new_multi_thread () . build"));
    }

    #[test]
    fn not_async() {
        for (attribute, message) in [
            (
                Attribute::Main,
                "`#[heist::main]` needs an `async fn`: add `async` here",
            ),
            (
                Attribute::Test,
                "`#[heist::test]` needs an `async fn`: add `async` here",
            ),
        ] {
            let item = quote!(
                fn f() {}
            );
            let (before, error) = split_error(expand(attribute, quote!(), item.clone()));
            assert_eq!((before, error), (item.to_string(), message.to_owned()));
        }
    }

    #[test]
    fn not_a_function() {
        let item = quote!(
            struct Main;
        );
        let (before, _) = split_error(expand(Attribute::Main, quote!(), item.clone()));
        assert_eq!(before, item.to_string());
    }

    #[test]
    fn wrong_arguments_leave_the_function() {
        let item = quote!(
            async fn f() {}
        );
        let expanded = expand(Attribute::Test, quote!(flavor = 1), item);
        let (before, error) = split_error(expanded);
        assert_eq!(error, "expected string literal");
        assert!(before.starts_with("fn f () { :: heist"), "{before}");
    }

    /// What is left finds the crate by the path that was given.
    #[test]
    fn what_is_left_of_the_function_knows_the_crate() {
        let item = quote!(
            #[test]
            async fn f() {}
        );
        for arguments in [
            quote!(flavor = 1, crate = "renamed"),
            quote!(crate = "renamed", worker_threads = 2),
            quote!(crate = "renamed"),
        ] {
            let (before, _) = split_error(expand(Attribute::Test, arguments, item.clone()));
            assert!(before.starts_with("fn f () { renamed ::"), "{before}");
        }
    }

    #[test]
    fn arguments_of_the_function() {
        let function = quote!(
            async fn main(a: u32) {}
        );
        let (_, error) = split_error(expand(Attribute::Main, quote!(), function.clone()));
        assert_eq!(error, "`main` takes no arguments");
        let (_, error) = split_error(expand(Attribute::Test, quote!(), function));
        assert_eq!(error, "a test takes no arguments");
    }

    #[test]
    fn two_test_attributes() {
        for second in [
            quote!(#[test]),
            quote!(#[heist::test]),
            quote!(#[::heist::test(worker_threads = 2)]),
            quote!(#[renamed::test]),
            quote!(#[tokio::test]),
            quote!(#[core::prelude::v1::test]),
        ] {
            let function = quote!(#[ignore] #second async fn f() {});
            let arguments = quote!(crate = "::renamed");
            let (_, error) = split_error(expand(Attribute::Test, arguments, function));
            assert_eq!(
                error,
                "a second test attribute: `#[heist::test]` makes a test by itself, so remove this one"
            );
        }
        let function = quote!(
            #[cfg(test)]
            #[other::test]
            #[my_test]
            async fn f() {}
        );
        let expanded = expand(Attribute::Test, quote!(), function);
        assert!(!expanded.to_string().contains("compile_error"));
    }
}
