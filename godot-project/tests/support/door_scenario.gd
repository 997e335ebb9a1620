extends "res://tests/support/scenario.gd"
## What those scenarios share in which clients try to get into a server.

var _server: MultiplayerPeer
var _server_signals: Array = []


func _start() -> void:
	check_equal(_server.create_server(port), OK, "the server starts")
	polled = [_server]
	_server_signals.clear()


## A client that begins.
func _begin(what: String, address: String = LOCALHOST) -> MultiplayerPeer:
	var client: MultiplayerPeer = new_other_peer()
	check_equal(client.create_client(address, port), OK, what)
	return client


## A client that gets in.
func _join(what: String, address: String = LOCALHOST) -> MultiplayerPeer:
	var client: MultiplayerPeer = _begin("a client starts", address)
	polled.append(client)
	_server_signals.clear()
	await until(func() -> bool: return client.get_connection_status() == CONNECTED and _server_signals.size() == 1, what)
	return client


## A client that does not, and is told why if it is ours; [param failure] names the constant.
func _is_turned_away(what: String, failure: String, address: String = LOCALHOST) -> void:
	var client: MultiplayerPeer = _begin(what + " starts", address)
	var signals: Array = []
	record(client, signals)
	polled.append(client)
	_server_signals.clear()
	await until(func() -> bool: return client.get_connection_status() == DISCONNECTED, what + " is told")
	check_equal([signals, _server_signals], [[], []], what + " never was connected")
	if other_class.ends_with("Rs"):
		var number: int = ClassDB.class_get_integer_constant(other_class, failure)
		check_equal(client.last_failure, number, what + " learns why: " + failure)
	polled.erase(client)


func _end() -> void:
	for peer: MultiplayerPeer in polled:
		peer.close()
	polled.clear()
	_server.close()
