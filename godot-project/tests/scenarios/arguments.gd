extends "res://tests/support/scenario.gd"
## One process: which arguments [code]create_server[/code], [code]create_client[/code] and
## [code]set_bind_ip[/code] refuse, with which error, and that a refused call leaves the peer as it
## was.

## Nothing in a checked call is sent, so the address need not exist.
const ANY_PORT: int = 9


func run() -> void:
	_check_server_arguments()
	_check_server_limits()
	_check_client_arguments()
	_check_second_create()
	_check_bind_ip()


func _check_server_arguments() -> void:
	_refuses("create_server", [-1], ERR_INVALID_PARAMETER)
	_refuses("create_server", [65_536], ERR_INVALID_PARAMETER)
	_refuses("create_server", [port, 0], ERR_INVALID_PARAMETER)
	_refuses("create_server", [port, -1], ERR_INVALID_PARAMETER)
	_refuses("create_server", [port, 4096], ERR_INVALID_PARAMETER)
	_refuses("create_server", [port, 4, 0, 0, -1], ERR_INVALID_PARAMETER)
	if is_ours:
		# The built-in takes max_channels for the bandwidth and never looks at in_bandwidth (defect
		# D01).
		_refuses("create_server", [port, 4, 0, -1, 0], ERR_INVALID_PARAMETER)
		for wrong: int in [-1, 256, 1000]:
			_refuses("create_server", [port, 4, wrong], ERR_INVALID_PARAMETER)
	_accepts("create_server", [0])
	_accepts("create_server", [port, 1])
	_accepts("create_server", [port, 4095])
	_accepts("create_server", [port, 4, 255])
	_accepts("create_server", [port, 4, 0, 10_000, 10_000])
	# 32 bits of a larger number count, as everywhere in the engine.
	_accepts("create_server", [(1 << 32) + port])


func _check_server_limits() -> void:
	var server: MultiplayerPeer = new_peer()
	check_equal(server.create_server(port, 3, 5), OK, "a server with five channels starts")
	# Two channels are the system's own; the built-in ignores the number (defect D01).
	answers("a server's channels", server.host.get_max_channels, 7 if is_ours else 255)
	_refuses("create_server", [port], ERR_CANT_CREATE)
	server.close()
	_accepts("create_server", [port])


func _check_client_arguments() -> void:
	_refuses("create_client", [LOCALHOST, ANY_PORT, 0, -1, 0], ERR_INVALID_PARAMETER)
	_refuses("create_client", [LOCALHOST, ANY_PORT, 0, 0, -1], ERR_INVALID_PARAMETER)
	_refuses("create_client", [LOCALHOST, ANY_PORT, 0, 0, 0, -1], ERR_INVALID_PARAMETER)
	_refuses("create_client", [LOCALHOST, ANY_PORT, 0, 0, 0, 65_536], ERR_INVALID_PARAMETER)
	for bad_port: int in [0, -1, 65_536]:
		_refuses("create_client", [LOCALHOST, bad_port], ERR_CANT_CREATE)
	for bad_address: String in ["", "*", "256.1.1.1"]:
		_refuses("create_client", [bad_address, ANY_PORT], ERR_CANT_CREATE)
	_accepts("create_client", [LOCALHOST, ANY_PORT])
	_accepts("create_client", ["localhost", ANY_PORT])
	_accepts("create_client", [LOCALHOST, 65_535, 300])
	_accepts("create_client", [LOCALHOST, ANY_PORT, -5])
	_accepts("create_client", [LOCALHOST, ANY_PORT, 2, 10_000, 10_000, port])
	var server: MultiplayerPeer = new_peer()
	check_equal(server.create_server(port), OK, "a server takes a port")
	_refuses("create_client", [LOCALHOST, ANY_PORT, 0, 0, 0, port], ERR_CANT_CREATE)
	server.close()


func _check_second_create() -> void:
	var peer: MultiplayerPeer = new_peer()
	check_equal(peer.create_client(LOCALHOST, port), OK, "a client starts")
	check_equal(int(peer.get_connection_status()), CONNECTING, "a client is connecting at once")
	check_equal(peer.get_peer(1).get_state(), STATE_CONNECTING, "the packet peer is there and connecting")
	peer.refuse_new_connections = true
	complains("create_client while active", peer.create_client.bind(LOCALHOST, port), ERR_ALREADY_IN_USE)
	complains("create_server while active", peer.create_server.bind(port), ERR_ALREADY_IN_USE)
	check(peer.refuse_new_connections, "a call while active changes nothing")
	complains("put_packet while connecting", peer.put_packet.bind(PackedByteArray([1])), ERR_UNCONFIGURED)
	peer.close()
	check(not peer.refuse_new_connections, "close takes refuse_new_connections back")


func _check_bind_ip() -> void:
	var peer: MultiplayerPeer = new_peer()
	for address: String in ["127.0.0.1", "*", "0.0.0.0"]:
		answers("set_bind_ip %s" % address, peer.set_bind_ip.bind(address), null)
		check_equal(peer.create_server(port), OK, "a server starts on %s" % address)
		peer.close()
	for address: String in ["", "foo", "1.2.3"]:
		complains("set_bind_ip of what is no address: \"%s\"" % address, peer.set_bind_ip.bind(address), null)
		check_equal(peer.create_server(port), OK, "the old bind address stays")
		peer.close()


func _refuses(method: String, args: Array, expected: Error) -> void:
	var peer: MultiplayerPeer = new_peer()
	peer.refuse_new_connections = true
	var what: String = "%s%s" % [method, args]
	complains(what, peer.callv.bind(method, args), expected)
	check_equal(int(peer.get_connection_status()), DISCONNECTED, what + " leaves the peer inactive")
	check(not peer.refuse_new_connections, what + " clears refuse_new_connections all the same")


func _accepts(method: String, args: Array) -> void:
	var peer: MultiplayerPeer = new_peer()
	peer.refuse_new_connections = true
	var what: String = "%s%s" % [method, args]
	answers(what, peer.callv.bind(method, args), OK)
	check(not peer.refuse_new_connections, what + " clears refuse_new_connections")
	peer.close()
