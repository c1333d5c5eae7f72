//! `docs/coming-from-asyncio.md` has each public name of asyncio 3.14, and the code in it compiles.

use std::collections::BTreeSet;

const DOCUMENT: &str = include_str!("../../docs/coming-from-asyncio.md");

/// `asyncio.__all__` of Python 3.14, without what begins with an underscore; with the policies, which it still has by another way.
const MODULE: &str = "
    ALL_COMPLETED AbstractEventLoop AbstractEventLoopPolicy AbstractServer Barrier BaseEventLoop BaseProtocol BaseTransport BoundedSemaphore BrokenBarrierError
    BufferedProtocol CancelledError Condition DatagramProtocol DatagramTransport DefaultEventLoopPolicy Event EventLoop FIRST_COMPLETED FIRST_EXCEPTION
    FrameCallGraphEntry Future FutureCallGraph Handle IncompleteReadError InvalidStateError LifoQueue LimitOverrunError Lock PriorityQueue Protocol Queue QueueEmpty
    QueueFull QueueShutDown ReadTransport Runner SelectorEventLoop Semaphore SendfileNotAvailableError Server StreamReader StreamReaderProtocol StreamWriter
    SubprocessProtocol SubprocessTransport Task TaskGroup Timeout TimeoutError TimerHandle Transport WriteTransport all_tasks as_completed capture_call_graph
    create_eager_task_factory create_subprocess_exec create_subprocess_shell create_task current_task eager_task_factory ensure_future format_call_graph
    future_add_to_awaited_by future_discard_from_awaited_by gather get_event_loop get_event_loop_policy get_running_loop iscoroutine iscoroutinefunction isfuture
    new_event_loop open_connection open_unix_connection print_call_graph run run_coroutine_threadsafe set_event_loop set_event_loop_policy shield sleep start_server
    start_unix_server timeout timeout_at to_thread wait wait_for wrap_future
";

/// The methods of its classes, without those that are there for subclasses; and what of `concurrent.futures` goes with it.
const MEMBERS: &str = "
    loop.add_reader loop.add_signal_handler loop.add_writer loop.call_at loop.call_exception_handler loop.call_later loop.call_soon loop.call_soon_threadsafe loop.close
    loop.connect_accepted_socket loop.connect_read_pipe loop.connect_write_pipe loop.create_connection loop.create_datagram_endpoint loop.create_future
    loop.create_server loop.create_task loop.create_unix_connection loop.create_unix_server loop.default_exception_handler loop.get_debug loop.get_exception_handler
    loop.get_task_factory loop.getaddrinfo loop.getnameinfo loop.is_closed loop.is_running loop.remove_reader loop.remove_signal_handler loop.remove_writer
    loop.run_forever loop.run_in_executor loop.run_until_complete loop.sendfile loop.set_debug loop.set_default_executor loop.set_exception_handler
    loop.set_task_factory loop.shutdown_asyncgens loop.shutdown_default_executor loop.slow_callback_duration loop.sock_accept loop.sock_connect loop.sock_recv
    loop.sock_recv_into loop.sock_recvfrom loop.sock_recvfrom_into loop.sock_sendall loop.sock_sendfile loop.sock_sendto loop.start_tls loop.stop
    loop.subprocess_exec loop.subprocess_shell loop.time
    Task.add_done_callback Task.cancel Task.cancelled Task.cancelling Task.done Task.exception Task.get_context Task.get_coro Task.get_loop Task.get_name Task.get_stack
    Task.print_stack Task.remove_done_callback Task.result Task.set_name Task.uncancel
    Future.add_done_callback Future.cancel Future.cancelled Future.done Future.exception Future.get_loop Future.remove_done_callback Future.result
    Future.set_exception Future.set_result
    StreamReader.at_eof StreamReader.exception StreamReader.feed_data StreamReader.feed_eof StreamReader.read StreamReader.readexactly StreamReader.readline
    StreamReader.readuntil StreamReader.set_exception StreamReader.set_transport
    StreamWriter.can_write_eof StreamWriter.close StreamWriter.drain StreamWriter.get_extra_info StreamWriter.is_closing StreamWriter.start_tls
    StreamWriter.transport StreamWriter.wait_closed StreamWriter.write StreamWriter.write_eof StreamWriter.writelines
    Queue.empty Queue.full Queue.get Queue.get_nowait Queue.join Queue.maxsize Queue.put Queue.put_nowait Queue.qsize Queue.shutdown Queue.task_done
    TaskGroup.create_task Timeout.expired Timeout.reschedule Timeout.when Runner.close Runner.get_loop Runner.run
    Semaphore.acquire Semaphore.locked Semaphore.release Lock.acquire Lock.locked Lock.release
    Condition.notify Condition.notify_all Condition.wait Condition.wait_for Event.clear Event.is_set Event.set Event.wait
    Barrier.abort Barrier.broken Barrier.n_waiting Barrier.parties Barrier.reset Barrier.wait
    Server.abort_clients Server.close Server.close_clients Server.get_loop Server.is_serving Server.serve_forever Server.sockets Server.start_serving
    Server.wait_closed Handle.cancel Handle.cancelled TimerHandle.when
    Process.communicate Process.kill Process.pid Process.returncode Process.send_signal Process.stderr Process.stdin Process.stdout Process.terminate Process.wait
    asyncio.subprocess.DEVNULL asyncio.subprocess.PIPE asyncio.subprocess.Process asyncio.subprocess.STDOUT
    BrokenExecutor Executor Executor.map Executor.shutdown Executor.submit InterpreterPoolExecutor ProcessPoolExecutor ThreadPoolExecutor
    concurrent.futures.Future concurrent.futures.as_completed concurrent.futures.wait
";

#[test]
fn every_name_is_in_the_document() {
    // The first column of each table.
    let firsts = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let mapped: BTreeSet<&str> = firsts
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    let names = MODULE.split_whitespace().chain(MEMBERS.split_whitespace());
    let missing: Vec<&str> = names.filter(|name| !mapped.contains(name)).collect();
    assert!(missing.is_empty(), "nothing is said of {missing:?}");
}
