//! One suite for every shape of runtime: current-thread, and 1, 2 and 8 workers. A case is a function that is given the shape; the names of
//! the tests say which it was: `workers_8::shutdown::a_drop_waits_for_running_polls`.
//!
//! No case sleeps to wait for something: channels say when it has happened, and [`guarded`](heist_tests::guarded) turns a hang into a failure.

mod abort;
mod block_on;
mod blocking;
mod bounded_shutdown;
mod clean_ups;
mod combinations;
mod contexts;
mod destructors;
mod enter;
mod failures;
mod fairness;
mod gather;
mod groups;
mod join;
mod join_set;
mod leaving;
mod local_set;
mod locals;
mod metrics;
mod orders;
mod panics;
mod park_hooks;
mod regressions;
mod runtimes;
mod select;
mod shutdown;
mod shutdown_inside;
mod spawn;
mod stress;
mod tasks;
mod thread_locals;
mod threads;
mod timers;
mod wake;

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
    spawn:
        a_task_gives_its_output
        outputs_of_every_layout
        many_tasks
        a_tree_of_tasks
        a_chain_of_tasks
        a_task_that_nobody_awaits_runs
        from_an_outside_thread
        from_several_outside_threads_at_once
        before_anybody_blocks_on_the_runtime
        through_every_way_in
        a_large_future
        ids_are_unique_and_known_inside
        the_current_id_is_put_back;
    join:
        the_last_waker_is_woken
        wakers_are_let_go
        after_completion_it_panics
        on_a_thread_without_a_runtime
        on_another_runtime
        a_finished_task_says_so
        a_handle_that_is_dropped_drops_the_output
        whichever_comes_first_nothing_is_dropped_twice
        futures_are_dropped_before_the_handle_resolves
        many_join_in_any_order
        join_and_gather;
    gather:
        none_starves_the_others
        all_are_busy
        parts_that_are_woken_from_everywhere
        biased_they_keep_their_order;
    wake:
        yielding_tasks_take_turns
        by_a_foreign_thread
        by_many_threads_at_once
        while_it_is_polled
        twice_is_once
        after_the_end
        the_waker_is_the_tasks_own
        clones_and_drops_in_a_storm
        a_ring_of_tasks
        ping_pong_by_oneshot
        ping_pong_by_notify
        the_root_by_a_foreign_thread;
    abort:
        an_idle_task
        a_queued_task_is_never_polled
        a_running_task_at_its_next_suspension
        a_running_task_that_ends_first
        a_finished_task
        twice
        from_inside_itself
        from_inside_its_last_poll
        from_its_own_destructor
        a_queued_blocking_job
        a_running_blocking_job
        by_a_handle_that_outlives_everything
        wakes_who_awaits_it
        many_at_once_from_many_threads
        its_destructor_runs_inside_the_runtime;
    clean_ups:
        after_an_abort
        of_a_task_that_nobody_awaits
        after_a_return_and_a_panic
        of_a_task_that_was_never_polled
        the_last_registered_first
        with_the_end_of_the_poll_and_of_the_future
        disarmed
        do_what_tasks_do
        of_losers_run_beside
        a_timeout_waits
        a_timeout_around_one_that_waits
        a_timeout_that_is_aborted
        that_panic
        that_panic_while_the_task_goes_on
        one_after_the_other_for_long
        in_block_on
        dropped_elsewhere
        woken_from_everywhere;
    join_set:
        in_the_order_of_their_ends
        many_come_and_go
        all_at_once
        on_another_thread_and_in_the_pool
        a_set_that_is_dropped_aborts
        shut_down_detached_and_aborted
        panics_and_aborts_are_told
        woken_whoever_waits
        futures_as_they_are_done
        futures_are_dropped_when_they_are_done
        a_shield_holds;
    groups:
        values_of_any_type
        the_first_failure_aborts_the_rest
        a_failure_takes_effect_at_once
        all_failures_are_kept
        aborted_from_inside_and_outside
        its_members_spawn_in_it
        one_in_the_other
        dropped_with_its_task
        dropped_it_polls_nobody
        dropped_with_a_failure_that_panics
        its_time_is_up
        a_body_is_part_of_it
        those_that_have_ended_leave
        a_panic_while_others_spawn
        in_a_storm;
    combinations:
        of_a_task
        of_a_member;
    orders:
        of_a_group;
    panics:
        in_a_poll
        in_a_later_poll
        the_payload_is_handed_over
        in_a_futures_drop
        in_a_poll_and_in_the_drop_after_it
        in_the_drop_of_an_aborted_future
        in_an_outputs_drop
        in_a_payloads_drop
        with_the_handle_dropped_before
        with_the_handle_dropped_after
        leave_the_workers_alive
        in_the_root_future
        in_a_blocking_job
        in_the_drop_of_a_blocking_job
        in_a_joiners_waker;
    block_on:
        borrows_and_need_not_be_send
        twice_in_a_row
        from_several_threads_at_once
        the_worker_is_handed_over
        the_worker_is_handed_over_after_a_panic
        one_that_needs_no_worker_leaves_by_itself
        timers_of_all_threads_fire
        by_a_handle_elsewhere
        in_a_blocking_job
        tasks_left_behind_go_on
        after_the_shutdown
        run_gives_the_output;
    enter:
        spawns_go_to_the_innermost
        guards_come_and_go
        a_task_knows_its_runtime
        on_many_threads;
    blocking:
        gives_its_output
        runs_on_no_worker
        is_inside_the_runtime
        inside_another
        a_thousand_at_once
        as_many_at_once_as_allowed
        one_after_the_other_in_order
        threads_are_used_again
        threads_leave_after_their_keep_alive
        a_handle_that_is_dropped
        from_an_outside_thread
        beside_a_pool_of_ones_own;
    shutdown:
        drops_idle_and_queued_tasks
        a_drop_waits_for_running_polls
        a_drop_waits_for_running_blocking_jobs
        blocking_jobs_that_wait_for_drivers
        queued_blocking_jobs_are_cancelled
        spawns_afterwards_are_cancelled
        handles_outlive_the_runtime
        who_awaits_learns_of_it
        wakers_that_are_kept
        wakers_that_are_used_meanwhile
        spawns_meanwhile
        aborts_meanwhile
        of_a_runtime_that_was_never_used
        threads_are_gone_afterwards
        another_thread_in_block_on_goes_on
        with_a_guard_that_was_leaked
        as_the_future_in_block_on_is_woken;
    contexts:
        a_queued_blocking_job
        a_refused_blocking_job
        a_task_in_a_workers_hands
        a_wait_within_a_wait_takes_no_wake;
    shutdown_inside:
        in_a_task
        in_the_background
        in_a_task_beside_blocking_jobs
        in_a_blocking_job
        in_another_runtime
        in_a_hook;
    bounded_shutdown:
        a_poll_that_is_stuck
        a_blocking_job_that_is_stuck
        a_destructor_that_is_stuck
        the_destructor_of_a_queued_job_that_is_stuck
        a_thread_locals_destructor_that_is_stuck
        a_poll_that_goes_on_to_wait_is_cancelled
        with_nothing_stuck_it_is_quick;
    leaving:
        tasks_end_while_the_workers_go_on
        what_would_not_end_is_named
        clean_ups_have_their_time
        a_clean_up_that_never_ends_is_named
        with_no_time_nothing_is_asked
        spawns_meanwhile_are_cancelled
        queued_blocking_jobs_are_cancelled
        what_merely_waits_is_not_named
        with_nothing_to_do_it_is_quick
        run_ends_by_it
        a_drop_asks_as_well
        the_runtime_has_failed
        inside_a_job_of_another;
    tasks:
        all_that_there_are
        what_each_is_about
        blocking_jobs
        those_that_ended_are_gone
        names_are_told
        while_they_come_and_go;
    local_set:
        tasks_stay_on_their_thread
        dropped_where_it_was_made
        outputs_stay_on_their_thread
        handles_go_elsewhere
        foreign_wakes_and_aborts
        the_set_ends_with_its_last_task
        dropped_with_its_tasks
        tasks_that_spawn
        destructors_that_spawn
        two_at_once
        tasks_that_never_rest
        beside_timers_and_sockets
        entered
        outside_it_panics
        polled_by_its_own_task
        panics_are_outcomes
        names;
    destructors:
        that_spawn
        that_wake
        that_enter_and_block_on
        that_spawn_blocking
        tasks_that_own_each_other
        a_task_that_owns_its_own_handle;
    thread_locals:
        a_runtime
        block_on_in_a_destructor
        that_use_the_runtime;
    threads:
        as_many_as_asked_for
        no_task_leaves_them
        names
        named_by_a_function
        a_name_function_that_panics
        hooks_are_called_once_a_thread
        hooks_that_panic
        a_hook_that_spawns
        sleep_punctually
        the_flavor;
    runtimes:
        wake_each_others_tasks
        spawn_on_each_other
        one_inside_the_other
        one_ends_while_the_other_goes_on
        many_come_and_go;
    fairness:
        of_tasks_that_wake_themselves
        of_tasks_that_are_always_ready
        of_tasks_that_wake_each_other
        of_tasks_that_spawn_their_successors
        of_more_tasks_than_the_queues_hold
        of_what_has_no_room_beside_two_that_talk
        each_of_very_many_has_its_turn
        of_the_root_future
        of_tasks_towards_the_root_future
        a_budget_ends
        who_yields_is_behind_what_comes_from_outside
        a_budget_is_each_polls_own
        unconstrained_has_none
        a_budget_holds_up_no_foreign_block_on
        a_blocked_worker_keeps_nobody
        a_blocked_worker_keeps_nobody_beside_busy_ones;
    timers:
        sleepers_wake_in_order
        durations_beyond_all_bounds
        deadlines_in_the_past
        a_timeout_ends_what_it_holds
        outside_of_tasks
        across_threads
        reset_within_another_runtime
        set_again_outside_of_any_runtime;
    select:
        the_first_that_is_ready
        the_losers_are_dropped_first
        patterns
        conditions
        all_branches_out
        handlers_go_where_they_like
        ready_branches_take_turns
        a_busy_loop_gives_way
        a_future_that_outlives_it
        sixty_four_branches
        names_are_the_users;
    locals:
        tasks_have_their_own
        a_panic_restores
        destructors_find_it
        misuse
        names_are_the_users;
    metrics:
        workers
        tasks
        polls
        tasks_from_elsewhere
        a_queue_that_overflows
        thefts
        sleeps
        time_awake
        blocking_jobs
        descriptors_and_events
        relief_workers;
    failures:
        the_runtime_ends
        before_its_joiner_learns_of_it
        all_threads_in_block_on_fail
        in_a_destructor
        others_go_on
        who_is_told;
    park_hooks:
        are_called_in_pairs_by_workers
        that_panic
        that_spawn
        events_come_each_so_many_polls
        tasks_from_elsewhere_come_each_so_many_polls;
    stress:
        every_task_runs_once
        fork_and_join
        churn;
    regressions:
        tokio_1768_a_wake_while_the_last_searcher_parks
        tokio_2006_a_blocking_job_from_a_blocking_job
        tokio_4730_a_timer_whose_wake_blocks
        tokio_4941_child_of_a_blocking_task
        tokio_8222_a_park_hook_that_makes_work
        tokio_8056_a_blocking_job_is_never_forgotten
        tokio_8542_a_waker_that_panics_among_others
        async_executor_104_a_task_left_with_a_runner_that_is_gone
        compio_948_two_foreign_wakers_at_once
        cpython_86296_a_cancelled_wait_hides_nothing
        rustsec_2021_0072_a_future_stays_with_its_block_on
        rustsec_2021_0124_oneshot_close_against_send;
}
