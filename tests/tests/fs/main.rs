//! Files and the process's own streams on the whole runtime, for every shape of it: current-thread, and 1, 2 and 8 workers. A case is a function that is given the shape; the
//! names of the tests say which it was: `workers_8::whole::many_at_once`.
//!
//! What concerns the whole process (its descriptors, its threads, its standard input) is done in a child: `process.rs`.

mod ahead;
mod copying;
mod directories;
mod errors;
mod file;
mod places;
mod process;
mod support;
mod whole;

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
    whole:
        what_is_written_is_read
        files_that_say_nothing_of_their_length
        copies_and_links
        many_at_once
        files_that_are_slow_hold_up_no_others;
    directories:
        every_entry_once
        entries_keep_nothing_open
        trees_are_made_and_removed;
    file:
        what_is_written_is_read
        seeks_and_writes_count_from_what_was_handed_out
        reads_that_are_dropped_lose_nothing
        what_was_accepted_is_written_when_the_file_is_dropped
        what_was_accepted_is_written_when_the_runtime_ends
        slices_are_written_in_one
        appended_lines_by_many
        back_to_the_standard_library
        a_file_that_comes_back_has_its_error
        who_gives_up_leaves_no_waker
        a_pipe_as_a_file
        lines_of_a_file;
    places:
        what_is_written_is_read
        offsets_that_no_file_has
        a_buffer_that_panics
        reads_that_are_dropped_never_begin_and_writes_do;
    ahead:
        what_has_changed_is_read_anew
        what_changes_meanwhile_is_read_anew
        a_seek_that_fails_repeats_nothing;
    errors:
        what_is_not_there
        a_full_disk_is_told
        after_the_runtime
        outside_a_runtime;
    copying:
        both_ways
        one_end_first
        one_way
        an_end_is_not_asked_for_again
        megabytes_through_little_room
        errors_end_it
        who_waits_is_told_of_the_end
        a_waker_that_comes_back_as_it_is_cloned;
}
