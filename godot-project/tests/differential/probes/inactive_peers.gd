extends "res://tests/differential/support/probe.gd"
## Peers that a script ends under their host's feet. Release builds of the engine do not survive its own class here.

const ROUNDS: int = 20


func release_build_inactive_peer_crash() -> void:
	var left_over: int = 0
	for _round: int in ROUNDS:
		var raw: Raw = new_raw(free_port())
		raw.peer.reset()
		raw.poll()
		left_over += raw.connection.get_peers().size() + raw.events.size()
	step({"peers_left": left_over})
	var server: MultiplayerPeer = new_server()
	server.refuse_new_connections = true
	var refused: MultiplayerPeer = new_client(server)
	poll_until_over([refused, server], refused)
	step({"client_status": refused.get_connection_status(), "host_peers": host_peers(server)})
	server.refuse_new_connections = false
	var raw: Raw = new_raw(port_of(server), 0, 1)
	poll_until([raw, server], func() -> bool: return raw.has(Raw.EVENT_DISCONNECT))
	step({"client_events": raw.types(), "host_peers": host_peers(server)})
	forget_clients()
	var client: MultiplayerPeer = joined_client(server)
	watch(server, "server")
	server.get_peer(client.get_unique_id()).peer_disconnect_now()
	server.poll()
	step({"host_peers": host_peers(server)})
	for force: bool in [false, true]:
		client = joined_client(server)
		server.disconnect_peer(client.get_unique_id(), force)
		poll_until([client, server], func() -> bool:
			return client.get_connection_status() == DISCONNECTED and host_peers(server) == 0)
	forget_signals()
	step({"client_status": client.get_connection_status(), "host_peers": host_peers(server)})
	step({"required": "no crash; peers dropped as described in the specification"})
