extends "res://tests/support/scenario.gd"
## One process: a server and a client connect and close again two hundred times, all on one port.
## Afterwards the process has as many threads and open files as after the first times. While it has
## hosts, ours has one thread more, or none if it is told so.

const CYCLES: int = 200
## Before this many, whatever is made once may still be made.
const WARM_UP: int = 5
const OPEN_SECONDS: float = 0.1
## For threads that have ended, which the system lists for a moment longer.
const REST_SECONDS: float = 0.3


func run() -> void:
	var connected: int = 0
	var threads: int = 0
	var files: int = 0
	for cycle: int in CYCLES:
		if cycle == WARM_UP:
			await pump(REST_SECONDS)
			threads = _thread_count()
			files = _open_file_count()
		if await _connect_and_close(cycle):
			connected += 1
		if failed > 0:
			return
	check_equal(connected, CYCLES, "all cycles connect")
	if not OS.has_feature("linux"):
		return
	check(threads > 0 and files > 0, "threads and files can be counted")
	await until(func() -> bool: return _thread_count() == threads, "no thread is left behind")
	check_equal(_open_file_count(), files, "no file or socket is left behind")
	var peers: Array[MultiplayerPeer] = [new_peer(), new_other_peer()]
	check_equal(peers[0].create_server(port), OK, "a server stays")
	check_equal(peers[1].create_client(LOCALHOST, port), OK, "a client stays")
	polled = peers
	await pump(OPEN_SECONDS)
	var network_threads: int = 1 if is_ours and not arguments.has("unthreaded") else 0
	check_equal(_thread_count() - threads, network_threads, "all hosts share the one network thread, if there is one")
	for peer: MultiplayerPeer in peers:
		peer.close()
	await until(func() -> bool: return _thread_count() == threads, "the network thread ends with the last host")


func _connect_and_close(cycle: int) -> bool:
	var server: MultiplayerPeer = new_peer()
	var err: Error = server.create_server(port, 4)
	if err != OK:
		return check(false, "the port is free in cycle %d" % cycle, error_string(err))
	var client: MultiplayerPeer = new_other_peer()
	err = client.create_client(LOCALHOST, port)
	if err != OK:
		return check(false, "the client starts in cycle %d" % cycle, error_string(err))
	var signals: Array = []
	record(server, signals)
	record(client, signals)
	polled = [server, client]
	var are_connected: bool = await holds_within(func() -> bool: return signals.size() == 2, PATIENCE_SECONDS)
	polled.clear()
	# Half of them say goodbye, the others are dropped as they are.
	if cycle % 2 == 0:
		client.close()
		server.close()
	# A coroutine keeps its variables until its caller, who goes on with the next cycle, has
	# returned.
	server = null
	client = null
	return are_connected


static func _thread_count() -> int:
	var status: FileAccess = FileAccess.open("/proc/self/status", FileAccess.READ)
	while status != null and not status.eof_reached():
		var line: String = status.get_line()
		if line.begins_with("Threads:"):
			return int(line)
	return 0


static func _open_file_count() -> int:
	var folder: DirAccess = DirAccess.open("/proc/self/fd")
	return folder.get_files().size() + folder.get_directories().size() if folder != null else 0
