extends MultiplayerPeerExtension
## Hands every call on to another peer, and notes it: what a [SceneMultiplayer] asks of its peer, in which order.

## Longest packet that is noted byte by byte.
const SHOWN_BYTES: int = 16

## Since somebody cleared it.
var calls: Array[String] = []

var _peer: MultiplayerPeer
## Says what the record calls an id.
var _symbol: Callable
## Replaces ids inside packets, given in hex, by what the record calls them.
var _name_ids: Callable


func _init(peer: MultiplayerPeer, symbol: Callable, name_ids: Callable) -> void:
	_peer = peer
	_symbol = symbol
	_name_ids = name_ids
	peer.peer_connected.connect(_emit.bind(&"peer_connected"))
	peer.peer_disconnected.connect(_emit.bind(&"peer_disconnected"))


func take_calls() -> Array[String]:
	var taken: Array[String] = calls
	calls = []
	return taken


func _emit(id: int, signal_name: StringName) -> void:
	calls.append("<emit %s %s>" % [signal_name, _symbol.call(id)])
	emit_signal(signal_name, id)
	calls.append("</emit %s>" % signal_name)


func _shown(packet: PackedByteArray) -> String:
	if packet.size() > SHOWN_BYTES:
		return "%d bytes" % packet.size()
	return _name_ids.call(packet.hex_encode())


func _get_connection_status() -> MultiplayerPeer.ConnectionStatus:
	var status: MultiplayerPeer.ConnectionStatus = _peer.get_connection_status()
	calls.append("get_connection_status -> %d" % status)
	return status


func _poll() -> void:
	calls.append("poll {")
	_peer.poll()
	calls.append("} poll")


func _get_available_packet_count() -> int:
	var count: int = _peer.get_available_packet_count()
	calls.append("get_available_packet_count -> %d" % count)
	return count


func _get_packet_peer() -> int:
	var id: int = _peer.get_packet_peer()
	calls.append("get_packet_peer -> %s" % _symbol.call(id))
	return id


func _get_packet_channel() -> int:
	var channel: int = _peer.get_packet_channel()
	calls.append("get_packet_channel -> %d" % channel)
	return channel


func _get_packet_mode() -> MultiplayerPeer.TransferMode:
	var mode: MultiplayerPeer.TransferMode = _peer.get_packet_mode()
	calls.append("get_packet_mode -> %d" % mode)
	return mode


func _get_packet_script() -> PackedByteArray:
	var packet: PackedByteArray = _peer.get_packet()
	calls.append("get_packet -> %s" % _shown(packet))
	return packet


func _put_packet_script(packet: PackedByteArray) -> Error:
	var err: Error = _peer.put_packet(packet)
	calls.append("put_packet(%s) -> %d" % [_shown(packet), err])
	return err


func _get_max_packet_size() -> int:
	calls.append("get_max_packet_size")
	return 1 << 24


func _set_target_peer(id: int) -> void:
	calls.append("set_target_peer(%s)" % _symbol.call(id))
	_peer.set_target_peer(id)


func _set_transfer_channel(channel: int) -> void:
	calls.append("set_transfer_channel(%d)" % channel)
	_peer.transfer_channel = channel


func _get_transfer_channel() -> int:
	calls.append("get_transfer_channel")
	return _peer.transfer_channel


func _set_transfer_mode(mode: MultiplayerPeer.TransferMode) -> void:
	calls.append("set_transfer_mode(%d)" % mode)
	_peer.transfer_mode = mode


func _get_transfer_mode() -> MultiplayerPeer.TransferMode:
	calls.append("get_transfer_mode")
	return _peer.transfer_mode


func _get_unique_id() -> int:
	var id: int = _peer.get_unique_id()
	calls.append("get_unique_id -> %s" % _symbol.call(id))
	return id


func _is_server() -> bool:
	calls.append("is_server")
	return _peer.get_unique_id() == 1


func _is_server_relay_supported() -> bool:
	calls.append("is_server_relay_supported")
	return _peer.is_server_relay_supported()


func _disconnect_peer(id: int, force: bool) -> void:
	calls.append("disconnect_peer(%s, %s)" % [_symbol.call(id), force])
	_peer.disconnect_peer(id, force)


func _close() -> void:
	calls.append("close")
	_peer.close()


func _set_refuse_new_connections(refuse: bool) -> void:
	calls.append("set_refuse_new_connections(%s)" % refuse)
	_peer.refuse_new_connections = refuse


func _is_refusing_new_connections() -> bool:
	calls.append("is_refusing_new_connections")
	return _peer.refuse_new_connections
