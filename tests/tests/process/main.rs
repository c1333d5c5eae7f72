//! Child processes on the whole runtime, for every shape of it: current-thread, and 1, 2 and 8 workers. A case is a function that is given the shape.
//!
//! No case sleeps to wait for something: a child waits for its input, or for its output to be read, and [`guarded`](heist_tests::guarded) turns a hang into a
//! failure. Where the reactor takes its portable path, all of this goes by `SIGCHLD`, else by pidfds.

mod communicate;
mod many;
mod orphans;
mod pipes;
mod support;
mod wait;

/// Makes a test of each case, for each shape.
macro_rules! suite {
    ($($module:ident: $($case:ident)+;)+) => {
        suite!(current_thread, Shape::CurrentThread, $($module: $($case)+;)+);
        suite!(workers_1, Shape::Workers(1), $($module: $($case)+;)+);
        suite!(workers_2, Shape::Workers(2), $($module: $($case)+;)+);
        suite!(workers_8, Shape::Workers(8), $($module: $($case)+;)+);
    };
    ($name:ident, $shape:expr, $($module:ident: $($case:ident)+;)+) => {
        mod $name {
            $(mod $module {
                use heist_tests::{Shape, guarded};

                $(#[test]
                fn $case() {
                    let name = concat!(stringify!($name), "::", stringify!($module), "::", stringify!($case));
                    guarded(name, || crate::$module::$case($shape));
                })+
            })+
        }
    };
}

suite! {
    communicate:
        mebibytes_through_cat
        both_outputs_at_once
        a_child_that_ends_before_it_reads
        a_child_that_never_reads
        input_without_a_pipe
        an_output_that_a_grandchild_holds;
    many:
        a_thousand_that_end_at_once;
    orphans:
        one_that_has_ended
        one_that_runs_on
        one_that_is_killed
        a_future_that_is_dropped
        one_whose_runtime_is_gone
        one_whose_runtime_rests
        a_spawn_that_fails_leaves_nothing;
    pipes:
        a_conversation
        lines
        from_one_child_to_another
        from_the_standard_library;
    wait:
        every_status_once
        given_up_and_begun_again
        by_a_task_of_another_runtime
        without_its_runtime
        the_input_ends_with_the_wait
        asked_without_waiting
        killed
        a_whole_group
        taken_by_somebody_else;
}
