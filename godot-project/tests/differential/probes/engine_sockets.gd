extends "res://tests/differential/support/probe.gd"
## The engine's own sockets and DTLS objects, which are no class under test: DTLS and addresses of ours build on what
## was recorded of them.

const Relay = preload("res://tests/differential/support/relay.gd")
const RSA_BITS: int = 2048
## Nobody serves it, and no system gives it to a socket that asks for any port.
const CLOSED_PORT: int = 1


func dtls_client_closed_port() -> void:
	var udp := PacketPeerUDP.new()
	_must(udp.connect_to_host(LOCALHOST, CLOSED_PORT))
	var dtls := PacketPeerDTLS.new()
	var start: int = Time.get_ticks_msec()
	var returned: int = dtls.connect_to_peer(udp, "localhost", TLSOptions.client_unsafe())
	step({"returns": error(returned), "status": dtls.get_status()})
	while (dtls.get_status() == PacketPeerDTLS.STATUS_HANDSHAKING
			and Time.get_ticks_msec() - start < 1500):
		dtls.poll()
		OS.delay_msec(1)
	step({"status": dtls.get_status(), "fast": Time.get_ticks_msec() - start < 500})


func dtls_handshake_round_trips() -> void:
	var server := Server.new(_new_certificate())
	var relay := Relay.new(server.udp.get_local_port())
	var client: PacketPeerDTLS = _new_client(relay.port, TLSOptions.client_unsafe())
	var end: int = Time.get_ticks_msec() + PATIENCE_MSEC
	while not (_is_connected(client) and server.has_connected()) and Time.get_ticks_msec() < end:
		relay.poll()
		server.poll()
		relay.poll()
		client.poll()
		OS.delay_msec(1)
	step({
		"take_connection": server.taken,
		"client_status": client.get_status(),
		"datagrams": relay.passed,
	})


func dtls_object_flow() -> void:
	var certificate: Array = _new_certificate()
	var server := Server.new(certificate)
	step({"returns": error(server.set_up)})
	var port: int = server.udp.get_local_port()
	var udp := PacketPeerUDP.new()
	_must(udp.connect_to_host(LOCALHOST, port))
	var client := PacketPeerDTLS.new()
	var options: TLSOptions = TLSOptions.client_unsafe(certificate[1])
	var returned: int = client.connect_to_peer(udp, "localhost", options)
	step({"returns": error(returned), "status": client.get_status()})
	poll_while_handshaking(client, server)
	step({
		"history": server.taken.map(func(status: int) -> String:
			return "take_connection -> status %d" % status),
		"client_status": client.get_status(),
		"server_peer_status": server.peers[0].get_status(),
	})
	_probe_dtls_packets(client, server)
	client.disconnect_from_peer()
	OS.delay_msec(5)
	server.poll()
	step({"client": client.get_status(), "server_peer": server.peers[0].get_status()})
	_probe_dtls_refusals(certificate, server)


func _probe_dtls_packets(client: PacketPeerDTLS, server: Server) -> void:
	_must(client.put_packet(PackedByteArray([1, 2, 3])))
	var peer: PacketPeerDTLS = server.peers[0]
	OS.delay_msec(5)
	server.poll()
	step({"server_available": peer.get_available_packet_count(), "packet": shown(peer.get_packet())})
	var sent: Array = [1392, 4096].map(func(size: int) -> Dictionary:
		return error(client.put_packet(filled(size))))
	step({"r1392": sent[0], "r4096": sent[1]})
	OS.delay_msec(5)
	var sizes: Array = []
	server.poll()
	while peer.get_available_packet_count() > 0:
		sizes.append(peer.get_packet().size())
		server.poll()
	step({"sizes": sizes})


func _probe_dtls_refusals(certificate: Array, server: Server) -> void:
	var port: int = server.udp.get_local_port()
	var other: X509Certificate = _new_certificate()[1]
	var distrustful: PacketPeerDTLS = _new_client(port, TLSOptions.client(other))
	poll_while_handshaking(distrustful, server)
	step({"client": distrustful.get_status(), "server_peer": server.peers[-1].get_status()})
	var mistaken: PacketPeerDTLS = _new_client(
			port, TLSOptions.client(certificate[1]), "wrong.example")
	poll_while_handshaking(mistaken, server)
	step({"client": mistaken.get_status()})
	step({"returns": error(server.set_up_again())})
	var unconnected: int = PacketPeerDTLS.new().connect_to_peer(
			PacketPeerUDP.new(), "localhost", null)
	step({"returns": error(unconnected)})


func udp_server_pending_limit() -> void:
	var server := UDPServer.new()
	_must(server.listen(0, LOCALHOST))
	var clients: Array[PacketPeerUDP] = _send_from_new_sockets(3, server)
	step({
		"available": server.is_connection_available(),
		"max_pending": server.max_pending_connections,
	})
	server.max_pending_connections = 0
	step({"available": server.is_connection_available()})
	clients.append_array(_send_from_new_sockets(1, server))
	var taken: int = 0
	while server.is_connection_available():
		server.take_connection()
		taken += 1
	step({"taken": taken})
	server.max_pending_connections = 16
	clients.append_array(_send_from_new_sockets(3, server))
	var before: bool = server.is_connection_available()
	server.max_pending_connections = 16
	step({"before": before, "after": server.is_connection_available()})


func net_ipv6_dual_stack() -> void:
	for address: String in ["*", "::", "0.0.0.0", LOCALHOST, "::1"]:
		var socket := PacketPeerUDP.new()
		var observed: Dictionary = {"returns": error(socket.bind(0, address))}
		for target: String in [LOCALHOST, "::1"]:
			observed["from_" + target] = _source_seen(socket, target)
		step(observed)
	step({
		"any": IP.resolve_hostname("localhost"),
		"v4": IP.resolve_hostname("localhost", IP.TYPE_IPV4),
		"v6": IP.resolve_hostname("localhost", IP.TYPE_IPV6),
	})


## From where a datagram to [param target] seems to come; null if it does not arrive.
func _source_seen(socket: PacketPeerUDP, target: String) -> Variant:
	var sender := PacketPeerUDP.new()
	_must(sender.set_dest_address(target, socket.get_local_port()))
	_must(sender.put_packet(PackedByteArray([1])))
	OS.delay_msec(10)
	if socket.get_available_packet_count() == 0:
		return null
	socket.get_packet()
	return socket.get_packet_ip()


## Sockets that have sent a datagram to [param server], which was polled since.
func _send_from_new_sockets(count: int, server: UDPServer) -> Array[PacketPeerUDP]:
	var sockets: Array[PacketPeerUDP] = []
	for _socket: int in count:
		var socket := PacketPeerUDP.new()
		_must(socket.connect_to_host(LOCALHOST, server.get_local_port()))
		_must(socket.put_packet(PackedByteArray([1])))
		sockets.append(socket)
	OS.delay_msec(5)
	_must(server.poll())
	return sockets


## A key and a certificate that it signed, for localhost.
func _new_certificate() -> Array:
	var crypto := Crypto.new()
	var key: CryptoKey = crypto.generate_rsa(RSA_BITS)
	return [key, crypto.generate_self_signed_certificate(key, "CN=localhost,O=Probe,C=AA")]


func _new_client(
		port: int, options: TLSOptions, hostname: String = "localhost") -> PacketPeerDTLS:
	var udp := PacketPeerUDP.new()
	_must(udp.connect_to_host(LOCALHOST, port))
	var client := PacketPeerDTLS.new()
	_must(client.connect_to_peer(udp, hostname, options))
	return client


func _is_connected(peer: PacketPeerDTLS) -> bool:
	return peer.get_status() == PacketPeerDTLS.STATUS_CONNECTED


## Polls both until the client is through with its handshake, and the server too if it went well.
func poll_while_handshaking(client: PacketPeerDTLS, server: Server) -> void:
	var end: int = Time.get_ticks_msec() + PATIENCE_MSEC
	while Time.get_ticks_msec() < end:
		server.poll()
		client.poll()
		if client.get_status() != PacketPeerDTLS.STATUS_HANDSHAKING:
			if not _is_connected(client) or server.has_connected():
				return
		OS.delay_msec(1)


## A DTLS server as the engine's documentation builds one.
class Server extends RefCounted:
	var udp := UDPServer.new()
	## What [code]setup()[/code] answered.
	var set_up: int
	## Statuses of what [code]take_connection()[/code] answered.
	var taken: Array[int] = []
	## Those of them that went on with their handshake.
	var peers: Array[PacketPeerDTLS] = []

	var _dtls := DTLSServer.new()
	var _options: TLSOptions

	func _init(certificate: Array) -> void:
		_options = TLSOptions.server(certificate[0], certificate[1])
		set_up = _dtls.setup(_options)
		if udp.listen(0, LOCALHOST) != OK:
			push_error("a DTLS server cannot listen")

	func set_up_again() -> int:
		return _dtls.setup(_options)

	func poll() -> void:
		udp.poll()
		if udp.is_connection_available():
			var peer: PacketPeerDTLS = _dtls.take_connection(udp.take_connection())
			taken.append(peer.get_status())
			if peer.get_status() == PacketPeerDTLS.STATUS_HANDSHAKING:
				peers.append(peer)
		for peer: PacketPeerDTLS in peers:
			if peer.get_status() in [
				PacketPeerDTLS.STATUS_HANDSHAKING, PacketPeerDTLS.STATUS_CONNECTED,
			]:
				peer.poll()

	func has_connected() -> bool:
		return not peers.is_empty() and peers[-1].get_status() == PacketPeerDTLS.STATUS_CONNECTED
