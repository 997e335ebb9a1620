extends "res://tests/support/scenario.gd"
## One process: it quits with a session going on. Nothing is closed here: the engine lets go of one
## peer with its [MultiplayerAPI] and of the other with this script, and the process must end well.

static var _kept: MultiplayerPeer


func run() -> void:
	var server: MultiplayerPeer = new_peer()
	check_equal(server.create_server(port), OK, "the server starts")
	multiplayer.multiplayer_peer = server
	_kept = new_other_peer()
	check_equal(_kept.create_client(LOCALHOST, port), OK, "the client starts")
	polled = [_kept]
	await until(func() -> bool: return not multiplayer.get_peers().is_empty(), "they connect")
	check_equal(_kept.put_packet(PackedByteArray([3, 1, 2])), OK, "a packet is on its way")
