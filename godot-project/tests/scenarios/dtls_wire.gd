extends "res://tests/support/scenario.gd"
## One process: our ends against plain objects of the engine, as the official builds of the built-in
## class use them. What they carry is a recorded handshake of ENet.

const Tls = preload("res://tests/support/tls.gd")

## A CONNECT with two channels and the data 0x12345678; from handshake.jsonl of the engine's vectors.
const CONNECT: String = "8fff86a582ff00010000ffff0000057000010000000000020000000000000000000013880000000200000002922a0faf12345678"
## What answers it there.
const VERIFY_CONNECT: String = "800086af83ff0001000000000000057000010000000000020000000000000000000013880000000200000002922a0faf"
## What a server draws at random, in the datagram of a VERIFY_CONNECT: when it left, its number, the slot and the sessions.
const DRAWN_AT: Array[int] = [2, 3, 6, 7, 8, 9, 10, 11]
## In both commands, the slot at the sender and the two sessions.
const SLOT_AT: int = 8
const SESSIONS_AT: int = 10
## In both commands, the number of the connection.
const CONNECT_ID_AT: int = 44

var _own: Tls


func run() -> void:
	_own = Tls.new("localhost")
	await _check_plain_client()
	await _check_plain_server()


func _check_plain_client() -> void:
	var server: RefCounted = new_connection()
	check_equal(server.create_host_bound(LOCALHOST, port), OK, "our server starts")
	check_equal(server.dtls_server_setup(_own.server_options()), OK, "it is set up")
	var udp := PacketPeerUDP.new()
	var client := PacketPeerDTLS.new()
	check_equal(udp.connect_to_host(LOCALHOST, port), OK, "a plain socket is there")
	check_equal(client.connect_to_peer(udp, "localhost", _own.client_options()), OK, "a plain handshake begins")
	var poll: Callable = func() -> bool:
		server.service(0)
		client.poll()
		return client.get_status() == PacketPeerDTLS.STATUS_CONNECTED
	await until(poll, "a plain client shakes hands with our server")
	check_equal(client.put_packet(CONNECT.hex_decode()), OK, "it sends a recorded CONNECT")
	var is_answered: Callable = func() -> bool:
		server.service(0)
		client.poll()
		return client.get_available_packet_count() > 0
	await until(is_answered, "it is answered")
	var answer: PackedByteArray = client.get_packet()
	var expected: PackedByteArray = VERIFY_CONNECT.hex_decode()
	for index: int in DRAWN_AT:
		expected[index] = answer[index]
	# The header has the session that the command names.
	expected[0] = 0x80 | answer[SESSIONS_AT] << 4
	check_equal(answer.hex_encode(), expected.hex_encode(), "by a VERIFY_CONNECT, as recorded")
	client.disconnect_from_peer()
	server.destroy()


func _check_plain_server() -> void:
	var udp := UDPServer.new()
	var dtls := DTLSServer.new()
	check_equal(dtls.setup(_own.server_options()), OK, "a plain server is set up")
	check_equal(udp.listen(port, LOCALHOST), OK, "it listens")
	var client: MultiplayerPeer = new_peer()
	check_equal(client.create_client(LOCALHOST, port), OK, "our client starts")
	check_equal(client.host.dtls_client_setup("localhost", _own.client_options()), OK, "it is set up")
	var context: Array[PacketPeerDTLS] = []
	var received: Array[PackedByteArray] = []
	polled = [client]
	var serve: Callable = func() -> bool:
		_serve(udp, dtls, context, received)
		return not received.is_empty()
	await until(serve, "a datagram arrives when the hands are shaken")
	var connect: PackedByteArray = received[0]
	check_equal(connect.size(), 52, "it is as long as the recorded one")
	check_equal(connect.slice(4, 6).hex_encode(), "82ff", "and a CONNECT")
	var answer: PackedByteArray = VERIFY_CONNECT.hex_decode()
	for index: int in 4:
		answer[CONNECT_ID_AT + index] = connect[CONNECT_ID_AT + index]
	# As ENet's server steps the sessions, of which the client names the last, and calls the client by its slot.
	for index: int in 2:
		answer[SESSIONS_AT + index] = (connect[SESSIONS_AT + index] + 1) & 3
	answer[0] = 0x80 | answer[SESSIONS_AT] << 4 | connect[SLOT_AT]
	answer[1] = connect[SLOT_AT + 1]
	check_equal(context[0].put_packet(answer), OK, "a VERIFY_CONNECT is sent")
	await until(func() -> bool: return client.get_connection_status() == CONNECTED, "our client is connected by it")
	client.close()
	udp.stop()


func _serve(udp: UDPServer, dtls: DTLSServer, context: Array[PacketPeerDTLS], received: Array[PackedByteArray]) -> void:
	udp.poll()
	while udp.is_connection_available():
		var peer: PacketPeerDTLS = dtls.take_connection(udp.take_connection())
		if peer.get_status() == PacketPeerDTLS.STATUS_HANDSHAKING:
			context.assign([peer])
	for peer: PacketPeerDTLS in context:
		peer.poll()
		if peer.get_status() == PacketPeerDTLS.STATUS_CONNECTED and peer.get_available_packet_count() > 0:
			received.append(peer.get_packet())
