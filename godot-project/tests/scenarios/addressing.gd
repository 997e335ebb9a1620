extends "res://tests/support/scenario.gd"
## One process, a server and three clients: which target peer reaches whom, which transfer channel
## is which, and what a receiver is told about a packet.

const QUIET_SECONDS: float = 0.1
const FIRST: int = 0
const SECOND: int = 1
## For clients that ask for channels 1 and 2 beside the two of the system.
const FEW_CHANNELS: int = 2

var _server: MultiplayerPeer
var _clients: Array[MultiplayerPeer] = []
var _ids: Array[int] = []
## The content of every packet a check sends, so that a stray one is noticed.
var _serial: int = 0


func run() -> void:
	_server = new_peer()
	if not check_equal(_server.create_server(port, 8), OK, "the server starts"):
		return
	polled = [_server]
	for index: int in 3:
		if not await _add_client(0):
			return
	await _check_server_targets()
	await _check_client_targets()
	await _check_peeking()
	await _check_default_channels()
	_close_clients()
	await until(func() -> bool: return _server.host.get_peers().is_empty(), "all clients are gone")
	if await _add_client(FEW_CHANNELS):
		await _check_few_channels()
	_close_clients()
	_server.close()


func _add_client(channel_count: int) -> bool:
	var client: MultiplayerPeer = new_other_peer()
	check_equal(client.create_client(LOCALHOST, port, channel_count), OK, "a client starts")
	_clients.append(client)
	_ids.append(client.get_unique_id())
	polled.append(client)
	var signals: Array = []
	record(_server, signals)
	var is_joined: Callable = func() -> bool: return client.get_connection_status() == CONNECTED and signals.size() == 1
	if not await until(is_joined, "a client joins"):
		return false
	never_throttle(client.get_peer(1))
	return true


func _close_clients() -> void:
	for client: MultiplayerPeer in _clients:
		client.close()
	_clients.clear()
	_ids.clear()
	polled = [_server]


func _check_server_targets() -> void:
	await _reaches("target 0", 0, [0, 1, 2])
	await _reaches("target of one client", _ids[FIRST], [0])
	await _reaches("target of all but one client", -_ids[FIRST], [1, 2])
	for stranger: int in [1, -1, 2, -2]:
		_server.set_target_peer(stranger)
		complains("target %d on a server" % stranger, _put.bind(_server), ERR_INVALID_PARAMETER)
	await _reaches("target 0 again", 0, [0, 1, 2])


func _reaches(what: String, target: int, expected: Array) -> void:
	_server.set_target_peer(target)
	answers(what, _put.bind(_server), OK)
	var reached: Callable = func(index: int) -> bool: return _clients[index].get_available_packet_count() > 0
	await until(func() -> bool: return expected.all(reached), what + " arrives")
	await pump(QUIET_SECONDS)
	check_equal(range(_clients.size()).filter(reached), expected, what + " reaches exactly those")
	for index: int in expected:
		check_equal(_clients[index].get_packet(), _content(), what + " brings its content")


func _check_client_targets() -> void:
	var client: MultiplayerPeer = _clients[FIRST]
	for target: int in [0, 1, -1]:
		client.set_target_peer(target)
		answers("target %d on a client" % target, _put.bind(client), OK)
		await _server_takes("target %d on a client" % target, _ids[FIRST], RELIABLE, 0)
	for target: int in [_ids[SECOND], -_ids[SECOND], _ids[FIRST], 2]:
		client.set_target_peer(target)
		complains("a client sends to the server only", _put.bind(client), ERR_INVALID_PARAMETER)
	client.set_target_peer(1)


func _check_peeking() -> void:
	_send_as(_clients[FIRST], RELIABLE, 5)
	var first_content: PackedByteArray = _content()
	await until(func() -> bool: return _server.get_available_packet_count() == 1, "one packet waits")
	_send_as(_clients[SECOND], ORDERED, 9)
	await until(func() -> bool: return _server.get_available_packet_count() == 2, "two packets wait")
	for attempt: int in 2:
		check_equal(_peek(), [_ids[FIRST], RELIABLE, 5], "peeking tells of the first and takes nothing")
	check_equal(_server.get_packet(), first_content, "get_packet takes the first")
	check_equal(_peek(), [_ids[SECOND], ORDERED, 9], "peeking now tells of the second")
	await pump(QUIET_SECONDS)
	check_equal(_server.get_packet(), _content(), "an unread packet outlives polls")
	check_equal(_server.get_available_packet_count(), 0, "nothing is left")
	check_equal(_server.put_var({"a": [1, 2.5, "b"]}), OK, "put_var")
	for client: MultiplayerPeer in _clients:
		await until(func() -> bool: return client.get_available_packet_count() == 1, "a variant arrives")
		check_equal(client.get_var(), {"a": [1, 2.5, "b"]}, "get_var gives it back")


func _check_default_channels() -> void:
	for mode: int in [UNRELIABLE, ORDERED, RELIABLE]:
		for channel: int in [-1, 0, 1, 2, 3, 253]:
			_send_as(_clients[FIRST], mode, channel)
			await _server_takes("mode %d, channel %d" % [mode, channel], _ids[FIRST], mode, maxi(channel, 0))
	# A number that is no mode has no flags: the packet is unreliable ordered, on the system's first
	# channel.
	_send_as(_clients[FIRST], 9, 0)
	await _server_takes("mode 9", _ids[FIRST], ORDERED, 0)
	# There is no ENet channel for it.
	_clients[FIRST].transfer_channel = 254
	_clients[FIRST].transfer_mode = MultiplayerPeer.TRANSFER_MODE_RELIABLE
	complains("channel 254", _put.bind(_clients[FIRST]), OK)
	if is_ours and other_class == peer_class:
		# The built-in cuts the number to eight bits and sends on a wrong channel (defect D06).
		for channel: int in [255, 256, 257]:
			_clients[FIRST].transfer_channel = channel
			complains("channel %d" % channel, _put.bind(_clients[FIRST]), OK)
	await pump(QUIET_SECONDS)
	check_equal(_server.get_available_packet_count(), 0, "nothing arrives on a channel that is not there")


func _check_few_channels() -> void:
	var client: MultiplayerPeer = _clients[FIRST]
	answers("channels of the client", client.get_peer(1).get_channels, FEW_CHANNELS + 2)
	answers("channels on the server", _server.get_peer(_ids[FIRST]).get_channels, FEW_CHANNELS + 2)
	_send_as(client, RELIABLE, 2)
	await _server_takes("the last channel", _ids[FIRST], RELIABLE, 2)
	client.transfer_channel = 3
	complains("a client's channel 3 of 2", _put.bind(client), OK)
	_server.set_target_peer(_ids[FIRST])
	_server.transfer_channel = 3
	complains("a server's channel 3 of 2", _put.bind(_server), OK)
	_server.set_target_peer(0)
	answers("a broadcast leaves out who has too few channels", _put.bind(_server), OK)
	await pump(QUIET_SECONDS)
	check_equal(_server.get_available_packet_count(), 0, "nothing comes to the server")
	check_equal(client.get_available_packet_count(), 0, "nothing comes to the client")


func _send_as(peer: MultiplayerPeer, mode: int, channel: int) -> void:
	peer.set("transfer_mode", mode)
	peer.transfer_channel = channel
	answers("put_packet in mode %d on channel %d" % [mode, channel], _put.bind(peer), OK)


func _put(peer: MultiplayerPeer) -> Error:
	_serial += 1
	return peer.put_packet(_content())


func _content() -> PackedByteArray:
	return pattern(20, _serial)


func _server_takes(what: String, sender: int, mode: int, channel: int) -> void:
	if await until(func() -> bool: return _server.get_available_packet_count() > 0, what + " arrives"):
		check_equal(_peek(), [sender, mode, channel], what + " is described as it was sent")
		check_equal(_server.get_packet(), _content(), what + " brings its content")


func _peek() -> Array:
	return [_server.get_packet_peer(), int(_server.get_packet_mode()), _server.get_packet_channel()]
