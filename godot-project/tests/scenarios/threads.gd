extends "res://tests/support/scenario.gd"
## One process: scripts' threads drive the classes. One thread services a bare host, another polls a
## peer that connects to it, then one polls a server while the main thread sends through a client.

const PACKETS: int = 500
const PACKET_SIZE: int = 100
const CONNECT_DATA: int = 4242


func run() -> void:
	await _host_in_a_thread()
	await _peer_in_a_thread()
	if is_ours:
		# Two threads at one object are more than the built-in bears.
		await _one_peer_in_two_threads()


## The bare host in one thread echoes what the client in another one sends.
func _host_in_a_thread() -> void:
	var host: RefCounted = new_connection()
	var host_thread := Thread.new()
	var client_thread := Thread.new()
	check_equal(host_thread.start(_echo.bind(host)), OK, "the host's thread starts")
	await server_listens()
	check_equal(client_thread.start(_converse.bind(new_other_peer())), OK, "the client's thread starts")
	await until(func() -> bool: return not client_thread.is_alive() and not host_thread.is_alive(), "both end", 40.0)
	check_equal(client_thread.wait_to_finish(), range(PACKETS), "the client has every echo in order")
	check_equal(host_thread.wait_to_finish(), [OK, PACKETS], "the host saw a connect and every packet")


func _echo(host: RefCounted) -> Array:
	var err: Error = host.create_host_bound("*", port, 4)
	var received: int = 0
	var is_connected_to_client: bool = false
	var end: int = Time.get_ticks_msec() + int(PATIENCE_SECONDS * 1000.0)
	while Time.get_ticks_msec() < end and err == OK:
		var event: Array = host.service(10)
		match event[0]:
			EVENT_CONNECT:
				is_connected_to_client = true
			EVENT_RECEIVE:
				var packet_peer: PacketPeer = event[1]
				received += packet_peer.get_available_packet_count()
				packet_peer.put_packet(packet_peer.get_packet())
			_:
				if is_connected_to_client and host.get_peers().is_empty():
					break
	host.destroy()
	return [err, received]


func _converse(client: MultiplayerPeer) -> Array:
	var numbers: Array = []
	var err: Error = client.create_client(LOCALHOST, port)
	var sent: int = 0
	var end: int = Time.get_ticks_msec() + int(PATIENCE_SECONDS * 1000.0)
	while err == OK and numbers.size() < PACKETS and Time.get_ticks_msec() < end:
		client.poll()
		if client.get_connection_status() == CONNECTED and sent < PACKETS:
			client.put_packet(pattern(PACKET_SIZE, sent))
			sent += 1
		while client.get_available_packet_count() > 0:
			var is_whole: bool = client.get_packet() == pattern(PACKET_SIZE, numbers.size())
			numbers.append(numbers.size() if is_whole else -1)
		OS.delay_usec(200)
	client.close()
	return numbers


## Signals are emitted in the thread that polls; the main thread meanwhile asks the same object for
## this and that.
func _peer_in_a_thread() -> void:
	var server: MultiplayerPeer = new_peer()
	check_equal(server.create_server(port, 4), OK, "the server starts")
	var client: MultiplayerPeer = new_other_peer()
	check_equal(client.create_client(LOCALHOST, port), OK, "the client starts")
	var thread := Thread.new()
	check_equal(thread.start(_collect.bind(server)), OK, "the server's thread starts")
	polled = [client]
	await until(func() -> bool: return client.get_connection_status() == CONNECTED, "the client connects")
	for number: int in PACKETS:
		client.put_packet(pattern(PACKET_SIZE, number))
		client.poll()
		if server.get_unique_id() != 1 or server.get_connection_status() != CONNECTED:
			check(false, "the server answers while it is polled elsewhere")
	await until(func() -> bool: return not thread.is_alive(), "the server's thread ends", 40.0)
	var result: Array = thread.wait_to_finish()
	check_equal(result[0], range(PACKETS), "the thread has every packet in order")
	check_equal(result[1], [["peer_connected", client.get_unique_id()]], "the thread got the signal")
	client.close()
	server.close()


## Two threads send through one client and a third one reads what it is sent, while the main thread
## polls.
func _one_peer_in_two_threads() -> void:
	var server: MultiplayerPeer = new_other_peer()
	check_equal(server.create_server(port, 4), OK, "the server starts again")
	var client: MultiplayerPeer = new_peer()
	check_equal(client.create_client(LOCALHOST, port), OK, "the shared client starts")
	polled = [server, client]
	var signals: Array = []
	record(server, signals)
	var are_connected: Callable = func() -> bool:
		return client.get_connection_status() == CONNECTED and not signals.is_empty()
	if not await until(are_connected, "the shared client connects"):
		return
	server.set_target_peer(client.get_unique_id())
	var threads: Array[Thread] = []
	for action: Callable in [_send_numbers.bind(client, 0), _send_numbers.bind(client, PACKETS), _read_all.bind(client)]:
		threads.append(Thread.new())
		check_equal(threads.back().start(action), OK, "a thread of the shared client starts")
	for number: int in PACKETS:
		server.put_packet(pattern(PACKET_SIZE, number))
	var seen: Array = []
	var has_all: Callable = func() -> bool:
		while server.get_available_packet_count() > 0:
			seen.append(server.get_packet().decode_u32(0))
		return seen.size() == 2 * PACKETS and threads.all(func(thread: Thread) -> bool: return not thread.is_alive())
	await until(has_all, "all that two threads send arrives", 40.0)
	for first: int in [0, PACKETS]:
		var of_thread: Array = seen.filter(func(number: int) -> bool: return number / PACKETS == first / PACKETS)
		check_equal(of_thread, range(first, first + PACKETS), "of each thread in its order")
	check_equal(threads.map(func(thread: Thread) -> int: return thread.wait_to_finish()), [0, 0, PACKETS],
		"every send is taken, and the third thread reads all")
	client.close()
	server.close()


## Answers how many sends failed.
func _send_numbers(client: MultiplayerPeer, first: int) -> int:
	var failures: int = 0
	for number: int in PACKETS:
		var bytes := PackedByteArray()
		bytes.resize(PACKET_SIZE)
		bytes.encode_u32(0, first + number)
		if client.put_packet(bytes) != OK:
			failures += 1
	return failures


## Answers how many packets were whole and in order.
func _read_all(client: MultiplayerPeer) -> int:
	var whole: int = 0
	var end: int = Time.get_ticks_msec() + int(PATIENCE_SECONDS * 1000.0)
	while whole < PACKETS and Time.get_ticks_msec() < end:
		if client.get_available_packet_count() > 0 and client.get_packet() == pattern(PACKET_SIZE, whole):
			whole += 1
	return whole


func _collect(server: MultiplayerPeer) -> Array:
	var signals: Array = []
	record(server, signals)
	var numbers: Array = []
	var end: int = Time.get_ticks_msec() + int(PATIENCE_SECONDS * 1000.0)
	while numbers.size() < PACKETS and Time.get_ticks_msec() < end:
		server.poll()
		while server.get_available_packet_count() > 0:
			var is_whole: bool = server.get_packet() == pattern(PACKET_SIZE, numbers.size())
			numbers.append(numbers.size() if is_whole else -1)
		OS.delay_usec(200)
	return [numbers, signals]
