extends "res://tests/support/scenario.gd"
## One process: what the built-in does wrong with packets and sockets, done right. The numbers are
## those of the list of defects.

const QUIET_SECONDS: float = 0.3
## No machine has this address; it is set aside for documentation.
const ELSEWHERE: String = "192.0.2.1"
const COMPRESS_ZLIB: int = 3
const RECEIVED_PACKETS: int = ENetConnection.HOST_TOTAL_RECEIVED_PACKETS
## Far longer than a packet takes that is sent meanwhile.
const LONG_SERVICE_MSEC: int = 10_000
const LARGEST_PACKET: int = 32 << 20

var _server: MultiplayerPeer
var _client: MultiplayerPeer


func run() -> void:
	await _check_failing_sends()
	await _check_waiting_service()
	await _check_garbage_in_zlib()
	if await _connect_pair():
		_check_wrapped_channels()
		_check_every_failure_prints()
		await pump(QUIET_SECONDS)
		check_equal(_server.get_available_packet_count(), 0, "defect D06: nothing arrives on another channel")
	_client.close()
	_server.close()


## A socket that is bound to the loopback sends nothing to other machines: the system says so.
func _check_failing_sends() -> void:
	var client: MultiplayerPeer = new_peer()
	client.set_bind_ip(LOCALHOST)
	var signals: Array = []
	record(client, signals)
	check_equal(client.create_client(ELSEWHERE, port, 0, 0, 0, port), OK, "a client starts that cannot send")
	polled = [client]
	await pump(QUIET_SECONDS)
	check_equal(int(client.get_connection_status()), CONNECTING, "defect D11: a send that fails is a packet lost")
	check_equal(signals, [], "defect D11: nobody is told of it")
	client.close()
	polled = []
	await get_tree().process_frame


## A host that waits wakes up for what another thread sends to it.
func _check_waiting_service() -> void:
	var host: RefCounted = new_connection()
	check_equal(host.create_host_bound(LOCALHOST, port, 1), OK, "a bare host starts to wait")
	var sender := Thread.new()
	check_equal(sender.start(_connect_and_send), OK, "a sender starts")
	var types: Array = []
	var start: int = Time.get_ticks_msec()
	for _index: int in 2:
		types.append(host.service(LONG_SERVICE_MSEC)[0])
	check_equal(types, [EVENT_CONNECT, EVENT_RECEIVE], "defect D16: service returns with what arrives while it waits")
	check(Time.get_ticks_msec() - start < LONG_SERVICE_MSEC, "defect D16: service does not wait for the end of its time")
	host.destroy()
	sender.wait_to_finish()


func _connect_and_send() -> void:
	var connection: RefCounted = new_other_connection()
	connection.create_host(1)
	var peer: PacketPeer = connection.connect_to_host(LOCALHOST, port)
	var end: int = Time.get_ticks_msec() + LONG_SERVICE_MSEC
	while connection.service(10)[0] != EVENT_CONNECT and Time.get_ticks_msec() < end:
		pass
	OS.delay_msec(50)
	peer.send(0, PackedByteArray([1]), 1)
	for _index: int in 20:
		connection.service(10)
	connection.destroy()


## Anybody can send what only looks compressed. An error line fails the run.
func _check_garbage_in_zlib() -> void:
	_server = new_peer()
	check_equal(_server.create_server(port), OK, "a server starts to be bothered")
	_server.host.compress(COMPRESS_ZLIB)
	polled = [_server]
	var stranger: RefCounted = new_other_connection()
	check_equal(stranger.create_host(1), OK, "a stranger starts")
	for size: int in [1, 10, 100, 1000]:
		# To no peer in particular, and compressed.
		stranger.socket_send(LOCALHOST, port, PackedByteArray([0x4F, 0xFF]) + pattern(size, size))
	var received: Array[int] = [0]
	var has_read: Callable = func() -> bool:
		received[0] += int(_server.host.pop_statistic(RECEIVED_PACKETS))
		return received[0] >= 1
	await until(has_read, "defect D22: the server reads what cannot be decompressed, and prints nothing")
	await pump(QUIET_SECONDS)
	stranger.destroy()
	_server.close()
	polled = []


func _connect_pair() -> bool:
	_server = new_peer()
	_client = new_other_peer()
	check_equal(_server.create_server(port), OK, "a server starts")
	check_equal(_client.create_client(LOCALHOST, port), OK, "a client starts")
	polled = [_server, _client]
	return await until(func() -> bool: return _client.get_connection_status() == CONNECTED, "it connects")


## Channels of 8 bits would take 256 and 257 for 0 and 1.
func _check_wrapped_channels() -> void:
	if not _client.get_class().ends_with("Rs"):
		return
	for channel: int in [255, 256, 257, 511]:
		_client.transfer_channel = channel
		complains("defect D06: channel %d does not exist" % channel, _client.put_packet.bind(PackedByteArray([1])), OK)


func _check_every_failure_prints() -> void:
	if not _client.get_class().ends_with("Rs"):
		return
	_client.transfer_channel = 254
	for time: String in ["first", "second"]:
		var put: Callable = _client.put_packet.bind(PackedByteArray([1]))
		complains("defect D07: a channel that does not exist, the %s time" % time, put, OK)
	_client.transfer_channel = 0
	var too_large := PackedByteArray()
	too_large.resize(LARGEST_PACKET + 1)
	for time: String in ["first", "second"]:
		complains("defect D07: a packet that is too large, the %s time" % time, _client.put_packet.bind(too_large), OK)
