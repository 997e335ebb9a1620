extends RefCounted
## How the processes of a mesh find each other and connect, each pair on its own: with connections
## of any class, on this machine, and without what the demo has for that.
##
## Each process listens for those that come later in the list of roles, and says where to the
## first one, which tells everybody once it has heard of all.

const LOCALHOST: String = "127.0.0.1"
## Until what was said is said again, for it may get lost.
const REPEAT_MSEC: int = 50

## Role to [code]{id, is_ours, ports}[/code], the last being role to port; empty before all came.
var roster: Dictionary = {}
## Role to the connection object that leads there, for those to whom there is one.
var connected: Dictionary = {}

var _role: String
var _roles: Array
var _port: int
var _connection_class: String
var _known: Dictionary = {}
## Role to connection object.
var _waiting: Dictionary = {}
var _socket := PacketPeerUDP.new()
var _next_msec: int = 0


func _init(role: String, roles: Array, port: int) -> void:
	_role = role
	_roles = roles
	_port = port


## Listens for those who come later, and says so to the first, for whom [param port] is free.
func begin(connection_class: String, id: int) -> Error:
	var ports: Dictionary = {}
	_connection_class = connection_class
	for other: String in _roles.slice(_roles.find(_role) + 1):
		var connection: RefCounted = ClassDB.instantiate(connection_class)
		var err: Error = connection.create_host_bound(LOCALHOST, 0, 1)
		if err != OK:
			return err
		_waiting[other] = connection
		ports[other] = connection.get_local_port()
	_known[_role] = {"id": id, "is_ours": connection_class.ends_with("Rs"), "ports": ports}
	if _role == _roles[0]:
		return _socket.bind(_port, LOCALHOST)
	# Not connected, else the system answers for the first one while that is not there yet.
	_socket.set_dest_address(LOCALHOST, _port)
	return _socket.bind(0, LOCALHOST)


## Goes on; answers whether there is a connection to everybody.
func update() -> bool:
	if _role == _roles[0]:
		_answer()
	elif roster.is_empty():
		_ask()
	for other: String in _waiting.keys():
		if _waiting[other].service()[0] == ENetConnection.EVENT_CONNECT:
			connected[other] = _waiting[other]
			_waiting.erase(other)
	return connected.size() == _roles.size() - 1


func _ask() -> void:
	if Time.get_ticks_msec() >= _next_msec:
		_next_msec = Time.get_ticks_msec() + REPEAT_MSEC
		_socket.put_var(_known)
	if _socket.get_available_packet_count() == 0:
		return
	roster = _socket.get_var()
	for other: String in _roles.slice(0, _roles.find(_role)):
		var connection: RefCounted = ClassDB.instantiate(_connection_class)
		connection.create_host(1)
		connection.connect_to_host(LOCALHOST, roster[other].ports[_role])
		_waiting[other] = connection


## Only who asks again is answered again: all others know.
func _answer() -> void:
	while _socket.get_available_packet_count() > 0:
		_known.merge(_socket.get_var())
		if _known.size() == _roles.size():
			roster = _known
			_socket.set_dest_address(LOCALHOST, _socket.get_packet_port())
			_socket.put_var(roster)
