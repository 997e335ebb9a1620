extends Node
## What the probes share: objects of the classes under test, polling, and the record of each step.
##
## A probe is a method with the name of a scenario of [code]record.json[/code]. It does what the scenario's steps say
## and calls [method step] once for each, with what was observed, under the record's keys. It checks nothing: the
## process that started this one compares the steps of two classes and of the record. It reads them from standard
## error, where the engine also prints its errors, so their order tells which error belongs to which step.

const Raw = preload("res://tests/differential/support/raw.gd")
const STEP_MARK: String = "[step] "
const LOCALHOST: String = "127.0.0.1"
const CONNECTED: int = MultiplayerPeer.CONNECTION_CONNECTED
const DISCONNECTED: int = MultiplayerPeer.CONNECTION_DISCONNECTED
## Longest wait for what takes milliseconds on an idle machine.
const PATIENCE_MSEC: int = 5000
## For a name that the resolver asks the network for.
const LOOKUP_PATIENCE_MSEC: int = 60_000
## What must not happen has had the time for it by then.
const SETTLE_MSEC: int = 50
## Exchanges of scripts and network threads one behind the other, at most, before nothing more is under way.
const EXCHANGES: int = 3
## Longest packet that is recorded byte by byte.
const SHOWN_BYTES: int = 16
const ERROR_NAMES: Dictionary = {
	OK: "OK",
	FAILED: "FAILED",
	ERR_UNAVAILABLE: "ERR_UNAVAILABLE",
	ERR_UNCONFIGURED: "ERR_UNCONFIGURED",
	ERR_OUT_OF_MEMORY: "ERR_OUT_OF_MEMORY",
	ERR_CANT_CREATE: "ERR_CANT_CREATE",
	ERR_ALREADY_IN_USE: "ERR_ALREADY_IN_USE",
	ERR_INVALID_PARAMETER: "ERR_INVALID_PARAMETER",
	ERR_BUG: "ERR_BUG",
}

## Names of the three classes.
var peer_class: String
var connection_class: String
var packet_peer_class: String

## Signals since the last step.
var _signals: Array = []
## What the record calls an id: clients are C1, C2, ... in the order of their creation.
var _symbols: Dictionary = {}
## A reference to a peer, a signal of it and our handler, for each call of [method watch].
var _watched: Array[Array] = []


## Notes the next step of the record, with all signals since the one before.
func step(observed: Dictionary = {}) -> void:
	printerr(STEP_MARK + JSON.stringify({"observed": observed, "signals": _signals}, "", false))
	_signals = []


## Drops the signals noted so far: they belong to the preparation, not to a step.
func forget_signals() -> void:
	_signals = []


## Names clients from C1 on again.
func forget_clients() -> void:
	_symbols = {}


func new_peer() -> MultiplayerPeer:
	return ClassDB.instantiate(peer_class)


func new_connection() -> RefCounted:
	return ClassDB.instantiate(connection_class)


## A peer that serves on a free port.
func new_server(max_clients: int = 32) -> MultiplayerPeer:
	var server: MultiplayerPeer = new_peer()
	_must(server.create_server(0, max_clients))
	return server


## A client of [param server] that has not been polled yet.
func new_client(server: MultiplayerPeer, channel_count: int = 0) -> MultiplayerPeer:
	return new_client_of_port(port_of(server), channel_count)


func new_client_of_port(port: int, channel_count: int = 0) -> MultiplayerPeer:
	var client: MultiplayerPeer = new_peer()
	_must(client.create_client(LOCALHOST, port, channel_count))
	name_client(client)
	return client


func name_client(client: MultiplayerPeer) -> void:
	_symbols[1] = "1"
	_symbols[client.get_unique_id()] = "C%d" % _symbols.size()


## A client that [param server] knows; nobody watches the two yet.
func joined_client(server: MultiplayerPeer, channel_count: int = 0) -> MultiplayerPeer:
	var client: MultiplayerPeer = new_client(server, channel_count)
	join([server, client])
	return client


## Polls a server, the first of [param peers], and clients until all of them are connected.
func join(peers: Array) -> void:
	var server: MultiplayerPeer = peers[0]
	poll_until(peers, func() -> bool:
		return peers.slice(1).all(func(client: MultiplayerPeer) -> bool:
			return client.get_connection_status() == CONNECTED and knows(server, client)))


## Whether [param client] is among the peers of [param server]'s host, told by its port.
func knows(server: MultiplayerPeer, client: MultiplayerPeer) -> bool:
	var port: int = client.host.get_local_port()
	return server.host.get_peers().any(func(peer: PacketPeer) -> bool:
		return peer.get_remote_port() == port and peer.has_meta("_net_id"))


## Lets neither end of the connection of [param peer] drop unreliable packets however late acknowledgements are: on a
## busy machine ENet's throttle takes them for a crowded path.
func never_throttle(peer: PacketPeer) -> void:
	const INTERVAL_MSEC: int = 5000
	const ACCELERATION: int = 2
	const DECELERATION: int = 0
	peer.throttle_configure(INTERVAL_MSEC, ACCELERATION, DECELERATION)


func port_of(server: MultiplayerPeer) -> int:
	return server.host.get_local_port()


func host_peers(peer: MultiplayerPeer) -> int:
	return peer.host.get_peers().size()


## A connection that serves [param max_peers] peers on a free port.
func new_listener(max_peers: int = 32, max_channels: int = 0) -> RefCounted:
	var listener: RefCounted = new_connection()
	_must(listener.create_host_bound(LOCALHOST, 0, max_peers, max_channels))
	return listener


## An ENet host that connects to [param port] with [param data].
func new_raw(port: int, channels: int = 0, data: int = 0) -> Raw:
	var connection: RefCounted = new_connection()
	_must(connection.create_host(1))
	return Raw.new(connection, connection.connect_to_host(LOCALHOST, port, channels, data))


## Two connected [Raw] ends, the listening one first; their events are forgotten.
func new_pair(channels: int = 0, max_channels: int = 0) -> Array[Raw]:
	var listener := Raw.new(new_listener(4, max_channels), null)
	var raw: Raw = new_raw(listener.connection.get_local_port(), channels)
	poll_until([listener, raw], func() -> bool:
		return listener.has(Raw.EVENT_CONNECT) and raw.has(Raw.EVENT_CONNECT))
	listener.peer = listener.events[0][1]
	for end: Raw in [listener, raw]:
		end.events.clear()
	return [listener, raw]


## A UDP port that was free a moment ago.
func free_port() -> int:
	var socket := PacketPeerUDP.new()
	_must(socket.bind(0, LOCALHOST))
	var port: int = socket.get_local_port()
	socket.close()
	return port


## Notes the signals of [param peer] as those of [param called]. [param hook] is called in the handler, with the name of
## the signal and the id.
func watch(peer: MultiplayerPeer, called: String, hook: Callable = Callable()) -> void:
	var reference: WeakRef = weakref(peer)
	for signal_name: String in ["peer_connected", "peer_disconnected"]:
		var handler: Callable = func(id: int) -> void:
			_signals.append({
				"on": called,
				"signal": signal_name,
				"id": symbol(id),
				"status_inside": reference.get_ref().get_connection_status(),
			})
			if hook.is_valid():
				hook.call(signal_name, id)
		peer.connect(signal_name, handler)
		_watched.append([reference, signal_name, handler])


## Forgets all hooks. They hold the peers that hold them, which would then never be freed.
func unwatch() -> void:
	for entry: Array in _watched:
		var peer: MultiplayerPeer = entry[0].get_ref()
		if peer != null:
			peer.disconnect(entry[1], entry[2])
	_watched.clear()


func has_signal_of(called: String, signal_name: String) -> bool:
	return _signals.any(func(entry: Dictionary) -> bool:
		return entry.on == called and entry.signal == signal_name)


## What the record calls the id.
func symbol(id: int) -> Variant:
	return _symbols.get(id, id)


## Polls [param objects] in turn, once a millisecond, until [param condition] answers true or the patience is over.
## Peers that are disconnected are left alone. Counts polls and does not look at the clock: a process that got no
## processor for a while still has all of them.
func poll_until(
		objects: Array, condition: Callable, patience_msec: int = PATIENCE_MSEC) -> bool:
	for _round: int in patience_msec:
		_poll_all(objects)
		if condition.call():
			return true
		OS.delay_msec(1)
	_poll_all(objects)
	return condition.call()


## Waits until nothing is under way, without a poll; no longer than that takes, since hosts have timers of half a second
## and of a second.
func settle() -> void:
	const MSEC: int = 10
	pump([], MSEC)


## Polls [param objects] for at least [param msec], once a millisecond, and until a network thread has done all that
## the polls gave it to do, however late it got a processor.
func pump(objects: Array, msec: int) -> void:
	_poll_all(objects)
	for _round: int in msec:
		OS.delay_msec(1)
		_poll_all(objects)
	for _exchange: int in EXCHANGES:
		# The handshake of two hosts that nobody else knows takes the thread several turns, and a turn is for all hosts.
		new_pair()
		_poll_all(objects)


## Polls [param objects] until [param peer] is disconnected.
func poll_until_over(
		objects: Array, peer: MultiplayerPeer, patience_msec: int = PATIENCE_MSEC) -> void:
	poll_until(
			objects,
			func() -> bool: return peer.get_connection_status() == DISCONNECTED,
			patience_msec)


## Polls [param receiver] and [param others] until [param receiver] has [param count] packets; answers them.
func receive(receiver: MultiplayerPeer, others: Array = [], count: int = 1) -> Array:
	poll_until([receiver] + others, func() -> bool:
		return receiver.get_available_packet_count() >= count)
	return drain(receiver)


## As [method receive], for what must not arrive: waits for [param msec].
func receive_for(receiver: MultiplayerPeer, others: Array, msec: int = 40) -> Array:
	pump([receiver] + others, msec)
	return drain(receiver)


## Takes every packet of [param peer], as the record shows it.
func drain(peer: MultiplayerPeer) -> Array:
	var packets: Array = []
	while peer.get_available_packet_count() > 0:
		var packet: Dictionary = {
			"peer": symbol(peer.get_packet_peer()),
			"mode": peer.get_packet_mode(),
			"channel": peer.get_packet_channel(),
		}
		packet.bytes = shown(peer.get_packet())
		packet.error = peer.get_packet_error()
		packets.append(packet)
	return packets


func bytes_of(packets: Array) -> Array:
	return packets.map(func(packet: Dictionary) -> Variant: return packet.bytes)


## Bytes as the record shows them: in hex, or only their number.
func shown(bytes: PackedByteArray) -> Variant:
	return bytes.hex_encode() if bytes.size() <= SHOWN_BYTES else bytes.size()


func error(code: int) -> Dictionary:
	return {"code": code, "name": ERROR_NAMES.get(code, error_string(code))}


## An array that [code]service()[/code] answered. [param known] says what the record calls a peer object.
func event(array: Array, known: Dictionary = {}) -> Dictionary:
	return {
		"size": array.size(),
		"type": array[0],
		"peer": known.get(array[1]),
		"data": array[2],
		"channel": array[3],
	}


## Services [param connection] until an event comes or the patience is over, as [method poll_until] counts it.
func next_event(connection: RefCounted, patience_msec: int = PATIENCE_MSEC) -> Array:
	for _round: int in patience_msec:
		var array: Array = connection.service(0)
		if array[0] != 0:
			return array
		OS.delay_msec(1)
	return connection.service(0)


func filled(size: int, value: int = 0x5a) -> PackedByteArray:
	var bytes := PackedByteArray()
	bytes.resize(size)
	bytes.fill(value)
	return bytes


func _poll_all(objects: Array) -> void:
	for object: Object in objects:
		if not object is MultiplayerPeer or object.get_connection_status() != DISCONNECTED:
			object.poll()


## For what a probe needs before its first step; a failure there is a defect of the probe.
func _must(err: Error) -> void:
	if err != OK:
		push_error("the preparation of a probe failed: %s" % error_string(err))
