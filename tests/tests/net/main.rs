//! Sockets and timers on the whole runtime, for every shape of it: current-thread, and 1, 2 and 8 workers. A case is a function that is given the shape; the
//! names of the tests say which it was: `workers_8::cancel::nothing_is_left_open`.
//!
//! No case sleeps to wait for something: channels say when it has happened, and [`guarded`](heist_tests::guarded) turns a hang into a failure.

mod accept;
mod async_fd;
mod cancel;
mod datagrams;
mod descriptors;
mod ends;
mod exchange;
mod http;
mod owners;
mod pipes;
mod relief;
mod shutdown;
mod streams;
mod support;
mod timers;
mod waiting;

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
    accept:
        every_connection_once
        each_of_many_gets_one
        who_leaves_takes_no_connection_along
        waiting_connections_outlive_a_want_of_descriptors
        a_want_of_descriptors_outlives_no_task;
    async_fd:
        megabytes_through_a_pipe
        each_of_many_takes_one
        who_leaves_takes_nothing_along
        a_guard_that_comes_too_late
        a_timer_of_the_kernel
        with_and_without_its_runtime;
    cancel:
        nothing_is_left_open
        in_the_middle_of_a_storm;
    datagrams:
        every_datagram_once
        each_of_many_receives_one
        who_leaves_takes_no_datagram_along
        who_is_woken_and_dropped_leaves_it
        any_number_wait_until_it_is_readable
        many_send_by_name_to_a_full_queue
        many_send_to_a_full_queue_while_connected
        a_receiver_that_is_connected_back_reads_as_it_is_sent_to
        a_want_of_descriptors_is_no_wait_without_end
        the_end_of_receiving
        an_echo_between_many
        from_runtime_to_runtime
        without_its_runtime_there_are_errors;
    ends:
        the_end_that_came_with_the_data
        the_end_that_comes_between_the_event_and_the_read
        half_of_a_connection
        a_reset_while_both_ways_wait
        data_before_a_reset;
    exchange:
        an_echo_of_a_mebibyte
        a_storm_of_connections
        one_stream_in_two_tasks
        a_reader_that_takes_its_time
        looking_without_taking
        connecting_to_who_does_not_answer;
    http:
        a_server_that_closes
        a_client_that_closes
        a_connection_that_is_kept
        over_a_unix_socket;
    owners:
        from_task_to_task
        from_runtime_to_runtime
        accepted_by_whoever
        to_the_standard_library_and_back
        dropped_while_a_task_waits;
    pipes:
        mebibytes_in_chunks
        the_other_end_goes
        any_number_wait
        a_receiver_waits_for_the_first_sender
        one_sender_after_another
        opened_wrongly
        opened_for_both_ways
        blocking_and_not
        without_its_runtime;
    shutdown:
        who_waits_gets_an_error
        what_comes_after_gets_an_error
        unix_streams_and_halves
        datagrams_and_descriptors
        a_connection_that_is_being_made
        under_a_poll_that_goes_on;
    streams:
        sixteen_in_accept
        sixteen_in_readable
        sixteen_in_writable
        halves_in_two_tasks
        a_listener_as_a_stream
        an_empty_buffer_is_full_at_once
        an_empty_buffer_takes_nothing
        nothing_is_left_open;
    waiting:
        the_last_waker_is_woken
        any_number_of_tasks
        a_waker_that_is_gone
        what_is_ready_stays_so
        who_is_woken_and_goes_passes_it_on
        who_is_woken_and_goes_leaves_the_room_to_others;
    timers:
        ten_thousand_at_random
        a_timeout_over_a_read
        ticks_beside_busy_tasks
        in_the_root_future
        as_late_as_the_kernel
        a_deadline_that_moves;
}
