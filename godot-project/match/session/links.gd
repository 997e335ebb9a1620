class_name Links
extends Node
## Tells every side how each player's link is doing.
##
## The server measures ping and loss of each client, each client its own throughput; the server
## puts the two together and publishes them. Late news is worthless, so all of it is unreliable.

signal updated

const _PUBLISH_SECONDS: float = 0.5
const _MEASURE_SECONDS: float = 1.0

@export var session: Session

var _network: Network
var _since_published: float = 0.0
var _since_measured: float = 0.0
## Id to [ping in ms, loss 0 to 1, received bytes per second, sent bytes per second].
var _rows: Dictionary = {}


func _process(delta: float) -> void:
	if _network == null or not session.running:
		return
	_since_measured += delta
	if _since_measured >= _MEASURE_SECONDS:
		_since_measured = 0.0
		_measure()
	_since_published += delta
	if multiplayer.is_server() and _since_published >= _PUBLISH_SECONDS:
		_since_published = 0.0
		_publish()


## Begins to measure [param network].
func watch(network: Network) -> void:
	_network = network


func get_ping_ms(id: int) -> float:
	return _get_value(id, 0)


## Share of lost packets, 0 to 1.
func get_loss(id: int) -> float:
	return _get_value(id, 1)


## Bytes per second that [param id] receives.
func get_received_per_second(id: int) -> float:
	return _get_value(id, 2)


## Bytes per second that [param id] sends.
func get_sent_per_second(id: int) -> float:
	return _get_value(id, 3)


func _measure() -> void:
	var traffic: Network.Traffic = _network.measure_traffic()
	if multiplayer.is_server():
		_set_traffic(
				multiplayer.get_unique_id(),
				traffic.received_per_second, traffic.sent_per_second)
	else:
		session.tally.count_sent(RpcTally.LINKS, MultiplayerPeer.TARGET_PEER_SERVER)
		_report_traffic.rpc_id(
				MultiplayerPeer.TARGET_PEER_SERVER,
				traffic.received_per_second, traffic.sent_per_second)


func _publish() -> void:
	var known: PackedInt32Array = multiplayer.get_peers()
	for id: int in _rows.keys():
		if id != multiplayer.get_unique_id() and not known.has(id):
			_rows.erase(id)
	for id: int in known:
		var link: Network.Link = _network.measure_link(id)
		var row: Array = _rows.get_or_add(id, [0.0, 0.0, 0.0, 0.0])
		row[0] = link.ping_ms
		row[1] = link.loss
	for id: int in known:
		session.tally.count_sent(RpcTally.LINKS, id)
		_show.rpc_id(id, _rows)
	updated.emit()


func _set_traffic(id: int, received_per_second: float, sent_per_second: float) -> void:
	var row: Array = _rows.get_or_add(id, [0.0, 0.0, 0.0, 0.0])
	row[2] = received_per_second
	row[3] = sent_per_second


func _get_value(id: int, column: int) -> float:
	var row: Array = _rows.get(id, [])
	return float(row[column]) if row.size() > column else 0.0


@rpc("any_peer", "call_remote", "unreliable_ordered", 4)
func _report_traffic(received_per_second: float, sent_per_second: float) -> void:
	var id: int = multiplayer.get_remote_sender_id()
	session.tally.count_received(RpcTally.LINKS, id)
	if multiplayer.is_server():
		_set_traffic(id, received_per_second, sent_per_second)


@rpc("authority", "call_remote", "unreliable_ordered", 4)
func _show(rows: Dictionary) -> void:
	session.tally.count_received(RpcTally.LINKS, multiplayer.get_remote_sender_id())
	_rows = rows
	updated.emit()
