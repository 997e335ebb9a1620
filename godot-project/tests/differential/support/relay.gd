extends RefCounted
## Stands between one client and a server, and may hold back what the client sends.

const LOCALHOST: String = "127.0.0.1"

## Datagrams of the client that wait for [method release].
var held: Array[PackedByteArray] = []
## Whether datagrams of the client are held instead of forwarded.
var holds: bool = false
## Datagrams that were forwarded, of both sides.
var passed: int = 0
## The port for the client to connect to.
var port: int:
	get:
		return _client_side.get_local_port()

var _client_side := PacketPeerUDP.new()
var _server_side := PacketPeerUDP.new()


func _init(server_port: int) -> void:
	var err: Error = _client_side.bind(0, LOCALHOST)
	if err == OK:
		err = _server_side.connect_to_host(LOCALHOST, server_port)
	if err != OK:
		push_error("a relay cannot get its sockets: %s" % error_string(err))


## Forwards what has arrived on both sides.
func poll() -> void:
	while _client_side.get_available_packet_count() > 0:
		var datagram: PackedByteArray = _client_side.get_packet()
		if holds:
			held.append(datagram)
		else:
			_server_side.put_packet(datagram)
			passed += 1
	while _server_side.get_available_packet_count() > 0:
		var datagram: PackedByteArray = _server_side.get_packet()
		_client_side.set_dest_address(LOCALHOST, _client_side.get_packet_port())
		_client_side.put_packet(datagram)
		passed += 1


## Sends [param datagrams] to the server, in their order.
func release(datagrams: Array[PackedByteArray]) -> void:
	for datagram: PackedByteArray in datagrams:
		_server_side.put_packet(datagram)
