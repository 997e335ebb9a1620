extends RefCounted
## A peer whose signals are held to account: who arrives departs, once each and in this order, unless
## a call of this side ended it silently.

var peer: MultiplayerPeer
## Who has arrived and not departed, as keys.
var present: Dictionary = {}
var arrivals: int = 0
var departures: int = 0
## Those who were present and ended by a call of this side that emits nothing.
var silent_ends: int = 0
## What was not as it must be.
var faults: PackedStringArray = []
## Called with the name of the next signal, after it was noted, and forgotten by that.
var on_signal: Callable


func _init(of: MultiplayerPeer) -> void:
	peer = of
	peer.peer_connected.connect(_on_connected)
	peer.peer_disconnected.connect(_on_disconnected)


func is_active() -> bool:
	return peer != null and peer.get_connection_status() != MultiplayerPeer.CONNECTION_DISCONNECTED


## Polls, and reads what came: only those who are here may say something.
func poll() -> void:
	if not is_active():
		return
	peer.poll()
	while is_active() and peer.get_available_packet_count() > 0:
		var sender: int = peer.get_packet_peer()
		peer.get_packet()
		if not present.has(sender):
			faults.append("a packet of %d, who is not here" % sender)
	if not is_active() and not present.is_empty():
		faults.append("over, and %s never departed" % [present.keys()])
		present.clear()


## As a call of this side does that emits nothing.
func close() -> void:
	_end_silently()
	on_signal = Callable()
	peer.close()


func drop_by_force(id: int) -> void:
	if present.erase(id):
		silent_ends += 1
	peer.disconnect_peer(id, true)


## Lets go of the object, whatever it is doing.
func let_go() -> void:
	_end_silently()
	on_signal = Callable()
	peer = null


func _end_silently() -> void:
	silent_ends += present.size()
	present.clear()


func _on_connected(id: int) -> void:
	arrivals += 1
	if present.has(id):
		faults.append("%d arrives and is here already" % id)
	present[id] = true
	_react("peer_connected")


func _on_disconnected(id: int) -> void:
	departures += 1
	if not present.erase(id):
		faults.append("%d departs and never was here" % id)
	if peer.get_class().ends_with("Rs") and peer.get("last_failure") == 0:
		faults.append("%d departs, and nobody knows why" % id)
	_react("peer_disconnected")


func _react(signal_name: String) -> void:
	var reaction: Callable = on_signal
	on_signal = Callable()
	if reaction.is_valid():
		reaction.call(signal_name)
