extends RefCounted
## An ENet host driven by a script, its peer, and the events it got.

const EVENT_NONE: int = 0
const EVENT_CONNECT: int = 1
const EVENT_DISCONNECT: int = 2
const EVENT_RECEIVE: int = 3

var connection: RefCounted
## The remote; for a listening host null until somebody has connected.
var peer: PacketPeer
## What [code]service()[/code] answered, without the empty answers.
var events: Array = []


func _init(with_connection: RefCounted, with_peer: PacketPeer) -> void:
	connection = with_connection
	peer = with_peer


func poll() -> void:
	var event: Array = connection.service(0)
	if event[0] != EVENT_NONE:
		events.append(event)


func has(type: int) -> bool:
	return events.any(func(event: Array) -> bool: return event[0] == type)


func types() -> Array:
	return events.map(func(event: Array) -> int: return event[0])
