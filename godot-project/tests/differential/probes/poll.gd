extends "res://tests/differential/support/probe.gd"
## What one poll of a multiplayer peer does, and what happens if a script drives its host.


func mp_multi_client_queue_order() -> void:
	var server: MultiplayerPeer = new_server()
	var client1: MultiplayerPeer = joined_client(server)
	var client2: MultiplayerPeer = joined_client(server)
	for packets: Array in [[client1, 0xa0], [client1, 0xa1], [client2, 0xb0], [client2, 0xb1]]:
		_must(packets[0].put_packet([packets[1]]))
	settle()
	server.poll()
	var queue: Array = drain(server).map(func(packet: Dictionary) -> Array:
		return [packet.peer, packet.bytes])
	step({"queue": queue})


func mp_poll_event_batching() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = new_client(server)
	watch(server, "server")
	watch(client, "client")
	# From here on a network thread answers; without one nothing is there yet.
	server.poll()
	client.poll()
	settle()
	step({"status": client.get_connection_status()})
	server.poll()
	settle()
	step({"host_peers": host_peers(server)})
	client.poll()
	step({"status": client.get_connection_status()})
	for number: int in 2:
		client.put_packet([number])
	settle()
	step()
	for _poll: int in 2:
		server.poll()
		step({"queue": server.get_available_packet_count()})


func mp_server_host_connects_out() -> void:
	var server: MultiplayerPeer = new_server()
	var remote := Raw.new(new_listener(), null)
	var port: int = remote.connection.get_local_port()
	var peer: PacketPeer = server.host.connect_to_host(LOCALHOST, port, 0, 77)
	pump([server, remote], 80)
	step({
		"remote_events": remote.types(),
		"peer_active": peer.is_active(),
		"host_peers": host_peers(server),
	})


func mp_user_services_host() -> void:
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = new_client(server)
	watch(server, "server")
	watch(client, "client")
	var types: Array[int] = []
	poll_until([client], func() -> bool:
		var type: int = server.host.service(0)[0]
		if type != Raw.EVENT_NONE:
			types.append(type)
		return not types.is_empty())
	step({"type": types[0] if not types.is_empty() else 0})
	_must(client.put_packet([1]))
	pump([server], SETTLE_MSEC)
	step({"count": server.get_available_packet_count(), "packets": drain(server)})
	client.close()
	poll_until([server], func() -> bool: return host_peers(server) == 0)
	step()
