extends RefCounted
## Carries the datagrams of one client to a server and back, and may change or drop them.

const LOCALHOST: String = "127.0.0.1"
## Where the first command of a datagram with a sent time begins.
const COMMAND: int = 4
const CONNECT: int = 2
const VERIFY_CONNECT: int = 3
## Where the connect id and the user data stand in a datagram that begins with a CONNECT or its answer.
const CONNECT_ID: int = COMMAND + 40
const CONNECT_DATA: int = COMMAND + 44

## Given each datagram on its way; what it returns goes on, and an empty array is dropped.
var to_server: Callable
var to_client: Callable
## Drops everything in both directions.
var is_cut: bool = false
## Where the client connects to.
var port: int:
	get:
		return _front.get_local_port()

var _front := PacketPeerUDP.new()
var _back := PacketPeerUDP.new()


func start(server_port: int) -> Error:
	var err: Error = _front.bind(0, LOCALHOST)
	if err == OK:
		err = _back.connect_to_host(LOCALHOST, server_port)
	return err


func poll() -> void:
	while _front.get_available_packet_count() > 0:
		var datagram: PackedByteArray = _front.get_packet()
		_front.set_dest_address(_front.get_packet_ip(), _front.get_packet_port())
		_pass_on(datagram, to_server, _back)
	while _back.get_available_packet_count() > 0:
		_pass_on(_back.get_packet(), to_client, _front)


## Whether a datagram begins with a command of [param kind].
static func begins_with(datagram: PackedByteArray, kind: int) -> bool:
	return datagram.size() > CONNECT_ID and datagram[0] & 0x80 and datagram[COMMAND] & 0x0F == kind


func _pass_on(datagram: PackedByteArray, change: Callable, socket: PacketPeerUDP) -> void:
	if is_cut:
		return
	if change.is_valid():
		datagram = change.call(datagram)
	if not datagram.is_empty():
		socket.put_packet(datagram)
