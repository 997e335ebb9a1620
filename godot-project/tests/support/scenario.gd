extends Node
## What every scenario shares: its arguments, checks that print one line each, and bounded waiting.
##
## A scenario overrides [method run]. It never waits without a limit and never quits by itself.
## Error lines of the engine are counted by the process that started this one, which finds these
## marks among them: between [constant ERRORS_EXPECTED] and [constant ERRORS_OVER] at least one is
## required, after [constant ERRORS_ALLOWED] it may be any number, everywhere else there must be
## none.

const LOCALHOST: String = "127.0.0.1"
## Longest wait for something that takes milliseconds on an idle machine.
const PATIENCE_SECONDS: float = 15.0
## Longest wait for what another process does, which may have yet to start.
const OTHERS_SECONDS: float = 60.0
## Polls that every wait has at least: for a process that got no processor its time may be over at once.
const LEAST_POLLS: int = 20
## Characters of a value in a failure's line.
const SHOWN_LENGTH: int = 300
const ERRORS_EXPECTED: String = "[errors expected] "
const ERRORS_ALLOWED: String = "[errors allowed] "
const ERRORS_OVER: String = "[errors over]"
## Asks the process that started this one to kill it.
const KILL_REQUEST: String = "[kill this process]"

const DISCONNECTED: int = MultiplayerPeer.CONNECTION_DISCONNECTED
const CONNECTING: int = MultiplayerPeer.CONNECTION_CONNECTING
const CONNECTED: int = MultiplayerPeer.CONNECTION_CONNECTED
const UNRELIABLE: int = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE
const ORDERED: int = MultiplayerPeer.TRANSFER_MODE_UNRELIABLE_ORDERED
const RELIABLE: int = MultiplayerPeer.TRANSFER_MODE_RELIABLE

const EVENT_ERROR: int = ENetConnection.EVENT_ERROR
const EVENT_NONE: int = ENetConnection.EVENT_NONE
const EVENT_CONNECT: int = ENetConnection.EVENT_CONNECT
const EVENT_DISCONNECT: int = ENetConnection.EVENT_DISCONNECT
const EVENT_RECEIVE: int = ENetConnection.EVENT_RECEIVE
const STATE_DISCONNECTED: int = ENetPacketPeer.STATE_DISCONNECTED
const STATE_CONNECTING: int = ENetPacketPeer.STATE_CONNECTING
const STATE_CONNECTED: int = ENetPacketPeer.STATE_CONNECTED
const STATE_DISCONNECTING: int = ENetPacketPeer.STATE_DISCONNECTING

## What [method text_of] repeats.
const TEXT: String = "the quick brown fox jumps over the lazy dog; "

var arguments: Dictionary = {}
var passed: int = 0
var failed: int = 0
## Polled by [method until] once a frame. Peers of a [MultiplayerAPI] are polled by the tree and do
## not belong here.
var polled: Array[MultiplayerPeer] = []

## Name of the class under test.
var peer_class: String:
	get:
		return arguments.get("class", "ENetMultiplayerPeer")
## Name of the class on the far side, for scenarios that play both sides.
var other_class: String:
	get:
		return arguments.get("other", peer_class)
var role: String:
	get:
		return arguments.get("role", "")
## Where this run's server listens.
var port: int:
	get:
		return int(arguments.get("port", "0"))
## Whether the class under test is the successor and not the engine's own.
var is_ours: bool:
	get:
		return peer_class.ends_with("Rs")


func run() -> void:
	check(false, "a scenario overrides run()")


## A new peer of the class under test.
func new_peer() -> MultiplayerPeer:
	return ClassDB.instantiate(peer_class)


## A new peer of the class on the far side.
func new_other_peer() -> MultiplayerPeer:
	return ClassDB.instantiate(other_class)


## A new connection of the class beside the one under test.
func new_connection() -> RefCounted:
	return ClassDB.instantiate(connection_class_beside(peer_class))


## A new connection of the class beside that on the far side.
func new_other_connection() -> RefCounted:
	return ClassDB.instantiate(connection_class_beside(other_class))


## A connection of the far side that calls this run's server, with four channels and [param data].
func connect_with(data: int) -> RefCounted:
	var connection: RefCounted = new_other_connection()
	check_equal(connection.create_host(1), OK, "a bare client starts")
	check(connection.connect_to_host(LOCALHOST, port, 4, data) != null, "it connects with data %d" % data)
	return connection


func check(held: bool, what: String, detail: String = "") -> bool:
	if held:
		passed += 1
		print("ok %s" % what)
	else:
		failed += 1
		print("FAIL %s: %s" % [what, detail if detail else "did not hold"])
	return held


func check_equal(got: Variant, expected: Variant, what: String) -> bool:
	var same: bool = typeof(got) == typeof(expected) and got == expected
	return check(same, what, "got %s, expected %s" % [_shown(got), _shown(expected)])


## Checks what [param action] returns. It must print no error.
func answers(what: String, action: Callable, expected: Variant) -> void:
	check_equal(action.call(), expected, what)


## Checks what [param action] returns. It must print at least one error.
func complains(what: String, action: Callable, expected: Variant) -> void:
	check_equal(with_errors(what, action), expected, what)


## Calls [param action], in which the engine has to print at least one error, and returns its
## result.
func with_errors(what: String, action: Callable) -> Variant:
	printerr(ERRORS_EXPECTED + what)
	var result: Variant = action.call()
	printerr(ERRORS_OVER)
	return result


## Waits until [param condition] answers true, polling [member polled]; a failed check after [param
## seconds].
func until(condition: Callable, what: String, seconds: float = PATIENCE_SECONDS) -> bool:
	var held: bool = await holds_within(condition, seconds)
	return check(held, what, "not within %s s" % seconds)


## As [method until], but without a check: answers whether [param condition] came true.
func holds_within(condition: Callable, seconds: float) -> bool:
	var end: int = Time.get_ticks_msec() + int(seconds * 1000.0)
	var polls: int = 0
	while polls < LEAST_POLLS or Time.get_ticks_msec() < end:
		poll_all()
		if condition.call():
			return true
		polls += 1
		await get_tree().process_frame
	return false


## As [method until], and services [param connections] too; what their events are does not matter.
func serve_until(connections: Array, condition: Callable, what: String) -> bool:
	var serve: Callable = func() -> bool:
		service_all(connections)
		return condition.call()
	return await until(serve, what)


## Waits until somebody serves this run's port: a client of ours that comes before its server fails
## at once. Asks with datagrams that no host makes anything of.
func server_listens() -> void:
	var asker := PacketPeerUDP.new()
	check_equal(asker.connect_to_host(LOCALHOST, port), OK, "the server's port can be asked")
	# The system's answer to one datagram is the error of the next.
	var sent: Array[bool] = [false]
	var is_served: Callable = func() -> bool:
		sent.append(asker.put_packet(PackedByteArray([0])) == OK)
		return sent[-1] and sent[-2]
	printerr(ERRORS_ALLOWED + "nobody may serve the port yet")
	await until(is_served, "the server listens", OTHERS_SECONDS)
	printerr(ERRORS_OVER)


## Lets neither end of the connection of [param peer] drop unreliable packets however late acknowledgements are: on a
## busy machine ENet's throttle takes them for a crowded path.
func never_throttle(peer: PacketPeer) -> void:
	const INTERVAL_MSEC: int = 5000
	const ACCELERATION: int = 2
	const DECELERATION: int = 0
	peer.throttle_configure(INTERVAL_MSEC, ACCELERATION, DECELERATION)


## Services each of [param connections] once, without a wait.
func service_all(connections: Array) -> void:
	for connection: RefCounted in connections:
		connection.service(0)


## Polls [member polled] for [param seconds]: for what must not happen.
func pump(seconds: float) -> void:
	await holds_within(func() -> bool: return false, seconds)


func poll_all() -> void:
	for peer: MultiplayerPeer in polled.duplicate():
		if peer.get_connection_status() != DISCONNECTED:
			peer.poll()


## Ends this process by force: no code runs at its end, and nobody is told. What was checked up to
## here counts. Returns only if nobody hears, which is a failed check.
func be_killed() -> void:
	printerr("TESTS %d passed, %d failed" % [passed, failed])
	printerr(KILL_REQUEST)
	await pump(PATIENCE_SECONDS)
	check(false, "the process is killed")


## Appends [code][signal, id][/code] to [param into] for each signal of [param peer].
func record(peer: MultiplayerPeer, into: Array) -> void:
	peer.peer_connected.connect(func(id: int) -> void: into.append(["peer_connected", id]))
	peer.peer_disconnected.connect(func(id: int) -> void: into.append(["peer_disconnected", id]))


## [param size] bytes that differ everywhere and between seeds.
static func pattern(size: int, seed_value: int) -> PackedByteArray:
	var words := PackedInt32Array()
	words.resize((size + 3) >> 2)
	for index: int in words.size():
		words[index] = (seed_value + index) * 2654435761
	return words.to_byte_array().slice(0, size)


## [param size] bytes of text, which any way to compress makes smaller.
static func text_of(size: int) -> PackedByteArray:
	@warning_ignore("integer_division")
	return TEXT.repeat(size / TEXT.length() + 1).left(size).to_utf8_buffer()


static func connection_class_beside(multiplayer_class: String) -> String:
	return multiplayer_class.replace("MultiplayerPeer", "Connection")


static func sha256(bytes: PackedByteArray) -> String:
	var context := HashingContext.new()
	context.start(HashingContext.HASH_SHA256)
	if not bytes.is_empty():
		context.update(bytes)
	return context.finish().hex_encode()


static func _shown(value: Variant) -> String:
	var text: String = var_to_str(value).replace("\n", " ")
	return text if text.length() <= SHOWN_LENGTH else text.left(SHOWN_LENGTH) + " ..."
